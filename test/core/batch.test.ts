import { describe, expect, test } from "vitest";
import { Batch } from "../../src/core/batch.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { describePlatform } from "../../src/core/describe.ts";
import { PlatformTables } from "../../src/core/platform-tables.ts";
import type { PlatformDescription } from "../../src/index.ts";
import { ChannelError, Core, type CoreCapacity, commandWord, FAULT, MessageError } from "../../src/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { boardFile, words } from "../platform/kit.ts";
import { Random } from "../support/random.ts";

const HOST = commandWord(0x80, 1);
const SHORT = commandWord(0x80, 2);

const SOC: PlatformDescription = {
  agents: 1,
  protocols: [
    {
      id: 0x13,
      version: 0x40000,
      performanceDomains: [{ levels: [600, 1400, 2000], level: 600, max: 2000, min: 600 }],
    },
    { id: 0x14, version: 0x30000, clocks: [{ rates: { lowest: 0n, highest: 2n ** 40n, step: 1n }, rate: 5n }] },
    { id: 0x80, version: 0x10000, messages: [{ id: 1 }, { id: 2, requestBytes: 0, reply: new Uint8Array(2) }] },
  ],
};

interface Fleet {
  readonly core: Core;
  readonly batch: Batch;
  readonly channels: readonly number[];
  readonly tables: PlatformTables;
}

function open(count = 1, capacity: Partial<CoreCapacity> = {}, soc = SOC): Fleet {
  const core = Core.createSync({ capacity: { batchEntries: 16, ...capacity } });
  const description = describePlatform(core, soc);
  const states = Array.from({ length: count }, () => core.openState(description));
  const channels = states.map((state) => core.openChannel(core.openInstance({ description, state })));
  return { core, batch: new Batch(core), channels, tables: new PlatformTables(core, description, states[0] ?? 0) };
}

/** What the cursor finds. */
function read(batch: Batch): (readonly [tag: number, fault: number, ...answer: number[]])[] {
  const found: (readonly [number, number, ...number[]])[] = [];
  while (batch.next()) {
    const count = Math.max(0, (batch.byteLength >> 2) - 1);
    const answer = Array.from({ length: count }, (_, i) => batch.value(i));
    found.push([batch.tag, batch.fault, ...(batch.fault === 0 ? [batch.status] : []), ...answer]);
  }
  return found;
}

/** Answers the claim of a channel with SUCCESS and these words. */
function answer({ core, tables }: Fleet, channel: number, ...values: number[]): void {
  const claim = tables.openClaim(channel);
  core.memory.bytes.set(words(0, ...values), core.replyAt(claim));
  core.stage(claim, 4 + 4 * values.length);
  core.publish(claim, 0);
}

