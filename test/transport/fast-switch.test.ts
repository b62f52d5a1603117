import { createHook } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { TraceRing } from "../../src/core/trace-ring.ts";
import { StatusError } from "../../src/errors.ts";
import { Random } from "../support/random.ts";
import { type FastSwitch, LEVELS, openFastSwitch, RATES, VOLTAGES, WAYS } from "./fast-switch-kit.ts";

const SEED = 20_260_711;
const STEPS = 250;

/** What a polled call came to: its value, or how it failed. */
type Outcome = string;

/** Who looks on while the agent asks. */
type Watcher = "nobody" | "observers" | "statistics" | "a trace";

const OTHERS = Object.keys(WAYS).filter((way) => way !== "loopback");

describe.each(Object.keys(WAYS))("a polled set over %s", (way) => {
  test("is over when it returns, without a promise", async () => {
    const { performance, clocks, voltages, platform, agent } = await openFastSwitch(way);
    let promises = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === "PROMISE") promises++;
      },
    });
    const seen: (number | bigint)[] = [];
    hook.enable();
    try {
      performance.setLevelPolled(0, 1400);
      seen.push(platform.performance.level(0));
      performance.setLimitsPolled(0, 1800, 1000);
      seen.push(performance.getLimitsPolled(0, { rangeMax: 0, rangeMin: 0 }).rangeMin);
      clocks.setRatePolled(0, 96e6);
      seen.push(platform.clock.rate(0), clocks.getRatePolled(0));
      voltages.setLevelPolled(0, 900_000);
      seen.push(platform.voltage.level(0), voltages.getLevelPolled(0));
      seen.push(performance.getLevelPolled(0));
    } finally {
      hook.disable();
    }
    expect(promises).toBe(0);
    expect(seen.map(Number)).toEqual([1400, 1000, 96e6, 96e6, 900_000, 900_000, 1400]);
    await agent.close();
    platform.close();
  });
});

describe("a polled set of a platform that takes its time", () => {
  test("waits for the answer by moving the simulated time", async () => {
    const latency = { ms: 0 };
    const { performance, platform, clock } = await openFastSwitch("mailbox", { latency });
    latency.ms = 7;
    const start = clock.now();
    performance.setLevelPolled(0, 1400);
    expect([platform.performance.level(0), clock.now() - start]).toEqual([1400, 7e6]);
  });

  test("ends at the deadline, and the late answer meets nobody", async () => {
    const latency = { ms: 0 };
    const { performance, platform, clock, agent } = await openFastSwitch("mailbox", { latency });
    latency.ms = 50;
    const start = clock.now();
    expect(() => performance.setLevelPolled(0, 1400)).toThrow(
      expect.objectContaining({ code: "SCMI_DEADLINE", phase: "response", timeoutMs: 30 }),
    );
    expect(clock.now() - start).toBe(30e6);
    expect(() => performance.setLevelPolled(0, 1000)).toThrow(expect.objectContaining({ reason: "busy" }));
    expect(() => performance.setLevelPolled(0, 1000)).toThrow("PERFORMANCE_LEVEL_SET: expected a free channel");
    clock.advance(20);
    expect(platform.performance.level(0)).toBe(1400);
    latency.ms = 0;
    performance.setLevelPolled(0, 1000);
    expect(platform.performance.level(0)).toBe(1000);
    expect(agent.counters).toMatchObject({ timeouts: 1, late: 1, malformed: 0, unexpected: 0 });
  });
});

describe.each(OTHERS)("over %s", (way) => {
  test.each<Watcher>(["nobody", "observers", "statistics", "a trace"])(
    "random polled calls come to the same as over loopback, watched by %s",
    async (watcher) => {
      const [theirs, ours] = [await play("loopback", watcher), await play(way, watcher)];
      const first = theirs.outcomes.findIndex((it, i) => it !== ours.outcomes[i]);
      expect([first, theirs.outcomes[first], ours.outcomes[first]]).toEqual([-1, undefined, undefined]);
      expect(ours.state).toEqual(theirs.state);
      expect(ours.counters).toEqual(theirs.counters);
      expect(ours.events).toEqual(theirs.events);
    },
  );
});

