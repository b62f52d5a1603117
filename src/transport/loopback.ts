/** The entry point `scmi-wasm/transport/loopback`: straight to a platform in the same core.
 *  @module */

import { ChannelError } from "../errors.ts";
import type { Channel, ChannelTraits, Link, Transport, TransportHost } from "./transport.ts";

/** One agent's place at a platform in memory: what `platform.connect` gives. */
export interface LoopbackPort {
  /** The core that both halves are in. */
  readonly core: object;
  /** The SCMI instance of this agent. */
  readonly instance: number;
  /** Index of the agent-to-platform channel. */
  readonly a2p: number;
  /** Index of the platform-to-agent channel; `undefined` when the platform has none. */
  readonly p2a: number | undefined;
  /** Largest payload in bytes. */
  readonly maxPayload: number;
  /** For a response, in milliseconds; default 30. */
  readonly timeoutMs?: number;
  /** A command was posted, or its claim is open, or events wait. The answer may come from inside, or later. */
  doorbell(): void;
  /** The platform-to-agent area was drained. */
  p2aFreed(): void;
  /** Called when an answer is in the agent-to-platform area. */
  onAnswer: (() => void) | undefined;
  /** Called when a message is in the platform-to-agent area. */
  onP2a: (() => void) | undefined;
  /** Offset in the core of memory at a physical address of the board. */
  resolve?(address: bigint, byteLength: number): number | undefined;
  /** The agent is gone. */
  close(): void;
}

/** As Linux waits. */
const DEFAULT_TIMEOUT_MS = 30;

/** The transport without a transport: messages lie in areas that the platform half of the same core reads. Hot commands are
 *  exchanged in one call into the core, and polled calls need no event loop.
 *  @param port used by one agent at a time
 *  @throws TypeError, when opened, for an agent of another core
 *  @throws ChannelError "busy", when opened, while another agent has the port */
export function loopback(port: LoopbackPort): Transport {
  return {
    kind: "loopback",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      if (port.core !== host.core) throw new TypeError('"port" expected one of the core that the agent is in');
      if (port.onAnswer) throw new ChannelError("loopback", "busy", "another agent has this port");
      return openLink(port, host);
    },
  };
}

function openLink(port: LoopbackPort, host: TransportHost): Link {
  const { a2p, p2a } = port;
  const traits: ChannelTraits = {
    maxPayload: port.maxPayload,
    maxInFlight: 1,
    completesOnPost: false, // a platform with latency answers later
    canPoll: true,
    isServedInCore: true,
    timeoutMs: port.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  port.onAnswer = () => host.complete(a2p);
  if (p2a !== undefined) port.onP2a = () => host.complete(p2a);
  let closing: Promise<void> | undefined;
  const close = async () => {
    port.onAnswer = undefined;
    port.onP2a = undefined;
    port.close();
  };
  const { resolve } = port;
  return {
    instance: port.instance,
    a2p: { traits, row: a2p, ring: () => port.doorbell() },
    ...(p2a === undefined ? {} : { p2a: p2aChannel(port, p2a, traits) }),
    ...(resolve ? { resolve: (address: bigint, byteLength: number) => port.resolve?.(address, byteLength) } : {}),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function p2aChannel(port: LoopbackPort, row: number, traits: ChannelTraits): Channel {
  return { traits, row, ring: () => {}, freed: () => port.p2aFreed() };
}
