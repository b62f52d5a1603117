// The laboratory behind `scmi bench`: every fast-switch path, polled, awaited and in batches, beside the twins in C and JavaScript.
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import * as batchQuestion from "./batch.mjs";
import * as exchangeQuestion from "./exchange.mjs";
import * as fleetQuestion from "./fleet.mjs";
import { Arena, findWasm } from "./harness/arena.mjs";
import { describeEnvironment } from "./harness/environment.mjs";
import { BUDGETS, compare, shortSamples, timerStepNs } from "./harness/measure.mjs";
import { LEVELS, OFF, openMachine, RATES, sampledSync, VOLTAGES } from "./machines.mjs";
import * as mixedQuestion from "./mixed.mjs";
import { fastChannels, transports, typedCalls } from "./typed.mjs";

const { Batch } = await import(new URL("../dist/src/sim/index.js", import.meta.url));

/** Medians of the same work that differ by more than this are no measurement. */
const NOISY = 0.05;

/** Samples in all for each contestant; warm-up for each. */
const LAB_BUDGETS = {
  default: { ...BUDGETS.quick, fleets: [10_000] },
  quick: { ...BUDGETS.quick, name: "quick", rounds: 4, samples: 4, warmUpMs: 30, fleets: [10_000] },
  tiny: { ...BUDGETS.tiny, fleets: [100] },
};

/** What peers are called in reports. */
const RATIOS = { wasm2c: "wasm2c", flatC: "flat", structuredC: "structured", bestJs: "best", usualJs: "usual" };

/** Runs the laboratory.
 *  @param options `size`: default, quick or tiny; `signal`: what is done so far is returned when it fires, and marked as partial
 *  @returns `environment`, `cases` (`id, title, medianNs, p99Ns, madNs, samples, ratios`), `warnings`, `isPartial` */
export async function runLab({ size = "default", signal, log = () => {} } = {}) {
  const wasm = findWasm();
  if (!wasm) throw new Error("bench: expected dist/core.wasm, got none: npm run build first");
  const budget = LAB_BUDGETS[size];
  const noiseBefore = noiseOf();
  const arena = new Arena({ budget, wasm, log });
  const timerStep = timerStepNs();
  const cases = [];
  const warnings = [];
  if (!arena.compiler) warnings.push("no C compiler (cc, gcc, clang or $CC): ratios to native twins are left out");
  const add = (id, title, results, own = "core", twins = results) => {
    const { median, p99, mad, samples } = results[own];
    if (shortSamples({ [own]: results[own] }, timerStep).length > 0)
      warnings.push(`${id}: its samples are shorter than 20 steps of the clock: do not trust it`);
    const ratios = {};
    for (const [name, who] of Object.entries(RATIOS)) ratios[name] = twins[who] ? median / twins[who].median : null;
    cases.push({ id, title, medianNs: median, p99Ns: p99, madNs: mad, samples, ratios });
  };
  const steps = [
    ["one call per exchange", () => exchanges(arena, add)],
    ["batches", () => batches(arena, add)],
    ["typed calls", () => typedCalls(budget, add, twinsOfExchange)],
    ["FastChannels", () => fastChannels(budget, add, twinsOfExchange)],
    ["a mixed batch", () => mixedBatch(arena, budget, add)],
    ["every transport", () => transports(budget, add, twinsOfExchange)],
    ["a fleet", () => fleet(arena, add)],
  ];
  let isPartial = false;
  try {
    for (const [name, run] of steps) {
      if (signal?.aborted) {
        isPartial = true;
        break;
      }
      log(`${name} …`);
      await run();
      await new Promise(setImmediate); // lets a signal in
    }
  } finally {
    arena.close();
  }
  const noise = Math.max(noiseBefore, noiseOf());
  if (noise > NOISY) {
    warnings.push(
      `this machine is too noisy to trust: the same loop varies by ${(100 * noise).toFixed(0)} % (load ${loadavg()[0].toFixed(1)}); ratios suffer less than times`,
    );
  }
  const environment = { ...describeEnvironment(arena, timerStep), governor: governor(), noise, budget: size };
  return { environment, cases, warnings, isPartial };
}

