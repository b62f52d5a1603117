/** Numbers that depend on a seed and on nothing else: mulberry32. */
export class Dice {
  #state: number;

  /** @throws RangeError for a seed of more than 32 bits */
  constructor(seed: number) {
    if (seed >>> 0 !== seed) throw new RangeError(`"seed" expected integer 0 to 0xffffffff, got ${seed}`);
    this.#state = seed;
  }

  /** From 0 up to 1, which never comes. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let hash = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
    return ((hash ^ (hash >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** From `lowest` up to `highest`. */
  between(lowest: number, highest: number): number {
    return lowest + (highest - lowest) * this.next();
  }

  /** The items in another order; all orders are as likely. */
  shuffled<T>(items: readonly T[]): readonly T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = Math.floor(this.next() * (i + 1));
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }
}
