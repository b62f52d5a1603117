import { HISTOGRAM_BUCKETS } from "./histogram.ts";
import { type FleetPlan, kindsOf, SERIES_POINTS } from "./plan.ts";
import type { SocKind } from "./soc-kind.ts";

/** What is counted per governed domain of a kind. */
export const COUNTS = [
  /** `PERFORMANCE_LEVEL_SET` commands, whatever became of them. */
  "messages",
  /** Answered with a status that is not SUCCESS. */
  "refused",
  /** Not answered at all. */
  "faults",
  /** A level came into force that was another one. */
  "switches",
  /** Switches that took longer than a tick. */
  "late",
  /** Replaced by a newer request before they began, or nothing was left to do. */
  "superseded",
  /** Accepted and not in force at the end. */
  "unfinished",
] as const;

/** What is counted of a fleet, by name. */
export type Count = (typeof COUNTS)[number];

/** Where the numbers of each domain stand. */
export interface TallyShape {
  /** Points of the series; every tick belongs to one. */
  readonly points: number;
  /** Levels of all governed domains of all kinds. */
  readonly levels: number;
  /** Governed domains of all kinds. */
  readonly domains: number;
  /** First level of each domain. */
  readonly firstLevel: readonly number[];
  /** First domain of each kind. */
  readonly firstDomain: readonly number[];
}

/** Everything that a run counts: integers below 2^53 and bigints, so that their sums do not depend on the order. Plain data. Times in µs;
 *  `[point * levels + level]`. */
export interface Tally {
  /** Time at the level in force. */
  readonly residencyUs: Float64Array;
  /** Time at the level whose power is drawn. */
  readonly chargedUs: Float64Array;
  /** That part of it with work to do. */
  readonly busyUs: Float64Array;
  /** `[domain * COUNTS.length + count]`. */
  readonly counts: Float64Array;
  /** Utilisation × µs that was asked for, by domain. */
  readonly demand: bigint[];
  /** That part of it that the level in force could not do. */
  readonly unserved: bigint[];
  /** Time from request to level in force, in µs, by bucket of the histogram. */
  readonly latency: Float64Array;
  longestLatencyUs: number;
  latencySumUs: number;
  /** SoCs of each kind that were simulated, at least in part. */
  readonly socs: number[];
  /** Ticks × SoCs. */
  socTicks: number;
}

/** Where the numbers of the domains of some kinds stand. */
export function tallyShape(kinds: readonly SocKind[], ticks: number): TallyShape {
  const firstLevel: number[] = [];
  const firstDomain: number[] = [];
  let levels = 0;
  for (const { domains } of kinds) {
    firstDomain.push(firstLevel.length);
    for (const domain of domains) {
      firstLevel.push(levels);
      levels += domain.levels.length;
    }
  }
  return { points: Math.min(SERIES_POINTS, ticks), levels, domains: firstLevel.length, firstLevel, firstDomain };
}

/** The point of the series that a tick belongs to. */
export function pointOf(tick: number, ticks: number, points: number): number {
  return Math.floor((tick * points) / ticks);
}

/** All zero. */
export function emptyTally({ points, levels, domains, firstDomain }: TallyShape): Tally {
  return {
    residencyUs: new Float64Array(points * levels),
    chargedUs: new Float64Array(points * levels),
    busyUs: new Float64Array(points * levels),
    counts: new Float64Array(domains * COUNTS.length),
    demand: Array.from({ length: domains }, () => 0n),
    unserved: Array.from({ length: domains }, () => 0n),
    latency: new Float64Array(HISTOGRAM_BUCKETS),
    longestLatencyUs: 0,
    latencySumUs: 0,
    socs: firstDomain.map(() => 0),
    socTicks: 0,
  };
}

/** The sum of what parts of a fleet have counted, in whatever order. */
export function mergeTallies(plan: FleetPlan, parts: readonly Tally[]): Tally {
  const sum = emptyTally(tallyShape(kindsOf(plan), plan.ticks));
  for (const part of parts) {
    for (const name of ["residencyUs", "chargedUs", "busyUs", "counts", "latency"] as const) add(sum[name], part[name]);
    part.demand.forEach((value, i) => {
      sum.demand[i] = (sum.demand[i] ?? 0n) + value;
    });
    part.unserved.forEach((value, i) => {
      sum.unserved[i] = (sum.unserved[i] ?? 0n) + value;
    });
    part.socs.forEach((value, i) => {
      sum.socs[i] = (sum.socs[i] ?? 0) + value;
    });
    sum.longestLatencyUs = Math.max(sum.longestLatencyUs, part.longestLatencyUs);
    sum.latencySumUs += part.latencySumUs;
    sum.socTicks += part.socTicks;
  }
  return sum;
}

/** Whether a tally covers all of a plan. */
export function isComplete(plan: FleetPlan, { socTicks }: Tally): boolean {
  return socTicks === plan.socs * plan.ticks;
}

function add(sum: Float64Array, part: Float64Array): void {
  for (const [i, value] of part.entries()) sum[i] = (sum[i] ?? 0) + value;
}
