import { type Layout, shapeOf, type Type } from "../wire/index.ts";
import { UsageError } from "./context.ts";
import { describeFields, fieldLines, fieldsOf, unitOf } from "./fields.ts";
import { slipsBetween } from "./lookup.ts";

type Values = Record<string, unknown>;

/** What was typed for one field, or for one part of it. */
interface Given {
  readonly steps: readonly string[];
  readonly text: string;
}

/** Makes the values of a request of what was typed: values in the order of the fields, or `field=value`. Flags that are not named are clear.
 *  @throws UsageError that lists the fields */
export function requestOf(name: string, { type }: Layout<unknown>, words: readonly string[]): Values {
  const given = assign(name, type, words);
  const values: Values = {};
  const missing: string[] = [];
  for (const field of fieldsOf(type)) {
    const own = given.filter(({ steps }) => steps[0] === field.name).map((it) => ({ ...it, steps: it.steps.slice(1) }));
    const value = fieldValue(field.name, field.type, own, missing);
    if (value !== undefined) values[field.name] = value;
  }
  fillCounts(type, values, missing);
  if (missing.length > 0) throw new UsageError(`${name}: expected ${missing.join(", ")}\n${helpOf(name, type)}`);
  return values;
}

/** The fields of a request, for an error. */
function helpOf(name: string, type: Type<unknown>): string {
  const fields = describeFields(type);
  if (fields.length === 0) return `${name} has no fields`;
  return [`fields of ${name}, to be given in this order or as field=value:`, ...fieldLines(fields, "  ")].join("\n");
}

/** Gives each word its field. */
function assign(name: string, type: Type<unknown>, words: readonly string[]): readonly Given[] {
  const fields = fieldsOf(type);
  const known = new Set([...fields.map((it) => it.name), ...describeFields(type).map(({ path }) => path)]);
  const given: Given[] = [];
  let position = 0;
  for (const word of words) {
    const [, path, value] = /^([A-Za-z_][\w.]*)=(.*)$/s.exec(word) ?? [];
    if (path !== undefined && value !== undefined) {
      const exact = [...known].find((it) => it.toLowerCase() === path.toLowerCase());
      if (exact === undefined)
        throw new UsageError(`${name}: ${unknownField(path, [...known])}\n${helpOf(name, type)}`);
      if (given.some(({ steps }) => isPrefix(steps, exact.split(".")))) {
        throw new UsageError(`${name}: expected ${exact} once, got it twice`);
      }
      given.push({ steps: exact.split("."), text: value });
      continue;
    }
    const field = fields[position++];
    if (field === undefined) {
      const count = fields.length === 1 ? "1 value" : `${fields.length} values`;
      throw new UsageError(`${name}: expected at most ${count}, got "${word}" besides\n${helpOf(name, type)}`);
    }
    if (given.some(({ steps }) => steps[0] === field.name)) {
      throw new UsageError(`${name}: expected ${field.name} once, got it by name and as "${word}"`);
    }
    given.push({ steps: [field.name], text: word });
  }
  return given;
}

function isPrefix(a: readonly string[], b: readonly string[]): boolean {
  return a.every((step, i) => i >= b.length || step === b[i]);
}

function unknownField(path: string, known: readonly string[]): string {
  const near = known
    .map((it) => ({ it, slips: Math.min(...[it, it.split(".").at(-1) ?? it].map((name) => slipsBetween(path, name))) }))
    .filter(({ slips }) => slips <= Math.max(1, Math.floor(path.length / 3)))
    .sort((a, b) => a.slips - b.slips);
  const hint = near[0] ? `, did you mean ${near[0].it}?` : "";
  return `unknown field "${path}"${hint}`;
}

function fieldValue(path: string, type: Type<unknown>, given: readonly Given[], missing: string[]): unknown {
  const shape = shapeOf(type);
  if (shape.kind === "tail") return given.length === 0 ? undefined : fieldValue(path, shape.element, given, missing);
  const whole = given.find(({ steps }) => steps.length === 0)?.text;
  if (whole !== undefined) return parse(path, type, whole);
  if (shape.kind === "bits") {
    const values: Values = {};
    for (const { name, isFlag, width } of shape.fields) {
      const text = given.find(({ steps }) => steps[0] === name)?.text;
      if (text !== undefined)
        values[name] = isFlag ? booleanOf(`${path}.${name}`, text) : integerOf(`${path}.${name}`, text);
      else if (isFlag || width === 0) values[name] = isFlag ? false : 0;
      else missing.push(labelOf(`${path}.${name}`));
    }
    return values;
  }
  if (shape.kind === "struct") {
    const values: Values = {};
    for (const field of fieldsOf(type)) {
      const own = given
        .filter(({ steps }) => steps[0] === field.name)
        .map((it) => ({ ...it, steps: it.steps.slice(1) }));
      values[field.name] = fieldValue(`${path}.${field.name}`, field.type, own, missing);
    }
    return values;
  }
  missing.push(labelOf(path));
  return undefined;
}

