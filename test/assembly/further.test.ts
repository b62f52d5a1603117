import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type Build,
  checked,
  composeHeader,
  createCore,
  faultName,
  type TestCore,
  words,
} from "../support/core.ts";
import { domainsOf, installPlatform, type PlatformSpec, type ProtocolSpec } from "../support/description.ts";
import { Random, seeds } from "../support/random.ts";
import { fromHex, golden } from "./bytes.ts";
import { type Change, ReferencePlatform } from "./platform-reference.ts";

// Limits, power states, voltages, readings and caps: the hot commands that stand behind those of platform.test.ts.

const PERFORMANCE = 0x13;
const POWER = 0x11;
const SENSOR = 0x15;
const VOLTAGE = 0x17;
const POWERCAP = 0x18;
/** The same protocols, in the versions before rules or layouts changed. */
const OLD = { PERFORMANCE: 0x93, SENSOR: 0x95, VOLTAGE: 0x97 };
const COMMANDS = 4_000;
const ALL = layout.PERMISSION_USE | layout.PERMISSION_SET | layout.PERMISSION_LIMITS;
const EVERY_BIT = 64;

const { STATUS_NOT_SUPPORTED, STATUS_INVALID_PARAMETERS, STATUS_DENIED, STATUS_NOT_FOUND } = layout;
const { STATUS_OUT_OF_RANGE, STATUS_PROTOCOL_ERROR } = layout;

const I32_MIN = -0x8000_0000;
const I32_MAX = 0x7fff_ffff;

const performance: ProtocolSpec = {
  id: PERFORMANCE,
  version: 0x40000,
  messages: {
    5: { kind: "limitsSet" },
    6: { kind: "limitsGet" },
    7: { kind: "levelSet" },
    8: { kind: "levelGet" },
  },
  performance: [
    { levels: [100, 200, 400, 800], level: 200, minimum: 100, maximum: 800 },
    { levels: [], level: 5, minimum: 2, maximum: 9 },
    { levels: [0, 1, 2, 3], level: 3, minimum: 0, maximum: 3 },
    { levels: [1, 0x8000_0000, 0xffff_ffff], level: 1, minimum: 1, maximum: 0xffff_ffff },
    { levels: [100, 200, 400], level: 50, minimum: 150, maximum: 300 }, // what is in force is no level
  ],
};

const power: ProtocolSpec = {
  id: POWER,
  version: 0x30001,
  messages: { 4: { kind: "stateSet" }, 5: { kind: "stateGet" } },
  power: [
    { states: [0, 0x4000_0000], state: 0x4000_0000, modes: ["sync"] },
    { states: [0, 1, 0x4000_0000, 0x4fff_ffff], state: 1, modes: ["sync", "async"] },
    { states: [], state: 0x0001_0011, modes: ["sync"] },
    { states: [0, 0x4000_0000], state: 0, modes: ["async"] },
    { states: [0xffff_ffff], state: 0, modes: [] },
  ],
};

const voltage: ProtocolSpec = {
  id: VOLTAGE,
  version: 0x20001,
  messages: { 7: { kind: "voltageSet" }, 8: { kind: "voltageGet" } },
  voltages: [
    { levels: [-12_000_000, -1, 0, 5, 900_000], level: 0, hasAsync: true },
    { levels: { lowest: -50, highest: 51, step: 7 }, level: -50 },
    { levels: { lowest: I32_MIN, highest: I32_MAX, step: 0x4000_0001 }, level: I32_MIN, hasAsync: true },
    { levels: { lowest: -3, highest: 3, step: 0 }, level: 1 },
    { levels: [], level: 7 },
  ],
};

const sensor: ProtocolSpec = {
  id: SENSOR,
  version: 0x30001,
  messages: { 6: { kind: "readingGet" } },
  sensors: [
    { reading: -1500n, timestamp: 1_234_567_890n },
    { reading: 2n ** 63n - 1n, timestamp: 2n ** 64n - 1n, hasAsync: true },
    { reading: -(2n ** 63n), timestamp: 0n },
  ],
};

