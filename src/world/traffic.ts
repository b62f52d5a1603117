import type { SimulatedClock } from "../core/clock.ts";
import type { MessageEnd, MessagePlatform } from "../firmware/index.ts";
import type { MessagePort, MessageSink, Platform } from "../platform/index.ts";
import { PROTOCOLS } from "../protocols/index.ts";
import { decodeHeader, MESSAGE_TYPE } from "../wire/index.ts";

/** What a message is to its exchange. */
export type MessageRole = "command" | "response" | "delayedResponse" | "notification";

/** One message, as the platform took it in or sent it. */
export interface TraceEntry {
  /** Nanoseconds of simulated time. */
  readonly at: number;
  /** Path of the instance's node. */
  readonly node: string;
  readonly role: MessageRole;
  readonly protocol: number;
  /** Header bits 7:0. */
  readonly message: number;
  readonly token: number;
  /** Of responses and delayed responses. */
  readonly status: number | undefined;
  /** Behind the header, the status included. A copy. */
  readonly payload: Uint8Array;
}

/** How long commands took, in microseconds of simulated time. */
export interface Latencies {
  readonly count: number;
  readonly lowestUs: number;
  readonly medianUs: number;
  readonly p99Us: number;
  readonly highestUs: number;
}

/** How a platform is watched. */
export interface TrafficOptions {
  readonly node: string;
  readonly platform: Platform;
  readonly clock: SimulatedClock;
  /** Until the platform looks at a command, in milliseconds; asked for each. */
  readonly latencyMs: () => number;
  /** The answer has to be there when the call returns: then time passes inside of the call, as it does while a processor is in the secure
   *  world. */
  readonly isSync: boolean;
  /** Hears of every message; `undefined` = nobody does. */
  readonly onMessage: ((entry: TraceEntry) => void) | undefined;
}

const HEADER_BYTES = 4;
const STATUS_BYTES = 4;

/** Stands between the far end of a transport and its platform: lets messages take their time, and writes down what passes. */
export class Traffic implements MessagePlatform {
  readonly #options: TrafficOptions;
  readonly #latencies: number[] = [];
  #port: MessagePort | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  connectMessages(agentId: number, sink: MessageSink): MessageEnd {
    const { platform, clock, latencyMs, isSync } = this.#options;
    /** When commands came, by header. */
    const since = new Map<number, number>();
    const appointments = new Set<() => void>();
    const end: MessagePort = platform.connectMessages(agentId, {
      send: (message) => {
        const header = this.#record(message, "a2p");
        const start = since.get(header);
        if (start !== undefined) {
          since.delete(header);
          this.#latencies.push((clock.now() - start) / 1000);
        }
        sink.send(message);
      },
      hasP2a: sink.hasP2a ?? true,
    });
    this.#port = end;
    return {
      receive: (message) => {
        since.set(this.#record(message, "p2a"), clock.now());
        if (isSync) {
          clock.advance(latencyMs());
          end.receive(message);
          return;
        }
        const copy = message.slice();
        const cancel = clock.after(latencyMs(), () => {
          appointments.delete(cancel);
          end.receive(copy);
        });
        appointments.add(cancel);
      },
      close: () => {
        for (const cancel of appointments) cancel();
        appointments.clear();
        end.close();
      },
    };
  }

  /** Where memory that the platform names by a physical address lies in the core. */
  resolve(address: bigint, byteLength: number): number | undefined {
    return this.#port?.resolve(address, byteLength);
  }

  /** How long commands took so far; `undefined` when there were none. */
  get latencies(): Latencies | undefined {
    if (this.#latencies.length === 0) return undefined;
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
    return {
      ...{ count: sorted.length, lowestUs: at(0), medianUs: at(0.5) },
      ...{ p99Us: at(0.99), highestUs: at(1) },
    };
  }

  #record(message: Uint8Array, taker: "a2p" | "p2a"): number {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const header = view.getUint32(0, true);
    const { onMessage, node, clock } = this.#options;
    if (!onMessage) return header;
    const { protocolId, messageId, messageType, token } = decodeHeader(header);
    const role = taker === "p2a" ? "command" : roleOf(messageType);
    const hasStatus = role === "response" || role === "delayedResponse";
    onMessage({
      ...{ at: clock.now(), node, role, token, protocol: protocolId, message: messageId },
      status:
        hasStatus && view.byteLength >= HEADER_BYTES + STATUS_BYTES ? view.getInt32(HEADER_BYTES, true) : undefined,
      payload: message.slice(HEADER_BYTES),
    });
    return header;
  }
}

/** What a message is called by the specification; its number where no table knows it. */
export function messageName({ role, protocol, message }: TraceEntry): string {
  const table = PROTOCOLS.find(({ id }) => id === protocol);
  const isNotification = role === "notification";
  const known = isNotification
    ? table?.notifications.find(({ id }) => id === message)
    : table?.commands.find(({ id }) => id === message);
  return known?.name ?? `${table?.name ?? `0x${protocol.toString(16)}`} 0x${message.toString(16)}`;
}

function roleOf(messageType: number): MessageRole {
  if (messageType === MESSAGE_TYPE.NOTIFICATION) return "notification";
  return messageType === MESSAGE_TYPE.DELAYED_RESPONSE ? "delayedResponse" : "response";
}

function rounded(us: number): number {
  return Math.round(us * 1000) / 1000;
}
