import * as layout from "../../assembly/layout.ts";
import { MessageError } from "../errors.ts";
import { BatchWriter } from "./batch-writer.ts";
import type { Core } from "./core.ts";
import { faultError } from "./engine.ts";
import { FAULT } from "./faults.ts";

/** Why {@link Batch.run} stopped: nothing is pending or the budget is used up; the platform's handler in the host has to answer; or
 *  somebody has to read the event ring. */
export type BatchStop = "done" | "hostNeeded" | "eventsFull" | "completionsFull";

/** The platform's end of the channels of a batch, for what the core does not answer itself. */
export interface BatchHost {
  /** Answers the command that waits on a channel, or hands out events: what `PlatformPort.doorbell()` does. */
  serve(channel: number): void;
}

const STOPS: Readonly<Record<number, BatchStop>> = {
  0: "done",
  [FAULT.HOST_NEEDED]: "hostNeeded",
  [FAULT.EVENTS_FULL]: "eventsFull",
  [FAULT.COMPLETIONS_FULL]: "completionsFull",
};

const ALL = 0x7fffffff;

/** Many commands in one call into the core: any mix of hot commands and channels goes into the submission ring, {@link run}
 *  exchanges them one after the other, and a cursor reads what came back. No object is made per command; what a command is given
 *  as its tag comes back with its completion, and every command has exactly one.
 *
 *  ```ts
 *  const batch = new Batch(core);
 *  for (const [i, channel] of channels.entries()) batch.setLevel(channel, 0, 1400, i);
 *  batch.run(now);
 *  while (batch.next()) if (batch.fault === 0) levels[batch.tag] = batch.status;
 *  ```
 *
 *  A core has one pair of rings, and a batch is at home there alone. Methods that add a command throw `ChannelError` "busy" when
 *  {@link room} is 0. docs/abi.md section 7. */
export class Batch extends BatchWriter {
  readonly #core: Core;
  readonly #completions: number;
  readonly #results: number;
  readonly #stride: number;
  readonly #mask: number;
  /** Word index of the completion that the cursor is on. */
  #at = 0;
  #isReading = false;

  /** @throws TypeError for a core that was created without room for batches */
  constructor(core: Core) {
    super(core);
    const at = core.base + layout.CORE_COMPLETIONS;
    this.#core = core;
    this.#completions = at >>> 2;
    this.#results = (core.base + core.memory.u32(at + layout.RING_OFFSET)) >>> 2;
    this.#stride = core.memory.u32(at + layout.RING_STRIDE) >>> 2;
    this.#mask = core.memory.u32(at + layout.RING_CAPACITY) - 1;
  }

  /** Completions that wait for {@link next}, the one that it is on included. */
  get ready(): number {
    return this.readyCount();
  }

  /** Exchanges pending commands in their order; how many completed. What is left stays pending: run again to go on there.
   *  @param now in nanoseconds
   *  @param budget most commands to complete; default: all
   *  @throws InternalError when the core traps */
  run(now: number, budget = ALL): number {
    return this.#core.run(budget, now);
  }

