/** Streams of dice, one 32-bit word of state each (mulberry32): what a SoC draws depends on the seed, on the SoC and on what
 *  the dice are for, never on who simulates it. */
export class Dice {
  readonly #states: Uint32Array;

  /** @param count streams; all start at 0 until {@link seed} */
  constructor(count: number) {
    this.#states = new Uint32Array(count);
  }

  /** Starts a stream from words that tell it from all others. */
  seed(stream: number, ...words: readonly number[]): void {
    this.#states[stream] = words.reduce((state, word) => scramble((state ^ word) + GOLDEN), 0);
  }

  /** 0 … count - 1.
   *  @param count at most 2^21, so that the product is exact */
  below(stream: number, count: number): number {
    const state = ((this.#states[stream] ?? 0) + GOLDEN) >>> 0;
    this.#states[stream] = state;
    return Math.floor((scramble(state) * count) / 0x1_0000_0000);
  }
}

const GOLDEN = 0x6d2b79f5;

function scramble(word: number): number {
  let it = Math.imul(word ^ (word >>> 15), word | 1);
  it ^= it + Math.imul(it ^ (it >>> 7), it | 61);
  return (it ^ (it >>> 14)) >>> 0;
}
