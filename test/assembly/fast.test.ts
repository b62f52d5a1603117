import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  BUILDS,
  type Build,
  checked,
  command,
  createCore,
  FIRST_CORE_AT,
  faultName,
  type Host,
  instantiate,
  TestCore,
  words,
} from "../support/core.ts";
import { installPlatform, type PlatformSpec } from "../support/description.ts";
import { homeProblems } from "../support/home.ts";
import { Random, SOAK_MS, seeds } from "../support/random.ts";
import { pattern } from "./bytes.ts";

const MACHINES = 120;
const STEPS = 60;
const BASE = 0x10;
const PERFORMANCE = 0x13;
const CLOCK = 0x14;
const DENIED = 0x16;
const POWER = 0x11;
const SENSOR = 0x15;
const VOLTAGE = 0x17;
const POWERCAP = 0x18;
const CONSTANTS = [0, 4, 8, 12, 28, 88, 96, 100, 128];
const MAX_PAYLOAD = 128;
const ENTRY_PAYLOAD = 64;
/** A deadline that only a command in flight replaces. */
const NEVER_WRITTEN = -1;

const SPEC: PlatformSpec = {
  agents: 2,
  protocolMasks: [0b1111_0111, 0b0001],
  protocols: [
    {
      id: BASE,
      version: 0x20001,
      messages: {
        0: { kind: "version" },
        1: { kind: "host" },
        ...Object.fromEntries(
          CONSTANTS.map((length, index) => [
            16 + index,
            { kind: "constant", reply: [...pattern(length, index)], requestBytes: index % 2 ? 0xffff : 4 },
          ]),
        ),
      },
    },
    {
      id: PERFORMANCE,
      version: 0x40000,
      messages: {
        5: { kind: "limitsSet" },
        6: { kind: "limitsGet" },
        7: { kind: "levelSet" },
        8: { kind: "levelGet" },
      },
      performance: [
        { levels: [100, 200, 400], level: 100, minimum: 100, maximum: 400 },
        { levels: [], level: 5, minimum: 1, maximum: 9 },
      ],
      permissions: [
        [7, 7],
        [1, 0],
      ],
    },
    {
      id: CLOCK,
      version: 0x30000,
      messages: { 5: { kind: "rateSet" }, 6: { kind: "rateGet" } },
      clocks: [
        { rates: [1000n, 2000n, 0x1_0000_0000n], rate: 1000n },
        { rates: { lowest: 10n, highest: 0x2_0000_0000n, step: 7n }, rate: 10n, asyncDepth: 1 },
      ],
    },
    { id: DENIED, version: 1, messages: { 0: { kind: "version" } } },
    {
      id: POWER,
      version: 0x30001,
      messages: { 4: { kind: "stateSet" }, 5: { kind: "stateGet" } },
      power: [
        { states: [0, 0x4000_0000], state: 0, modes: ["sync", "async"] },
        { states: [], state: 0, modes: ["async"] },
      ],
    },
    {
      id: VOLTAGE,
      version: 0x20001,
      messages: { 7: { kind: "voltageSet" }, 8: { kind: "voltageGet" } },
      voltages: [
        { levels: [-5, 9, 100], level: 9, hasAsync: true },
        { levels: { lowest: -10, highest: 1000, step: 5 }, level: 0 },
      ],
    },
    {
      id: SENSOR,
      version: 0x20000,
      messages: { 6: { kind: "readingGet" } },
      sensors: [
        { reading: -7n, timestamp: 2n ** 40n, hasAsync: true },
        { reading: 9n, timestamp: 0n },
      ],
    },
    {
      id: POWERCAP,
      version: 0x20000,
      messages: { 4: { kind: "capGet" }, 9: { kind: "measurementsGet" } },
      powercaps: [
        { cap: 5, power: 6, interval: 7, isMonitored: true },
        { cap: 1, power: 2, interval: 3 },
      ],
    },
  ],
};

/** A command with its parameters, and the bytes that stand behind them. */
interface Command {
  readonly channel: number;
  readonly word: number;
  readonly request: readonly number[];
  readonly length: number;
}

