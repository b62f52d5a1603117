import type { AgentState, Connection } from "./agents.ts";
import type { Rows } from "./port.ts";

/** Where a connection's messages go: MSG form, header first. The bytes are the callee's to keep. */
export interface MessageSink {
  /** Takes one message: an answer, a delayed response or a notification. */
  send(message: Uint8Array): void;
  /** Whether it takes what is no answer; default true. Where it does not, the agent is offered neither notifications nor delayed responses,
   *  and whoever asks for them hears NOT_SUPPORTED. */
  readonly hasP2a?: boolean;
}

/** Memory that a message lies in, or is to: asked for its view at the time, for memory may grow. */
export interface MessagePlace {
  readonly data: DataView;
}

/** A connection whose commands are answered where they lie. */
export interface PromptConnection extends Connection {
  /** The command may have had consequences that somebody is to hear of, once the answer is out. */
  owesSettling: boolean;
  /** The agent went, perhaps while the platform was about to answer. */
  readonly isClosed: boolean;
  /** The platform's own code threw while it answered: that is for whoever rang, once the answer is out. */
  fail(error: unknown): void;
}

/** What a connection of messages needs of its platform. */
export interface MessageHost {
  /** Answers a command by `send`, unless the connection goes away meanwhile. */
  serveMessage(connection: Connection, channel: number, message: Uint8Array, send: (answer: Uint8Array) => void): void;
  /** Answers a command where it lies.
   *  @returns as {@link MessagePort.answer} */
  answerMessage(
    connection: PromptConnection,
    channel: number,
    from: MessagePlace,
    fromAt: number,
    byteLength: number,
    to: MessagePlace,
    toAt: number,
    room: number,
  ): number;
  settleEvents(): void;
  /** Sees a message that the platform sends of its own accord, before it goes. */
  noteSent(channel: number, header: number, payload: Uint8Array): void;
  resolve(agentId: number, address: bigint, byteLength: number): number | undefined;
  closed(connection: Connection, rows: Rows): void;
}

const HEADER_BYTES = 4;

/** One agent's place at a platform for whole messages: what servers of byte streams and queues use. Answers, delayed responses
 *  and notifications all go to its sink; nothing waits. */
export class MessagePort implements Connection {
  /** What the platform knows of the agent. */
  readonly agent: AgentState;
  /** Index of the SCMI instance in the core. */
  readonly instance: number;
  /** Largest payload in bytes. */
  readonly maxPayload: number;
  readonly hasP2a: boolean;
  readonly #host: MessageHost;
  readonly #rows: Rows;
  readonly #sink: MessageSink;
  /** @internal */
  owesSettling = false;
  /** @internal */
  isClosed = false;
  #headerless = 0;
  /** Errors that wait until the answer is out. */
  readonly #errors: unknown[] = [];

  /** @internal */
  constructor(host: MessageHost, agent: AgentState, rows: Rows, maxPayload: number, sink: MessageSink) {
    this.#host = host;
    this.agent = agent;
    this.#rows = rows;
    this.instance = rows.instance;
    this.maxPayload = maxPayload;
    this.#sink = sink;
    this.hasP2a = sink.hasP2a ?? true;
  }

  /** Messages that were too short for a header. */
  get headerless(): number {
    return this.#headerless;
  }

  /** Takes in a command and sends its answer. Bytes too short for a header are counted and go no further; a payload over
   *  {@link maxPayload} is a PROTOCOL_ERROR. */
  receive(message: Uint8Array): void {
    if (this.isClosed) return;
    if (message.byteLength < HEADER_BYTES) {
      this.#headerless++;
      return;
    }
    this.#host.serveMessage(this, this.#rows.a2p, message, (answer) => this.#sink.send(answer));
    this.#host.settleEvents();
  }

  /** {@link receive} for a command in memory, whose answer goes into memory instead of the sink: hot commands make no garbage. Call
   *  {@link settle} when the answer is out.
   *  @param from whoever shares it may change it at any time: it is copied once, and the copy is judged
   *  @param to may be the same memory, for the answer may take the command's place
   *  @param room 8 bytes at least
   *  @returns bytes of the answer in MSG form. Where they are more than `room`, only the header was written; 0 = there is none */
  answer(from: MessagePlace, fromAt: number, byteLength: number, to: MessagePlace, toAt: number, room: number): number {
    if (this.isClosed) return 0;
    if (byteLength < HEADER_BYTES) {
      this.#headerless++;
      return 0;
    }
    return this.#host.answerMessage(this, this.#rows.a2p, from, fromAt, byteLength, to, toAt, room);
  }

  /** The answer is out: notifications of what the command brought about may follow.
   *  @throws what the platform's own code threw while it answered */
  settle(): void {
    if (!this.owesSettling) return;
    this.owesSettling = false;
    const errors = this.#errors;
    const hasFailed = errors.length > 0;
    const error = errors.shift();
    try {
      this.#host.settleEvents();
    } catch (another) {
      if (!hasFailed) throw another;
      errors.push(another);
    }
    if (errors.length > 0) this.owesSettling = true; // one at a time
    if (hasFailed) throw error;
  }

  /** @internal */
  fail(error: unknown): void {
    this.#errors.push(error);
  }

  /** Offset in the platform's core of what this agent finds at a physical address, for an agent of the same core: FastChannels, doorbells,
   *  statistics. */
  resolve(address: bigint, byteLength: number): number | undefined {
    return this.#host.resolve(this.agent.id, address, byteLength);
  }

  sendNotification(header: number, payload: Uint8Array): void {
    // Another connection of the same agent may have asked for it
    if (this.isClosed || !this.hasP2a) return;
    this.#host.noteSent(this.#rows.a2p, header, payload);
    const message = new Uint8Array(HEADER_BYTES + payload.byteLength);
    new DataView(message.buffer).setUint32(0, header, true);
    message.set(payload, HEADER_BYTES);
    this.#sink.send(message);
  }

  sendDelayed(header: number, payload: Uint8Array): void {
    this.sendNotification(header, payload);
  }

  /** The agent is gone. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#host.closed(this, this.#rows);
  }
}
