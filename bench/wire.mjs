// What do generated codecs and combinators cost over a DataView by hand? node bench/wire.mjs [--tiny] [--json]; build first.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Bench } from "tinybench";

const protocols = await import(new URL("../dist/src/protocols/index.js", import.meta.url));
const { MessageError } = await import(new URL("../dist/src/index.js", import.meta.url));
const { clockProtocol, ClockAttributes, ClockRateGet, ClockRateSet } = protocols;
const { performanceProtocol, PerformanceDescribeLevels, PerformanceLevelSet, sensorProtocol, SensorReadingGet } =
  protocols;

/** One operation takes a few ns, and even 1,024 of them vary by less than the timer's step. */
const BATCH = 8192;
const VALUES = 1024;
const GENERATED_LIMIT = 1.5;
const COMBINATOR_LIMIT = 10;
const isTiny = process.argv.includes("--tiny");
const isJson = process.argv.includes("--json");

const clock = clockProtocol.at(0x30000);
const performanceSet = performanceProtocol.at(0x40000);
const view = new DataView(new ArrayBuffer(4096));
const AT = 64;
let sink = 0;
/** Decoded values are kept for a while, or the compiler would never make them. */
const kept = new Array(16).fill(undefined);

const rateSet = clock.command(ClockRateSet).request;
const rateGet = clock.command(ClockRateGet).response;
const attributes = clock.command(ClockAttributes).response;
const levelSet = performanceSet.command(PerformanceLevelSet).request;
const readings = sensorProtocol.at(0x30000).command(SensorReadingGet).response;
const levels = performanceSet.command(PerformanceDescribeLevels).response;

const rates = Array.from({ length: VALUES }, (_, i) => 24_000_000 + i * 5_000_011);
const rateSets = rates.map((rateHz, i) => ({
  flags: { async: i % 2 === 0, ignoreDelayedResponse: false, roundUp: i % 3 === 0, roundClosest: false },
  clockId: i,
  rateHz,
}));
const levelSets = rates.map((_, i) => ({ domainId: i & 63, performanceLevel: 300 + i }));
const levelLists = Array.from({ length: 8 }, (_, list) => ({
  numLevels: { returned: 4, remaining: list },
  levels: Array.from({ length: 4 }, (_, i) => ({
    performanceLevel: 300 * (i + 1),
    powerCost: 1000 * i + list,
    latencyUs: 50 + i,
    indicativeFrequencyKhz: 300_000 * (i + 1),
    levelIndex: i,
  })),
}));
const clockNames = ["gpu_clk", "cpu-big", "uart0", "display_pixel"];
const intoRate = { rateHz: 0 };
const axisReadings = Array.from({ length: 8 }, (_, list) => ({
  readings: Array.from({ length: 3 }, (_, axis) => ({ value: 981 * axis - list, timestamp: 1_000_000 + list })),
}));

