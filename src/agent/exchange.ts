import type { Clock } from "../core/clock.ts";
import { XFER } from "../core/faults.ts";
import { xferState } from "../core/inbox.ts";
import { ScmiError } from "../errors.ts";
import type { Channel } from "../transport/transport.ts";
import type { BoundCommand } from "./bound.ts";
import type { Hub } from "./hub.ts";
import type { XferPool } from "./pool.ts";
import type { Watchman } from "./watchman.ts";

const HEADER_BYTES = 4;

/** Exchanges on one channel that do not wait for the event loop. */
export class Exchanger {
  /** The platform half is in the same core: {@link now} can be used. */
  readonly isServedInCore: boolean;
  readonly #hub: Hub;
  readonly #pool: XferPool;
  readonly #channel: Channel;
  readonly #watchman: Watchman;
  readonly #row: number;
  readonly #timeoutNs: number;
  /** The transport carries the messages itself. */
  readonly #isCarried: boolean;
  /** The transport takes answers to the core by itself, perhaps from inside of `ring`. */
  readonly #isBroughtIn: boolean;
  /** An exchange left events for the platform to tell its observers, once the answer has been read. */
  #owesRing = false;
  /** By xfer and payload bytes, of which there are few: a view for each message would be garbage. */
  readonly #messages: (Uint8Array | undefined)[][] = [];
  /** For what nobody looks at: the real clock costs more than the rest of an exchange. */
  #lastNow: number;

  constructor(hub: Hub, pool: XferPool, channel: Channel, watchman: Watchman) {
    const { row, traits } = channel;
    this.isServedInCore = traits.isServedInCore ?? false;
    this.#hub = hub;
    this.#pool = pool;
    this.#channel = channel;
    this.#watchman = watchman;
    this.#row = row;
    this.#timeoutNs = traits.timeoutMs * 1e6;
    this.#isCarried = hub.core.areaAt(row) === 0;
    this.#isBroughtIn = this.#isCarried || traits.completesOnPost;
    this.#lastNow = hub.clock.now();
  }

  /** A whole exchange in one call into the core; the xfer's state: DONE, or POSTED when the platform has to be rung for.
   *  @throws ChannelError "busy" when the area is not free */
  now(view: DataView, bound: BoundCommand, xfer: number, byteLength: number): number {
    const { core, clock, inbox } = this.#hub;
    const isObserved = inbox.isObserved(view);
    if (isObserved) this.#lastNow = clock.now();
    const state = core.exchange(this.#row, xfer, bound.word, byteLength, this.#lastNow, bound.name);
    if (state !== XFER.DONE) this.startDeadline(xfer);
    else if (isObserved && inbox.hasEvents) this.#owesRing = true;
    if (this.#watchman.isAlert) this.#watchman.look();
    return state;
  }

  /** A command is left to the platform: its answer is waited for from now on. */
  startDeadline(xfer: number): void {
    const { core, clock } = this.#hub;
    this.#lastNow = clock.now();
    core.setDeadline(xfer, this.#lastNow + this.#timeoutNs);
  }

  /** The answer was read: lets the platform see to what the exchange left behind. */
  end(): void {
    if (!this.#owesRing) return;
    this.#owesRing = false;
    this.#channel.ring();
  }

  /** Hands a posted command to the platform. */
  ring(xfer: number, byteLength: number): void {
    this.#channel.ring(this.#carried(xfer, byteLength));
  }

  /** Hands a posted command to the platform, whose delayed response is awaited. */
  ringDelayed(xfer: number, byteLength: number): void {
    const message = this.#carried(xfer, byteLength);
    if (this.#channel.ringDelayed) this.#channel.ringDelayed(message);
    else this.#channel.ring(message);
  }

  /** Ends a command whose ring failed. What the transport refused to carry never reached the platform, so that its area is ours again;
   *  after any other error the platform may still answer. */
  takeBack(xfer: number, reason: unknown): void {
    const { core, clock } = this.#hub;
    const isRefused = reason instanceof ScmiError && !this.#isCarried;
    if (!isRefused || core.recall(this.#row, clock.now()) !== xfer) core.abort(xfer);
  }

  /** Posts a command for {@link poll}. It has no deadline before somebody has to wait for its answer. */
  post(bound: BoundCommand, xfer: number, byteLength: number): void {
    const { core, clock, inbox } = this.#hub;
    const now = inbox.isObserved(core.memory.data) ? clock.now() : Number.POSITIVE_INFINITY;
    core.post(this.#row, xfer, bound.word, byteLength, now, bound.name);
  }

  /** Rings for a posted command and looks for its answer until it is there, or its deadline is past. */
  poll(xfer: number, byteLength: number): void {
    const { core } = this.#hub;
    let state: number = XFER.POSTED;
    try {
      this.ring(xfer, byteLength);
      if (this.#isBroughtIn) state = xferState(core.memory.data, this.#pool.payloadAt(xfer));
      if (state === XFER.POSTED) state = core.poll(xfer, this.#hub.lookTime);
      if (state === XFER.POSTED) state = this.#wait(xfer);
    } catch (reason) {
      if (core.stateOf(xfer) === XFER.POSTED) this.takeBack(xfer, reason);
      state = core.stateOf(xfer);
      throw reason;
    } finally {
      if (state !== XFER.DONE) this.#watchman.isAlert = true;
      if (this.#watchman.isAlert) this.#watchman.look();
    }
  }

  /** The answer was not there when the doorbell returned: from here on there is a deadline. */
  #wait(xfer: number): number {
    const { core, clock } = this.#hub;
    this.startDeadline(xfer);
    for (;;) {
      const state = core.poll(xfer, clock.now());
      if (state !== XFER.POSTED) return state;
      if (!isSteppable(clock)) continue;
      this.#hub.arm(); // so that there is something to move on to
      clock.advanceToNext();
    }
  }

  /** The message, where the transport carries it itself. */
  #carried(xfer: number, byteLength: number): Uint8Array | undefined {
    if (!this.#isCarried) return undefined;
    let ofXfer = this.#messages[xfer];
    if (!ofXfer) {
      ofXfer = [];
      this.#messages[xfer] = ofXfer;
    }
    const known = ofXfer[byteLength];
    if (known !== undefined && known.byteLength > 0) return known; // else memory has grown, or none was so long
    const { core } = this.#hub;
    const at = core.messageAt(xfer);
    const message = core.memory.bytes.subarray(at, at + HEADER_BYTES + byteLength);
    ofXfer[byteLength] = message;
    return message;
  }
}

/** A clock that is told when to move stands still while we look, so each look in vain moves it. */
function isSteppable(clock: Clock): clock is Clock & { advanceToNext(): boolean } {
  return "advanceToNext" in clock;
}
