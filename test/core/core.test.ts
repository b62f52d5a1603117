import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { describePlatform } from "../../src/core/describe.ts";
import {
  ChannelError,
  COMMAND,
  Core,
  type CoreCapacity,
  commandWord,
  FAULT,
  InternalError,
  type PlatformDescription,
  STATUS,
  XFER,
} from "../../src/index.ts";
import { BUILDS, type Build, compiledModule, importedMemoryLimits } from "../support/core.ts";

const PLATFORM: PlatformDescription = {
  agents: 2,
  protocols: [
    { id: 0x10, version: 0x20001, messages: [{ id: 1, reply: new Uint8Array(96).fill(3) }, { id: 8 }] },
    { id: 0x13, version: 0x40000, performanceDomains: [{ levels: [], level: 5, max: 1000, min: 1 }] },
  ],
};
const VERSION = commandWord(0x10, 0);
const BULK = commandWord(0x10, 1);
const HOST = commandWord(0x10, 8);
const LEVEL_SET = commandWord(0x13, 7);
const LEVEL_GET = commandWord(0x13, 8);

/** The shared memory of this size that the threads build asks for. */
function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ ...importedMemoryLimits(new Uint8Array()), maximum: 32767, shared: true });
}

function openCore(build: Build, capacity: Partial<CoreCapacity> = {}): Core {
  const module = compiledModule(build);
  return Core.createSync(build === "threads" ? { module, memory: sharedMemory(), capacity } : { module, capacity });
}

interface Pair {
  readonly core: Core;
  readonly instance: number;
  readonly channel: number;
  readonly xfer: number;
  /** Address of the xfer's payload. */
  readonly at: number;
}

function openPair(build: Build, capacity: Partial<CoreCapacity> = {}): Pair {
  const core = openCore(build, capacity);
  const description = describePlatform(core, PLATFORM);
  const instance = core.openInstance({ description, state: core.openState(description) });
  const channel = core.openChannel(instance);
  const xfer = core.acquire(instance);
  return { core, instance, channel, xfer, at: core.payloadAt(xfer) };
}

/** The words of the answer in an xfer. */
function answerOf(core: Core, xfer: number): number[] {
  const at = core.payloadAt(xfer);
  return Array.from({ length: core.byteLengthOf(xfer) / 4 }, (_, index) => core.memory.i32(at + index * 4));
}

/** The address of a record, by the core header. */
function rowAt(core: Core, table: number, index: number): number {
  const at = core.base + table;
  return core.base + core.memory.u32(at + layout.TABLE_OFFSET) + index * core.memory.u32(at + layout.TABLE_STRIDE);
}

