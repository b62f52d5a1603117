import { connect, type Socket } from "node:net";
import { Agent, type CallOptions, Core, realClock, type Transport } from "../index.ts";
import { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import { loopback } from "../transport/loopback.ts";
import { type RawOptions, raw } from "../transport/raw.node.ts";
import { nodeStream, stream } from "../transport/stream.ts";
import { type Address, addressText, parseAddress } from "./address.ts";
import { UsageError } from "./context.ts";
import { type BoardChoice, openBoard } from "./open-board.ts";
import { agentOf } from "./platform-options.ts";

/** Whom an agent is opened to: a platform of its own, one in another process, or the firmware of this machine. */
export type Target =
  | (BoardChoice & { readonly kind: "board"; readonly path: string; readonly profile: Release; readonly agent: string })
  | { readonly kind: "connect"; readonly address: string };

/** What `--connect` takes. */
const ADDRESSES = "expected unix:PATH, tcp:HOST:PORT or raw:INSTANCE";

/** An agent with everything behind it. */
export interface OpenedAgent {
  readonly agent: Agent;
  close(): Promise<void>;
}

/** Large enough for any platform that is met, and small enough for a table of them. */
const CAPACITY = {
  maxPayload: 16_384,
  xfers: 32,
  batchEntries: 0,
  p2aEntries: 64,
  traceEntries: 0,
  claims: 1,
} as const;

/** Opens an agent, which asks Base who is there.
 *  @throws UsageError for an address of a kind that there is not */
export async function openAgent(target: Target, options: CallOptions): Promise<OpenedAgent> {
  if (target.kind === "board") return openLocal(target, options);
  const { address } = target;
  return address.startsWith("raw:") ? openRaw(address, options) : openRemote(address, options);
}

async function openLocal(target: Target & { kind: "board" }, options: CallOptions): Promise<OpenedAgent> {
  const { path, profile } = target;
  const board = openBoard(path, target);
  const { id } = agentOf(board, target.agent);
  const core = await Core.open({ capacity: Platform.capacityFor(board, { profile }) });
  const platform = Platform.open(core, board, { profile, clock: realClock });
  try {
    const agent = await Agent.open(core, loopback(platform.connect(id)), { ...options, clock: realClock });
    return {
      agent,
      async close() {
        await agent.close();
        platform.close();
      },
    };
  } catch (reason) {
    platform.close();
    throw reason;
  }
}

async function openRemote(address: string, options: CallOptions): Promise<OpenedAgent> {
  const place = parseAddress("--connect", address);
  if (!place) throw new UsageError(`--connect ${address}: ${ADDRESSES}`);
  const core = await Core.open({ capacity: CAPACITY });
  let socket: Socket | undefined;
  const transport: Transport = stream(async (signal) => {
    socket = await connected(place, signal);
    return nodeStream(socket);
  });
  try {
    const agent = await Agent.open(core, transport, { ...options, clock: realClock });
    return {
      agent,
      async close() {
        await agent.close();
        socket?.destroySoon(); // a server that does not hang up would keep us here
      },
    };
  } catch (reason) {
    socket?.destroy();
    throw reason;
  }
}

async function openRaw(address: string, options: CallOptions): Promise<OpenedAgent> {
  const transport = raw(rawOptionsOf(address));
  const core = await Core.open({ capacity: CAPACITY });
  const agent = await Agent.open(core, transport, { ...options, clock: realClock });
  return { agent, close: () => agent.close() };
}

function rawOptionsOf(address: string): RawOptions {
  const [, instance, root] = /^raw:(\d+|\/[^@]+)(?:@(.+))?$/.exec(address) ?? [];
  if (instance === undefined) throw new UsageError(`--connect ${address}: ${ADDRESSES}`);
  return { instance: /^\d+$/.test(instance) ? Number(instance) : instance, ...(root === undefined ? {} : { root }) };
}

function connected(address: Address, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const place = address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
    const socket = connect({ ...place, ...(signal ? { signal } : {}) });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) => {
      if (signal?.aborted) reject(signal.reason);
      else reject(new Error(`${addressText(address)}: cannot connect: ${explained(cause)}`, { cause }));
    });
  });
}

function explained(cause: Error): string {
  const code = "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "there is no such socket; is `scmi serve` running?";
  if (code === "ECONNREFUSED") return "nobody listens there";
  return cause.message;
}
