// Puts bugs into the core, and into the module of fleets, one at a time and asks the tests to notice: node scripts/mutants.mjs
// [--only NAME] [--seconds N] [--write]. A mutant is a named change of one place in assembly/. Each is built (debug; sim has one build) in a folder of its own and
// meets test/assembly; it is killed when a test fails. With --seconds only so many seconds' worth of them are tried,
// another part every day. --write puts the result of a full run into docs/mutants.md.
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants-list.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Those of the debug build alone. Named one by one: vitest takes no --exclude for the files of its projects. */
const TESTS = readdirSync(join(ROOT, "test/assembly"))
  .filter((name) => /^(?!build|threads).*\.test\.ts$/.test(name))
  .map((name) => `test/assembly/${name}`);
const { values } = parseArgs({
  options: { only: { type: "string" }, seconds: { type: "string" }, write: { type: "boolean" } },
});

let wanted = values.only ? MUTANTS.filter(({ name }) => name.includes(values.only)) : [...MUTANTS];
if (wanted.length === 0) throw new Error(`mutants: no mutant is called ${values.only}`);
const budgetMs = Number(values.seconds ?? Number.POSITIVE_INFINITY) * 1000;
const started = performance.now();
if (Number.isFinite(budgetMs)) {
  // A different stretch each day, so that CI sees all of them in the course of time
  const start = Math.floor(Date.now() / 86_400_000) % wanted.length;
  wanted = [...wanted.slice(start), ...wanted.slice(0, start)];
}

if ((await firstFailure(ROOT)) !== undefined) throw new Error("mutants: the tests fail without any mutant");

// Texts that the sources no longer have show at once, not after an hour
for (const mutant of MUTANTS) mutate(readFileSync(join(ROOT, "assembly", mutant.file), "utf8"), mutant);

const results = [];
const queue = wanted.values();
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
results.sort((a, b) => MUTANTS.indexOf(a.mutant) - MUTANTS.indexOf(b.mutant));

const survivors = results.filter(({ killedBy }) => killedBy === undefined);
for (const { mutant } of survivors) console.log(`SURVIVED ${mutant.name} (${mutant.file})`);
console.log(`${results.length - survivors.length} of ${results.length} mutants killed, ${MUTANTS.length} in the list`);
if (values.write) {
  if (results.length !== MUTANTS.length) throw new Error("mutants: --write needs a full run");
  writeFileSync(join(ROOT, "docs/mutants.md"), asMarkdown());
}
process.exitCode = survivors.length > 0 ? 1 : 0;

async function work() {
  const folder = mkdtempSync(join(tmpdir(), "scmi-mutant-"));
  try {
    for (const path of ["assembly", "scripts", "package.json", "asconfig.json"]) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, "build"));
    // Tests that need one of these by name meet it without a mutant
    for (const name of ["release.wasm", "debug.wasm", "threads.wasm", "sim.wasm"]) copyBuild(name, folder);
    for (const mutant of queue) {
      if (performance.now() - started > budgetMs) return;
      results.push({ mutant, killedBy: await meet(mutant, folder) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first test that fails, or undefined. */
async function meet(mutant, folder) {
  const path = join(folder, "assembly", mutant.file);
  const source = readFileSync(path, "utf8");
  const mutated = mutate(source, mutant);
  writeFileSync(path, mutated);
  // The module of fleets has one build
  const target = mutant.file.startsWith("sim/") ? "sim" : "debug";
  try {
    const build = spawnSync("node", ["scripts/build-wasm.mjs", target], { cwd: folder, encoding: "utf8" });
    if (build.status !== 0) throw new Error(`mutants: ${mutant.name} does not compile\n${build.stderr}`);
    const killedBy = await firstFailure(folder);
    console.log(`${killedBy === undefined ? "survived" : "killed  "} ${mutant.name}${killedBy ? `: ${killedBy}` : ""}`);
    return killedBy;
  } finally {
    writeFileSync(path, source);
    copyBuild(`${target}.wasm`, folder);
  }
}

function copyBuild(name, folder) {
  copyFileSync(join(ROOT, "build", name), join(folder, "build", name));
}

function mutate(source, { name, file, from, to }) {
  const parts = source.split(from);
  if (parts.length !== 2) {
    throw new Error(`mutants: ${name}: expected its text once in assembly/${file}, got it ${parts.length - 1} times`);
  }
  return parts.join(to);
}

function firstFailure(folder) {
  const report = join(folder, "build", "report.json");
  rmSync(report, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", "run", "--typecheck.enabled=false", "--bail=1"];
  args.push("--reporter=json", `--outputFile=${report}`, ...TESTS);
  return new Promise((resolve, reject) => {
    const child = spawn("node", args, {
      cwd: ROOT,
      env: { ...process.env, SCMI_BUILDS: "debug", SCMI_BUILD_DIR: `${join(folder, "build")}/` },
      stdio: "ignore",
    });
    // A mutant may loop for ever: that is noticed, too
    const timer = setTimeout(() => child.kill("SIGKILL"), 180_000);
    child.on("error", reject);
    child.on("exit", (status, signal) => {
      clearTimeout(timer);
      if (signal !== null) return resolve("(did not come to an end)");
      if (status === 0) return resolve(undefined);
      resolve(nameOfFailure(report) ?? "(a file that fails as a whole)");
    });
  });
}

function nameOfFailure(report) {
  try {
    const { testResults } = JSON.parse(readFileSync(report, "utf8"));
    return testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === "failed")
      ?.fullName;
  } catch {
    return undefined;
  }
}

function asMarkdown() {
  const rows = results.map(
    ({ mutant, killedBy }) =>
      `| ${mutant.name} | \`${mutant.file}\` | ${killedBy ? killedBy.replaceAll("|", "\\|") : "**survived**"} |`,
  );
  return `<!-- Generated by scripts/mutants.mjs --write: do not edit. -->

# Mutants

Bugs that were put into the core one at a time, and the first test that noticed. \`node scripts/mutants.mjs\` tries them
all again; CI tries some each day.

${results.length - survivors.length} of ${results.length} killed.

| mutant | file | first test that fails |
|---|---|---|
${rows.join("\n")}
`;
}
