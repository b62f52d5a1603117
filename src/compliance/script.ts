import { decodeHeader, encodeHeader, type Header, MESSAGE_TYPE } from "../wire/header.ts";

/** Where the messages of a platform go: MSG form, header first. */
export interface ScriptSink {
  /** Takes one message: an answer, a delayed response or a notification. */
  send(message: Uint8Array): void;
}

/** A place at the platform for one far end. */
export interface ScriptPort {
  /** Takes in one command. */
  receive(message: Uint8Array): void;
  /** The far end is gone. */
  close(): void;
}

/** A command as it reached the platform. */
export interface Received {
  /** As it came. */
  readonly header: number;
  /** What it says. */
  readonly fields: Header;
  /** A copy. */
  readonly payload: Uint8Array;
  /** Where its answers go. */
  readonly sink: ScriptSink;
}

/** What the platform makes of a command: the payload of its answer, status first; `undefined` = silence. */
export type ScriptedAnswer = (received: Received) => Uint8Array | undefined;

const BASE = 0x10;
const CLOCK = 0x14;
const NOT_SUPPORTED = -1;

/** Little-endian words. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value >>> 0, true);
  });
  return bytes;
}

function text(name: string): Uint8Array {
  const field = new Uint8Array(16);
  field.set(new TextEncoder().encode(name));
  return field;
}

/** Bytes one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** A platform that speaks whole messages and does what a check tells it: the far end of a transport is given {@link connect} in place
 *  of `Platform.connectMessages`. It knows enough of Base for an agent to open, and two messages of the clock protocol. */
export class ScriptedPlatform {
  /** Commands so far, in the order in which they came; those of the discovery are forgotten when a check starts. */
  readonly received: Received[] = [];
  /** Commands are not answered until {@link reply} says so. */
  isManual = false;
  /** Connections that are open. */
  connections = 0;
  readonly #answers = new Map<number, ScriptedAnswer>();
  #sink: ScriptSink | undefined;

  constructor() {
    this.on(BASE, 0x0, () => words(0, 0x20000))
      .on(BASE, 0x1, () => words(0, 1))
      .on(BASE, 0x3, () => join(words(0), text("scripted")))
      .on(BASE, 0x4, () => join(words(0), text("compliance")))
      .on(BASE, 0x5, () => words(0, 1))
      .on(BASE, 0x6, ({ payload }) => (payload[0] === 0 ? words(0, 1, CLOCK) : words(0, 0)))
      .on(CLOCK, 0x0, () => words(0, 0x10000))
      .on(CLOCK, 0x6, () => words(0, 24_000_000, 0));
  }

  /** Answers a command with what a function makes of it. */
  on(protocolId: number, messageId: number, answer: ScriptedAnswer): this {
    this.#answers.set((protocolId << 8) | messageId, answer);
    return this;
  }

  /** A place for one far end, as `Platform.connectMessages` gives it. */
  connect(sink: ScriptSink): ScriptPort {
    this.#sink = sink;
    this.connections++;
    let isOpen = true;
    return {
      receive: (message) => {
        if (isOpen) this.#take(message, sink);
      },
      close: () => {
        if (isOpen) this.connections--;
        isOpen = false;
        if (this.#sink === sink) this.#sink = undefined;
      },
    };
  }

  /** The newest command.
   *  @throws RangeError when there is none */
  get last(): Received {
    const last = this.received.at(-1);
    if (!last) throw new RangeError("expected a command at the far end, got none");
    return last;
  }

  /** Answers a command now. */
  reply(payload: Uint8Array, received: Received = this.last): void {
    this.play(join(words(received.header), payload), received.sink);
  }

  /** Sends the delayed response of a command. */
  delayed(payload: Uint8Array, received: Received = this.last): void {
    const header = encodeHeader({ ...received.fields, messageType: MESSAGE_TYPE.DELAYED_RESPONSE });
    this.play(join(words(header), payload), received.sink);
  }

  /** Sends a notification. */
  notify(protocolId: number, messageId: number, payload: Uint8Array): void {
    const header = encodeHeader({ protocolId, messageId, messageType: MESSAGE_TYPE.NOTIFICATION, token: 0 });
    this.play(join(words(header), payload));
  }

  /** Sends any bytes. */
  play(message: Uint8Array, sink: ScriptSink | undefined = this.#sink): void {
    sink?.send(message);
  }

  #take(message: Uint8Array, sink: ScriptSink): void {
    const copy = new Uint8Array(message); // what Node calls slice copies nothing
    const header = new DataView(copy.buffer).getUint32(0, true);
    const received: Received = { header, fields: decodeHeader(header), payload: copy.subarray(4), sink };
    this.received.push(received);
    if (this.isManual) return;
    const { protocolId, messageId } = received.fields;
    const answer = this.#answers.get((protocolId << 8) | messageId);
    const payload = answer ? answer(received) : words(NOT_SUPPORTED);
    if (payload) this.reply(payload, received);
  }
}