/** What a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectChannelError(call: () => unknown, reason: ChannelError["reason"], detail = ""): void {
  const error = thrownBy(call);
  expect(error).toBeInstanceOf(ChannelError);
  expect(error).toMatchObject({ reason, message: expect.stringContaining(detail) });
}

describe.each(BUILDS)("%s: a core", (build) => {
  test("exchanges a command in one call", () => {
    const { core, channel, xfer, at } = openPair(build);
    core.memory.setU32(at, 0);
    core.memory.setU32(at + 4, 77);
    expect(core.exchange(channel, xfer, LEVEL_SET, 8, 0)).toBe(XFER.DONE);
    expect([core.stateOf(xfer), core.faultOf(xfer), answerOf(core, xfer)]).toEqual([XFER.DONE, 0, [STATUS.SUCCESS]]);
    core.memory.setU32(at, 0);
    expect(core.exchange(channel, xfer, LEVEL_GET | COMMAND.INTERRUPT, 4, 0)).toBe(XFER.DONE);
    expect(answerOf(core, xfer)).toEqual([STATUS.SUCCESS, 77]);
    expect(core.headerOf(xfer)).toBe((1 << 18) | LEVEL_GET);
    expect(core.memory.u32(core.areaAt(channel) + layout.SMT_FLAGS)).toBe(1);
    core.release(xfer);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("exchanges a command step by step, and says -1 while there is nothing", () => {
    const { core, channel, xfer } = openPair(build);
    expect([core.serve(channel, 0), core.settle(channel, 0), core.tick(1e9)]).toEqual([-1, -1, -1]);
    core.post(channel, xfer, VERSION, 0, 0);
    expect([core.stateOf(xfer), core.settle(channel, 0), core.poll(xfer, 0)]).toEqual([XFER.POSTED, -1, XFER.POSTED]);
    expect(core.serve(channel, 0)).toBe(0);
    expect(core.settle(channel, 0)).toBe(xfer);
    expect([core.poll(xfer, 0), core.settle(channel, 0)]).toEqual([XFER.DONE, -1]);
    expect(answerOf(core, xfer)).toEqual([0, 0x20001]);
  });

  test("hands a command to the host, and sends its answer", () => {
    const { core, channel, xfer, at } = openPair(build);
    core.memory.setU32(at, 0x1234);
    expect(core.exchange(channel, xfer, HOST, 4, 0)).toBe(XFER.POSTED);
    const [claim] = [1];
    expect(core.memory.u32(core.claimAt(claim) + layout.CLAIM_REQUEST)).toBe(0x1234);
    expect(core.leaks()).toEqual({ xfers: 1, tokens: 1, claims: 1 });
    expectChannelError(() => core.serve(channel, 0), "busy");
    core.memory.setU32(core.replyAt(claim), 0);
    core.memory.setU32(core.replyAt(claim) + 4, 0xffff_fff0);
    core.stage(claim, 8);
    expect([...core.stagedAnswer(claim)]).toEqual([
      ...[0x08, 0x40, 0, 0],
      ...[0, 0, 0, 0],
      ...[0xf0, 0xff, 0xff, 0xff],
    ]);
    core.publish(claim, 0);
    expect(core.poll(xfer, 0)).toBe(XFER.DONE);
    expect(answerOf(core, xfer)).toEqual([0, -16]);
    core.release(xfer);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("holds answers on a channel that says so", () => {
    const { core, instance, xfer } = openPair(build);
    const channel = core.openChannel(instance, { hold: true });
    expect(core.exchange(channel, xfer, VERSION, 0, 0)).toBe(XFER.POSTED);
    core.publish(1, 0);
    expect(core.settle(channel, 0)).toBe(xfer);
    expectChannelError(
      () => {
        core.post(channel, xfer, VERSION, 0, 0);
        const claim = core.serve(channel, 0);
        core.memory.setU32(core.areaAt(channel) + layout.SMT_STATUS, 1);
        core.publish(claim, 0);
      },
      "closed",
      "STALE",
    );
  });

  test("carries messages in MSG form by the host's hands", () => {
    const { core, instance, xfer } = openPair(build);
    const channel = core.openChannel(instance, { framing: "msg", areaBytes: 0, maxMessage: 64 });
    expect([core.areaAt(channel), core.maxPayloadOf(channel)]).toEqual([0, 64]);
    core.post(channel, xfer, VERSION, 0, 0);
    expect(core.serveStaged(channel, core.messageAt(xfer), 4 + core.byteLengthOf(xfer), 0)).toBe(0);
    const answer = core.stagedAnswer().slice();
    expect([...answer]).toEqual([0, 0x40, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0]);
    const at = core.base + core.reserve(answer.length);
    core.memory.bytes.set(answer, at);
    expect(core.deliver(channel, at, answer.length, 0)).toBe(xfer);
    expect(core.deliver(channel, at, answer.length, 0)).toBe(-1);
    expect(core.counters(channel)).toMatchObject({ sent: 1, responses: 1, unexpected: 1 });
    expect(answerOf(core, xfer)).toEqual([0, 0x20001]);
  });

  test("sends and drains notifications", () => {
    const { core, instance } = openPair(build);
    const channel = core.openChannel(instance, { p2a: true });
    expect(core.drain(channel, 0)).toEqual({ message: false, acknowledge: false });
    const payload = core.base + core.reserve(8);
    core.memory.setU32(payload, 0xfeed);
    core.sendP2a(channel, 0x4f00, payload, 8, 0);
    expectChannelError(() => core.sendP2a(channel, 0x4f00, payload, 8, 0), "busy");
    core.memory.setU32(core.areaAt(channel) + layout.SMT_FLAGS, 1);
    expect(core.drain(channel, 0)).toEqual({ message: true, acknowledge: true });
    expect(core.counters(channel)).toMatchObject({ notifications: 1, p2aBusy: 1, dropped: 0 });
  });

  test("retires commands at their deadline, that of the channel or another", () => {
    const { core, instance, xfer } = openPair(build);
    const channel = core.openChannel(instance, { timeoutMs: 2, delayedTimeoutMs: 5, framing: "msg", areaBytes: 0 });
    core.post(channel, xfer, HOST | COMMAND.ASYNC, 0, 1000);
    expect([core.tick(2_000_999), core.tick(2_001_000)]).toEqual([-1, xfer]);
    expect([core.stateOf(xfer), core.faultOf(xfer)]).toEqual([XFER.TIMED_OUT, FAULT.RESPONSE_TIMEOUT]);
    core.post(channel, xfer, HOST, 0, 0);
    core.setDeadline(xfer, 10);
    expect([core.poll(xfer, 9), core.poll(xfer, 10)]).toEqual([XFER.POSTED, XFER.TIMED_OUT]);
    core.post(channel, xfer, HOST | COMMAND.ASYNC, 0, 0);
    const at = core.base + core.reserve(8);
    core.memory.setU32(at, core.headerOf(xfer));
    expect(core.deliver(channel, at, 8, 100)).toBe(xfer);
    expect(core.stateOf(xfer)).toBe(XFER.AWAITING_DELAYED);
    expect([core.tick(5_000_099), core.tick(5_000_100)]).toEqual([-1, xfer]);
    expect(core.faultOf(xfer)).toBe(FAULT.DELAYED_TIMEOUT);
    expect(core.leaks()).toEqual({ xfers: 1, tokens: 3, claims: 0 });
    expect(core.resetChannel(channel)).toBe(0);
    core.release(xfer);
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("gives up a command, and fails one by a reset", () => {
    const { core, channel, xfer } = openPair(build);
    core.post(channel, xfer, HOST, 0, 0);
    core.abort(xfer);
    expect(core.stateOf(xfer)).toBe(XFER.ABORTED);
    expect(core.leaks()).toEqual({ xfers: 1, tokens: 1, claims: 0 });
    core.resetChannel(channel);
    core.post(channel, xfer, HOST, 0, 0);
    expect(core.resetChannel(channel)).toBe(1);
    expect([core.stateOf(xfer), core.faultOf(xfer)]).toEqual([XFER.DONE, FAULT.CHANNEL_RESET]);
  });

  test("runs batches, and says why one stopped", () => {
    const { core, channel } = openPair(build, { batchEntries: 2, batchPayload: 16 });
    const submissions = core.base + layout.CORE_SUBMISSIONS;
    const submit = (command: number) => {
      const tail = core.memory.u32(submissions + layout.RING_TAIL);
      const stride = core.memory.u32(submissions + layout.RING_STRIDE);
      const at = core.base + core.memory.u32(submissions + layout.RING_OFFSET) + (tail & 1) * stride;
      core.memory.setU32(at + layout.SUBMISSION_CHANNEL, channel);
      core.memory.setU32(at + layout.SUBMISSION_COMMAND, command);
      core.memory.setU32(at + layout.SUBMISSION_LENGTH, 0);
      core.memory.setU32(submissions + layout.RING_TAIL, tail + 1);
    };
    expect([core.run(8, 0), core.runStop]).toEqual([0, 0]);
    submit(VERSION);
    submit(HOST);
    expect([core.run(8, 0), core.runStop]).toEqual([1, FAULT.HOST_NEEDED]);
    core.stage(1, 4);
    core.publish(1, 0);
    expect([core.run(8, 0), core.runStop]).toEqual([1, 0]);
    submit(VERSION);
    expect([core.run(8, 0), core.runStop]).toEqual([0, FAULT.COMPLETIONS_FULL]);
  });

  test("shows every counter without a sign", () => {
    const { core, channel } = openPair(build);
    const cold = rowAt(core, layout.CORE_COUNTERS, channel);
    const places: Readonly<Record<keyof ReturnType<Core["counters"]>, number>> = {
      sent: core.channelAt(channel) + layout.CHANNEL_SENT,
      responses: core.channelAt(channel) + layout.CHANNEL_RESPONSES,
      delayedResponses: cold + layout.COUNTER_DELAYED,
      notifications: cold + layout.COUNTER_NOTIFICATIONS,
      timeouts: cold + layout.COUNTER_TIMEOUTS,
      unexpected: cold + layout.COUNTER_UNEXPECTED,
      malformed: cold + layout.COUNTER_MALFORMED,
      dropped: cold + layout.COUNTER_DROPPED,
      recycled: cold + layout.COUNTER_RECYCLED,
      late: cold + layout.COUNTER_LATE,
      aborted: cold + layout.COUNTER_ABORTED,
      errors: cold + layout.COUNTER_ERRORS,
      spurious: cold + layout.COUNTER_SPURIOUS,
      badCommands: cold + layout.COUNTER_BAD_COMMANDS,
      p2aBusy: cold + layout.COUNTER_P2A_BUSY,
    };
    expect(new Set(Object.values(core.counters(channel)))).toEqual(new Set([0]));
    const expected: Record<string, number> = {};
    for (const [index, [name, at]] of Object.entries(places).entries()) {
      core.memory.setU32(at, 0xffff_ff00 + index);
      expected[name] = 0xffff_ff00 + index;
    }
    expect(core.counters(channel)).toEqual(expected);
  });

  test("turns its rings on and off", () => {
    const { core, channel, xfer, at } = openPair(build);
    const tails = () =>
      [layout.CORE_TRACE, layout.CORE_EVENTS].map((ring) => core.memory.u32(core.base + ring + layout.RING_TAIL));
    const set = () => {
      core.memory.setU32(at, 0);
      core.memory.setU32(at + 4, 9);
      core.exchange(channel, xfer, LEVEL_SET, 8, 0);
      return tails();
    };
    expect(set()).toEqual([0, 0]);
    core.observe({ events: true });
    expect(set()).toEqual([0, 1]);
    core.observe({ trace: true });
    expect(set()).toEqual([4, 1]);
    core.observe({ trace: true, events: true });
    expect(set()).toEqual([8, 2]);
    core.observe({});
    expect(set()).toEqual([8, 2]);
  });

  test("waits for nothing that is there, and rings doorbells", () => {
    const { core, channel, xfer } = openPair(build);
    expect([core.awaitCommand(channel), core.awaitAnswer(channel)]).toEqual([false, true]);
    core.post(channel, xfer, VERSION, 0, 0);
    core.ring(channel, "platform");
    expect([core.awaitCommand(channel, 10, 1), core.awaitAnswer(channel, 10, 0)]).toEqual([true, false]);
    core.serve(channel, 0);
    core.ring(channel, "agent");
    core.ring(channel, "agent");
    const bells = rowAt(core, layout.CORE_COUNTERS, channel);
    expect(core.memory.u32(bells + layout.DOORBELL_PLATFORM)).toBe(1);
    expect(core.memory.u32(bells + layout.DOORBELL_AGENT)).toBe(2);
  });
});

describe.each(BUILDS)("%s: a channel", (build) => {
  test.each([
    [{ areaBytes: 128, maxMessage: 104 }, 100],
    [{ areaBytes: 128 }, 100],
    [{}, 100],
    [{ areaBytes: 36 }, 8],
    [{ areaBytes: 4096 }, 256],
    [{ areaBytes: 128, maxMessage: 40 }, 40],
    [{ framing: "msg", areaBytes: 8 }, 4],
    [{ framing: "msg", areaBytes: 128 }, 124],
    [{ framing: "msg", areaBytes: 0 }, 256],
    [{ framing: "msg", areaBytes: 0, maxMessage: 104 }, 104],
  ] as const)("of %j carries %i bytes", (options, max) => {
    const { core, instance, xfer } = openPair(build, { maxPayload: 256 });
    const channel = core.openChannel(instance, options);
    expect(core.maxPayloadOf(channel)).toBe(max);
    expectChannelError(() => core.post(channel, xfer, VERSION, max + 1, 0), "payloadTooLong");
    core.post(channel, xfer, VERSION, max, 0);
  });

  test.each([
    ["smt", 35],
    ["smt", 28],
    ["smt", 1],
    ["msg", 7],
    ["msg", 1],
  ] as const)("in %s framing needs more than %i bytes of area", (framing, areaBytes) => {
    const { core, instance } = openPair(build);
    const error = thrownBy(() => core.openChannel(instance, { framing, areaBytes }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: expect.stringContaining(`at least ${framing === "smt" ? 36 : 8}`) });
    expect(error).toMatchObject({ message: expect.stringContaining(`got ${areaBytes}`) });
  });

  test("in SMT framing cannot do without an area", () => {
    const { core, instance } = openPair(build);
    expect(() => core.openChannel(instance, { areaBytes: 0 })).toThrow(TypeError);
  });

  test("may use an area that is there already", () => {
    const { core, instance, xfer } = openPair(build);
    const area = core.reserve(256);
    const channel = core.openChannel(instance, { area, areaBytes: 256 });
    expect(core.areaAt(channel)).toBe(core.base + area);
    core.exchange(channel, xfer, BULK, 0, 0);
    expect(core.memory.u32(core.base + area + layout.SMT_LENGTH)).toBe(104);
    expect(() => core.openChannel(instance, { area: area + 2, areaBytes: 64 })).toThrow(RangeError);
  });

  test("is a channel of an instance that is there", () => {
    const { core, instance } = openPair(build);
    for (const wrong of [instance + 1, -1, 1e6]) expect(() => core.openChannel(wrong)).toThrow(RangeError);
  });
});

describe.each(BUILDS)("%s: a FastChannel", (build) => {
  test.each([8, 16, 32, 64] as const)("rings a doorbell of %i bits with its masks", (widthBits) => {
    const { core, channel } = openPair(build);
    const cell = core.reserve(8);
    const register = core.reserve(8);
    const fast = core.openFastChannel(channel, {
      cell,
      cellBytes: 8,
      doorbell: { register, widthBits, set: 1n << BigInt(widthBits - 1), preserve: 0xf0n },
    });
    core.memory.data.setBigUint64(core.base + register, 0xffff_ffff_ffff_ffffn, true);
    core.writeFastChannel(fast, 0xffff_ffff, 0x8000_0000, 0);
    const beyond = (0xffff_ffff_ffff_ffffn >> BigInt(widthBits)) << BigInt(widthBits);
    const expected = beyond | 0xf0n | (1n << BigInt(widthBits - 1));
    expect(core.memory.data.getBigUint64(core.base + register, true)).toBe(expected);
    expect(core.readFastChannel(fast, 0)).toEqual([0xffff_ffff, 0x8000_0000]);
  });

  test("without a doorbell has a cell and a rate limit", () => {
    const { core, channel } = openPair(build);
    const cell = core.reserve(8);
    core.memory.setU32(core.base + cell + 4, 7);
    const fast = core.openFastChannel(channel, { cell, cellBytes: 4, rateLimitUs: 200 });
    core.writeFastChannel(fast, 1400, 99, 0);
    expectChannelError(() => core.writeFastChannel(fast, 1, 1, 199_999), "busy", "RATE_LIMITED");
    expect(core.readFastChannel(fast, 0)).toEqual([1400, 0]);
    expect(core.memory.u32(core.base + cell + 4)).toBe(7);
    core.writeFastChannel(fast, 5, 0, 200_000);
    expect(core.readFastChannel(fast, 0)).toEqual([5, 0]);
  });

  test("that cannot be is refused", () => {
    const { core, channel } = openPair(build, { fastChannels: 1 });
    const cell = core.reserve(8);
    expect(() => core.openFastChannel(channel, { cell: cell + 2, cellBytes: 4 })).toThrow(RangeError);
    expect(() => core.openFastChannel(channel, { cell, cellBytes: 6 as 4 })).toThrow(RangeError);
    expect(() => core.openFastChannel(channel + 9, { cell, cellBytes: 4 })).toThrow(RangeError);
    core.openFastChannel(channel, { cell, cellBytes: 4 });
    expect(() => core.openFastChannel(channel, { cell, cellBytes: 4 })).toThrow(RangeError);
    expect(() => core.writeFastChannel(1, 0, 0, 0)).toThrow(RangeError);
    expect(() => core.readFastChannel(-1, 0)).toThrow(RangeError);
  });
});

describe.each(BUILDS)("%s: what a fault throws", (build) => {
  test("is a RangeError for indices, states and room", () => {
    const { core, instance, channel, xfer } = openPair(build, { instances: 1, claims: 1, regionBytes: 4096 });
    const idle = core.acquire(instance);
    core.release(idle);
    const calls: (() => unknown)[] = [
      () => core.acquire(7),
      () => core.release(idle),
      () => core.release(9999),
      () => core.post(9, xfer, VERSION, 0, 0),
      () => core.post(channel, idle, VERSION, 0, 0),
      () => core.exchange(channel, idle, VERSION, 0, 0),
      () => core.exchange(9, xfer, VERSION, 0, 0),
      () => core.settle(9, 0),
      () => core.poll(9999, 0),
      () => core.drain(9, 0),
      () => core.deliver(9, core.base, 8, 0),
      () => core.abort(xfer),
      () => core.setDeadline(xfer, 0),
      () => core.resetChannel(9),
      () => core.serve(9, 0),
      () => core.serveStaged(9, core.base, 8, 0),
      () => core.stage(0, 4),
      () => core.stage(1, 4),
      () => core.publish(2, 0),
      () => core.sendP2a(9, 0, core.base, 4, 0),
      () => core.ring(9, "agent"),
      () => core.awaitCommand(9),
      () => core.awaitAnswer(9),
      () => core.reserve(1 << 20),
      () => core.openInstance(),
      () =>
        describePlatform(core, {
          agents: 1,
          protocols: [{ id: 1, version: 1, messages: [{ id: 1, reply: new Uint8Array(8192) }] }],
        }),
    ];
    for (const call of calls) expect(thrownBy(call), String(call)).toBeInstanceOf(RangeError);
  });

  test("is a TypeError for a channel of another kind", () => {
    const { core, instance, channel, xfer } = openPair(build);
    const p2a = core.openChannel(instance, { p2a: true });
    const bare = core.openChannel(instance, { framing: "msg", areaBytes: 0 });
    const foreign = core.openChannel(core.openInstance());
    const calls: (() => unknown)[] = [
      () => core.post(p2a, xfer, VERSION, 0, 0),
      () => core.post(foreign, xfer, VERSION, 0, 0),
      () => core.exchange(p2a, xfer, VERSION, 0, 0),
      () => core.settle(p2a, 0),
      () => core.settle(bare, 0),
      () => core.serve(p2a, 0),
      () => core.serve(bare, 0),
      () => core.drain(channel, 0),
      () => core.deliver(channel, core.base, 8, 0),
      () => core.serveStaged(channel, core.base, 8, 0),
      () => core.sendP2a(channel, 0, core.base, 4, 0),
      () => core.awaitAnswer(bare),
    ];
    for (const call of calls) expect(thrownBy(call), String(call)).toBeInstanceOf(TypeError);
  });

  test("is a ChannelError for what the channel could not do", () => {
    const { core, instance, channel, xfer } = openPair(build, { claims: 1, eventEntries: 1 });
    const second = core.openChannel(instance);
    const other = core.acquire(instance);
    expectChannelError(() => core.post(channel, xfer, VERSION, 101, 0), "payloadTooLong");
    core.post(channel, xfer, HOST, 0, 0);
    expectChannelError(() => core.post(channel, other, VERSION, 0, 0), "busy", "BUSY");
    core.serve(channel, 0);
    core.post(second, other, HOST, 0, 0);
    expectChannelError(() => core.serve(second, 0), "busy", "NO_CLAIM");
    core.resetChannel(second);
    core.resetChannel(channel);
    core.observe({ events: true });
    core.memory.setU32(core.payloadAt(xfer), 0);
    core.memory.setU32(core.payloadAt(xfer) + 4, 3);
    core.exchange(channel, xfer, LEVEL_SET, 8, 0);
    core.post(channel, xfer, VERSION, 0, 0);
    expectChannelError(() => core.serve(channel, 0), "busy", "EVENTS_FULL");
    for (let left = 6; left > 0; left--) core.acquire(instance);
    expectChannelError(() => core.acquire(instance), "busy", "NO_XFER");
  });

  test("is a ChannelError when all 1,024 xfers are in flight, and none is lost", () => {
    const { core } = openPair(build, { instances: 2, xfers: 1100 });
    const instance = core.openInstance({ fullTokens: true, xfers: 1024 });
    const channel = core.openChannel(instance, { framing: "msg", areaBytes: 0 });
    const xfers = Array.from({ length: 1024 }, () => core.acquire(instance));
    for (const xfer of xfers) core.post(channel, xfer, VERSION, 0, 0);
    expectChannelError(() => core.acquire(instance), "busy", "NO_XFER");
    expect(core.leaks()).toMatchObject({ xfers: 1025, tokens: 1024 });
    expect(core.resetChannel(channel)).toBe(1024);
    for (const xfer of xfers) core.release(xfer);
    expect(core.leaks()).toMatchObject({ xfers: 1, tokens: 0 });
  });
});

describe.each(BUILDS)("%s: a core whose records are corrupted", (build) => {
  const TABLES = [
    layout.CORE_INSTANCES,
    layout.CORE_CHANNELS,
    layout.CORE_XFERS,
    layout.CORE_CLAIMS,
    layout.CORE_FASTCHANNELS,
    layout.CORE_COUNTERS,
  ];
  const RINGS = [layout.CORE_SUBMISSIONS, layout.CORE_COMPLETIONS];

  /** A core that works, and then leads every reader of its tables far out of the memory. */
  function broken(): Pair & { readonly msg: number } {
    const pair = openPair(build, { batchEntries: 2 });
    const { core, channel, xfer } = pair;
    const msg = core.openChannel(pair.instance, { framing: "msg", areaBytes: 0 });
    core.openFastChannel(channel, { cell: core.reserve(4), cellBytes: 4 });
    core.post(msg, xfer, VERSION, 0, 0);
    core.memory.setU32(core.base + layout.CORE_SUBMISSIONS + layout.RING_TAIL, 1);
    for (const at of [...TABLES, ...RINGS]) core.memory.setU32(core.base + at + layout.TABLE_OFFSET, 0x7000_0000);
    return { ...pair, msg };
  }

  const calls: readonly (readonly [name: string, call: (pair: ReturnType<typeof broken>) => unknown])[] = [
    ["exchange", ({ core, channel, xfer }) => core.exchange(channel, xfer, VERSION, 0, 0)],
    ["run", ({ core }) => core.run(1, 0)],
    ["post", ({ core, channel, xfer }) => core.post(channel, xfer, VERSION, 0, 0)],
    ["settle", ({ core, channel }) => core.settle(channel, 0)],
    ["poll", ({ core, xfer }) => core.poll(xfer, 0)],
    ["drain", ({ core, channel }) => core.drain(channel, 0)],
    ["deliver", ({ core, msg }) => core.deliver(msg, core.base, 8, 0)],
    ["abort", ({ core, xfer }) => core.abort(xfer)],
    ["setDeadline", ({ core, xfer }) => core.setDeadline(xfer, 0)],
    ["tick", ({ core }) => core.tick(Number.POSITIVE_INFINITY)],
    ["resetChannel", ({ core, channel }) => core.resetChannel(channel)],
    ["acquire", ({ core, instance }) => core.acquire(instance)],
    ["release", ({ core, xfer }) => core.release(xfer)],
    ["serve", ({ core, channel }) => core.serve(channel, 0)],
    ["serveStaged", ({ core, msg }) => core.serveStaged(msg, core.base, 8, 0)],
    ["stage", ({ core }) => core.stage(1, 4)],
    ["publish", ({ core }) => core.publish(1, 0)],
    ["sendP2a", ({ core, channel }) => core.sendP2a(channel, 0, core.base, 4, 0)],
    ["writeFastChannel", ({ core }) => core.writeFastChannel(0, 1, 0, 0)],
    ["readFastChannel", ({ core }) => core.readFastChannel(0, 0)],
    ["ring", ({ core, channel }) => core.ring(channel, "agent")],
    ["awaitCommand", ({ core, channel }) => core.awaitCommand(channel)],
    ["awaitAnswer", ({ core, channel }) => core.awaitAnswer(channel)],
    ["openInstance", ({ core }) => core.openInstance()],
    ["openChannel", ({ core, instance }) => core.openChannel(instance)],
    ["openFastChannel", ({ core, channel }) => core.openFastChannel(channel, { cell: core.reserve(4), cellBytes: 4 })],
    ["openState", ({ core }) => core.openState(0x7000_0000)],
  ];

  test("throws an InternalError that keeps the trap, whatever was called", () => {
    const others: string[] = [];
    for (const [name, call] of calls) {
      const error = thrownBy(() => call(broken()));
      if (error instanceof InternalError && error.cause instanceof WebAssembly.RuntimeError) continue;
      others.push(`${name}: ${error instanceof Error ? `${error.constructor.name}: ${error.message}` : "nothing"}`);
    }
    expect(others).toEqual([]);
  });

  test("takes no other core down", () => {
    const { core } = broken();
    const other = openPair(build);
    expect(() => core.run(1, 0)).toThrow();
    expect(other.core.exchange(other.channel, other.xfer, VERSION, 0, 0)).toBe(XFER.DONE);
  });
});

