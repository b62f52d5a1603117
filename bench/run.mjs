// Runs the benches, all in one process and in interleaved rounds: node bench/run.mjs [--quick | --tiny] [--only NAME,…] [--json FILE]
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import * as batch from "./batch.mjs";
import * as exchange from "./exchange.mjs";
import * as fleet from "./fleet.mjs";
import * as halves from "./halves.mjs";
import { Arena, findWasm } from "./harness/arena.mjs";
import { describeEnvironment } from "./harness/environment.mjs";
import { BUDGETS, shortSamples, timerStepNs } from "./harness/measure.mjs";
import { asText } from "./harness/text.mjs";
import * as heap from "./heap.mjs";
import * as mixed from "./mixed.mjs";
import * as pieces from "./pieces.mjs";
import * as pingpong from "./pingpong.mjs";
import * as prototype from "./prototype.mjs";
import { judge } from "./targets.mjs";

const QUESTIONS = { exchange, batch, mixed, halves, fleet, pingpong, pieces, prototype, heap };

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean" },
    tiny: { type: "boolean" },
    only: { type: "string" },
    json: { type: "string", default: "build/bench.json" },
  },
});

const wasm = findWasm();
if (!wasm) throw new Error("bench: expected build/release.wasm or dist/core.wasm, got neither: npm run build first");
const budget = BUDGETS[options.tiny ? "tiny" : options.quick ? "quick" : "full"];
const asked = options.only?.split(",") ?? Object.keys(QUESTIONS);
const log = (line) => process.stderr.write(`${line}\n`);

const arena = new Arena({ budget, wasm, log });
const timerStep = timerStepNs();
const report = {
  environment: describeEnvironment(arena, timerStep),
  command: ["node bench/run.mjs", ...process.argv.slice(2)].join(" "),
  budget: { rounds: budget.rounds, samples: budget.samples },
  questions: [],
};
try {
  for (const name of asked) {
    const question = QUESTIONS[name];
    if (!question) throw new Error(`bench: expected one of ${Object.keys(QUESTIONS).join(", ")}, got ${name}`);
    log(`${name} …`);
    const rows = await question.measure(arena);
    for (const row of rows) expectTimerCarries(row);
    report.questions.push({ name, title: question.title, names: question.names ?? [], rows });
  }
} finally {
  arena.close();
}
report.targets = judge(report.questions.flatMap(({ rows }) => rows));

mkdirSync(dirname(options.json), { recursive: true });
writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(asText(report));
log(`written to ${options.json}`);

/** A sample shorter than 20 steps of the clock says more about the clock. */
function expectTimerCarries({ name, results = {} }) {
  for (const who of shortSamples(results, timerStep)) {
    const { median, ops } = results[who];
    throw new Error(`${name}: ${who}: expected samples of 20 timer steps, got ${median * ops} ns`);
  }
}
