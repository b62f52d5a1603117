import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type Build,
  type Config,
  checked,
  command,
  composeHeader,
  createCore,
  faultName,
  type TestCore,
  words,
} from "../support/core.ts";
import { installPlatform, type PlatformSpec } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { Random } from "../support/random.ts";
import { pattern } from "./bytes.ts";
import { ReferencePlatform } from "./platform-reference.ts";

const BASE = 0x10;
const PERFORMANCE = 0x13;
const VERSION = command(BASE, 0);
const BULK = command(BASE, 2);
const HOST = command(BASE, 3);
const LEVEL_SET = command(PERFORMANCE, 7);
const LEVEL_GET = command(PERFORMANCE, 8);
const BULK_BYTES = 88;
const TOP_LEVEL = 1_000_000;

const SPEC: PlatformSpec = {
  agents: 1,
  protocols: [
    {
      id: BASE,
      version: 0x20001,
      messages: {
        0: { kind: "version" },
        2: { kind: "constant", reply: [...pattern(BULK_BYTES, 1)] },
        3: { kind: "host" },
        4: { kind: "constant", reply: words(1) },
        5: { kind: "constant", reply: words(1, 2) },
        6: { kind: "constant", reply: words(1, 2, 3) },
      },
    },
    {
      id: PERFORMANCE,
      version: 0x40000,
      messages: { 7: { kind: "levelSet" }, 8: { kind: "levelGet" } },
      performance: [{ levels: [], level: 1, minimum: 1, maximum: TOP_LEVEL }],
    },
  ],
};

const LAYOUTS = ["tables", "rows"] as const;
type Layout = (typeof LAYOUTS)[number];

interface WorldOptions {
  readonly layout?: Layout;
  readonly instances?: number;
  /** One channel of each kind per instance; rows have room for one only. */
  readonly kinds?: readonly number[];
  readonly xfers?: number;
  readonly entries?: number;
  readonly payload?: number;
  readonly config?: Config;
}

interface World {
  readonly core: TestCore;
  /** channels[instance][kind]. */
  readonly channels: readonly (readonly number[])[];
}

/** Instances with a SoC, xfers and channels each. */
function openWorld(build: Build, options: WorldOptions = {}): World {
  const { layout: form = "tables", instances = 1, kinds = [0], xfers = 1, entries = 16, payload = 112 } = options;
  const core = createCore(build, {
    instances,
    channels: instances * kinds.length,
    xfers: instances * xfers,
    states: instances,
    stateBytes: 64,
    areas: instances * kinds.length,
    areaBytes: 128,
    maxPayload: 128,
    claims: 2,
    batchEntries: entries,
    batchPayload: payload,
    eventEntries: 4,
    regionBytes: 4096,
    flags: form === "rows" ? layout.CONFIG_FLAGS_ROWS : 0,
    ...options.config,
  });
  const { exports, base } = core;
  const { description, state: first } = installPlatform(core, SPEC);
  const channels = Array.from({ length: instances }, (_, index) => {
    const state = index === 0 ? first : checked("openState", exports.openState(base, description));
    const opened = exports.openInstance(base, description, state, 1, xfers, layout.TOKENS_SMALL);
    const instance = checked("openInstance", opened);
    return kinds.map((kind) => checked("openChannel", exports.openChannel(base, instance, kind, 0, 128, 0xffff)));
  });
  return { core, channels };
}

interface Submission {
  readonly channel: number;
  readonly command: number;
  readonly request?: readonly number[];
  /** Default: the bytes of the request. */
  readonly length?: number;
  readonly tag?: number;
}

/** Puts an entry behind the others, as the host does. */
function submit(core: TestCore, { channel, command: word, request = [], length, tag = 0 }: Submission): void {
  const ring = core.ring(layout.CORE_SUBMISSIONS);
  expect((ring.tail - ring.head) >>> 0).toBeLessThan(ring.capacity);
  const at = ring.offset + (ring.tail & (ring.capacity - 1)) * ring.stride;
  core.write(at, words(channel, word, length ?? request.length, tag));
  core.write(at + layout.SUBMISSION_PAYLOAD, request);
  core.setU32(layout.CORE_SUBMISSIONS + layout.RING_TAIL, ring.tail + 1);
}

