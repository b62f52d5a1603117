import { DeviceTree, Node } from "../devicetree/index.ts";

/** A cell of a property: a number, or the phandle of a labelled node. */
export type Cell = number | { readonly ref: string };

/** What a property holds: groups of cells, which are printed apart, strings, or nothing. */
export type SketchValue = { readonly cells: readonly (readonly Cell[])[] } | readonly string[] | true;

/** A device-tree node before it has phandles. */
export interface Sketch {
  /** With the unit address. */
  readonly name: string;
  readonly label?: string;
  /** For readers, printed above it. */
  readonly comment?: string;
  readonly properties: readonly (readonly [name: string, value: SketchValue])[];
  readonly children?: readonly Sketch[];
}

/** One property of strings. */
export function text(name: string, ...strings: readonly string[]): readonly [string, SketchValue] {
  return [name, strings];
}

/** One property of cells. */
export function cells(name: string, ...values: readonly Cell[]): readonly [string, SketchValue] {
  return [name, { cells: [values] }];
}

/** Prints a sketch as source, references as `&label`. */
export function printSketch(root: Sketch, comment: readonly string[]): string {
  const lines = [...comment.map((line) => `// ${line}`.trimEnd()), "/dts-v1/;", ""];
  printNode(lines, { ...root, name: "/" }, "");
  return lines.join("\n");
}

function printNode(lines: string[], { name, label, comment, properties, children = [] }: Sketch, indent: string): void {
  if (comment !== undefined) lines.push(`${indent}/* ${comment.replaceAll("*/", "* /")} */`);
  lines.push(`${indent}${label === undefined ? "" : `${label}: `}${name} {`);
  const inner = `${indent}\t`;
  for (const [property, value] of properties) {
    lines.push(`${inner}${property}${valueText(value, HEX.test(property), `${inner}\t`)};`);
  }
  children.forEach((child, i) => {
    if (i > 0 || properties.length > 0) lines.push("");
    printNode(lines, child, inner);
  });
  lines.push(`${indent}};`);
}

/** Properties with addresses and ids, which people know in hexadecimal. */
const HEX = /^(reg|ranges|arm,smc-id)$/;

function valueText(value: SketchValue, isHex: boolean, indent: string): string {
  if (value === true) return "";
  const items =
    "cells" in value
      ? value.cells.map((group) => `<${group.map((cell) => cellText(cell, isHex)).join(" ")}>`)
      : value.map((it) => `"${it.replace(/["\\]/g, "\\$&")}"`);
  const line = items.join(", ");
  return line.length <= 100 ? ` = ${line}` : ` =\n${indent}${items.join(`,\n${indent}`)}`;
}

function cellText(cell: Cell, isHex: boolean): string {
  if (typeof cell !== "number") return `&${cell.ref}`;
  return isHex && cell > 9 ? `0x${cell.toString(16)}` : String(cell);
}

/** The tree that a compiler makes of a sketch: phandles are given in the order of the nodes, labels stand in `__symbols__`.
 *  @param file for errors
 *  @param lastPhandle that another tree uses, which this one is for */
export function treeOf(root: Sketch, file: string, lastPhandle = 0): DeviceTree {
  const phandles = new Map<string, number>();
  const symbols: (readonly [string, SketchValue])[] = [];
  const label = (sketch: Sketch, path: string) => {
    if (sketch.label !== undefined) {
      phandles.set(sketch.label, lastPhandle + phandles.size + 1);
      symbols.push(text(sketch.label, path));
    }
    for (const child of sketch.children ?? []) label(child, `${path === "/" ? "" : path}/${child.name}`);
  };
  label(root, "/");
  const whole = { ...root, children: [...(root.children ?? []), { name: "__symbols__", properties: symbols }] };
  return new DeviceTree({ file, root: nodeOf(whole, undefined, phandles, file) });
}

function nodeOf(
  { name, label, properties, children = [] }: Sketch,
  parent: Node | undefined,
  phandles: ReadonlyMap<string, number>,
  file: string,
): Node {
  const values = new Map(properties.map(([key, value]) => [key, bytesOf(value, phandles)] as const));
  const phandle = label === undefined ? undefined : phandles.get(label);
  if (phandle !== undefined) values.set("phandle", bytesOf({ cells: [[phandle]] }, phandles));
  const below: Node[] = [];
  const node = new Node({ name, parent, properties: values, children: below, file });
  for (const child of children) below.push(nodeOf(child, node, phandles, file));
  return node;
}

function bytesOf(value: SketchValue, phandles: ReadonlyMap<string, number>): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (!("cells" in value)) return Uint8Array.from(value.map((it) => `${it}\0`).join(""), (it) => it.charCodeAt(0));
  const flat = value.cells.flat();
  const bytes = new Uint8Array(4 * flat.length);
  const view = new DataView(bytes.buffer);
  flat.forEach((cell, i) => {
    view.setUint32(4 * i, typeof cell === "number" ? cell : (phandles.get(cell.ref) ?? 0));
  });
  return bytes;
}
