/** The entry point `scmi-wasm/transport/stream`: messages over any duplex of bytes, which is how processes talk.
 *  @module */

import { ChannelError, MessageError } from "../errors.ts";
import type { ByteStream } from "../stream/byte-stream.ts";
import { DEFAULT_MAX_MESSAGE, MessageCutter } from "../stream/message-cutter.ts";
import { Outflow } from "../stream/outflow.ts";
import type { ChannelTraits, Link, Transport, TransportHost } from "./transport.ts";

export type { ByteStream, ByteStreamListener } from "../stream/byte-stream.ts";
export { type NodeDuplex, nodeStream } from "../stream/node-stream.ts";
export { type StreamPairOptions, streamPair } from "../stream/stream-pair.ts";
export { type WebSocketLike, webSocketStream } from "../stream/web-socket.ts";
export { type WebDuplex, webStream } from "../stream/web-stream.ts";

/** How a stream transport behaves. */
export interface StreamOptions {
  /** Commands that the platform may hold at once; default 8, at least 1. */
  readonly maxInFlight?: number;
  /** Largest payload in bytes; default: what the core's records hold, see `capacity.maxPayload`. The platform does not learn of
   *  it, so let it be as large as the platform's. */
  readonly maxPayload?: number;
  /** Longest message that may come in, in bytes, header included; default 65,540. More is taken for garbage, and ends the stream. */
  readonly maxMessage?: number;
  /** For a response, in milliseconds; default 1,000: another process answers when it is scheduled. */
  readonly timeoutMs?: number;
}

const DEFAULT_MAX_IN_FLIGHT = 8;
const DEFAULT_TIMEOUT_MS = 1000;
const LARGEST_PAYLOAD = 0x10000;
const LENGTH_BYTES = 4;
const HEADER_BYTES = 4;

/** What the host opened. */
interface Rows {
  readonly instance: number;
  readonly a2p: number;
  readonly p2a: number;
  readonly maxPayload: number;
}

/** Messages over a stream of bytes, each with its length before it (u32, little-endian, counting header and payload). Responses, delayed
 *  responses and notifications come back on the same stream. A stream that ended is not opened again by itself: open another agent.
 *  @param connect makes the stream, once for each agent that is opened; `signal` is the one of `Agent.open`
 *  @throws RangeError for options out of range */
export function stream(
  connect: (signal: AbortSignal | undefined) => Promise<ByteStream>,
  options: StreamOptions = {},
): Transport {
  const { maxInFlight = DEFAULT_MAX_IN_FLIGHT, maxPayload = LARGEST_PAYLOAD } = options;
  const { maxMessage = DEFAULT_MAX_MESSAGE, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1) {
    throw new RangeError(`"maxInFlight" expected integer >= 1, got ${maxInFlight}`);
  }
  if (!(timeoutMs > 0)) throw new RangeError(`"timeoutMs" expected number > 0, got ${timeoutMs}`);
  return {
    kind: "stream",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const cutter = new MessageCutter(maxMessage, "stream");
      const end = await connected(connect, signal);
      try {
        const rows = openRows(host, maxPayload, timeoutMs);
        return openLink(host, end, cutter, rows, { maxInFlight, timeoutMs });
      } catch (reason) {
        end.destroy();
        throw reason;
      }
    },
  };
}

/** The stream, unless the signal comes first: then it is dropped as soon as it is there. */
async function connected(
  connect: (signal: AbortSignal | undefined) => Promise<ByteStream>,
  signal: AbortSignal | undefined,
): Promise<ByteStream> {
  const connecting = connect(signal);
  if (signal === undefined) return connecting;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([connecting, aborted]);
  } catch (reason) {
    connecting.then(
      (late) => late.destroy(),
      () => {}, // the reason is thrown already, or the signal's is
    );
    throw reason;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function openRows(host: TransportHost, maxMessage: number, timeoutMs: number): Rows {
  const instance = host.openInstance();
  const options = { framing: "msg", areaBytes: 0, maxMessage, timeoutMs } as const;
  const { row: a2p, maxPayload } = host.openRow(instance, options);
  const { row: p2a } = host.openRow(instance, { ...options, p2a: true });
  return { instance, a2p, p2a, maxPayload };
}

interface LinkOptions {
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

function openLink(
  host: TransportHost,
  end: ByteStream,
  cutter: MessageCutter,
  rows: Rows,
  { maxInFlight, timeoutMs }: LinkOptions,
): Link {
  const { maxPayload } = rows;
  const traits: ChannelTraits = { maxPayload, maxInFlight, completesOnPost: false, canPoll: false, timeoutMs };
  // Callers that gave up leave their commands waiting here; as many again may follow before it says busy.
  const outflow = new Outflow(end, maxInFlight * (LENGTH_BYTES + HEADER_BYTES + maxPayload));
  let isOver = false;
  const fail = (cause: Error) => {
    if (isOver) return;
    isOver = true;
    end.destroy();
    host.fail(cause);
  };
  const take = () => {
    for (let message = cutter.next(); message !== undefined && !isOver; message = cutter.next()) {
      host.receive(isResponse(message) ? rows.a2p : rows.p2a, message);
    }
  };
  end.open({
    onBytes(bytes) {
      if (isOver) return;
      cutter.add(bytes);
      try {
        take();
      } catch (reason) {
        if (!(reason instanceof MessageError)) throw reason;
        fail(reason);
      }
    },
    onDrain: () => outflow.drained(),
    onEnd(cause) {
      fail(cutter.truncation() ?? cause ?? new ChannelError("stream", "closed", "the other side ended it"));
    },
  });
  let closing: Promise<void> | undefined;
  const close = async () => {
    if (!isOver) end.end();
    isOver = true;
  };
  return {
    instance: rows.instance,
    a2p: {
      traits,
      row: rows.a2p,
      ring(message) {
        if (message === undefined || isOver) return;
        if (outflow.send(message)) return;
        throw new ChannelError("stream", "busy", `${outflow.waitingBytes} bytes wait for the other side to read`);
      },
    },
    p2a: { traits, row: rows.p2a, ring: () => {} },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Message type 0, in bits 9:8 of the header: all others come from the platform by itself. */
function isResponse(message: Uint8Array): boolean {
  return ((message[1] ?? 0) & 0x3) === 0;
}
