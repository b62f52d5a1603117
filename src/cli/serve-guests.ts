import type { Platform } from "../platform/index.ts";
import { type VhostUserCounters, VhostUserServer } from "../vhost-user/index.ts";
import { makeWay } from "./socket-path.ts";

/** Serves guests of emulators at a socket.
 *  @param complain hears of front ends that were sent away */
export async function serveGuests(
  platform: Platform,
  agentId: number,
  path: string,
  complain: (line: string) => void,
): Promise<VhostUserServer> {
  await makeWay(path);
  return VhostUserServer.listen((sink) => platform.connectMessages(agentId, sink), path, {
    onGone: (outcome, reason) => {
      if (outcome === "refused") complain(`scmi: ${path}: a front end was sent away: ${reason?.message}`);
    },
  });
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
