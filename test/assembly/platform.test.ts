import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type Build,
  checked,
  command,
  composeHeader,
  createCore,
  faultName,
  type TestCore,
  words,
} from "../support/core.ts";
import { type Clock, describePlatform, installPlatform, type PlatformSpec } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { Random, seeds } from "../support/random.ts";
import { expectBytes, fromHex, type GoldenMessage, golden, pattern, putWord, view } from "./bytes.ts";
import { ReferencePlatform, rounded } from "./platform-reference.ts";

const BASE = 0x10;
const PERFORMANCE = 0x13;
const CLOCK = 0x14;
const UNKNOWN_PROTOCOL = 0x55;
const VERSION = 0;
const LEVEL_SET = 7;
const LEVEL_GET = 8;
const RATE_SET = 5;
const RATE_GET = 6;
const NO_PERMISSION = 0;
const USE_ONLY = layout.PERMISSION_USE;
const FULL = layout.PERMISSION_USE | layout.PERMISSION_SET;
const COMMANDS = 4_000;

const {
  STATUS_SUCCESS,
  STATUS_NOT_SUPPORTED,
  STATUS_INVALID_PARAMETERS,
  STATUS_DENIED,
  STATUS_NOT_FOUND,
  STATUS_OUT_OF_RANGE,
  STATUS_PROTOCOL_ERROR,
} = layout;

/** Every kind of message, domain, clock and permission, and a protocol that agent 3 may not use. */
const SPEC: PlatformSpec = {
  agents: 3,
  protocolMasks: [0xffff_ffff, 0b0111, 0b0001],
  protocols: [
    {
      id: BASE,
      version: 0x20001,
      messages: {
        [VERSION]: { kind: "version" },
        1: { kind: "constant", reply: words(0x0102) },
        3: { kind: "constant", reply: [...pattern(88, 3)], requestBytes: 4 },
        4: { kind: "constant", reply: [], requestBytes: 0xffff },
        5: { kind: "constant", reply: [...pattern(125, 5)] },
        8: { kind: "host" },
      },
    },
    {
      id: PERFORMANCE,
      version: 0x40000,
      messages: {
        [VERSION]: { kind: "version" },
        [LEVEL_SET]: { kind: "levelSet" },
        [LEVEL_GET]: { kind: "levelGet" },
      },
      performance: [
        { levels: [100, 200, 400, 800], level: 100, minimum: 150, maximum: 400 },
        { levels: [], level: 5, minimum: 2, maximum: 9 },
        { levels: [0, 1, 2], level: 2, minimum: 0, maximum: 2 },
        { levels: [], level: 0, minimum: 0, maximum: 0xffff_ffff },
        { levels: [7], level: 7, minimum: 0x8000_0000, maximum: 3 }, // no level is in these limits
      ],
      permissions: [
        [FULL, FULL, FULL, FULL, FULL],
        [FULL, USE_ONLY, NO_PERMISSION, layout.PERMISSION_SET, FULL],
      ],
    },
    {
      id: CLOCK,
      version: 0x30000,
      messages: { [VERSION]: { kind: "version" }, [RATE_SET]: { kind: "rateSet" }, [RATE_GET]: { kind: "rateGet" } },
      clocks: [
        { rates: [10n, 20n, 30n, 100n], rate: 10n },
        { rates: { lowest: 10n, highest: 47n, step: 6n }, rate: 16n, asyncDepth: 2 },
        { rates: { lowest: 5n, highest: 50n, step: 0n }, rate: 5n },
        { rates: [0xffff_fffen, 0x1_0000_0000n, 0x2_0000_0001n], rate: 0x1_0000_0000n },
        { rates: [], rate: 1n },
      ],
      permissions: [
        [FULL, FULL, FULL, FULL, FULL],
        [USE_ONLY, NO_PERMISSION, layout.PERMISSION_SET, FULL, FULL],
      ],
    },
    { id: 0x80, version: 0xffff_ffff, messages: { [VERSION]: { kind: "version" }, 255: { kind: "host" } } },
  ],
};

interface World {
  readonly core: TestCore;
  readonly state: number;
  readonly description: number;
  /** Channel of agent 1 … n at index 0 … n - 1. */
  readonly channels: readonly number[];
}

interface WorldOptions {
  readonly spec?: PlatformSpec;
  readonly kind?: number;
  readonly areaBytes?: number;
  readonly claims?: number;
  readonly eventEntries?: number;
  readonly traceEntries?: number;
}

/** One SoC, with an SCMI instance and a channel for each agent. */
function openWorld(build: Build, options: WorldOptions = {}): World {
  const { spec = SPEC, kind = 0, areaBytes = 128, claims = 4, eventEntries = 0, traceEntries = 0 } = options;
  const core = createCore(build, {
    instances: spec.agents,
    channels: spec.agents,
    xfers: spec.agents,
    maxPayload: 512,
    claims,
    eventEntries,
    traceEntries,
    regionBytes: 65536,
  });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, spec);
  const channels = Array.from({ length: spec.agents }, (_, index) => {
    const agent = index + 1;
    const opened = exports.openInstance(base, description, state, agent, 1, layout.TOKENS_SMALL);
    const instance = checked("openInstance", opened);
    return checked("openChannel", exports.openChannel(base, instance, kind, 0, areaBytes, 0xffff));
  });
  return { core, state, description, channels };
}

/** Writes a command into the area of an agent's channel, as that agent would. */
function writeCommand({ core, channels }: World, agent: number, header: number, request: readonly number[]): number {
  const channel = channels[agent - 1] ?? -1;
  const area = core.area(channel);
  core.write(area + layout.SMT_PAYLOAD, request);
  core.setU32(area + layout.SMT_FLAGS, 0);
  core.setU32(area + layout.SMT_LENGTH, 4 + request.length);
  core.setU32(area + layout.SMT_HEADER, header);
  core.setU32(area + layout.SMT_STATUS, 0);
  return channel;
}

/** The payload that stands in an answered area. */
function readAnswer(core: TestCore, channel: number, header: number): number[] {
  const area = core.area(channel);
  expect(core.u32(area + layout.SMT_STATUS)).toBe(layout.SMT_STATUS_FREE);
  expect(core.u32(area + layout.SMT_HEADER)).toBe(header);
  return core.read(area + layout.SMT_PAYLOAD, core.u32(area + layout.SMT_LENGTH) - 4);
}

/** Sends a command and returns its answer, "host" for one that needs the host (which is then reset away). */
function ask(world: World, agent: number, header: number, request: readonly number[], now = 0): number[] | "host" {
  const { core } = world;
  const channel = writeCommand(world, agent, header, request);
  const result = checked("serve", core.exports.serve(core.base, channel, now));
  if (result === 0) return readAnswer(core, channel, header);
  expect(core.u32(core.claim(result) + layout.CLAIM_STATE)).toBe(layout.CLAIM_CLAIMED);
  checked("resetChannel", core.exports.resetChannel(core.base, channel));
  return "host";
}

