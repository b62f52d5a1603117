import type { Node } from "./tree.ts";

const DEFAULT_ADDRESS_CELLS = 2;
const DEFAULT_SIZE_CELLS = 1;

/** A piece of address space. */
export interface Region {
  readonly address: bigint;
  /** In bytes. */
  readonly size: bigint;
}

/** `reg` of a node, as it stands there: addresses of its bus.
 *  @throws BoardError when it is no whole number of entries */
export function regOf(node: Node): readonly Region[] {
  const cells = node.cells("reg");
  if (!cells) return [];
  const { addressCells, sizeCells } = cellsOf(node.parent);
  const stride = addressCells + sizeCells;
  if (stride === 0 || cells.length % stride !== 0) {
    throw node.wrong("reg", `a multiple of ${stride} cells`, `${cells.length}`);
  }
  return chunks(cells, stride).map((entry) => ({
    address: joined(entry.slice(0, addressCells)),
    size: joined(entry.slice(addressCells)),
  }));
}

/** `reg` of a node as the processor sees it: translated by the `ranges` of every bus above.
 *  @throws BoardError when a bus does not pass an address on, or an entry has the wrong length */
export function regionsOf(node: Node): readonly Region[] {
  return regOf(node).map(({ address, size }) => ({ address: translated(node, address, size), size }));
}

function translated(node: Node, address: bigint, size: bigint): bigint {
  let result = address;
  for (let bus = node.parent; bus?.parent; bus = bus.parent) result = throughBus(bus, node, result, size);
  return result;
}

function throughBus(bus: Node, node: Node, address: bigint, size: bigint): bigint {
  const ranges = bus.cells("ranges");
  if (!ranges) throw node.wrong("reg", `"ranges" at ${bus.path}, which passes addresses on`, "none");
  if (ranges.length === 0) return address; // one to one
  const { addressCells, sizeCells } = cellsOf(bus);
  const outer = cellsOf(bus.parent).addressCells;
  const stride = addressCells + outer + sizeCells;
  if (ranges.length % stride !== 0) throw bus.wrong("ranges", `a multiple of ${stride} cells`, `${ranges.length}`);
  for (const entry of chunks(ranges, stride)) {
    const from = joined(entry.slice(0, addressCells));
    const to = joined(entry.slice(addressCells, addressCells + outer));
    const length = joined(entry.slice(addressCells + outer));
    if (address >= from && address + size <= from + length) return to + (address - from);
  }
  throw node.wrong("reg", `an address inside "ranges" of ${bus.path}`, `0x${address.toString(16)}`);
}

function cellsOf(node: Node | undefined): { readonly addressCells: number; readonly sizeCells: number } {
  return {
    addressCells: node?.cell("#address-cells") ?? DEFAULT_ADDRESS_CELLS,
    sizeCells: node?.cell("#size-cells") ?? DEFAULT_SIZE_CELLS,
  };
}

function joined(cells: readonly number[]): bigint {
  return cells.reduce((value, cell) => (value << 32n) | BigInt(cell), 0n);
}

function chunks(cells: readonly number[], length: number): readonly (readonly number[])[] {
  return Array.from({ length: cells.length / length }, (_, i) => cells.slice(i * length, (i + 1) * length));
}