/** A value that was given whole: a word for its bits, JSON for what has parts. */
function parse(path: string, type: Type<unknown>, text: string): unknown {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "u64":
      return bigintOf(path, text);
    case "bit":
      return booleanOf(path, text);
    case "name":
      return text;
    case "bytes":
      return bytesOf(path, text);
    case "bits": {
      const word = integerOf(path, text);
      if (word > 0xffffffff || (word & shape.reservedMask) !== 0) {
        throw new UsageError(
          `${path}: expected no bits of 0x${shape.reservedMask.toString(16)}, got ${text}; --raw sends any`,
        );
      }
      return Object.fromEntries(
        shape.fields.map(({ name, isFlag, first, width }) => {
          const part = Math.floor(word / 2 ** first) % 2 ** width;
          return [name, isFlag ? part !== 0 : part];
        }),
      );
    }
    case "array":
      return listOf(path, shape.element, text);
    case "struct":
      return partsOf(path, type, jsonOf(path, text));
    default:
      return integerOf(path, text);
  }
}

function listOf(path: string, element: Type<unknown>, text: string): readonly unknown[] {
  if (!text.startsWith("[")) {
    return text === "" ? [] : text.split(",").map((part, i) => parse(`${path}[${i}]`, element, part));
  }
  const list = jsonOf(path, text);
  if (!Array.isArray(list)) throw new UsageError(`${path}: expected a list, got ${text}`);
  return list.map((it, i) => partsOf(`${path}[${i}]`, element, it));
}

/** A value of JSON as its type wants it. */
function partsOf(path: string, type: Type<unknown>, value: unknown): unknown {
  const shape = shapeOf(type);
  if (shape.kind !== "struct" && shape.kind !== "bits") return parse(path, type, String(value));
  if (typeof value !== "object" || value === null) return parse(path, type, String(value));
  const parts: ReadonlyMap<string, unknown> = new Map(Object.entries(value));
  const names = new Set([...shape.fields].map(({ name }) => name));
  for (const key of parts.keys()) {
    if (!names.has(key)) throw new UsageError(`${path}: ${unknownField(key, [...names])}`);
  }
  if (shape.kind === "bits") {
    return Object.fromEntries(shape.fields.map(({ name, isFlag }) => [name, parts.get(name) ?? (isFlag ? false : 0)]));
  }
  return Object.fromEntries(
    fieldsOf(type).map(({ name, type: field }) => {
      if (parts.has(name)) return [name, partsOf(`${path}.${name}`, field, parts.get(name))];
      throw new UsageError(`${path}: expected ${labelOf(name)}`);
    }),
  );
}

/** Counts say how long their list is: nobody has to. */
function fillCounts(type: Type<unknown>, values: Values, missing: string[]): void {
  for (const { name, type: field } of fieldsOf(type)) {
    const shape = shapeOf(field);
    const list = values[name];
    if (shape.kind !== "array" || shape.options.count === undefined || !Array.isArray(list)) continue;
    const path = shape.options.count;
    const place = missing.indexOf(labelOf(path));
    if (place < 0) continue;
    missing.splice(place, 1);
    const [outer = "", inner] = path.split(".");
    const holder = values[outer];
    if (inner === undefined) values[outer] = list.length;
    else values[outer] = { ...(typeof holder === "object" ? holder : {}), [inner]: list.length };
  }
}

function labelOf(path: string): string {
  const unit = unitOf(path);
  return unit ? `${path} (${unit})` : path;
}

function integerOf(path: string, text: string): number {
  const value = /^-?(0x[0-9a-f_]+|[\d_]+)$/i.test(text)
    ? Number(text.replaceAll("_", "").replace(/^-0x/i, "0x"))
    : Number.NaN;
  const signed = /^-0x/i.test(text) ? -value : value;
  if (Number.isSafeInteger(signed)) return signed;
  throw new UsageError(`${path}: expected an integer, decimal or 0x…, got "${text}"`);
}

function bigintOf(path: string, text: string): bigint {
  if (/^(0x[0-9a-f_]+|[\d_]+)$/i.test(text)) return BigInt(text.replaceAll("_", ""));
  throw new UsageError(`${path}: expected an integer from 0 on, decimal or 0x…, got "${text}"`);
}

function booleanOf(path: string, text: string): boolean {
  if (/^(1|true|on|yes)$/i.test(text)) return true;
  if (/^(0|false|off|no)$/i.test(text)) return false;
  throw new UsageError(`${path}: expected 0 or 1, got "${text}"`);
}

/** Bytes from hexadecimal digits; spaces between them are fine.
 *  @throws UsageError when they are none */
export function bytesOf(path: string, text: string): Uint8Array {
  const digits = text.replace(/^0x/i, "").replace(/[\s_:]/g, "");
  if (digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits)) return Uint8Array.from(Buffer.from(digits, "hex"));
  throw new UsageError(`${path}: expected two hexadecimal digits for each byte, got "${text}"`);
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${path}: expected JSON, got "${text}"`);
  }
}
