import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import type { Channel, ChannelTraits, Link, Transport, TransportHost } from "../../src/transport/transport.ts";
import { decodeHeader, encodeHeader, type Header, MESSAGE_TYPE } from "../../src/wire/header.ts";

/** A command as it reached the scripted platform. */
export interface Received {
  readonly header: number;
  readonly fields: Header;
  readonly payload: Uint8Array;
}

/** What the platform makes of a command: the answer's payload, or `undefined` for silence. */
export type Answer = (payload: Uint8Array, received: Received) => Uint8Array | undefined;

const SUCCESS = Uint8Array.of(0, 0, 0, 0);

/** Little-endian words. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0, true);
  });
  return bytes;
}

/** A NUL-padded name. */
export function text(name: string, bytes = 16): Uint8Array {
  const field = new Uint8Array(bytes);
  field.set(new TextEncoder().encode(name));
  return field;
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** How the scripted platform is reached. */
export interface ScriptOptions {
  readonly maxInFlight?: number;
  readonly canPoll?: boolean;
  readonly timeoutMs?: number;
  readonly hasP2a?: boolean;
  readonly maxPayload?: number;
  readonly resolve?: Link["resolve"];
}

/** A platform that plays bytes: commands arrive over a MSG transport of its own and are answered from a table, at once or, while
 *  {@link isManual}, when the test says so. */
export class Scripted implements Transport {
  readonly kind = "scripted";
  readonly clock = new SimulatedClock();
  readonly core: Core;
  readonly received: Received[] = [];
  isManual = false;
  closed = 0;
  host: TransportHost | undefined;
  readonly #answers = new Map<number, Answer>();
  readonly #options: ScriptOptions;
  #a2p = 0;
  #p2a = 0;

  constructor(options: ScriptOptions = {}, core: Core = Core.createSync()) {
    this.core = core;
    this.#options = options;
  }

  /** Answers a command with a fixed payload, or with what a function makes of its parameters. */
  on(protocolId: number, messageId: number, answer: Answer | Uint8Array): this {
    this.#answers.set((protocolId << 8) | messageId, typeof answer === "function" ? answer : () => answer);
    return this;
  }

  /** A platform with Base and the given protocols, each with its version. */
  withBase(version: number, protocols: Readonly<Record<number, number>>, agents = 0): this {
    const ids = Object.keys(protocols).map(Number);
    const list = (from: number) => {
      const page = ids.slice(from);
      const bytes = new Uint8Array(Math.ceil(page.length / 4) * 4);
      bytes.set(page);
      return join(words(0, page.length), bytes);
    };
    this.on(0x10, 0x0, words(0, version))
      .on(0x10, 0x1, words(0, ids.length | (agents << 8)))
      .on(0x10, 0x3, join(SUCCESS, text("ACME")))
      .on(0x10, 0x4, join(SUCCESS, text("tests")))
      .on(0x10, 0x5, words(0, 0x10203))
      .on(0x10, 0x6, (payload) => list(payload[0] ?? 0))
      .on(0x10, 0x7, (payload) => {
        const asked = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
        const id = asked === 0xffffffff ? 1 : asked;
        if (id > agents) return words(-4);
        const name = text(id === 0 ? "platform" : `agent${id}`);
        return version < 0x20000 ? join(SUCCESS, name) : join(words(0, id), name);
      });
    for (const id of ids) this.on(id, 0x0, words(0, protocols[id] ?? 0));
    return this;
  }

  async open(host: TransportHost): Promise<Link> {
    const { maxInFlight = 1, canPoll = true, timeoutMs = 30, hasP2a = true, maxPayload = 128 } = this.#options;
    this.host = host;
    const instance = host.openInstance();
    const rowOptions = { framing: "msg", areaBytes: 0, maxMessage: maxPayload, timeoutMs } as const;
    const a2p = host.openRow(instance, rowOptions);
    this.#a2p = a2p.row;
    const traits: ChannelTraits = {
      maxPayload: a2p.maxPayload,
      maxInFlight,
      completesOnPost: false,
      canPoll,
      timeoutMs,
    };
    const channel: Channel = { traits, row: a2p.row, ring: (message) => this.#take(message) };
    let p2a: Channel | undefined;
    if (hasP2a) {
      this.#p2a = host.openRow(instance, { ...rowOptions, p2a: true }).row;
      p2a = { traits, row: this.#p2a, ring: () => {} };
    }
    const { resolve } = this.#options;
    return {
      instance,
      a2p: channel,
      ...(p2a ? { p2a } : {}),
      ...(resolve ? { resolve } : {}),
      close: async () => {
        this.closed++;
      },
    };
  }

  /** Answers a command by hand: the oldest unanswered one unless said. */
  reply(payload: Uint8Array, received: Received = this.last): void {
    this.host?.receive(this.#a2p, join(words(received.header), payload));
  }

  /** Sends a delayed response. */
  delayed(payload: Uint8Array, received: Received = this.last): void {
    const header = encodeHeader({ ...received.fields, messageType: MESSAGE_TYPE.DELAYED_RESPONSE });
    this.host?.receive(this.#p2a, join(words(header), payload));
  }

  notify(protocolId: number, messageId: number, payload: Uint8Array, token = 0): void {
    const header = encodeHeader({ protocolId, messageId, messageType: MESSAGE_TYPE.NOTIFICATION, token });
    this.host?.receive(this.#p2a, join(words(header), payload));
  }

  /** Any bytes on either channel. */
  play(direction: "a2p" | "p2a", message: Uint8Array): void {
    this.host?.receive(direction === "a2p" ? this.#a2p : this.#p2a, message);
  }

  /** The row of the A2P channel. */
  get row(): number {
    return this.#a2p;
  }

  get last(): Received {
    const last = this.received.at(-1);
    if (!last) throw new RangeError("expected a command, got none");
    return last;
  }

  /** `protocol:message` of each command so far, in hex. */
  get order(): string[] {
    return this.received.map(({ fields }) => `${fields.protocolId.toString(16)}:${fields.messageId.toString(16)}`);
  }

  #take(message: Uint8Array | undefined): void {
    if (!message) throw new TypeError("expected a message");
    const copy = message.slice();
    const header = new DataView(copy.buffer).getUint32(0, true);
    const received: Received = { header, fields: decodeHeader(header), payload: copy.subarray(4) };
    this.received.push(received);
    if (this.isManual) return;
    const { protocolId, messageId } = received.fields;
    const answer = this.#answers.get((protocolId << 8) | messageId);
    const payload = answer ? answer(received.payload, received) : words(-1);
    if (payload) this.reply(payload, received);
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
