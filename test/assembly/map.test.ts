import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type Build,
  CONFIG_AT,
  type Config,
  checked,
  command,
  createCore,
  FIRST_CORE_AT,
  faultName,
  type Host,
  instantiate,
  sharedHost,
  TestCore,
  words,
  writeConfig,
} from "../support/core.ts";
import { installPlatform, type PlatformSpec } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { Random, seeds } from "../support/random.ts";
import { expectBytes } from "./bytes.ts";

const CONFIGS = 150;
const BASE = 0x10;
const PERFORMANCE = 0x13;
const LEVEL_SET = command(PERFORMANCE, 7);
const LEVEL_GET = command(PERFORMANCE, 8);
const HOST = command(BASE, 1);
const MEMORY_LIMIT = 2 ** 31;
const ROWS = layout.CONFIG_FLAGS_ROWS;

const SPEC: PlatformSpec = {
  agents: 1,
  protocols: [
    { id: BASE, version: 0x20001, messages: { 0: { kind: "version" }, 1: { kind: "host" } } },
    {
      id: PERFORMANCE,
      version: 0x40000,
      messages: { 7: { kind: "levelSet" }, 8: { kind: "levelGet" } },
      performance: [{ levels: [], level: 1, minimum: 0, maximum: 0xffff_ffff }],
    },
  ],
};

