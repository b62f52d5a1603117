/** A turn that somebody waits for. */
interface Waiting {
  readonly isSystem: boolean;
  readonly go: () => void;
}

/** The threads of OP-TEE: a call needs one from its first to its last instruction, and who finds none sleeps. One is kept for system
 *  sessions while there are any. */
export class OpteeThreads {
  readonly count: number;
  /** Sessions that one thread is kept for. */
  systemSessions = 0;
  #busy = 0;
  readonly #waiting: Waiting[] = [];

  constructor(count: number) {
    this.count = count;
  }

  /** Threads that run. */
  get busy(): number {
    return this.#busy;
  }

  /** Takes a thread, if there is one. */
  tryEnter(isSystem: boolean): boolean {
    const isReserved = this.systemSessions > 0 && !isSystem;
    if (this.#busy >= this.count - (isReserved ? 1 : 0)) return false;
    this.#busy++;
    return true;
  }

  /** Takes a thread, sooner or later; in the order of arrival. */
  async enter(isSystem: boolean): Promise<void> {
    if (this.tryEnter(isSystem)) return;
    await new Promise<void>((go) => {
      this.#waiting.push({ isSystem, go });
    });
  }

  leave(): void {
    this.#busy--;
    if (this.#waiting.length === 0) return;
    for (const waiting of [...this.#waiting]) {
      if (!this.tryEnter(waiting.isSystem)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.go();
    }
  }
}

/** One user at a time, in the order of arrival. */
export class Lock {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  tryEnter(): boolean {
    if (this.#isHeld) return false;
    this.#isHeld = true;
    return true;
  }

  async enter(): Promise<void> {
    if (this.tryEnter()) return;
    await new Promise<void>((go) => {
      this.#waiting.push(go);
    });
  }

  /** Hands it to the next one, if any. */
  leave(): void {
    const next = this.#waiting.length > 0 ? this.#waiting.shift() : undefined;
    if (next) next();
    else this.#isHeld = false;
  }
}
