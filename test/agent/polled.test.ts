import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { Clock, Performance, Power, Voltage } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import type { Transport, TransportHost } from "../../src/transport/transport.ts";
import { Random } from "../support/random.ts";

const LEVELS = [300, 1200, 0xffff_fffe];
/** Of more than 32 bits, too. */
const RATES = [24e6, 6e9, 2 ** 40 + 3];
const VOLTAGES = [-500_000, 0, 900_000];
const NUMBERS = [0, 1, 2, -1, 0.5, 5, 2 ** 32, 2 ** 53, Number.NaN, ...LEVELS, ...RATES, ...VOLTAGES];

const board = parseBoard(
  {
    vendor: "test",
    agents: [{ name: "OSPM" }],
    performance: {
      domains: [
        { name: "quick", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM", setLimits: ["OSPM"] },
        // The host serves it, in its own time
        { name: "slow", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM", transitionUs: 10 },
      ],
    },
    power: { domains: [{ name: "gpu" }] },
    clock: { clocks: [{ name: "pll", rates: RATES }] },
    voltage: { domains: [{ name: "vdd", levelsUv: VOLTAGES }] },
  },
  { file: "test" },
);

async function open(isObserved = false) {
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board, { connections: 1 }) } });
  const platform = Platform.open(core, board, { clock });
  const agent = await Agent.open(core, loopback(platform.connect(1)), { clock });
  const [performance, clocks, voltages, powers] = [
    await agent.protocol(Performance),
    await agent.protocol(Clock),
    await agent.protocol(Voltage),
    await agent.protocol(Power),
  ];
  if (isObserved) core.observe({ trace: true, events: true });
  return { core, platform, agent, performance, clocks, voltages, powers };
}

type Machine = Awaited<ReturnType<typeof open>>;

/** What a call makes of its arguments, of which it takes as many as it needs. */
const CALLS: readonly ((machine: Machine, id: number, one: number, other: number) => unknown)[] = [
  ({ performance }, id, level) => performance.setLevelPolled(id, level),
  ({ performance }, id) => performance.getLevelPolled(id),
  ({ performance }, id, max, min) => performance.setLimitsPolled(id, max, min),
  ({ performance }, id) => performance.getLimitsPolled(id, { rangeMax: 0, rangeMin: 0 }),
  ({ clocks }, id, rate) => clocks.setRatePolled(id, rate),
  ({ clocks }, id, rate) => clocks.setRatePolled(id, rate, "up"),
  ({ clocks }, id, rate) => clocks.setRatePolled(id, rate, "closest"),
  ({ clocks }, id) => clocks.getRatePolled(id),
  ({ voltages }, id, level) => voltages.setLevelPolled(id, level),
  ({ voltages }, id) => voltages.getLevelPolled(id),
  ({ powers }, id, state) => powers.setStatePolled(id, state),
  ({ powers }, id) => powers.getStatePolled(id),
];

function outcome(run: () => unknown): unknown {
  try {
    return run() ?? "done";
  } catch (reason) {
    return reason instanceof Error ? `${reason.name}: ${reason.message}` : reason;
  }
}

/** What the platform holds, asked behind the agent's back. */
function held({ platform }: Machine) {
  return {
    levels: [platform.performance.level(0), platform.performance.level(1)],
    rate: platform.clock.rate(0),
    levelUv: platform.voltage.level(0),
    state: platform.power.state(0),
  };
}

