import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { XFER } from "../core/faults.ts";
import { Inbox } from "../core/inbox.ts";
import type { FastRow } from "./fast-channel.ts";

/** Whoever waits for an xfer. */
export interface Waiter {
  /** The xfer moved on: to AWAITING_DELAYED, or to an end. */
  progress(xfer: number): void;
}

/** A channel, as the hub of its core sees it. */
export interface Row {
  /** A notification came in on it. */
  notify(header: number, payload: number, byteLength: number): void;
  /** Ends what has queued for too long.
   *  @returns the next moment to look again, in nanoseconds; `Infinity` = never */
  expire(now: number): number;
}

/** Timers come early by fractions of a microsecond; nobody's deadline is that exact. */
const TIMER_SLACK_NS = 1000;

const hubs = /* @__PURE__ */ new WeakMap<Core, Hub>();

/** What the agents of one core share: xfers, notifications and deadlines are numbered by the core, not by the agent. */
export class Hub {
  readonly core: Core;
  readonly clock: Clock;
  readonly inbox: Inbox;
  /** By xfer. An array: a Map would cost five times as much for each message. */
  readonly waiters: (Waiter | undefined)[] = [];
  /** By channel. */
  readonly rows: (Row | undefined)[] = [];
  /** FastChannels that connections have given back, by what they were opened with. */
  readonly idleFastRows = new Map<string, FastRow[]>();
  /** Xfers of async commands in flight; few. */
  #delayed: number[] = [];
  #users = 0;
  #cancel: (() => void) | undefined;
  #appointment = Number.POSITIVE_INFINITY;
  #queueDeadline = Number.POSITIVE_INFINITY;
  #scratch = { offset: 0, bytes: 0 };

  private constructor(core: Core, clock: Clock) {
    this.core = core;
    this.clock = clock;
    this.inbox = new Inbox(core);
  }

  /** The hub of a core; every user calls {@link leave} once.
   *  @throws TypeError when another clock is in use there: deadlines of one core are on one clock */
  static join(core: Core, clock: Clock): Hub {
    let hub = hubs.get(core);
    if (hub === undefined || (hub.#users === 0 && hub.clock !== clock)) {
      const next = new Hub(core, clock);
      if (hub !== undefined) next.#scratch = hub.#scratch;
      hub = next;
      hubs.set(core, hub);
    }
    if (hub.clock !== clock) throw new TypeError('"clock" expected the one that other agents of this core use');
    hub.#users++;
    return hub;
  }

  leave(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#appointment = Number.POSITIVE_INFINITY;
    this.#queueDeadline = Number.POSITIVE_INFINITY;
  }

  /** Sees to it that deadlines are kept, with one appointment for all of them. */
  arm(): void {
    const at = Math.min(this.inbox.nextDeadline, this.#queueDeadline);
    if (at >= this.#appointment) return;
    this.#cancel?.();
    this.#appointment = at;
    this.#cancel = this.clock.after((at - this.clock.now()) * 1e-6, () => this.#keepAppointment());
  }

  /** Somebody queues until `at`. */
  armQueue(at: number): void {
    if (at < this.#queueDeadline) this.#queueDeadline = at;
    this.arm();
  }

  /** The time for a look at what the platform has done: 0 where nobody cares, for asking a clock costs as much as looking, and makes
   *  garbage. Delayed responses are waited for from here on, and traces are dated. */
  get lookTime(): number {
    const isAskedFor = this.#delayed.length > 0 || this.inbox.isObserved(this.core.memory.data);
    return isAskedFor ? this.clock.now() : 0;
  }

  /** Takes in a message in MSG form. True when an xfer moved on, or a notification came. */
  deliver(row: number, message: Uint8Array): boolean {
    const { core } = this;
    // Beyond what the channel carries nothing is read: the core only wants to know how long it claims to be.
    const room = core.maxPayloadOf(row) + 8;
    const at = core.base + this.#scratchOf(room);
    core.memory.bytes.set(message.byteLength > room ? message.subarray(0, room) : message, at);
    const xfer = core.deliver(row, at, message.byteLength, this.lookTime);
    if (xfer >= 0) {
      this.waiters[xfer]?.progress(xfer);
      return true;
    }
    return this.dispatch();
  }

  /** Hands out the notifications in the ring. True when there was one. */
  dispatch(): boolean {
    const { inbox } = this;
    let at = inbox.notificationAt;
    if (at === 0) return false;
    for (; at !== 0; at = inbox.notificationAt) {
      const row = this.rows[inbox.rowOf(at)];
      row?.notify(inbox.notificationHeader(at), inbox.notificationPayload(at), inbox.notificationBytes(at));
      inbox.dropNotification();
    }
    return true;
  }

  /** An xfer waits for a delayed response. */
  expectDelayed(xfer: number): void {
    this.#delayed.push(xfer);
  }

  /** It no longer does. */
  forgetDelayed(xfer: number): void {
    this.#delayed = this.#delayed.filter((it) => it !== xfer);
  }

  /** Moves on who got a delayed response: the core does not say which xfer that was. True when there was one. */
  progressDelayed(): boolean {
    const ended = this.#delayed.filter((xfer) => !isInFlight(this.core.stateOf(xfer)));
    if (ended.length === 0) return false;
    for (const xfer of ended) this.waiters[xfer]?.progress(xfer);
    return true;
  }

  #keepAppointment(): void {
    const due = this.#appointment;
    const clock = this.clock.now();
    const now = due - clock < TIMER_SLACK_NS ? Math.max(clock, due) : clock;
    this.#appointment = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    for (let xfer = this.core.tick(now); xfer >= 0; xfer = this.core.tick(now)) this.waiters[xfer]?.progress(xfer);
    if (now >= this.#queueDeadline) {
      this.#queueDeadline = Number.POSITIVE_INFINITY;
      let next = Number.POSITIVE_INFINITY;
      for (const row of this.rows) if (row) next = Math.min(next, row.expire(now));
      this.#queueDeadline = Math.min(this.#queueDeadline, next);
    }
    this.arm();
  }

  /** Offset of room for a message; a core never takes memory back, so it is kept and shared. */
  #scratchOf(bytes: number): number {
    if (this.#scratch.bytes < bytes) this.#scratch = { offset: this.core.reserve(bytes), bytes };
    return this.#scratch.offset;
  }
}

function isInFlight(state: number): boolean {
  return state === XFER.POSTED || state === XFER.AWAITING_DELAYED;
}