/** The twins by hand make the same checks as the codecs, refuse with the same error class, and allocate the same objects. */
const byHand = {
  encodeRateSet(at, { flags, clockId, rateHz }, capacity) {
    if (capacity < 16) throw new RangeError("capacity");
    if (clockId >>> 0 !== clockId) throw new RangeError("clockId");
    if (!Number.isSafeInteger(rateHz) || rateHz < 0) throw new RangeError("rateHz");
    let word = 0;
    if (flags.async) word |= 1;
    if (flags.ignoreDelayedResponse) word |= 2;
    if (flags.roundUp) word |= 4;
    if (flags.roundClosest) word |= 8;
    view.setUint32(at, word, true);
    view.setUint32(at + 4, clockId, true);
    view.setUint32(at + 8, rateHz, true);
    view.setUint32(at + 12, rateHz / 2 ** 32, true);
    return 16;
  },
  decodeRateSet(at, byteLength) {
    if (byteLength !== 16) throw wrong("length");
    const word = view.getUint32(at, true);
    const high = view.getUint32(at + 12, true);
    if (high > 0x1fffff) throw wrong("rateHz");
    return {
      flags: {
        async: (word & 1) !== 0,
        ignoreDelayedResponse: (word & 2) !== 0,
        roundUp: (word & 4) !== 0,
        roundClosest: (word & 8) !== 0,
      },
      clockId: view.getUint32(at + 4, true),
      rateHz: high * 2 ** 32 + view.getUint32(at + 8, true),
    };
  },
  decodeRateGet(at, byteLength) {
    if (byteLength !== 12) throw wrong("length");
    const high = view.getUint32(at + 8, true);
    if (high > 0x1fffff) throw wrong("rateHz");
    return { rateHz: high * 2 ** 32 + view.getUint32(at + 4, true) };
  },
  decodeRateGetInto(at, byteLength, into) {
    if (byteLength !== 12) throw wrong("length");
    const high = view.getUint32(at + 8, true);
    if (high > 0x1fffff) throw wrong("rateHz");
    into.rateHz = high * 2 ** 32 + view.getUint32(at + 4, true);
    return into;
  },
  encodeLevelSet(at, { domainId, performanceLevel }, capacity) {
    if (capacity < 8) throw new RangeError("capacity");
    if (domainId >>> 0 !== domainId) throw new RangeError("domainId");
    if (performanceLevel >>> 0 !== performanceLevel) throw new RangeError("performanceLevel");
    view.setUint32(at, domainId, true);
    view.setUint32(at + 4, performanceLevel, true);
    return 8;
  },
  encodeLevels(at, { numLevels, levels: list }, capacity) {
    const total = 8 + list.length * 20;
    if (capacity < total) throw new RangeError("capacity");
    if (numLevels.returned > 0xfff || numLevels.returned !== list.length) throw new RangeError("returned");
    if ((numLevels.remaining & 0xffff) !== numLevels.remaining) throw new RangeError("remaining");
    view.setUint32(at, 0, true);
    view.setUint32(at + 4, numLevels.returned | (numLevels.remaining << 16), true);
    for (let i = 0; i < list.length; i++) {
      const level = list[i];
      const to = at + 8 + i * 20;
      if (level.performanceLevel >>> 0 !== level.performanceLevel) throw new RangeError("performanceLevel");
      if (level.powerCost >>> 0 !== level.powerCost) throw new RangeError("powerCost");
      if (level.levelIndex >>> 0 !== level.levelIndex) throw new RangeError("levelIndex");
      const { indicativeFrequencyKhz } = level;
      if (indicativeFrequencyKhz >>> 0 !== indicativeFrequencyKhz) throw new RangeError("indicativeFrequencyKhz");
      if ((level.latencyUs & 0xffff) !== level.latencyUs) throw new RangeError("latencyUs");
      view.setUint32(to, level.performanceLevel, true);
      view.setUint32(to + 4, level.powerCost, true);
      view.setUint32(to + 8, level.latencyUs, true);
      view.setUint32(to + 12, level.indicativeFrequencyKhz, true);
      view.setUint32(to + 16, level.levelIndex, true);
    }
    return total;
  },
  decodeLevels(at, byteLength) {
    if (byteLength < 8) throw wrong("length");
    const word = view.getUint32(at + 4, true);
    const returned = word & 0xfff;
    if (byteLength !== 8 + returned * 20) throw wrong("length");
    const list = [];
    for (let i = 0; i < returned; i++) {
      const from = at + 8 + i * 20;
      list.push({
        performanceLevel: view.getUint32(from, true),
        powerCost: view.getUint32(from + 4, true),
        latencyUs: view.getUint32(from + 8, true) & 0xffff,
        indicativeFrequencyKhz: view.getUint32(from + 12, true),
        levelIndex: view.getUint32(from + 16, true),
      });
    }
    return { numLevels: { returned, remaining: word >>> 16 }, levels: list };
  },
  decodeReadings(at, byteLength) {
    if (byteLength < 4 || (byteLength - 4) % 16 !== 0) throw wrong("length");
    const list = [];
    for (let from = at + 4; from < at + byteLength; from += 16)
      list.push({ value: i64(from), timestamp: u64(from + 8) });
    return { readings: list };
  },
  decodeAttributes(at, byteLength) {
    if (byteLength !== 28 && byteLength !== 24) throw wrong("length");
    const word = view.getUint32(at + 4, true);
    let name = "";
    for (let i = 0; i < 16; i++) {
      const code = view.getUint8(at + 8 + i);
      if (code === 0) break;
      name += String.fromCharCode(code);
    }
    return {
      attributes: {
        enabled: (word & 1) !== 0,
        restricted: (word & 2) !== 0,
        extendedConfig: (word & (1 << 27)) !== 0,
        parents: (word & (1 << 28)) !== 0,
        extendedName: (word & (1 << 29)) !== 0,
        notifyRateChangeRequested: (word & (1 << 30)) !== 0,
        notifyRateChanged: (word & (1 << 31)) !== 0,
      },
      name,
      clockEnableDelayUs: byteLength === 24 ? undefined : view.getUint32(at + 24, true),
    };
  },
};