function statusOf(answer: readonly number[] | "host"): number | "host" {
  if (answer === "host") return answer;
  return Buffer.from(answer).readInt32LE(0);
}

function wide(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)];
}

/** Where the state of a domain lies; the records of the description lead there. */
function domainState({ core, description, state }: World, protocol: number, domain: number): number {
  const row = core.bytes[core.base + description + layout.DESCRIPTION_MAP + protocol] ?? 0;
  const record = description + layout.DESCRIPTION_PROTOCOL_TABLE + (row - 1) * layout.PROTOCOL_BYTES;
  return state + core.u32(record + layout.PROTOCOL_STATE) + domain * layout.DOMAIN_STATE_BYTES;
}

function rateInForce(world: World, clock: number): bigint {
  const at = domainState(world, CLOCK, clock) + layout.CLOCK_STATE_RATE;
  return world.core.data.getBigUint64(world.core.base + at, true);
}

/** Limits in force are state, and so what they are need not be what the description started with. */
function levelInForce(world: World, domain: number): number {
  return world.core.u32(domainState(world, PERFORMANCE, domain) + layout.PERFORMANCE_STATE_LEVEL);
}

describe.each(BUILDS)("%s: answers", (build) => {
  test.each(seeds([1, 2, 3]))(
    "are those of the reference for thousands of commands of three agents, seed %i",
    (seed) => {
      const random = new Random(seed);
      const world = openWorld(build);
      const reference = new ReferencePlatform(SPEC);
      const rates = [0n, 5n, 10n, 13n, 16n, 19n, 20n, 25n, 46n, 47n, 48n, 65n, 100n, 0xffff_ffffn, 0x1_8000_0000n];
      let answered = 0;
      for (let round = 0; round < COMMANDS; round++) {
        const agent = 1 + random.below(SPEC.agents);
        const type = random.chance(3) ? 1 + random.below(3) : 0;
        const domain = random.chance(5) ? random.word() : random.below(6);
        const level = random.pick([0, 1, 2, 5, 9, 10, 100, 150, 200, 400, 401, 800, 0xffff_ffff, random.word()]);
        const flags = random.chance(5) ? random.word() : random.pick([0, 2, 4, 6, 8, 12, 14, 0, 4, 8, 1, 3, 16]);
        const rate = wide(random.chance(10) ? BigInt(random.word()) << 7n : random.pick(rates));
        const plan = random.weighted<readonly [protocol: number, message: number, request: readonly number[]]>([
          [20, [PERFORMANCE, LEVEL_SET, words(domain, level)]],
          [10, [PERFORMANCE, LEVEL_GET, words(domain)]],
          [25, [CLOCK, RATE_SET, words(flags, domain, ...rate)]],
          [10, [CLOCK, RATE_GET, words(domain)]],
          [10, [random.pick([BASE, PERFORMANCE, CLOCK, 0x80]), VERSION, []]],
          [5, [BASE, random.pick([1, 3, 4, 5, 8]), random.pick([[], words(1)])]],
          [
            20,
            [random.pick([BASE, PERFORMANCE, CLOCK, 0x80, 0, 255]), random.below(256), random.bytes(random.below(60))],
          ],
        ]);
        const [protocol, message] = plan;
        const request = random.chance(5) ? random.bytes(random.below(100)) : plan[2];
        const header = composeHeader(random.below(1024), protocol, message, type);
        const expected = reference.answer(agent, header, request, 100);
        const got = ask(world, agent, header, request);
        if (JSON.stringify(got) === JSON.stringify(expected)) {
          answered++;
          continue;
        }
        const what = `agent ${agent}, ${header.toString(16)}, [${request}]`;
        expect({ round, what, answer: got }).toEqual({ round, what, answer: expected });
      }
      expect(answered).toBe(COMMANDS);
      expect(reference.changes.length).toBeGreaterThan(100);
      for (let domain = 0; domain < 5; domain++) {
        expect(BigInt(levelInForce(world, domain))).toBe(reference.levelOf(PERFORMANCE, domain));
        expect(rateInForce(world, domain)).toBe(reference.rateOf(CLOCK, domain));
      }
      expectHome(world.core);
    },
  );

  test("limits that changed in the state are the limits in force", () => {
    const world = openWorld(build);
    const { core } = world;
    const at = domainState(world, PERFORMANCE, 1);
    const set = (level: number) => statusOf(ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, level)));
    expect([set(10), set(9), set(2), set(1)]).toEqual([STATUS_OUT_OF_RANGE, 0, 0, STATUS_OUT_OF_RANGE]);
    core.setU32(at + layout.PERFORMANCE_STATE_MAX, 0xffff_ffff);
    core.setU32(at + layout.PERFORMANCE_STATE_MIN, 0x7fff_ffff);
    expect([set(9), set(0x7fff_fffe), set(0x7fff_ffff), set(0xffff_ffff)]).toEqual([
      STATUS_OUT_OF_RANGE,
      STATUS_OUT_OF_RANGE,
      0,
      0,
    ]);
    expect(levelInForce(world, 1)).toBe(0xffff_ffff);
  });

  test("permissions and protocol masks that changed in the state hold from the next command on", () => {
    const world = openWorld(build);
    const { core, description, state } = world;
    const masks = state + core.u32(description + layout.DESCRIPTION_PROTOCOL_MASKS);
    const header = composeHeader(1, PERFORMANCE, LEVEL_SET);
    const set = (agent: number) => statusOf(ask(world, agent, header, words(1, 5)));
    expect([set(1), set(2), set(3)]).toEqual([0, STATUS_DENIED, STATUS_DENIED]);
    core.setU32(masks, 0b1101);
    core.setU32(masks + 8, 0b0010);
    expect([set(1), set(3)]).toEqual([STATUS_DENIED, 0]);
  });

  test("what one agent sets is what another one gets", () => {
    const world = openWorld(build);
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 7));
    expect(ask(world, 2, composeHeader(9, PERFORMANCE, LEVEL_GET), words(1))).toEqual(words(0, 7));
    ask(world, 1, composeHeader(0, CLOCK, RATE_SET), words(0, 3, ...wide(0x2_0000_0001n)));
    expect(ask(world, 2, composeHeader(9, CLOCK, RATE_GET), words(3))).toEqual(words(0, 1, 2));
  });

  test("an instance without a description implements nothing", () => {
    const core = createCore(build, { instances: 1, channels: 1, xfers: 1, areas: 1, areaBytes: 64 });
    const { exports, base } = core;
    checked("openInstance", exports.openInstance(base, 0, 0, 0, 1, layout.TOKENS_SMALL));
    const channel = checked("openChannel", exports.openChannel(base, 0, 0, 0, 64, 32));
    const xfer = checked("acquire", exports.acquire(base, 0));
    expect(exports.exchange(base, channel, xfer, command(BASE, VERSION), 0, 0)).toBe(layout.XFER_DONE);
    expect(core.xferPayload(xfer)).toEqual(words(STATUS_NOT_SUPPORTED));
  });

  test("an answer with return values that no longer fit the channel is PROTOCOL_ERROR", () => {
    const world = openWorld(build, { areaBytes: 36 });
    expect(ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_GET), words(1))).toEqual(words(0, 5));
    expect(ask(world, 1, composeHeader(0, CLOCK, RATE_GET), words(0))).toEqual(words(STATUS_PROTOCOL_ERROR));
    expect(ask(world, 1, composeHeader(0, BASE, 4), [])).toEqual(words(0));
  });
});

