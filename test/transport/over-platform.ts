import type { Board } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { SmtServer, type SmtServerOptions } from "../../src/firmware/index.ts";
import { type MessagePort, type MessageSink, Platform } from "../../src/platform/index.ts";
import { boardFile } from "../platform/kit.ts";

/** A simulated platform behind shared memory. */
export interface PlatformStage {
  readonly core: Core;
  readonly clock: SimulatedClock;
  readonly platform: Platform;
  readonly server: SmtServer;
  /** Memory that the platform names, as an agent of the same core finds it. */
  readonly resolve: (address: bigint, byteLength: number) => number | undefined;
}

/** Brings the example board up, with a server of areas for its first agent. */
export function platformStage(options: Omit<SmtServerOptions, "clock"> = {}): PlatformStage {
  const board: Board = boardFile("example");
  const core = Core.createSync({
    capacity: {
      ...Platform.capacityFor(board, { connections: 8 }),
      instances: 16,
      xfers: 256,
      channels: 32,
      areas: 32,
    },
  });
  const clock = new SimulatedClock();
  const platform = Platform.open(core, board, { clock });
  let port: MessagePort | undefined;
  const connect = (sink: MessageSink) => {
    port = platform.connectMessages(1, sink);
    return port;
  };
  const server = new SmtServer(connect, { clock, ...options });
  return { core, clock, platform, server, resolve: (address, bytes) => port?.resolve(address, bytes) };
}

/** Waits for a promise and moves the clock on whenever nothing else moves. */
export async function drive<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  for (let turn = 0; turn < 10_000; turn++) {
    for (let i = 0; i < 60; i++) await Promise.resolve();
    if (isOver || !clock.advanceToNext()) break;
  }
  return promise;
}
