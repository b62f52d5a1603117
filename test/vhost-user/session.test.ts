import { expect, test } from "vitest";
import type { FrontEndSocket } from "../../src/vhost-user/front-end-socket.ts";
import type { Libc } from "../../src/vhost-user/libc.ts";
import { REQUEST } from "../../src/vhost-user/messages.ts";
import { Session } from "../../src/vhost-user/session.ts";

test("a front end that never stops talking leaves time for others", () => {
  let heard = 0;
  let replies = 0;
  const socket = {
    fd: 7,
    receive() {
      heard++;
      const request = { request: REQUEST.GET_FEATURES, needsReply: false, payload: new DataView(new ArrayBuffer(0)) };
      return heard > 10_000 ? undefined : { ...request, fds: [] };
    },
    send: () => replies++,
  } as unknown as FrontEndSocket; // what a session uses of it
  const libc = { malloc: () => 0n, view: () => new ArrayBuffer(16) } as unknown as Libc; // likewise
  let readable = () => {};
  const connect = () => ({ receive: () => {}, close: () => {} });
  const watch = (_fd: number, onReadable: () => void) => {
    readable = onReadable;
    return () => {};
  };
  new Session({ libc, connect, watch, gone: () => {} }, socket);
  readable();
  expect(replies).toBe(heard);
  expect(heard).toBeLessThan(100);
  readable();
  expect(replies).toBe(heard);
  expect(heard).toBeLessThan(200);
});
