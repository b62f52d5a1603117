import type { Board } from "../board/index.ts";
import { type Clock, Core } from "../index.ts";
import { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import type { CliContext } from "./context.ts";
import { openTraceFile, TRACE_CAPACITY } from "./trace-file.ts";

/** What `scmi serve` is told of its platform. */
export interface ServedOptions {
  readonly profile: Release;
  /** File to write a trace to. */
  readonly trace?: string | undefined;
}

/** As many clients at once as a core is given room for; further ones are turned away. */
const CLIENTS = 1024;

/** Opens a platform for other processes. Nobody shares memory with a process elsewhere: neither areas nor FastChannels are wanted.
 *  @returns the platform, and what closes it and the trace */
export async function openServed(
  board: Board,
  { profile, trace: path }: ServedOptions,
  clock: Clock,
  context: Pick<CliContext, "complain">,
): Promise<{ readonly platform: Platform; close(): void }> {
  const shared = { profile, sharesMemory: false } as const;
  const capacity = Platform.capacityFor(board, { ...shared, connections: CLIENTS });
  const tracing = path === undefined ? { traceEntries: 0 } : TRACE_CAPACITY;
  const core = await Core.open({ capacity: { ...capacity, ...tracing, areas: 1, fastChannels: 1 } });
  const trace = path === undefined ? undefined : openTraceFile(path, context);
  trace?.attach(core, { side: "platform", clock });
  const platform = Platform.open(core, board, { ...shared, clock });
  return {
    platform,
    close() {
      platform.close();
      trace?.close();
    },
  };
}
