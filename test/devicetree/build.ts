import { DeviceTree, Node } from "../../src/devicetree/index.ts";

/** What a property is to hold: cells, strings, bytes, or nothing. */
export type Value = readonly number[] | string | readonly string[] | Uint8Array | true;

/** A node as written in a test; `children` by name. */
export interface Sketch {
  readonly [property: string]: Value | { readonly [name: string]: Sketch } | undefined;
  readonly children?: { readonly [name: string]: Sketch };
}

/** Makes a tree of a sketch. */
export function treeOf(sketch: Sketch, file = "test.dtb"): DeviceTree {
  return new DeviceTree({ file, root: nodeOf("", sketch, undefined, file) });
}

function nodeOf(name: string, { children = {}, ...properties }: Sketch, parent: Node | undefined, file: string): Node {
  const below: Node[] = [];
  const values = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(properties))
    if (value !== undefined) values.set(key, bytesOf(value as Value));
  const node = new Node({ name, parent, properties: values, children: below, file });
  for (const [key, child] of Object.entries(children)) below.push(nodeOf(key, child, node, file));
  return node;
}

function bytesOf(value: Value): Uint8Array {
  if (value === true) return new Uint8Array();
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  if (typeof value[0] === "string") return new TextEncoder().encode(value.map((it) => `${it}\0`).join(""));
  const bytes = new Uint8Array(value.length * 4);
  for (const [i, cell] of value.entries()) new DataView(bytes.buffer).setUint32(4 * i, cell as number);
  return bytes;
}
