import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { ChannelError, DeadlineError } from "../errors.ts";
import { badTimeout, type CallOptions } from "./bound.ts";

/** Shorter waits would not move a clock that counts in fractions. */
const TIMER_STEP_NS = 1000;

/** Where a FastChannel lies, and how it wants to be used: the answer of a `…_DESCRIBE_FASTCHANNEL`. */
export interface FastChannelDescription {
  /** Physical address of the cell. */
  readonly channelAddress: bigint;
  /** 4 or 8. */
  readonly channelByteLength: number;
  /** Least time between two writes in microseconds; 0 = none stated. */
  readonly rateLimitUs: number;
  /** The message that it replaces, and the domain: what traces call it. */
  readonly subject?: { readonly messageId: number; readonly domainId: number };
  readonly doorbell?: {
    /** Physical address of the register. */
    readonly address: bigint;
    readonly widthBits: 8 | 16 | 32 | 64;
    readonly set: bigint;
    readonly preserve: bigint;
  };
}

/** A row of the core for a FastChannel. The core never takes one back: it is kept for the next agent that has the same use for it. */
export interface FastRow {
  readonly index: number;
  /** When its rate limit allows the next write, in nanoseconds. */
  nextWrite: number;
}

/** A FastChannel: words in memory in place of a message. There is no answer, and no error. */
export class FastChannel {
  /** Least time between two writes in microseconds; 0 = none. */
  readonly rateLimitUs: number;
  readonly #core: Core;
  readonly #clock: Clock;
  readonly #row: FastRow;
  readonly #index: number;
  readonly #isClosed: () => boolean;
  readonly #value: [number, number] = [0, 0];
  readonly #valueAt: number;

  /** @internal */
  constructor(core: Core, clock: Clock, row: FastRow, rateLimitUs: number, isClosed: () => boolean) {
    this.#isClosed = isClosed;
    this.#core = core;
    this.#clock = clock;
    this.#row = row;
    this.#index = row.index;
    this.#valueAt = core.fastChannelValueAt(row.index);
    this.rateLimitUs = rateLimitUs;
  }

  /** Writes the words and rings the doorbell, if there is one.
   *  @throws ChannelError "busy" when the rate limit does not allow it yet, "closed" once the agent is */
  write(first: number, second = 0): void {
    if (this.#isClosed()) throw closed();
    const now = this.#clock.now();
    this.#core.writeFastChannel(this.#index, first, second, now);
    // A nanosecond more, lest rounding makes it one less.
    this.#row.nextWrite = this.rateLimitUs === 0 ? now : now + this.rateLimitUs * 1000 + 1;
  }

  /** {@link write} as soon as the rate limit allows it.
   *  @throws DeadlineError "channel" when that would be too late */
  async writePaced(command: string, first: number, second: number, options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const bad = badTimeout(options?.timeoutMs);
    if (bad) throw bad;
    const limitMs = options?.timeoutMs ?? Number.POSITIVE_INFINITY;
    const giveUp = this.#clock.now() + limitMs * 1e6;
    // Others may wait for the same moment, and only one of them gets it.
    for (let now = this.#clock.now(); now < this.#row.nextWrite; now = this.#clock.now()) {
      if (this.#isClosed()) break;
      if (this.#row.nextWrite > giveUp) throw new DeadlineError(command, "channel", limitMs);
      await sleep(this.#clock, Math.max(this.#row.nextWrite - now, TIMER_STEP_NS) * 1e-6, options?.signal);
    }
    if (this.#isClosed()) throw new ChannelError(command, "closed");
    this.write(first, second);
  }

  /** Reads the words: the second is 0 in a cell of 4 bytes.
   *  @returns overwritten by the next read: no garbage
   *  @throws ChannelError "closed" once the agent is */
  read(): readonly [first: number, second: number] {
    if (this.#isClosed()) throw closed();
    return this.#core.readFastChannelAt(this.#index, this.#valueAt, this.#clock.now(), this.#value);
  }
}

/** Its memory may be somebody else's by now. */
function closed(): ChannelError {
  return new ChannelError("FastChannel", "closed");
}

/** Waits on a clock.
 *  @throws signal.reason when aborted */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
