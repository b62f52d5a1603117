import { expect, test } from "vitest";
import { WaitingClock } from "../../src/vhost-user/waiting-clock.ts";

function waiting() {
  let now = 5e6;
  const log: string[] = [];
  const clock = new WaitingClock({ now: () => now });
  const pass = (ms: number) => {
    now += ms * 1e6;
  };
  const note = (name: string) => () => void log.push(name);
  return { clock, log, pass, note };
}

test("a thread may wait until the next appointment, and for ever without one", () => {
  const { clock, pass, note } = waiting();
  expect(clock.timeoutMs).toBe(-1);
  expect(clock.settle()).toBe(false);
  clock.after(20, note("late"));
  clock.after(2.5, note("early"));
  expect(clock.timeoutMs).toBe(3); // or it would be woken up before, for nothing
  pass(1);
  expect(clock.timeoutMs).toBe(2);
  expect(clock.settle()).toBe(false);
  pass(10);
  expect(clock.timeoutMs).toBe(0);
});

test("what is due is kept in the order of time, what is not waits, what was cancelled never comes", () => {
  const { clock, log, pass, note } = waiting();
  clock.after(2, note("second"));
  clock.after(1, note("first"));
  clock.after(2, note("third"));
  const cancel = clock.after(1.5, note("cancelled"));
  clock.after(9, note("last"));
  cancel();
  cancel();
  pass(2);
  expect(clock.settle()).toBe(true);
  expect(log).toEqual(["first", "second", "third"]);
  pass(7);
  clock.settle();
  expect(log.at(-1)).toBe("last");
});

test("an appointment that renews itself leaves time for others", () => {
  const { clock, log, note } = waiting();
  const again = () => {
    log.push("again");
    clock.after(0, again);
  };
  clock.after(0, again);
  clock.after(0, note("other"));
  clock.settle();
  expect(log).toEqual(["again", "other"]);
  expect(clock.timeoutMs).toBe(0);
  clock.settle();
  expect(log).toEqual(["again", "other", "again"]);
});

test("an appointment can cancel the next one", () => {
  const { clock, log, note } = waiting();
  let cancel = () => {};
  clock.after(0, () => cancel());
  cancel = clock.after(0, note("cancelled"));
  clock.settle();
  expect(log).toEqual([]);
});

test("a thread may wait no longer than the kernel can count", () => {
  const { clock, note } = waiting();
  clock.after(Number.POSITIVE_INFINITY, note("never"));
  expect(clock.timeoutMs).toBe(0x7fff_ffff);
  clock.after(2 ** 31, note("in 25 days"));
  expect(clock.timeoutMs).toBe(0x7fff_ffff);
});