async function play(way: string, watcher: Watcher) {
  const stage = await openFastSwitch(way, { hasStatistics: watcher === "statistics" });
  const { core, platform, agent, clock } = stage;
  const events: unknown[] = [];
  if (watcher === "observers") {
    platform.on("levelChanged", (event) => events.push(["level", event]));
    platform.on("limitsChanged", (event) => events.push(["limits", event]));
    platform.on("rateChanged", (event) => events.push(["rate", event]));
    platform.on("voltageChanged", (event) => events.push(["voltage", event]));
  }
  const trace = new TraceRing(core);
  trace.isOn = watcher === "a trace";
  const random = new Random(SEED);
  const outcomes = Array.from({ length: STEPS }, () => {
    const outcome = step(stage, random);
    for (let entry = trace.take(); entry; entry = trace.take()) {
      // On whatever row: the header, what came of it and when
      events.push([entry.kind, entry.time, entry.header, entry.result, [...entry.payload]]);
    }
    return `${outcome}, ${events.length} heard`; // by then: nobody has to wait for the next command
  });
  clock.advance(1);
  const state = {
    levels: [0, 1, 2].map((domain) => platform.performance.level(domain)),
    limits: [0, 1, 2].map((domain) => platform.performance.limits(domain)),
    rate: platform.clock.rate(0),
    voltage: platform.voltage.level(0),
    leaks: { ...core.leaks(), xfers: 0 },
    statistics: watcher === "statistics" ? await statisticsOf(stage) : [],
  };
  const { counters } = agent;
  await agent.close();
  platform.close();
  return { outcomes, events, state, counters };
}

/** The bytes of the platform's statistics, which every agent finds at the same address. */
async function statisticsOf({ core, platform, performance }: FastSwitch): Promise<readonly number[]> {
  const { statisticsAddress: address, statisticsByteLength: byteLength } = await performance.getProtocolAttributes();
  const port = platform.connect(2);
  const offset = port.resolve(address, byteLength);
  port.close();
  if (offset === undefined || byteLength === 0) throw new Error("expected statistics, got none");
  return [...core.memory.bytes.subarray(core.base + offset, core.base + offset + byteLength)];
}

/** One call of a random kind, with values that are right, just wrong, or nonsense. */
function step({ performance, clocks, voltages, clock }: FastSwitch, random: Random): Outcome {
  const one = (values: readonly number[]) => random.pick(values);
  const domain = one([0, 0, 1, 2, 9]);
  const level = () => one([...LEVELS, 0, 1500, 0xffff_ffff]);
  const kind = random.below(10);
  const limits = { rangeMax: 0, rangeMin: 0 };
  switch (kind) {
    case 0:
      clock.advance(one([0.01, 0.1]));
      return "later";
    case 1:
    case 2:
      return outcomeOf(() => performance.setLevelPolled(domain, level()));
    case 3:
      return outcomeOf(() => performance.getLevelPolled(domain));
    case 4:
      return outcomeOf(() => performance.setLimitsPolled(domain, one([...LEVELS, 7]), one([0, ...LEVELS])));
    case 5:
      return outcomeOf(() => performance.getLimitsPolled(domain, limits));
    case 6:
      return outcomeOf(() => clocks.setRatePolled(one([0, 0, 3]), one([...RATES, 1, 50e6])));
    case 7:
      return outcomeOf(() => clocks.getRatePolled(one([0, 0, 3])));
    case 8:
      return outcomeOf(() => voltages.setLevelPolled(one([0, 0, 3]), one([...VOLTAGES, -1])));
    default:
      return outcomeOf(() => voltages.getLevelPolled(one([0, 0, 3])));
  }
}

function outcomeOf(call: () => unknown): Outcome {
  try {
    return JSON.stringify(call()) ?? "done";
  } catch (error) {
    // The token is part of the header that both sides agree on
    if (error instanceof StatusError) return `${error.message} ${error.token}`;
    return String(error);
  }
}
