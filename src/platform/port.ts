import type { Core } from "../core/core.ts";
import type { AgentState, Connection } from "./agents.ts";
import { P2aQueue } from "./p2a-queue.ts";

/** Rows of the core for one connection; the core never gives rows back, so they are used again. */
export interface Rows {
  readonly instance: number;
  readonly a2p: number;
  /** `undefined` where the host carries the messages. */
  readonly p2a: number | undefined;
}

/** What a connection needs of its platform. */
export interface PortHost {
  readonly core: Core;
  /** Serves the command in an area; true when an answer is there. */
  serveArea(connection: Connection, channel: number): boolean;
  /** Hands out what has changed. */
  settleEvents(): void;
  /** Whether an area belongs to its caller. */
  isAreaFree(channel: number): boolean;
  /** Writes a message into a P2A area that is free. */
  writeP2a(channel: number, header: number, payload: Uint8Array): void;
  dropped(agent: AgentState, header: number): void;
  resolve(agentId: number, address: bigint, byteLength: number): number | undefined;
  /** Takes the rows back. */
  closed(connection: Connection, rows: Rows): void;
}

/** One agent's place at a platform in the same core: areas in linear memory, and doorbells that are calls. What
 *  `scmi-wasm/transport/loopback` takes. */
export class PlatformPort implements Connection {
  /** The core that both halves are in. */
  readonly core: Core;
  readonly agent: AgentState;
  /** The SCMI instance. */
  readonly instance: number;
  /** Index of the agent-to-platform channel. */
  readonly a2p: number;
  /** Index of the platform-to-agent channel. */
  readonly p2a: number;
  readonly hasP2a = true;
  /** Largest payload in bytes. */
  readonly maxPayload: number;
  /** For a response, in milliseconds. */
  readonly timeoutMs: number;
  /** Called when an answer is in the agent-to-platform area. */
  onAnswer: (() => void) | undefined;
  /** Called when a message is in the platform-to-agent area. */
  onP2a: (() => void) | undefined;
  readonly #host: PortHost;
  readonly #rows: Rows;
  readonly #queue: P2aQueue;
  #hasAnswer = false;
  #isTelling = false;
  #isSending = false;
  #isClosed = false;

  /** @internal */
  constructor(host: PortHost, agent: AgentState, rows: Rows & { readonly p2a: number }, options: PortOptions) {
    this.#host = host;
    this.core = host.core;
    this.agent = agent;
    this.#rows = rows;
    this.instance = rows.instance;
    this.a2p = rows.a2p;
    this.p2a = rows.p2a;
    this.maxPayload = host.core.maxPayloadOf(rows.a2p);
    this.timeoutMs = options.timeoutMs;
    this.#queue = new P2aQueue(options.p2aQueue);
  }

  /** A command was posted, or its claim is open, or events wait. The answer is in the area when this returns. */
  doorbell(): void {
    if (this.#isClosed) return;
    if (this.#host.serveArea(this, this.a2p)) this.#hasAnswer = true;
    // An agent may post its next command from inside of onAnswer: served at once, told by the outermost call, so that a long
    // queue is no deep recursion
    if (!this.#isTelling) {
      this.#isTelling = true;
      try {
        while (this.#hasAnswer && !this.#isClosed) {
          this.#hasAnswer = false;
          this.onAnswer?.();
        }
      } finally {
        this.#isTelling = false;
      }
    }
    this.#host.settleEvents();
  }

  /** The platform-to-agent area was drained. */
  p2aFreed(): void {
    this.#sendNext();
  }

  /** Offset in the core of what this agent finds at a physical address: FastChannels, doorbells, statistics. */
  resolve(address: bigint, byteLength: number): number | undefined {
    return this.#host.resolve(this.agent.id, address, byteLength);
  }

  sendNotification(header: number, payload: Uint8Array): void {
    this.#send(header, payload, false);
  }

  sendDelayed(header: number, payload: Uint8Array): void {
    this.#send(header, payload, true);
  }

  /** The agent is gone. Commands under way are not answered. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.clear();
    this.#host.closed(this, this.#rows);
  }

  #send(header: number, payload: Uint8Array, isDelayed: boolean): void {
    if (this.#isClosed) return;
    if (!this.#queue.push({ header, payload, isDelayed })) this.#host.dropped(this.agent, header);
    this.#sendNext();
  }

  #sendNext(): void {
    if (this.#isSending) return; // the loop further out goes on
    this.#isSending = true;
    try {
      while (!this.#isClosed && this.#queue.length > 0 && this.#host.isAreaFree(this.p2a)) {
        const message = this.#queue.shift();
        if (!message) break;
        this.#host.writeP2a(this.p2a, message.header, message.payload);
        this.onP2a?.();
      }
    } finally {
      this.#isSending = false;
    }
  }
}

/** How a port behaves. */
export interface PortOptions {
  readonly timeoutMs: number;
  /** Notifications that may wait while the agent has not taken the last message. */
  readonly p2aQueue: number;
}
