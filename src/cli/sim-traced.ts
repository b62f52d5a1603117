import { realClock } from "../index.ts";
import { Fleet, type FleetPlan, type Tally } from "../sim/index.ts";
import { TRACE_CAPACITY, type TraceFile } from "./trace-file.ts";

/** Ticks between two looks at what else goes on. */
const SLICE = 64;

export interface TracedOptions {
  readonly file: TraceFile;
  /** Stops the run: the result is what was counted so far. */
  readonly signal: AbortSignal;
  /** Told the share that is done, 0 … 1, now and then. */
  readonly onProgress?: (share: number) => void;
}

/** Simulates a plan in this thread and writes every message: the same result as in workers, and slower. */
export async function runTraced(plan: FleetPlan, { file, signal, onProgress }: TracedOptions): Promise<Tally> {
  const fleet = Fleet.open(plan, { capacity: TRACE_CAPACITY });
  file.attach(fleet.core);
  try {
    while (!signal.aborted && fleet.advance(1)) {
      file.drain();
      if (fleet.tick % SLICE !== 0) continue;
      onProgress?.(fleet.tick / plan.ticks);
      await new Promise<void>((resume) => realClock.after(0, resume)); // lets a signal in
    }
    return fleet.tally();
  } finally {
    file.close();
    fleet.dispose();
  }
}