describe.each(BUILDS)("%s: copies", (build) => {
  /** Sets a level and reads it back. */
  function level({ core, channel, xfer, at }: Pair, value: number): number[] {
    core.memory.setU32(at, 0);
    core.memory.setU32(at + 4, value);
    core.exchange(channel, xfer, LEVEL_SET, 8, 0);
    core.memory.setU32(at, 0);
    core.exchange(channel, xfer, LEVEL_GET, 4, 0);
    return answerOf(core, xfer);
  }

  test("forked share the memory and nothing else, and views go on through its growth", () => {
    const pair = openPair(build);
    const { core, xfer } = pair;
    const before = core.memory.bytes.length;
    expect(level(pair, 10)).toEqual([0, 10]);
    const fork = core.fork();
    const other: Pair = { ...pair, core: fork, at: fork.payloadAt(xfer) };
    expect(fork.memory.memory).toBe(core.memory.memory);
    expect(fork.base).toBeGreaterThanOrEqual(core.base + core.totalBytes);
    expect(core.memory.bytes.length).toBeGreaterThan(before);
    expect(fork.memory.bytes.length).toBe(core.memory.bytes.length);
    expect([level(other, 20), level(pair, 30), level(other, 40)]).toEqual([
      [0, 20],
      [0, 30],
      [0, 40],
    ]);
    expect(core.counters(pair.channel).sent).toBe(4);
    expect(fork.counters(pair.channel).sent).toBe(6);
    core.release(xfer);
    expect([core.stateOf(xfer), fork.stateOf(xfer)]).toEqual([XFER.IDLE, XFER.DONE]);
  });

  test("forked again and again all run on", () => {
    const pair = openPair(build, { regionBytes: 4096, traceEntries: 0, batchEntries: 0, xfers: 8 });
    const forks = [pair.core];
    for (let turn = 0; turn < 12; turn++) forks.push((forks[turn >> 1] ?? pair.core).fork());
    const pairs = forks.map((core): Pair => ({ ...pair, core, at: core.payloadAt(pair.xfer) }));
    expect(new Set(forks.map(({ base }) => base)).size).toBe(13);
    for (const [index, each] of pairs.entries()) expect(level(each, 100 + index)).toEqual([0, 100 + index]);
    for (const [index, each] of pairs.entries()) {
      each.core.memory.setU32(each.at, 0);
      each.core.exchange(each.channel, each.xfer, LEVEL_GET, 4, 0);
      expect(answerOf(each.core, each.xfer)).toEqual([0, 100 + index]);
    }
  });

  test("taken as a snapshot bring the machine back, as often as one likes", () => {
    const pair = openPair(build);
    const { core, channel, xfer } = pair;
    level(pair, 10);
    core.post(channel, xfer, HOST, 0, 0);
    const snapshot = core.snapshot();
    expect(snapshot.length).toBe(core.totalBytes);
    expect(snapshot.buffer).toBeInstanceOf(ArrayBuffer);
    for (let turn = 0; turn < 2; turn++) {
      const claim = core.serve(channel, 0);
      core.stage(claim, 4);
      core.publish(claim, 0);
      expect(core.settle(channel, 0)).toBe(xfer);
      core.restore(snapshot);
      expect(core.stateOf(xfer)).toBe(XFER.POSTED);
      expect(Buffer.compare(core.snapshot(), snapshot)).toBe(0);
    }
    const fork = core.fork();
    fork.resetChannel(channel);
    fork.restore(snapshot);
    expect(Buffer.compare(fork.snapshot(), snapshot)).toBe(0);
    core.restore(Uint8Array.from([0, ...fork.snapshot()]).subarray(1)); // wherever it lies
    expect(Buffer.compare(core.snapshot(), snapshot)).toBe(0);
  });

  test("that are none of this core's are refused, and change nothing", () => {
    const { core } = openPair(build);
    const before = core.snapshot();
    const foreign = openPair(build, { traceEntries: 0 }).core.snapshot();
    const resized = new Uint8Array(before.length).fill(0);
    const relabelled = before.slice();
    relabelled[layout.CORE_ABI_VERSION] = 9;
    for (const wrong of [foreign, resized, relabelled, new Uint8Array(0), new Uint8Array(3), before.subarray(4)]) {
      expect(thrownBy(() => core.restore(wrong))).toBeInstanceOf(RangeError);
    }
    expect(Buffer.compare(core.snapshot(), before)).toBe(0);
  });
});