interface Extent {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const TABLES: readonly (readonly [name: string, at: number, bytes: (config: Required<Config>) => number])[] = [
  ["instance", layout.CORE_INSTANCES, () => layout.INSTANCE_BYTES],
  ["channel", layout.CORE_CHANNELS, () => layout.CHANNEL_BYTES],
  ["xfer", layout.CORE_XFERS, ({ maxPayload }) => layout.XFER_PAYLOAD + maxPayload],
  ["state", layout.CORE_STATES, ({ stateBytes }) => stateBytes],
  ["area", layout.CORE_AREAS, ({ areaBytes }) => areaBytes],
  ["quarantine", layout.CORE_QUARANTINES, () => layout.QUARANTINE_LIST_BYTES],
  ["counters", layout.CORE_COUNTERS, () => layout.COUNTERS_BYTES],
  ["token space", layout.CORE_TOKEN_SPACES, () => layout.TOKENS_BYTES],
  ["FastChannel", layout.CORE_FASTCHANNELS, () => layout.FASTCHANNEL_BYTES],
];

const RINGS: readonly (readonly [name: string, at: number, bytes: (config: Required<Config>) => number])[] = [
  ["submission", layout.CORE_SUBMISSIONS, ({ batchPayload }) => layout.SUBMISSION_PAYLOAD + batchPayload],
  ["completion", layout.CORE_COMPLETIONS, ({ batchPayload }) => layout.COMPLETION_PAYLOAD + batchPayload],
  ["notification", layout.CORE_P2A, ({ maxPayload }) => layout.P2A_PAYLOAD + maxPayload],
  ["event", layout.CORE_EVENTS, () => layout.EVENT_BYTES],
  ["trace", layout.CORE_TRACE, ({ tracePayload }) => layout.TRACE_BYTES + tracePayload],
];

const COUNTS: Readonly<Record<string, keyof Config>> = {
  instance: "instances",
  channel: "channels",
  xfer: "xfers",
  state: "states",
  area: "areas",
  quarantine: "instances",
  counters: "channels",
  "token space": "tokenSpaces",
  FastChannel: "fastChannels",
  submission: "batchEntries",
  completion: "batchEntries",
  notification: "p2aEntries",
  event: "eventEntries",
  trace: "traceEntries",
};

const NOTHING: Required<Config> = {
  instances: 0,
  channels: 0,
  xfers: 0,
  states: 0,
  stateBytes: 0,
  areas: 0,
  areaBytes: 0,
  tokenSpaces: 0,
  maxPayload: 32,
  claims: 0,
  fastChannels: 0,
  batchEntries: 0,
  batchPayload: 0,
  p2aEntries: 0,
  eventEntries: 0,
  traceEntries: 0,
  tracePayload: 0,
  regionBytes: 0,
  flags: 0,
};

/** Every record of a core with the bytes that its writers may need. */
function extents(core: TestCore, config: Required<Config>): Extent[] {
  const found: Extent[] = [{ name: "core header", from: 0, to: layout.CORE_HEADER_BYTES }];
  const add = (name: string, offset: number, stride: number, count: number, bytes: number) => {
    for (let index = 0; index < count; index++) {
      const from = offset + index * stride;
      found.push({ name: `${name} ${index}`, from, to: from + bytes });
    }
  };
  for (const [name, at, bytes] of TABLES) {
    const { offset, stride, capacity } = core.table(at);
    expect({ name, capacity }).toEqual({ name, capacity: config[COUNTS[name] ?? "instances"] });
    add(name, offset, stride, capacity, bytes(config));
  }
  for (const [name, at, bytes] of RINGS) {
    const { offset, stride, capacity } = core.ring(at);
    expect({ name, capacity }).toEqual({ name, capacity: config[COUNTS[name] ?? "instances"] });
    add(name, offset, stride, capacity, bytes(config));
  }
  const claims = core.table(layout.CORE_CLAIMS);
  expect(claims.capacity).toBe(config.claims + 1); // claim 0 is the scratch claim
  const reply = core.u32(layout.CORE_CLAIM_REPLY);
  // Request, then the header word directly before the reply
  expect(reply - layout.HEADER_BYTES).toBeGreaterThanOrEqual(layout.CLAIM_REQUEST + config.maxPayload);
  add("claim", claims.offset, claims.stride, claims.capacity, reply + config.maxPayload);
  found.push({ name: "region", from: core.u32(layout.CORE_REGION_NEXT), to: core.u32(layout.CORE_REGION_END) });
  return found.filter(({ from, to }) => to > from);
}

/** Pairs that share a byte, and what does not lie inside the core. */
function collisions(found: readonly Extent[], totalBytes: number): string[] {
  const sorted = [...found].sort((one, other) => one.from - other.from);
  const problems = sorted.filter(({ from, to }) => from < 0 || to > totalBytes).map(({ name }) => `${name} is outside`);
  let last = sorted[0];
  for (const next of sorted.slice(1)) {
    if (last && next.from < last.to) problems.push(`${last.name} and ${next.name} overlap`);
    if (!last || next.to > last.to) last = next;
  }
  return problems;
}

function powerOf2(random: Random, most: number): number {
  return random.chance(20) ? 0 : 1 << random.below(Math.log2(most) + 1);
}

function randomConfig(random: Random): Required<Config> {
  const isRows = random.chance(40);
  const instances = random.below(20);
  const count = () => (isRows ? instances : random.below(20));
  return {
    instances,
    channels: count(),
    xfers: count(),
    states: count(),
    stateBytes: random.pick([0, 1, 16, 63, 64, 65, 200, random.below(1000)]),
    areas: count(),
    areaBytes: random.pick([0, 8, 36, 63, 64, 128, 129, 4096, random.below(1000)]),
    tokenSpaces: random.below(3),
    maxPayload: random.pick([8, 12, 28, 32, 100, 104, 128, 1000, 4068, 8 + random.below(100) * 4]),
    claims: random.below(6),
    fastChannels: random.below(5),
    batchEntries: powerOf2(random, 64),
    batchPayload: random.pick([0, 4, 8, 12, 112, random.below(60) * 4]),
    p2aEntries: powerOf2(random, 16),
    eventEntries: powerOf2(random, 32),
    traceEntries: powerOf2(random, 32),
    tracePayload: random.below(300),
    regionBytes: random.pick([0, 1, 63, 64, 5000, random.below(20_000)]),
    flags: isRows ? ROWS : 0,
  };
}

const EDGES: readonly (readonly [what: string, config: Config])[] = [
  ["nothing at all", { maxPayload: 8 }],
  [
    "one of each",
    { ...NOTHING, instances: 1, channels: 1, xfers: 1, states: 1, stateBytes: 1, areas: 1, areaBytes: 36 },
  ],
  ["the least payload", { instances: 1, channels: 1, xfers: 3, maxPayload: 8, claims: 3, p2aEntries: 4 }],
  ["the largest payload", { instances: 1, channels: 1, xfers: 2, maxPayload: 0x10000, claims: 2, p2aEntries: 2 }],
  ["the largest entries", { instances: 1, channels: 1, xfers: 1, batchEntries: 2, batchPayload: 0x10000 }],
  ["many trace entries", { traceEntries: 1 << 16, eventEntries: 1 << 15 }],
  ["rows of nothing", { flags: ROWS }],
  ["rows without states and areas in them", { flags: ROWS, instances: 3, channels: 3, xfers: 3, states: 3, areas: 3 }],
];

describe.each(BUILDS)("%s: the memory map", (build) => {
  /** Creates a core and holds its map against what its writers need. */
  function check(config: Required<Config>, base: number): void {
    const core = createCore(build, config, { base });
    const host = sharedHost(build);
    writeConfig(host, config);
    expect(core.totalBytes).toBe(host.exports.coreBytes(CONFIG_AT));
    expect(core.u32(layout.CORE_MAX_PAYLOAD)).toBe(config.maxPayload);
    expect(collisions(extents(core, config), core.totalBytes)).toEqual([]);
    const region = core.u32(layout.CORE_REGION_END) - core.u32(layout.CORE_REGION_NEXT);
    expect(region).toBeGreaterThanOrEqual(config.regionBytes);
    for (const [, at] of TABLES) if (core.table(at).capacity > 0) expect(core.table(at).offset % 8).toBe(0);
    for (const [, at] of RINGS) if (core.ring(at).capacity > 0) expect(core.ring(at).stride % 8).toBe(0);
  }

  test.each(seeds([1, 2]))("of random configurations has room for every record, and no byte twice, seed %i", (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < CONFIGS; round++) {
      const config = randomConfig(random);
      try {
        check(config, FIRST_CORE_AT + 64 * random.below(50));
      } catch (cause) {
        throw new Error(`seed ${seed}, round ${round}, ${JSON.stringify(config)}`, { cause });
      }
    }
  });

  test.each(EDGES)("of %s has room for every record, and no byte twice", (_what, config) => {
    check({ ...NOTHING, ...config }, FIRST_CORE_AT);
  });

  test.each(seeds([3, 4]))("gives states, areas and reservations bytes of their own, seed %i", (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < CONFIGS; round++) {
      const shape = randomConfig(random);
      const { instances } = shape;
      const config = { ...shape, channels: instances, xfers: instances, regionBytes: 16_384 };
      const core = createCore(build, config);
      const { exports, base } = core;
      const region = [core.u32(layout.CORE_REGION_NEXT), core.u32(layout.CORE_REGION_END)] as const;
      const records = extents(core, config).filter(({ name }) => !/^(state|area|region)/.test(name));
      const taken: Extent[] = [];
      const take = (name: string, from: number, byteLength: number) => {
        if (from >= 0 && byteLength > 0) taken.push({ name, from, to: from + byteLength });
        return from;
      };
      for (let index = 0; index < instances; index++) {
        const opened = exports.openInstance(base, 0, 0, 0, 1, layout.TOKENS_SMALL);
        checked("openInstance", opened);
        const stateBytes = random.below(2 * config.stateBytes + 10);
        const description = take("description", exports.reserve(base, layout.DESCRIPTION_PROTOCOL_TABLE), 320);
        if (description >= 0) {
          core.setU32(description + layout.DESCRIPTION_STATE_BYTES, stateBytes);
          take(`state of ${stateBytes} bytes`, exports.openState(base, description), stateBytes);
        }
        const areaBytes = 36 + random.below(2 * config.areaBytes + 10);
        const channel = exports.openChannel(base, opened, 0, 0, areaBytes, 0xffff);
        if (channel >= 0) take(`area of ${areaBytes} bytes`, core.area(channel), areaBytes);
      }
      for (let turn = 0; turn < 5; turn++) {
        const bytes = random.below(3000);
        take(`reservation of ${bytes} bytes`, exports.reserve(base, bytes), bytes);
      }
      const [from, to] = region;
      expect(core.u32(layout.CORE_REGION_NEXT)).toBeGreaterThanOrEqual(from);
      expect(core.u32(layout.CORE_REGION_NEXT)).toBeLessThanOrEqual(to);
      const problems = collisions([...records, ...taken], core.totalBytes);
      if (problems.length > 0) {
        const what = `seed ${seed}, round ${round}, flags ${config.flags}, states of ${config.stateBytes}, areas of ${config.areaBytes}`;
        expect({ what, problems }).toEqual({ what, problems: [] });
      }
    }
  });

