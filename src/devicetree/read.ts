import { BoardError } from "../errors.ts";
import { FDT, FDT_MAGIC, FDT_VERSION, RESERVATION_BYTES, TOKEN } from "./fdt.ts";
import { DeviceTree, Node, type Reservation, textOf } from "./tree.ts";

/** As deep as Linux goes. */
const MAX_DEPTH = 64;
/** Longer than any name in use; with a bound, names that overlap cannot make reading slow. */
const MAX_NAME_BYTES = 255;
const NAME = /^[!-.0-~]*$/;

/** Reads a flattened device tree (`.dtb`), version 17.
 *  @param bytes may be longer than the tree; borrowed: values of properties are views on them
 *  @param options `file`: what errors call it
 *  @throws BoardError with the offset of the first mistake */
export function readDeviceTree(bytes: Uint8Array, options: { readonly file: string }): DeviceTree {
  return new Reader(bytes, options.file).read();
}

/** A node whose end has not come yet. */
interface OpenNode {
  readonly node: Node;
  readonly properties: Map<string, Uint8Array>;
  readonly children: Node[];
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #names = new Map<number, string>();

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  read(): DeviceTree {
    const view = this.#view;
    const { byteLength } = this.#bytes;
    if (byteLength < FDT.HEADER_BYTES)
      throw this.#wrong(0, `a header of ${FDT.HEADER_BYTES} bytes`, `${byteLength} bytes`);
    const magic = view.getUint32(FDT.MAGIC);
    if (magic !== FDT_MAGIC)
      throw this.#wrong(FDT.MAGIC, `the magic ${hex(FDT_MAGIC)} of a flattened tree`, hex(magic));
    const totalBytes = view.getUint32(FDT.TOTAL_BYTES);
    if (totalBytes > byteLength) {
      throw this.#wrong(FDT.TOTAL_BYTES, `at most ${byteLength} bytes, which the file has`, `${totalBytes}`);
    }
    const version = view.getUint32(FDT.VERSION);
    const lastCompatible = view.getUint32(FDT.LAST_COMPATIBLE);
    if (version < FDT_VERSION || lastCompatible > FDT_VERSION) {
      throw this.#wrong(
        FDT.VERSION,
        `version ${FDT_VERSION} or compatible`,
        `${version}, compatible to ${lastCompatible}`,
      );
    }
    const structure = this.#block(FDT.STRUCTURE, FDT.STRUCTURE_BYTES, totalBytes, 4);
    const strings = this.#block(FDT.STRINGS, FDT.STRINGS_BYTES, totalBytes, 1);
    return new DeviceTree({
      file: this.#file,
      reservations: this.#reservations(totalBytes),
      root: this.#structure(structure, strings),
      bootCpu: view.getUint32(FDT.BOOT_CPU),
    });
  }

  #block(
    offsetAt: number,
    bytesAt: number,
    totalBytes: number,
    alignment: number,
  ): readonly [from: number, to: number] {
    const from = this.#view.getUint32(offsetAt);
    const byteLength = this.#view.getUint32(bytesAt);
    if (from % alignment !== 0) throw this.#wrong(offsetAt, `a multiple of ${alignment}`, `${from}`);
    if (from < FDT.HEADER_BYTES || from > totalBytes) {
      throw this.#wrong(offsetAt, `an offset from ${FDT.HEADER_BYTES} to ${totalBytes}`, `${from}`);
    }
    if (byteLength > totalBytes - from)
      throw this.#wrong(bytesAt, `at most ${totalBytes - from} bytes`, `${byteLength}`);
    return [from, from + byteLength];
  }

  #reservations(totalBytes: number): readonly Reservation[] {
    const view = this.#view;
    const from = view.getUint32(FDT.RESERVATIONS);
    if (from % 8 !== 0 || from < FDT.HEADER_BYTES) {
      throw this.#wrong(FDT.RESERVATIONS, `a multiple of 8 from ${FDT.HEADER_BYTES} on`, `${from}`);
    }
    const reservations: Reservation[] = [];
    for (let at = from; ; at += RESERVATION_BYTES) {
      if (at + RESERVATION_BYTES > totalBytes)
        throw this.#wrong(at, "an empty entry that ends the reservations", "none");
      const reservation = { address: view.getBigUint64(at), size: view.getBigUint64(at + 8) };
      if (reservation.address === 0n && reservation.size === 0n) return reservations;
      reservations.push(reservation);
    }
  }

  #structure([from, to]: readonly [number, number], strings: readonly [number, number]): Node {
    const open: OpenNode[] = [];
    let root: Node | undefined;
    let at = from;
    const word = (what: string) => {
      if (at + 4 > to) throw this.#wrong(at, what, "the end of the structure block");
      at += 4;
      return this.#view.getUint32(at - 4);
    };
    for (;;) {
      const tokenAt = at;
      const token = word("a token");
      const current = open.at(-1);
      if (token === TOKEN.NOP) continue;
      if (token === TOKEN.END) {
        if (current) throw this.#wrong(tokenAt, `the end of ${current.node.path} first`, "the end of the tree");
        if (!root) throw this.#wrong(tokenAt, "a root node", "an empty tree");
        return root;
      }
      if (token === TOKEN.BEGIN_NODE) {
        if (root && !current) throw this.#wrong(tokenAt, "the end of the tree after the root", "another node");
        if (open.length >= MAX_DEPTH) throw this.#wrong(tokenAt, `at most ${MAX_DEPTH} levels of nodes`, "more");
        const name = this.#text(at, to, "the name of a node");
        if (current ? name === "" : name !== "") {
          throw this.#wrong(at, current ? "a name" : "no name for the root", JSON.stringify(name));
        }
        at = align(at + name.length + 1);
        const child = newNode(name, current?.node, this.#file);
        current?.children.push(child.node);
        root ??= child.node;
        open.push(child);
      } else if (token === TOKEN.END_NODE) {
        if (!open.pop()) throw this.#wrong(tokenAt, "the start of a node", "the end of one");
      } else if (token === TOKEN.PROPERTY) {
        if (!current) throw this.#wrong(tokenAt, "properties inside of a node", "one outside");
        if (current.children.length > 0)
          throw this.#wrong(tokenAt, `properties before the nodes of ${current.node.path}`, "one after");
        const byteLength = word("the length of a property");
        const nameAt = word("the name of a property");
        if (byteLength > to - at) throw this.#wrong(tokenAt + 4, `at most ${to - at} bytes`, `${byteLength}`);
        const name = this.#name(nameAt, strings, tokenAt + 8);
        if (current.properties.has(name))
          throw this.#wrong(tokenAt, `${name} once in ${current.node.path}`, "it twice");
        current.properties.set(name, this.#bytes.subarray(at, at + byteLength));
        at = align(at + byteLength);
      } else {
        throw this.#wrong(tokenAt, "a token of the structure block", hex(token));
      }
    }
  }

  #name(offset: number, [from, to]: readonly [number, number], at: number): string {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    if (offset >= to - from) throw this.#wrong(at, `an offset below ${to - from} in the strings`, `${offset}`);
    const name = this.#text(from + offset, to, "the name of a property");
    if (name === "") throw this.#wrong(at, "a name", "none");
    this.#names.set(offset, name);
    return name;
  }

  #text(from: number, to: number, what: string): string {
    const end = this.#bytes.subarray(from, Math.min(to, from + MAX_NAME_BYTES + 1)).indexOf(0);
    if (end < 0) throw this.#wrong(from, `${what}, at most ${MAX_NAME_BYTES} characters and a NUL`, "no NUL");
    const text = textOf(this.#bytes.subarray(from, from + end));
    if (!NAME.test(text))
      throw this.#wrong(from, `${what} in printable characters without / and spaces`, JSON.stringify(text));
    return text;
  }

  #wrong(offset: number, expected: string, got: string): BoardError {
    return new BoardError({ file: this.#file, path: `offset ${hex(offset)}`, expected, got });
  }
}

function newNode(name: string, parent: Node | undefined, file: string): OpenNode {
  const properties = new Map<string, Uint8Array>();
  const children: Node[] = [];
  return { node: new Node({ name, parent, properties, children, file }), properties, children };
}

function align(at: number): number {
  return (at + 3) & ~3;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
