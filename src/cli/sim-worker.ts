import { Fleet } from "../sim/index.ts";
import { DONE, type SimJob, type SimJobResult, STOP } from "./sim-job.ts";

/** SoCs × ticks between two looks at the control words: some ten milliseconds. */
const SLICE = 100_000;

/** Simulates a part of a fleet; runs in a worker of the pool. */
export function simulate({ plan, from, to, control }: SimJob): SimJobResult {
  const words = new BigInt64Array(control);
  if (Atomics.load(words, STOP) !== 0n) return undefined;
  const fleet = Fleet.open(plan, { from, to });
  try {
    const ticks = Math.max(1, Math.floor(SLICE / (to - from)));
    for (let isRunning = true; isRunning && Atomics.load(words, STOP) === 0n; ) {
      const before = fleet.tick;
      isRunning = fleet.advance(ticks);
      Atomics.add(words, DONE, BigInt((fleet.tick - before) * (to - from)));
    }
    return fleet.tally();
  } finally {
    fleet.dispose();
  }
}
