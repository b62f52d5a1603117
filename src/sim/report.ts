import type { BoardPowerUnit } from "../board/board.ts";
import { bucketTop, quantileOf } from "./histogram.ts";
import { type FleetPlan, kindsOf } from "./plan.ts";
import type { SocKind } from "./soc-kind.ts";
import { COUNTS, type Count, isComplete, type Tally, type TallyShape, tallyShape } from "./tally.ts";

/** What a fleet did. A function of plan and tally: the same, bit for bit, however many workers there were. */
export interface FleetReport {
  /** Some of the fleet's time is missing: the run was interrupted. */
  readonly isPartial: boolean;
  /** Simulated, over all SoCs. */
  readonly socSeconds: number;
  readonly kinds: readonly KindReport[];
  readonly latency: LatencyReport;
}

/** The SoCs of one kind. */
export interface KindReport {
  readonly board: string;
  readonly socs: number;
  readonly powerUnit: BoardPowerUnit;
  readonly domains: readonly DomainReport[];
  /** Mean power of one SoC over time, in the unit of the board: equal parts of the simulated time; `null` = not simulated. */
  readonly series: readonly (number | null)[];
}

/** One governed domain, over all SoCs of a kind. */
export interface DomainReport extends Readonly<Record<Count, number>> {
  readonly domainId: number;
  readonly name: string;
  /** In the board's unit × seconds: mJ, µJ, or abstract. */
  readonly energy: number;
  /** Mean of one SoC, in the board's unit. */
  readonly power: number;
  /** Share of what was to be done that the level in force could not do, 0 … 1. */
  readonly unservedShare: number;
  readonly levels: readonly LevelReport[];
}

/** One level. */
export interface LevelReport {
  readonly level: number;
  /** Share of the time that it was in force, 0 … 1. */
  readonly residency: number;
  /** Share of that over time: parts as in {@link KindReport.series}. */
  readonly series: readonly (number | null)[];
}

/** From request to level in force, in µs. Quantiles are tops of their bucket, at most 1/16 too high. */
export interface LatencyReport {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Only those that hold something, ascending: largest value in µs, and how many. */
  readonly buckets: readonly (readonly [topUs: number, count: number])[];
}

/** Makes a report of what was counted. */
export function reportOf(plan: FleetPlan, tally: Tally): FleetReport {
  const kinds = kindsOf(plan);
  const shape = tallyShape(kinds, plan.ticks);
  return {
    isPartial: !isComplete(plan, tally),
    socSeconds: (tally.socTicks * plan.tickUs) / 1e6,
    kinds: kinds.map((kind, index) => kindReport(plan, tally, shape, kind, index)),
    latency: latencyReport(tally),
  };
}

function kindReport(plan: FleetPlan, tally: Tally, shape: TallyShape, kind: SocKind, index: number): KindReport {
  const first = shape.firstDomain[index] ?? 0;
  const spans = kind.domains.map((it, i) => new Span(tally, shape, first + i, it.powers, plan.idlePercent));
  const series = Array.from({ length: shape.points }, (_, point) => {
    const powers = spans.map((it) => it.power(point, point + 1));
    return powers.every(Number.isFinite) ? powers.reduce((sum, power) => sum + power, 0) : null;
  });
  return {
    board: kind.board,
    socs: tally.socs[index] ?? 0,
    powerUnit: kind.powerUnit,
    series,
    domains: kind.domains.map((domain, i) => {
      const span = spans[i] ?? new Span(tally, shape, first + i, domain.powers, plan.idlePercent);
      const demand = tally.demand[first + i] ?? 0n;
      const unserved = tally.unserved[first + i] ?? 0n;
      const power = span.power(0, shape.points);
      const counts = COUNTS.map((name, at) => [name, tally.counts[(first + i) * COUNTS.length + at] ?? 0]);
      return {
        domainId: domain.domainId,
        name: domain.name,
        energy: span.energy(0, shape.points),
        power: Number.isFinite(power) ? power : 0,
        ...(Object.fromEntries(counts) as Record<Count, number>),
        unservedShare: demand === 0n ? 0 : Number(unserved) / Number(demand),
        levels: domain.levels.map((level, position) => ({
          level,
          residency: span.residency(position, 0, shape.points) ?? 0,
          series: Array.from({ length: shape.points }, (_, point) => span.residency(position, point, point + 1)),
        })),
      };
    }),
  };
}

/** Sums over points of the series of one domain. */
class Span {
  readonly #tally: Tally;
  readonly #stride: number;
  readonly #first: number;
  readonly #powers: readonly number[];
  readonly #idlePercent: number;

  constructor(tally: Tally, shape: TallyShape, domain: number, powers: readonly number[], idlePercent: number) {
    this.#tally = tally;
    this.#stride = shape.levels;
    this.#first = shape.firstLevel[domain] ?? 0;
    this.#powers = powers;
    this.#idlePercent = idlePercent;
  }

  /** In unit × seconds. Summed up exactly, rounded once. */
  energy(from: number, to: number): number {
    let sum = 0n;
    for (const [level, power] of this.#powers.entries()) {
      const charged = this.#sum("chargedUs", level, from, to);
      const busy = this.#sum("busyUs", level, from, to);
      sum += BigInt(power) * (BigInt(busy) * 100n + BigInt(charged - busy) * BigInt(this.#idlePercent));
    }
    return Number(sum) / 1e8;
  }

  /** Mean of one SoC; NaN when nothing was simulated there. */
  power(from: number, to: number): number {
    return (this.energy(from, to) * 1e6) / this.#time(from, to);
  }

  residency(level: number, from: number, to: number): number | null {
    const time = this.#time(from, to);
    return time === 0 ? null : this.#sum("residencyUs", level, from, to) / time;
  }

  #time(from: number, to: number): number {
    return this.#powers.reduce((sum, _, level) => sum + this.#sum("residencyUs", level, from, to), 0);
  }

  #sum(name: "residencyUs" | "chargedUs" | "busyUs", level: number, from: number, to: number): number {
    const values = this.#tally[name];
    let sum = 0;
    for (let point = from; point < to; point++) sum += values[point * this.#stride + this.#first + level] ?? 0;
    return sum;
  }
}

function latencyReport({ latency, latencySumUs, longestLatencyUs }: Tally): LatencyReport {
  const count = latency.reduce((sum, it) => sum + it, 0);
  const buckets = [...latency].flatMap((it, bucket) => (it > 0 ? [[bucketTop(bucket), it] as const] : []));
  const quantile = (share: number) => Math.min(longestLatencyUs, quantileOf(latency, share));
  return {
    count,
    meanUs: count === 0 ? 0 : latencySumUs / count,
    p50Us: quantile(0.5),
    p90Us: quantile(0.9),
    p99Us: quantile(0.99),
    maxUs: longestLatencyUs,
    buckets,
  };
}
