// What does one PERFORMANCE_LEVEL_SET cost over each transport and framing, polled and awaited, beside loopback, and does a polled one leave
// garbage? node bench/transports.mjs [--tiny] [--json]; build first. Exits with 1 when more than 0.1 byte of heap a polled call is found.
import { parseArgs } from "node:util";
import { describeEnvironment } from "./harness/environment.mjs";
import { bytesPerCall } from "./harness/garbage.mjs";
import { BUDGETS, compare, timerStepNs } from "./harness/measure.mjs";
import { LEVELS, mixOf, openMachine, sampled, sampledSync, WAYS } from "./machines.mjs";

const { values: flags } = parseArgs({ options: { tiny: { type: "boolean" }, json: { type: "boolean" } } });
const budget = BUDGETS[flags.tiny ? "tiny" : "quick"];

/** Even the fastest of them takes long enough, so many at a time. */
const BATCH = 1024;

/** Bytes of heap that a polled call may leave; before everything is compiled it leaves more. */
const HEAP_LIMIT = flags.tiny ? Number.POSITIVE_INFINITY : 0.1;
const WARM_UP_MS = flags.tiny ? 1 : 300;

const polled = {};
const heap = {};
const awaited = {};
const machines = [];
for (const way of Object.keys(WAYS)) {
  const machine = await openMachine(way);
  machines.push(machine);
  const { performance, platform } = machine;
  const isWrong = () => platform.performance.level(0) !== LEVELS[(BATCH - 1) & 3];
  awaited[way] = sampled(async () => {
    for (let i = 0; i < BATCH; i++) await performance.setLevel(0, LEVELS[i & 3]);
  }, isWrong);
  try {
    performance.setLevelPolled(0, LEVELS[0]);
  } catch (error) {
    if (error.code !== "SCMI_UNSUPPORTED") throw error;
    continue; // cannot be polled
  }
  polled[way] = sampledSync(() => {
    for (let i = 0; i < BATCH; i++) performance.setLevelPolled(0, LEVELS[i & 3]);
  }, isWrong);
  heap[way] = bytesPerCall(mixOf(machine), WARM_UP_MS);
}
const results = {
  polled: await compare({ name: "polled", ops: BATCH, contestants: polled, budget }),
  awaited: await compare({ name: "awaited", ops: BATCH, contestants: awaited, budget }),
};
for (const machine of machines) await machine.close();

if (flags.json) {
  const environment = describeEnvironment({}, timerStepNs());
  console.log(JSON.stringify({ environment, unit: "ns per call", batch: BATCH, heapBytes: heap, ...results }, null, 2));
} else {
  const cell = (result, base) =>
    result
      ? `${result.median.toFixed(0).padStart(8)} ns ${(result.median / base.median).toFixed(1).padStart(6)} ×`
      : "not to be polled".padStart(20);
  console.log(
    `${"PERFORMANCE_LEVEL_SET over".padEnd(28)} ${"polled, × loopback".padStart(20)}  ${"awaited, × loopback".padStart(20)}  ${"polled, heap".padStart(14)}`,
  );
  for (const way of Object.keys(WAYS)) {
    console.log(
      `${way.padEnd(28)} ${cell(results.polled[way], results.polled.loopback)}  ${cell(results.awaited[way], results.awaited.loopback)}  ${way in heap ? `${heap[way].toFixed(2).padStart(8)} bytes` : ""}`,
    );
  }
}
const littering = Object.keys(heap).filter((way) => heap[way] > HEAP_LIMIT);
if (littering.length > 0) {
  console.error(`expected at most ${HEAP_LIMIT} byte of heap a polled call, got more over ${littering.join(", ")}`);
  process.exitCode = 1;
}
