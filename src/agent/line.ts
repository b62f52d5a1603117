import { faultError } from "../core/engine.ts";
import { COMMAND, FAULT, XFER } from "../core/faults.ts";
import { answerBytes, answerFault, commandHeader } from "../core/inbox.ts";
import { ChannelError, DeadlineError } from "../errors.ts";
import type { Channel } from "../transport/transport.ts";
import { type BoundCommand, badTimeout, type CallOptions } from "./bound.ts";
import { Call, type Carrier, NONE } from "./call.ts";
import { Exchanger } from "./exchange.ts";
import type { Hub, Row } from "./hub.ts";
import { Polled, type PolledLine } from "./polled.ts";
import type { XferPool } from "./pool.ts";
import type { Watchman } from "./watchman.ts";

/** From response to delayed response, as the core has it; as in Linux. */
const DELAYED_TIMEOUT_MS = 2000;

/** A platform that is only slow gives a busy area back within so many time-outs; after that the channel is as good as dead. */
const FREE_WITHIN_TIMEOUTS = 2;

/** How often the engine looks for an answer that nobody announces. */
const LOOK_EVERY_MS = 0.1;

/** One A2P channel with its queue: the engine. It knows the channel by its facts alone.
 *
 *  ```text
 *   call ──► queue ──► post, ring ──► response ──► delayed response ──► caller
 *              │            │             │               │
 *              └────────────┴── deadline, abort, close ───┘   the caller is freed; the token waits for the late answer
 *  ```
 */