  test("keeps an instance side by side in rows", () => {
    const core = createCore(build, {
      flags: ROWS,
      instances: 3,
      channels: 3,
      xfers: 3,
      states: 3,
      areas: 3,
      stateBytes: 40,
      areaBytes: 128,
      maxPayload: 100,
      regionBytes: 2048,
    });
    const tables = [
      layout.CORE_INSTANCES,
      layout.CORE_CHANNELS,
      layout.CORE_STATES,
      layout.CORE_XFERS,
      layout.CORE_AREAS,
    ].map((at) => core.table(at));
    const [first] = tables;
    const row = 64 + 64 + 64 + 192 + 128;
    expect(tables.map(({ stride }) => stride)).toEqual([row, row, row, row, row]);
    expect(tables.map(({ offset }) => offset - (first?.offset ?? 0))).toEqual([0, 64, 128, 192, 384]);
  });

  test("reserves to the last byte of the region, on cache lines, and not beyond", () => {
    const core = createCore(build, { regionBytes: 640 });
    const { exports, base } = core;
    expect(core.reserve(1) % 64).toBe(0);
    const second = core.reserve(65);
    expect(core.reserve(0)).toBe(second + 128);
    const end = core.u32(layout.CORE_REGION_END);
    const left = end - core.u32(layout.CORE_REGION_NEXT);
    expect(faultName(exports.reserve(base, left + 1))).toBe("FAULT_NO_ROOM (-18)");
    expect(faultName(exports.reserve(base, -1))).toBe("FAULT_NO_ROOM (-18)");
    expect(core.reserve(left)).toBe(end - left);
    expect(faultName(exports.reserve(base, 1))).toBe("FAULT_NO_ROOM (-18)");
    expect(core.u32(layout.CORE_REGION_NEXT)).toBe(end);
  });
});