/** A number, or a BigInt where a number would not be exact, as sensors have them. */
function i64(at) {
  const high = view.getInt32(at + 4, true);
  if (high > 0x1fffff || high < -0x200000) return view.getBigInt64(at, true);
  const value = high * 2 ** 32 + view.getUint32(at, true);
  return value === -(2 ** 53) ? BigInt(value) : value;
}

function u64(at) {
  const high = view.getUint32(at + 4, true);
  return high > 0x1fffff ? view.getBigUint64(at, true) : high * 2 ** 32 + view.getUint32(at, true);
}

function wrong(field) {
  return new MessageError("bench", { field, offset: 0, expected: "another length", got: "this one" });
}

const rateReplies = rates.map((rateHz) => ({ rateHz }));

const CASES = {
  "CLOCK_RATE_SET encode": () => encoding(rateSet, rateSets, byHand.encodeRateSet),
  "CLOCK_RATE_SET decode": () => decoding(rateSet, rateSets, byHand.decodeRateSet),
  "CLOCK_RATE_GET decode": () => decoding(rateGet, rateReplies, byHand.decodeRateGet),
  "CLOCK_RATE_GET decodeInto": () => decodingInto(rateGet, rateReplies, byHand.decodeRateGetInto),
  "PERFORMANCE_LEVEL_SET encode": () => encoding(levelSet, levelSets, byHand.encodeLevelSet),
  "SENSOR_READING_GET decode, 3 axes": () => decoding(readings, axisReadings, byHand.decodeReadings),
  // Not hot, so by the combinators alone
  "PERFORMANCE_DESCRIBE_LEVELS encode, 4 levels": () => encoding(levels, levelLists, byHand.encodeLevels),
  "PERFORMANCE_DESCRIBE_LEVELS decode, 4 levels": () => decoding(levels, levelLists, byHand.decodeLevels),
  "CLOCK_ATTRIBUTES decode": () => decoding(attributes, namedClocks(), byHand.decodeAttributes),
};

function namedClocks() {
  return clockNames.map((name, i) => ({
    attributes: {
      enabled: i % 2 === 0,
      restricted: false,
      extendedConfig: i === 1,
      parents: false,
      extendedName: false,
      notifyRateChangeRequested: true,
      notifyRateChanged: i === 2,
    },
    name,
    clockEnableDelayUs: i * 50,
  }));
}

/** Whether a subclass overrides what the combinators do. */
function isGenerated(layout) {
  return !Object.hasOwn(Object.getPrototypeOf(layout), "encodeByType");
}

