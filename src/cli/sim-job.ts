import type { FleetPlan, Tally } from "../sim/index.ts";

/** What a worker is asked to do: SoCs `from` to `to` of a plan. */
export interface SimJob {
  readonly plan: FleetPlan;
  readonly from: number;
  readonly to: number;
  /** Shared: {@link STOP} above 0 = come back with what there is, {@link DONE} = SoCs × ticks so far, all workers together. */
  readonly control: SharedArrayBuffer;
}

/** What comes back; `undefined` when the job was stopped before it began. */
export type SimJobResult = Tally | undefined;

/** Places in the control words, which are i64 as a fleet's ticks need more than 32 bits. */
export const STOP = 0;
export const DONE = 1;
export const CONTROL_WORDS = 2;
