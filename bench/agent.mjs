// What does a typed call cost over the bare core, and how long takes it to find all that a board has?
// node bench/agent.mjs [--tiny] [--json]; build first.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { describeEnvironment } from "./harness/environment.mjs";
import { BUDGETS, compare, timerStepNs } from "./harness/measure.mjs";

const dist = (name) => import(new URL(`../dist/src/${name}.js`, import.meta.url));
const { Agent, Core, SimulatedClock, commandWord } = await dist("index");
const { parseBoard } = await dist("board/index");
const { Platform } = await dist("platform/index");
const { loopback } = await dist("transport/loopback");
const protocols = await dist("protocols/index");

const isTiny = process.argv.includes("--tiny");
const isJson = process.argv.includes("--json");
const budget = BUDGETS[isTiny ? "tiny" : "full"];

/** Far below a microsecond each. */
const BATCH = 1024;
const POLLED_LIMIT = 1.5;
const ASYNC_LIMIT = 2.5;
const LEVEL_SET = commandWord(0x13, 0x7);
const LEVELS = [600, 1000, 1400, 1800];

/** One performance domain without FastChannels, transition time or watchers: every command is answered in the core. */
const BOARD = {
  vendor: "scmi-wasm",
  agents: [{ name: "OSPM" }],
  performance: { domains: [{ name: "cpu", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM" }] },
};

async function open(board, options = {}) {
  const clock = new SimulatedClock();
  const core = await Core.open({ capacity: Platform.capacityFor(board, { ...options, connections: 2 }) });
  const platform = Platform.open(core, board, { ...options, clock });
  const port = platform.connect(1);
  const agent = await Agent.open(core, loopback(port), { clock });
  return { agent, core, platform, port };
}

/** A contestant of `compare`. */
function sampled(run, check) {
  return async (count) => {
    const ns = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      await run();
      ns.push(Number(process.hrtime.bigint() - start));
    }
    return { ns, sum: 0, bad: check() };
  };
}

async function measureCalls() {
  const board = parseBoard(BOARD, { file: "inline" });
  // Two cores in the process, both used: a call site that has seen only one instance is faster than in life
  const [{ agent, core, platform, port }, other] = [await open(board), await open(board)];
  const performance = await agent.protocol(protocols.Performance);
  const another = await other.agent.protocol(protocols.Performance);
  await performance.describe(0);
  await another.describe(0);
  const xfer = core.acquire(port.instance);
  const otherXfer = other.core.acquire(other.port.instance);
  const payload = core.payloadAt(xfer);
  const exchange = (in_, channel, on, level) => {
    in_.memory.setU32(in_.payloadAt(on), 0);
    in_.memory.setU32(in_.payloadAt(on) + 4, level);
    return in_.exchange(channel, on, LEVEL_SET, 8, 0);
  };
  for (let i = 0; i < 5000; i++) {
    another.setLevelPolled(0, LEVELS[i & 3]);
    exchange(other.core, other.port.a2p, otherXfer, LEVELS[i & 3]);
  }
  const resolved = Promise.resolve();
  let sink = 0;
  const isLast = () => (platform.performance.level(0) === LEVELS[3] ? 0 : 1);
  const contestants = {
    exchange: sampled(() => {
      const { memory } = core;
      for (let i = 0; i < BATCH; i++) {
        memory.setU32(payload, 0);
        memory.setU32(payload + 4, LEVELS[i & 3]);
        sink ^= core.exchange(port.a2p, xfer, LEVEL_SET, 8, 0);
      }
    }, isLast),
    polled: sampled(() => {
      for (let i = 0; i < BATCH; i++) performance.setLevelPolled(0, LEVELS[i & 3]);
    }, isLast),
    promise: sampled(
      async () => {
        for (let i = 0; i < BATCH; i++) await resolved;
      },
      () => 0,
    ),
    awaited: sampled(async () => {
      for (let i = 0; i < BATCH; i++) await performance.setLevel(0, LEVELS[i & 3]);
    }, isLast),
  };
  const results = await compare({ name: "PERFORMANCE_LEVEL_SET", ops: BATCH, contestants, budget });
  assert.ok(Number.isInteger(sink));
  const { exchange: bare, polled, promise, awaited } = results;
  return {
    results,
    ratios: {
      polledPerExchange: polled.median / bare.median,
      awaitedPerPromiseAndPolled: awaited.median / (promise.median + polled.median),
    },
  };
}

/** Every class of the entry point that an agent can open. */
const CLASSES = Object.values(protocols).filter(
  (it) => typeof it === "function" && it.table && it.prototype.describeAll,
);

/** Pin control describes three kinds of things at once. */
function countOf(found) {
  return Array.isArray(found) ? found.length : Object.values(found).reduce((sum, list) => sum + list.length, 0);
}

/** Reads every sensor of the large board, one after the other: milliseconds for all, the least of several rounds. */
async function measureReadings() {
  const { agent, platform } = await open(largeBoard());
  const sensors = await agent.protocol(protocols.Sensor);
  const ids = (await sensors.describeAll())
    .filter(({ axes }) => (axes?.length ?? 0) === 0)
    .map(({ sensorId }) => sensorId);
  const least = { polledMs: Infinity, awaitedMs: Infinity };
  for (let round = 0; round < (isTiny ? 2 : 200); round++) {
    let from = performance.now();
    for (const id of ids) sensors.readPolled(id);
    least.polledMs = Math.min(least.polledMs, performance.now() - from);
    from = performance.now();
    for (const id of ids) await sensors.read(id);
    least.awaitedMs = Math.min(least.awaitedMs, performance.now() - from);
  }
  await agent.close();
  platform.close();
  return { sensors: ids.length, ...least };
}

const LARGE = "examples/boards/large.yaml";

function largeBoard() {
  return parseBoard(parse(readFileSync(new URL(`../${LARGE}`, import.meta.url), "utf8")), { file: LARGE });
}

async function measureEnumeration() {
  const board = largeBoard();
  const rows = [];
  for (let round = 0; round < (isTiny ? 1 : 7); round++) {
    const { agent, platform } = await open(board);
    const start = performance.now();
    const messages = {};
    for (const type of CLASSES) {
      const { name, id } = type.table;
      if (!agent.platform.protocols.includes(id)) continue;
      const before = agent.counters.sent;
      const from = performance.now();
      const found = await (await agent.protocol(type)).describeAll();
      const ms = performance.now() - from;
      messages[name] = { resources: countOf(found), messages: agent.counters.sent - before, ms };
    }
    rows.push({ ms: performance.now() - start, messages, sent: agent.counters.sent });
    await agent.close();
    platform.close();
  }
  const median = rows.sort((a, b) => a.ms - b.ms)[rows.length >> 1];
  return { board: LARGE, ...median };
}

const calls = await measureCalls();
const enumeration = await measureEnumeration();
const readings = await measureReadings();
const wasmBytes = statSync(new URL("../dist/core.wasm", import.meta.url)).size;
const { polledPerExchange, awaitedPerPromiseAndPolled } = calls.ratios;

if (isJson) {
  const environment = describeEnvironment({}, timerStepNs());
  console.log(
    JSON.stringify(
      { environment, unit: "ns per call", batch: BATCH, ...calls, enumeration, readings, wasmBytes },
      null,
      2,
    ),
  );
} else {
  const ns = ({ median, p99 }) => `${median.toFixed(1).padStart(8)} ${p99.toFixed(1).padStart(8)}`;
  console.log("PERFORMANCE_LEVEL_SET, ns per call     median      p99");
  console.log(`bare exchange in the core            ${ns(calls.results.exchange)}`);
  console.log(
    `typed, polled                        ${ns(calls.results.polled)}  ${polledPerExchange.toFixed(2)} × the exchange (aim ≤ ${POLLED_LIMIT})`,
  );
  console.log(`awaiting a resolved promise          ${ns(calls.results.promise)}`);
  console.log(
    `typed, awaited                       ${ns(calls.results.awaited)}  ${awaitedPerPromiseAndPolled.toFixed(2)} × promise + polled (aim ≤ ${ASYNC_LIMIT})`,
  );
  console.log(`\nEnumeration of ${enumeration.board}: ${enumeration.sent} messages in ${enumeration.ms.toFixed(1)} ms`);
  for (const [name, it] of Object.entries(enumeration.messages)) {
    console.log(
      `${name.padEnd(16)} ${String(it.resources).padStart(5)} resources ${String(it.messages).padStart(6)} messages ${it.ms.toFixed(1).padStart(8)} ms`,
    );
  }
  console.log(
    `\nReading ${readings.sensors} sensors one by one: ${readings.polledMs.toFixed(3)} ms polled, ${readings.awaitedMs.toFixed(3)} ms awaited`,
  );
  console.log(`core.wasm: ${wasmBytes} bytes`);
}
