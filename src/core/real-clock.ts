import type { Clock } from "./clock.ts";

/** The time of the machine it runs on, from its monotonic clock. */
export const realClock: Clock = {
  now: () => performance.now() * 1e6,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