describe("a capacity", () => {
  test.each([
    [{ instances: -1 }],
    [{ xfers: 1.5 }],
    [{ regionBytes: Number.NaN }],
    [{ areas: 2 ** 31 }],
    [{ claims: Number.POSITIVE_INFINITY }],
    [{ traceEntries: 3 }],
    [{ maxPayload: 6 }],
    [{ batchPayload: 6 }],
    [{ rows: true }],
    [{ regionBytes: 2 ** 31 - 1 }],
  ])("of %j is a RangeError", (capacity) => {
    expect(() => Core.createSync({ capacity })).toThrow(RangeError);
  });

  test("that is no count is named with what came", () => {
    expect(() => Core.createSync({ capacity: { xfers: -3 } })).toThrow(/"capacity.xfers" expected .*, got -3/);
  });

  test("of rows gives a core that works like one of tables", () => {
    for (const build of BUILDS) {
      const counts = { instances: 4, channels: 4, xfers: 4, states: 4, areas: 4 };
      const { core, channel, xfer } = (() => {
        const made = openCore(build, { ...counts, rows: true });
        const description = describePlatform(made, PLATFORM);
        const instance = made.openInstance({ description, state: made.openState(description), xfers: 1 });
        return { core: made, channel: made.openChannel(instance), xfer: made.acquire(instance) };
      })();
      expect(core.exchange(channel, xfer, BULK, 0, 0)).toBe(XFER.DONE);
      expect(core.byteLengthOf(xfer)).toBe(100);
    }
  });

  test("may be large: the memory grows with it", () => {
    const core = Core.createSync({ capacity: { regionBytes: 64 * 1024 * 1024 } });
    const offset = core.reserve(60 * 1024 * 1024);
    core.memory.setU32(core.base + offset + 60 * 1024 * 1024 - 4, 0xffff_ffff);
    expect(core.memory.u32(core.base + offset + 60 * 1024 * 1024 - 4)).toBe(0xffff_ffff);
  });
});