/** One instance in a row, with a state and an area. */
const ONE_ROW: Config = { flags: ROWS, instances: 1, channels: 1, xfers: 1, states: 1, areas: 1 };

/** States and areas of 2^63 - 2^37 bytes each, and xfers of 2^38: 2^64 together. */
const WRAPPING: Config = {
  states: 0x8000_0000,
  stateBytes: 0xffff_ffc0,
  areas: 0x8000_0000,
  areaBytes: 0xffff_ffc0,
  xfers: 0x80_0000,
  maxPayload: 32768 - layout.XFER_PAYLOAD,
};

describe.each(BUILDS)("%s: create", (build) => {
  const at = FIRST_CORE_AT;

  function configured(config: Config, configAt = CONFIG_AT): Host {
    const host = sharedHost(build);
    writeConfig(host, config, configAt);
    return host;
  }

  const outOfRange: readonly (readonly [what: string, config: Config])[] = [
    ["a payload below 8", { maxPayload: 4 }],
    ["a payload of 0", { maxPayload: 0 }],
    ["a payload that is no multiple of 4", { maxPayload: 30 }],
    ["a payload above 65,536", { maxPayload: 0x10004 }],
    ["entries that are no power of two", { batchEntries: 3 }],
    ["a P2A ring that is no power of two", { p2aEntries: 6 }],
    ["an event ring that is no power of two", { eventEntries: 100 }],
    ["a trace ring that is no power of two", { traceEntries: 0x8000_0001 }],
    ["an entry payload that is no multiple of 4", { batchPayload: 7 }],
    ["unknown flags", { flags: 2 }],
    ["rows of unequal numbers", { flags: ROWS, instances: 2, channels: 1, xfers: 2, states: 2, areas: 2 }],
    ["rows with more xfers than instances", { flags: ROWS, instances: 1, channels: 1, xfers: 2, states: 1, areas: 1 }],
    ["rows without areas", { flags: ROWS, instances: 1, channels: 1, xfers: 1, states: 1, areas: 0 }],
  ];

  test.each(outOfRange)("refuses %s", (_what, config) => {
    const host = configured(config);
    expect(faultName(host.exports.coreBytes(CONFIG_AT))).toBe("FAULT_CONFIG (-19)");
    expect(faultName(host.exports.create(at, CONFIG_AT))).toBe("FAULT_CONFIG (-19)");
  });

  test.each([0, 1, 4, 63, at + 1, at + 32, -1, -63])("refuses the base %i", (base) => {
    expect(faultName(configured({}).exports.create(base, CONFIG_AT))).toBe("FAULT_CONFIG (-19)");
  });

  test("refuses a configuration that lies in the core, or partly, and one that is not in the memory", () => {
    const total = checked("coreBytes", configured({ regionBytes: 8192 }).exports.coreBytes(CONFIG_AT));
    for (const configAt of [at, at + 64, at + 8192, at + total - 4, at - layout.CONFIG_BYTES + 4]) {
      const host = configured({ regionBytes: 8192 }, configAt);
      expect(faultName(host.exports.create(at, configAt))).toBe("FAULT_CONFIG (-19)");
    }
    for (const configAt of [at - layout.CONFIG_BYTES, at + total]) {
      const host = configured({ regionBytes: 8192 }, configAt);
      expect(host.exports.create(at, configAt)).toBe(at);
    }
    const { exports, memory } = sharedHost(build);
    for (const configAt of [memory.buffer.byteLength, memory.buffer.byteLength - 68, -4, CONFIG_AT + 1]) {
      expect(faultName(exports.coreBytes(configAt))).toBe("FAULT_CONFIG (-19)");
      expect(faultName(exports.create(at, configAt))).toBe("FAULT_CONFIG (-19)");
    }
  });

  const tooLarge: readonly (readonly [what: string, config: Config])[] = [
    ["a region of 2 GiB", { regionBytes: 0x7fff_ffff }],
    ["a region of almost 4 GiB", { regionBytes: 0xffff_ffff }],
    ["four thousand million instances", { instances: 0xffff_ffff }],
    ["four thousand million claims", { claims: 0xffff_ffff }],
    ["more states than 2 GiB hold", { states: 0x0200_0000, stateBytes: 64 }],
    ["one state of almost 4 GiB", { states: 1, stateBytes: 0xffff_ffff }],
    ["two areas of 2 GiB", { areas: 2, areaBytes: 0x8000_0000 }],
    ["a row of 4 GiB", { ...ONE_ROW, stateBytes: 0x8000_0000, areaBytes: 0x8000_0000 }],
    ["products that wrap at 2^64", WRAPPING],
  ];

  test.each(tooLarge)("has no room for %s", (_what, config) => {
    const host = configured(config);
    expect(faultName(host.exports.coreBytes(CONFIG_AT))).toBe("FAULT_NO_ROOM (-18)");
    expect(faultName(host.exports.create(at, CONFIG_AT))).toBe("FAULT_NO_ROOM (-18)");
  });

  test("has no room beyond 2 GiB, wherever the core begins, and then grows nothing", () => {
    const host = configured({ regionBytes: 65536 });
    const before = host.memory.buffer.byteLength;
    for (const base of [MEMORY_LIMIT - 64, MEMORY_LIMIT - 65536, -64, -65536, -(2 ** 31)]) {
      expect(faultName(host.exports.create(base, CONFIG_AT))).toBe("FAULT_NO_ROOM (-18)");
    }
    expect(host.memory.buffer.byteLength).toBe(before);
  });

  test("zeroes the core's bytes and nothing else, and writes its header", () => {
    const host = instantiate(build);
    writeConfig(host, { regionBytes: 1000 });
    const total = checked("coreBytes", host.exports.coreBytes(CONFIG_AT));
    const bytes = new Uint8Array(host.memory.buffer);
    const config = bytes.slice(0, at);
    bytes.fill(0x77, at);
    const core = createCore(build, { regionBytes: 1000 }, { host });
    expectBytes(core.bytes.slice(0, at), config, "below the core");
    expect(core.bytes.subarray(at + total).every((byte) => byte === 0x77)).toBe(true);
    expect(core.bytes.subarray(at + layout.CORE_HEADER_BYTES + 512, at + total).every((byte) => byte === 0)).toBe(true);
    expect(core.u32(layout.CORE_MAGIC_WORD)).toBe(layout.CORE_MAGIC);
    expect(core.u32(layout.CORE_ABI_VERSION)).toBe(host.exports.abiVersion());
    expect(core.totalBytes).toBe(total);
    expectHome(core);
  });

  test("grows the memory as far as the core needs, and no page further", () => {
    const host = instantiate(build);
    writeConfig(host, { regionBytes: 1_000_000 });
    const total = host.exports.coreBytes(CONFIG_AT);
    expect(host.exports.create(at, CONFIG_AT)).toBe(at);
    expect(host.memory.buffer.byteLength).toBe(Math.ceil((at + total) / 65536) * 65536);
  });

  test("is what attach finds, and nothing else is", () => {
    const core = createCore(build, { regionBytes: 4096 }, { host: instantiate(build) });
    const { exports, base } = core;
    expect(exports.attach(base)).toBe(base);
    for (const wrong of [0, 1, base + 64, base + 4, -64, core.bytes.length, core.bytes.length - 64]) {
      expect(faultName(exports.attach(wrong))).toBe("FAULT_NO_CORE (-20)");
    }
    core.setU32(layout.CORE_ABI_VERSION, 2);
    expect(faultName(exports.attach(base))).toBe("FAULT_NO_CORE (-20)");
    core.setU32(layout.CORE_ABI_VERSION, layout.ABI_VERSION);
    core.setU32(layout.CORE_MAGIC_WORD, 0);
    expect(faultName(exports.attach(base))).toBe("FAULT_NO_CORE (-20)");
  });
});

