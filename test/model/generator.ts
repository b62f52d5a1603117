import * as layout from "../../assembly/layout.ts";
import { composeHeader, words } from "../support/core.ts";
import type { Random } from "../support/random.ts";
import { type Channel, isInFlight, isOwned, type Machine, type Xfer } from "./machine.ts";
import type { Step } from "./side-by-side.ts";
import { COMMANDS, MAX_PAYLOAD } from "./world.ts";

/** Lengths that no message has: under the header, beyond any area, and those that wrap when 4 is subtracted or added. */
const ABSURD_LENGTHS = [0, 1, 2, 3, 0xffffffff, 0xfffffffe, 0xfffffffc, 0x80000000, 0x7fffffff, 0x10000, 0x7ffffffc];

const STATUSES = [0, 0, 0, 0, -1, -3, -4, -8, -10, 1, -128, -2147483648];

/** What can happen to an xfer: the rows of the state table in docs/abi.md section 3. */
export type Event =
  | "acquire"
  | "post"
  | "response"
  | "delayed"
  | "foreign"
  | "deadline"
  | "abort"
  | "reset"
  | "release";

/** Wishes for one event on one xfer. */
export type Aim = (machine: Machine, random: Random) => { readonly event: Event; readonly xfer: Xfer } | undefined;

/**
 * Makes up sequences. It looks at the model to aim (a late answer needs a command whose caller gave up), but every
 * step it gives out is plain data.
 */
export class Generator {
  readonly #random: Random;
  readonly #aim: Aim | undefined;
  /** Steps that belong to the last one: an answer is of little use when nobody looks. */
  readonly #next: Step[] = [];

  constructor(random: Random, aim?: Aim) {
    this.#random = random;
    this.#aim = aim;
  }

  /** The steps that open a sequence: token counters near their wrap, and now and then a full quarantine. */
  opening(machine: Machine): Step[] {
    const random = this.#random;
    const steps: Step[] = [];
    for (const { index } of machine.instances) {
      if (random.chance(70)) steps.push({ op: "nextToken", instance: index, token: 1000 + random.below(24) });
    }
    if (random.chance(8)) {
      const xfer = machine.xfers.length - 1; // of the instance with the full token space
      const channel = machine.channels.findIndex(({ instance, area, isP2a }) => instance === 1 && !area && !isP2a);
      for (let acquired = 0; acquired < 6; acquired++) steps.push({ op: "acquire", instance: 1 });
      steps.push({ op: "lose", channel, xfer, count: 1018 + random.below(12) });
    }
    return steps;
  }