describe("a batch", () => {
  test("completes each command with its tag, in order, over any channels", () => {
    const { batch, channels } = open(2);
    const [a = -1, b = -1] = channels;
    batch.setLevel(a, 0, 1400, 7);
    batch.getLevel(b, 0, 0xffffffff);
    batch.getLevel(a, 0, 9);
    batch.setLevel(b, 0, 1500, 10); // is no level
    batch.setLevel(b, 1, 600, 11); // is no domain
    batch.getVersion(a, 0x14, 12);
    expect([batch.pending, batch.ready, batch.room]).toEqual([6, 0, 10]);
    expect(batch.run(0)).toBe(6);
    expect([batch.pending, batch.ready, batch.room, batch.stop]).toEqual([0, 6, 10, "done"]);
    expect(read(batch)).toEqual([
      ...[
        [7, 0, 0],
        [0xffffffff, 0, 0, 600],
        [9, 0, 0, 1400],
        [10, 0, -5],
        [11, 0, -4],
        [12, 0, 0, 0x30000],
      ],
    ]);
    expect([batch.ready, batch.room]).toEqual([0, 16]);
  });

  test("carries rates beyond 32 bits", () => {
    const { batch, channels } = open();
    const [a = -1] = channels;
    const rateHz = 2 ** 33 + 17;
    batch.setRate(a, 0, rateHz);
    batch.getRate(a, 0);
    batch.run(0);
    batch.next();
    expect(batch.isSuccess).toBe(true);
    batch.next();
    expect(batch.wideValue(0)).toBe(rateHz);
    expect(() => batch.setRate(a, 0, 2 ** 53)).toThrow(RangeError);
  });

  test("goes on where its budget ended", () => {
    const { batch, channels } = open();
    for (let tag = 0; tag < 5; tag++) batch.getLevel(channels[0] ?? -1, 0, tag);
    expect([batch.run(0, 2), batch.pending]).toEqual([2, 3]);
    expect(read(batch).map(([tag]) => tag)).toEqual([0, 1]);
    expect([batch.run(0, 0), batch.run(0)]).toEqual([0, 3]);
    expect(read(batch).map(([tag]) => tag)).toEqual([2, 3, 4]);
  });

  test("takes no more than it can complete, whatever was read, and loses nothing", () => {
    const { batch, channels } = open(1, { batchEntries: 4 });
    const [a = -1] = channels;
    const expected: number[] = [];
    const random = new Random(3);
    const seen: number[] = [];
    for (let tag = 0; tag < 2000; tag++) {
      if (batch.room === 0) {
        expect(() => batch.getLevel(a, 0, 1)).toThrow(ChannelError);
        if (batch.pending > 0) batch.run(0, 1 + random.below(4));
        for (let i = random.below(3); i >= 0 && batch.next(); i--) seen.push(batch.tag);
        if (batch.room === 0) continue;
      }
      batch.getLevel(a, 0, tag);
      expected.push(tag);
    }
    batch.run(0);
    while (batch.next()) seen.push(batch.tag);
    // The cursor's own completion is there until it moves on, so no tag comes twice
    expect(seen).toEqual(expected);
  });

  test("completes what cannot be sent with its fault, and goes on", () => {
    const fleet = open(1, { batchPayload: 8 });
    const { core, batch, channels } = fleet;
    const [a = -1] = channels;
    const busy = core.acquire(0);
    core.post(a, busy, commandWord(0x13, 8), 0, 0);
    batch.getLevel(a, 0, 1);
    batch.getLevel(99, 0, 2);
    batch.run(0);
    expect(read(batch)).toEqual([
      [1, FAULT.BUSY],
      [2, FAULT.INDEX],
    ]);
    batch.getLevel(99, 0, 3);
    batch.run(0);
    batch.next();
    expect(batch.isSuccess).toBe(false);
    expect(() => batch.status).toThrow(RangeError);
    expect(() => batch.command(a, HOST, new Uint8Array(9))).toThrow(/batchPayload/);
  });

  test("waits for the host, and has its answer wherever it comes from", () => {
    const fleet = open();
    const { batch, channels } = fleet;
    const [a = -1] = channels;
    batch.getLevel(a, 0, 1);
    batch.command(a, HOST, words(0xabc), 2);
    batch.getLevel(a, 0, 3);
    expect([batch.run(0), batch.stop, batch.waitingChannel]).toEqual([1, "hostNeeded", a]);
    expect([batch.run(0), batch.stop]).toEqual([0, "hostNeeded"]);
    const { header, requestAt, byteLength } = fleet.tables.claimed(fleet.tables.openClaim(a));
    expect([header & 0x3fcff, byteLength, fleet.core.memory.u32(requestAt)]).toEqual([HOST, 4, 0xabc]);
    answer(fleet, a, 0xdef);
    expect([batch.run(0), batch.stop, batch.waitingChannel]).toEqual([2, "done", -1]);
    expect(read(batch)).toEqual([
      [1, 0, 0, 600],
      [2, 0, 0, 0xdef],
      [3, 0, 0, 600],
    ]);
  });

  test("lets a host answer on the way, and stops when that has no answer yet", () => {
    const fleet = open();
    const { batch, channels } = fleet;
    const [a = -1] = channels;
    for (let tag = 0; tag < 4; tag++) batch.command(a, HOST, words(), tag);
    let patience = 2;
    const host = { serve: (channel: number) => void (patience-- > 0 && answer(fleet, channel)) };
    expect([batch.finish(0, host), batch.pending, batch.stop]).toEqual([false, 2, "hostNeeded"]);
    patience = 2;
    expect([batch.finish(0, host), batch.pending, batch.stop]).toEqual([true, 0, "done"]);
    expect(read(batch).map(([tag]) => tag)).toEqual([0, 1, 2, 3]);
  });

  test("that is cancelled completes everything once, and the channel is usable when the late answer came", () => {
    const fleet = open();
    const { core, batch, channels } = fleet;
    const [a = -1] = channels;
    batch.getLevel(a, 0, 1);
    batch.command(a, HOST, words(), 2);
    batch.setLevel(a, 0, 2000, 3);
    batch.getLevel(a, 0, 4);
    batch.run(0);
    expect(batch.cancel(0)).toBe(3);
    expect([batch.pending, batch.cancel(0)]).toEqual([0, 0]);
    const { ABORTED } = FAULT;
    expect(read(batch)).toEqual([
      [1, 0, 0, 600],
      [2, ABORTED],
      [3, ABORTED],
      [4, ABORTED],
    ]);
    batch.getLevel(a, 0, 5);
    batch.run(0);
    expect(read(batch)).toEqual([[5, FAULT.BUSY]]);
    answer(fleet, a);
    batch.getLevel(a, 0, 6);
    batch.run(0);
    expect(read(batch)).toEqual([[6, 0, 0, 600]]); // and nobody set 2000
    expect(core.counters(a)).toMatchObject({ aborted: 1, late: 1 });
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("that is cancelled after its deadline completes with that", () => {
    const { core, batch, channels } = open();
    const [a = -1] = channels;
    batch.command(a, HOST, words(), 1);
    batch.run(0);
    core.tick(1e9);
    expect(batch.cancel(1e9)).toBe(1);
    expect(read(batch)).toEqual([[1, FAULT.RESPONSE_TIMEOUT]]);
  });

  test("survives the growth of its memory", () => {
    const { core, batch, channels } = open();
    const [a = -1] = channels;
    batch.setLevel(a, 0, 1400, 1);
    const before = core.memory.memory.buffer.byteLength;
    core.fork();
    expect(core.memory.memory.buffer.byteLength).toBeGreaterThan(before);
    batch.getLevel(a, 0, 2);
    batch.run(0);
    expect(read(batch)).toEqual([
      [1, 0, 0],
      [2, 0, 0, 1400],
    ]);
  });

  test("refuses words that are none, values that did not come, and a cursor that is on nothing", () => {
    const { batch, channels } = open();
    const [a = -1] = channels;
    for (const wrong of [1.5, Number.NaN, -(2 ** 31) - 1, 2 ** 32]) {
      expect(() => batch.setLevel(a, 0, wrong)).toThrow(RangeError);
      expect(() => batch.setLevel(a, 0, 1, wrong)).toThrow(RangeError);
      expect(() => batch.setLevel(wrong, 0, 1)).toThrow(RangeError);
    }
    expect(batch.pending).toBe(0);
    expect(() => batch.tag).toThrow(RangeError);
    batch.setLevel(a, 0, 600);
    batch.command(a, SHORT, words());
    batch.run(0);
    batch.next();
    expect(() => batch.value(0)).toThrow(MessageError);
    batch.next();
    expect(batch.byteLength).toBe(6);
    expect([...batch.payload]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(() => batch.value(0)).toThrow(MessageError);
    expect(() => new Batch(Core.createSync({ capacity: { batchEntries: 0 } }))).toThrow(TypeError);
  });
});

/** Parameters in the order of DEN0056: spec 13 sections 5.3 to 5.6, 14 section 5, 11, 17, 15 and 18. */
const ON_THE_WIRE: readonly [name: string, word: number, add: (batch: Batch) => void, expected: readonly number[]][] = [
  ["LIMITS_SET", commandWord(0x13, 5), (it) => it.setLimits(0, 1, 1400, 600), [1, 1400, 600]],
  ["LIMITS_GET", commandWord(0x13, 6), (it) => it.getLimits(0, 2), [2]],
  ["LEVEL_SET", commandWord(0x13, 7), (it) => it.setLevel(0, 1, 2), [1, 2]],
  ["LEVEL_GET", commandWord(0x13, 8), (it) => it.getLevel(0, 3), [3]],
  ["RATE_SET", commandWord(0x14, 5), (it) => it.setRate(0, 4, 2 ** 32 + 9, 8), [8, 4, 9, 1]],
  ["RATE_GET", commandWord(0x14, 6), (it) => it.getRate(0, 5), [5]],
  ["STATE_SET", commandWord(0x11, 4), (it) => it.setPowerState(0, 6, 1 << 30), [0, 6, 1 << 30]],
  ["STATE_GET", commandWord(0x11, 5), (it) => it.getPowerState(0, 7), [7]],
  ["VOLTAGE_LEVEL_SET", commandWord(0x17, 7), (it) => it.setVoltage(0, 8, -5), [8, 0, 0xfffffffb]],
  ["VOLTAGE_LEVEL_GET", commandWord(0x17, 8), (it) => it.getVoltage(0, 9), [9]],
  ["READING_GET", commandWord(0x15, 6), (it) => it.getReading(0, 10), [10, 0]],
  ["CAP_GET", commandWord(0x18, 4), (it) => it.getCap(0, 11), [11]],
  ["MEASUREMENTS_GET", commandWord(0x18, 9), (it) => it.getPower(0, 12), [12]],
  ["PROTOCOL_VERSION", commandWord(0x16, 0), (it) => it.getVersion(0, 0x16), []],
];

test.each(ON_THE_WIRE)("%s goes out as the specification has it", (_name, word, add, expected) => {
  // Nothing of it is answered by this platform: with KIND_HOLD every command is there to be read
  const core = Core.createSync();
  const description = describePlatform(core, { agents: 1, protocols: [] });
  const state = core.openState(description);
  const channel = core.openChannel(core.openInstance({ description, state }), { hold: true });
  const batch = new Batch(core);
  const tables = new PlatformTables(core, description, state);
  add(batch);
  batch.run(0);
  expect(batch.stop).toBe("hostNeeded");
  const { header, requestAt, byteLength } = tables.claimed(tables.openClaim(channel));
  expect(header & 0x3fcff).toBe(word);
  expect(Array.from({ length: byteLength / 4 }, (_, i) => core.memory.u32(requestAt + 4 * i))).toEqual(expected);
});

test("a platform with handlers in TypeScript finishes a batch of everything, and tells its events", () => {
  const board = boardFile("example");
  const core = Core.createSync({ capacity: { ...Platform.capacityFor(board), eventEntries: 4, batchEntries: 256 } });
  const platform = Platform.open(core, board, { clock: new SimulatedClock() });
  const changes: number[] = [];
  platform.on("levelChanged", ({ level }) => changes.push(level));
  const port = platform.connect(1);
  const batch = new Batch(core);
  const levels = [600, 1000, 1400, 1800];
  for (let i = 0; i < 60; i++) {
    batch.setLevel(port.a2p, 0, levels[i % 4] ?? 0, i);
    batch.command(port.a2p, commandWord(0x13, 1), words(), 1000 + i); // PROTOCOL_ATTRIBUTES
    batch.getRate(port.a2p, 1, 2000 + i);
  }
  expect(batch.finish(0, { serve: () => port.doorbell() })).toBe(true);
  const found = read(batch);
  expect(found.map(([tag]) => tag)).toEqual(Array.from({ length: 180 }, (_, i) => 1000 * (i % 3) + Math.floor(i / 3)));
  expect(found.every(([, fault, status]) => fault === 0 && status === 0)).toBe(true);
  expect(changes).toEqual(Array.from({ length: 60 }, (_, i) => levels[i % 4]));
  platform.close();
  expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
});
