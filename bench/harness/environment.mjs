import { execFileSync } from "node:child_process";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";

/** What is measured stands here, wherever the command was called. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What numbers depend on. */
const MEASURED = ["assembly", "bench", "src", "scripts"];

/** What a number depends on. The commit is left out where there is no repository. */
export function describeEnvironment({ compiler }, timerStep) {
  return {
    date: new Date().toISOString(),
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
  try {
    const git = (...args) =>
      execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const isDirty = git("status", "--porcelain", "--", ...MEASURED) !== "";
    return git("rev-parse", "--short=12", "HEAD") + (isDirty ? " and changes" : "");
  } catch {
    return undefined;
  }
}
