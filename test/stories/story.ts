import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Agent } from "../../src/agent/agent.ts";
import { type Board, parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform, type PlatformOptions } from "../../src/platform/index.ts";
import { loopback } from "../../src/transport/loopback.ts";

/** A platform, the agents of its board by name, and the time they live in. */
export interface Story {
  readonly platform: Platform;
  readonly clock: SimulatedClock;
  readonly agents: Readonly<Record<string, Agent>>;
  /** What odd things the agents reported. */
  readonly anomalies: readonly string[];
  /** Lets promises go on without moving time. */
  rest(): Promise<void>;
  /** What a promise becomes while simulated time goes by, in steps of 10 µs. */
  settled<T>(promise: Promise<T>): Promise<T>;
}

/** The small board of ours. */
export function exampleBoard(): Board {
  const file = "examples/boards/example.yaml";
  return parseBoard(parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")), { file });
}

/** The agent with a name. */
export function agentOf(agents: Story["agents"], name: string): Agent {
  const agent = agents[name];
  if (!agent) throw new TypeError(`"name" expected one of ${Object.keys(agents)}, got ${name}`);
  return agent;
}

/** Tells a story on the small board, and sees to it that nothing is left behind. */
export async function story(
  tell: (story: Story) => Promise<void>,
  options: Partial<PlatformOptions> = {},
): Promise<void> {
  const board = exampleBoard();
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board, options), xfers: 256 } });
  const platform = Platform.open(core, board, { ...options, clock });
  const anomalies: string[] = [];
  const agents: Record<string, Agent> = {};
  for (const [i, { name }] of board.agents.entries()) {
    agents[name] = await Agent.open(core, loopback(platform.connect(i + 1)), {
      clock,
      onAnomaly: ({ kind }) => void anomalies.push(`${name}: ${kind}`),
    });
  }
  const rest = async () => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  await tell({
    ...{ platform, clock, agents, anomalies, rest },
    async settled(promise) {
      let isOver = false;
      const over = () => {
        isOver = true;
      };
      promise.then(over, over);
      for (let turn = 0; !isOver && turn < 100_000; turn++) {
        await Promise.resolve();
        clock.advance(0.01);
      }
      return promise;
    },
  });
  for (const agent of Object.values(agents)) await agent.close();
  platform.close();
  const leaks = core.leaks();
  if (Object.values(leaks).some((count) => count > 0) || clock.pending > 0) {
    throw new Error(`left behind: ${JSON.stringify(leaks)}, ${clock.pending} timers`);
  }
}