interface Pair {
  readonly core: TestCore;
  readonly channel: number;
}

/** An agent and a platform with everything inside the core. */
function openPair(build: Build, options: { host?: Host; kind?: number; flags?: number } = {}): Pair {
  const core = createCore(
    build,
    {
      instances: 1,
      channels: 1,
      xfers: 1,
      states: 1,
      stateBytes: 64,
      areas: 1,
      areaBytes: 128,
      maxPayload: 100,
      claims: 1,
      eventEntries: 4,
      traceEntries: 8,
      regionBytes: 4096,
      flags: options.flags ?? 0,
    },
    options.host ? { host: options.host } : {},
  );
  const { exports, base } = core;
  const { description, state } = installPlatform(core, SPEC);
  checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
  const channel = checked("openChannel", exports.openChannel(base, 0, options.kind ?? 0, 0, 128, 0xffff));
  core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE | layout.OBSERVE_EVENTS);
  return { core, channel };
}

/** The steps of one exchange that the host answers, each a call or a write. */
const STEPS: readonly ((core: TestCore) => void)[] = [
  ({ exports, base }) => void checked("acquire", exports.acquire(base, 0)),
  (core) => core.setXferPayload(0, words(1, 2, 3)),
  ({ exports, base }) => void checked("post", exports.post(base, 0, 0, HOST, 12, 5)),
  ({ exports, base }) => void checked("serve", exports.serve(base, 0, 6)),
  (core) => core.write(core.claim(1) + core.u32(layout.CORE_CLAIM_REPLY), words(0, 0xcafe)),
  ({ exports, base }) => void checked("stage", exports.stage(base, 1, 8)),
  ({ exports, base }) => void checked("publish", exports.publish(base, 1, 7)),
  ({ exports, base }) => void checked("settle", exports.settle(base, 0, 8)),
  ({ exports, base }) => void checked("release", exports.release(base, 0)),
];

