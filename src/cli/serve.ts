import { createServer, type Server, type Socket } from "node:net";
import type { Command } from "commander";
import type { Board } from "../board/index.ts";
import { nodeStream, StreamServer, type StreamServerCounters } from "../firmware/index.ts";
import { Core, realClock } from "../index.ts";
import { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import type { VhostUserServer } from "../vhost-user/index.ts";
import { type CliContext, UsageError } from "./context.ts";
import { openBoard } from "./open-board.ts";
import { agentOf, parseProfile } from "./platform-options.ts";
import { guestsAsText, serveGuests } from "./serve-guests.ts";
import { listenAt } from "./socket-path.ts";
import { openTraceFile, TRACE_CAPACITY, TRACE_OPTION } from "./trace-file.ts";

interface ServeOptions {
  readonly socket?: string;
  readonly vhostUser?: string;
  readonly profile: Release;
  readonly agent: string;
  readonly trace?: string;
  readonly json?: true;
}

/** As many clients at once as a core is given room for; further ones are turned away. */
const CLIENTS = 1024;

const HELP = `
On --socket, each message travels behind its length: u32, little-endian, counting header and payload. Answers, delayed responses and
notifications come back on the same connection, after the answer to the command that caused them. Any number of clients may connect; all
of them are the same agent. Neither they nor guests share no memory with the platform, so all are offered no FastChannels and no statistics.
SIGINT or SIGTERM ends the server: it prints its counters, removes the socket and exits with 0.

Example:
  scmi serve examples/boards/example.yaml --socket /tmp/scmi.sock --profile 2.0
  scmi serve examples/boards/example.yaml --vhost-user /tmp/guest.sock
  scmi call --connect unix:/tmp/scmi.sock base discover-vendor`;

/** `scmi serve` */
export function addServe(program: Command, context: CliContext): void {
  program
    .command("serve")
    .description("serve a simulated platform to other processes")
    .argument("<board>", "board file (YAML or JSON)")
    .option("--socket <path>", "Unix socket to listen on; a stale file there is replaced")
    .option("--vhost-user <path>", "Unix socket for guests of QEMU and User Mode Linux; needs the package koffi")
    .option("--profile <release>", "release of SCMI that the platform looks like", parseProfile, "3.2")
    .option("--agent <agent>", "agent that clients are, by number or name", "1")
    .option(TRACE_OPTION.flags, TRACE_OPTION.description)
    .option("--json", "print NDJSON: one object when listening, one with the counters at the end")
    .addHelpText("after", HELP)
    .action((path: string, options: ServeOptions) => serve(openBoard(path), options, context));
}

/** A way in, which is open until it is closed. */
interface Door {
  readonly counters: StreamServerCounters;
  close(): Promise<void>;
}

async function serve(board: Board, options: ServeOptions, context: CliContext): Promise<void> {
  const { signal, print, complain } = context;
  const { socket, vhostUser, profile, json } = options;
  if (socket === undefined && vhostUser === undefined) throw new UsageError("expected --socket, --vhost-user or both");
  const agent = agentOf(board, options.agent);
  // Nobody shares memory with a process elsewhere: neither areas nor FastChannels are wanted.
  const shared = { profile, sharesMemory: false } as const;
  const capacity = Platform.capacityFor(board, { ...shared, connections: CLIENTS });
  const tracing = options.trace === undefined ? { traceEntries: 0 } : TRACE_CAPACITY;
  const core = await Core.open({ capacity: { ...capacity, ...tracing, areas: 1, fastChannels: 1 } });
  const trace = options.trace === undefined ? undefined : openTraceFile(options.trace, context);
  trace?.attach(core, { side: "platform", clock: realClock });
  const platform = Platform.open(core, board, { ...shared, clock: realClock });
  let streams: Door | undefined;
  let guests: VhostUserServer | undefined;
  try {
    if (socket !== undefined) streams = await serveStreams(platform, agent.id, socket, complain);
    if (vhostUser !== undefined) guests = await serveGuests(platform, agent.id, vhostUser, complain);
    const paths = { ...(socket ? { socket } : {}), ...(vhostUser ? { vhostUser } : {}) };
    const hello = { event: "listening", ...paths, board: board.file, profile, agent };
    const where = Object.values(paths).join(" and ");
    print(
      json
        ? JSON.stringify(hello)
        : `listening on ${where}: ${board.file}, SCMI ${profile}, clients are agent ${agent.id} (${agent.name})`,
    );
    await aborted(signal);
    await streams?.close();
    await guests?.close();
    const counters = {
      ...(streams ? { counters: streams.counters } : {}),
      ...(guests ? { guests: guests.counters } : {}),
    };
    if (json) print(JSON.stringify({ event: "stopped", ...counters }));
    if (!json && streams) print(asText(streams.counters));
    if (!json && guests) print(guestsAsText(guests.counters));
  } finally {
    await guests?.close();
    await streams?.close();
    platform.close();
    trace?.close();
  }
}

async function serveStreams(
  platform: Platform,
  agentId: number,
  path: string,
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
  await listenAt(listener, path);
  let closing: Promise<void> | undefined;
  return {
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