function encoding(layout, values, hand) {
  const mask = values.length - 1;
  const capacity = view.byteLength - AT;
  for (const value of values) {
    const byteLength = layout.encodeByType(view, AT, value);
    const expected = new Uint8Array(view.buffer.slice(AT, AT + byteLength));
    for (const encode of [(it) => layout.encode(view, AT, it), (it) => hand(AT, it, capacity)]) {
      new Uint8Array(view.buffer).fill(0xaa);
      assert.equal(encode(value), byteLength);
      assert.deepEqual(new Uint8Array(view.buffer.slice(AT, AT + byteLength)), expected);
    }
  }
  return {
    hand: () => {
      for (let i = 0; i < BATCH; i++) sink ^= hand(AT, values[i & mask], capacity);
    },
    generated:
      isGenerated(layout) &&
      (() => {
        for (let i = 0; i < BATCH; i++) sink ^= layout.encode(view, AT, values[i & mask], capacity);
      }),
    combinators: () => {
      for (let i = 0; i < BATCH; i++) sink ^= layout.encodeByType(view, AT, values[i & mask], capacity);
    },
  };
}

/** Bytes of up to 16 values side by side, so that what is read varies. */
function spread(layout, values) {
  const count = Math.min(16, values.length);
  let byteLength = 0;
  const put = () => {
    for (let i = 0; i < count; i++) byteLength = layout.encodeByType(view, AT + i * 128, values[i]);
  };
  put();
  return { count, byteLength, put };
}

function decoding(layout, values, hand) {
  const bytes = spread(layout, values);
  const { byteLength } = bytes;
  const mask = bytes.count - 1;
  for (let i = 0; i < bytes.count; i++) {
    const at = AT + i * 128;
    assert.deepEqual(layout.decode(view, at, byteLength), values[i]);
    assert.deepEqual(layout.decodeByType(view, at, byteLength), values[i]);
    assert.deepEqual(hand(at, byteLength), values[i]);
  }
  return {
    prepare: bytes.put,
    hand: () => {
      for (let i = 0; i < BATCH; i++) kept[i & mask] = hand(AT + (i & mask) * 128, byteLength);
    },
    generated:
      isGenerated(layout) &&
      (() => {
        for (let i = 0; i < BATCH; i++) kept[i & mask] = layout.decode(view, AT + (i & mask) * 128, byteLength);
      }),
    combinators: () => {
      for (let i = 0; i < BATCH; i++) kept[i & mask] = layout.decodeByType(view, AT + (i & mask) * 128, byteLength);
    },
  };
}

function decodingInto(layout, values, hand) {
  const bytes = spread(layout, values);
  const { byteLength } = bytes;
  const mask = bytes.count - 1;
  for (let i = 0; i < bytes.count; i++) {
    assert.deepEqual({ ...layout.decodeInto(view, AT + i * 128, byteLength, intoRate) }, values[i]);
  }
  return {
    prepare: bytes.put,
    hand: () => {
      for (let i = 0; i < BATCH; i++) sink ^= hand(AT + (i & mask) * 128, byteLength, intoRate).rateHz;
    },
    generated: () => {
      for (let i = 0; i < BATCH; i++)
        sink ^= layout.decodeInto(view, AT + (i & mask) * 128, byteLength, intoRate).rateHz;
    },
    combinators: () => {
      for (let i = 0; i < BATCH; i++) {
        sink ^= layout.decodeByType(view, AT + (i & mask) * 128, byteLength, intoRate).rateHz;
      }
    },
  };
}

/** Bytes of garbage per operation of a side that is compiled already; one batch, so that no collection hides them. */
function garbageOf(run) {
  const before = process.memoryUsage().heapUsed;
  run();
  return Math.max(0, process.memoryUsage().heapUsed - before) / BATCH;
}

/** Measures one case in this process. */
async function measure(name) {
  const { prepare = () => {}, ...sides } = CASES[name]();
  const bench = new Bench({ time: isTiny ? 5 : 300, warmupTime: isTiny ? 2 : 150, retainSamples: true });
  let hasWarned = false;
  bench.addEventListener("warning", () => {
    hasWarned = true;
  });
  for (const [side, run] of Object.entries(sides)) if (run) bench.add(side, run, { beforeAll: prepare });
  await bench.run();
  const ns = (ms) => (ms * 1e6) / BATCH;
  prepare();
  const garbage = Array.from({ length: 9 }, () => garbageOf(sides.generated || sides.combinators)).sort(
    (a, b) => a - b,
  )[4];
  const results = bench.tasks.map((task) => {
    const { p50, p99, mad, samplesCount } = task.result.latency;
    return { name, side: task.name, p50: ns(p50), p99: ns(p99), mad: ns(mad), samples: samplesCount };
  });
  return { results, hasWarned, garbage };
}

