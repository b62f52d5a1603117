import { expect, test } from "vitest";
import type { Libc } from "../../src/vhost-user/libc.ts";
import { newVring, VringSignals } from "../../src/vhost-user/vring.ts";
import type { DeviceQueue } from "../../src/virtio/index.ts";

const EBADF = 9;
const EAGAIN = 11;

/** What a kick brings about, in order.
 *  @param looks what each look into the queue answers: whether there may be more
 *  @param hasNext something came after the first look */
function kicked(count: number, errno: number, looks: readonly boolean[] = [], hasNext = false) {
  const log: string[] = [];
  const libc = {
    ...{ malloc: () => 0n, view: () => new ArrayBuffer(16), fcntl: () => 0, close: () => 0, free: () => 0 },
    read: () => {
      log.push("drain");
      return count;
    },
    write: () => log.push("kick"),
    errno: () => errno,
  } as unknown as Libc; // what signals use of it
  const signals = new VringSignals(libc);
  const vring = newVring();
  vring.queue = { hasNext } as DeviceQueue; // what signals use of it
  const answers = [...looks];
  vring.onKick = () => {
    log.push("look");
    return answers.shift() ?? false;
  };
  let readable = () => {};
  signals.setKick(vring, 7, (_fd, onReadable) => {
    readable = onReadable;
    return () => log.push("unwatch");
  });
  return { log, vring, readable };
}

test.each([
  ["a count of kicks", 8, 0, ["look", "drain"]],
  ["nothing: somebody else was faster", -1, EAGAIN, ["look", "drain"]],
  ["the end of a pipe, which could be read for ever", 0, 0, ["look", "drain", "unwatch"]],
  ["what cannot be read", -1, EBADF, ["look", "drain", "unwatch"]],
])("a kick by %s is answered before it is taken out", (_, count, errno, expected) => {
  const { log, readable } = kicked(count, errno);
  readable();
  expect(log).toEqual(expected);
});

test("what came between the answer and the drain, whose kick went with it, is looked at", () => {
  const { log, readable } = kicked(8, 0, [false, false], true);
  readable();
  expect(log).toEqual(["look", "drain", "look"]);
});

test("where there may be more, it is looked at again, and kicked for when that is not all", () => {
  const { log, readable } = kicked(8, 0, [true, true]);
  readable();
  expect(log).toEqual(["look", "drain", "look", "kick"]); // not before the drain, which would take that out, too
});

test("a guest that is gone after the look is left alone", () => {
  const { log, vring, readable } = kicked(8, 0);
  vring.onKick = () => {
    log.push("look");
    vring.kick = -1;
    return true;
  };
  readable();
  expect(log).toEqual(["look"]);
});

test("a kick that cannot be waited for is nobody's: who brought it closes it, once", () => {
  const closed: number[] = [];
  const libc = {
    ...{ malloc: () => 0n, view: () => new ArrayBuffer(16), fcntl: () => 0, free: () => 0 },
    close: (fd: number) => closed.push(fd),
  } as unknown as Libc; // what signals use of it
  const signals = new VringSignals(libc);
  const vring = newVring();
  const refuse = () => {
    throw new Error("epoll_ctl");
  };
  expect(() => signals.setKick(vring, 7, refuse)).toThrow("epoll_ctl");
  signals.drop(vring);
  expect(closed).toEqual([]);
});
