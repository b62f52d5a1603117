import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Agent } from "../../src/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { Clock, Performance, Power, Powercap, RELEASE_NAMES, Reset, Sensor } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile, boardOf } from "./kit.ts";

// The two halves together; what each does alone is pinned by bytes elsewhere.

/** What a promise becomes while time goes by. */
async function settled<T>(promise: Promise<T>, clock: SimulatedClock): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  for (let turn = 0; !isOver && turn < 1000; turn++) {
    await Promise.resolve();
    clock.advance(0.01);
  }
  return promise;
}

describe.each(RELEASE_NAMES)("an agent at a platform of release %s", (profile) => {
  test("finds all that the board has, uses it, and leaves nothing behind", async () => {
    const board = boardFile("example");
    const clock = new SimulatedClock();
    const core = Core.createSync({
      capacity: { ...Platform.capacityFor(board, { profile, connections: 3 }), xfers: 64 },
    });
    const platform = Platform.open(core, board, { profile, clock });
    const agent = await Agent.open(core, loopback(platform.connect(1)), { clock });
    const performance = await agent.protocol(Performance);
    const clocks = await agent.protocol(Clock);
    const domains = await performance.describeAll();
    expect(domains.map(({ levels }) => levels.length)).toEqual([4, 4, 3, 2, 2]);
    const hasLongNames = profile === "3.1" || profile === "3.2";
    expect(domains[2]?.name).toBe(hasLongNames ? "graphics-processor-shader-cores" : "graphics-proces");
    expect((await clocks.describeAll()).length).toBe(6);

    await performance.setLevel(0, 1800, { via: "message" });
    expect(platform.performance.level(0)).toBe(1800);
    expect(await performance.getLevel(0)).toBe(1800);
    performance.setLevelPolled(2, domains[2]?.levels[2]?.levelIndex ?? 412);
    await clocks.setRate(2, 250e6);
    expect(clocks.getRatePolled(2)).toBe(200e6);
    expect(await settled(clocks.setRateAsync(1, 700e6), clock)).toBe(700e6);
    const watch = performance.watchLimits(0);
    const next = watch[Symbol.asyncIterator]().next();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    platform.performance.setLimits(0, { max: 1000, min: 600 });
    expect((await next).value).toEqual({ agentId: 0, domainId: 0, rangeMax: 1000, rangeMin: 600 });
    await performance.setLevel(0, 600); // by FastChannel, from 2.0 on
    clock.advance(4);
    expect(platform.performance.level(0)).toBe(600);

    await agent.close();
    platform.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(clock.pending).toBe(0);
  });
});

test("an agent that is kept from the first resource of a protocol watches all the others", async () => {
  const two = (more: object) => [
    { name: "secret", ...more },
    { name: "open", ...more },
  ];
  const range = { lowest: 1, highest: 2 };
  const board = boardOf({
    devices: [
      {
        id: 1,
        ...{ power: ["secret"], performance: ["secret"], clocks: ["secret"], sensors: ["secret"] },
        ...{ resets: ["secret"], powercap: ["secret"], deniedAgents: ["OSPM"] },
      },
    ],
    power: { domains: two({ notifyChanged: true, notifyRequested: true }) },
    performance: { domains: two({ levels: [{ level: 1 }], notifyLevel: true, notifyLimits: true }) },
    clock: { clocks: two({ rates: [1], notifyChanged: true, notifyRequested: true }) },
    sensor: { sensors: two({ tripPoints: 1, continuousUpdates: true }) },
    reset: { domains: two({ notify: true }) },
    powercap: { domains: two({ caps: range, paisUs: range, notifyCap: true, notifyMeasurements: true }) },
  });
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: Platform.capacityFor(board) });
  const platform = Platform.open(core, board, { clock });
  const agent = await Agent.open(core, loopback(platform.connect(1)), { clock });
  const performance = await agent.protocol(Performance);
  const power = await agent.protocol(Power);
  const clocks = await agent.protocol(Clock);
  const sensors = await agent.protocol(Sensor);
  const resets = await agent.protocol(Reset);
  const powercap = await agent.protocol(Powercap);
  for (const watch of [
    power.watchState(),
    power.watchStateRequests(),
    performance.watchLevel(),
    performance.watchLimits(),
    clocks.watchRate(),
    clocks.watchRateRequests(),
    sensors.watchTripPoints(),
    sensors.watchUpdates(),
    resets.watchResets(),
    powercap.watchCap(),
    powercap.watchMeasurements(undefined, { low: 1, high: 2 }),
  ]) {
    await watch.ready;
    await watch.return();
  }
  await agent.close();
});
