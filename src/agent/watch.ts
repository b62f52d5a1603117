/// <reference lib="esnext.disposable" preserve="true" />
/** How notifications are watched. */
export interface WatchOptions {
  /** Ends the watch when it fires; who waits for a notification gets its reason. */
  readonly signal?: AbortSignal;
  /** Notifications that are kept for a slow reader; default 64. A further one drops the oldest. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 64;

/** Notifications as they come, for `for await`. They are switched on when the watch begins and off when its last watcher leaves the
 *  loop, calls `return()`, or is aborted. */
export class Watch<T> implements AsyncIterableIterator<T> {
  /** Resolves when the platform has agreed to notify. Rejects, like the first `next()`, when it does not. */
  readonly ready: Promise<void>;
  readonly #capacity: number;
  readonly #queue: T[] = [];
  readonly #readers: { resolve(result: IteratorResult<T>): void; reject(reason: unknown): void }[] = [];
  readonly #pick: ((notification: never) => T) | undefined;
  readonly #leave: () => Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.#abort();
  #dropped = 0;
  #end: { readonly reason: unknown; readonly isFailure: boolean } | undefined;
  #left: Promise<void> | undefined;

  /** @internal
   *  @param join switches on
   *  @param leave switches off
   *  @param pick what the watcher wants of a notification */
  constructor(
    join: () => Promise<void>,
    leave: () => Promise<void>,
    options: WatchOptions = {},
    pick?: (notification: never) => T,
  ) {
    this.#pick = pick;
    const { signal, capacity = DEFAULT_CAPACITY } = options;
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`"capacity" expected integer >= 1, got ${capacity}`);
    }
    this.#capacity = capacity;
    this.#leave = leave;
    this.#signal = signal;
    if (signal?.aborted) {
      this.#end = { reason: signal.reason, isFailure: true };
      this.#left = Promise.resolve();
      this.ready = Promise.reject(signal.reason);
    } else {
      signal?.addEventListener("abort", this.#onAbort, { once: true });
      this.ready = join().catch((reason: unknown) => {
        this.fail(reason);
        throw reason;
      });
    }
    this.ready.catch(() => {}); // `next()` says it again
  }

  /** How many notifications were dropped because nobody read them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether no further notification will come in. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** The next notification.
   *  @throws StatusError when the platform would not notify
   *  @throws signal.reason after an abort */
  next(): Promise<IteratorResult<T>> {
    const value = this.#queue.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#end === undefined) {
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    }
    if (!this.#end.isFailure) return Promise.resolve({ value: undefined, done: true });
    const { reason } = this.#end;
    this.#end = { reason, isFailure: false }; // said once; then the iteration is over
    return Promise.reject(reason);
  }

  /** Ends the watch; resolves when the notifications are off, if this was the last one. */
  async return(): Promise<IteratorResult<T>> {
    this.#queue.length = 0;
    this.#finish({ reason: undefined, isFailure: false });
    await this.#leaveOnce();
    return { value: undefined, done: true };
  }

  /** The watch itself: all loops over it share what comes. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watch, like {@link return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** @internal */
  push(notification: unknown): void {
    if (this.#end) return;
    // Without `pick`, T is what the notification's own layout says; the handle pairs them.
    const value = this.#pick ? this.#pick(notification as never) : (notification as T);
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value, done: false });
      return;
    }
    if (this.#queue.length >= this.#capacity) {
      this.#queue.shift();
      this.#dropped++;
    }
    this.#queue.push(value);
  }

  /** @internal The channel is gone, or notifications could not be switched on: there is nothing to switch off. */
  fail(reason: unknown): void {
    this.#left ??= Promise.resolve();
    this.#finish({ reason, isFailure: true });
  }

  /** @internal The agent closes. */
  end(): void {
    this.#left ??= Promise.resolve();
    this.#finish({ reason: undefined, isFailure: false });
  }

  #abort(): void {
    this.#queue.length = 0;
    this.#finish({ reason: this.#signal?.reason, isFailure: true });
    this.#leaveOnce().catch(() => {}); // reported as an anomaly by who switches off
  }

  #finish(end: { readonly reason: unknown; readonly isFailure: boolean }): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (this.#end) return;
    const [first, ...others] = this.#readers.splice(0);
    this.#end = first ? { ...end, isFailure: false } : end;
    if (end.isFailure) first?.reject(end.reason);
    else first?.resolve({ value: undefined, done: true });
    for (const { resolve } of others) resolve({ value: undefined, done: true });
  }

  #leaveOnce(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }
}
