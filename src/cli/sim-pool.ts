import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import { realClock } from "../index.ts";
import { type FleetPlan, mergeTallies, type Tally } from "../sim/index.ts";
import { CONTROL_WORDS, DONE, type SimJob, type SimJobResult, STOP } from "./sim-job.ts";

const PROGRESS_MS = 100;

/** Parts a worker, so that none waits long for the last one; and the most SoCs of a part, which is then at home in a cache: parts of
 *  10,000 take half as long again for each SoC (bench/scale.mjs). */
const PARTS_PER_WORKER = 4;
const LARGEST_PART = 2000;

export interface PoolOptions {
  readonly workers: number;
  /** Stops the run: the result is what was counted so far. */
  readonly signal: AbortSignal;
  /** Told the share that is done, 0 … 1, now and then. */
  readonly onProgress?: (share: number) => void;
}

/** Simulates a plan in workers, and adds up what they counted. The sum does not depend on who did what. */
export async function runInPool(plan: FleetPlan, { workers, signal, onProgress }: PoolOptions): Promise<Tally> {
  const control = new SharedArrayBuffer(CONTROL_WORDS * BigInt64Array.BYTES_PER_ELEMENT);
  const words = new BigInt64Array(control);
  const stop = () => void Atomics.store(words, STOP, 1n);
  const all = plan.socs * plan.ticks;
  let cancel = () => {};
  const tell = () => {
    onProgress?.(Number(Atomics.load(words, DONE)) / all);
    cancel = realClock.after(PROGRESS_MS, tell);
  };
  const pool = new Tinypool({
    filename: fileURLToPath(new URL("./sim-worker.js", import.meta.url)),
    name: "simulate",
    minThreads: workers,
    maxThreads: workers,
  });
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  if (onProgress) tell();
  try {
    const jobs = partsOf(plan, workers).map(([from, to]): SimJob => ({ plan, from, to, control }));
    const results = await Promise.all(jobs.map((job): Promise<SimJobResult> => pool.run(job)));
    return mergeTallies(
      plan,
      results.filter((it) => it !== undefined),
    );
  } catch (error) {
    stop(); // or the others would go on for nothing
    throw error;
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
    await pool.destroy();
  }
}

function partsOf({ socs }: FleetPlan, workers: number): [from: number, to: number][] {
  const size = Math.min(LARGEST_PART, Math.ceil(socs / (workers * PARTS_PER_WORKER)));
  return Array.from({ length: Math.ceil(socs / size) }, (_, i) => [i * size, Math.min(socs, (i + 1) * size)]);
}
