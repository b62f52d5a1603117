import type { DeviceTree, Node } from "../../devicetree/index.ts";

/** One entry of an OPP table. */
export interface OperatingPoint {
  readonly hz: number;
  /** Undefined where the table says none. */
  readonly uv: number | undefined;
}

/** The OPP table of a device, `operating-points-v2`, from the slowest point up; empty where it has none. */
export function operatingPointsOf(tree: DeviceTree, device: Node): readonly OperatingPoint[] {
  const phandle = device.cells("operating-points-v2")?.[0];
  const table = phandle === undefined ? undefined : tree.byPhandle(phandle);
  const points = (table?.children ?? []).map(pointOf).filter((point) => point !== undefined);
  return points.sort((a, b) => a.hz - b.hz);
}

function pointOf(node: Node): OperatingPoint | undefined {
  const [high = 0, low = 0] = node.cells("opp-hz") ?? [];
  const hz = high * 2 ** 32 + low;
  return hz > 0 && Number.isSafeInteger(hz) ? { hz, uv: node.cells("opp-microvolt")?.[0] } : undefined;
}
