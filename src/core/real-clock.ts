import type { Clock } from "./clock.ts";

/** A timer that is set for longer goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time of the machine it runs on, from its monotonic clock. */
export const realClock: Clock = {
  now: () => performance.now() * 1e6,
  after(delayMs, run) {
    let leftMs = delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const next = () => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      leftMs -= stepMs;
      timer = setTimeout(leftMs > 0 ? next : run, stepMs);
    };
    next();
    return () => clearTimeout(timer);
  },
};
