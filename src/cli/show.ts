import { versionText } from "../wire/index.ts";
import { hexOf } from "./context.ts";
import { unitOf } from "./fields.ts";

/** Lists longer than this are broken into lines. */
const LINE = 100;

/** Values by path, one a line, aligned, with their units. */
export function valueLines(values: unknown, indent: string): readonly string[] {
  const leaves = leavesOf("", values);
  const width = Math.max(0, ...leaves.map(([path]) => path.length));
  return leaves.map(([path, text]) => `${indent}${path.padEnd(width)}  ${text}`.trimEnd());
}

function leavesOf(path: string, value: unknown): readonly (readonly [path: string, text: string])[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return listLeaves(path, value);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return Object.entries(value).flatMap(([name, it]) => leavesOf(path === "" ? name : `${path}.${name}`, it));
  }
  return [[path, withUnit(path, scalarText(path, value))]];
}

function listLeaves(path: string, list: readonly unknown[]): readonly (readonly [string, string])[] {
  if (list.length === 0) return [[path, "none"]];
  if (list.every((it) => typeof it !== "object" || it === null)) {
    const text = list.map((it) => scalarText(path, it)).join(", ");
    if (text.length <= LINE) return [[path, withUnit(path, text)]];
  }
  return list.flatMap((it, i) => leavesOf(`${path}[${i}]`, it));
}

function scalarText(path: string, value: unknown): string {
  if (value instanceof Uint8Array) return hexOf(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (typeof value !== "number") return String(value);
  if (/(^|\.)version$/.test(path)) return `${versionText(value)} (0x${value.toString(16)})`;
  if (/(^protocols|Version|header)$/.test(path)) return `0x${value.toString(16)}`;
  return String(value);
}

function withUnit(path: string, text: string): string {
  const unit = unitOf(path);
  return unit ? `${text} ${unit}` : text;
}
