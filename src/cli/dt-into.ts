import { DeviceTree, Node } from "../devicetree/index.ts";
import { BoardError } from "../index.ts";

/** Nodes that a machine's own tree may have, too; of all others there is one. */
const SHARED = new Set(["/", "/firmware", "/thermal-zones", "/__symbols__"]);

/** The largest phandle of a tree; 0 when it has none. */
export function lastPhandle(tree: DeviceTree): number {
  const phandles = [...tree.root.walk()].map((it) => it.cells("phandle")?.[0] ?? it.cells("linux,phandle")?.[0] ?? 0);
  return phandles.reduce((last, it) => Math.max(last, it), 0);
}

/** A machine's own tree with the nodes of another one added; phandles of both must differ.
 *  @throws BoardError when it has one of these nodes already, or counts addresses in other cells */
export function mergeTrees(machine: DeviceTree, added: DeviceTree): DeviceTree {
  for (const name of ["#address-cells", "#size-cells"]) {
    const [expected, got] = [added, machine].map(({ root }) => root.cells(name)?.[0] ?? "none");
    const isAddressed = added.root.children.some((it) => it.has("reg"));
    if (isAddressed && got !== expected) {
      throw new BoardError({ file: machine.file, path: "/", expected: `${name} of ${expected}`, got: `${got}` });
    }
  }
  const { file, reservations, bootCpu } = machine;
  return new DeviceTree({ file, reservations, bootCpu, root: merged(machine.root, added.root, undefined, file) });
}

function merged(mine: Node, added: Node | undefined, parent: Node | undefined, file: string): Node {
  if (added && !SHARED.has(mine.path)) {
    const { path } = mine;
    throw new BoardError({ file, path, expected: "a tree without this node", got: "one that has it" });
  }
  const children: Node[] = [];
  // The machine keeps its own model and its own labels
  const properties = new Map([...(parent ? (added?.properties ?? []) : []), ...mine.properties]);
  const node = new Node({ name: mine.name, parent, properties, children, file });
  const named = (list: readonly Node[], name: string) => list.find((it) => it.name === name);
  for (const child of mine.children) children.push(merged(child, named(added?.children ?? [], child.name), node, file));
  for (const child of added?.children ?? []) {
    if (!named(mine.children, child.name)) children.push(merged(child, undefined, node, file));
  }
  return node;
}