/** A command with nothing wrong, that faults are put into. */
interface Draft {
  agent: number;
  type: number;
  protocol: number;
  message: number;
  request: number[];
}

interface Fault {
  readonly name: string;
  readonly status: number | "host";
  /** Faults that cannot be there at once with this one. */
  readonly excludes?: readonly string[];
  readonly into: (draft: Draft) => void;
}

function setWord(draft: Draft, index: number, value: number): void {
  draft.request.splice(index * 4, 4, ...words(value));
}

const TYPE: Fault = {
  name: "a type other than 0",
  status: STATUS_PROTOCOL_ERROR,
  into: (draft) => {
    draft.type = 1;
  },
};
const PROTOCOL: Fault = {
  name: "an unknown protocol",
  status: STATUS_NOT_SUPPORTED,
  into: (draft) => {
    draft.protocol = UNKNOWN_PROTOCOL;
  },
};
const PROTOCOL_DENIED: Fault = {
  name: "a protocol denied to the agent",
  status: STATUS_DENIED,
  excludes: ["an unknown protocol"],
  into: (draft) => {
    draft.agent = 3;
  },
};
const MESSAGE: Fault = {
  name: "an unknown message",
  status: STATUS_NOT_FOUND,
  into: (draft) => {
    draft.message = 0xfe;
  },
};
const GAP: Fault = {
  name: "a message without a handler",
  status: STATUS_NOT_FOUND,
  excludes: ["an unknown message"],
  into: (draft) => {
    draft.message = 2;
  },
};
/** One byte more, so that the words of further faults stay where they are. */
const SIZE: Fault = {
  name: "a wrong size",
  status: STATUS_PROTOCOL_ERROR,
  into: (draft) => {
    draft.request.push(0);
  },
};
const GENERAL = [TYPE, PROTOCOL, PROTOCOL_DENIED, MESSAGE, GAP, SIZE];

function domainFaults(word: number, status: number): Fault {
  return { name: "an unknown domain", status, into: (draft) => setWord(draft, word, 77) };
}

/** In the order of checks of docs/abi.md section 6; SPEC has the domains and agents that they name. */
const ORDERS: readonly { readonly name: string; readonly draft: Draft; readonly faults: readonly Fault[] }[] = [
  {
    name: "PROTOCOL_VERSION",
    draft: { agent: 1, type: 0, protocol: CLOCK, message: VERSION, request: [] },
    faults: GENERAL,
  },
  {
    name: "a constant reply",
    draft: { agent: 1, type: 0, protocol: BASE, message: 3, request: words(1) },
    faults: GENERAL.filter((fault) => fault !== PROTOCOL_DENIED),
  },
  {
    name: "PERFORMANCE_LEVEL_GET",
    draft: { agent: 1, type: 0, protocol: PERFORMANCE, message: LEVEL_GET, request: words(1) },
    faults: [
      ...GENERAL,
      domainFaults(0, STATUS_NOT_FOUND),
      {
        name: "no PERMISSION_USE",
        status: STATUS_DENIED,
        excludes: ["an unknown domain"],
        into: (draft) => {
          draft.agent = Math.max(draft.agent, 2);
          setWord(draft, 0, 2);
        },
      },
    ],
  },
  {
    name: "PERFORMANCE_LEVEL_SET",
    draft: { agent: 1, type: 0, protocol: PERFORMANCE, message: LEVEL_SET, request: words(1, 5) },
    faults: [
      ...GENERAL,
      domainFaults(0, STATUS_NOT_FOUND),
      {
        name: "no PERMISSION_SET",
        status: STATUS_DENIED,
        excludes: ["an unknown domain"],
        into: (draft) => {
          draft.agent = Math.max(draft.agent, 2);
          setWord(draft, 0, 1);
        },
      },
      { name: "a level above the limit", status: STATUS_OUT_OF_RANGE, into: (draft) => setWord(draft, 1, 10_000) },
    ],
  },
  {
    name: "CLOCK_RATE_GET",
    draft: { agent: 1, type: 0, protocol: CLOCK, message: RATE_GET, request: words(0) },
    faults: [...GENERAL, domainFaults(0, STATUS_NOT_FOUND)],
  },
  {
    name: "CLOCK_RATE_SET",
    draft: { agent: 1, type: 0, protocol: CLOCK, message: RATE_SET, request: words(0, 0, 20, 0) },
    faults: [
      ...GENERAL,
      domainFaults(1, STATUS_NOT_FOUND),
      {
        name: "no PERMISSION_USE",
        status: STATUS_NOT_FOUND,
        excludes: ["an unknown domain"],
        into: (draft) => {
          draft.agent = Math.max(draft.agent, 2);
          setWord(draft, 1, 2);
        },
      },
      {
        name: "an unknown flag",
        status: STATUS_INVALID_PARAMETERS,
        into: (draft) => setWord(draft, 0, (draft.request[0] ?? 0) | 0x10),
      },
      {
        name: "asynchronous, which the clock does not do",
        status: STATUS_NOT_SUPPORTED,
        into: (draft) => setWord(draft, 0, (draft.request[0] ?? 0) | 1),
      },
      {
        name: "no PERMISSION_SET",
        status: STATUS_DENIED,
        excludes: ["an unknown domain", "no PERMISSION_USE"],
        into: (draft) => {
          draft.agent = Math.max(draft.agent, 2);
        },
      },
      {
        name: "a rate that the clock has not",
        status: STATUS_INVALID_PARAMETERS,
        into: (draft) => setWord(draft, 2, 1),
      },
    ],
  },
  {
    name: "CLOCK_RATE_SET, asynchronous",
    draft: { agent: 1, type: 0, protocol: CLOCK, message: RATE_SET, request: words(1, 1, 16, 0) },
    faults: [
      ...GENERAL,
      domainFaults(1, STATUS_NOT_FOUND),
      { name: "an unknown flag", status: STATUS_INVALID_PARAMETERS, into: (draft) => setWord(draft, 0, 0x8000_0001) },
      { name: "a rate that the clock has not", status: "host", into: (draft) => setWord(draft, 2, 1) },
    ],
  },
  {
    name: "a message for the host",
    draft: { agent: 1, type: 0, protocol: 0x80, message: 255, request: [] },
    faults: [TYPE, PROTOCOL, PROTOCOL_DENIED, MESSAGE, { ...SIZE, status: "host" }],
  },
];