describe.each(BUILDS)("%s: a copy of a core", (build) => {
  /** Address behind a core, on a cache line. */
  const behind = (core: TestCore) => Math.ceil((core.base + core.totalBytes) / 64) * 64;

  test("taken at any point of an exchange goes on from there, as often as one likes", () => {
    const host = instantiate(build);
    const { core } = openPair(build, { host });
    const snapshots = [core.snapshot()];
    for (const step of STEPS) {
      step(core);
      snapshots.push(core.snapshot());
    }
    const end = core.snapshot();
    expect(core.counted(0)).toEqual({ sent: 1, responses: 1 });
    for (const [index, snapshot] of snapshots.entries()) {
      for (let again = 0; again < 2; again++) {
        core.write(0, snapshot);
        for (const step of STEPS.slice(index)) step(core);
        expectBytes(core.snapshot(), end, `from step ${index}`);
      }
    }
    expectHome(core);
  });

  test("forked at any point of an exchange runs at its own address, and leaves the other alone", () => {
    const { core } = openPair(build, { host: instantiate(build) });
    const end = (() => {
      const clean = core.snapshot();
      for (const step of STEPS) step(core);
      const done = core.snapshot();
      core.write(0, clean);
      return done;
    })();
    const clean = core.snapshot();
    for (let cut = 0; cut <= STEPS.length; cut++) {
      core.write(0, clean);
      for (const step of STEPS.slice(0, cut)) step(core);
      const half = core.snapshot();
      const at = behind(core) + 64 * cut;
      expect(core.exports.fork(core.base, at)).toBe(at);
      const fork = new TestCore(core.host, at);
      for (const step of STEPS.slice(cut)) step(fork);
      expectBytes(fork.snapshot(), end, `fork after ${cut} steps`);
      expectBytes(core.snapshot(), half, `the core after ${cut} steps`);
      for (const step of STEPS.slice(cut)) step(core);
      expectBytes(core.snapshot(), end, `the core after ${cut} steps, at the end`);
    }
  });

  test.each([0, ROWS])(
    "forked goes its own way: levels, tokens, counters and deadlines are its own (flags %i)",
    (flags) => {
      const { core, channel } = openPair(build, { host: instantiate(build), flags });
      core.setU32(layout.CORE_OBSERVE, 0);
      const fork = new TestCore(core.host, behind(core));
      checked("fork", core.exports.fork(core.base, fork.base));
      const set = (each: TestCore, level: number) => {
        const xfer = checked("acquire", each.exports.acquire(each.base, 0));
        each.setXferPayload(xfer, words(0, level));
        expect(each.exports.exchange(each.base, channel, xfer, LEVEL_SET, 8, 0)).toBe(layout.XFER_DONE);
        each.setXferPayload(xfer, words(0));
        expect(each.exports.exchange(each.base, channel, xfer, LEVEL_GET, 4, 0)).toBe(layout.XFER_DONE);
        const payload = each.xferPayload(xfer);
        checked("release", each.exports.release(each.base, xfer));
        return payload;
      };
      expect(set(core, 11)).toEqual(words(0, 11));
      for (let round = 0; round < 5; round++) expect(set(fork, 100 + round)).toEqual(words(0, 100 + round));
      expect(set(core, 12)).toEqual(words(0, 12));
      expect([core.tokenNext(0), fork.tokenNext(0)]).toEqual([4, 10]);
      expect([core.counter(channel, "sent"), fork.counter(channel, "sent")]).toEqual([4, 10]);
      const lost = checked("acquire", fork.exports.acquire(fork.base, 0));
      checked("post", fork.exports.post(fork.base, channel, lost, LEVEL_GET, 4, 0));
      expect(core.exports.tick(core.base, 1e12)).toBe(layout.FAULT_NOTHING);
      expect(fork.exports.tick(fork.base, 1e12)).toBe(lost);
    },
  );

  test("forked where it cannot be is refused", () => {
    const { core } = openPair(build, { host: instantiate(build) });
    const { exports, base, totalBytes } = core;
    for (const at of [0, base, base + 64, base - 64, base + totalBytes - 64, base + 1, base + totalBytes + 32]) {
      expect(faultName(exports.fork(base, at))).toBe("FAULT_CONFIG (-19)");
    }
    for (const at of [MEMORY_LIMIT - 64, -64]) expect(faultName(exports.fork(base, at))).toBe("FAULT_NO_ROOM (-18)");
    expectHome(core);
  });

  test("forked beyond the memory grows it, and views have to be renewed", () => {
    const { core } = openPair(build, { host: instantiate(build) });
    const before = core.bytes.length;
    const at = Math.ceil(core.bytes.length / 65536) * 65536 + 65536;
    expect(core.exports.fork(core.base, at)).toBe(at);
    expect(core.host.memory.buffer.byteLength).toBeGreaterThanOrEqual(at + core.totalBytes);
    expect(core.bytes.length).toBeGreaterThan(before); // a view of now, not of before
    expectBytes(new TestCore(core.host, at).snapshot(), core.snapshot(), "fork");
  });

  test("is restored from a fork or an image, and from nothing else", () => {
    const { core } = openPair(build, { host: instantiate(build) });
    const { exports, base } = core;
    const image = behind(core);
    checked("fork", exports.fork(base, image));
    const clean = core.snapshot();
    for (const step of STEPS.slice(0, 4)) step(core);
    expect(exports.restore(base, image)).toBe(0);
    expectBytes(core.snapshot(), clean, "restored");

    const foreign = Math.ceil((image + core.totalBytes) / 64) * 64;
    const other = createCore(build, { regionBytes: 64 }, { host: core.host, base: foreign });
    for (const wrong of [0, 1, image + 4, image + 64, foreign, core.bytes.length, -64]) {
      expect(faultName(exports.restore(base, wrong))).toBe("FAULT_NO_CORE (-20)");
    }
    expectBytes(core.snapshot(), clean, "after refusals");
    expectHome(other);
  });

  test("shares one memory with others, which stay as they are", () => {
    const host = instantiate(build);
    const first = openPair(build, { host }).core;
    const second = createCore(build, { regionBytes: 4096, instances: 3 }, { host, base: behind(first) });
    const before = second.snapshot();
    for (const step of STEPS) step(first);
    expectBytes(second.snapshot(), before, "the other core");
    expect([host.exports.attach(first.base), host.exports.attach(second.base)]).toEqual([first.base, second.base]);
  });
});

