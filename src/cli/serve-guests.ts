import type { Board } from "../board/index.ts";
import type { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import { type VhostUserCounters, type VhostUserOutcome, VhostUserServer } from "../vhost-user/index.ts";
import { VhostUserWorker } from "../vhost-user/worker.node.ts";
import { makeWay } from "./socket-path.ts";

/** Guests that are served. */
export interface Guests {
  /** Fulfilled at the end; rejected when they can be served no longer. */
  readonly ended: Promise<void>;
  counters(): Promise<VhostUserCounters>;
  close(): Promise<void>;
}

/** What the thread behind `--low-latency` is told. */
export interface GuestThread {
  readonly board: Board;
  readonly profile: Release;
  readonly agentId: number;
  /** File to write a trace to. */
  readonly trace: string | undefined;
}

/** Serves guests of emulators at a socket, on this thread.
 *  @param complain hears of front ends that were sent away */
export async function serveGuests(
  platform: Platform,
  agentId: number,
  path: string,
  complain: (line: string) => void,
): Promise<Guests> {
  await makeWay(path);
  const server = await VhostUserServer.listen((sink) => platform.connectMessages(agentId, sink), path, {
    onGone: tellOf(path, complain),
  });
  return {
    ended: new Promise(() => {}),
    counters: () => Promise.resolve(server.counters),
    close: () => server.close(),
  };
}

/** The same, in a thread that opens the platform itself and does nothing else. */
export async function serveGuestsInThread(
  data: GuestThread,
  path: string,
  complain: (line: string) => void,
): Promise<Guests> {
  await makeWay(path);
  return VhostUserWorker.listen({ module: new URL("./serve-thread.js", import.meta.url), data }, path, {
    onGone: tellOf(path, complain),
    onMessage: (line) => complain(String(line)),
  });
}

function tellOf(path: string, complain: (line: string) => void) {
  return (outcome: VhostUserOutcome, reason: Error | undefined) => {
    if (outcome === "refused") complain(`scmi: ${path}: a front end was sent away: ${reason?.message}`);
  };
}

/** For people. */
export function guestsAsText(counters: VhostUserCounters): string {
  const { frontEnds, ended, refused, closed, refusedChains, malformed, overlong, dropped } = counters;
  const ways = Object.entries({ ended, refused, closed })
    .filter(([, count]) => count > 0)
    .map(([way, count]) => `${count} ${way}`);
  const { received, responses, delayedResponses, notifications } = counters;
  return [
    `front ends     ${frontEnds}${ways.length > 0 ? ` (${ways.join(", ")})` : ""}`,
    `received       ${received} messages; ${malformed} malformed, ${refusedChains} chains refused`,
    `sent           ${responses} responses, ${delayedResponses} delayed, ${notifications} notifications; ${dropped} dropped, ${overlong} too long`,
  ].join("\n");
}