describe("a polled call on the straight way", () => {
  test.each([1, 2, 3, 4])("does what it does on the long one, whatever is asked for, seed %i", async (seed) => {
    const [straight, long] = [await open(), await open(true)];
    const random = new Random(seed);
    const seen = new Set<string>();
    for (let i = 0; i < 1500; i++) {
      const call = CALLS[random.below(CALLS.length)] as (typeof CALLS)[number];
      const id = random.below(10) < 8 ? random.below(2) : (NUMBERS[random.below(NUMBERS.length)] as number);
      const [one, other] = [NUMBERS[random.below(NUMBERS.length)], NUMBERS[random.below(NUMBERS.length)]] as number[];
      const [got, expected] = [straight, long].map((it) => outcome(() => call(it, id, one as number, other as number)));
      expect(got, `${call}: ${id}, ${one}, ${other}`).toEqual(expected);
      seen.add(String(got).split(/[:(]/)[0] as string);
      expect(held(straight)).toEqual(held(long));
      // What stands in the ring of events would keep the other one from going on
      long.core.observe({ trace: true });
    }
    expect([...seen].filter((it) => /Error/.test(it)).sort()).toEqual(["RangeError", "StatusError"]);
    const { sent, responses } = straight.agent.counters;
    expect([sent, responses]).toEqual([long.agent.counters.sent, long.agent.counters.responses]);
    expect(sent).toBeGreaterThan(500);
    for (const { agent, core } of [straight, long]) {
      await agent.close();
      expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    }
  });

  test.each(RATES)("carries a rate of %i Hz", async (rateHz) => {
    const { clocks, platform } = await open();
    clocks.setRatePolled(0, rateHz);
    expect(platform.clock.rate(0)).toBe(rateHz);
  });

  test.each(VOLTAGES)("carries a level of %i µV", async (levelUv) => {
    const { voltages, platform } = await open();
    voltages.setLevelPolled(0, levelUv);
    expect(platform.voltage.level(0)).toBe(levelUv);
    expect(voltages.getLevelPolled(0)).toBe(levelUv);
  });

  test("says what is wrong, by the name of the command", async () => {
    const { performance } = await open();
    expect(() => performance.setLevelPolled(0, 7)).toThrow(/PERFORMANCE_LEVEL_SET: .*OUT_OF_RANGE/);
    expect(() => performance.setLevelPolled(9, 300)).toThrow(/PERFORMANCE_LEVEL_SET: .*NOT_FOUND/);
    expect(() => performance.getLevelPolled(9)).toThrow(/PERFORMANCE_LEVEL_GET: .*NOT_FOUND/);
    expect(() => performance.setLevelPolled(0, -1)).toThrow(RangeError);
  });

  test("finds its way when the core's memory has moved", async () => {
    const { core, performance, platform } = await open();
    performance.setLevelPolled(0, 1200);
    core.fork().dispose();
    performance.setLevelPolled(0, 300);
    expect(platform.performance.level(0)).toBe(300);
  });

  test("names the command that a platform, still late with another one, keeps from its channel", async () => {
    const clock = new SimulatedClock();
    const core = Core.createSync({ capacity: Platform.capacityFor(board, { connections: 1 }) });
    const port = Platform.open(core, board, { clock }).connect(1);
    const agent = await Agent.open(core, loopback(port), { clock });
    const performance = await agent.protocol(Performance);
    Object.assign(port, { doorbell: () => {} });
    expect(() => performance.setLevelPolled(1, 300)).toThrow(expect.objectContaining({ code: "SCMI_DEADLINE" }));
    expect(() => performance.setLevelPolled(0, 300)).toThrow("PERFORMANCE_LEVEL_SET: expected a free channel");
    expect(() => performance.getLevelPolled(0)).toThrow("PERFORMANCE_LEVEL_GET: expected a free channel");
  });

  test("ends with its transport", async () => {
    const clock = new SimulatedClock();
    const core = Core.createSync({ capacity: Platform.capacityFor(board, { connections: 1 }) });
    const way = loopback(Platform.open(core, board, { clock }).connect(1));
    let fail: TransportHost["fail"] | undefined;
    const open: Transport["open"] = (host, signal) => {
      fail = (cause) => host.fail(cause);
      return way.open(host, signal);
    };
    const agent = await Agent.open(core, { kind: way.kind, open }, { clock });
    const performance = await agent.protocol(Performance);
    performance.setLevelPolled(0, 300);
    fail?.(new Error("cut"));
    expect(() => performance.setLevelPolled(0, 300)).toThrow(expect.objectContaining({ reason: "closed" }));
  });

  test("ends with its agent, and with its core", async () => {
    const closed = expect.objectContaining({ name: "ChannelError", reason: "closed" });
    const one = await open();
    await one.agent.close();
    expect(() => one.performance.setLevelPolled(0, 300)).toThrow(closed);
    const other = await open();
    other.core.dispose();
    expect(() => other.performance.setLevelPolled(0, 300)).toThrow(closed);
  });
});
