import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Canaries } from "../support/canary.ts";
import { BUILDS, type Build, checked, createCore, faultName, type TestCore, words } from "../support/core.ts";
import { Random } from "../support/random.ts";
import { byId, fromHex, golden, view } from "./bytes.ts";

const GOLDEN = golden("13-performance");
const WIDTHS = [8, 16, 32, 64] as const;
type Width = (typeof WIDTHS)[number];

interface Cell {
  readonly core: TestCore;
  readonly canaries: Canaries;
  readonly channel: number;
  readonly cell: number;
  readonly register: number;
}

/** A cell of 8 bytes and a register of 8 bytes, each between strips of canaries. */
function openCells(build: Build, fastChannels = 4): Cell {
  const core = createCore(build, {
    instances: 1,
    channels: 1,
    xfers: 1,
    fastChannels,
    traceEntries: 4,
    regionBytes: 2048,
  });
  const { exports, base } = core;
  checked("openInstance", exports.openInstance(base, 0, 0, 0, 1, layout.TOKENS_SMALL));
  const channel = checked("openChannel", exports.openChannel(base, 0, layout.KIND_MSG, -1, 0, 32));
  const canaries = new Canaries();
  const cell = canaries.around(core, 8);
  const register = canaries.around(core, 8);
  return { core, canaries, channel, cell, register };
}

interface Doorbell {
  readonly width: Width;
  readonly set: bigint;
  readonly preserve: bigint;
}

/** DESCRIBE_FASTCHANNEL's attributes: bit 0 a doorbell, bits 2:1 its width. */
function attributesOf(width: Width | undefined): number {
  return width === undefined ? 0 : 1 | (WIDTHS.indexOf(width) << 1);
}

function recordOf(core: TestCore, index: number): number {
  const table = core.table(layout.CORE_FASTCHANNELS);
  return table.offset + index * table.stride;
}

function openFast({ core, channel, cell, register }: Cell, cellBytes: number, doorbell?: Doorbell): number {
  const { exports, base } = core;
  const attributes = attributesOf(doorbell?.width);
  const opened = exports.openFastChannel(base, channel, cell, cellBytes, doorbell ? register : 0, attributes);
  const index = checked("openFastChannel", opened);
  const at = base + recordOf(core, index);
  core.data.setBigUint64(at + layout.FASTCHANNEL_SET, doorbell?.set ?? 0n, true);
  core.data.setBigUint64(at + layout.FASTCHANNEL_PRESERVE, doorbell?.preserve ?? 0n, true);
  return index;
}

function setRegister({ core, register }: Cell, value: bigint): void {
  core.data.setBigUint64(core.base + register, value, true);
}

function registerOf({ core, register }: Cell): bigint {
  return core.data.getBigUint64(core.base + register, true);
}

const ALL = 0xffff_ffff_ffff_ffffn;

/** `new = set | (preserve ? old & preserve : 0)`, in the register's width; what lies beyond keeps its bits. */
function rung(before: bigint, { width, set, preserve }: Doorbell): bigint {
  const mask = (1n << BigInt(width)) - 1n;
  const kept = preserve & mask ? before & preserve : 0n;
  return (before & (ALL ^ mask)) | ((set | kept) & mask);
}