interface Completion {
  readonly tag: number;
  readonly fault: number;
  readonly header: number;
  readonly payload: readonly number[];
}

/** Reads what has completed and makes room, at most `count` entries. */
function complete(core: TestCore, count = Number.POSITIVE_INFINITY): Completion[] {
  const ring = core.ring(layout.CORE_COMPLETIONS);
  const found: Completion[] = [];
  let head = ring.head;
  while (head !== ring.tail && found.length < count) {
    const at = ring.offset + (head & (ring.capacity - 1)) * ring.stride;
    found.push({
      tag: core.u32(at + layout.COMPLETION_TAG),
      fault: core.u32(at + layout.COMPLETION_FAULT) | 0,
      header: core.u32(at + layout.COMPLETION_HEADER),
      payload: core.read(at + layout.COMPLETION_PAYLOAD, core.u32(at + layout.COMPLETION_LENGTH)),
    });
    head = (head + 1) >>> 0;
  }
  core.setU32(layout.CORE_COMPLETIONS + layout.RING_HEAD, head);
  return found;
}

function run({ core }: World, budget = 1_000_000, now = 0): [done: number, stop: string] {
  const done = core.exports.run(core.base, budget, now);
  return [done, faultName(core.u32(layout.CORE_RUN_STOP) | 0)];
}

const NO_STOP = "0";
const HOST_NEEDED = "FAULT_HOST_NEEDED (-11)";
const EVENTS_FULL = "FAULT_EVENTS_FULL (-9)";
const COMPLETIONS_FULL = "FAULT_COMPLETIONS_FULL (-10)";

/** Answers the claim of a channel. */
function answerClaim(core: TestCore, channel: number, payload: readonly number[]): void {
  const claim = core.u32(core.channel(channel) + layout.CHANNEL_CLAIM);
  core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), payload);
  checked("stage", core.exports.stage(core.base, claim, payload.length));
  checked("publish", core.exports.publish(core.base, claim, 0));
}

const faults = (completions: readonly Completion[]) => completions.map(({ fault }) => faultName(fault));
const tags = (completions: readonly Completion[]) => completions.map(({ tag }) => tag);

