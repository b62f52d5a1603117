import { createServer, type Server, type Socket } from "node:net";
import type { Command } from "commander";
import type { Board } from "../board/index.ts";
import { nodeStream, StreamServer, type StreamServerCounters } from "../firmware/index.ts";
import { realClock } from "../index.ts";
import type { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import { type Address, addressText, listenHost, parseHostPort } from "./address.ts";
import { type CliContext, UsageError } from "./context.ts";
import { type BoardChoice, collect, openBoard } from "./open-board.ts";
import { agentOf, parseProfile } from "./platform-options.ts";
import { type Guests, guestsAsText, serveGuests, serveGuestsInThread } from "./serve-guests.ts";
import { openServed } from "./served-platform.ts";
import { listenAt } from "./socket-path.ts";
import { expectTraceFile, TRACE_OPTION } from "./trace-file.ts";

interface ServeOptions extends BoardChoice {
  readonly socket?: string;
  readonly listen?: string;
  readonly allowRemote?: true;
  readonly vhostUser?: string;
  readonly lowLatency?: true;
  readonly profile: Release;
  readonly agent: string;
  readonly trace?: string;
  readonly json?: true;
}

const HELP = `
On --socket and --listen, each message travels behind its length: u32, little-endian, counting header and payload. Answers, delayed responses and
notifications come back on the same connection, after the answer to the command that caused them. Any number of clients may connect; all
of them are the same agent. Neither they nor guests share memory with the platform, so all are offered no FastChannels and no statistics.
With --low-latency guests are served by a thread that does nothing else, sooner and steadier; its platform has no other clients.
SIGINT or SIGTERM ends the server: it prints its counters, removes the socket and exits with 0.

BOARD is a board file, or a device tree blob: then the platform is the one behind its first SCMI instance, or behind --instance NODE.
Nothing tells clients apart or keeps strangers out: --listen takes addresses of this machine only, unless --allow-remote is given.

Examples:
  scmi serve examples/boards/example.yaml --socket /tmp/scmi.sock --profile 2.0
  scmi serve examples/boards/example.yaml --vhost-user /tmp/guest.sock --low-latency
  scmi call --connect unix:/tmp/scmi.sock base discover-vendor
  scmi serve board.dtb --instance /firmware/scmi-1 --listen localhost:5599
  scmi call --connect tcp:localhost:5599 clock rate-get 0`;

/** `scmi serve` */
export function addServe(program: Command, context: CliContext): void {
  program
    .command("serve")
    .description("serve a simulated platform to other processes")
    .argument("<board>", "device tree blob, or board file (YAML or JSON)")
    .option("--socket <path>", "Unix socket to listen on; a stale file there is replaced")
    .option("--listen <host:port>", "TCP address of this machine to listen on; port 0 = any that is free")
    .option("--allow-remote", "let --listen take addresses that other machines reach")
    .option("--vhost-user <path>", "Unix socket for guests of QEMU and User Mode Linux; needs the package koffi")
    .option(
      "--low-latency",
      "serve guests in a thread of their own, which waits for nothing else; without --socket and --listen",
    )
    .option("--instance <node>", "SCMI instance of a device tree, by the path of its node (default: the first)")
    .option("--board-file <[node=]file>", "what a device tree cannot say; may be given for several instances", collect)
    .option("--profile <release>", "release of SCMI that the platform looks like", parseProfile, "3.2")
    .option("--agent <agent>", "agent that clients are, by number or name", "1")
    .option(TRACE_OPTION.flags, TRACE_OPTION.description)
    .option("--json", "print NDJSON: one object when listening, one with the counters at the end")
    .addHelpText("after", HELP)
    .action((path: string, options: ServeOptions) => {
      const { socket, listen, vhostUser, lowLatency, trace } = options;
      if (socket === undefined && listen === undefined && vhostUser === undefined) {
        throw new UsageError("expected --socket, --listen or --vhost-user");
      }
      if (socket !== undefined && listen !== undefined) throw new UsageError("expected --socket or --listen, got both");
      if (lowLatency && (vhostUser === undefined || socket !== undefined || listen !== undefined)) {
        throw new UsageError("--low-latency: expected --vhost-user alone: its platform serves nobody but guests");
      }
      if (trace !== undefined) expectTraceFile(trace);
      return serve(openBoard(path, options), options, context);
    });
}

/** A way in, which is open until it is closed. */
interface Door {
  readonly address: Address;
  readonly counters: StreamServerCounters;
  close(): Promise<void>;
}

async function serve(board: Board, options: ServeOptions, context: CliContext): Promise<void> {
  const { signal, print, complain } = context;
  const { socket, listen, vhostUser, profile, json } = options;
  const agent = agentOf(board, options.agent);
  const served = options.lowLatency ? undefined : await openServed(board, options, realClock, context);
  let streams: Door | undefined;
  let guests: Guests | undefined;
  try {
    if (served && (socket !== undefined || listen !== undefined)) {
      streams = await serveStreams(served.platform, agent.id, options, complain);
    }
    if (vhostUser !== undefined) {
      guests = served
        ? await serveGuests(served.platform, agent.id, vhostUser, complain)
        : await serveGuestsInThread({ board, profile, agentId: agent.id, trace: options.trace }, vhostUser, complain);
    }
    const place = streams && placeOf(streams.address);
    const hello = {
      event: "listening",
      ...place,
      ...(vhostUser ? { vhostUser, lowLatency: options.lowLatency ?? false } : {}),
      board: board.file,
      profile,
      agent,
    };
    const where = [...(streams ? [addressText(streams.address)] : []), ...(vhostUser ? [vhostUser] : [])].join(" and ");
    print(
      json
        ? JSON.stringify(hello)
        : `listening on ${where}: ${board.file}, SCMI ${profile}, clients are agent ${agent.id} (${agent.name})`,
    );
    await Promise.race([aborted(signal), ...(guests ? [guests.ended] : [])]);
    await streams?.close();
    await guests?.close();
    const seen = await guests?.counters();
    const counters = {
      ...(streams ? { counters: streams.counters } : {}),
      ...(seen ? { guests: seen } : {}),
    };
    if (json) print(JSON.stringify({ event: "stopped", ...counters }));
    if (!json && streams) print(asText(streams.counters));
    if (!json && seen) print(guestsAsText(seen));
  } finally {
    await guests?.close();
    await streams?.close();
    served?.close();
  }
}

async function serveStreams(
  platform: Platform,
  agentId: number,
  options: ServeOptions,
  complain: (line: string) => void,
): Promise<Door> {
  const server = new StreamServer(platform, {
    agentId,
    onGone: ({ id }, outcome) => {
      if (outcome === "garbage" || outcome === "slow") complain(`scmi: client ${id} was cut: ${REASONS[outcome]}`);
    },
  });
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    server.serve(nodeStream(socket));
  });
  const address = await listenOn(listener, options);
  let closing: Promise<void> | undefined;
  return {
    address,
    get counters() {
      return server.counters;
    },
    close() {
      server.close();
      closing ??= stopped(listener, sockets);
      return closing;
    },
  };
}

