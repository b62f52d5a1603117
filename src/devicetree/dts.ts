import { type DeviceTree, type Node, textOf } from "./tree.ts";

/** Prints a device tree as source. What a compiler makes of it has the same nodes, properties and bytes; labels come from
 *  `__symbols__`, and references stay phandles in numbers, for a blob no longer tells which cells are references. */
export function printDts(tree: DeviceTree): string {
  const lines = ["/dts-v1/;", ""];
  for (const { address, size } of tree.reservations) lines.push(`/memreserve/ ${hex(address)} ${hex(size)};`);
  if (tree.reservations.length > 0) lines.push("");
  const labels = new Map<string, string[]>();
  for (const [label, path] of tree.symbols) labels.set(path, [...(labels.get(path) ?? []), label]);
  printNode(lines, tree.root, "", labels);
  return `${lines.join("\n")}\n`;
}

/** Prints the value of a property as source: strings where it looks like them, cells, or bytes; empty for no value. */
export function printValue(value: Uint8Array): string {
  if (value.byteLength === 0) return "";
  const text = textOf(value);
  if (/^([ -~]+\0)+$/.test(text)) {
    const strings = text.slice(0, -1).split("\0");
    return strings.map((it) => `"${it.replace(/["\\]/g, "\\$&")}"`).join(", ");
  }
  if (value.byteLength % 4 !== 0) return `[${[...value].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}]`;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const cells = Array.from({ length: value.byteLength / 4 }, (_, i) => hex(view.getUint32(4 * i)));
  return `<${cells.join(" ")}>`;
}

function printNode(lines: string[], node: Node, indent: string, labels: ReadonlyMap<string, readonly string[]>): void {
  const label = (labels.get(node.path) ?? []).map((it) => `${it}: `).join("");
  lines.push(`${indent}${label}${node.parent ? node.name : "/"} {`);
  const inner = `${indent}\t`;
  for (const [name, value] of node.properties) {
    const text = printValue(value);
    lines.push(text === "" ? `${inner}${name};` : `${inner}${name} = ${text};`);
  }
  node.children.forEach((child, i) => {
    if (i > 0 || node.properties.size > 0) lines.push("");
    printNode(lines, child, inner, labels);
  });
  lines.push(`${indent}};`);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
