import { FDT, FDT_LAST_COMPATIBLE, FDT_MAGIC, FDT_VERSION, RESERVATION_BYTES, TOKEN } from "./fdt.ts";
import type { DeviceTree, Node } from "./tree.ts";

/** Writes a flattened device tree (`.dtb`), version 17; {@link readDeviceTree} reads the same tree back. */
export function writeDeviceTree(tree: DeviceTree): Uint8Array<ArrayBuffer> {
  const strings = new Strings();
  const structure = new Writer();
  writeNode(structure, strings, tree.root);
  structure.word(TOKEN.END);
  const names = strings.bytes();
  const reservationsAt = FDT.HEADER_BYTES;
  const structureAt = reservationsAt + (tree.reservations.length + 1) * RESERVATION_BYTES;
  const stringsAt = structureAt + structure.byteLength;
  const bytes = new Uint8Array(stringsAt + names.byteLength);
  const view = new DataView(bytes.buffer);
  const header: readonly (readonly [number, number])[] = [
    [FDT.MAGIC, FDT_MAGIC],
    [FDT.TOTAL_BYTES, bytes.byteLength],
    [FDT.STRUCTURE, structureAt],
    [FDT.STRINGS, stringsAt],
    [FDT.RESERVATIONS, reservationsAt],
    [FDT.VERSION, FDT_VERSION],
    [FDT.LAST_COMPATIBLE, FDT_LAST_COMPATIBLE],
    [FDT.BOOT_CPU, tree.bootCpu],
    [FDT.STRINGS_BYTES, names.byteLength],
    [FDT.STRUCTURE_BYTES, structure.byteLength],
  ];
  for (const [at, value] of header) view.setUint32(at, value);
  tree.reservations.forEach(({ address, size }, i) => {
    view.setBigUint64(reservationsAt + i * RESERVATION_BYTES, address);
    view.setBigUint64(reservationsAt + i * RESERVATION_BYTES + 8, size);
  });
  bytes.set(structure.bytes(), structureAt);
  bytes.set(names, stringsAt);
  return bytes;
}

function writeNode(out: Writer, strings: Strings, node: Node): void {
  out.word(TOKEN.BEGIN_NODE);
  out.padded(Uint8Array.from(`${node.name}\0`, (it) => it.charCodeAt(0)));
  for (const [name, value] of node.properties) {
    out.word(TOKEN.PROPERTY);
    out.word(value.byteLength);
    out.word(strings.offsetOf(name));
    out.padded(value);
  }
  for (const child of node.children) writeNode(out, strings, child);
  out.word(TOKEN.END_NODE);
}

/** The names of properties, each once. */
class Strings {
  readonly #offsets = new Map<string, number>();
  #text = "";

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#offsets.set(name, offset);
    this.#text += `${name}\0`;
    return offset;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#text, (it) => it.charCodeAt(0));
  }
}

/** Pieces of a multiple of 4 bytes. */
class Writer {
  readonly #pieces: Uint8Array[] = [];
  byteLength = 0;

  word(value: number): void {
    const piece = new Uint8Array(4);
    new DataView(piece.buffer).setUint32(0, value);
    this.#add(piece);
  }

  padded(bytes: Uint8Array): void {
    const piece = new Uint8Array((bytes.byteLength + 3) & ~3);
    piece.set(bytes);
    this.#add(piece);
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.byteLength);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.byteLength;
    }
    return all;
  }

  #add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.byteLength += piece.byteLength;
  }
}