describe.each(BUILDS)("%s: a fleet", (build) => {
  /** As many instances as there are, with one serial channel and one performance domain each. */
  function fleet(instances: number, flags: number): Config {
    return {
      instances,
      channels: instances,
      xfers: instances,
      states: instances,
      stateBytes: 64,
      areas: instances,
      areaBytes: 128,
      maxPayload: 100,
      flags,
      regionBytes: 4096,
    };
  }

  test.each([0, ROWS])("costs less than 2 KiB an instance (flags %i)", (flags) => {
    const host = sharedHost(build);
    const bytes = (instances: number) => {
      writeConfig(host, fleet(instances, flags));
      return checked("coreBytes", host.exports.coreBytes(CONFIG_AT));
    };
    expect((bytes(1001) - bytes(1)) / 1000).toBeLessThan(2048);
  });

  test.each([0, ROWS])("of 100,000 instances is created, and each has a level of its own (flags %i)", (flags) => {
    const host = instantiate(build);
    const count = 100_000;
    const core = createCore(build, fleet(count, flags), { host });
    const { exports, base } = core;
    const { description, state: first } = installPlatform(core, SPEC);
    for (let index = 0; index < count; index++) {
      const state = index === 0 ? first : exports.openState(base, description);
      const instance = exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL);
      const channel = exports.openChannel(base, instance, 0, 0, 128, 0xffff);
      if (state < 0 || instance !== index || channel !== index) expect.fail(`instance ${index} of ${count}`);
    }
    expect(faultName(exports.openInstance(base, description, first, 1, 1, layout.TOKENS_SMALL))).toBe(
      "FAULT_NO_ROOM (-18)",
    );
    const words32 = core.words;
    const { offset, stride } = core.table(layout.CORE_XFERS);
    const call = (index: number, word: number, request: readonly number[]) => {
      const payload = (base + offset + index * stride + layout.XFER_PAYLOAD) >> 2;
      const xfer = exports.acquire(base, index);
      words32.set(request, payload);
      if (exports.exchange(base, index, xfer, word, request.length * 4, 0) !== layout.XFER_DONE)
        expect.fail(`${index}`);
      exports.release(base, xfer);
      return [words32[payload], words32[payload + 1]];
    };
    for (let index = 0; index < count; index++) call(index, LEVEL_SET, [0, index * 3 + 1]);
    let wrong = 0;
    for (let index = 0; index < count; index++) {
      const [status, level] = call((index * 7919) % count, LEVEL_GET, [0]);
      if (status !== 0 || level !== ((index * 7919) % count) * 3 + 1) wrong++;
    }
    expect(wrong).toBe(0);
    expect(core.live(count - 1)).toBe(0);
  });
});