  /** Why the last {@link run} came back. */
  get stop(): BatchStop {
    return STOPS[this.#core.runStop] ?? "done";
  }

  /** Runs on, and lets `host` answer what the core leaves to it, until nothing is pending or `host` has no answer yet.
   *  @param now in nanoseconds
   *  @returns whether nothing is pending; if not, {@link stop} says why, and a later call goes on where this one stopped */
  finish(now: number, host: BatchHost): boolean {
    let asked = -1;
    for (;;) {
      this.run(now);
      const { pending } = this;
      if (pending === 0) return true;
      if (pending === asked) return false;
      asked = pending;
      host.serve(this.waitingChannel);
    }
  }

  /** Gives up all commands that are pending: each completes with `FAULT.ABORTED`, in order. The one in progress was sent, so its token
   *  stays in quarantine, and its channel busy, until its answer comes; the others were never sent.
   *  @param now in nanoseconds
   *  @returns how many completed so */
  cancel(now: number): number {
    const { memory, base } = this.#core;
    const xfer = memory.i32(base + layout.CORE_RUN_XFER);
    let count = 0;
    if (xfer !== -1) {
      // A deadline or a reset may have retired it: then it completes with that
      if (this.#core.stateOf(xfer) === layout.XFER_POSTED) this.#core.abort(xfer);
      count += this.run(now, 1);
    }
    const words = this.words();
    for (let left = this.pending; left > 0; left--, count++) {
      const tail = words[this.#completions + RING_TAIL] ?? 0;
      const at = this.#results + (tail & this.#mask) * this.#stride;
      words[at + TAG] = this.takePending();
      words[at + FAULT_WORD] = FAULT.ABORTED;
      words[at + LENGTH] = 0;
      words[at + HEADER] = 0;
      words[this.#completions + RING_TAIL] = tail + 1;
    }
    return count;
  }

  /** Moves on to the next completion, the first one at first; false when there is none. The one before is gone then. */
  next(): boolean {
    const words = this.words();
    let head = words[this.#completions + RING_HEAD] ?? 0;
    if (this.#isReading) {
      head = (head + 1) | 0;
      words[this.#completions + RING_HEAD] = head;
    }
    this.#isReading = head !== (words[this.#completions + RING_TAIL] ?? 0);
    this.#at = this.#results + (head & this.#mask) * this.#stride;
    return this.#isReading;
  }

  /** The tag that the command was given. */
  get tag(): number {
    return this.#word(TAG) >>> 0;
  }

  /** Why the command failed, one of FAULT; 0 = it was answered. */
  get fault(): number {
    return this.#word(FAULT_WORD);
  }

  /** The platform's status.
   *  @throws ChannelError, DeadlineError, MessageError, RangeError or TypeError for a command with a {@link fault} */
  get status(): number {
    const fault = this.#word(FAULT_WORD);
    if (fault !== 0) throw faultError(fault, "batch");
    return this.#word(PAYLOAD);
  }

  /** Whether the platform answered, and with `SUCCESS`. */
  get isSuccess(): boolean {
    return this.#word(FAULT_WORD) === 0 && this.#word(PAYLOAD) === 0;
  }

  /** Bytes of the answer, status included; 0 with a {@link fault}. */
  get byteLength(): number {
    return this.#word(LENGTH);
  }

  /** The answer's header. */
  get header(): number {
    return this.#word(HEADER) >>> 0;
  }

  /** A word of the answer behind its status, unsigned; `| 0` makes it signed.
   *  @param index 0 = the first return value
   *  @throws MessageError when the answer is shorter */
  value(index: number): number {
    const offset = layout.STATUS_BYTES + 4 * index;
    if (offset + 4 > this.byteLength) {
      const got = `${this.byteLength} bytes`;
      throw new MessageError("batch", { field: `word ${index}`, offset, expected: `${offset + 4} bytes`, got });
    }
    return this.#word(PAYLOAD + 1 + index) >>> 0;
  }

  /** Two words of the answer as one number, the low one first; exact below 2^53.
   *  @param index of the low word
   *  @throws MessageError when the answer is shorter */
  wideValue(index: number): number {
    return this.value(index + 1) * 0x1_0000_0000 + this.value(index);
  }

  /** The answer's bytes, status first. Borrowed until {@link next}; makes an object. */
  get payload(): Uint8Array {
    this.#word(TAG);
    const at = (this.#at + PAYLOAD) << 2;
    return this.#core.memory.bytes.subarray(at, at + this.byteLength);
  }

  #word(index: number): number {
    if (!this.#isReading) throw new RangeError("batch: expected next() to have found a completion");
    return this.words()[this.#at + index] ?? 0;
  }
}

// In words
const RING_HEAD = layout.RING_HEAD >> 2;
const RING_TAIL = layout.RING_TAIL >> 2;
const TAG = layout.COMPLETION_TAG >> 2;
const FAULT_WORD = layout.COMPLETION_FAULT >> 2;
const LENGTH = layout.COMPLETION_LENGTH >> 2;
const HEADER = layout.COMPLETION_HEADER >> 2;
const PAYLOAD = layout.COMPLETION_PAYLOAD >> 2;