  step(machine: Machine): Step {
    const queued = this.#next.shift();
    if (queued) return queued;
    const random = this.#random;
    const wish = this.#aim && random.chance(40) ? this.#aim(machine, random) : undefined;
    const aimed = wish && this.#aimed(machine, wish.event, wish.xfer);
    if (aimed) return aimed;
    const make = random.weighted<() => Step | undefined>([
      [70, () => ({ op: "acquire", instance: this.#index(machine.instances.length) })],
      [45, () => ({ op: "release", xfer: this.#xferBut(machine, isOwned, 85) })],
      [130, () => this.#post(machine, "post")],
      [40, () => this.#post(machine, "exchange")],
      [50, () => ({ op: "settle", channel: this.#a2pChannel(machine) })],
      [50, () => ({ op: "poll", xfer: this.#xferBut(machine, isInFlight, 70) })],
      [25, () => ({ op: "drain", channel: this.#channel(machine, ({ isP2a, area }) => isP2a && area !== undefined) })],
      [150, () => this.#answer(machine)],
      [90, () => this.#delayed(machine)],
      [35, () => this.#notification(machine)],
      [60, () => this.#serve(machine)],
      [35, () => ({ op: "abort", xfer: this.#xferBut(machine, isInFlight, 70) })],
      [
        12,
        () => ({
          op: "setDeadline",
          xfer: this.#xferBut(machine, isInFlight, 80),
          inNs: random.below(2000) - 500,
        }),
      ],
      [40, () => ({ op: "advance", ns: random.pick([1, 10, 500, 1000, 3000]) })],
      [40, () => ({ op: "tick" })],
      [10, () => this.#reset(machine)],
      [16, () => this.#timeouts(machine)],
      [15, () => ({ op: "read", count: 1 + random.below(4) })],
      [4, () => ({ op: "nextToken", instance: random.below(2), token: random.below(layout.TOKEN_COUNT) })],
      [6, () => ({ op: "snapshot" })],
      [4, () => ({ op: "restore" })],
      [3, () => ({ op: "copyBack" })],
      [4, () => ({ op: "fork" })],
    ]);
    return make() ?? { op: "advance", ns: 1 };
  }

  /** A step that makes an event happen to an xfer, where one step can. */
  #aimed(machine: Machine, event: Event, xfer: Xfer): Step | undefined {
    const { index, instance, header } = xfer;
    const channel = machine.channels[xfer.channel ?? -1];
    switch (event) {
      case "acquire":
        return { op: "acquire", instance };
      case "abort":
      case "release":
        return { op: event, xfer: index };
      case "post":
        return this.#post(machine, "post", index);
      case "reset":
        return channel && { op: "reset", channel: channel.index };
      case "deadline":
        if (!isInFlight(xfer)) return { op: "tick" };
        this.#next.push({ op: "tick" });
        return { op: "setDeadline", xfer: index, inNs: 0 };
    }
    if (!channel || header === undefined) return undefined;
    // Mostly SUCCESS: an error would end what waits for a delayed response.
    const status = this.#random.chance(80) ? 0 : -8;
    const payload = [...words(status), ...this.#random.bytes(this.#random.below(channel.limit - 3))];
    const message = { channel: channel.index, length: 4 + payload.length, byteLength: 4 + payload.length, payload };
    if (event === "delayed") {
      const p2a = this.#channel(machine, (other) => other.instance === instance && other.isP2a && !other.area);
      return { op: "deliver", ...message, channel: p2a, header: (header | 0x200) >>> 0 };
    }
    const from = event === "foreign" ? (header ^ (1 << this.#random.below(8))) >>> 0 : header;
    if (!channel.area) return { op: "deliver", ...message, header: from };
    // An area is looked at only while a command is in it, this one or another.
    if (channel.posted === undefined && channel.outstanding === undefined) return undefined;
    if (channel.claim !== undefined) return undefined;
    this.#next.push({ op: "settle", channel: channel.index });
    return { op: "scribble", status: 1, ...message, header: from };
  }

  /** An index, now and then one that does not exist. */
  #index(count: number): number {
    const random = this.#random;
    return random.chance(97) ? random.below(count) : random.pick([-1, count, count + 1, 0x7fffffff, -0x80000000]);
  }

  #xferBut(machine: Machine, fits: (xfer: Xfer) => boolean, percent: number): number {
    const random = this.#random;
    const fitting = machine.xfers.filter(fits);
    if (fitting.length > 0 && random.chance(percent)) return random.pick(fitting).index;
    return this.#index(machine.xfers.length);
  }

  #channel(machine: Machine, fits: (channel: Channel) => boolean): number {
    return this.#random.pick(machine.channels.filter(fits)).index;
  }

  #a2pChannel(machine: Machine): number {
    if (this.#random.chance(4)) return this.#index(machine.channels.length);
    const busy = machine.channels.filter(
      ({ posted, outstanding }) => posted !== undefined || outstanding !== undefined,
    );
    if (busy.length > 0 && this.#random.chance(70)) return this.#random.pick(busy).index;
    return this.#channel(machine, ({ isP2a }) => !isP2a);
  }

  #post(machine: Machine, op: "post" | "exchange", aimed?: number): Step {
    const random = this.#random;
    const xfer = aimed ?? this.#xferBut(machine, isOwned, 88);
    const instance = machine.xfers[xfer]?.instance ?? 0;
    const own = machine.channels.filter((channel) => channel.instance === instance && !channel.isP2a);
    const free = own.filter((channel) => channel.posted === undefined);
    let channel = random.pick(free.length > 0 && random.chance(80) ? free : own).index;
    if (op === "exchange") channel = random.pick(own.filter(({ area }) => area)).index;
    else if (random.chance(3)) channel = this.#index(machine.channels.length);
    const limit = machine.channels[channel]?.limit ?? MAX_PAYLOAD;
    const byteLength = random.weighted<number>([
      [60, random.below(limit / 4 + 1) * 4],
      [30, random.below(limit + 1)],
      [4, limit],
      [4, limit + 1 + random.below(8)],
      [1, -1 - random.below(8)],
      [1, random.pick([0x7fffffff, -0x80000000, 0x10000])],
    ]);
    const [protocol, message] = random.pick(COMMANDS);
    // A constant answer wants exact parameters: mostly give it those.
    const exact = random.chance(60) && byteLength <= limit ? (protocol === 0x10 && message === 2 ? 4 : 0) : byteLength;
    return {
      op,
      channel,
      xfer,
      protocol,
      message,
      isAsync: random.chance(45),
      wantsInterrupt: random.chance(30),
      noise: random.chance(10) ? random.word() & ~(layout.HEADER_COMMAND_MASK | 0xc0000000) : 0,
      byteLength: exact,
      payload: random.bytes(Math.max(0, Math.min(exact, MAX_PAYLOAD))),
    };
  }

  /** A header that answers this xfer's last command, or nearly. */
  #headerFor(machine: Machine, command: number, type: number): number {
    const random = this.#random;
    const header = (command | (type << layout.HEADER_TYPE_SHIFT)) >>> 0;
    return random.weighted<() => number>([
      [64, () => header],
      [5, () => (header ^ (1 << random.below(8))) >>> 0], // another message id
      [5, () => (header ^ (1 << (layout.HEADER_PROTOCOL_SHIFT + random.below(8)))) >>> 0],
      [5, () => (header ^ (random.pick([1, 2, 3]) << layout.HEADER_TYPE_SHIFT)) >>> 0],
      [8, () => (header ^ ((1 + random.below(1023)) << layout.HEADER_TOKEN_SHIFT)) >>> 0],
      [5, () => (header | ((1 + random.below(15)) << 28)) >>> 0], // reserved bits
      [3, () => random.word()],
      [5, () => this.#anyCommand(machine) ?? header],
    ])();
  }

  /** The header of some command that was sent, in flight or not. */
  #anyCommand(machine: Machine): number | undefined {
    const sent = machine.xfers.filter((xfer) => xfer.header !== undefined);
    return sent.length > 0 ? this.#random.pick(sent).header : undefined;
  }

  /** Payload of an answer, and the length that the peer gives it. */
  #content(limit: number): { payload: number[]; length: number } {
    const random = this.#random;
    const status = words(random.pick(STATUSES));
    const good = 4 + random.below(limit - 3);
    const byteLength = random.weighted<number>([
      [75, good],
      [12, random.below(limit + 9)],
      [3, random.below(80)],
      [5, limit],
      [5, 4],
    ]);
    const payload = [...status, ...random.bytes(Math.max(0, byteLength - 4))].slice(0, byteLength);
    const length = random.chance(95) ? 4 + byteLength : random.pick(ABSURD_LENGTHS);
    return { payload, length };
  }

  #target(machine: Machine, fits: (xfer: Xfer) => boolean): Xfer | undefined {
    const random = this.#random;
    const sent = machine.xfers.filter((xfer) => xfer.header !== undefined);
    const fitting = sent.filter(fits);
    if (fitting.length > 0 && random.chance(60)) return random.pick(fitting);
    return sent.length > 0 ? random.pick(sent) : undefined;
  }

  /** The platform answers by hand: in the area of the command, or by a message that the host brings. */
  #answer(machine: Machine): Step | undefined {
    const random = this.#random;
    // An area that waits for an answer is the likeliest place for one, a late one included.
    const waiting = machine.channels.filter(
      ({ posted, outstanding }) => posted !== undefined || outstanding !== undefined,
    );
    let target = this.#target(machine, (xfer) => xfer.state === "POSTED");
    let channel = machine.channels[target?.channel ?? -1];
    let header = target?.header;
    if (waiting.length > 0 && random.chance(45)) {
      channel = random.pick(waiting);
      target = channel.posted === undefined ? undefined : machine.xfers[channel.posted];
      header = target?.header ?? channel.outstanding;
    }
    const { quarantine } = random.pick(machine.instances);
    if (quarantine.size > 0 && random.chance(15)) {
      const lost = random.pick([...quarantine.values()].slice(-12));
      header = lost.header;
      channel = machine.channels[lost.channel];
    }
    if (!channel || header === undefined) return undefined;
    if (random.chance(4)) {
      const { instance } = channel;
      channel = random.pick(machine.channels.filter((other) => other.instance === instance && !other.isP2a));
    }
    const from = this.#headerFor(machine, header, random.chance(90) ? 0 : layout.TYPE_DELAYED_RESPONSE);
    const { payload, length } = this.#content(channel.limit);
    if (!channel.area || random.chance(1)) return this.#deliver(channel, from, payload, length);
    return this.#scribble(channel, from, payload, length);
  }

  #scribble(channel: Channel, header: number, payload: readonly number[], length: number): Step {
    const random = this.#random;
    const isSmt = channel.area?.framing === "SMT";
    const status = random.weighted<number>([
      [80, 1],
      [8, 3],
      [4, 2],
      [5, 0],
      [2, random.word() | 1],
      [1, random.word()],
    ]);
    const givesBack = !isSmt || (status & 3) !== 0;
    if (channel.claim !== undefined && givesBack) {
      // The platform's own claim on that area is stale now; publishing it may not touch what the agent does next.
      this.#next.push({ op: "answer", claim: channel.claim, payload: words(0) });
      this.#next.push({ op: "publish", claim: channel.claim });
    }
    if (givesBack && random.chance(75)) {
      const { posted } = channel;
      if (posted !== undefined && random.chance(50)) this.#next.push({ op: "poll", xfer: posted });
      else this.#next.push({ op: "settle", channel: channel.index });
      if (random.chance(15)) this.#next.push({ op: "settle", channel: channel.index });
    }
    return {
      op: "scribble",
      channel: channel.index,
      status: status >>> 0,
      ...(random.chance(10) ? { flags: random.word() } : {}),
      length: isSmt ? length >>> 0 : Math.max(4, length & 0xff),
      header,
      payload,
    };
  }

  #deliver(channel: Channel, header: number, payload: readonly number[], length: number): Step {
    // The host is trusted with the address and never hands over more than there is.
    const byteLength = length < 256 ? length : 4 + payload.length;
    const step: Step = { op: "deliver", channel: channel.index, header, byteLength, payload };
    if (this.#random.chance(10)) this.#next.push(step); // a duplicate
    return step;
  }

  #delayed(machine: Machine): Step | undefined {
    const random = this.#random;
    let target = this.#target(machine, (xfer) => isInFlight(xfer) && xfer.isAsync);
    if (random.chance(40)) target = this.#target(machine, (xfer) => xfer.state === "AWAITING_DELAYED") ?? target;
    if (!target?.header) return undefined;
    let { header } = target;
    const { instance } = target;
    const owed = [...(machine.instances[instance]?.quarantine.values() ?? [])].filter((lost) => lost.owesDelayed);
    if (owed.length > 0 && random.chance(25)) header = random.pick(owed).header;
    return this.#overP2a(machine, instance, this.#headerFor(machine, header, layout.TYPE_DELAYED_RESPONSE));
  }

  #overP2a(machine: Machine, instance: number, header: number): Step {
    const random = this.#random;
    // Over P2A mostly; a channel without area also brings delayed responses on A2P.
    const carriers = machine.channels.filter((other) => other.instance === instance && (other.isP2a || !other.area));
    const channel = random.pick(carriers);
    const { payload, length } = this.#content(channel.limit);
    if (!channel.area || random.chance(1)) return this.#deliver(channel, header, payload, length);
    if (random.chance(30)) {
      const fitting = payload.slice(0, channel.limit + (random.chance(80) ? 0 : 4));
      if (random.chance(75)) this.#next.push({ op: "drain", channel: channel.index });
      return { op: "sendP2a", channel: channel.index, header, payload: fitting };
    }
    if (random.chance(85)) this.#next.push({ op: "drain", channel: channel.index });
    const isSmt = channel.area.framing === "SMT";
    return {
      op: "scribble",
      channel: channel.index,
      status: random.weighted<number>([
        [90, 0],
        [5, 2],
        [3, 1],
        [2, (random.word() & ~1) >>> 0],
      ]),
      flags: random.chance(50) ? random.below(2) : random.word(),
      length: isSmt ? length >>> 0 : Math.max(1, length & 0xff),
      header,
      payload,
    };
  }

  #notification(machine: Machine): Step {
    const random = this.#random;
    const type = random.weighted<number>([
      [85, layout.TYPE_NOTIFICATION],
      [8, 0],
      [7, 1],
    ]);
    const header = composeHeader(random.below(1024), random.pick([0x10, 0x13, 0xff]), random.below(256), type);
    return this.#overP2a(machine, random.below(machine.instances.length), header);
  }

  #serve(machine: Machine): Step {
    const random = this.#random;
    const open = [...machine.claims];
    if (random.chance(5)) {
      // Claims that do not exist, are free, or are not that far.
      const claim = random.pick([-1, machine.claimCapacity + 1, 0x7fffffff, 1, machine.claimCapacity]);
      return random.chance(50) ? { op: "publish", claim } : { op: "answer", claim, payload: words(0) };
    }
    if (open.length > 0 && random.chance(open.length === machine.claimCapacity ? 30 : 15)) {
      const [claim, { state, channel }] = random.pick(open);
      if (state === "STAGED") return { op: "publish", claim };
      const limit = machine.channels[channel]?.limit ?? MAX_PAYLOAD;
      if (random.chance(20)) return { op: "answer", claim, payload: random.bytes(random.below(4)) };
      if (random.chance(70)) this.#next.push({ op: "publish", claim });
      const isSuccess = random.chance(60);
      const values = isSuccess ? random.bytes(random.below(Math.min(MAX_PAYLOAD - 4, limit) + 1)) : [];
      return { op: "answer", claim, payload: [...words(isSuccess ? 0 : random.pick([-1, -3, -8])), ...values] };
    }
    const withArea = machine.channels.filter(({ isP2a, area }) => !isP2a && area);
    const waiting = withArea.filter(({ posted, outstanding }) => posted !== undefined || outstanding !== undefined);
    const unclaimed = waiting.filter(({ claim }) => claim === undefined);
    const channel = random.pick(
      unclaimed.length > 0 && random.chance(70)
        ? unclaimed
        : waiting.length > 0 && random.chance(70)
          ? waiting
          : withArea,
    );
    if (channel.claim === undefined && channel.area?.framing === "SMT" && random.chance(6)) {
      // The command changes under the platform: another header, a length that no command has.
      this.#next.push({ op: "serve", channel: channel.index });
      const { payload, length } = this.#content(channel.limit);
      const header = random.chance(50) ? channel.area.header : random.word();
      const bad = random.chance(60) ? random.pick(ABSURD_LENGTHS) : length;
      return { op: "scribble", channel: channel.index, status: random.pick([0, 2]), length: bad, header, payload };
    }
    if (channel.posted !== undefined && random.chance(50)) this.#next.push({ op: "settle", channel: channel.index });
    return { op: "serve", channel: channel.index };
  }

  #reset(machine: Machine): Step {
    const awaiting = machine.xfers.filter(({ state }) => state === "AWAITING_DELAYED");
    const channel = awaiting.length > 0 && this.#random.chance(30) ? this.#random.pick(awaiting).channel : undefined;
    return { op: "reset", channel: channel ?? this.#index(machine.channels.length) };
  }

  #timeouts(machine: Machine): Step {
    const random = this.#random;
    return {
      op: "timeouts",
      channel: random.below(machine.channels.length),
      response: random.pick([0, 1, 100, 2000, 30e6]),
      delayed: random.pick([0, 1, 100, 100, 2000, 5000, 2e9]),
    };
  }
}
