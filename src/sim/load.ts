import { FULL } from "../../assembly/sim/layout.ts";
import { Dice } from "./random.ts";

/** How a generated load moves; shares in per cent of what the highest level can do, times in milliseconds.
 *  - `steady`: always `high`
 *  - `periodic`: `high` for `duty` per cent of each `period`, then `low`; every SoC starts somewhere else in it
 *  - `bursty`: bursts between `high`/2 and `high`, about `burst` long, about `pause` apart; `low` between them
 *  - `idle`: the same, with small, rare bursts */
export interface Load {
  readonly kind: LoadKind;
  /** Name of the domain that it is for; `undefined` = all that have no load of their own. */
  readonly domain: string | undefined;
  readonly high: number;
  readonly low: number;
  readonly burst: number;
  readonly pause: number;
  readonly period: number;
  readonly duty: number;
}

/** Kinds of {@link Load}. */
export type LoadKind = "steady" | "periodic" | "bursty" | "idle";

type Setting = Exclude<keyof Load, "kind" | "domain">;

const DEFAULTS: Readonly<Record<LoadKind, Partial<Record<Setting, number>>>> = {
  steady: { high: 50 },
  periodic: { high: 80, low: 5, period: 200, duty: 40 },
  bursty: { high: 90, low: 5, burst: 50, pause: 200 },
  idle: { high: 20, low: 2, burst: 10, pause: 1000 },
};

const LONGEST_MS = 3_600_000;

/** Reads a load: `[DOMAIN@]KIND[:setting=value,…]`, like `bursty`, `cpu-big@periodic:period=100,duty=25`.
 *  @throws RangeError that says what is legal */
export function parseLoad(text: string): Load {
  const at = text.indexOf("@");
  const domain = at < 0 ? undefined : text.slice(0, at);
  const [name = "", ...rest] = text.slice(at + 1).split(":");
  const kind = (Object.keys(DEFAULTS) as LoadKind[]).find((it) => it === name);
  if (kind === undefined) throw wrong(text, `a kind of load (${Object.keys(DEFAULTS).join(", ")})`, name);
  const defaults = DEFAULTS[kind];
  const settings: Partial<Record<Setting, number>> = { ...defaults };
  const list = rest.join(":");
  for (const part of list === "" ? [] : list.split(",")) {
    const [key = "", value = ""] = part.split("=").map((it) => it.trim());
    const setting = (Object.keys(defaults) as Setting[]).find((it) => it === key);
    if (setting === undefined) throw wrong(text, `a setting of ${kind} (${Object.keys(defaults).join(", ")})`, key);
    const isTime = setting === "burst" || setting === "pause" || setting === "period";
    const [least, most] = isTime ? [Number.MIN_VALUE, LONGEST_MS] : [0, 100];
    const number = value === "" ? Number.NaN : Number(value);
    if (!(number >= least && number <= most)) {
      const range = isTime ? `milliseconds above 0, up to ${most}` : "per cent, 0 … 100";
      throw wrong(text, `${setting} in ${range}`, value);
    }
    settings[setting] = number;
  }
  return { kind, domain, high: 0, low: 0, burst: 1, pause: 1, period: 1, duty: 0, ...settings };
}

/** The load of a domain: its own, or the last one that is for all.
 *  @throws RangeError when there is neither */
export function loadOf(loads: readonly Load[], domain: string): Load {
  const own = loads.filter((it) => it.domain === domain);
  const load = own.at(-1) ?? loads.filter((it) => it.domain === undefined).at(-1);
  if (load) return load;
  throw new RangeError(`load: expected one for domain ${domain}, or one for all, got neither`);
}

/** Loads of many domains, tick by tick. */
export class LoadGenerator {
  readonly #tickUs: number;
  readonly #dice: Dice;
  /** Ticks that the value holds on. */
  readonly #left: Uint32Array;
  readonly #values: Uint16Array;
  readonly #isHigh: Uint8Array;

  constructor(slots: number, tickUs: number) {
    this.#tickUs = tickUs;
    this.#dice = new Dice(slots);
    this.#left = new Uint32Array(slots);
    this.#values = new Uint16Array(slots);
    this.#isHigh = new Uint8Array(slots);
  }

  /** Starts a domain of a SoC. */
  start(slot: number, load: Load, ...seed: readonly number[]): void {
    this.#dice.seed(slot, ...seed);
    if (load.kind === "steady") return;
    if (load.kind === "periodic") {
      this.#left[slot] = this.#dice.below(slot, this.#ticks(load.period));
      return;
    }
    this.#left[slot] = this.#dice.below(slot, 2 * this.#ticks(load.pause));
    this.#values[slot] = words(load.low);
  }

  /** The utilisation of the next tick, 0 … 1024.
   *  @param tick its number */
  next(slot: number, load: Load, tick: number): number {
    if (load.kind === "steady") return words(load.high);
    if (load.kind === "periodic") {
      const period = this.#ticks(load.period);
      const phase = (tick + (this.#left[slot] ?? 0)) % period;
      return words(phase * 100 < load.duty * period ? load.high : load.low);
    }
    const left = this.#left[slot] ?? 0;
    if (left > 0) {
      this.#left[slot] = left - 1;
      return this.#values[slot] ?? 0;
    }
    const isHigh = this.#isHigh[slot] === 0;
    this.#isHigh[slot] = isHigh ? 1 : 0;
    const value = isHigh ? this.#burst(slot, words(load.high)) : words(load.low);
    this.#values[slot] = value;
    // 1 … 2n - 1 ticks in all, n on average; this is the first of them
    this.#left[slot] = this.#dice.below(slot, 2 * this.#ticks(isHigh ? load.burst : load.pause) - 1);
    return value;
  }

  #burst(slot: number, most: number): number {
    const least = most >>> 1;
    return least + this.#dice.below(slot, most - least + 1);
  }

  #ticks(ms: number): number {
    return Math.min(1 << 20, Math.max(1, Math.round((ms * 1000) / this.#tickUs)));
  }
}

function words(percent: number): number {
  return Math.round((percent * FULL) / 100);
}

function wrong(text: string, expected: string, got: string): RangeError {
  return new RangeError(`load "${text}": expected ${expected}, got "${got}"`);
}
