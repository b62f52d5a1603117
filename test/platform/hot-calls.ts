import * as layout from "../../assembly/layout.ts";
import type { Board } from "../../src/board/index.ts";
import type { Core } from "../../src/core/core.ts";
import { PROTOCOLS } from "../../src/protocols/index.ts";
import type { Random } from "../support/random.ts";
import { boardOf, PROTOCOL } from "./kit.ts";

const { BASE, CLOCK, PERFORMANCE, POWER, POWERCAP, SENSOR, VOLTAGE } = PROTOCOL;
const OFF = 0x4000_0000;

export const AGENTS = [{ name: "A" }, { name: "B", trusted: true }, { name: "C" }];
const NAMES = AGENTS.map(({ name }) => name);

/** A command of an agent, and its words. */
export type Call = readonly [agentId: number, protocolId: number, messageId: number, ...words: number[]];

/** `protocol << 8 | message` of every command that the message tables call hot, but for PROTOCOL_VERSION, which is the core's alone. */
export const HOT: ReadonlySet<number> = new Set(
  PROTOCOLS.flatMap(({ id, commands }) =>
    commands.filter((it) => it.isHot && it.id !== 0).map((it) => (id << 8) | it.id),
  ),
);

const CHANGING = PROTOCOLS.flatMap(({ id, commands }) =>
  commands.filter((it) => it.isHot && it.name.endsWith("_SET")).map((it) => (id << 8) | it.id),
);

/** What a hot command may be given, right as often as not. */
type Parameters = (random: Random) => readonly number[];

const domainOf: Parameters = (random) => [random.chance(95) ? random.pick([0, 0, 0, 1, 1, 2, 3, 4, 5]) : random.word()];
/** Levels of the boards below are multiples of ten, or indices. */
const level = (random: Random) =>
  random.weighted([
    [12, 10 * (1 + random.below(6))],
    [10, random.below(6)],
    [3, random.below(70)],
    [1, random.word()],
  ]);
const requested = (random: Random) => (random.chance(95) ? random.pick([0, 0, 0, 0, 0, 1, 2]) : random.word());

/** Every hot command, by name: {@link HOT} says which have to be here. */
export const PARAMETERS: Readonly<Record<number, Parameters>> = {
  [(POWER << 8) | 0x4]: (random) => [requested(random), ...domainOf(random), random.pick([0, 1, OFF, 0x8000_0000])],
  [(POWER << 8) | 0x5]: domainOf,
  [(PERFORMANCE << 8) | 0x5]: (random) => {
    const [low, high] = [level(random), level(random)].sort((a, b) => a - b) as [number, number];
    const swapped = random.chance(15) ? [low, high] : [high, low];
    return [...domainOf(random), ...(random.chance(80) ? swapped : [high, 0])];
  },
  [(PERFORMANCE << 8) | 0x6]: domainOf,
  [(PERFORMANCE << 8) | 0x7]: (random) => [...domainOf(random), level(random)],
  [(PERFORMANCE << 8) | 0x8]: domainOf,
  [(CLOCK << 8) | 0x5]: (random) => [
    random.chance(90) ? random.below(16) & ~1 : random.word(),
    ...domainOf(random),
    random.below(110),
    random.chance(3) ? 1 : 0,
  ],
  [(CLOCK << 8) | 0x6]: domainOf,
  [(SENSOR << 8) | 0x6]: (random) => [...domainOf(random), requested(random)],
  [(VOLTAGE << 8) | 0x7]: (random) => [
    ...domainOf(random),
    requested(random),
    random.chance(60) ? 5 * random.below(12) - 20 : random.chance(90) ? random.below(50) - 18 : random.word(),
  ],
  [(VOLTAGE << 8) | 0x8]: domainOf,
  [(POWERCAP << 8) | 0x4]: domainOf,
  [(POWERCAP << 8) | 0x9]: domainOf,
};

/** A hot command, or one of those that change what hot commands find: permissions, versions, subscriptions, settings. */
export function randomCall(random: Random): Call {
  // One agent has more rights than the others, and more to say
  const agentId = random.chance(60) ? 1 : 1 + random.below(3);
  if (random.chance(85)) {
    const key = random.chance(50) ? random.pick(CHANGING) : random.pick([...HOT]);
    const given = PARAMETERS[key]?.(random) ?? [];
    // Now and then a word too few or too many
    const words = random.chance(97) ? given : random.chance(50) ? given.slice(1) : [...given, 0];
    return [agentId, key >> 8, key & 0xff, ...words];
  }
  return random.weighted([
    [1, changeOfRights],
    [1, negotiation],
    [6, setting],
  ])(random, agentId);
}

