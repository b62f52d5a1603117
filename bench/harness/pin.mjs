import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { cpus } from "node:os";

/** True where threads can be told where to run: Linux with taskset, and two cores to choose from. */
export function canPin() {
  return (
    process.platform === "linux" &&
    cpus().length > 1 &&
    spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0
  );
}

/** The threads of this process. */
export function threads() {
  return new Set(readdirSync("/proc/self/task"));
}

/** Keeps the threads that are not in `before` on one core. A wake-up likes to pull the sleeper to the waker's core; two threads that
 *  share one must sleep at every turn, and what is measured then is the scheduler. */
export function pinNewThreads(before, core) {
  for (const id of threads()) {
    if (!before.has(id)) spawnSync("taskset", ["-cp", `${core}`, id], { stdio: "ignore" });
  }
}