const clock: ProtocolSpec = {
  id: 0x14,
  version: 0x30000,
  messages: { 5: { kind: "rateSet" }, 6: { kind: "rateGet" } },
  clocks: [{ rates: [10n, 20n], rate: 10n }],
};

const powercap: ProtocolSpec = {
  id: POWERCAP,
  version: 0x20000,
  messages: { 4: { kind: "capGet" }, 9: { kind: "measurementsGet" } },
  powercaps: [
    { cap: 12_500, power: 7421, interval: 100_000, isMonitored: true },
    { cap: 0, power: 1, interval: 2 },
    { cap: 0xffff_ffff, power: 0xffff_fffe, interval: 0xffff_fffd, isMonitored: true },
  ],
};

const PROTOCOLS: readonly ProtocolSpec[] = [
  performance,
  { ...performance, id: OLD.PERFORMANCE, version: 0x20000 },
  power,
  voltage,
  { ...voltage, id: OLD.VOLTAGE, version: 0x10000 },
  sensor,
  { ...sensor, id: OLD.SENSOR, version: 0x10000 },
  powercap,
];

const SPEC: PlatformSpec = { agents: 3, protocols: PROTOCOLS };

/** Agent 1 may do everything and is left to the core; the others have whatever bits come up. */
function withPermissions(random: Random): PlatformSpec {
  const permissions = (protocol: ProtocolSpec) => [
    domainsOf(protocol).map(() => ALL),
    ...[2, 3].map(() => domainsOf(protocol).map(() => random.below(EVERY_BIT))),
  ];
  return { agents: 3, protocols: PROTOCOLS.map((it) => ({ ...it, permissions: permissions(it) })) };
}

interface World {
  readonly core: TestCore;
  readonly channels: readonly number[];
  /** Offset of the state, and its bytes. */
  readonly state: number;
  readonly stateBytes: number;
}

function open(build: Build, spec: PlatformSpec = SPEC, { areaBytes = 128, maxPayload = 512 } = {}): World {
  const { agents } = spec;
  const rows = { instances: agents, channels: agents, xfers: agents };
  const core = createCore(build, { ...rows, maxPayload, claims: 2, eventEntries: 1, regionBytes: 16384 });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, spec);
  const channels = Array.from({ length: agents }, (_, index) => {
    const opened = exports.openInstance(base, description, state, index + 1, 1, layout.TOKENS_SMALL);
    const instance = checked("openInstance", opened);
    return checked("openChannel", exports.openChannel(base, instance, 0, 0, areaBytes, 0xffff));
  });
  core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_EVENTS);
  return { core, channels, state, stateBytes: core.u32(description + layout.DESCRIPTION_STATE_BYTES) };
}

/** Serves a command in an agent's area; the payload of its answer, or "host". */
function ask({ core, channels }: World, agent: number, header: number, request: readonly number[]): number[] | "host" {
  const channel = channels[agent - 1] ?? -1;
  const area = core.area(channel);
  core.write(area + layout.SMT_PAYLOAD, request);
  core.setU32(area + layout.SMT_LENGTH, 4 + request.length);
  core.setU32(area + layout.SMT_HEADER, header);
  core.setU32(area + layout.SMT_STATUS, 0);
  const result = checked("serve", core.exports.serve(core.base, channel, 7));
  if (result > 0) {
    checked("resetChannel", core.exports.resetChannel(core.base, channel));
    return "host";
  }
  expect(core.u32(area + layout.SMT_HEADER)).toBe(header);
  return core.read(area + layout.SMT_PAYLOAD, core.u32(area + layout.SMT_LENGTH) - 4);
}

function status(world: World, agent: number, protocol: number, message: number, ...given: readonly number[]) {
  const answer = ask(world, agent, composeHeader(0, protocol, message), words(...given));
  return answer === "host" ? answer : Buffer.from(answer).readInt32LE(0);
}

