import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { type VhostUserCounters, type VhostUserOutcome, VhostUserServer } from "../../src/vhost-user/index.ts";
import { boardFile } from "../platform/kit.ts";

type Gone = (outcome: VhostUserOutcome, reason: Error | undefined) => void;

/** A server with a platform behind it, wherever that is. */
export interface Serving {
  counters(): Promise<VhostUserCounters>;
  /** Sets the level of a performance domain, as the platform itself. */
  setLevel(domain: number, level: number): Promise<void>;
  /** Moves its simulated clock. */
  advance(ms: number): Promise<void>;
  /** What another connection of the same agent hears. */
  answers(requests: readonly Uint8Array[]): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}

/** The worker as it is built: a thread needs JavaScript. */
export async function builtWorker() {
  const { href } = new URL("../../dist/src/vhost-user/worker.node.js", import.meta.url);
  return (await import(href)) as typeof import("../../src/vhost-user/worker.node.ts");
}

async function quiet(path: string, onGone: Gone): Promise<Serving> {
  const board = boardFile("example");
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: Platform.capacityFor(board, { connections: 8, sharesMemory: false }) });
  const platform = Platform.open(core, board, { clock, sharesMemory: false });
  const server = await VhostUserServer.listen((sink) => platform.connectMessages(1, sink), path, { onGone });
  return {
    counters: async () => server.counters,
    setLevel: async (domain, level) => platform.performance.setLevel(domain, level),
    advance: async (ms) => clock.advance(ms),
    async answers(requests) {
      const answers: Uint8Array[] = [];
      const port = platform.connectMessages(1, { send: (message) => answers.push(message.slice()) });
      for (const request of requests) port.receive(request);
      port.close();
      return answers;
    },
    close: () => server.close().then(() => platform.close()),
  };
}

async function worker(path: string, onGone: Gone): Promise<Serving> {
  const { VhostUserWorker } = await builtWorker();
  const asking = new Map<number, (result: unknown) => void>();
  let nextId = 0;
  const source = { module: new URL("./thread.mjs", import.meta.url), data: { board: boardFile("example") } };
  const server = await VhostUserWorker.listen(source, path, {
    onGone,
    onMessage: (message) => {
      const { id, result } = message as { readonly id: number; readonly result: unknown };
      asking.get(id)?.(result);
      asking.delete(id);
    },
  });
  const ask = <T>(act: string, args: readonly unknown[]) =>
    new Promise<T>((resolve) => {
      asking.set(nextId, resolve as (result: unknown) => void);
      server.post({ id: nextId++, act, args });
    });
  return {
    counters: () => server.counters(),
    setLevel: (domain, level) => ask("setLevel", [domain, level]),
    advance: (ms) => ask("advance", [ms]),
    answers: (requests) => ask("answers", requests),
    close: () => server.close(),
  };
}

/** How a server can be run. */
export const MODES = { "on the main thread": quiet, "in a worker": worker } as const;
