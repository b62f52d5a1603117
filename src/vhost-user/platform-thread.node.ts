import type { Board } from "../board/board.ts";
import { Core } from "../core/core.ts";
import { Platform } from "../platform/platform.ts";
import type { Release } from "../protocols/releases.ts";
import { serveInThread } from "./thread.node.ts";

/** What `VhostUserWorker.listen` is told of a platform that a thread makes by itself. */
export interface PlatformData {
  readonly board: Board;
  readonly profile: Release;
  readonly agentId: number;
  /** As many at once as the core has room for. */
  readonly guests: number;
}

// The module of a thread: importing it is running it
await serveInThread(async ({ data, clock }) => {
  const { board, profile, agentId, guests } = data as PlatformData;
  const options = { profile, sharesMemory: false } as const;
  const core = await Core.open({ capacity: Platform.capacityFor(board, { ...options, connections: guests }) });
  const platform = Platform.open(core, board, { ...options, clock });
  return { connect: (sink) => platform.connectMessages(agentId, sink), close: () => platform.close() };
});
