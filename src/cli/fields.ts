import { type Shape, type StructField, shapeOf, type Type } from "../wire/index.ts";

/** One field of a payload that people read or write by itself. */
export interface FieldText {
  /** `flags.async`. */
  readonly path: string;
  /** `u64`, `word`, `bit 3` and `bits 15:0` of the word before, `name of 16 bytes`, `list of u32`. */
  readonly type: string;
  /** `Hz`; empty where there is none. */
  readonly unit: string;
  /** It may be left out of a request. */
  readonly isOptional: boolean;
}

/** What a name's ending says about its unit; the longer ones first. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["Khz", "kHz"],
  ["Hz", "Hz"],
  ["Ns", "ns"],
  ["Us", "µs"],
  ["Ms", "ms"],
  ["Uv", "µV"],
  ["Mv", "mV"],
  ["Uw", "µW"],
  ["Mw", "mW"],
  ["Uj", "µJ"],
  ["Pct", "%"],
  ["Percent", "%"],
  ["Bytes", "bytes"],
  ["ByteLength", "bytes"],
];

/** The unit that a field's name ends with; empty without one. */
export function unitOf(path: string): string {
  const name =
    path
      .replace(/\[\d*\]$/, "")
      .split(".")
      .at(-1) ?? "";
  return UNITS.find(([ending]) => name.endsWith(ending))?.[1] ?? "";
}

/** Fields of a struct that are not reserved. */
export function fieldsOf(type: Type<unknown>): readonly (StructField & { readonly type: Type<unknown> })[] {
  const shape = shapeOf(type);
  if (shape.kind !== "struct") return [];
  return shape.fields.flatMap((field) =>
    field.type === undefined || field.type.kind === "reserved" ? [] : [{ ...field, type: field.type }],
  );
}

/** Every field of a payload, those of words and structs by themselves. */
export function describeFields(type: Type<unknown>): readonly FieldText[] {
  return fieldsOf(type).flatMap(({ name, type: field }) => describe(name, field, false));
}

function describe(path: string, type: Type<unknown>, isTail: boolean): readonly FieldText[] {
  const shape = shapeOf(type);
  if (shape.kind === "tail") return describe(path, shape.element, true);
  if (shape.kind === "bits") {
    const parts = shape.fields
      .filter(({ width }) => width > 0)
      .map(({ name, isFlag, first, width }) => ({
        path: `${path}.${name}`,
        type: isFlag ? `bit ${first}` : `bits ${first + width - 1}:${first}`,
        unit: unitOf(name),
        isOptional: isFlag || isTail,
      }));
    const isOptional = parts.every((it) => it.isOptional);
    return [{ path, type: "word", unit: "", isOptional }, ...parts];
  }
  if (shape.kind === "struct") {
    return fieldsOf(type).flatMap(({ name, type: field }) => describe(`${path}.${name}`, field, isTail));
  }
  return [{ path, type: typeText(shape), unit: unitOf(path), isOptional: isTail }];
}

function typeText(shape: Shape): string {
  switch (shape.kind) {
    case "integer":
      return `${shape.isSigned ? "i" : "u"}${shape.bytes * 8}`;
    case "u64":
    case "u64n":
      return "u64";
    case "uint":
      return `bits ${shape.width - 1}:0`;
    case "bit":
      return `bit ${shape.position}`;
    case "name":
      return `name of ${shape.bytes} bytes`;
    case "bytes":
      return `${shape.bytes} bytes`;
    case "array":
      return `list of ${elementText(shape.element)}`;
    default:
      return shape.kind;
  }
}

function elementText(element: Type<unknown>): string {
  const shape = shapeOf(element);
  if (shape.kind === "bits") return `{ ${shape.fields.map(({ name }) => name).join(", ")} }`;
  if (shape.kind !== "struct") return typeText(shape);
  return `{ ${fieldsOf(element)
    .map(({ name }) => name)
    .join(", ")} }`;
}

/** Fields as lines of text, aligned. */
export function fieldLines(fields: readonly FieldText[], indent: string): readonly string[] {
  const width = Math.max(0, ...fields.map(({ path }) => path.length));
  return fields.map(({ path, type, unit, isOptional }) => {
    const notes = [type, ...(unit ? [`in ${unit}`] : []), ...(isOptional ? ["optional"] : [])];
    return `${indent}${path.padEnd(width)}  ${notes.join(", ")}`;
  });
}