const KINDS = {
  level: layout.EVENT_LEVEL_CHANGED,
  rate: layout.EVENT_RATE_CHANGED,
  limits: layout.EVENT_LIMITS_CHANGED,
  state: layout.EVENT_POWER_STATE_CHANGED,
  voltage: layout.EVENT_VOLTAGE_CHANGED,
};

/** The event that a change is to leave behind. */
function eventOf({ kind, agent, domain, before, after, levels = [0n, 0n] }: Change, { channels }: World) {
  const wire = (value: bigint) => (kind === "voltage" ? BigInt.asUintN(32, value) : value);
  const [channel] = channels.slice(agent - 1);
  const numbers = { channel, agent, domain, before: wire(before), after: wire(after) };
  return { kind: KINDS[kind], ...numbers, levels: levels.map(Number) };
}

/** Takes the only event that the ring has room for. */
function takeEvent({ core }: World) {
  const ring = core.ring(layout.CORE_EVENTS);
  if (ring.head === ring.tail) return undefined;
  core.setU32(layout.CORE_EVENTS + layout.RING_HEAD, ring.tail);
  const at = ring.offset;
  const word = (offset: number) => core.u32(at + offset);
  const wide = (offset: number) => core.data.getBigUint64(core.base + at + offset, true);
  return {
    kind: word(layout.EVENT_KIND),
    channel: word(layout.EVENT_CHANNEL),
    agent: word(layout.EVENT_AGENT),
    domain: word(layout.EVENT_DOMAIN),
    before: wide(layout.EVENT_OLD),
    after: wide(layout.EVENT_NEW),
    levels: [word(layout.EVENT_OLD_LEVEL), word(layout.EVENT_NEW_LEVEL)],
  };
}

/** A command with parameters that are right as often as not. */
function randomCommand(random: Random): readonly [protocol: ProtocolSpec, message: number, request: number[]] {
  const protocol = random.pick(PROTOCOLS);
  const [message, { kind }] = random.pick(Object.entries(protocol.messages));
  const domain = random.chance(3) ? random.word() : random.below(domainsOf(protocol).length + 1);
  const flags = random.weighted([
    [14, 0],
    [3, 1],
    [2, random.below(8)],
    [1, random.word()],
  ]);
  const level = () => random.pick([0, 1, 2, 3, 5, 9, 10, 100, 150, 200, 300, 400, 800, 0x8000_0000, 0xffff_ffff]);
  const grid = Array.from({ length: 16 }, (_, i) => -50 + 7 * i);
  const levelUv = random.pick([
    ...grid,
    -3,
    3,
    -1,
    1,
    50,
    51,
    900_000,
    -12_000_000,
    I32_MIN,
    I32_MAX,
    1 - 0x4000_0000,
    2,
  ]);
  const state = random.pick([0, 1, 2, 0x4000_0000, 0x4fff_ffff, 0xff00_0000, 0x0001_0011, random.word()]);
  switch (kind) {
    case "limitsSet":
      return [
        protocol,
        Number(message),
        words(domain, random.chance(20) ? 0 : level(), random.chance(30) ? 0 : level()),
      ];
    case "levelSet":
      return [protocol, Number(message), words(domain, level())];
    case "stateSet":
      return [protocol, Number(message), words(flags, domain, state)];
    case "voltageSet":
      return [protocol, Number(message), words(domain, flags, levelUv)];
    case "readingGet":
      return [protocol, Number(message), words(domain, flags)];
    default:
      return [protocol, Number(message), words(domain)];
  }
}

