/** The entry point `scmi-wasm/sim`: fleets of simulated SoCs under a governor, and what they cost. docs/simulation.md.
 *  @module */

export { Batch, type BatchHost, type BatchStop } from "../core/batch.ts";
export { BatchWriter } from "../core/batch-writer.ts";
export { Fleet, type FleetPart } from "./fleet.ts";
export { GOVERNOR_NAMES, type Governor, type GovernorName } from "./governor.ts";
export { type Load, type LoadKind, parseLoad } from "./load.ts";
export { type FleetOptions, type FleetPlan, planFleet } from "./plan.ts";
export {
  type DomainReport,
  type FleetReport,
  type KindReport,
  type LatencyReport,
  type LevelReport,
  reportOf,
} from "./report.ts";
export type { GovernedDomain } from "./soc-kind.ts";
export { type Count, mergeTallies, type Tally } from "./tally.ts";
export { parseTrace, type TraceSample, type UtilisationTrace } from "./trace.ts";