/** Processes of their own for each case: then each call has one target on all three sides, as in a driver that sends this message. The
 *  best of three counts for each side, as others use this machine, too. */
function measureApart(name) {
  const args = [fileURLToPath(import.meta.url), `--case=${name}`, ...(isTiny ? ["--tiny"] : [])];
  const runs = Array.from({ length: isTiny ? 1 : 3 }, () =>
    JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })),
  );
  const bestOf = (side) =>
    runs.flatMap((it) => it.results.filter((result) => result.side === side)).sort((a, b) => a.p50 - b.p50)[0];
  const results = ["hand", "generated", "combinators"].map(bestOf).filter(Boolean);
  return { results, hasWarned: runs.some((it) => it.hasWarned), garbage: Math.min(...runs.map((it) => it.garbage)) };
}

const only = process.argv.find((it) => it.startsWith("--case="))?.slice("--case=".length);
if (only === undefined) report(Object.keys(CASES).map(measureApart));
else console.log(JSON.stringify(await measure(only)));

function report(measured) {
  const names = Object.keys(CASES);
  const rows = measured.map(({ results, garbage }, i) => {
    const p50 = (side) => results.find((it) => it.side === side)?.p50;
    const [hand, generated, combinators] = [p50("hand"), p50("generated"), p50("combinators")];
    const ratios = { generatedRatio: generated && generated / hand, combinatorRatio: combinators / hand };
    return { name: names[i], hand, generated, combinators, ...ratios, garbage };
  });
  if (isJson) {
    const results = measured.flatMap((it) => it.results);
    const machine = { node: process.version, cpu: cpus()[0]?.model, commit: commit() };
    console.log(JSON.stringify({ unit: "ns per operation", batch: BATCH, ...machine, results, rows }));
  } else print(rows);
  if (isTiny) return; // shows that the benches run, no more: its numbers mean nothing
  const missed = rows.flatMap((it) => shortfalls(it));
  if (measured.some((it) => it.hasWarned)) missed.push("the timer is too coarse");
  for (const it of missed) console.error(`wire: ${it}`);
  if (missed.length > 0) process.exitCode = 1;
}

function shortfalls({ name, generatedRatio, combinatorRatio, garbage }) {
  const found = [];
  const over = (what, ratio, limit) => {
    if (ratio !== undefined && ratio > limit)
      found.push(`${name}: expected ${what} within ${limit} of a DataView by hand, got ${ratio.toFixed(2)}`);
  };
  over("generated code", generatedRatio, GENERATED_LIMIT);
  over("combinators", combinatorRatio, COMBINATOR_LIMIT);
  // A value that is decoded into a new object is that object; everything else leaves nothing behind.
  if (!name.includes(" decode") || name.endsWith("decodeInto")) {
    if (garbage > 1) found.push(`${name}: expected no garbage, got ${garbage.toFixed(1)} bytes an operation`);
  }
  return found;
}

function print(rows) {
  const line = (...cells) => console.log(cells.map((it, i) => (i === 0 ? it.padEnd(46) : it.padStart(13))).join(""));
  line("ns per operation, p50", "by hand", "generated", "ratio", "combinators", "ratio", "garbage, B");
  for (const it of rows) {
    const generated = it.generated ? [it.generated.toFixed(1), it.generatedRatio.toFixed(2)] : ["-", "-"];
    line(
      it.name,
      it.hand.toFixed(1),
      ...generated,
      it.combinators.toFixed(1),
      it.combinatorRatio.toFixed(2),
      it.garbage.toFixed(1),
    );
  }
}

function commit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

if (sink === 0.5) console.log(sink, kept); // keeps the work
