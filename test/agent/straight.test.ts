import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { Polled } from "../../src/agent/polled.ts";
import { parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { Clock, Performance } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { Random } from "../support/random.ts";

const LEVELS = [300, 1200, 0xffff_fffe];
const RATES = [24e6, 6e9];
const STEPS = 250;

const board = parseBoard(
  {
    vendor: "test",
    agents: [{ name: "OSPM" }, { name: "other" }],
    performance: {
      domains: [
        { name: "quick", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM", setLimits: ["OSPM"] },
        // The host serves it, in its own time
        { name: "slow", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM", transitionUs: 10 },
      ],
    },
    clock: { asyncDepth: 2, clocks: [{ name: "pll", rates: RATES, asyncLatencyUs: 1000 }] },
  },
  { file: "test" },
);

/** Two agents of one core: polled and awaited calls, callers that give up, a platform that is late, traces, memory that moves. */
async function play(seed: number) {
  const random = new Random(seed);
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board, { connections: 2 }), traceEntries: 64 } });
  const platform = Platform.open(core, board, { clock });
  let latencyMs = 0;
  const open = async (id: number) => {
    const port = platform.connect(id);
    const ring = port.doorbell.bind(port);
    port.doorbell = () => void (latencyMs === 0 ? ring() : clock.after(latencyMs, ring));
    const agent = await Agent.open(core, loopback(port), { clock });
    return { agent, performance: await agent.protocol(Performance), clocks: await agent.protocol(Clock) };
  };
  const agents = [await open(1), await open(2)] as const;
  const log: unknown[] = [];
  const polled = (run: () => unknown) => {
    try {
      log.push(run() ?? "done");
    } catch (reason) {
      log.push(String(reason));
    }
  };
  const awaited = (answer: Promise<unknown>) =>
    void answer.then(
      (value) => log.push(["awaited", value]),
      (reason) => log.push(["awaited", String(reason)]),
    );
  for (let i = 0; i < STEPS; i++) {
    const { performance, clocks } = random.pick(agents);
    const [id, level, rateHz] = [random.below(2), random.pick([5, ...LEVELS]), random.pick(RATES)];
    const giveUp = new AbortController();
    const moves: readonly (() => unknown)[] = [
      () => polled(() => performance.setLevelPolled(id, level)),
      () => polled(() => performance.getLevelPolled(id)),
      () => polled(() => performance.setLimitsPolled(id, level, 300)),
      () => polled(() => clocks.setRatePolled(0, rateHz)),
      () => awaited(performance.getLevel(id)),
      () => awaited(clocks.setRateAsync(0, rateHz, { timeoutMs: 1 + random.below(5) })),
      () => awaited(performance.setLevel(id, level, { signal: giveUp.signal })),
      () => clock.advance(random.below(20)),
      () => core.observe({ trace: random.chance(30) }),
      () => core.fork().dispose(),
      () => {
        latencyMs = random.pick([0, 0, 5, 50]);
      },
    ];
    random.pick(moves)();
    if (random.chance(30)) giveUp.abort(new Error("gone"));
    if (random.chance(50)) await Promise.resolve();
    log.push([platform.performance.level(0), platform.performance.level(1), platform.clock.rate(0)]);
  }
  latencyMs = 0;
  clock.advance(5000);
  for (const { agent } of agents) {
    log.push(agent.counters);
    await agent.close();
  }
  return { log, leaks: core.leaks() };
}

/** The same without the straight way. */
async function playLong(seed: number) {
  const { tryWords } = Polled.prototype;
  Polled.prototype.tryWords = () => undefined;
  try {
    return await play(seed);
  } finally {
    Polled.prototype.tryWords = tryWords;
  }
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "polled calls come to the same without the straight way, whatever goes on beside them, seed %i",
  async (seed) => {
    const straight = await play(seed);
    expect(straight).toEqual(await playLong(seed));
    expect(straight.leaks).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  },
);
