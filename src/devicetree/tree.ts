import { BoardError } from "../errors.ts";

/** A node of a device tree. Nodes never change; {@link DeviceTree.root} is made whole. */
export class Node {
  /** With the unit address, `serial@4000`; empty for the root. */
  readonly name: string;
  readonly parent: Node | undefined;
  /** Values by property name, in the order of the blob; bytes are not copied, and not to be written. */
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly Node[];
  /** What the tree was read from, for errors. */
  readonly file: string;

  constructor(parts: {
    readonly name: string;
    readonly parent: Node | undefined;
    readonly properties: ReadonlyMap<string, Uint8Array>;
    readonly children: readonly Node[];
    readonly file: string;
  }) {
    this.name = parts.name;
    this.parent = parts.parent;
    this.properties = parts.properties;
    this.children = parts.children;
    this.file = parts.file;
  }

  /** From the root, `/soc/serial@4000`. */
  get path(): string {
    if (!this.parent) return "/";
    const names: string[] = [];
    for (let node: Node = this; node.parent; node = node.parent) names.push(node.name);
    return `/${names.reverse().join("/")}`;
  }

  /** The name without its unit address. */
  get baseName(): string {
    return this.name.split("@", 1)[0] as string;
  }

  /** Whether the node has a property, with or without a value. */
  has(property: string): boolean {
    return this.properties.has(property);
  }

  /** The child with a name, with or without its unit address. */
  child(name: string): Node | undefined {
    return this.children.find((it) => it.name === name) ?? this.children.find((it) => it.baseName === name);
  }

  /** A property as 32-bit cells; `undefined` when there is none.
   *  @throws BoardError when it is no multiple of 4 bytes long */
  cells(property: string): readonly number[] | undefined {
    const value = this.properties.get(property);
    if (!value) return undefined;
    if (value.byteLength % 4 !== 0) throw this.wrong(property, "cells of 4 bytes", `${value.byteLength} bytes`);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return Array.from({ length: value.byteLength / 4 }, (_, i) => view.getUint32(4 * i, false));
  }

  /** A property of one cell; `undefined` when there is none.
   *  @throws BoardError when it has another length */
  cell(property: string): number | undefined {
    const cells = this.cells(property);
    if (!cells) return undefined;
    if (cells.length !== 1) throw this.wrong(property, "one cell", `${cells.length}`);
    return cells[0];
  }

  /** A property as strings; `undefined` when there is none. Unterminated text counts. */
  strings(property: string): readonly string[] | undefined {
    const value = this.properties.get(property);
    if (!value) return undefined;
    const text = textOf(value);
    return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
  }

  /** The first string of a property. */
  string(property: string): string | undefined {
    return this.strings(property)?.[0];
  }

  /** Whether a `compatible` string is among the node's. */
  isCompatible(compatible: string): boolean {
    return this.strings("compatible")?.includes(compatible) ?? false;
  }

  /** `status` is absent, `okay` or `ok`; whatever the nodes above say. */
  get isAvailable(): boolean {
    const status = this.string("status");
    return status === undefined || status === "okay" || status === "ok";
  }

  /** It and all nodes above are available. */
  get isEnabled(): boolean {
    for (let node: Node | undefined = this; node; node = node.parent) if (!node.isAvailable) return false;
    return true;
  }

  /** This node and all below, each before its children. */
  *walk(): Generator<Node, void, undefined> {
    const open: Node[] = [this];
    for (let node = open.pop(); node; node = open.pop()) {
      yield node;
      for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i] as Node);
    }
  }

  /** What is wrong with this node. */
  wrong(property: string | undefined, expected: string, got: string): BoardError {
    const path = property === undefined ? this.path : `${this.path}: ${property}`;
    return new BoardError({ file: this.file, path, expected, got });
  }
}

/** A node that is not enabled, and whose `status` says so: `/soc/mailbox, whose status is disabled`. */
export function offText(node: Node): string {
  let blamed = node;
  while (blamed.isAvailable && blamed.parent) blamed = blamed.parent;
  const status = `whose status is ${blamed.string("status")}`;
  return blamed === node ? `${node.path}, ${status}` : `${node.path} below ${blamed.path}, ${status}`;
}

/** A piece of memory that the boot program is to leave alone. */
export interface Reservation {
  readonly address: bigint;
  /** In bytes. */
  readonly size: bigint;
}

/** A device tree. */
export class DeviceTree {
  /** What it was read from, for errors. */
  readonly file: string;
  readonly root: Node;
  readonly reservations: readonly Reservation[];
  /** Physical id of the processor that boots. */
  readonly bootCpu: number;
  readonly #byPhandle = new Map<number, Node>();

  constructor(parts: {
    readonly file: string;
    readonly root: Node;
    readonly reservations?: readonly Reservation[];
    readonly bootCpu?: number;
  }) {
    this.file = parts.file;
    this.root = parts.root;
    this.reservations = parts.reservations ?? [];
    this.bootCpu = parts.bootCpu ?? 0;
    for (const node of this.root.walk()) {
      const phandle = node.properties.get("phandle") ?? node.properties.get("linux,phandle");
      if (phandle?.byteLength !== 4) continue;
      const value = new DataView(phandle.buffer, phandle.byteOffset, 4).getUint32(0, false);
      if (!this.#byPhandle.has(value)) this.#byPhandle.set(value, node);
    }
  }

  /** `model` of the root; empty when it has none. */
  get model(): string {
    return this.root.string("model") ?? "";
  }

  /** The node with a phandle. */
  byPhandle(phandle: number): Node | undefined {
    return this.#byPhandle.get(phandle);
  }

  /** The node at a path (`/soc/serial@4000`; unit addresses may be left out), or behind an alias or a label of `__symbols__`
   *  (`serial0`, `serial0/child`). */
  find(path: string): Node | undefined {
    if (path.startsWith("/")) return descend(this.root, path);
    const [name = "", ...rest] = path.split("/");
    const target = this.aliases.get(name) ?? this.symbols.get(name);
    const node = target === undefined ? undefined : descend(this.root, target);
    return node && descend(node, rest.join("/"));
  }

  /** Paths by alias. */
  get aliases(): ReadonlyMap<string, string> {
    return stringsOf(this.root.child("aliases"));
  }

  /** Paths by label; empty in trees that were compiled without. */
  get symbols(): ReadonlyMap<string, string> {
    return stringsOf(this.root.child("__symbols__"));
  }
}

/** Bytes as characters of one byte each. */
export function textOf(bytes: Uint8Array): string {
  // In pieces: a call has room for so many arguments only
  let text = "";
  for (let i = 0; i < bytes.byteLength; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}

function descend(from: Node, path: string): Node | undefined {
  let node: Node | undefined = from;
  for (const name of path.split("/").filter((it) => it !== "")) node = node?.child(name);
  return node;
}

function stringsOf(node: Node | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of node?.properties.keys() ?? []) found.set(name, node?.string(name) ?? "");
  return found;
}