describe.each(BUILDS)("%s: of two faults at once, the earlier check wins", (build) => {
  test.each(ORDERS)("$name", ({ draft, faults }) => {
    const world = openWorld(build);
    const { core, state, description } = world;
    const stateBytes = core.u32(description + layout.DESCRIPTION_STATE_BYTES);
    const answer = (wrong: readonly Fault[]) => {
      const bad: Draft = { ...draft, request: [...draft.request] };
      for (const { into } of wrong) into(bad);
      return ask(world, bad.agent, composeHeader(3, bad.protocol, bad.message, bad.type), bad.request);
    };
    const before = view(core, state, stateBytes).slice();
    const outcomes: string[] = [];
    const expected: string[] = [];
    let pairs = 0;
    for (const [index, first] of faults.entries()) {
      const others = [undefined, ...faults.slice(index + 1)];
      for (const second of others) {
        if (second?.excludes?.includes(first.name)) continue;
        pairs++;
        const name = second ? `${first.name} and ${second.name}` : first.name;
        const got = answer(second ? [first, second] : [first]);
        outcomes.push(`${name}: ${statusOf(got)}, ${got === "host" ? 0 : got.length} bytes`);
        expected.push(`${name}: ${first.status}, ${first.status === "host" ? 0 : 4} bytes`);
      }
    }
    expect(outcomes).toEqual(expected);
    expect(pairs).toBeGreaterThan(faults.length);
    expectBytes(view(core, state, stateBytes), before, "state after commands that failed");
    const good = statusOf(answer([]));
    expect([STATUS_SUCCESS, "host"]).toContain(good);
  });
});

describe.each(BUILDS)("%s: rounding of clock rates", (build) => {
  const FLAGS = [0, 2, 4, 6, 8, 10, 12, 14];

  /** Asks one clock for each rate with each flag, and compares with the reference. */
  function compare(rates: Clock["rates"], wanted: readonly bigint[]): void {
    const clock: Clock = { rates, rate: 0n };
    const spec: PlatformSpec = {
      agents: 1,
      protocols: [{ id: CLOCK, version: 1, messages: { [RATE_SET]: { kind: "rateSet" } }, clocks: [clock] }],
    };
    const world = openWorld(build, { spec });
    const at = world.core.base + domainState(world, CLOCK, 0) + layout.CLOCK_STATE_RATE;
    const got: string[] = [];
    const expected: string[] = [];
    for (const rate of wanted) {
      for (const flags of FLAGS) {
        world.core.data.setBigUint64(at, 0x1234n, true);
        const answer = ask(world, 1, composeHeader(0, CLOCK, RATE_SET), words(flags, 0, ...wide(rate)));
        const legal = rounded(clock, rate, BigInt(flags));
        const status = legal === undefined ? STATUS_INVALID_PARAMETERS : STATUS_SUCCESS;
        got.push(`${rate} with flags ${flags}: ${statusOf(answer)}, ${rateInForce(world, 0)}`);
        expected.push(`${rate} with flags ${flags}: ${status}, ${legal ?? 0x1234n}`);
      }
    }
    expect(got).toEqual(expected);
  }

  const upTo = (from: bigint, count: number) => Array.from({ length: count }, (_, index) => from + BigInt(index));
  const OFFSETS = [0n, 0xffff_fff0n, 0x1_0000_0000n, 0x7fff_ffff_ffff_fff8n, 0xffff_ffff_ffff_ff00n];

  test.each(OFFSETS)("of ranges from %d on is exact, whatever the step", (offset) => {
    for (let step = 0n; step <= 7n; step++) {
      const lowest = offset + 10n;
      compare({ lowest, highest: lowest + 21n, step }, upTo(offset + 7n, 30));
    }
    compare({ lowest: offset + 5n, highest: offset + 5n, step: 3n }, upTo(offset + 3n, 5));
    compare({ lowest: offset + 5n, highest: offset + 8n, step: 100n }, upTo(offset + 3n, 8));
  });

  test.each(OFFSETS)("of lists from %d on is exact", (offset) => {
    const list = [3n, 4n, 6n, 10n, 11n, 20n].map((rate) => offset + rate);
    compare(list, upTo(offset, 24));
    compare(list.slice(0, 1), upTo(offset, 6));
    compare([], upTo(offset, 2));
  });

  test("knows that halves go down, up or to the nearer rate over the whole 64 bits", () => {
    const top = 0xffff_ffff_ffff_fffen;
    compare([0n, 0x8000_0000_0000_0000n, top], [0n, 0x4000_0000_0000_0000n, 0x4000_0000_0000_0001n, top - 1n, top]);
    compare({ lowest: 0n, highest: top, step: 0x8000_0000_0000_0000n }, [
      0x3fff_ffff_ffff_ffffn,
      0x4000_0000_0000_0000n,
      0x4000_0000_0000_0001n,
      0x8000_0000_0000_0000n,
      top,
    ]);
  });

  test("takes the highest rate that 64 bits can say", () => {
    const top = 0xffff_ffff_ffff_ffffn;
    compare([1n, top], [1n, top - 1n, top]);
    compare({ lowest: 0n, highest: top, step: 0n }, [top - 1n, top]);
    compare({ lowest: 0n, highest: top, step: 5n }, [top - 1n, top]);
  });
});