/** What an agent may do, or a reset of all that it has set. */
function changeOfRights(random: Random, agentId: number): Call {
  const isAllowed = random.chance(85) ? 1 : 0;
  const protocolId = random.pick([PERFORMANCE, CLOCK, POWER, SENSOR, VOLTAGE]);
  return random.pick<Call>([
    [2, BASE, 0x9, agentId, 1 + random.below(2), isAllowed],
    [2, BASE, 0xa, agentId, 1 + random.below(2), protocolId, isAllowed],
    [agentId, BASE, 0xb, agentId, random.below(2)],
  ]);
}

/** Of a version: mostly of the latest one. */
function negotiation(random: Random, agentId: number): Call {
  const isLatest = random.chance(70);
  return random.pick<Call>([
    [agentId, random.pick([PERFORMANCE, CLOCK, POWER, SENSOR, VOLTAGE, POWERCAP]), 0x0],
    [agentId, PERFORMANCE, 0x10, isLatest ? 0x40000 : random.pick([0x10000, 0x20000, 0x30000])],
    [agentId, VOLTAGE, 0x10, isLatest ? 0x20001 : random.pick([0x10000, 0x20000])],
    [agentId, SENSOR, 0x10, isLatest ? 0x30001 : random.pick([0x10000, 0x20000])],
  ]);
}

/** A subscription, or a change that only the host can make. */
function setting(random: Random, agentId: number): Call {
  const domain = random.below(6);
  const enable = random.below(2);
  return random.pick<Call>([
    [agentId, PERFORMANCE, 0x9, domain, enable],
    [agentId, PERFORMANCE, 0xa, domain, enable],
    [agentId, POWER, 0x6, domain, enable],
    [agentId, POWER, 0x7, domain, enable],
    [agentId, CLOCK, 0x9, domain, enable],
    [agentId, CLOCK, 0xa, domain, enable],
    [agentId, SENSOR, 0xa, domain, random.chance(70) ? 1 : random.below(4)],
    [agentId, POWERCAP, 0x5, domain, random.below(4), random.below(12)],
    [agentId, POWERCAP, 0x7, domain, 0, 1000 * random.below(4)],
    [agentId, POWERCAP, 0xa, domain, enable],
    [agentId, POWERCAP, 0xb, domain, enable, random.below(5), random.below(12)],
  ]);
}

/** A board of random domains of every protocol with hot commands. The first domain of each is easy to please, and most often asked,
 *  so that changes succeed. */
export function randomBoard(random: Random): Board {
  return boardOf({
    agents: AGENTS,
    devices: [
      {
        id: 1,
        performance: ["d0", "d1"],
        clocks: ["c0"],
        voltages: ["v0", "v1"],
        sensors: ["still"],
        powercap: ["top"],
      },
      {
        ...{ id: 2, performance: ["d2"], clocks: ["c1", "c2"], voltages: ["v2"], sensors: ["moving", "asynchronous"] },
        deniedAgents: ["C"],
      },
    ],
    power: { domains: randomPowerDomains(random) },
    performance: { domains: randomPerformanceDomains(random) },
    clock: { clocks: randomClocks(random) },
    voltage: { domains: randomVoltages(random) },
    sensor: {
      asyncDepth: 1,
      sensors: [
        { name: "still", signal: random.below(100) - 50 },
        { name: "moving", signal: { kind: "ramp", from: -9, to: 9, durationMs: 40, repeat: true } },
        { name: "asynchronous", signal: random.word(), asyncLatencyUs: 100 },
        {
          name: "axes",
          axes: [
            { name: "x", signal: 1 },
            { name: "y", signal: -1 },
          ],
        },
        { name: "off", signal: -1, enabled: false },
      ],
    },
    powercap: {
      domains: [
        { name: "top", caps: range(1, 9), paisUs: range(1000, 3000, 1000), demand: random.below(12), notifyCap: true },
        {
          ...{ name: "below", parent: "top", caps: range(2, 8, 2), paisUs: range(1000, 3000, 1000), demand: 5 },
          ...{ asyncLatencyUs: 100, notifyMeasurements: true, control: [random.pick(NAMES)] },
        },
        { name: "unmeasured", caps: range(1, 4), paisUs: range(1000, 1000), monitored: false },
      ],
    },
  });
}