describe.each(BUILDS)("%s: a batch", (build) => {
  describe.each(LAYOUTS)("of %s", (form) => {
    test.each([1, 2, 3, 7, 64, 1000, 4095, 4096])("of %i entries completes each with its tag, in order", (count) => {
      const instances = form === "rows" ? 16 : 4;
      const world = openWorld(build, { layout: form, instances, entries: 4096 });
      const { core, channels } = world;
      const levels = channels.map(() => 1);
      const tokens = channels.map(() => 0);
      const expected: Completion[] = [];
      for (let index = 0; index < count; index++) {
        const instance = (index * 7) % instances;
        const isSet = index % 3 !== 2;
        const level = 1 + ((index * 977) % (TOP_LEVEL + 10)); // the last few are out of range
        const word = isSet ? LEVEL_SET : LEVEL_GET;
        const tag = (index * 0x9e3779b1) >>> 0;
        const request = isSet ? words(0, level) : words(0);
        submit(core, { channel: channels[instance]?.[0] ?? -1, command: word, request, tag });
        const isLegal = level <= TOP_LEVEL;
        if (isSet && isLegal) levels[instance] = level;
        const status = isSet && !isLegal ? layout.STATUS_OUT_OF_RANGE : 0;
        const token = (tokens[instance] ?? 0) & 1023;
        tokens[instance] = token + 1;
        expected.push({
          tag,
          fault: 0,
          header: composeHeader(token, PERFORMANCE, isSet ? 7 : 8),
          payload: isSet ? words(status) : words(0, levels[instance] ?? 0),
        });
      }
      expect(run(world)).toEqual([count, NO_STOP]);
      expect(complete(core)).toEqual(expected);
      expect(run(world)).toEqual([0, NO_STOP]);
      expectHome(core);
    });

    test("stops at its budget, and goes on where it stopped", () => {
      const world = openWorld(build, { layout: form, entries: 32 });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      for (let tag = 0; tag < 20; tag++) submit(core, { channel, command: VERSION, tag });
      expect(run(world, 0)).toEqual([0, NO_STOP]);
      expect(run(world, 1)).toEqual([1, NO_STOP]);
      expect(run(world, 7)).toEqual([7, NO_STOP]);
      expect(tags(complete(core))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(run(world, 0xffff_ffff)).toEqual([12, NO_STOP]);
      expect(tags(complete(core))).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    });

    test("stops while nobody reads its completions, and loses none", () => {
      const world = openWorld(build, { layout: form, entries: 4 });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      const level = (tag: number) => ({ channel, command: LEVEL_SET, request: words(0, 10 + tag), tag });
      for (let tag = 0; tag < 4; tag++) submit(core, level(tag));
      expect(run(world)).toEqual([4, NO_STOP]);
      for (let tag = 4; tag < 8; tag++) submit(core, level(tag));
      expect(run(world)).toEqual([0, COMPLETIONS_FULL]);
      expect(core.counted(channel)).toEqual({ sent: 4, responses: 4 });
      expect(tags(complete(core, 1))).toEqual([0]);
      expect(run(world)).toEqual([1, COMPLETIONS_FULL]);
      expect(tags(complete(core))).toEqual([1, 2, 3, 4]);
      expect(run(world)).toEqual([3, NO_STOP]);
      expect(tags(complete(core))).toEqual([5, 6, 7]);
    });

    test("waits for the host at a command that needs it, and goes on with its answer", () => {
      const world = openWorld(build, { layout: form });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      submit(core, { channel, command: VERSION, tag: 1 });
      submit(core, { channel, command: HOST, request: words(7), tag: 2 });
      submit(core, { channel, command: VERSION, tag: 3 });
      expect(run(world)).toEqual([1, HOST_NEEDED]);
      expect(tags(complete(core))).toEqual([1]);
      expect(core.u32(layout.CORE_RUN_XFER)).not.toBe(layout.NO_INDEX);
      expect(run(world)).toEqual([0, HOST_NEEDED]);
      expect(core.counter(channel, "sent")).toBe(2);
      answerClaim(core, channel, words(0, 0xabcd));
      expect(run(world)).toEqual([2, NO_STOP]);
      expect(core.u32(layout.CORE_RUN_XFER)).toBe(layout.NO_INDEX);
      expect(complete(core)).toEqual([
        { tag: 2, fault: 0, header: composeHeader(1, BASE, 3), payload: words(0, 0xabcd) },
        { tag: 3, fault: 0, header: composeHeader(2, BASE, 0), payload: words(0, 0x20001) },
      ]);
      expectHome(core);
    });

    test("that goes on after the host's answer has rung no doorbell for nothing", () => {
      const world = openWorld(build, { layout: form });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      submit(core, { channel, command: HOST });
      expect(run(world)).toEqual([0, HOST_NEEDED]);
      answerClaim(core, channel, words(0));
      expect(run(world)).toEqual([1, NO_STOP]);
      expect(core.counted(channel)).toEqual({ sent: 1, responses: 1 });
    });

    test("waits for the host to read its events, and goes on then", () => {
      const world = openWorld(build, { layout: form });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_EVENTS);
      for (let tag = 0; tag < 7; tag++) {
        submit(core, { channel, command: LEVEL_SET, request: words(0, 10 + tag), tag });
      }
      expect(run(world)).toEqual([4, EVENTS_FULL]);
      expect(run(world)).toEqual([0, EVENTS_FULL]);
      expect(core.counted(channel)).toEqual({ sent: 5, responses: 4 });
      core.setU32(layout.CORE_EVENTS + layout.RING_HEAD, core.ring(layout.CORE_EVENTS).tail);
      expect(run(world)).toEqual([3, NO_STOP]);
      expect(complete(core).map(({ tag, payload }) => [tag, ...payload])).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((tag) => [tag, 0, 0, 0, 0]),
      );
      expectHome(core);
    });
  });

  test("of rows and one of tables complete alike", () => {
    const [rows, tables] = LAYOUTS.map((form) => {
      const random = new Random(5);
      const world = openWorld(build, { layout: form, instances: 8, entries: 512 });
      for (let tag = 0; tag < 512; tag++) {
        const channel = world.channels[random.below(8)]?.[0] ?? -1;
        const word = random.pick([VERSION, BULK, LEVEL_SET, LEVEL_GET, LEVEL_SET | layout.COMMAND_INTERRUPT]);
        const request = random.pick([[], words(0), words(0, random.below(TOP_LEVEL)), random.bytes(7)]);
        submit(world.core, { channel, command: word, request, tag });
      }
      expect(run(world)).toEqual([512, NO_STOP]);
      return complete(world.core);
    });
    expect(rows).toEqual(tables);
  });

  test("over instances and channels of every kind with an area answers as the reference does", () => {
    const random = new Random(6);
    const kinds = [0, layout.KIND_MSG, 0];
    const world = openWorld(build, { instances: 5, kinds, xfers: 2, entries: 1024 });
    const { core, channels } = world;
    const references = channels.map(() => new ReferencePlatform(SPEC));
    const expected: Completion[] = [];
    const tokens = channels.map(() => 0);
    for (let tag = 0; tag < 1024; tag++) {
      const instance = random.below(5);
      const channel = random.pick(channels[instance] ?? []);
      const word = random.pick([VERSION, BULK, LEVEL_SET, LEVEL_GET, command(0x77, 1), command(BASE, 200)]);
      const request = random.pick([[], words(0), words(0, random.below(TOP_LEVEL * 2)), words(3, 5), random.bytes(5)]);
      submit(core, { channel, command: word, request, tag });
      const token = tokens[instance] ?? 0;
      tokens[instance] = (token + 1) & 1023;
      const header = ((token << layout.HEADER_TOKEN_SHIFT) | word) >>> 0;
      const payload = references[instance]?.answer(1, header, request, 100) ?? "host";
      if (payload === "host") throw new Error("expected no command for the host");
      expected.push({ tag, fault: 0, header, payload });
    }
    expect(run(world)).toEqual([1024, NO_STOP]);
    expect(complete(core)).toEqual(expected);
    expectHome(core);
  });

  test.each([0xffff_fffd, 0x7fff_fffe])("counts on past 2^32 and 2^31, from entry %i on", (start) => {
    const world = openWorld(build, { entries: 4 });
    const { core, channels } = world;
    const [[channel = -1] = []] = channels;
    for (const ring of [layout.CORE_SUBMISSIONS, layout.CORE_COMPLETIONS]) {
      core.setU32(ring + layout.RING_HEAD, start);
      core.setU32(ring + layout.RING_TAIL, start);
    }
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 4; index++) submit(core, { channel, command: VERSION, tag: round * 4 + index });
      expect(run(world, 3)).toEqual([3, NO_STOP]);
      expect(run(world)).toEqual([1, NO_STOP]);
      expect(run(world)).toEqual([0, NO_STOP]);
      expect(tags(complete(core))).toEqual([0, 1, 2, 3].map((index) => round * 4 + index));
    }
    expect(core.ring(layout.CORE_COMPLETIONS).tail).toBe((start + 20) >>> 0);
  });

  test("without rings does nothing", () => {
    const world = openWorld(build, { entries: 0 });
    expect(run(world)).toEqual([0, NO_STOP]);
  });
});

