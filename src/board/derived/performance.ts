import type { DeviceTree, ScmiConsumer } from "../../devicetree/index.ts";
import type { DomainSource } from "../source.ts";
import { operatingPointsOf } from "./operating-points.ts";
import type { Origins } from "./origin.ts";
import type { NameMaker, Wanted } from "./resource.ts";

const HZ_PER_MHZ = 1_000_000;
const FULL_CAPACITY = 1024;
/** Of a processor with full capacity, where the tree has no OPP table. */
const USUAL_MHZ = [600, 1200, 1800, 2400] as const;
const USUAL_UV = [700_000, 800_000, 900_000, 1_000_000] as const;
/** In µW per MHz and V², of a processor with full capacity. */
const USUAL_COEFFICIENT = 400;
const USUAL_LATENCY_US = 30;

interface LevelPoint {
  readonly mhz: number;
  readonly uv: number | undefined;
}

/** The performance domains that a tree refers to. Levels are megahertz: those of the OPP table of a consumer; the power of a level is that
 *  of `dynamic-power-coefficient` at its voltage. */
export function performanceDomainsOf(
  tree: DeviceTree,
  wanted: readonly Wanted[],
  names: NameMaker,
  origins: Origins,
  agent: string,
): readonly DomainSource[] {
  return wanted.map(({ id, consumers }) => {
    const path = `performance.domains[${id}]`;
    const points = pointsOf(tree, consumers) ?? origins.invent(`${path}.levels`, usualPoints(consumers));
    const coefficient =
      cellOf(consumers, "dynamic-power-coefficient") ??
      origins.invent(`${path}.levels.power`, Math.round((USUAL_COEFFICIENT * capacityOf(consumers)) / FULL_CAPACITY));
    if (points.some(({ uv }) => uv === undefined)) origins.invent(`${path}.levels.power`, undefined);
    return {
      name: names.make(nameOf(consumers, id)),
      levels: points.map(({ mhz, uv }, i) => ({
        level: mhz,
        frequencyKhz: mhz * 1000,
        power: powerMw(coefficient, mhz, uv ?? USUAL_UV[Math.min(i, USUAL_UV.length - 1)] ?? 0) * processors(consumers),
        latencyUs: USUAL_LATENCY_US,
      })),
      setLevel: agent,
      setLimits: [agent],
      notifyLevel: true,
      notifyLimits: true,
    };
  });
}

function nameOf(consumers: readonly ScmiConsumer[], id: number): string {
  const [first] = consumers;
  if (!first) return `unused-${id}`;
  const kind = first.device.string("compatible")?.split(",").at(-1);
  return first.device.baseName === "cpu" && kind ? `${kind}-cluster` : first.device.baseName;
}

function pointsOf(tree: DeviceTree, consumers: readonly ScmiConsumer[]): readonly LevelPoint[] | undefined {
  for (const { device } of consumers) {
    const points = operatingPointsOf(tree, device).map(({ hz, uv }) => ({ mhz: Math.round(hz / HZ_PER_MHZ), uv }));
    const byLevel = new Map(points.filter(({ mhz }) => mhz > 0).map((point) => [point.mhz, point]));
    if (byLevel.size > 0) return [...byLevel.values()];
  }
  return undefined;
}

function usualPoints(consumers: readonly ScmiConsumer[]): readonly LevelPoint[] {
  const share = capacityOf(consumers) / FULL_CAPACITY;
  const points = USUAL_MHZ.map((mhz, i) => ({
    mhz: Math.max(i + 1, Math.round(mhz * Math.sqrt(share))),
    uv: USUAL_UV[i],
  }));
  return [...new Map(points.map((point) => [point.mhz, point])).values()];
}

function capacityOf(consumers: readonly ScmiConsumer[]): number {
  return cellOf(consumers, "capacity-dmips-mhz") ?? FULL_CAPACITY;
}

/** Processors among the consumers; 1 for other devices. */
function processors(consumers: readonly ScmiConsumer[]): number {
  return Math.max(1, new Set(consumers.map(({ device }) => device).filter(({ baseName }) => baseName === "cpu")).size);
}

function cellOf(consumers: readonly ScmiConsumer[], property: string): number | undefined {
  return consumers.map(({ device }) => device.cells(property)?.[0]).find((it) => it !== undefined);
}

/** Coefficient in µW / MHz / V². */
function powerMw(coefficient: number, mhz: number, uv: number): number {
  return Math.max(1, Math.round((coefficient * mhz * (uv / 1e6) ** 2) / 1000));
}
