import { expect, test } from "vitest";
import type { Libc } from "../../src/vhost-user/libc.ts";
import { newVring, VringSignals } from "../../src/vhost-user/vring.ts";

const EBADF = 9;
const EAGAIN = 11;

test.each([
  ["a count of kicks", 8, 0, { kicks: 1, isWatched: true }],
  ["nothing: somebody else was faster", -1, EAGAIN, { kicks: 1, isWatched: true }],
  ["the end of a pipe, which could be read for ever", 0, 0, { kicks: 0, isWatched: false }],
  ["what cannot be read", -1, EBADF, { kicks: 0, isWatched: false }],
])("a kick by %s", (_, count, errno, expected) => {
  const libc = {
    ...{ malloc: () => 0n, view: () => new ArrayBuffer(16), fcntl: () => 0, close: () => 0, free: () => 0 },
    ...{ read: () => count, errno: () => errno },
  } as unknown as Libc; // what signals use of it
  const signals = new VringSignals(libc);
  const vring = newVring();
  let isWatched = true;
  let kicks = 0;
  vring.onKick = () => {
    kicks++;
  };
  let readable = () => {};
  signals.setKick(vring, 7, (_fd, onReadable) => {
    readable = onReadable;
    return () => {
      isWatched = false;
    };
  });
  readable();
  expect({ kicks, isWatched }).toEqual(expected);
});
