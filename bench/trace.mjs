// What does tracing cost when it is off, and when it is on? Step by step (post, serve, settle), and in one piece (exchange).
// `without` is the same core from which every look at the trace switch was taken out of the text form, and nothing else.
// node bench/trace.mjs [--tiny] [--json]; build first.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import loadWabt from "wabt";
import { describeEnvironment } from "./harness/environment.mjs";
import { BUDGETS, compare, timerStepNs } from "./harness/measure.mjs";

const dist = (name) => import(new URL(`../dist/src/${name}.js`, import.meta.url));
const { Core, commandWord, SimulatedClock } = await dist("index");
const { parseBoard } = await dist("board/index");
const { Platform } = await dist("platform/index");
const { Tracer } = await dist("trace/index");

const isJson = process.argv.includes("--json");
const budget = BUDGETS[process.argv.includes("--tiny") ? "tiny" : "full"];
const BATCH = 1024;
const LEVEL_SET = commandWord(0x13, 0x7);
const LEVELS = [600, 1000, 1400, 1800];
const BOARD = {
  vendor: "scmi-wasm",
  agents: [{ name: "OSPM" }],
  performance: { domains: [{ name: "cpu", levels: LEVELS.map((level) => ({ level })), setLevel: "OSPM" }] },
};

/** A look at the trace switch, as the compiler writes it. */
const LOOK = /local\.get \$\d+\s+i32\.load offset=16\s+i32\.const 1\s+i32\.and/g;

async function withoutLooks() {
  const wabt = await loadWabt();
  const text = readFileSync(new URL("../build/release.wat", import.meta.url), "utf8");
  const looks = text.match(LOOK)?.length ?? 0;
  assert.ok(looks >= 8, `expected the trace switch to be looked at in 8 places or more, got ${looks}`);
  const parsed = wabt.parseWat("core.wat", text.replaceAll(LOOK, "i32.const 0"), { bulk_memory: true });
  return { module: new WebAssembly.Module(parsed.toBinary({}).buffer), looks };
}

/** A core with one agent's channel; tracing as told. */
async function open({ module, tracePayload = 128, isOn = false }) {
  const board = parseBoard(BOARD, { file: "inline" });
  const capacity = { ...Platform.capacityFor(board), tracePayload };
  const core = await Core.open({ capacity, ...(module ? { module } : {}) });
  const platform = Platform.open(core, board, { clock: new SimulatedClock() });
  const port = platform.connect(1);
  const xfer = core.acquire(port.instance);
  // Never drained: the ring overwrites its oldest entries, as in a flight recorder
  if (isOn) Tracer.attach(core, { onEvent: () => {} });
  return { core, platform, channel: port.a2p, xfer, payload: core.payloadAt(xfer) };
}

function steps({ core, channel, xfer, payload }) {
  for (let i = 0; i < BATCH; i++) {
    core.memory.setU32(payload, 0);
    core.memory.setU32(payload + 4, LEVELS[i & 3]);
    core.post(channel, xfer, LEVEL_SET, 8, i);
    core.serve(channel, i);
    core.settle(channel, i);
  }
}

function inOnePiece({ core, channel, xfer, payload }) {
  for (let i = 0; i < BATCH; i++) {
    core.memory.setU32(payload, 0);
    core.memory.setU32(payload + 4, LEVELS[i & 3]);
    core.exchange(channel, xfer, LEVEL_SET, 8, i);
  }
}

function sampled(machine, loop) {
  return (count) => {
    const ns = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      loop(machine);
      ns.push(Number(process.hrtime.bigint() - start));
    }
    return { ns, sum: 0, bad: machine.platform.performance.level(0) === LEVELS[3] ? 0 : 1 };
  };
}

const { module: without, looks } = await withoutLooks();
const machines = {
  without: await open({ module: without }),
  off: await open({}),
  "on, no payload": await open({ tracePayload: 0, isOn: true }),
  on: await open({ isOn: true }),
};
const rows = {};
for (const [name, loop] of Object.entries({ "post, serve, settle": steps, exchange: inOnePiece })) {
  const contestants = Object.fromEntries(Object.entries(machines).map(([who, it]) => [who, sampled(it, loop)]));
  rows[name] = await compare({ name, ops: BATCH, contestants, budget });
}
if (isJson) {
  console.log(JSON.stringify({ environment: describeEnvironment({}, timerStepNs()), looks, rows }, undefined, 2));
} else {
  console.log(`PERFORMANCE_LEVEL_SET, ns a command; the trace switch is looked at in ${looks} places of the core`);
  for (const [name, results] of Object.entries(rows)) {
    const cells = Object.entries(results).map(([who, it]) => `${who} ${it.median} ±${it.mad}`);
    console.log(`${name.padEnd(20)} ${cells.join("   ")}`);
  }
}
