/** A small seeded generator (sfc32): the same seed gives the same run on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9 | 0;
    this.#c = 0x243f6a88;
    this.#counter = 1;
    for (let warmUp = 0; warmUp < 12; warmUp++) this.word();
  }

  /** 32 bits, unsigned. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 … count - 1. */
  below(count: number): number {
    return Math.floor((this.word() / 0x1_0000_0000) * count);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(1000) < percent * 10;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("pick: expected a list that is not empty");
    return item;
  }

  /** Picks by weight. */
  weighted<T>(items: readonly (readonly [number, T])[]): T {
    let at = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      if (at < weight) return item;
      at -= weight;
    }
    throw new Error("weighted: expected a weight above 0");
  }

  bytes(count: number): number[] {
    return Array.from({ length: count }, () => this.word() & 0xff);
  }
}

/** Seeds of a generated test: SCMI_SEED alone when it is set, else the fixed list. */
export function seeds(fixed: readonly number[]): readonly number[] {
  const seed = process.env.SCMI_SEED;
  return seed === undefined || seed === "" ? fixed : [Number(seed) >>> 0];
}

/** SCMI_SOAK=seconds: how long each generated test goes on with further seeds after its fixed ones. */
export const SOAK_MS = Number(process.env.SCMI_SOAK ?? "0") * 1000;