describe.each(BUILDS)("%s: a fault completes its entry, and the batch goes on", (build) => {
  test("for channels and commands that a batch cannot take", () => {
    const kinds = [0, layout.KIND_P2A, layout.KIND_MSG];
    const world = openWorld(build, { kinds, xfers: 2, payload: 104 });
    const { core, channels } = world;
    const { exports, base } = core;
    const [[smt = -1, p2a = -1] = []] = channels;
    const bad: [what: string, entry: Submission, fault: string][] = [
      ["no such channel", { channel: 99, command: VERSION }, "FAULT_INDEX (-2)"],
      ["a channel index that would be negative", { channel: -1, command: VERSION }, "FAULT_INDEX (-2)"],
      ["a P2A channel", { channel: p2a, command: VERSION }, "FAULT_CHANNEL_KIND (-17)"],
      ["an async command", { channel: smt, command: VERSION | layout.COMMAND_ASYNC }, "FAULT_CHANNEL_KIND (-17)"],
      ["more than the channel carries", { channel: smt, command: VERSION, length: 101 }, "FAULT_LENGTH (-5)"],
      ["more than the entry carries", { channel: smt, command: VERSION, length: 105 }, "FAULT_LENGTH (-5)"],
      ["an absurd length", { channel: smt, command: VERSION, length: 0xffff_ffff }, "FAULT_LENGTH (-5)"],
    ];
    const expected: string[] = [];
    for (const [index, [, entry, fault]] of bad.entries()) {
      submit(core, { ...entry, tag: index });
      submit(core, { channel: smt, command: VERSION, tag: 100 + index });
      expected.push(fault, "0");
    }
    expect(run(world)).toEqual([14, NO_STOP]);
    const completions = complete(core);
    expect(faults(completions)).toEqual(expected);
    for (const { fault, payload } of completions) expect(payload).toEqual(fault === 0 ? words(0, 0x20001) : []);
    expect(core.counted(smt)).toEqual({ sent: 7, responses: 7 });
    expect(exports.acquire(base, 0)).toBeGreaterThanOrEqual(0);
  });

  test("for a channel without an area", () => {
    const world = openWorld(build, { config: { channels: 2 } });
    const { core } = world;
    const bare = checked("openChannel", core.exports.openChannel(core.base, 0, layout.KIND_MSG, -1, 0, 64));
    submit(core, { channel: bare, command: VERSION });
    submit(core, { channel: 0, command: VERSION });
    expect(run(world)).toEqual([2, NO_STOP]);
    expect(faults(complete(core))).toEqual(["FAULT_CHANNEL_KIND (-17)", "0"]);
  });

  test("for a pool whose xfers are all taken", () => {
    const world = openWorld(build, { instances: 2 });
    const { core, channels } = world;
    const [[full = -1] = [], [other = -1] = []] = channels;
    const xfer = checked("acquire", core.exports.acquire(core.base, 0));
    for (const [tag, channel] of [full, other, full].entries()) submit(core, { channel, command: VERSION, tag });
    expect(run(world)).toEqual([3, NO_STOP]);
    expect(faults(complete(core))).toEqual(["FAULT_NO_XFER (-6)", "0", "FAULT_NO_XFER (-6)"]);
    checked("release", core.exports.release(core.base, xfer));
    submit(core, { channel: full, command: VERSION });
    expect(run(world)).toEqual([1, NO_STOP]);
    expect(faults(complete(core))).toEqual(["0"]);
    expectHome(core);
  });

  test("for an area that is not free", () => {
    const world = openWorld(build, { xfers: 2, kinds: [0, 0] });
    const { core, channels } = world;
    const { exports, base } = core;
    const [[busy = -1, other = -1] = []] = channels;
    const xfer = checked("acquire", exports.acquire(base, 0));
    checked("post", exports.post(base, busy, xfer, HOST, 0, 0));
    submit(core, { channel: busy, command: VERSION });
    submit(core, { channel: other, command: VERSION });
    expect(run(world)).toEqual([2, NO_STOP]);
    expect(faults(complete(core))).toEqual(["FAULT_BUSY (-4)", "0"]);
    expect(core.xferState(xfer)).toBe(layout.XFER_POSTED);
    checked("resetChannel", exports.resetChannel(base, busy));
    checked("release", exports.release(base, xfer));
    expectHome(core);
  });

  test("for an answer that the platform half broke", () => {
    const world = openWorld(build, { kinds: [layout.KIND_HOLD], xfers: 2 });
    const { core, channels } = world;
    const [[channel = -1] = []] = channels;
    submit(core, { channel, command: VERSION, tag: 1 });
    submit(core, { channel, command: VERSION, tag: 2 });
    expect(run(world)).toEqual([0, HOST_NEEDED]);
    const claim = core.u32(core.channel(channel) + layout.CHANNEL_CLAIM);
    checked("publish", core.exports.publish(core.base, claim, 0));
    core.setU32(core.area(channel) + layout.SMT_LENGTH, 7);
    expect(run(world)).toEqual([1, HOST_NEEDED]);
    const next = core.u32(core.channel(channel) + layout.CHANNEL_CLAIM);
    checked("publish", core.exports.publish(core.base, next, 0));
    core.setU32(core.area(channel) + layout.SMT_STATUS, layout.SMT_STATUS_FREE | layout.SMT_STATUS_ERROR);
    expect(run(world)).toEqual([1, NO_STOP]);
    const completions = complete(core);
    expect(faults(completions)).toEqual(["FAULT_MALFORMED (-14)", "FAULT_CHANNEL_ERROR (-15)"]);
    expect(completions.map(({ payload }) => payload)).toEqual([[], []]);
    expectHome(core);
  });

  test.each([0, layout.OBSERVE_EVENTS, layout.OBSERVE_TRACE])(
    "for an answer longer than an entry, observed or not (%i)",
    (observe) => {
      const world = openWorld(build, { payload: 64 });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      core.setU32(layout.CORE_OBSERVE, observe);
      submit(core, { channel, command: BULK, tag: 1 });
      submit(core, { channel, command: VERSION, tag: 2 });
      expect(run(world)).toEqual([2, NO_STOP]);
      const completions = complete(core);
      expect(faults(completions)).toEqual(["FAULT_LENGTH (-5)", "0"]);
      expect(completions[0]?.payload).toEqual([]);
      expectHome(core);
    },
  );

  test("for an answer longer than an entry alike, however the platform is observed", () => {
    const [plain, observed] = [0, layout.OBSERVE_EVENTS].map((observe) => {
      const world = openWorld(build, { payload: 64 });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      core.setU32(layout.CORE_OBSERVE, observe);
      submit(core, { channel, command: BULK, tag: 1 });
      expect(run(world)).toEqual([1, NO_STOP]);
      return { completions: complete(core), counted: core.counted(channel), token: core.tokenNext(0) };
    });
    expect(plain).toEqual(observed);
  });

  test("for an answer longer than an entry, which the trace shows like any other", () => {
    const world = openWorld(build, { payload: 64, config: { traceEntries: 8 } });
    const { core, channels } = world;
    const [[channel = -1] = []] = channels;
    core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE);
    submit(core, { channel, command: BULK });
    expect(run(world)).toEqual([1, NO_STOP]);
    expect(core.counted(channel)).toEqual({ sent: 1, responses: 1 });
    const { offset, stride, tail } = core.ring(layout.CORE_TRACE);
    const kinds = Array.from({ length: tail }, (_, index) => core.u32(offset + index * stride + layout.TRACE_KIND));
    expect(kinds).toEqual([layout.TRACE_POSTED, layout.TRACE_SERVED, layout.TRACE_PUBLISHED, layout.TRACE_RESPONSE]);
  });

  test.each([4, 8, 12, 16])("for an answer longer than the %i payload bytes of an entry", (payload) => {
    const world = openWorld(build, { payload });
    const { core, channels } = world;
    const [[channel = -1] = []] = channels;
    const answers = [LEVEL_SET, command(BASE, 4), command(BASE, 5), command(BASE, 6)];
    for (const [tag, word] of answers.entries()) submit(core, { channel, command: word, tag });
    expect(run(world)).toEqual([4, NO_STOP]);
    const sizes = [4, 8, 12, 16];
    expect(complete(core).map(({ fault, payload: { length } }) => [faultName(fault), length])).toEqual(
      sizes.map((size) => (size > payload ? ["FAULT_LENGTH (-5)", 0] : ["0", size])),
    );
  });

  test.each([0, layout.OBSERVE_EVENTS])(
    "and a completion never writes beyond its entry, observed or not (%i)",
    (observe) => {
      const world = openWorld(build, { payload: 40, entries: 4 });
      const { core, channels } = world;
      const [[channel = -1] = []] = channels;
      core.setU32(layout.CORE_OBSERVE, observe);
      const ring = core.ring(layout.CORE_COMPLETIONS);
      core.bytes.fill(0xcc, core.base + ring.offset, core.base + ring.offset + ring.capacity * ring.stride);
      submit(core, { channel, command: BULK });
      expect(run(world)).toEqual([1, NO_STOP]);
      const second = core.read(ring.offset + ring.stride, 3 * ring.stride);
      expect(second.every((byte) => byte === 0xcc)).toBe(true);
    },
  );
});