function someone(random: Random): string {
  return random.chance(60) ? "A" : random.pick(NAMES);
}

/** Alone and of one agent, of several, below another, and with a mode that takes its time. */
function randomPowerDomains(random: Random) {
  return Array.from({ length: 5 }, (_, i) => ({
    name: `p${i}`,
    states: i > 0 && random.chance(50) ? [0, OFF] : [0, 1, OFF],
    state: random.chance(50) ? 0 : OFF,
    setState: i === 0 ? ["A"] : i === 1 || random.chance(30) ? [someone(random)] : NAMES,
    sync: i === 0 || random.chance(80),
    notifyChanged: true,
    notifyRequested: i === 0,
    ...(i === 3 ? { asyncLatencyUs: 1 } : {}),
    ...(i === 4 ? { parent: "p2" } : {}),
  }));
}

function randomPerformanceDomains(random: Random) {
  const domains = Array.from({ length: 4 }, (_, i) => {
    const isEasy = i === 0;
    const levels = [10, 20, 30, 40, 50, 60].filter((it) => isEasy || it === 30 || random.chance(60));
    return {
      name: `d${i}`,
      levels: levels.map((level) => ({ level })),
      levelIndexing: !isEasy && random.chance(50),
      ...(isEasy ? { setLevel: "A" } : random.chance(80) ? { setLevel: someone(random) } : {}),
      setLimits: isEasy ? ["A"] : i === 1 ? [someone(random)] : NAMES.filter(() => random.chance(50)),
      notifyLevel: true,
      notifyLimits: true,
    };
  });
  return [...domains, { name: "slow", levels: [{ level: 1 }, { level: 9 }], setLimits: NAMES, transitionUs: 1 }];
}

function randomClocks(random: Random) {
  const clocks = Array.from({ length: 4 }, (_, i) => ({
    name: `c${i}`,
    rates:
      i === 0
        ? range(1, 100, 0)
        : random.chance(50)
          ? Array.from({ length: 1 + random.below(5) }, (_, k) => 10 + k * 10 + random.below(9))
          : { lowest: 10 + random.below(20), highest: 60 + random.below(40), step: random.below(13) },
    permissions: Object.fromEntries(NAMES.map((name) => [name, { rate: i === 0 || random.chance(70) }])),
  }));
  return [...clocks, { name: "watched", rates: [1, 5], notifyRequested: true }];
}

function randomVoltages(random: Random) {
  return Array.from({ length: 4 }, (_, i) => {
    const first = 5 * (random.below(5) - 4);
    const step = random.pick([1, 5, 10]);
    const count = 4 + random.below(6);
    return {
      name: `v${i}`,
      levelsUv:
        i === 0
          ? range(-20, 40, 5)
          : random.chance(50)
            ? Array.from({ length: count }, (_, k) => first + k * step)
            : { lowest: first, highest: first + count * step, step },
      ...(random.chance(50) ? { asyncLatencyUs: random.below(2) * 50 } : {}),
      permissions: Object.fromEntries(NAMES.map((name) => [name, { level: i === 0 || random.chance(80) }])),
    };
  });
}

function range(lowest: number, highest: number, step = 1) {
  return { lowest, highest, step };
}

/** Takes every hot command away from the core, for good: from here on the host answers them. */
export function leaveToHost(core: Core): void {
  const { memory } = core;
  const instance = core.base + memory.u32(core.base + layout.CORE_INSTANCES + layout.TABLE_OFFSET);
  const description = core.base + memory.u32(instance + layout.INSTANCE_DESCRIPTION);
  for (const key of HOT) {
    const row = memory.data.getUint8(description + layout.DESCRIPTION_MAP + (key >> 8));
    if (row === 0) continue;
    const protocol = description + layout.DESCRIPTION_PROTOCOL_TABLE + (row - 1) * layout.PROTOCOL_BYTES;
    if ((key & 0xff) >= memory.u32(protocol + layout.PROTOCOL_MESSAGE_COUNT)) continue;
    const messages = description + memory.u32(protocol + layout.PROTOCOL_MESSAGES);
    const at = messages + (key & 0xff) * layout.MESSAGE_BYTES;
    memory.data.setUint16(at + layout.MESSAGE_HANDLER, layout.HANDLER_HOST, true);
    memory.data.setUint16(at + layout.MESSAGE_HOT_HANDLER, layout.HANDLER_NONE, true);
  }
}
