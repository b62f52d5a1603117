import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { ProtocolClass } from "../../src/agent/handle.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { ScmiError, UnsupportedError } from "../../src/errors.ts";
import { Platform } from "../../src/platform/index.ts";
import {
  Clock,
  Performance,
  Pinctrl,
  Power,
  Powercap,
  RELEASE_NAMES,
  RELEASES,
  Reset,
  Sensor,
  SystemPower,
  Voltage,
} from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile } from "../platform/kit.ts";

// An agent of each release against a platform of each release, over all ten protocols. An agent may know more than the platform, and then
// goes by the platform's version; or less, and then, before 3.2, cannot ask for its own layouts: what did not change works all the same.

const BOARD = boardFile("example");
const PAIRS = RELEASE_NAMES.flatMap((knows) => RELEASE_NAMES.map((profile) => [knows, profile] as const));
const OFF = 0x40000000;
const SECURE = 5;

interface Use {
  readonly type: ProtocolClass<unknown>;
  /** What works whatever the two know. */
  run(agent: Agent, clock: SimulatedClock): Promise<unknown>;
  /** What that comes to, by the board. */
  readonly expected: unknown;
  /** Resources by what both describe alike: needs one layout on both sides. */
  describe?(agent: Agent): Promise<number>;
  readonly count?: number;
  /** Versions whose descriptions have layouts of their own: they understand only each other. */
  layoutOf?(version: number): number;
}

function use<T>(type: ProtocolClass<T>, it: { run(api: T, clock: SimulatedClock): Promise<unknown> } & Shared<T>): Use {
  const { run, describe: describeIt, ...rest } = it;
  return {
    ...rest,
    type,
    run: async (agent, clock) => run(await agent.protocol(type), clock),
    ...(describeIt ? { describe: async (agent: Agent) => describeIt(await agent.protocol(type)) } : {}),
  };
}

interface Shared<T> {
  readonly expected: unknown;
  readonly count?: number;
  describe?(api: T): Promise<number>;
  layoutOf?(version: number): number;
}

const USES: readonly Use[] = [
  use(Power, {
    async run(power) {
      await power.setState(SECURE, OFF);
      return [await power.getState(SECURE), await power.getState(0)];
    },
    expected: [OFF, 0],
    describe: async (power) => (await power.describeAll()).length,
    count: 6,
  }),
  use(SystemPower, {
    run: (system) => system.getState().catch((reason) => reason.statusName),
    expected: "NOT_SUPPORTED",
  }),
  use(Performance, {
    async run(performance, clock) {
      await performance.setLevel(0, 1400);
      clock.advance(5);
      return [await performance.getLevel(0), await performance.getLimits(0)];
    },
    expected: [1400, { rangeMax: 1800, rangeMin: 600 }],
    describe: async (performance) => (await performance.describeAll()).length,
    count: 5,
    layoutOf: (version) => (version >= 0x40000 ? 20 : 12),
  }),
  use(Clock, {
    async run(clock) {
      await clock.setRate(2, 300e6);
      await clock.enable(SECURE);
      return [await clock.getRate(2), await clock.describeRates(0)];
    },
    expected: [300e6, { kind: "list", ratesHz: [24e6] }],
    describe: async (clock) => (await clock.describeAll()).length,
    count: 6,
  }),
  use(Sensor, {
    run: async (sensor) => (await sensor.getProtocolAttributes()).sensorCount,
    expected: 8,
    describe: async (sensor) => (await sensor.describeAll()).length,
    count: 8,
    layoutOf: (version) => (version >= 0x20000 ? 2 : 1),
  }),
  use(Reset, {
    run: (reset) => reset.reset(SECURE - 1),
    expected: undefined,
    describe: async (reset) => (await reset.describeAll()).length,
    count: 5,
  }),
  use(Voltage, {
    async run(voltage) {
      await voltage.setLevel(0, 850_000);
      return voltage.getLevel(0);
    },
    expected: 850_000,
    describe: async (voltage) => (await voltage.describeAll()).length,
    count: 6,
  }),
  use(Powercap, {
    run: (powercap) => powercap.getCap(1),
    expected: 15_000,
    describe: async (powercap) => (await powercap.describeAll()).length,
    count: 6,
  }),
  use(Pinctrl, {
    run: async (pins) => (await pins.getProtocolAttributes()).pinCount,
    expected: 7,
  }),
];

describe.each(PAIRS)("an agent of %s and a platform of %s", (knows, profile) => {
  test.each(USES.map((it) => [it.type.table.title, it] as const))("%s: what both know", async (_, it) => {
    const core = Core.createSync({ capacity: Platform.capacityFor(BOARD, { profile }) });
    const clock = new SimulatedClock();
    const platform = Platform.open(core, BOARD, { profile, clock });
    const odd: string[] = [];
    const agent = await Agent.open(core, loopback(platform.connect(1)), {
      ...{ clock, versions: RELEASES[knows] },
      onAnomaly: ({ kind }) => void odd.push(kind),
    });
    const { id } = it.type.table;
    const [ours, theirs] = [RELEASES[knows].get(id), RELEASES[profile].get(id)];
    if (ours === undefined || theirs === undefined) {
      await expect(agent.protocol(it.type)).rejects.toBeInstanceOf(UnsupportedError);
    } else {
      odd.length = 0;
      expect(await it.run(agent, clock)).toEqual(it.expected);
      expect(odd.includes("unnegotiated")).toBe(ours < theirs);
      const layoutOf = it.layoutOf ?? (() => 0);
      // Who knows more goes by the platform's layouts; who knows less reads them by its own
      const isAlike = layoutOf(Math.min(ours, theirs)) === layoutOf(theirs);
      const found = await it.describe?.(agent).catch((reason: unknown) => reason);
      if (isAlike) expect(found).toBe(it.count);
      else if (typeof found !== "number") expect(found).toBeInstanceOf(ScmiError);
    }
    await agent.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    platform.close();
    expect(clock.pending).toBe(0);
  });
});
