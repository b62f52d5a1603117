/** Significant decimal digits that are kept of a latency: 0.05 % at worst. */
const DIGITS = 4;

/** Three numbers about many latencies. */
export interface LatencyFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts latencies in bounded memory, however long a trace goes on: values of four significant digits are counted, and only the
 *  largest is kept exactly. Microseconds, resolution 1 ns. */
export class Latencies {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #max = 0;

  /** How many were counted. */
  get count(): number {
    return this.#count;
  }

  /** @param latencyUs below 0 counts as 0: clocks of two processors may disagree */
  add(latencyUs: number): void {
    const ns = Math.max(0, Math.round(latencyUs * 1000));
    const key = rounded(ns);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#count++;
    if (ns > this.#max) this.#max = ns;
  }

  /** By nearest rank; `undefined` while nothing was counted. */
  figures(): LatencyFigures | undefined {
    if (this.#count === 0) return undefined;
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const at = (fraction: number) => {
      let left = Math.ceil(this.#count * fraction);
      for (const [ns, count] of sorted) {
        left -= count;
        if (left <= 0) return Math.min(ns, this.#max) / 1000;
      }
      return this.#max / 1000;
    };
    return { p50: at(0.5), p99: at(0.99), max: this.#max / 1000 };
  }
}

function rounded(ns: number): number {
  let unit = 1;
  while (ns / unit >= 10 ** DIGITS) unit *= 10;
  return unit === 1 ? ns : Math.round(ns / unit) * unit;
}
