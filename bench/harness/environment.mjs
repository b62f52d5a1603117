import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { join } from "node:path";
import { IS_CHECKOUT, ROOT } from "./place.mjs";

/** What numbers depend on. */
const MEASURED = ["assembly", "bench", "src", "scripts"];

/** What a number depends on. An installed package has a version only, and no commit. */
export function describeEnvironment({ compiler }, timerStep) {
  return {
    date: new Date().toISOString(),
    version: JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version,
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    compiler: compiler && `${compiler}, -O2`,
    commit: commit(),
    timerStepNs: timerStep,
  };
}

function commit() {
  if (!IS_CHECKOUT) return undefined; // git would tell of the repository around the package
  try {
    const git = (...args) =>
      execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const isDirty = git("status", "--porcelain", "--", ...MEASURED) !== "";
    return git("rev-parse", "--short=12", "HEAD") + (isDirty ? " and changes" : "");
  } catch {
    return undefined;
  }
}