describe.each(BUILDS)("%s: claims", (build) => {
  const HOST_HEADER = composeHeader(11, BASE, 8);
  const fault = (result: number) => faultName(result);

  /** Posts a command for the host and serves it. */
  function claimOf(world: World, agent: number, request: readonly number[] = []): number {
    const channel = writeCommand(world, agent, HOST_HEADER, request);
    const claim = checked("serve", world.core.exports.serve(world.core.base, channel, 0));
    expect(claim).toBeGreaterThan(0);
    return claim;
  }

  test("carry the command, its agent and its channel to the host, and the answer back", () => {
    const world = openWorld(build);
    const { core, channels } = world;
    const request = [...pattern(23, 1)];
    const index = claimOf(world, 2, request);
    const claim = core.claim(index);
    const word = (offset: number) => core.u32(claim + offset);
    expect(word(layout.CLAIM_STATE)).toBe(layout.CLAIM_CLAIMED);
    expect(word(layout.CLAIM_CHANNEL)).toBe(channels[1]);
    expect(word(layout.CLAIM_HEADER)).toBe(HOST_HEADER);
    expect(word(layout.CLAIM_REQUEST_BYTES)).toBe(request.length);
    expect(word(layout.CLAIM_AGENT)).toBe(2);
    expect(core.read(claim + layout.CLAIM_REQUEST, request.length)).toEqual(request);

    core.write(claim + core.u32(layout.CORE_CLAIM_REPLY), words(0, 0xfeed));
    expect(core.exports.stage(core.base, index, 8)).toBe(0);
    expect(word(layout.CLAIM_STATE)).toBe(layout.CLAIM_STAGED);
    expect(core.exports.publish(core.base, index, 0)).toBe(0);
    expect(readAnswer(core, channels[1] ?? -1, HOST_HEADER)).toEqual(words(0, 0xfeed));
    expectHome(core);
  });

  test("refuse what does not fit their state", () => {
    const world = openWorld(build);
    const { core, channels } = world;
    const { exports, base } = core;
    for (const index of [0, 5, -1, 0x7fff_ffff]) {
      expect(fault(exports.stage(base, index, 4))).toBe("FAULT_INDEX (-2)");
      expect(fault(exports.publish(base, index, 0))).toBe("FAULT_INDEX (-2)");
    }
    expect(fault(exports.stage(base, 1, 4))).toBe("FAULT_STATE (-3)");
    expect(fault(exports.publish(base, 1, 0))).toBe("FAULT_STATE (-3)");
    const claim = claimOf(world, 1);
    expect(fault(exports.publish(base, claim, 0))).toBe("FAULT_STATE (-3)");
    for (const length of [0, 1, 3]) expect(fault(exports.stage(base, claim, length))).toBe("FAULT_LENGTH (-5)");
    expect(fault(exports.serve(base, channels[0] ?? -1, 0))).toBe("FAULT_BUSY (-4)");
    expect(exports.stage(base, claim, 4)).toBe(0);
    expect(fault(exports.stage(base, claim, 4))).toBe("FAULT_STATE (-3)");
    expect(fault(exports.serve(base, channels[0] ?? -1, 0))).toBe("FAULT_BUSY (-4)");
    expect(exports.publish(base, claim, 0)).toBe(0);
    expect(fault(exports.publish(base, claim, 0))).toBe("FAULT_STATE (-3)");
    expect(fault(exports.stage(base, claim, 4))).toBe("FAULT_STATE (-3)");
    expectHome(core);
  });

  test("that are all taken leave the next command in its area until one is free", () => {
    const world = openWorld(build, { claims: 2 });
    const { core } = world;
    const { exports, base } = core;
    const first = claimOf(world, 1);
    const second = claimOf(world, 2);
    expect(second).not.toBe(first);
    const channel = writeCommand(world, 3, HOST_HEADER, words(5));
    const before = view(core, core.area(channel), 128).slice();
    expect(fault(exports.serve(base, channel, 0))).toBe("FAULT_NO_CLAIM (-8)");
    expectBytes(view(core, core.area(channel), 128), before, "the area of the waiting command");
    expect(core.counted(channel)).toEqual({});
    checked("stage", exports.stage(base, second, 4));
    checked("publish", exports.publish(base, second, 0));
    expect(exports.serve(base, channel, 0)).toBe(second);
    for (const claim of [first, second]) {
      checked("stage", exports.stage(base, claim, 4));
      checked("publish", exports.publish(base, claim, 0));
    }
    expectHome(core);
  });

  test("are not needed by a platform that answers everything itself", () => {
    const world = openWorld(build, { claims: 0 });
    expect(ask(world, 1, composeHeader(0, BASE, VERSION), [])).toEqual(words(0, 0x20001));
    const channel = writeCommand(world, 1, HOST_HEADER, []);
    expect(fault(world.core.exports.serve(world.core.base, channel, 0))).toBe("FAULT_NO_CLAIM (-8)");
  });

  test("that a held answer has no room for keep its command from taking effect", () => {
    const world = openWorld(build, { claims: 1, kind: layout.KIND_HOLD });
    const { core } = world;
    const { exports, base } = core;
    const hold = writeCommand(world, 2, composeHeader(0, BASE, VERSION), []);
    const held = checked("serve", exports.serve(base, hold, 0));
    expect(core.u32(core.claim(held) + layout.CLAIM_STATE)).toBe(layout.CLAIM_STAGED);
    const channel = writeCommand(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 9));
    expect(fault(exports.serve(base, channel, 0))).toBe("FAULT_NO_CLAIM (-8)");
    expect(levelInForce(world, 1)).toBe(5);
    checked("publish", exports.publish(base, held, 0));
    const claim = checked("serve", exports.serve(base, channel, 0));
    expect(levelInForce(world, 1)).toBe(9);
    expect(core.u32(core.area(channel) + layout.SMT_STATUS)).toBe(0);
    checked("publish", exports.publish(base, claim, 0));
    expect(readAnswer(core, channel, composeHeader(0, PERFORMANCE, LEVEL_SET))).toEqual(words(0));
    expectHome(core);
  });

  test("whose agent took the area back are stale: nothing is written, and they are free again", () => {
    const world = openWorld(build);
    const { core, channels } = world;
    const { exports, base } = core;
    const claim = claimOf(world, 1);
    checked("stage", exports.stage(base, claim, 4));
    const area = core.area(channels[0] ?? -1);
    core.setU32(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    const before = view(core, area, 128).slice();
    expect(fault(exports.publish(base, claim, 0))).toBe("FAULT_STALE (-22)");
    expectBytes(view(core, area, 128), before, "the area that was taken back");
    expectHome(core);
    expect(ask(world, 1, composeHeader(0, BASE, VERSION), [])).toEqual(words(0, 0x20001));
  });

  test.each([layout.CLAIM_CLAIMED, layout.CLAIM_STAGED])(
    "in state %i are dropped by a reset of their channel",
    (state) => {
      const world = openWorld(build);
      const { core, channels } = world;
      const { exports, base } = core;
      const other = claimOf(world, 2);
      const claim = claimOf(world, 1);
      if (state === layout.CLAIM_STAGED) checked("stage", exports.stage(base, claim, 4));
      expect(exports.resetChannel(base, channels[0] ?? -1)).toBe(0);
      expect(fault(exports.stage(base, claim, 4))).toBe("FAULT_STATE (-3)");
      expect(fault(exports.publish(base, claim, 0))).toBe("FAULT_STATE (-3)");
      expect(ask(world, 1, composeHeader(0, BASE, VERSION), [])).toEqual(words(0, 0x20001));
      checked("stage", exports.stage(base, other, 4));
      checked("publish", exports.publish(base, other, 0));
      expectHome(core);
    },
  );

  test("of staged commands may be many on one channel, and are answered in any order", () => {
    const core = createCore(build, { instances: 1, channels: 1, xfers: 1, claims: 3, regionBytes: 8192 });
    const { exports, base } = core;
    const { description, state } = installPlatform(core, SPEC);
    checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
    const channel = checked("openChannel", exports.openChannel(base, 0, layout.KIND_MSG, -1, 0, 32));
    const serve = (token: number) => {
      const at = core.scratch(composeHeader(token, BASE, 8), words(token));
      return exports.serveStaged(base, channel, at, 8, 0);
    };
    const claims = [1, 2, 3].map((token) => checked("serveStaged", serve(token)));
    expect(new Set(claims).size).toBe(3);
    expect(fault(serve(4))).toBe("FAULT_NO_CLAIM (-8)");
    for (const claim of [...claims].reverse()) {
      const token = core.u32(core.claim(claim) + layout.CLAIM_REQUEST);
      const reply = core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY);
      core.write(reply, words(0, token * 3));
      checked("stage", exports.stage(base, claim, 8));
      expect(core.read(reply - 4, 12)).toEqual(words(composeHeader(token, BASE, 8), 0, token * 3));
      checked("publish", exports.publish(base, claim, 0));
    }
    expectHome(core);
  });

  test("hold staged answers of a message-carrying channel with KIND_HOLD, too", () => {
    const core = createCore(build, { instances: 1, channels: 1, xfers: 1, claims: 1, regionBytes: 8192 });
    const { exports, base } = core;
    const { description, state } = installPlatform(core, SPEC);
    checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
    const kind = layout.KIND_MSG | layout.KIND_HOLD;
    const channel = checked("openChannel", exports.openChannel(base, 0, kind, -1, 0, 32));
    const header = composeHeader(8, BASE, VERSION);
    const claim = exports.serveStaged(base, channel, core.scratch(header, []), 4, 0);
    expect(claim).toBe(1);
    expect(core.u32(core.claim(claim) + layout.CLAIM_STATE)).toBe(layout.CLAIM_STAGED);
    const reply = core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY);
    expect(core.read(reply - 4, 12)).toEqual(words(header, 0, 0x20001));
    checked("publish", exports.publish(base, claim, 0));
    expectHome(core);
  });
});

