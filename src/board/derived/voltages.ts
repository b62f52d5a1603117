import type { Node, ScmiProtocolNode } from "../../devicetree/index.ts";
import type { VoltageDomainSource } from "../source.ts";
import type { Origins } from "./origin.ts";
import { MOST_RESOURCES, type NameMaker, type Wanted } from "./resource.ts";

const STEP_UV = 12_500;
const USUAL_UV = 1_800_000;
const UV_PER_DECIVOLT = 100_000;

/** The regulators below a voltage protocol node, and those that consumers refer to, by `reg`. Levels are what the node allows; else what
 *  its name tells (`v3v3_sw`, `reg11`), which is marked as invented. */
export function voltagesOf(
  protocol: ScmiProtocolNode,
  wanted: readonly Wanted[],
  names: NameMaker,
  origins: Origins,
): readonly VoltageDomainSource[] {
  const regulators = regulatorsOf(protocol);
  const count = Math.max(wanted.length - 1, ...regulators.keys(), -1) + 1;
  return Array.from({ length: count }, (_, id) => {
    const node = regulators.get(id);
    const path = `voltage.domains[${id}].levelsUv`;
    if (!node) return { name: names.make(`unused-${id}`), levelsUv: origins.invent(path, [USUAL_UV]) };
    const name = node.string("regulator-name") ?? node.name;
    return { name: names.make(name), ...levelsOf(node, name, path, origins) };
  });
}

/** The regulators below a voltage protocol node, by `reg`: what is between them is a gap. */
export function regulatorsOf(protocol: ScmiProtocolNode): ReadonlyMap<number, Node> {
  const regulators = new Map<number, Node>();
  for (const node of protocol.node.child("regulators")?.children ?? []) {
    const id = node.cells("reg")?.[0];
    if (id === undefined || !node.isAvailable) continue;
    if (id >= MOST_RESOURCES) throw node.wrong("reg", `a domain from 0 to ${MOST_RESOURCES - 1}`, `${id}`);
    regulators.set(id, node);
  }
  return regulators;
}

function levelsOf(
  node: Node,
  name: string,
  path: string,
  origins: Origins,
): Pick<VoltageDomainSource, "levelsUv" | "levelUv"> {
  const lowest = node.cell("regulator-min-microvolt");
  const highest = node.cell("regulator-max-microvolt");
  if (lowest === undefined || highest === undefined) {
    return { levelsUv: origins.invent(path, [lowest ?? highest ?? voltsInName(name)]) };
  }
  if (lowest >= highest) return { levelsUv: [lowest] };
  const steps = Math.floor((highest - lowest) / STEP_UV);
  if (steps * STEP_UV !== highest - lowest) return { levelsUv: [lowest, highest], levelUv: highest };
  return { levelsUv: { lowest, highest, step: STEP_UV }, levelUv: highest };
}

/** `3v3`, `v1v8`, `reg11`, `usb33` */
function voltsInName(name: string): number {
  const point = /(\d)v(\d)/i.exec(name);
  const tail = /[a-z_](\d)(\d)$/i.exec(name);
  const [, volts, tenths] = point ?? tail ?? [];
  if (volts === undefined || tenths === undefined) return USUAL_UV;
  const level = (10 * Number(volts) + Number(tenths)) * UV_PER_DECIVOLT;
  return level > 0 ? level : USUAL_UV;
}