type Range = readonly [offset: number, byteLength: number];

/**
 * Four copies of one machine that are put through the same: two where the caller owns the xfer (`exchange` against
 * post, serve and settle), two where it is borrowed for the time (`run` against the same with acquire and release).
 */
class Machine {
  readonly random: Random;
  readonly host: Host;
  readonly cores: readonly TestCore[];
  readonly channels: readonly number[];
  readonly state: number;
  readonly stateBytes: number;
  readonly xfers: number;
  readonly ring: { readonly offset: number; readonly stride: number; readonly capacity: number };
  /** Xfers that somebody else owns for a while. */
  held: number[] = [];
  now = 0;
  /** Exchanges that left no deadline behind: the fast path was taken. */
  fast = 0;
  #before = new Uint8Array();
  #after = new Uint8Array();

  constructor(host: Host, random: Random) {
    this.random = random;
    this.host = host;
    this.xfers = 1 + random.below(3);
    const core = createCore(
      host.build,
      {
        instances: 2,
        channels: 3,
        xfers: 4,
        tokenSpaces: 1,
        maxPayload: MAX_PAYLOAD,
        claims: random.below(3),
        batchEntries: 2,
        batchPayload: ENTRY_PAYLOAD,
        eventEntries: 2,
        traceEntries: 8,
        regionBytes: 8192,
      },
      { host },
    );
    const { exports, base } = core;
    const { description, state } = installPlatform(core, SPEC);
    this.state = state;
    this.stateBytes = core.u32(description + layout.DESCRIPTION_STATE_BYTES);
    const tokens = random.chance(15) ? layout.TOKENS_FULL : layout.TOKENS_SMALL;
    const isBare = random.chance(5);
    const opened = isBare
      ? exports.openInstance(base, 0, 0, 0, this.xfers, tokens)
      : exports.openInstance(base, description, state, random.chance(80) ? 1 : 2, this.xfers, tokens);
    checked("openInstance", opened);
    checked("openInstance", exports.openInstance(base, description, state, 2, 1, layout.TOKENS_SMALL));
    const open = (kind: number, instance: number) => {
      const areaBytes = random.pick([36, 40, 64, 128, 128, 160, 300]);
      const maxMessage = random.chance(70) ? 0xffff : random.below(120);
      return checked("openChannel", exports.openChannel(base, instance, kind, 0, areaBytes, maxMessage));
    };
    const kinds = [0, 0, 0, 0, layout.KIND_HOLD, layout.KIND_MSG, layout.KIND_P2A];
    this.channels = [open(0, 0), open(random.pick(kinds), 0), open(0, 1)];
    this.ring = core.ring(layout.CORE_SUBMISSIONS);
    const cores = [core];
    const total = core.totalBytes;
    for (let copy = 1; copy < 4; copy++) {
      const at = FIRST_CORE_AT + copy * Math.ceil(total / 64) * 64;
      checked("fork", exports.fork(base, at));
      cores.push(new TestCore(host, at));
    }
    this.cores = cores;
  }

  /** Does the same to all four, and holds their results together. */
  all(what: string, change: (core: TestCore) => number): number {
    const [result = 0, ...others] = this.cores.map(change);
    for (const other of others) {
      if (other !== result) expect.fail(`${what}: expected ${faultName(result)} of all, got ${faultName(other)}`);
    }
    return result;
  }

  /** A word of the record or area at an offset, in all four. */
  setAll(offset: number, value: number): void {
    for (const core of this.cores) core.setU32(offset, value);
  }

