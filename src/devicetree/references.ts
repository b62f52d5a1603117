import type { DeviceTree, Node } from "./tree.ts";

/** One entry of a property that refers to nodes. */
export interface Reference {
  /** Position in the property, holes included. */
  readonly index: number;
  readonly provider: Node;
  /** The cells behind the phandle. */
  readonly args: readonly number[];
}

/** What a property refers to. Phandles of 0 are holes, and left out.
 *  @param cellsName property of the provider that counts the cells, `#clock-cells`; `undefined` = phandles only
 *  @throws BoardError for a phandle that no node has, a provider that does not count its cells, or cells that are missing */
export function referencesOf(
  tree: DeviceTree,
  node: Node,
  property: string,
  cellsName: string | undefined,
): readonly Reference[] {
  const cells = node.cells(property) ?? [];
  const found: Reference[] = [];
  for (let at = 0, index = 0; at < cells.length; index++) {
    const phandle = cells[at++] as number;
    if (phandle === 0) continue;
    const provider = tree.byPhandle(phandle);
    if (!provider) throw node.wrong(`${property}[${index}]`, "the phandle of a node", `0x${phandle.toString(16)}`);
    const count = cellsName === undefined ? 0 : provider.cell(cellsName);
    if (count === undefined) {
      throw node.wrong(`${property}[${index}]`, `"${cellsName}" at ${provider.path}`, "none");
    }
    if (count > cells.length - at) {
      throw node.wrong(`${property}[${index}]`, `${count} cells for ${provider.path}`, `${cells.length - at}`);
    }
    found.push({ index, provider, args: cells.slice(at, at + count) });
    at += count;
  }
  return found;
}
