import type { BoundCommand, CallOptions } from "./bound.ts";
import type { Waiter } from "./hub.ts";

/** Whoever carries a call: told when its signal fires, and when its xfer moved on. */
export interface Carrier {
  abandon(call: Call): void;
  progress(call: Call): void;
}

/** No xfer. */
export const NONE = -1;

/** One awaited command whose answer was not there at once, from the queue to its end. */
export class Call implements Waiter {
  readonly carrier: Carrier;
  readonly bound: BoundCommand;
  /** Waits for the delayed response, too. */
  readonly isAsync: boolean;
  /** When the caller gives up, in nanoseconds; `undefined` = the channel's own limits hold. */
  readonly deadline: number | undefined;
  /** When it gives up queueing, in nanoseconds. */
  queueUntil: number;
  /** As the caller said it. */
  readonly timeoutMs: number | undefined;
  /** The xfer that it owns, or {@link NONE}. */
  xfer = NONE;
  /** The parameters while it queues without an xfer. */
  bytes: Uint8Array | undefined;
  /** Payload bytes of the command. */
  byteLength = 0;
  /** The channel cannot take another command meanwhile. */
  holdsChannel = false;
  /** Settled, one way or the other. */
  isOver = false;
  readonly #resolve: (payload: number) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;

  constructor(
    bound: BoundCommand,
    isAsync: boolean,
    now: number,
    options: CallOptions | undefined,
    carrier: Carrier,
    resolve: (payload: number) => void,
    reject: (reason: unknown) => void,
  ) {
    this.bound = bound;
    this.isAsync = isAsync;
    this.timeoutMs = options?.timeoutMs;
    this.deadline = this.timeoutMs === undefined ? undefined : now + this.timeoutMs * 1e6;
    this.queueUntil = this.deadline ?? Number.POSITIVE_INFINITY;
    this.carrier = carrier;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = options?.signal;
    if (this.#signal) {
      this.#onAbort = () => carrier.abandon(this);
      this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  /** Why the caller gave up. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  progress(): void {
    this.carrier.progress(this);
  }

  /** The answer stands at `payload`; borrowed. */
  finish(payload: number): void {
    if (!this.#end()) return;
    this.#resolve(payload);
  }

  fail(reason: unknown): void {
    if (!this.#end()) return;
    this.#reject(reason);
  }

  #end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    if (this.#onAbort) this.#signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}