describe.each(BUILDS)("%s: the event ring", (build) => {
  interface Event {
    readonly time: number;
    readonly kind: number;
    readonly channel: number;
    readonly agent: number;
    readonly domain: number;
    readonly before: bigint;
    readonly after: bigint;
  }

  /** Reads the events that wait, as the host does. */
  function takeEvents(core: TestCore): Event[] {
    const ring = core.ring(layout.CORE_EVENTS);
    const events: Event[] = [];
    for (let number = ring.head; number !== ring.tail; number = (number + 1) >>> 0) {
      const at = ring.offset + (number & (ring.capacity - 1)) * ring.stride;
      events.push({
        time: core.f64(at + layout.EVENT_TIME),
        kind: core.u32(at + layout.EVENT_KIND),
        channel: core.u32(at + layout.EVENT_CHANNEL),
        agent: core.u32(at + layout.EVENT_AGENT),
        domain: core.u32(at + layout.EVENT_DOMAIN),
        before: core.data.getBigUint64(core.base + at + layout.EVENT_OLD, true),
        after: core.data.getBigUint64(core.base + at + layout.EVENT_NEW, true),
      });
    }
    core.setU32(layout.CORE_EVENTS + layout.RING_HEAD, ring.tail);
    return events;
  }

  const observe = (core: TestCore, bits: number) => core.setU32(layout.CORE_OBSERVE, bits);

  test("says who changed what, when, from what and to what, also to the same value", () => {
    const world = openWorld(build, { eventEntries: 8 });
    const { core, channels } = world;
    observe(core, layout.OBSERVE_EVENTS);
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 9), 1.5);
    ask(world, 2, composeHeader(0, PERFORMANCE, LEVEL_SET), words(0, 200), 2.5);
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 9), 3.5);
    ask(world, 2, composeHeader(0, CLOCK, RATE_SET), words(4, 3, 2, 1), 4.5);
    const level = layout.EVENT_LEVEL_CHANGED;
    const rate = layout.EVENT_RATE_CHANGED;
    const [first, second] = channels;
    expect(takeEvents(core)).toEqual([
      { time: 1.5, kind: level, channel: first, agent: 1, domain: 1, before: 5n, after: 9n },
      { time: 2.5, kind: level, channel: second, agent: 2, domain: 0, before: 100n, after: 200n },
      { time: 3.5, kind: level, channel: first, agent: 1, domain: 1, before: 9n, after: 9n },
      { time: 4.5, kind: rate, channel: second, agent: 2, domain: 3, before: 0x1_0000_0000n, after: 0x2_0000_0001n },
    ]);
  });

  test("hears nothing of commands that failed, of questions, or while it is off", () => {
    const world = openWorld(build, { eventEntries: 2 });
    const { core } = world;
    observe(core, layout.OBSERVE_EVENTS);
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 10));
    ask(world, 2, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 5));
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_GET), words(1));
    ask(world, 1, composeHeader(0, CLOCK, RATE_SET), words(0, 0, 999, 0));
    ask(world, 1, composeHeader(0, CLOCK, RATE_GET), words(0));
    expect(takeEvents(core)).toEqual([]);
    observe(core, 0);
    for (let i = 0; i < 5; i++) ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 9));
    expect(takeEvents(core)).toEqual([]);
  });

  test.each([0, 0xffff_fffe])(
    "that is full leaves every command in its area until the host has read, from entry %i on",
    (start) => {
      const world = openWorld(build, { eventEntries: 4 });
      const { core } = world;
      const { exports, base } = core;
      observe(core, layout.OBSERVE_EVENTS);
      for (const word of [layout.RING_HEAD, layout.RING_TAIL]) core.setU32(layout.CORE_EVENTS + word, start);
      for (const level of [2, 3, 4, 6]) ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, level));
      for (const [header, request] of [
        [composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 7)],
        [composeHeader(0, PERFORMANCE, LEVEL_GET), words(1)],
        [composeHeader(0, BASE, 8), []],
      ] as const) {
        const channel = writeCommand(world, 1, header, request);
        const before = view(core, core.area(channel), 128).slice();
        expect(faultName(exports.serve(base, channel, 0))).toBe("FAULT_EVENTS_FULL (-9)");
        expectBytes(view(core, core.area(channel), 128), before, "the area of the waiting command");
        core.setU32(core.area(channel) + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
      }
      expect(levelInForce(world, 1)).toBe(6);
      expect(takeEvents(core).map(({ before, after }) => [before, after])).toEqual([
        [5n, 2n],
        [2n, 3n],
        [3n, 4n],
        [4n, 6n],
      ]);
      expect(ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 7))).toEqual(words(0));
      expect(takeEvents(core).map(({ after }) => after)).toEqual([7n]);
    },
  );

  test("that is full does not make a doorbell without a command anything but spurious", () => {
    const world = openWorld(build, { eventEntries: 1 });
    const { core, channels } = world;
    observe(core, layout.OBSERVE_EVENTS);
    ask(world, 1, composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, 2));
    expect(faultName(core.exports.serve(core.base, channels[0] ?? -1, 0))).toBe("FAULT_NOTHING (-1)");
  });

  test("that is full refuses staged commands as well", () => {
    const core = createCore(build, { instances: 1, channels: 1, xfers: 1, eventEntries: 1, regionBytes: 8192 });
    const { exports, base } = core;
    const { description, state } = installPlatform(core, SPEC);
    checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
    const channel = checked("openChannel", exports.openChannel(base, 0, layout.KIND_MSG, -1, 0, 32));
    observe(core, layout.OBSERVE_EVENTS);
    const set = (level: number) => {
      const at = core.scratch(composeHeader(0, PERFORMANCE, LEVEL_SET), words(1, level));
      return exports.serveStaged(base, channel, at, 12, 0);
    };
    expect([set(2), set(3)]).toEqual([0, layout.FAULT_EVENTS_FULL]);
    expect(takeEvents(core).length).toBe(1);
    expect(set(3)).toBe(0);
  });

  test("has an entry for each change that the reference sees, in order", () => {
    const random = new Random(9);
    const world = openWorld(build, { eventEntries: 1 });
    const { core, channels } = world;
    const reference = new ReferencePlatform(SPEC);
    observe(core, layout.OBSERVE_EVENTS);
    const seen: Event[] = [];
    for (let round = 0; round < 1000; round++) {
      const agent = 1 + random.below(2);
      const isLevel = random.chance(50);
      const header = isLevel ? composeHeader(0, PERFORMANCE, LEVEL_SET) : composeHeader(0, CLOCK, RATE_SET);
      const request = isLevel
        ? words(random.below(5), random.pick([0, 1, 2, 5, 9, 100, 200, 400]))
        : words(random.pick([0, 4, 8]), random.below(5), random.below(110), random.below(3));
      reference.answer(agent, header, request, 100);
      ask(world, agent, header, request, round);
      seen.push(...takeEvents(core));
    }
    const expected = reference.changes.map(({ kind, agent, domain, before, after }) => ({
      kind: kind === "level" ? layout.EVENT_LEVEL_CHANGED : layout.EVENT_RATE_CHANGED,
      channel: channels[agent - 1],
      agent,
      domain,
      before,
      after,
    }));
    expect(seen.map(({ time: _, ...event }) => event)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(100);
  });
});

