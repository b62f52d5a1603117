import type { Node, ScmiProtocolNode } from "../../devicetree/index.ts";
import type { PinctrlSource } from "../source-pinctrl.ts";
import type { Origins } from "./origin.ts";
import { NameMaker } from "./resource.ts";

/** NXP's form: mux register, config register, input register, mux value, input value, pad setting. */
const NXP_CELLS = 6;

/** The pins, groups and functions that the nodes below a pin control protocol node name. Where they name none (NXP gives registers),
 *  each node is a group of a pin for each of its entries. */
export function pinsOf(protocol: ScmiProtocolNode, origins: Origins): PinctrlSource {
  const groups = new Map<string, string[]>();
  const functions = new Map<string, Set<string>>();
  const pins = new Set<string>();
  for (const node of protocol.node.walk()) {
    if (node === protocol.node || !node.isEnabled) continue;
    const named = node.strings("groups") ?? [];
    const single = node.strings("pins") ?? [];
    for (const pin of single) pins.add(pin);
    for (const group of named) groups.set(group, groups.get(group) ?? [`${group}-0`]);
    for (const name of node.strings("function") ?? []) {
      const members = functions.get(name) ?? new Set();
      for (const group of named) members.add(group);
      functions.set(name, members);
    }
    const registers = nxpPins(node);
    if (registers.length > 0) groups.set(node.name, [...registers]);
  }
  for (const members of groups.values()) for (const pin of members) pins.add(pin);
  const names = new NameMaker();
  const calls = new Map([...pins].map((pin) => [pin, names.make(pin)]));
  if (calls.size === 0) calls.set("pin-0", origins.invent("pinctrl.pins", names.make("pin-0")));
  if (groups.size > 0) origins.invent("pinctrl.groups.pins", undefined);
  return {
    pins: [...calls.values()].map((name) => ({ name })),
    ...(groups.size > 0
      ? { groups: [...groups].map(([name, members]) => ({ name, pins: members.map((pin) => calls.get(pin) ?? pin) })) }
      : {}),
    ...(functions.size > 0
      ? {
          functions: [...functions]
            .map(([name, members]) => ({ name, groups: [...members] }))
            .filter(({ groups: its }) => its.length > 0),
        }
      : {}),
  };
}

function nxpPins(node: Node): readonly string[] {
  const cells = node.cells("fsl,pins") ?? [];
  const pins = Array.from({ length: Math.floor(cells.length / NXP_CELLS) }, (_, i) => {
    const register = cells[i * NXP_CELLS + 1] as number;
    return `pad-${register.toString(16)}`;
  });
  return [...new Set(pins)];
}
