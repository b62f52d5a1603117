import type { Clock } from "../core/clock.ts";

/** The measurement of one domain. Times are in nanoseconds. */
interface Window {
  intervalUs: number;
  draw: number;
  /** Draw × time since the window began, up to `since`. */
  energy: number;
  since: number;
  start: number;
  /** `undefined` while nothing changes: then the average is the draw, and no timer is needed. */
  cancel: (() => void) | undefined;
}

const NS_PER_US = 1000;
const MS_PER_NS = 1e-6;

/** Measures what domains draw: at the end of every interval the average over it. Intervals follow each other from time 0 on, or from the
 *  moment that their length changed while the draw did. */
export class PowercapMeter {
  readonly #clock: Clock;
  readonly #measured: (domainId: number, power: number, intervalUs: number) => void;
  readonly #windows: Window[];

  /** @param measured a new average, rounded, with the interval that it is the average of */
  constructor(
    clock: Clock,
    start: readonly { readonly draw: number; readonly intervalUs: number }[],
    measured: (domainId: number, power: number, intervalUs: number) => void,
  ) {
    this.#clock = clock;
    this.#measured = measured;
    const now = clock.now();
    this.#windows = start.map((it) => ({ ...it, energy: 0, since: now, start: now, cancel: undefined }));
  }

  /** A domain draws another power from now on. */
  setDraw(domainId: number, draw: number): void {
    const window = this.#windows[domainId];
    if (!window || window.draw === draw) return;
    const now = this.#clock.now();
    if (window.cancel) {
      window.energy += window.draw * (now - window.since);
    } else {
      const length = window.intervalUs * NS_PER_US;
      window.start = Math.floor(now / length) * length;
      window.energy = window.draw * (now - window.start);
      this.#endLater(domainId, window);
    }
    window.since = now;
    window.draw = draw;
  }

  /** A domain is measured over another interval from now on. */
  setInterval(domainId: number, intervalUs: number): void {
    const window = this.#windows[domainId];
    if (!window) return;
    window.intervalUs = intervalUs;
    if (!window.cancel) {
      this.#measured(domainId, Math.round(window.draw), intervalUs);
      return;
    }
    window.cancel();
    this.#begin(window, this.#clock.now());
    this.#endLater(domainId, window);
  }

  close(): void {
    for (const window of this.#windows) {
      window.cancel?.();
      window.cancel = undefined;
    }
  }

  #begin(window: Window, now: number): void {
    window.start = now;
    window.since = now;
    window.energy = 0;
  }

  #endLater(domainId: number, window: Window): void {
    const end = window.start + window.intervalUs * NS_PER_US;
    window.cancel = this.#clock.after((end - this.#clock.now()) * MS_PER_NS, () => {
      const energy = window.energy + window.draw * (end - window.since);
      const power = Math.round(energy / (window.intervalUs * NS_PER_US));
      window.cancel = undefined;
      if (power !== Math.round(window.draw)) {
        this.#begin(window, end);
        this.#endLater(domainId, window);
      }
      this.#measured(domainId, power, window.intervalUs);
    });
  }
}
