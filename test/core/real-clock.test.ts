import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { realClock } from "../../src/core/real-clock.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("an appointment beyond the longest timer is kept when it is due, and not at once", () => {
  const run = vi.fn();
  realClock.after(60 * DAY_MS, run);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
});

test("it can be taken back at every time", () => {
  const run = vi.fn();
  for (const days of [0, 30, 59]) {
    const cancel = realClock.after(60 * DAY_MS, run);
    vi.advanceTimersByTime(days * DAY_MS);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
  }
  vi.advanceTimersByTime(61 * DAY_MS);
  expect(run).not.toHaveBeenCalled();
});

test("one that is never due holds a timer that nothing comes of", () => {
  const run = vi.fn();
  const cancel = realClock.after(Number.POSITIVE_INFINITY, run);
  vi.advanceTimersByTime(100 * DAY_MS);
  expect(run).not.toHaveBeenCalled();
  cancel();
});