describe("a core that was disposed", () => {
  const calls: readonly (readonly [name: string, call: (pair: Pair) => unknown])[] = [
    ["exchange", ({ core, channel, xfer }) => core.exchange(channel, xfer, VERSION, 0, 0)],
    ["run", ({ core }) => core.run(1, 0)],
    ["post", ({ core, channel, xfer }) => core.post(channel, xfer, VERSION, 0, 0)],
    ["settle", ({ core, channel }) => core.settle(channel, 0)],
    ["poll", ({ core, xfer }) => core.poll(xfer, 0)],
    ["tick", ({ core }) => core.tick(0)],
    ["acquire", ({ core, instance }) => core.acquire(instance)],
    ["release", ({ core, xfer }) => core.release(xfer)],
    ["serve", ({ core, channel }) => core.serve(channel, 0)],
    ["openInstance", ({ core }) => core.openInstance()],
    ["openChannel", ({ core, instance }) => core.openChannel(instance)],
    ["describe", ({ core }) => describePlatform(core, PLATFORM)],
    ["reserve", ({ core }) => core.reserve(1)],
    ["fork", ({ core }) => core.fork()],
    ["snapshot", ({ core }) => core.snapshot()],
    ["counters", ({ core, channel }) => core.counters(channel)],
    ["stateOf", ({ core, xfer }) => core.stateOf(xfer)],
    ["leaks", ({ core }) => core.leaks()],
    ["observe", ({ core }) => core.observe({ trace: true })],
  ];

  test.each(calls)("refuses %s as closed", (_name, call) => {
    const pair = openPair("release");
    pair.core.dispose();
    expectChannelError(() => call(pair), "closed");
  });

  test("may be disposed again, and leaves other cores alone", () => {
    const one = openPair("release");
    const other = openPair("release");
    const fork = one.core.fork();
    one.core.dispose();
    one.core.dispose();
    one.core[Symbol.dispose]();
    expect(other.core.exchange(other.channel, other.xfer, VERSION, 0, 0)).toBe(XFER.DONE);
    expect(fork.exchange(one.channel, one.xfer, VERSION, 0, 0)).toBe(XFER.DONE);
  });
});