export class Line implements Row, Carrier, PolledLine {
  readonly channel: Channel;
  readonly #hub: Hub;
  readonly #pool: XferPool;
  readonly #watchman: Watchman;
  readonly #row: number;
  readonly #maxInFlight: number;
  readonly #maxPayload: number;
  readonly #timeoutMs: number;
  readonly #exchanger: Exchanger;
  /** The transport carries the messages itself. */
  readonly #isCarried: boolean;
  readonly #flags: number;
  /** Nobody announces an answer that was not there when `ring` returned: the engine has to look. */
  readonly #isLookedFor: boolean;
  readonly #pumpMe = () => this.#pump();
  /** Made once: where it is needed, garbage would be made for every call. */
  readonly #lookAgain = () => {
    this.#cancelLook = undefined;
    this.complete();
  };
  readonly #queue: Call[] = [];
  #inFlight = 0;
  #cancelLook: (() => void) | undefined;
  #closed: ChannelError | undefined;
  #isPumping = false;
  /** What the last reset of the transport was for. */
  #resetCause: Error | undefined;

  constructor(hub: Hub, pool: XferPool, channel: Channel, watchman: Watchman) {
    const { row, traits } = channel;
    this.channel = channel;
    this.#hub = hub;
    this.#pool = pool;
    this.#watchman = watchman;
    this.#row = row;
    this.#maxInFlight = traits.maxInFlight;
    this.#maxPayload = traits.maxPayload;
    this.#timeoutMs = traits.timeoutMs;
    this.#exchanger = new Exchanger(hub, pool, channel, watchman);
    this.#isCarried = hub.core.areaAt(row) === 0;
    const isAnnounced = traits.hasCompletionInterrupt !== false && !traits.completesOnPost;
    this.#isLookedFor = !isAnnounced && !this.#isCarried;
    this.#flags = isAnnounced ? COMMAND.INTERRUPT : 0;
  }

  /** Posts a command, or queues it, and reads its answer. An answer that is there at once makes no waiter.
   *  @param pick what the caller wants of the answer */
  call<Request, Response, Delayed, R>(
    bound: BoundCommand<Request, Response, Delayed>,
    values: Request,
    isAsync: boolean,
    options: CallOptions | undefined,
    pick: ((answer: never) => R) | undefined,
  ): Promise<R> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    const bad = badTimeout(options?.timeoutMs);
    if (bad) return Promise.reject(bad);
    if (this.#closed) return Promise.reject(this.#closedError(bound));
    const isFree = this.#inFlight < this.#maxInFlight && this.#queue.length === 0;
    const xfer = isFree ? this.#pool.take() : NONE;
    if (xfer === NONE) return this.#enqueue(bound, values, isAsync, options, pick);
    const payload = this.#pool.payloadAt(xfer);
    const view = this.#hub.core.memory.data;
    let state: number = XFER.ACQUIRED;
    let byteLength: number;
    let value: R | undefined;
    try {
      byteLength = bound.request.encode(view, payload, values, this.#maxPayload);
      if (this.#exchanger.isServedInCore && bound.isHot && !isAsync) {
        state = this.#exchange(view, bound, xfer, byteLength);
        if (state === XFER.DONE) value = this.#answer(view, bound, payload, false, pick);
      }
    } catch (reason) {
      this.#end(xfer); // either thrown before it was in flight, or by its answer
      return Promise.reject(reason);
    }
    if (state === XFER.DONE) {
      this.#end(xfer);
      // The value was set where the state was.
      return Promise.resolve(value as R);
    }
    return new Promise<R>((resolve, reject) => {
      const call = this.#callFor(bound, isAsync, options, pick, resolve, reject);
      call.xfer = xfer;
      call.byteLength = byteLength;
      if (state === XFER.ACQUIRED) this.#submit(call);
      else this.#await(call);
    });
  }

  /** Exchanges a hot command without promise and without garbage.
   *  @param into overwritten with the response and returned
   *  @throws ChannelError "busy" when the channel is; on a channel that cannot be polled the caller must not get here */
  callPolled<Request, Response>(bound: BoundCommand<Request, Response>, values: Request, into: Response): Response {
    if (this.#closed) throw this.#closedError(bound);
    if (this.#inFlight >= this.#maxInFlight) throw new ChannelError(bound.name, "busy");
    const xfer = this.#pool.take();
    if (xfer === NONE) throw new ChannelError(bound.name, "busy", "all xfers are in use");
    const payload = this.#pool.payloadAt(xfer);
    const { memory } = this.#hub.core;
    let view = memory.data;
    try {
      const byteLength = bound.request.encode(view, payload, values, this.#maxPayload);
      const isServed = this.#exchanger.isServedInCore;
      if (!isServed || this.#exchanger.now(view, bound, xfer, byteLength) !== XFER.DONE) {
        this.#poll(bound, xfer, byteLength, isServed);
        view = memory.data; // whoever ran meanwhile may have made it grow
      }
      return this.#readPolled(view, bound, payload, into);
    } finally {
      this.#endPolled(xfer);
    }
  }

  /** Prepares {@link callPolled} for one command. */
  polled<Request, Response>(bound: BoundCommand<Request, Response>): Polled<Request, Response> {
    return new Polled(this, this.#hub, this.#pool, this.#watchman, bound);
  }

  endWords<Request, Response>(bound: BoundCommand<Request, Response>, byteLength: number, state: number): number {
    const xfer = this.#pool.take();
    const payload = this.#pool.payloadAt(xfer);
    const { memory } = this.#hub.core;
    try {
      if (state !== XFER.DONE) {
        this.#exchanger.startDeadline(xfer);
        this.#poll(bound, xfer, byteLength, true);
      }
      this.#readPolled(memory.data, bound, payload, {} as Response);
      return answerBytes(memory.data, payload) > 4 ? memory.i32(payload + 4) : 0;
    } finally {
      this.#endPolled(xfer);
    }
  }

  /** Whether a polled call would be refused as busy. */
  get isBusy(): boolean {
    return this.#inFlight >= this.#maxInFlight || this.#queue.length > 0;
  }

  complete(): void {
    const { core, waiters } = this.#hub;
    if (this.#isCarried || this.#closed) return;
    const xfer = core.settle(this.#row, this.#hub.lookTime);
    if (xfer < 0 || this.#watchman.isAlert) this.#watchman.look(this.#hub.inbox.headerInArea(this.#row));
    if (xfer >= 0) waiters[xfer]?.progress(xfer);
    this.#pump(); // a late answer may have freed the area
  }

  /** A message that the transport carried. */
  receive(message: Uint8Array): void {
    if (this.#closed) return;
    if (!this.#hub.deliver(this.#row, message) || this.#watchman.isAlert) this.#watchman.look(headerOf(message));
    this.#pump();
  }

  /** The transport did not get through: what is in flight fails with `cause`, and the channel starts anew. */
  reset(cause: Error): void {
    if (this.#closed) return;
    this.#resetCause = cause;
    this.#hub.core.freeArea(this.#row);
    this.#hub.core.resetChannel(this.#row); // no answer will come: tokens need not wait for one
    for (const call of this.#inFlightCalls()) {
      this.#forget(call);
      call.fail(cause);
    }
    this.#pump();
  }

  /** Nothing but answers belongs here. */
  notify(header: number): void {
    this.#watchman.look(header);
  }

  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.#queue.filter(({ queueUntil }) => queueUntil <= now)) {
      const timeoutMs = call.timeoutMs ?? FREE_WITHIN_TIMEOUTS * this.#timeoutMs;
      this.#leaveQueue(call);
      call.fail(new DeadlineError(call.bound.name, "channel", timeoutMs));
    }
    this.#pump();
    for (const { queueUntil } of this.#queue) next = Math.min(next, queueUntil);
    return next;
  }

  abandon(call: Call): void {
    if (this.#queue.includes(call)) {
      this.#leaveQueue(call);
    } else {
      this.#hub.core.abort(call.xfer);
      this.#giveUp(call);
    }
    call.fail(call.reason);
    this.#pump();
  }

  progress(call: Call): void {
    const { core } = this.#hub;
    const state = core.stateOf(call.xfer);
    if (state === XFER.AWAITING_DELAYED) {
      this.#releaseChannel(call);
      if (call.deadline !== undefined) core.setDeadline(call.xfer, call.deadline);
      this.#hub.arm();
    } else {
      const payload = this.#pool.payloadAt(call.xfer);
      const fault = answerFault(core.memory.data, payload);
      if (fault === 0) call.finish(payload);
      else call.fail(this.#faultError(fault, call.bound, call.timeoutMs));
      if (fault === FAULT.MALFORMED || fault === FAULT.CHANNEL_ERROR) {
        this.#watchman.look(commandHeader(core.memory.data, payload));
      }
      if (state === XFER.TIMED_OUT) this.#watchman.isAlert = true;
      this.#forget(call);
    }
    this.#pump();
  }

  /** Ends every call, and refuses further ones. */
  close(reason: ChannelError): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#watchman.isAlert = true;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.endCalls();
    if (this.#inFlight > 0) this.#hub.core.resetChannel(this.#row); // a polled call, further down the stack
  }

  /** Ends every call under way. */
  endCalls(): void {
    for (const call of [...this.#queue]) {
      this.#leaveQueue(call);
      call.fail(this.#closedError(call.bound));
    }
    for (const call of this.#inFlightCalls()) {
      this.#hub.core.abort(call.xfer);
      this.#giveUp(call);
      call.fail(this.#closedError(call.bound));
    }
  }

  #inFlightCalls(): Call[] {
    const waiters = this.#pool.all.map((xfer) => this.#hub.waiters[xfer]);
    return waiters.filter((it): it is Call => it instanceof Call && it.carrier === this);
  }

  #enqueue<Request, Response, Delayed, R>(
    bound: BoundCommand<Request, Response, Delayed>,
    values: Request,
    isAsync: boolean,
    options: CallOptions | undefined,
    pick: ((answer: never) => R) | undefined,
  ): Promise<R> {
    let bytes: Uint8Array;
    try {
      // Written down now: the caller may change the values later, and wants to know at once when they do not fit.
      bytes = new Uint8Array(bound.request.sizeOf(values));
      bound.request.encode(new DataView(bytes.buffer), 0, values, Math.min(bytes.byteLength, this.#maxPayload));
    } catch (reason) {
      return Promise.reject(reason);
    }
    return new Promise<R>((resolve, reject) => {
      const call = this.#callFor(bound, isAsync, options, pick, resolve, reject);
      call.bytes = bytes;
      call.byteLength = bytes.byteLength;
      this.#submit(call);
    });
  }

  #callFor<R>(
    bound: BoundCommand,
    isAsync: boolean,
    options: CallOptions | undefined,
    pick: ((answer: never) => R) | undefined,
    resolve: (value: R) => void,
    reject: (reason: unknown) => void,
  ): Call {
    const finish = (payload: number) => {
      try {
        resolve(this.#answer(this.#hub.core.memory.data, bound, payload, isAsync, pick));
      } catch (reason) {
        reject(reason);
      }
    };
    return new Call(bound, isAsync, this.#hub.clock.now(), options, this, finish, reject);
  }

  #submit(call: Call): void {
    this.#queue.push(call);
    if (call.queueUntil !== Number.POSITIVE_INFINITY) this.#hub.armQueue(call.queueUntil);
    this.#pump();
  }

  #pump(): void {
    // A channel that answers inside of `ring` comes back here for each command: one loop, or a long queue would be a deep recursion
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#inFlight < this.#maxInFlight) {
        const call = this.#queue[0];
        if (call === undefined || !this.#post(call)) break;
      }
    } finally {
      this.#isPumping = false;
    }
    if (this.#isLookedFor) this.#lookLater();
  }

  /** Looks for an answer again in a while, as long as somebody waits. */
  #lookLater(): void {
    if (this.#cancelLook || this.#closed || (this.#inFlight === 0 && this.#queue.length === 0)) return;
    this.#cancelLook = this.#hub.clock.after(LOOK_EVERY_MS, this.#lookAgain);
  }

  /** False when the call has to wait on. */
  #post(call: Call): boolean {
    const { core, clock } = this.#hub;
    if (call.xfer === NONE) {
      call.xfer = this.#pool.take();
      if (call.xfer === NONE) {
        this.#pool.onFree(this.#pumpMe);
        return false;
      }
      if (call.bytes) core.memory.bytes.set(call.bytes, this.#pool.payloadAt(call.xfer));
    }
    const now = clock.now();
    try {
      const word = call.bound.word | this.#flags | (call.isAsync ? COMMAND.ASYNC : 0);
      core.post(this.#row, call.xfer, word, call.byteLength, now, call.bound.name);
    } catch (reason) {
      if (!isBusy(reason)) {
        this.#leaveQueue(call);
        call.fail(reason);
        return true;
      }
      if (call.deadline === undefined && call.queueUntil === Number.POSITIVE_INFINITY) {
        call.queueUntil = now + FREE_WITHIN_TIMEOUTS * this.#timeoutMs * 1e6;
        this.#hub.armQueue(call.queueUntil);
      }
      return false;
    }
    this.#queue.shift();
    if (this.#watchman.isAlert) this.#watchman.look();
    this.#await(call);
    return true;
  }

  /** The command is in the area, or ready to be carried: rings, and waits for what comes of it. */
  #await(call: Call): void {
    const { core, waiters } = this.#hub;
    const { xfer } = call;
    this.#inFlight++;
    call.holdsChannel = true;
    waiters[xfer] = call;
    if (call.isAsync) this.#hub.expectDelayed(xfer);
    if (call.deadline !== undefined) core.setDeadline(xfer, call.deadline);
    try {
      if (call.isAsync) this.#exchanger.ringDelayed(xfer, call.byteLength);
      else this.#exchanger.ring(xfer, call.byteLength);
    } catch (reason) {
      if (call.isOver) throw reason;
      this.#exchanger.takeBack(xfer, reason);
      this.#giveUp(call);
      call.fail(reason);
    }
    if (call.isOver) return;
    this.#hub.arm();
    if (this.#isLookedFor) this.complete(); // it may be there already
  }

  #poll(bound: BoundCommand, xfer: number, byteLength: number, isPosted: boolean): void {
    if (!isPosted) this.#exchanger.post(bound, xfer, byteLength);
    this.#inFlight++;
    try {
      this.#exchanger.poll(xfer, byteLength);
    } finally {
      this.#inFlight--;
    }
  }

  /** A whole exchange in one call into the core; the xfer's state, ACQUIRED when the channel has to be waited for. */
  #exchange(view: DataView, bound: BoundCommand, xfer: number, byteLength: number): number {
    try {
      return this.#exchanger.now(view, bound, xfer, byteLength);
    } catch (reason) {
      if (isBusy(reason)) return XFER.ACQUIRED;
      throw reason;
    }
  }

  #readPolled<Request, Response>(
    view: DataView,
    bound: BoundCommand<Request, Response>,
    payload: number,
    into: Response,
  ): Response {
    const fault = answerFault(view, payload);
    if (fault !== 0) throw this.#faultError(fault, bound);
    return bound.readInto(view, payload, answerBytes(view, payload), into);
  }

  #endPolled(xfer: number): void {
    this.#end(xfer);
    if (this.#queue.length > 0) this.#pump();
  }

  #end(xfer: number): void {
    this.#pool.give(xfer);
    this.#exchanger.end();
  }

  #answer<R>(
    view: DataView,
    bound: BoundCommand,
    payload: number,
    isDelayed: boolean,
    pick: ((answer: never) => R) | undefined,
  ): R {
    const fault = answerFault(view, payload);
    if (fault !== 0) throw this.#faultError(fault, bound);
    const byteLength = answerBytes(view, payload);
    const answer = isDelayed ? bound.readDelayed(view, payload, byteLength) : bound.read(view, payload, byteLength);
    // Without `pick`, R is what the layouts of the command say; `call` pairs them.
    return pick ? pick(answer as never) : (answer as R);
  }

  #faultError(fault: number, bound: BoundCommand, timeoutMs?: number): Error {
    if (fault === FAULT.CHANNEL_RESET) {
      if (this.#closed) return this.#closedError(bound);
      if (this.#resetCause) return this.#resetCause;
    }
    const own = fault === FAULT.DELAYED_TIMEOUT ? DELAYED_TIMEOUT_MS : this.#timeoutMs;
    return faultError(fault, bound.name, timeoutMs ?? own);
  }

  #closedError(bound: BoundCommand): ChannelError {
    return new ChannelError(bound.name, "closed", undefined, { cause: this.#closed?.cause });
  }

  #leaveQueue(call: Call): void {
    const place = this.#queue.indexOf(call);
    if (place >= 0) this.#queue.splice(place, 1);
    if (call.xfer !== NONE) this.#pool.give(call.xfer);
    call.xfer = NONE;
  }

  /** The caller is gone; what it posted may still be answered. */
  #giveUp(call: Call): void {
    this.#watchman.isAlert = true;
    this.#forget(call);
  }

  #forget(call: Call): void {
    this.#hub.waiters[call.xfer] = undefined;
    if (call.isAsync) this.#hub.forgetDelayed(call.xfer);
    this.#releaseChannel(call);
    this.#pool.give(call.xfer);
    call.xfer = NONE;
  }

  #releaseChannel(call: Call): void {
    if (!call.holdsChannel) return;
    call.holdsChannel = false;
    this.#inFlight--;
  }
}

/** Trouble that passes: the area, or a token, comes back. */
function isBusy(reason: unknown): boolean {
  return reason instanceof ChannelError && (reason.reason === "busy" || reason.reason === "noToken");
}

function headerOf(message: Uint8Array): number | undefined {
  if (message.byteLength < 4) return undefined;
  return new DataView(message.buffer, message.byteOffset, 4).getUint32(0, true);
}