/** Starts to listen where the options say, and tells where that is. */
async function listenOn(listener: Server, { socket, listen = "", allowRemote }: ServeOptions): Promise<Address> {
  if (socket !== undefined) {
    await listenAt(listener, socket);
    return { kind: "unix", path: socket };
  }
  const { host, port } = parseHostPort("--listen", listen);
  const address = await listenHost(host, allowRemote ?? false);
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (cause) => reject(new Error(`${listen}: cannot listen: ${cause.message}`, { cause })));
    listener.listen({ host: address, port }, resolve);
  });
  const bound = listener.address();
  return { kind: "tcp", host: address, port: typeof bound === "object" && bound ? bound.port : port };
}

function placeOf(address: Address) {
  return address.kind === "unix" ? { socket: address.path } : { host: address.host, port: address.port };
}

const REASONS = {
  garbage: "it sent a length that no message has",
  slow: "it did not read what was sent to it",
} as const;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Closes the socket, which removes its file, and does not wait for clients that do not hang up. */
function stopped(listener: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    listener.close(() => resolve());
    for (const socket of sockets) socket.destroySoon();
  });
}

function asText(counters: StreamServerCounters): string {
  const { clients, refused, ended, truncated, garbage, slow, broken, closed } = counters;
  const gone = { ended, truncated, garbage, slow, broken, closed, refused };
  const ways = Object.entries(gone)
    .filter(([, count]) => count > 0)
    .map(([way, count]) => `${count} ${way}`);
  const { received, receivedBytes, responses, delayedResponses, notifications, sentBytes } = counters;
  return [
    `clients        ${clients}${ways.length > 0 ? ` (${ways.join(", ")})` : ""}`,
    `received       ${received} messages, ${receivedBytes} bytes`,
    `sent           ${responses} responses, ${delayedResponses} delayed, ${notifications} notifications, ${sentBytes} bytes`,
  ].join("\n");
}