  /**
   * What may differ. The fast path leaves out what only a command in flight has, and what nobody can see between its
   * steps:
   *   - deadlines: of xfers that are not in flight, and the earliest known one, which only says when `tick` looks
   *   - the channel and the async flag of an xfer that is not in flight: `post` writes them anew
   *   - the foreign header that a channel remembers while no command is outstanding: `post` writes it anew
   *   - claim 0, the scratch claim of the platform half
   * A borrowed xfer carries nothing once it is back, and the entries of a batch are no part of the steps it stands for:
   *   - all of an idle xfer but its state and its place in the free list
   *   - submissions, completions and the words of `run` itself
   *   - the trace of an answer that an entry has no room for: batch.test.ts has a test for it
   */
  #mayDiffer(core: TestCore, isBorrowed: boolean, isTooLong: boolean): Range[] {
    const ranges: Range[] = [
      [layout.CORE_NEXT_DEADLINE, 8],
      [layout.CORE_TICK_CURSOR, 4],
      [layout.CORE_TICK_EARLIEST, 8],
      [core.claim(0), core.table(layout.CORE_CLAIMS).stride],
    ];
    const count = core.table(layout.CORE_XFERS).count;
    for (let index = 0; index < count; index++) {
      const state = core.xferState(index);
      const at = core.xfer(index);
      if (state === layout.XFER_POSTED || state === layout.XFER_AWAITING_DELAYED) continue;
      ranges.push([at + layout.XFER_CHANNEL, 4], [at + layout.XFER_DEADLINE, 8]);
      if (state !== layout.XFER_IDLE) ranges.push([at + layout.XFER_FLAGS, 4]);
      else if (isBorrowed) {
        ranges.push([at + layout.XFER_LENGTH, 4], [at + layout.XFER_FAULT, 8 + MAX_PAYLOAD]);
      }
    }
    for (const channel of this.channels) {
      const at = core.channel(channel);
      if (core.u32(at + layout.CHANNEL_OUTSTANDING) === layout.NO_HEADER) ranges.push([at + layout.CHANNEL_STRAY, 4]);
    }
    if (isBorrowed) {
      for (const which of [layout.CORE_SUBMISSIONS, layout.CORE_COMPLETIONS]) {
        const { offset, stride, capacity } = core.ring(which);
        ranges.push([which, layout.RING_BYTES], [offset, stride * capacity]);
      }
      ranges.push([layout.CORE_RUN_STOP, 4], [layout.CORE_RUN_XFER, 4]);
    }
    if (isTooLong) {
      const { offset, stride, capacity } = core.ring(layout.CORE_TRACE);
      ranges.push([layout.CORE_TRACE, layout.RING_BYTES], [offset, stride * capacity]);
    }
    return ranges;
  }

  /** Everything else must be the same, to the byte. */
  compare(which: "owned" | "borrowed", what: string, isTooLong = false): void {
    const isBorrowed = which === "borrowed";
    const [one, other] = isBorrowed ? this.cores.slice(2) : this.cores;
    if (!one || !other) throw new Error("expected four cores");
    const total = one.totalBytes;
    if (this.#before.length !== total) {
      this.#before = new Uint8Array(total);
      this.#after = new Uint8Array(total);
    }
    for (const [core, copy] of [
      [one, this.#before],
      [other, this.#after],
    ] as const) {
      copy.set(core.bytes.subarray(core.base, core.base + total));
      for (const [offset, byteLength] of this.#mayDiffer(core, isBorrowed, isTooLong))
        copy.fill(0, offset, offset + byteLength);
    }
    if (Buffer.compare(this.#before, this.#after) === 0) return;
    const at = this.#before.findIndex((byte, index) => byte !== this.#after[index]);
    const word = at & ~3;
    const got = one.u32(word).toString(16);
    expect.fail(
      `${which}: ${what}: word at ${this.#nameOf(one, word)} is ${got}, step by step ${other.u32(word).toString(16)}`,
    );
  }

  /** Where an offset lies, for a failure that can be read. */
  #nameOf(core: TestCore, offset: number): string {
    for (const [name, value] of Object.entries(layout)) {
      if (!/^CORE_(INSTANCES|CHANNELS|XFERS|COUNTERS|CLAIMS)$/.test(name)) continue;
      const table = core.table(value as number);
      const end = table.offset + table.stride * table.capacity;
      if (offset < table.offset || offset >= end) continue;
      const index = Math.floor((offset - table.offset) / table.stride);
      return `${name}[${index}] + ${(offset - table.offset) % table.stride}`;
    }
    for (const channel of this.channels) {
      const area = core.area(channel);
      const end = area + core.u32(core.channel(channel) + layout.CHANNEL_AREA_BYTES);
      if (offset >= area && offset < end) return `area of channel ${channel} + ${offset - area}`;
    }
    return String(offset);
  }
}

/** Posts a command with an xfer of its own, in all four copies; the xfer, or -1. */
function postAll(machine: Machine, channel: number, word: number): number {
  const xfer = machine.all("acquire", (each) => each.exports.acquire(each.base, 0));
  if (xfer < 0) return -1;
  const posted = machine.all("post", (each) => each.exports.post(each.base, channel, xfer, word, 0, machine.now));
  if (posted === 0) return xfer;
  machine.all("release", (each) => each.exports.release(each.base, xfer));
  return -1;
}

/** A caller that gives up: a token in quarantine, and an area that the platform keeps. */
function lose(machine: Machine, channel: number): void {
  const options = machine.random.chance(50) ? layout.COMMAND_ASYNC : 0;
  const xfer = postAll(machine, channel, command(BASE, 0, options));
  if (xfer < 0) return;
  machine.all("abort", (each) => each.exports.abort(each.base, xfer));
  machine.all("release", (each) => each.exports.release(each.base, xfer));
}

/** A command that ends with ERROR while the area stays with the platform, maybe with another header in it later. */
function endWithError(machine: Machine, channel: number): void {
  const xfer = postAll(machine, channel, command(BASE, 0));
  if (xfer < 0) return;
  const [core] = machine.cores;
  const area = core?.area(channel) ?? 0;
  if (area !== 0) {
    machine.setAll(area + layout.SMT_STATUS, layout.SMT_STATUS_ERROR);
    machine.all("settle", (each) => each.exports.settle(each.base, channel, machine.now));
    if (machine.random.chance(50)) machine.setAll(area + layout.SMT_HEADER, machine.random.below(1 << 28));
    machine.setAll(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
  }
  retire(machine, channel, xfer);
}

/** A command that is answered while the platform's host still has it: its claim stays open. */
function answerClaimed(machine: Machine, channel: number): void {
  const xfer = postAll(machine, channel, command(BASE, 1));
  if (xfer < 0) return;
  const [core] = machine.cores;
  const area = core?.area(channel) ?? 0;
  if (area !== 0) {
    machine.all("serve", (each) => each.exports.serve(each.base, channel, machine.now));
    machine.setAll(area + layout.SMT_LENGTH, 8);
    machine.setAll(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    machine.all("settle", (each) => each.exports.settle(each.base, channel, machine.now));
  }
  retire(machine, channel, xfer);
}

/** A command in flight on another channel, whose token would be the next. */
function leaveInFlight(machine: Machine, channel: number): void {
  const xfer = postAll(machine, channel, command(BASE, 0));
  const [core] = machine.cores;
  if (xfer < 0 || !core) return;
  if (machine.random.chance(70)) machine.setAll(core.instance(0) + layout.INSTANCE_TOKEN_NEXT, core.xferToken(xfer));
  machine.held.push(xfer);
  machine.all("setDeadline", (each) => each.exports.setDeadline(each.base, xfer, Number.POSITIVE_INFINITY));
}

/** Frees an xfer, whatever became of its command. */
function retire(machine: Machine, channel: number, xfer: number): void {
  const [core] = machine.cores;
  if (core?.xferState(xfer) === layout.XFER_POSTED) {
    machine.all("resetChannel", (each) => each.exports.resetChannel(each.base, channel));
  }
  machine.all("release", (each) => each.exports.release(each.base, xfer));
}

/** Something unusual, the same in all four copies. */
function disturb(machine: Machine): void {
  const { random, channels } = machine;
  const [core] = machine.cores;
  if (!core) return;
  const channel = random.pick(channels);
  const record = core.channel(channel);
  const area = core.area(channel);
  random.weighted<() => void>([
    [70, () => {}],
    [
      8,
      () =>
        machine.setAll(core.instance(0) + layout.INSTANCE_TOKEN_NEXT, random.pick([0, 1021, 1022, 1023, 511, 2047])),
    ],
    [3, () => machine.setAll(layout.CORE_OBSERVE, random.below(4))],
    [8, () => machine.setAll(layout.CORE_OBSERVE, 0)],
    [6, () => machine.setAll(layout.CORE_EVENTS + layout.RING_HEAD, core.ring(layout.CORE_EVENTS).tail)],
    [4, () => machine.setAll(record + layout.CHANNEL_SENT, random.pick([0xffff_ffff, 0x7fff_ffff, 0]))],
    [3, () => machine.setAll(record + layout.CHANNEL_RESPONSES, 0xffff_ffff)],
    [
      6,
      () => {
        const noise = random.bytes(36);
        for (const each of machine.cores) each.write(area, noise);
        machine.setAll(area + layout.SMT_STATUS, random.pick([1, 3, 0xffff_ffff, 1, 0, 2]));
      },
    ],
    [10, () => machine.setAll(area + layout.SMT_STATUS, random.pick([1, 3]))],
    [
      4,
      () => {
        const at = machine.state + random.below(machine.stateBytes);
        const byte = random.below(256);
        for (const each of machine.cores) each.write(at, [byte]);
      },
    ],
    [12, () => machine.all("resetChannel", (each) => each.exports.resetChannel(each.base, channel))],
    [
      5,
      () => {
        machine.now += layout.DEFAULT_TIMEOUT_NS;
        while (machine.all("tick", (each) => each.exports.tick(each.base, machine.now)) >= 0);
      },
    ],
    [5, () => lose(machine, random.pick(channels))],
    [3, () => endWithError(machine, channel)],
    [3, () => answerClaimed(machine, channel)],
    [3, () => leaveInFlight(machine, channels[1] ?? 0)],
    [
      3,
      () => {
        while (machine.held.length < 4) {
          const xfer = machine.all("acquire", (each) => each.exports.acquire(each.base, 0));
          if (xfer < 0) break;
          machine.held.push(xfer);
        }
      },
    ],
    [
      8,
      () => {
        for (const xfer of machine.held) {
          if (core.xferState(xfer) === layout.XFER_POSTED) {
            machine.all("abort", (each) => each.exports.abort(each.base, xfer));
          }
          machine.all("release", (each) => each.exports.release(each.base, xfer));
        }
        machine.held = [];
      },
    ],
  ])();
}

function randomCommand(machine: Machine): Command {
  const { random, channels } = machine;
  const channel = random.weighted([
    [80, channels[0] ?? 0],
    [15, channels[1] ?? 0],
    [3, channels[2] ?? 0],
    [1, 77],
    [1, -1],
  ]);
  const domain = random.weighted([
    [90, random.below(2)],
    [10, random.word()],
  ]);
  const [protocol, message, request] = random.weighted<readonly [number, number, readonly number[]]>([
    [20, [PERFORMANCE, 7, words(domain, random.pick([100, 200, 400, 5, 9, 0, random.word()]))]],
    [15, [PERFORMANCE, 8, words(domain)]],
    [
      12,
      [
        CLOCK,
        5,
        words(random.pick([0, 4, 8, 1, 64]), domain, random.pick([10, 1000, 1500, random.word()]), random.below(3)),
      ],
    ],
    [8, [CLOCK, 6, words(domain)]],
    [6, [PERFORMANCE, 5, words(domain, random.pick([0, 100, 200, 400, 5, 9]), random.pick([0, 1, 5, 100, 400]))]],
    [3, [PERFORMANCE, 6, words(domain)]],
    [6, [POWER, 4, words(random.pick([0, 0, 0, 1, 2]), domain, random.pick([0, 0x4000_0000, 7]))]],
    [3, [POWER, 5, words(domain)]],
    [6, [VOLTAGE, 7, words(domain, random.pick([0, 0, 0, 1, 2]), random.pick([-5, 9, 100, 15, 0]))]],
    [3, [VOLTAGE, 8, words(domain)]],
    [6, [SENSOR, 6, words(domain, random.pick([0, 0, 0, 1, 2]))]],
    [5, [POWERCAP, random.pick([4, 9]), words(domain)]],
    [8, [BASE, 0, []]],
    [15, [BASE, 16 + random.below(CONSTANTS.length), words(random.word())]],
    [6, [BASE, 1, random.bytes(random.below(40))]],
    [5, [DENIED, 0, []]],
    [5, [random.below(256), random.below(256), random.bytes(random.below(MAX_PAYLOAD))]],
  ]);
  const options =
    (random.chance(30) ? layout.COMMAND_INTERRUPT : 0) |
    (random.chance(3) ? layout.COMMAND_ASYNC : 0) |
    (random.chance(2) ? 0x3000_0300 : 0); // bits that a command word has no use for
  const length = random.weighted([
    [90, request.length],
    [6, random.below(MAX_PAYLOAD)],
    [2, MAX_PAYLOAD],
    [2, random.pick([0xffff_ffff, 0x8000_0000, MAX_PAYLOAD + 1, 1000])],
  ]);
  // A length beyond the parameters takes in what stands there: the same in all copies
  const padded = [...request, ...random.bytes(MAX_PAYLOAD - request.length)];
  return { channel, word: command(protocol, message, options), request: padded, length };
}

/** One exchange with an xfer that the caller owns, by one call and step by step. */
function exchangeOwned(machine: Machine, xfer: number, { channel, word, request, length }: Command): number {
  const [one, steps] = machine.cores;
  if (!one || !steps) throw new Error("expected four cores");
  const { now } = machine;
  for (const core of [one, steps]) core.setXferPayload(xfer, request);
  one.setF64(one.xfer(xfer) + layout.XFER_DEADLINE, NEVER_WRITTEN);
  const result = one.exports.exchange(one.base, channel, xfer, word, length, now);
  const byStep = (() => {
    const posted = steps.exports.post(steps.base, channel, xfer, word, length, now);
    if (posted < 0) return posted;
    steps.exports.serve(steps.base, channel, now);
    steps.exports.settle(steps.base, channel, now);
    return steps.xferState(xfer);
  })();
  if (result !== byStep) expect.fail(`exchange: ${faultName(result)}, step by step ${faultName(byStep)}`);
  if (result === layout.XFER_DONE && one.f64(one.xfer(xfer) + layout.XFER_DEADLINE) === NEVER_WRITTEN) machine.fast++;
  return result;
}

/** What a completion entry says. */
interface Completion {
  readonly fault: number;
  readonly header: number;
  readonly payload: readonly number[];
}

function submit(core: TestCore, { offset, stride, capacity }: Machine["ring"], entry: Command, tag: number): void {
  const tail = core.u32(layout.CORE_SUBMISSIONS + layout.RING_TAIL);
  const at = offset + (tail & (capacity - 1)) * stride;
  core.write(at, words(entry.channel, entry.word, entry.length, tag));
  core.write(at + layout.SUBMISSION_PAYLOAD, entry.request.slice(0, ENTRY_PAYLOAD));
  core.setU32(layout.CORE_SUBMISSIONS + layout.RING_TAIL, tail + 1);
}

function takeCompletion(core: TestCore, tag: number): Completion {
  const { offset, stride, capacity, head, tail } = core.ring(layout.CORE_COMPLETIONS);
  expect((tail - head) >>> 0).toBe(1);
  const at = offset + (head & (capacity - 1)) * stride;
  expect(core.u32(at + layout.COMPLETION_TAG)).toBe(tag);
  core.setU32(layout.CORE_COMPLETIONS + layout.RING_HEAD, head + 1);
  return {
    fault: core.u32(at + layout.COMPLETION_FAULT) | 0,
    header: core.u32(at + layout.COMPLETION_HEADER),
    payload: core.read(at + layout.COMPLETION_PAYLOAD, core.u32(at + layout.COMPLETION_LENGTH)),
  };
}

/** Makes the events that wait disappear. */
function readEvents(core: TestCore): void {
  core.setU32(layout.CORE_EVENTS + layout.RING_HEAD, core.ring(layout.CORE_EVENTS).tail);
}

/** Docs/abi.md section 7 in single steps: what an entry must complete with. */
function stepByStep(core: TestCore, entry: Command, now: number): Completion {
  const { exports, base } = core;
  const { channel, word, length } = entry;
  const refused = (fault: number): Completion => ({ fault, header: 0, payload: [] });
  const count = core.table(layout.CORE_CHANNELS).count;
  if (channel < 0 || channel >= count) return refused(layout.FAULT_INDEX);
  if (word & layout.COMMAND_ASYNC) return refused(layout.FAULT_CHANNEL_KIND);
  if (length > ENTRY_PAYLOAD) return refused(layout.FAULT_LENGTH);
  const xfer = exports.acquire(base, core.channelInstance(channel));
  if (xfer < 0) return refused(xfer);
  core.setXferPayload(xfer, entry.request.slice(0, ENTRY_PAYLOAD));
  const posted = exports.post(base, channel, xfer, word, length, now);
  if (posted < 0) {
    checked("release", exports.release(base, xfer));
    return refused(posted);
  }
  const served = exports.serve(base, channel, now);
  if (served === layout.FAULT_EVENTS_FULL) {
    readEvents(core);
    exports.serve(base, channel, now);
  }
  exports.settle(base, channel, now);
  if (core.xferState(xfer) === layout.XFER_POSTED) exports.resetChannel(base, channel);
  const fault = core.xferFault(xfer);
  const header = core.xferHeader(xfer);
  const payload = core.xferPayload(xfer);
  checked("release", exports.release(base, xfer));
  return payload.length > ENTRY_PAYLOAD
    ? { fault: layout.FAULT_LENGTH, header, payload: [] }
    : { fault, header, payload };
}

/** One exchange with a borrowed xfer, by `run` and step by step; its fault. */
function exchangeBorrowed(machine: Machine, entry: Command, tag: number): number {
  const [, , batch, steps] = machine.cores;
  if (!batch || !steps) throw new Error("expected four cores");
  const { now } = machine;
  submit(batch, machine.ring, entry, tag);
  const { exports, base } = batch;
  for (let turn = 0; exports.run(base, 1, now) === 0; turn++) {
    const stop: number = batch.u32(layout.CORE_RUN_STOP) | 0;
    if (turn > 2) expect.fail(`run: stopped again and again with ${faultName(stop)}`);
    if (stop === layout.FAULT_EVENTS_FULL) readEvents(batch);
    else if (stop === layout.FAULT_HOST_NEEDED) checked("resetChannel", exports.resetChannel(base, entry.channel));
    else expect.fail(`run: stopped with ${faultName(stop)}`);
  }
  const got = takeCompletion(batch, tag);
  const expected = stepByStep(steps, entry, now);
  if (JSON.stringify(got) !== JSON.stringify(expected)) expect(got).toEqual(expected);
  return got.fault;
}

/** A random life of one machine; what is in flight at the end of a step is brought home by both of its copies. */
function live(machine: Machine): void {
  const { random, cores } = machine;
  for (let step = 0; step < STEPS; step++) {
    disturb(machine);
    machine.now += random.below(1000);
    const entry = randomCommand(machine);
    const what = `step ${step}, ${JSON.stringify({ ...entry, request: entry.request.slice(0, 20) })}`;
    const [one, other, batch, steps] = cores;
    if (!one || !other || !batch || !steps) throw new Error("expected four cores");
    const pair = [one, other];
    const [xfer = -1, same] = pair.map((core) => core.exports.acquire(core.base, 0));
    expect(same).toBe(xfer);
    if (xfer >= 0) {
      const state = exchangeOwned(machine, xfer, entry);
      if (state === layout.XFER_POSTED || state === layout.XFER_AWAITING_DELAYED) {
        bringHome(machine, pair, xfer, entry.channel);
      }
      machine.compare("owned", what);
      for (const core of pair) checked("release", core.exports.release(core.base, xfer));
    }
    const fault = exchangeBorrowed(machine, entry, step);
    machine.compare("borrowed", what, fault === layout.FAULT_LENGTH);
    // What the two pairs did with hosts and events differs; go on from one state
    for (const core of [batch, steps, other]) checked("restore", core.exports.restore(core.base, one.base));
  }
}

/** An exchange that waits: for the host, for the event ring, or for an answer that is never to come. */
function bringHome(machine: Machine, pair: readonly TestCore[], xfer: number, channel: number): void {
  const way = machine.random.below(3);
  const payload = words(0, machine.random.word());
  for (const core of pair) {
    const { exports, base } = core;
    const claim = core.u32(core.channel(channel) + layout.CHANNEL_CLAIM);
    if (claim > 0 && way === 0) {
      if (core.u32(core.claim(claim) + layout.CLAIM_STATE) === layout.CLAIM_CLAIMED) {
        core.write(core.claim(claim) + core.u32(layout.CORE_CLAIM_REPLY), payload);
        checked("stage", exports.stage(base, claim, payload.length));
      }
      checked("publish", exports.publish(base, claim, machine.now));
      exports.settle(base, channel, machine.now);
    } else if (way === 1) {
      checked("abort", exports.abort(base, xfer));
    }
    const state = core.xferState(xfer);
    if (state === layout.XFER_POSTED || state === layout.XFER_AWAITING_DELAYED) {
      checked("resetChannel", exports.resetChannel(base, channel));
    }
  }
}

describe.each(BUILDS)("%s", (build: Build) => {
  test.each(seeds([1, 2]))(
    "exchange and run leave behind what post, serve and settle leave behind, seed %i",
    (seed) => {
      const random = new Random(seed);
      const host = instantiate(build);
      const until = Date.now() + SOAK_MS;
      let fast = 0;
      let machines = 0;
      do {
        for (let index = 0; index < MACHINES; index++) {
          const machine = new Machine(host, random);
          try {
            live(machine);
          } catch (cause) {
            throw new Error(`seed ${seed}, machine ${machines}: ${cause instanceof Error ? cause.message : cause}`, {
              cause,
            });
          }
          fast += machine.fast;
          machines++;
        }
      } while (Date.now() < until);
      // Else the test would say nothing. The threads build always goes step by step.
      if (build === "threads") expect(fast).toBe(0);
      else expect(fast).toBeGreaterThan((machines * STEPS) / 10);
    },
    60_000 + 2 * SOAK_MS,
  );

  test("an exchange that nothing disturbs leaves everything at home", () => {
    const machine = new Machine(instantiate(build), new Random(77));
    for (const core of machine.cores) expect(homeProblems(core)).toEqual([]);
  });
});

test.each(BUILDS)("leaves a handler of a newer core to the host, %s", (build) => {
  const core = createCore(build, {
    instances: 1,
    channels: 1,
    xfers: 1,
    claims: 1,
    maxPayload: MAX_PAYLOAD,
    regionBytes: 8192,
  });
  const { exports, base } = core;
  const { description, state } = installPlatform(core, SPEC);
  checked("openInstance", exports.openInstance(base, description, state, 1, 1, layout.TOKENS_SMALL));
  const channel = checked("openChannel", exports.openChannel(base, 0, 0, 0, 128, 0xffff));
  const xfer = checked("acquire", exports.acquire(base, 0));
  const performance = description + layout.DESCRIPTION_PROTOCOL_TABLE + layout.PROTOCOL_BYTES;
  const entry = description + core.u32(performance + layout.PROTOCOL_MESSAGES) + 8 * layout.MESSAGE_BYTES;
  const size = core.u32(entry + layout.MESSAGE_HANDLER) & 0xffff_0000;
  for (let handler = layout.HANDLER_POWERCAP_MEASUREMENTS_GET + 1; handler < 130; handler++) {
    core.setU32(entry + layout.MESSAGE_HANDLER, size | handler);
    core.setU32(core.xfer(xfer) + layout.XFER_PAYLOAD, 0);
    const got = exports.exchange(base, channel, xfer, command(PERFORMANCE, 8), 4, 0);
    expect(got, `handler ${handler}`).toBe(layout.XFER_POSTED);
    exports.resetChannel(base, channel);
  }
});