describe.each(BUILDS)("%s: the further hot commands", (build) => {
  test.each(seeds([1, 2, 3]))(
    "are answered as the reference answers, with an event for each change, seed %i",
    (seed) => {
      const random = new Random(seed);
      const spec = withPermissions(random);
      const world = open(build, spec);
      const { core } = world;
      const reference = new ReferencePlatform(spec);
      let told = 0;
      const seen = new Map<string, number>();
      for (let round = 0; round < COMMANDS; round++) {
        const agent = random.weighted([
          [4, 1],
          [1, 2],
          [1, 3],
        ]);
        const [protocol, message, given] = randomCommand(random);
        const request = random.chance(2) ? random.bytes(random.below(24)) : given;
        const header = composeHeader(random.below(1024), protocol.id, message);
        const what = `round ${round}: agent ${agent}, ${protocol.id.toString(16)}/${message} [${request}]`;
        const expected = reference.answer(agent, header, request, 100);
        expect(ask(world, agent, header, request), what).toEqual(expected);
        const change = reference.changes.length > told ? reference.changes.at(-1) : undefined;
        told = reference.changes.length;
        expect(takeEvent(world), what).toEqual(change && eventOf(change, world));
        const outcome = expected === "host" ? "host" : Buffer.from(expected).readInt32LE(0);
        const name = `${protocol.messages[message]?.kind} ${outcome}`;
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
      // Each command met each of its statuses, or the test shows less than it says
      for (const kind of ["limitsSet", "limitsGet", "stateSet", "stateGet", "voltageSet", "voltageGet", "readingGet"]) {
        for (const outcome of [0, STATUS_DENIED, STATUS_NOT_FOUND, STATUS_PROTOCOL_ERROR, "host"]) {
          expect(seen.get(`${kind} ${outcome}`), `${kind} ${outcome}`).toBeGreaterThan(0);
        }
      }
      for (const name of [
        "limitsSet -5",
        "limitsSet -2",
        "stateSet -2",
        "stateSet -1",
        "voltageSet -2",
        "voltageSet -1",
      ])
        expect(seen.get(name), name).toBeGreaterThan(0);
      for (const name of ["readingGet -2", "readingGet -1", "capGet 0", "measurementsGet 0", "measurementsGet -1"])
        expect(seen.get(name), name).toBeGreaterThan(0);
      expect(core.u32(layout.CORE_EVENTS + layout.RING_HEAD)).toBe(told);
    },
  );

  test("take exactly their parameters: any other length is PROTOCOL_ERROR and changes nothing", () => {
    const world = open(build);
    const before = stateOf(world);
    for (const { id, messages } of PROTOCOLS) {
      for (const [message, { kind }] of Object.entries(messages)) {
        const exact = { limitsSet: 12, stateSet: 12, voltageSet: 12, levelSet: 8, readingGet: 8 }[kind as string] ?? 4;
        for (let byteLength = 0; byteLength <= 40; byteLength++) {
          if (byteLength === exact) continue;
          const answer = ask(world, 1, composeHeader(1, id, Number(message)), new Array(byteLength).fill(0));
          expect(answer, `${kind}, ${byteLength} bytes`).toEqual(words(STATUS_PROTOCOL_ERROR));
        }
      }
    }
    expect(stateOf(world)).toEqual(before);
    expect(takeEvent(world)).toBeUndefined();
  });

  test("that are left to the host change nothing, tell nothing, and are the core's again without that bit", () => {
    const { PERMISSION_HOST_GET: GET, PERMISSION_HOST_SET: SET, PERMISSION_HOST_LIMITS: LIMITS } = layout;
    const commands: readonly (readonly [bit: number, protocol: ProtocolSpec, message: number, ...given: number[]])[] = [
      [LIMITS, performance, 5, 0, 200, 100],
      [GET, performance, 6, 0],
      [SET, performance, 7, 0, 400],
      [GET, performance, 8, 0],
      [SET, clock, 5, 0, 0, 20, 0],
      [GET, clock, 6, 0],
      [SET, power, 4, 0, 0, 0],
      [GET, power, 5, 0],
      [SET, voltage, 7, 0, 0, 5],
      [GET, voltage, 8, 0],
      [GET, sensor, 6, 0, 0],
      [GET, powercap, 4, 0],
      [GET, powercap, 9, 0],
    ];
    for (const [bit, protocol, message, ...given] of commands) {
      const answer = (bits: number) => {
        const permissions = [domainsOf(protocol).map(() => bits)];
        const world = open(build, { agents: 1, protocols: [{ ...protocol, permissions }] });
        const before = stateOf(world);
        const got = status(world, 1, protocol.id, message, ...given);
        if (got !== 0) expect(stateOf(world)).toEqual(before);
        const isChange = bit !== GET && got === 0;
        expect(takeEvent(world) !== undefined).toBe(isChange);
        return got;
      };
      const others = (EVERY_BIT - 1) ^ bit;
      expect([answer(others), answer(EVERY_BIT - 1), answer(ALL | bit)], `${protocol.id}/${message}`).toEqual([
        0,
        "host",
        "host",
      ]);
      // What an agent may not do, the host need not say
      const denied = protocol === clock ? STATUS_NOT_FOUND : STATUS_DENIED;
      expect(answer((EVERY_BIT - 1) ^ layout.PERMISSION_USE)).toBe(denied);
    }
  });

  test("find the first of two faults: domain, permission, flags and values, then what the domain can do", () => {
    const permissions = (protocol: ProtocolSpec) => [
      domainsOf(protocol).map(() => ALL),
      domainsOf(protocol).map(() => layout.PERMISSION_USE),
    ];
    const protocols = PROTOCOLS.map((it) => ({ ...it, permissions: permissions(it) }));
    const world = open(build, { agents: 2, protocols });
    const asked = (...call: [agent: number, protocol: number, message: number, ...given: number[]]) =>
      status(world, ...call);
    expect(asked(2, PERFORMANCE, 5, 9, 0, 0)).toBe(STATUS_NOT_FOUND);
    expect(asked(2, PERFORMANCE, 5, 0, 0, 0)).toBe(STATUS_DENIED);
    expect(asked(1, PERFORMANCE, 5, 0, 0, 0)).toBe(STATUS_OUT_OF_RANGE);
    expect(asked(1, PERFORMANCE, 5, 0, 101, 102)).toBe(STATUS_INVALID_PARAMETERS);
    expect(asked(2, POWER, 4, 0xf, 9, 0xff00_0000)).toBe(STATUS_NOT_FOUND);
    expect(asked(2, POWER, 4, 0xf, 3, 0xff00_0000)).toBe(STATUS_DENIED);
    // The suite of Arm sends these to domains that can only be set asynchronously, too
    for (const flags of [0xf, 0xe]) expect(asked(1, POWER, 4, flags, 3, 0)).toBe(STATUS_INVALID_PARAMETERS);
    expect(asked(1, POWER, 4, 0, 3, 0xff00_0000)).toBe(STATUS_INVALID_PARAMETERS);
    expect(asked(1, POWER, 4, 0, 3, 0)).toBe(STATUS_NOT_SUPPORTED);
    expect(asked(1, POWER, 4, 0, 4, 0xffff_ffff)).toBe(STATUS_NOT_SUPPORTED);
    expect(asked(1, POWER, 4, 1, 0, 0)).toBe(STATUS_NOT_SUPPORTED);
    expect(asked(2, VOLTAGE, 7, 9, 2, 1)).toBe(STATUS_NOT_FOUND);
    expect(asked(2, VOLTAGE, 7, 1, 2, 1)).toBe(STATUS_DENIED);
    expect(asked(1, VOLTAGE, 7, 1, 3, 1)).toBe(STATUS_INVALID_PARAMETERS);
    expect(asked(1, VOLTAGE, 7, 1, 1, 1)).toBe(STATUS_NOT_SUPPORTED);
    expect(asked(1, OLD.VOLTAGE, 7, 0, 1, 5)).toBe(STATUS_INVALID_PARAMETERS);
    // Further from the lowest than a signed word can say
    expect(asked(1, VOLTAGE, 7, 2, 0, 2)).toBe(0);
    takeEvent(world);
    expect(asked(1, SENSOR, 6, 9, 2)).toBe(STATUS_NOT_FOUND);
    expect(asked(1, SENSOR, 6, 0, 3)).toBe(STATUS_INVALID_PARAMETERS);
    expect(asked(1, SENSOR, 6, 0, 1)).toBe(STATUS_NOT_SUPPORTED);
    expect(asked(1, POWERCAP, 9, 3)).toBe(STATUS_NOT_FOUND);
    expect(asked(1, POWERCAP, 9, 1)).toBe(STATUS_NOT_SUPPORTED);
  });

  test("limits move a level that they leave outside, and say so in their one event", () => {
    const world = open(build);
    const level = () => ask(world, 2, composeHeader(0, PERFORMANCE, 8), words(0));
    expect(status(world, 1, PERFORMANCE, 7, 0, 800)).toBe(0);
    takeEvent(world);
    expect(status(world, 2, PERFORMANCE, 5, 0, 400, 100)).toBe(0);
    expect(takeEvent(world)).toMatchObject({
      agent: 2,
      before: 0x64_0000_0320n,
      after: 0x64_0000_0190n,
      levels: [800, 400],
    });
    expect(level()).toEqual(words(0, 400));
    expect(status(world, 1, PERFORMANCE, 5, 0, 0, 400)).toBe(0); // the maximum stays
    expect(takeEvent(world)).toMatchObject({ after: 0x190_0000_0190n, levels: [400, 400] });
    expect(status(world, 1, PERFORMANCE, 5, 0, 800, 800)).toBe(0);
    expect(takeEvent(world)).toMatchObject({ levels: [400, 800] });
    // Once a 0 was a limit like any other
    expect(status(world, 1, OLD.PERFORMANCE, 5, 2, 0, 0)).toBe(0);
    expect(takeEvent(world)).toMatchObject({ after: 0n, levels: [3, 0] });
    expect(status(world, 1, PERFORMANCE, 5, 2, 0, 0)).toBe(STATUS_OUT_OF_RANGE);
  });

  test.each([
    ["limits are in force", layout.PERFORMANCE_STATE_LIMITS_AGENT, PERFORMANCE, 5, [1, 9, 2]],
    ["power state it is", layout.POWER_STATE_AGENT, POWER, 4, [0, 0, 0]],
  ] as const)("leave in the state whose %s", (_what, word, protocol, message, given) => {
    const world = open(build);
    expect(status(world, 3, protocol, message, ...given)).toBe(0);
    const third = stateOf(world);
    takeEvent(world);
    expect(status(world, 2, protocol, message, ...given)).toBe(0);
    const differing = stateOf(world).flatMap((byte, at) =>
      byte === third[at] ? [] : [[at % layout.DOMAIN_STATE_BYTES, byte]],
    );
    expect(differing).toEqual([[word, 2]]);
    expect(world.core.u32(layout.CORE_EVENTS + layout.RING_TAIL)).toBe(2);
  });

  test.each([8, 12, 16, 20, 24])("a reading goes through a channel of %i bytes, or is PROTOCOL_ERROR", (maxPayload) => {
    const world = open(build, SPEC, { maxPayload, areaBytes: 28 + maxPayload });
    const { core } = world;
    const spill = core.claim(0) + core.table(layout.CORE_CLAIMS).stride;
    const behind = core.read(spill, 64);
    const reading = (protocol: number) => ask(world, 1, composeHeader(0, protocol, 6), words(1, 0));
    const value = words(0, 0xffff_ffff, 0x7fff_ffff);
    const old = maxPayload >= 12 ? value : words(STATUS_PROTOCOL_ERROR);
    const stamped = maxPayload >= 20 ? [...value, ...words(0xffff_ffff, 0xffff_ffff)] : words(STATUS_PROTOCOL_ERROR);
    expect([reading(OLD.SENSOR), reading(SENSOR)]).toEqual([old, stamped]);
    expect(core.read(spill, 64)).toEqual(behind);
  });
});

/** All bytes of the platform's state. */
function stateOf({ core, state, stateBytes }: World): number[] {
  return core.read(state, stateBytes);
}

describe.each(BUILDS)("%s: worked exchanges", (build) => {
  /** The worked command with this id, asked of a platform, beside its worked response. */
  function worked(name: string, id: string, protocol: ProtocolSpec, responseId = id.replace("request", "response")) {
    const { messages } = golden(name);
    const [request, response] = [id, responseId].map((wanted) => messages.find((it) => it.id === wanted));
    if (!request || !response) throw new Error(`no worked exchange ${id} in ${name}`);
    const world = open(build, { agents: 1, protocols: [protocol] });
    const answer = ask(world, 1, request.header, [...fromHex(request.payload)]);
    return { answer, response: [...fromHex(response.payload)], world };
  }

  test("of the power domain text: off, an unknown domain, and what is on", () => {
    const domain = { states: [0, 0x4000_0000], state: 0, modes: ["sync"] } as const;
    const protocol = { ...power, power: [domain, domain, domain, domain] };
    for (const id of ["11-15.3-request-1", "11-15.3-request-2", "11-15.4-request"]) {
      const { answer, response } = worked("11-power-domain", id, protocol);
      expect(answer, id).toEqual(response);
    }
  });

  test("of the performance text: both limits, and one alone", () => {
    const protocol = {
      ...performance,
      performance: [{ levels: [600, 1400, 2000], level: 2000, minimum: 600, maximum: 2000 }],
    };
    const first = worked("13-performance", "13-15.5-request-1", protocol);
    expect(first.answer).toEqual(first.response);
    expect(takeEvent(first.world)).toMatchObject({ after: 0x258_0000_0578n, levels: [2000, 1400] });
    const second = worked("13-performance", "13-15.5-request-2", protocol);
    expect(second.answer).toEqual(second.response);
    expect(takeEvent(second.world)).toMatchObject({ after: 0x578_0000_07d0n });
  });

  test("of the sensor text: a reading without and with a timestamp, and one that goes to the host", () => {
    const at = (version: number, reading: bigint) => ({
      ...{ ...sensor, version, sensors: [{ reading, timestamp: 1_234_567_890n }] },
    });
    const id = "15-12.7-request";
    const old = worked("15-sensor", id, at(0x10000, -1500n), "15-12.7-response-1");
    expect(old.answer).toEqual(old.response);
    const stamped = worked("15-sensor", id, at(0x20000, 915n), "15-12.7-response-2");
    expect(stamped.answer).toEqual(stamped.response);
    expect(worked("15-sensor", "15-12.8-request", sensor).answer).toBe("host");
  });

  test("of the voltage text: a domain that is missing, and an asynchronous request for the host", () => {
    const missing = worked("17-voltage", "17-9.6-request-2", voltage);
    expect(missing.answer).toEqual(missing.response);
    const rail = { levels: [900_000], level: 900_000, hasAsync: true };
    const protocol = { ...voltage, voltages: [rail, rail, rail] };
    expect(worked("17-voltage", "17-9.5-request", protocol).answer).toBe("host");
  });

  test("of the powercap text: a measurement", () => {
    const measured = { cap: 0, power: 7421, interval: 100_000, isMonitored: true };
    const protocol = { ...powercap, powercaps: [measured, measured] };
    const { answer, response } = worked("18-powercap", "18-10.3-request-2", protocol);
    expect(answer).toEqual(response);
  });
});

test("a full ring keeps a command of any kind from taking effect", () => {
  for (const [protocol, message, ...given] of [
    [PERFORMANCE, 5, 0, 400, 100],
    [POWER, 4, 0, 0, 0],
    [VOLTAGE, 7, 0, 0, 5],
  ] as const) {
    const world = open("release");
    const { core } = world;
    expect(status(world, 1, protocol, message, ...given)).toBe(0);
    const before = stateOf(world);
    const [channel = -1] = world.channels;
    core.setU32(core.area(channel) + layout.SMT_STATUS, 0);
    expect(faultName(core.exports.serve(core.base, channel, 0))).toBe("FAULT_EVENTS_FULL (-9)");
    expect(stateOf(world)).toEqual(before);
  }
});
