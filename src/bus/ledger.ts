/** What can be left behind. */
export const LEAK_KINDS = ["sessions", "sharedMemory", "channels", "xfers", "tokens", "timers", "devices"] as const;

/** One of {@link LEAK_KINDS}. */
export type LeakKind = (typeof LEAK_KINDS)[number];

/** What is taken and not given back, by kind; all zero after the last module is gone. */
export type Leaks = Readonly<Record<LeakKind, number>>;

/** Counts what is taken and given back: in its own books, and at those who count for themselves. */
export class Ledger {
  readonly #taken = new Map<LeakKind, number>();
  readonly #counters = new Set<() => Partial<Leaks>>();
  #strays = 0;

  /** Books something as taken; the result books it as given back. A second time is a stray: it was released twice. */
  take(kind: LeakKind): () => void {
    this.#add(kind, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(kind, -1);
      else this.#strays++;
      isTaken = false;
    };
  }

  /** Adds what somebody else counts; the result leaves it out again. */
  watch(read: () => Partial<Leaks>): () => void {
    this.#counters.add(read);
    return () => {
      this.#counters.delete(read);
    };
  }

  /** What is taken now. */
  get leaks(): Leaks {
    const sum: Record<LeakKind, number> = {
      ...{ sessions: 0, sharedMemory: 0, channels: 0, xfers: 0, tokens: 0, timers: 0, devices: 0 },
    };
    for (const kind of LEAK_KINDS) {
      sum[kind] = this.#taken.get(kind) ?? 0;
      for (const read of this.#counters) sum[kind] += read()[kind] ?? 0;
    }
    return sum;
  }

  /** What was given back more than once. */
  get strays(): number {
    return this.#strays;
  }

  #add(kind: LeakKind, count: number): void {
    this.#taken.set(kind, (this.#taken.get(kind) ?? 0) + count);
  }
}
