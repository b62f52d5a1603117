/// <reference lib="esnext.disposable" preserve="true" />
import type { ByteStream } from "../stream/byte-stream.ts";
import { DEFAULT_MAX_MESSAGE } from "../stream/message-cutter.ts";
import type { MessageEnd, MessagePlatform } from "./message-platform.ts";
import { StreamClient, type StreamClientOptions } from "./stream-client.ts";
import { newServerTally, type StreamOutcome, type StreamServerCounters } from "./stream-counters.ts";

/** What answers behind a stream server: a `Platform`, or something that does what a test wants. */
export interface StreamPlatform extends MessagePlatform {
  /** Its agents, numbered from 1: an unknown one is told from a lack of room by it. */
  readonly board: { readonly agents: readonly unknown[] };
}

/** How a stream server behaves. */
export interface StreamServerOptions extends Partial<StreamClientOptions> {
  /** Agent that clients are served as, unless they are told apart when they come; default 1. */
  readonly agentId?: number;
  /** Hears of each client that went. */
  readonly onGone?: (client: StreamClient, outcome: StreamOutcome) => void;
}

const DEFAULT_QUEUE_BYTES = 0x10000;

/** The platform's end of streams of bytes: each is an agent's channels in both directions. What `scmi-wasm/transport/stream` talks to, and
 *  anything else that puts a length (u32, little-endian, counting header and payload) before each message. */
export class StreamServer {
  readonly #platform: StreamPlatform;
  readonly #agentId: number;
  readonly #options: StreamClientOptions;
  readonly #onGone: StreamServerOptions["onGone"];
  readonly #clients = new Set<StreamClient>();
  readonly #tally = newServerTally();
  #nextId = 1;
  #isClosed = false;

  /** @param platform outlives the server */
  constructor(platform: StreamPlatform, options: StreamServerOptions = {}) {
    const { agentId = 1, maxMessage = DEFAULT_MAX_MESSAGE, queueBytes = DEFAULT_QUEUE_BYTES, onGone } = options;
    this.#platform = platform;
    this.#agentId = agentId;
    this.#options = { maxMessage, queueBytes };
    this.#onGone = onGone;
  }

  /** Serves whoever is at the other end, from now until it goes.
   *  @param agentId whom the platform takes it for
   *  @returns `undefined` when the core has no room for another one, or the server is closed: the stream is dropped then
   *  @throws RangeError for an agent that the board does not have; ChannelError when the platform is closed */
  serve(stream: ByteStream, agentId: number = this.#agentId): StreamClient | undefined {
    if (this.#isClosed) {
      stream.destroy();
      return undefined;
    }
    const client = new StreamClient(this.#nextId, agentId, stream, this.#options, {
      total: this.#tally,
      gone: (_, outcome) => {
        this.#clients.delete(client);
        this.#tally[outcome]++;
        this.#onGone?.(client, outcome);
      },
    });
    const agents = this.#platform.board.agents.length;
    const isKnown = Number.isInteger(agentId) && agentId >= 1 && agentId <= agents;
    let port: MessageEnd;
    try {
      port = this.#platform.connectMessages(agentId, client);
    } catch (reason) {
      stream.destroy();
      if (!(isKnown && reason instanceof RangeError)) throw reason;
      this.#tally.refused++;
      return undefined;
    }
    this.#nextId++;
    this.#tally.clients++;
    this.#clients.add(client);
    client.start(port);
    return client;
  }

  /** Who is there now, in the order in which they came. */
  get clients(): readonly StreamClient[] {
    return [...this.#clients];
  }

  /** What all clients have sent and were sent, and how those that are gone went. */
  get counters(): StreamServerCounters {
    return { ...this.#tally };
  }

  /** Sends all clients away and lets nobody in any more. The platform stays. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.clients) client.close();
  }

  /** {@link close}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