describe.each(BUILDS)("%s: the trace ring", (build) => {
  type Entry = readonly [time: number, kind: number, channel: number, header: number, result: number, length: number];

  function entries(core: TestCore): Entry[] {
    const ring = core.ring(layout.CORE_TRACE);
    const first = Math.max(0, ring.tail - ring.capacity);
    return Array.from({ length: ring.tail - first }, (_, index): Entry => {
      const at = ring.offset + ((first + index) & (ring.capacity - 1)) * ring.stride;
      const word = (offset: number) => core.u32(at + offset);
      return [
        core.f64(at + layout.TRACE_TIME),
        word(layout.TRACE_KIND),
        word(layout.TRACE_CHANNEL),
        word(layout.TRACE_HEADER),
        word(layout.TRACE_RESULT) | 0,
        word(layout.TRACE_LENGTH),
      ];
    });
  }

  /** One exchange of agent `agent`, step by step at the times 1, 2, 3 beyond `now`. */
  function exchange(world: World, agent: number, word: number, request: readonly number[], now: number): void {
    const { core, channels } = world;
    const { exports, base } = core;
    const channel = channels[agent - 1] ?? -1;
    const xfer = checked("acquire", exports.acquire(base, agent - 1));
    core.setXferPayload(xfer, request);
    checked("post", exports.post(base, channel, xfer, word, request.length, now + 1));
    const claim = checked("serve", exports.serve(base, channel, now + 2));
    if (claim > 0) {
      core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), words(-6, 1));
      checked("stage", exports.stage(base, claim, 8));
      checked("publish", exports.publish(base, claim, now + 2.5));
    }
    expect(exports.settle(base, channel, now + 3)).toBe(xfer);
    checked("release", exports.release(base, xfer));
  }

  test("tells what was posted, served, published and answered", () => {
    const world = openWorld(build, { traceEntries: 16 });
    const { core, channels } = world;
    const channel = channels[1] ?? -1;
    core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE);
    exchange(world, 2, command(PERFORMANCE, LEVEL_SET), words(1, 5), 0);
    exchange(world, 2, command(BASE, 8), words(4), 10);
    const set = composeHeader(0, PERFORMANCE, LEVEL_SET);
    const host = composeHeader(1, BASE, 8);
    expect(entries(core)).toEqual([
      [1, layout.TRACE_POSTED, channel, set, 0, 8],
      [2, layout.TRACE_SERVED, channel, set, 0, 8],
      [2, layout.TRACE_PUBLISHED, channel, set, STATUS_DENIED, 4],
      [3, layout.TRACE_RESPONSE, channel, set, STATUS_DENIED, 4],
      [11, layout.TRACE_POSTED, channel, host, 0, 4],
      [12, layout.TRACE_SERVED, channel, host, 0, 4],
      [12.5, layout.TRACE_PUBLISHED, channel, host, -6, 8],
      [13, layout.TRACE_RESPONSE, channel, host, -6, 8],
    ]);
  });

  test("overwrites its oldest entries and counts on, past 2^32", () => {
    const world = openWorld(build, { traceEntries: 8 });
    const { core, channels } = world;
    core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE);
    core.setU32(layout.CORE_TRACE + layout.RING_TAIL, 0xffff_fff8);
    for (let round = 0; round < 12; round++) exchange(world, 1, command(BASE, VERSION), [], round * 10);
    expect(core.ring(layout.CORE_TRACE).tail).toBe(40);
    const kinds = [layout.TRACE_POSTED, layout.TRACE_SERVED, layout.TRACE_PUBLISHED, layout.TRACE_RESPONSE];
    const [channel] = channels;
    expect(entries(core)).toEqual(
      [10, 11].flatMap((round) =>
        kinds.map((kind, index) => [
          round * 10 + (index < 2 ? index + 1 : index),
          kind,
          channel,
          composeHeader(round, BASE, VERSION),
          0,
          index < 2 ? 0 : 8,
        ]),
      ),
    );
  });

  test("stays as it is while it is off, and off when it has no entries", () => {
    const quiet = openWorld(build, { traceEntries: 4 });
    exchange(quiet, 1, command(BASE, VERSION), [], 0);
    expect(quiet.core.ring(layout.CORE_TRACE).tail).toBe(0);
    const none = openWorld(build, { traceEntries: 0 });
    none.core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE);
    exchange(none, 1, command(BASE, VERSION), [], 0);
    expect(none.core.ring(layout.CORE_TRACE).tail).toBe(0);
  });
});