describe.each(BUILDS)("%s: tables that are full", (build) => {
  test("refuse instances, xfers, token spaces, channels and claims beyond them, and take nothing", () => {
    const core = createCore(build, { instances: 3, channels: 1, xfers: 4, tokenSpaces: 1, regionBytes: 2048 });
    const { exports, base } = core;
    const open = (xfers: number, tokens: number) => faultName(exports.openInstance(base, 0, 0, 0, xfers, tokens));
    expect([open(0, 0), open(9, 0), open(1025, 1), open(1, 2), open(-1, 0)]).toEqual(
      Array.from({ length: 5 }, () => "FAULT_CONFIG (-19)"),
    );
    expect(open(5, 0)).toBe("FAULT_NO_ROOM (-18)");
    expect(open(2, 1)).toBe("0");
    expect(open(1, 1)).toBe("FAULT_NO_ROOM (-18)"); // the one token space is taken
    expect(open(3, 0)).toBe("FAULT_NO_ROOM (-18)"); // two xfers are left
    expect([open(1, 0), open(1, 0), open(1, 0)]).toEqual(["1", "2", "FAULT_NO_ROOM (-18)"]);
    expect(core.table(layout.CORE_XFERS).count).toBe(4);

    const channel = (instance: number, kind: number, area: number, bytes: number) =>
      faultName(exports.openChannel(base, instance, kind, area, bytes, 64));
    const msg = layout.KIND_MSG;
    expect([channel(3, msg, -1, 0), channel(-1, msg, -1, 0)]).toEqual(["FAULT_INDEX (-2)", "FAULT_INDEX (-2)"]);
    expect([channel(0, 16, 0, 64), channel(0, 0, -1, 0)]).toEqual([
      "FAULT_CHANNEL_KIND (-17)",
      "FAULT_CHANNEL_KIND (-17)",
    ]);
    expect([channel(0, 0, 0, 35), channel(0, msg, 0, 7)]).toEqual(["FAULT_LENGTH (-5)", "FAULT_LENGTH (-5)"]);
    const end = core.bytes.length - base;
    expect([channel(0, 0, end - 32, 36), channel(0, 0, 1026, 36), channel(0, 0, end, 0x7fff_ffff)]).toEqual(
      Array.from({ length: 3 }, () => "FAULT_CONFIG (-19)"),
    );
    expect(channel(0, 0, 0, 4096)).toBe("FAULT_NO_ROOM (-18)");
    expect(core.table(layout.CORE_CHANNELS).count).toBe(0);
    expect(channel(0, 0, end - 36, 36)).toBe("0");
    expect(channel(0, 0, 0, 64)).toBe("FAULT_NO_ROOM (-18)");
  });

  test("of descriptions with few agents refuse an agent that is not there", () => {
    const core = createCore(build, { instances: 2, xfers: 2, regionBytes: 4096 });
    const { exports, base } = core;
    const { description, state } = installPlatform(core, { ...SPEC, agents: 2 });
    const open = (agent: number) => faultName(exports.openInstance(base, description, state, agent, 1, 0));
    expect([open(0), open(3), open(-1), open(2)]).toEqual([
      "FAULT_CONFIG (-19)",
      "FAULT_CONFIG (-19)",
      "FAULT_CONFIG (-19)",
      "0",
    ]);
  });
});
