import { type Reference, referencesOf } from "./references.ts";
import type { DeviceTree, Node } from "./tree.ts";

/** An interrupt that a device raises. */
export interface Interrupt {
  /** From `interrupt-names`. */
  readonly name: string | undefined;
  readonly controller: Node;
  /** As its controller has them. */
  readonly cells: readonly number[];
}

/** The interrupts of a node: `interrupts-extended`, else `interrupts` at the next `interrupt-parent` above. Nexus nodes
 *  (`interrupt-map`) are not followed.
 *  @throws BoardError when cells or their controller are missing */
export function interruptsOf(tree: DeviceTree, node: Node): readonly Interrupt[] {
  const names = node.strings("interrupt-names") ?? [];
  return listed(tree, node).map(({ provider, args }, i) => ({ name: names[i], controller: provider, cells: args }));
}

function listed(tree: DeviceTree, node: Node): readonly Pick<Reference, "provider" | "args">[] {
  if (node.has("interrupts-extended")) return referencesOf(tree, node, "interrupts-extended", "#interrupt-cells");
  const cells = node.cells("interrupts");
  if (!cells) return [];
  const provider = parentOf(tree, node);
  const count = provider.cell("#interrupt-cells");
  if (!count) throw node.wrong("interrupts", `"#interrupt-cells" at ${provider.path}`, `${count ?? "none"}`);
  if (cells.length % count !== 0) throw node.wrong("interrupts", `a multiple of ${count} cells`, `${cells.length}`);
  return Array.from({ length: cells.length / count }, (_, i) => ({
    provider,
    args: cells.slice(i * count, (i + 1) * count),
  }));
}

function parentOf(tree: DeviceTree, from: Node): Node {
  for (let node: Node | undefined = from; node; node = node.parent) {
    const phandle = node.cell("interrupt-parent");
    if (phandle === undefined) continue;
    const parent = tree.byPhandle(phandle);
    if (parent) return parent;
    throw node.wrong("interrupt-parent", "the phandle of a node", `0x${phandle.toString(16)}`);
  }
  throw from.wrong("interrupts", '"interrupt-parent" here or above', "none");
}