describe.each(BUILDS)("%s: an entry in progress", (build) => {
  /** A batch that waits for the host at its first of two entries. */
  function waiting(): World & { readonly channel: number; readonly other: number } {
    const world = openWorld(build, { kinds: [0, 0], xfers: 2 });
    const [[channel = -1, other = -1] = []] = world.channels;
    submit(world.core, { channel, command: HOST, tag: 1 });
    submit(world.core, { channel: other, command: VERSION, tag: 2 });
    expect(run(world, 10, 0)).toEqual([0, HOST_NEEDED]);
    return { ...world, channel, other };
  }

  test("that tick retires completes with its time-out, and the batch goes on", () => {
    const world = waiting();
    const { core, channel } = world;
    const xfer = core.u32(layout.CORE_RUN_XFER);
    expect(core.exports.tick(core.base, layout.DEFAULT_TIMEOUT_NS)).toBe(xfer);
    expect(run(world, 10, layout.DEFAULT_TIMEOUT_NS)).toEqual([2, NO_STOP]);
    const completions = complete(core);
    expect(tags(completions)).toEqual([1, 2]);
    expect(faults(completions)).toEqual(["FAULT_RESPONSE_TIMEOUT (-12)", "0"]);
    expect(completions[0]?.payload).toEqual([]);
    expect(core.u32(layout.CORE_RUN_XFER)).toBe(layout.NO_INDEX);
    expect(core.quarantined(0)).toBe(1);
    submit(core, { channel, command: VERSION });
    expect(run(world)).toEqual([1, NO_STOP]);
    expect(faults(complete(core))).toEqual(["FAULT_BUSY (-4)"]); // the platform still has the area
    answerClaim(core, channel, words(0));
    submit(core, { channel, command: VERSION });
    expect(run(world)).toEqual([1, NO_STOP]);
    expect(faults(complete(core))).toEqual(["0"]);
    expect(core.counted(channel)).toEqual({ sent: 2, responses: 1, timeouts: 1, late: 1 });
    expectHome(core);
  });

  test("whose channel is reset completes with that", () => {
    const world = waiting();
    const { core, channel } = world;
    expect(core.exports.resetChannel(core.base, channel)).toBe(1);
    expect(run(world)).toEqual([2, NO_STOP]);
    expect(faults(complete(core))).toEqual(["FAULT_CHANNEL_RESET (-16)", "0"]);
    expectHome(core);
  });

  test("that the host aborts does not complete as if it had been answered", () => {
    const world = waiting();
    const { core } = world;
    expect(core.exports.abort(core.base, core.u32(layout.CORE_RUN_XFER))).toBe(0);
    expect(run(world)).toEqual([2, NO_STOP]);
    const completions = complete(core);
    expect(faults(completions)).toEqual(["FAULT_ABORTED (-23)", "0"]);
    expect(completions[0]?.payload).toEqual([]);
  });

  test("keeps its xfer from everyone else", () => {
    const world = waiting();
    const { core } = world;
    const xfer = core.u32(layout.CORE_RUN_XFER);
    const other = checked("acquire", core.exports.acquire(core.base, 0));
    expect(other).not.toBe(xfer);
    expect(faultName(core.exports.acquire(core.base, 0))).toBe("FAULT_NO_XFER (-6)");
    expect(faultName(core.exports.release(core.base, xfer))).toBe("FAULT_STATE (-3)");
  });

  test("is found again in a fork", () => {
    const { core, channel } = waiting();
    const base = Math.ceil((core.base + core.totalBytes) / 64) * 64;
    checked("fork", core.exports.fork(core.base, base));
    const answered = core.base;
    for (const at of [base, answered]) {
      core.base = at;
      answerClaim(core, channel, words(0, at));
      expect(run({ core, channels: [] })).toEqual([2, NO_STOP]);
      expect(complete(core).map(({ payload }) => payload)).toEqual([words(0, at), words(0, 0x20001)]);
      expectHome(core);
    }
  });
});