interface Exchange {
  readonly id: string;
  readonly request: GoldenMessage;
  readonly response: GoldenMessage;
}

/** Every worked command with each of its worked responses. */
function goldenExchanges(): Exchange[] {
  const names = readdirSync(new URL("../vectors/", import.meta.url)).filter((name) => name.endsWith(".json"));
  return names.flatMap((name) => {
    const { messages } = golden(name.slice(0, -".json".length));
    return messages
      .filter(({ kind, pair }) => kind === "command" && pair !== undefined)
      .flatMap((request) =>
        messages
          .filter(
            (other) => other.kind === "response" && other.pair === request.pair && other.header === request.header,
          )
          .map((response) => ({ id: response.id, request, response })),
      );
  });
}

describe.each(BUILDS)("%s: golden exchanges", (build) => {
  /** An area as the worked bytes have it after post or publish. */
  function areaOf(message: GoldenMessage, status: number): Uint8Array {
    const payload = fromHex(message.payload);
    const bytes = new Uint8Array(layout.SMT_PAYLOAD + payload.length);
    putWord(bytes, layout.SMT_STATUS, status);
    putWord(bytes, layout.SMT_LENGTH, 4 + payload.length);
    bytes.set(fromHex(message.headerBytes), layout.SMT_HEADER);
    bytes.set(payload, layout.SMT_PAYLOAD);
    return bytes;
  }

  test("stand byte for byte in the area, as constants of the description or from the host", () => {
    const exchanges = goldenExchanges();
    expect(exchanges.length).toBeGreaterThan(80);
    for (const { id, request, response } of exchanges) {
      const reply = fromHex(response.payload);
      const parameters = fromHex(request.payload);
      const isConstant = response.status === 0;
      const spec: PlatformSpec = {
        agents: 1,
        protocols: [
          {
            id: request.protocol,
            version: 1,
            messages: {
              [request.message]: isConstant
                ? { kind: "constant", reply: [...reply.subarray(4)], requestBytes: parameters.length }
                : { kind: "host" },
            },
          },
        ],
      };
      const { core, channels } = openWorld(build, { spec, areaBytes: 540 });
      const { exports, base } = core;
      const [channel = -1] = channels;
      const area = core.area(channel);
      const xfer = checked("acquire", exports.acquire(base, 0));
      core.setTokenNext(0, request.token);
      core.setXferPayload(xfer, parameters);
      const word = command(request.protocol, request.message);
      checked(id, exports.post(base, channel, xfer, word, parameters.length, 0));
      const posted = areaOf(request, 0);
      expectBytes(view(core, area, posted.length), posted, request.id);
      const claim = checked(id, exports.serve(base, channel, 0));
      expect(claim > 0).toBe(!isConstant);
      if (claim > 0) {
        core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), reply);
        checked(id, exports.stage(base, claim, reply.length));
        checked(id, exports.publish(base, claim, 0));
      }
      const answered = areaOf(response, layout.SMT_STATUS_FREE);
      expectBytes(view(core, area, answered.length), answered, id);
      expect(exports.settle(base, channel, 0)).toBe(xfer);
      expect(core.xferPayload(xfer)).toEqual([...reply]);
    }
  });

  /** The worked exchange with this id, its request asked of a platform. */
  function answerTo(name: string, id: string, spec: PlatformSpec): { answer: number[] | "host"; response: number[] } {
    const found = goldenExchanges().find(({ response }) => response.id === id);
    if (!found) throw new Error(`no exchange ${id} in ${name}`);
    const answer = ask(openWorld(build, { spec }), 1, found.request.header, [...fromHex(found.request.payload)]);
    return { answer, response: [...fromHex(found.response.payload)] };
  }

  test.each([
    ["10-base", "10-15.1-response", 0x10],
    ["17-voltage", "17-9.1-response", 0x17],
    ["00-transport", "00-11.1-response", 0x10],
    ["raw-mode", "raw-mode-9-response", 0x10],
  ] as const)("%s: PROTOCOL_VERSION is answered as worked", (name, id, protocol) => {
    const messages = { [VERSION]: { kind: "version" } } as const;
    const { answer, response } = answerTo(name, id, {
      agents: 1,
      protocols: [{ id: protocol, version: 0x20001, messages }],
    });
    expect(answer).toEqual(response);
  });

  test("PERFORMANCE_LEVEL_SET above the limit is answered as worked", () => {
    const { answer, response } = answerTo("13-performance", "13-15.6-response", {
      agents: 1,
      protocols: [
        {
          id: PERFORMANCE,
          version: 0x40000,
          messages: { [LEVEL_SET]: { kind: "levelSet" } },
          performance: [{ levels: [600, 1400, 2000], level: 600, minimum: 600, maximum: 1400 }],
        },
      ],
    });
    expect(answer).toEqual(response);
  });

  test("CLOCK_RATE_SET, asynchronous, goes to the host as worked", () => {
    const rates = { lowest: 1_000_000n, highest: 1_000_000_000n, step: 1n };
    const { answer } = answerTo("14-clock", "14-11.5-response", {
      agents: 1,
      protocols: [
        {
          id: CLOCK,
          version: 0x30000,
          messages: { [RATE_SET]: { kind: "rateSet" } },
          clocks: [
            { rates: [1n], rate: 1n },
            { rates, rate: 1_000_000n, asyncDepth: 2 },
          ],
        },
      ],
    });
    expect(answer).toBe("host");
  });
});

test("a description's image is what openState copies, for each state anew", () => {
  const core = createCore("release", { states: 2, stateBytes: 256, regionBytes: 8192 });
  const bytes = describePlatform(SPEC);
  const description = core.reserve(bytes.length);
  core.write(description, bytes);
  const stateBytes = core.u32(description + layout.DESCRIPTION_STATE_BYTES);
  const image = view(core, description + core.u32(description + layout.DESCRIPTION_INITIAL_STATE), stateBytes).slice();
  const states = [1, 2, 3].map(() => checked("openState", core.exports.openState(core.base, description)));
  expect(new Set(states).size).toBe(3);
  core.bytes.fill(0, core.base + (states[0] ?? 0), core.base + (states[0] ?? 0) + stateBytes);
  for (const state of states.slice(1)) expectBytes(view(core, state, stateBytes), image, "state");
});
