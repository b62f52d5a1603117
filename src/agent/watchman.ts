import type { Core } from "../core/core.ts";
import type { ChannelCounters } from "../core/options.ts";
import type { AnomalyKind, Report } from "./anomaly.ts";

const WATCHED: readonly (readonly [AnomalyKind, keyof ChannelCounters])[] = [
  ["late", "late"],
  ["unexpected", "unexpected"],
  ["malformed", "malformed"],
  ["error", "errors"],
  ["recycled", "recycled"],
  ["dropped", "dropped"],
];

/** Turns what the core counted on a channel into reports. It looks only when something is odd, for looking makes garbage. */
export class Watchman {
  readonly #core: Core;
  readonly #row: number;
  readonly #report: Report;
  #seen: ChannelCounters;
  /** Somebody gave up, so that a late answer may come in with anything from here on; or the channel is closed. */
  isAlert = false;

  constructor(core: Core, row: number, report: Report) {
    this.#core = core;
    this.#row = row;
    this.#report = report;
    this.#seen = core.counters(row);
  }

  /** Reports what was counted since the last look.
   *  @param header of the message at hand, where it is known */
  look(header?: number): void {
    const seen = this.#seen;
    const now = this.#core.counters(this.#row);
    this.#seen = now;
    for (const [kind, counter] of WATCHED) {
      const count = (now[counter] - seen[counter]) >>> 0;
      if (count > 0) this.#report(kind, header, count);
    }
  }
}