/** The twins' exchange of eight bytes and a status: what typed calls are compared with. */
let twinsOfExchange = {};

async function exchanges(arena, add) {
  const rows = await exchangeQuestion.measure(arena);
  for (const { name, results } of rows) {
    const shape = name.replace("exchange ", "").replace("/", "-");
    if (shape === "8-0") twinsOfExchange = results;
    add(`exchange.call.${shape}`, `one polled exchange, ${name.slice(9)} bytes, one call`, results);
  }
}

async function batches(arena, add) {
  const rows = await batchQuestion.measure(arena, [8, 64]);
  for (const { name, results } of rows) {
    const [, shape, size] = /^batch (\S+) of (\d+)$/.exec(name);
    const id = `exchange.batch.${shape.replace("/", "-")}`;
    add(size === "64" ? id : `${id}.of${size}`, `an exchange in a batch of ${size}, ${shape} bytes`, results);
  }
}

async function mixedBatch(arena, budget, add) {
  const [{ results }] = await mixedQuestion.measure(arena, [1024]);
  add("mixed.batch", "run alone: all hot commands in turn, in a batch of 1,024", results);
  await typedMixedBatch(budget, add, results);
}

/** The same commands through the typed builder, at a platform. */
async function typedMixedBatch(budget, add, twins) {
  const SIZE = 1024;
  const { core, platform, close } = await openMachine("loopback", { batch: SIZE });
  const { a2p } = platform.connect(1);
  const batch = new Batch(core);
  const commands = [
    (i) => batch.getVersion(a2p, 0x10, i),
    (i) => batch.setPowerState(a2p, 0, i & 1 ? OFF : 0, i),
    (i) => batch.getPowerState(a2p, 0, i),
    (i) => batch.setLimits(a2p, 0, LEVELS[3], LEVELS[i & 1], i),
    (i) => batch.getLimits(a2p, 0, i),
    (i) => batch.setLevel(a2p, 0, LEVELS[1 + (i & 1)], i),
    (i) => batch.getLevel(a2p, 0, i),
    (i) => batch.setRate(a2p, 0, RATES[i & 3], 0, i),
    (i) => batch.getRate(a2p, 0, i),
    (i) => batch.getReading(a2p, 0, i),
    (i) => batch.setVoltage(a2p, 0, VOLTAGES[i & 3], i),
    (i) => batch.getVoltage(a2p, 0, i),
    (i) => batch.getCap(a2p, 0, i),
    (i) => batch.getPower(a2p, 0, i),
  ];
  let failed = 0;
  const contestants = {
    "mixed.batch.typed": sampledSync(
      () => {
        for (let i = 0; i < SIZE; i++) commands[i % commands.length](i);
        failed |= batch.run(0).stop;
        while (batch.next()) failed |= batch.fault | batch.status;
      },
      () => failed,
    ),
  };
  const results = await compare({ name: "mixed batch, typed", ops: SIZE, contestants, budget });
  const title = "the same by a platform, filled and read through the typed builder";
  add("mixed.batch.typed", title, results, "mixed.batch.typed", twins);
  await close();
}

async function fleet(arena, add) {
  for (const { name, results } of await fleetQuestion.measure(arena)) {
    const [, count, order] = /^([\d,]+) instances, (\w+)$/.exec(name);
    const id = `fleet.${count.replaceAll(",", "")}`;
    add(order === "ordered" ? id : `${id}.${order}`, `${count} SoCs, ${order}, in batches of 4,096`, results);
  }
}

/** How much the same loop varies: the distance of its ninth decile from its median. */
function noiseOf() {
  const samples = Array.from({ length: 60 }, () => {
    const start = process.hrtime.bigint();
    let x = 1;
    for (let i = 0; i < 300_000; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return x === 0.5 ? 0 : Number(process.hrtime.bigint() - start);
  }).sort((a, b) => a - b);
  return samples[54] / samples[30] - 1;
}

function governor() {
  try {
    return readFileSync("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "utf8").trim();
  } catch {
    return null; // a guest, or no Linux
  }
}
