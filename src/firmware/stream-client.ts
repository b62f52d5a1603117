import { MessageError } from "../errors.ts";
import type { ByteStream } from "../stream/byte-stream.ts";
import { MessageCutter } from "../stream/message-cutter.ts";
import { Outflow } from "../stream/outflow.ts";
import type { MessageEnd } from "./message-platform.ts";
import { newTally, type StreamCounters, type StreamOutcome, type Tally } from "./stream-counters.ts";

/** How a client is served. */
export interface StreamClientOptions {
  /** Longest message that may come in, in bytes, header included. */
  readonly maxMessage: number;
  /** Bytes that may wait for the client to read. */
  readonly queueBytes: number;
}

/** What a client tells its server. */
export interface StreamClientHost {
  /** Counts in the sum, too. */
  readonly total: Tally<StreamCounters>;
  gone(client: StreamClient, outcome: StreamOutcome): void;
}

const LENGTH_BYTES = 4;
const MESSAGE_TYPE_NOTIFICATION = 3;

/** One end of a stream behind which an agent is, or was, or claims to be. It is trusted with nothing: a length that no message has and a
 *  queue that nobody reads end it, and while its answers are not read its commands wait. */
export class StreamClient {
  /** Counts up from 1, in the order in which they came. */
  readonly id: number;
  /** Agent that it is served as. */
  readonly agentId: number;
  readonly #stream: ByteStream;
  readonly #host: StreamClientHost;
  readonly #cutter: MessageCutter;
  readonly #outflow: Outflow;
  readonly #tally = newTally();
  #port: MessageEnd | undefined;
  #outcome: StreamOutcome | undefined;
  #isServing = false;
  /** Notifications and delayed responses of the command under way: on one ordered stream its answer goes first. */
  #held: Uint8Array[] | undefined;

  /** @internal */
  constructor(id: number, agentId: number, stream: ByteStream, options: StreamClientOptions, host: StreamClientHost) {
    this.id = id;
    this.agentId = agentId;
    this.#stream = stream;
    this.#host = host;
    this.#cutter = new MessageCutter(options.maxMessage, `stream client ${id}`);
    this.#outflow = new Outflow(stream, options.queueBytes);
  }

  /** What this client has sent and was sent so far. */
  get counters(): StreamCounters {
    return { ...this.#tally };
  }

  /** How it went; `undefined` while it is there. */
  get outcome(): StreamOutcome | undefined {
    return this.#outcome;
  }

  /** Sends it away: what is on its way still goes out. */
  close(): void {
    this.#leave("closed");
  }

  /** @internal */
  start(port: MessageEnd): void {
    this.#port = port;
    this.#stream.open({
      onBytes: (bytes) => {
        if (this.#outcome !== undefined) return;
        this.#cutter.add(bytes);
        this.#serve();
      },
      onDrain: () => {
        if (this.#outcome !== undefined) return;
        this.#outflow.drained();
        if (this.#outflow.isFull) return;
        this.#stream.resume();
        this.#serve();
      },
      onEnd: (cause) => {
        const isCut = this.#cutter.truncation() !== undefined;
        this.#leave(cause ? "broken" : isCut ? "truncated" : "ended");
      },
    });
  }

  /** @internal Takes a message of the platform to the client. */
  send(message: Uint8Array): void {
    if (this.#outcome !== undefined) return;
    const type = (message[1] ?? 0) & 0x3;
    if (this.#held && type !== 0) {
      this.#held.push(message);
      return;
    }
    if (!this.#outflow.send(message)) {
      this.#leave("slow");
      return;
    }
    this.#count(
      type === 0 ? "responses" : type === MESSAGE_TYPE_NOTIFICATION ? "notifications" : "delayedResponses",
      1,
    );
    this.#count("sentBytes", LENGTH_BYTES + message.byteLength);
  }

  /** Serves what came, as long as the client reads the answers. */
  #serve(): void {
    if (this.#isServing) return; // a stream may drain while it is written to
    this.#isServing = true;
    try {
      while (this.#outcome === undefined && !this.#outflow.isFull) {
        const message = this.#cutter.next();
        if (message === undefined) return;
        this.#count("received", 1);
        this.#count("receivedBytes", LENGTH_BYTES + message.byteLength);
        this.#receive(message);
      }
      if (this.#outcome === undefined) this.#stream.pause();
    } catch (reason) {
      if (!(reason instanceof MessageError)) throw reason;
      this.#leave("garbage");
    } finally {
      this.#isServing = false;
    }
  }

  #receive(message: Uint8Array): void {
    const held: Uint8Array[] = [];
    this.#held = held;
    try {
      this.#port?.receive(message);
    } finally {
      // Also when an observer failed: its error is not the client's
      this.#held = undefined;
      for (const it of held) this.send(it);
    }
  }

  #leave(outcome: StreamOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (outcome === "ended" || outcome === "closed") this.#stream.end();
    else this.#stream.destroy();
    this.#port?.close();
    this.#host.gone(this, outcome);
  }

  #count(name: keyof StreamCounters, by: number): void {
    this.#tally[name] += by;
    this.#host.total[name] += by;
  }
}