describe.each(BUILDS)("%s: a FastChannel", (build) => {
  test("for LEVEL_SET writes and rings as worked", () => {
    const [write, ring] = GOLDEN.memory;
    if (write?.access !== "write" || ring?.access !== "doorbell") throw new Error("expected a write and a doorbell");
    const cells = openCells(build);
    const { core, cell } = cells;
    const description = Buffer.from(fromHex(byId(GOLDEN.messages, ring.fastChannel).payload));
    const attributes = description.readUInt32LE(4);
    const doorbell: Doorbell = {
      width: 32,
      set: description.readBigUInt64LE(32),
      preserve: description.readBigUInt64LE(40),
    };
    expect([doorbell.set, doorbell.preserve]).toEqual([BigInt(ring.setMask), BigInt(ring.preserveMask)]);
    expect(attributesOf(32)).toBe(attributes);
    const index = openFast(cells, description.readUInt32LE(20), doorbell);
    const rateLimitUs = description.readUInt32LE(8);
    core.setU32(recordOf(core, index) + layout.FASTCHANNEL_RATE_LIMIT, rateLimitUs);
    setRegister(cells, BigInt(ring.before ?? 0));
    expect(core.exports.writeFastChannel(core.base, index, 1400, 0, 0)).toBe(0);
    expect(core.read(cell, 4)).toEqual([...fromHex(write.bytes)]);
    expect(registerOf(cells)).toBe(BigInt(ring.after ?? 0));
  });

  test("described as in the transport text rings its 32-bit doorbell, once in its 20 us", () => {
    const { messages } = golden("00-transport");
    const description = Buffer.from(fromHex(byId(messages, "00-13.1-response").payload));
    const cells = openCells(build);
    const { core } = cells;
    const doorbell: Doorbell = {
      width: 32,
      set: description.readBigUInt64LE(32),
      preserve: description.readBigUInt64LE(40),
    };
    expect(attributesOf(32)).toBe(description.readUInt32LE(4));
    const index = openFast(cells, description.readUInt32LE(20), doorbell);
    core.setU32(recordOf(core, index) + layout.FASTCHANNEL_RATE_LIMIT, description.readUInt32LE(8));
    setRegister(cells, 0xffff_fff0n);
    expect(core.exports.writeFastChannel(core.base, index, 1, 0, 0)).toBe(0);
    expect(registerOf(cells)).toBe(0xffff_fff4n);
    expect(faultName(core.exports.writeFastChannel(core.base, index, 2, 0, 19_999))).toBe("FAULT_RATE_LIMITED (-21)");
    expect(core.exports.writeFastChannel(core.base, index, 3, 0, 20_000)).toBe(0);
  });

  test.each(WIDTHS)("with a doorbell of %i bits sets and preserves these bits alone", (width) => {
    const random = new Random(width);
    const cells = openCells(build);
    const { core, cell, canaries } = cells;
    const index = openFast(cells, 4, { width, set: 0n, preserve: 0n });
    const at = core.base + recordOf(core, index);
    const some = () => (BigInt(random.word()) << 32n) | BigInt(random.word());
    const masks = () => random.pick([0n, ALL, 1n << 63n, 1n, 0xffff_ff00n, 0xffff_ffff_0000_0000n, some()]);
    for (let round = 0; round < 300; round++) {
      const doorbell: Doorbell = { width, set: masks(), preserve: masks() };
      const before = some();
      core.data.setBigUint64(at + layout.FASTCHANNEL_SET, doorbell.set, true);
      core.data.setBigUint64(at + layout.FASTCHANNEL_PRESERVE, doorbell.preserve, true);
      setRegister(cells, before);
      core.write(cell, words(0, 0xaaaa_aaaa));
      const value = random.word();
      expect(core.exports.writeFastChannel(core.base, index, value | 0, random.word() | 0, round)).toBe(0);
      expect(registerOf(cells)).toBe(rung(before, doorbell));
      expect(core.read(cell, 8)).toEqual(words(value, 0xaaaa_aaaa));
    }
    expect(core.u32(recordOf(core, index) + layout.FASTCHANNEL_WRITES)).toBe(300);
    expect(canaries.broken(core)).toEqual([]);
  });

  test("without a doorbell writes the cell and nothing else", () => {
    const cells = openCells(build);
    const { core, cell, canaries } = cells;
    const index = openFast(cells, 4);
    setRegister(cells, ALL);
    core.write(cell, words(1, 2));
    expect(core.exports.writeFastChannel(core.base, index, -1, 9, 0)).toBe(0);
    expect(core.read(cell, 8)).toEqual(words(0xffff_ffff, 2));
    expect(registerOf(cells)).toBe(ALL);
    expect(canaries.broken(core)).toEqual([]);
  });

  test("of 8 bytes writes and reads its first word first in memory", () => {
    const cells = openCells(build);
    const { core, cell, canaries } = cells;
    const index = openFast(cells, 8);
    expect(core.exports.writeFastChannel(core.base, index, 0x8000_0001 | 0, 0x7fff_ffff, 0)).toBe(0);
    expect(core.read(cell, 8)).toEqual(words(0x8000_0001, 0x7fff_ffff)); // LIMITS: maximum, then minimum
    core.write(cell, words(400, 100));
    const before = view(core, cell, 8).slice();
    expect(core.exports.readFastChannel(core.base, index, 0)).toBe(0);
    expect(core.read(recordOf(core, index) + layout.FASTCHANNEL_VALUE, 8)).toEqual(words(400, 100));
    expect(view(core, cell, 8)).toEqual(before);
    expect(canaries.broken(core)).toEqual([]);
  });

  test("of 4 bytes reads these alone, and neither rings nor counts", () => {
    const cells = openCells(build);
    const { core, cell } = cells;
    const index = openFast(cells, 4, { width: 32, set: ALL, preserve: 0n });
    setRegister(cells, 5n);
    core.write(cell, words(0xfeed_beef, 0x1234_5678));
    expect(core.exports.readFastChannel(core.base, index, 0)).toBe(0);
    expect(core.read(recordOf(core, index) + layout.FASTCHANNEL_VALUE, 8)).toEqual(words(0xfeed_beef, 0));
    expect(registerOf(cells)).toBe(5n);
    expect(core.u32(recordOf(core, index) + layout.FASTCHANNEL_WRITES)).toBe(0);
  });

  test("with a rate limit refuses early writes and leaves everything as it was", () => {
    const cells = openCells(build);
    const { core, cell } = cells;
    const index = openFast(cells, 4, { width: 8, set: 1n, preserve: 0n });
    const record = recordOf(core, index);
    core.setU32(record + layout.FASTCHANNEL_RATE_LIMIT, 200);
    const write = (value: number, now: number) => {
      setRegister(cells, 0n);
      const result = core.exports.writeFastChannel(core.base, index, value, 0, now);
      return [faultName(result), core.u32(cell), Number(registerOf(cells))];
    };
    expect(write(1, 1_000)).toEqual(["0", 1, 1]);
    expect(write(2, 1_000)).toEqual(["FAULT_RATE_LIMITED (-21)", 1, 0]);
    expect(write(3, 200_999)).toEqual(["FAULT_RATE_LIMITED (-21)", 1, 0]);
    expect(write(4, 201_000)).toEqual(["0", 4, 1]); // refused ones do not count
    expect(write(5, 400_999)).toEqual(["FAULT_RATE_LIMITED (-21)", 4, 0]);
    expect(core.u32(record + layout.FASTCHANNEL_WRITES)).toBe(2);
    core.setU32(record + layout.FASTCHANNEL_RATE_LIMIT, 0);
    expect(write(6, 400_999)).toEqual(["0", 6, 1]);
    expect(core.exports.readFastChannel(core.base, index, 401_000)).toBe(0);
  });

  test("lets its first write through whatever the time", () => {
    const cells = openCells(build);
    const index = openFast(cells, 4);
    cells.core.setU32(recordOf(cells.core, index) + layout.FASTCHANNEL_RATE_LIMIT, 0xfffff);
    expect(cells.core.exports.writeFastChannel(cells.core.base, index, 1, 0, 0)).toBe(0);
  });

  test("that cannot be is refused, and takes no row", () => {
    const { core, channel, cell, register } = openCells(build);
    const { exports, base } = core;
    const end = core.bytes.length - base;
    const open = (options: { channel?: number; cell?: number; bytes?: number; bell?: number; width?: Width }) => {
      const { bytes = 4, bell = register } = options;
      const attributes = attributesOf(options.width);
      const at = options.cell ?? cell;
      return faultName(exports.openFastChannel(base, options.channel ?? channel, at, bytes, bell, attributes));
    };
    for (const bytes of [0, 1, 2, 3, 5, 6, 7, 9, 12, 16, -4]) expect(open({ bytes })).toBe("FAULT_CONFIG (-19)");
    for (const odd of [1, 2, 3]) expect(open({ cell: cell + odd })).toBe("FAULT_CONFIG (-19)");
    for (const beyond of [end, end + 4, -base - 4]) expect(open({ cell: beyond })).toBe("FAULT_CONFIG (-19)");
    expect(open({ cell: end - 4, bytes: 8 })).toBe("FAULT_CONFIG (-19)");
    expect(open({ channel: 1 })).toBe("FAULT_INDEX (-2)");
    expect(open({ channel: -1 })).toBe("FAULT_INDEX (-2)");
    for (const [width, step] of [
      [16, 1],
      [32, 2],
      [64, 4],
    ] as const) {
      expect(open({ width, bell: register + step })).toBe("FAULT_CONFIG (-19)");
    }
    for (const width of WIDTHS) expect(open({ width, bell: end })).toBe("FAULT_CONFIG (-19)");
    expect(core.table(layout.CORE_FASTCHANNELS).count).toBe(0);
    expect([0, 1, 2, 3].map(() => open({}))).toEqual(["0", "1", "2", "3"]);
    expect(open({})).toBe("FAULT_NO_ROOM (-18)");
    expect(open({ cell: end - 4 })).toBe("FAULT_NO_ROOM (-18)"); // the last word of the memory is a good cell
    expect(core.table(layout.CORE_FASTCHANNELS).count).toBe(4);
  });

  test("that is not open can be neither written nor read", () => {
    const cells = openCells(build);
    const { core, cell } = cells;
    openFast(cells, 4);
    const before = view(core, cell, 8).slice();
    for (const index of [1, -1, 0x7fff_ffff]) {
      expect(faultName(core.exports.writeFastChannel(core.base, index, 1, 0, 0))).toBe("FAULT_INDEX (-2)");
      expect(faultName(core.exports.readFastChannel(core.base, index, 0))).toBe("FAULT_INDEX (-2)");
    }
    expect(view(core, cell, 8)).toEqual(before);
  });

  test("shows in the trace", () => {
    const cells = openCells(build);
    const { core, channel } = cells;
    const index = openFast(cells, 8);
    core.setU32(layout.CORE_OBSERVE, layout.OBSERVE_TRACE);
    core.exports.writeFastChannel(core.base, index, 1, 2, 10);
    core.exports.readFastChannel(core.base, index, 20);
    const ring = core.ring(layout.CORE_TRACE);
    expect(ring.tail).toBe(2);
    for (const [number, time] of [10, 20].entries()) {
      const at = ring.offset + number * ring.stride;
      expect(core.f64(at + layout.TRACE_TIME)).toBe(time);
      expect(core.u32(at + layout.TRACE_KIND)).toBe(layout.TRACE_FASTCHANNEL);
      expect(core.u32(at + layout.TRACE_CHANNEL)).toBe(channel);
    }
  });

  test("stands beside others of its core without a word in common", () => {
    const cells = openCells(build);
    const { core, channel, register } = cells;
    const { exports, base } = core;
    const at = core.reserve(16);
    const indices = [0, 4, 8].map((step) =>
      checked("openFastChannel", exports.openFastChannel(base, channel, at + step, 4, register, 0)),
    );
    for (const [order, index] of indices.entries()) exports.writeFastChannel(base, index, 100 + order, 0, 0);
    expect(core.read(at, 16)).toEqual(words(100, 101, 102, 0));
    for (const [order, index] of indices.entries()) {
      exports.readFastChannel(base, index, 0);
      expect(core.u32(recordOf(core, index) + layout.FASTCHANNEL_VALUE)).toBe(100 + order);
    }
  });
});
