import { BoardError } from "../errors.ts";
import type { Schema } from "./schema.ts";

/** Where a value stands: the file, and its path in there. */
export interface Place {
  readonly file: string;
  readonly path: string;
}

/** Characters of a wrong text that are shown. */
const MOST_SHOWN = 100;

/** Holds a value to a schema.
 *  @throws BoardError for the first thing that is wrong */
export function validate(schema: Schema, value: unknown, place: Place): void {
  if (schema.anyOf) {
    const fitting = schema.anyOf.find(({ type }) => isOf(type, value));
    if (!fitting) throw wrong(place, schema.anyOf.map(({ type }) => withArticle(type)).join(" or "), value);
    validate(fitting, value, place);
    return;
  }
  if (!isOf(schema.type, value)) throw wrong(place, withArticle(schema.type), value);
  if (schema.enum && !schema.enum.some((it) => it === value)) throw wrong(place, schema.enum.join(" or "), value);
  if (typeof value === "number") validateNumber(schema, value, place);
  if (typeof value === "string") validateString(schema, value, place);
  if (Array.isArray(value)) validateArray(schema, value, place);
  else if (typeof value === "object" && value !== null) validateObject(schema, value, place);
}

/** Says what is wrong at a place. */
export function wrong({ file, path }: Place, expected: string, got: unknown): BoardError {
  return new BoardError({ file, path, expected, got: shown(got) });
}

/** The place of a member. */
export function within({ file, path }: Place, key: string | number): Place {
  if (typeof key === "number") return { file, path: `${path}[${key}]` };
  return { file, path: path === "" ? key : `${path}.${key}` };
}

function validateNumber({ minimum, maximum }: Schema, value: number, place: Place): void {
  const isLow = minimum !== undefined && value < minimum;
  const isHigh = maximum !== undefined && value > maximum;
  if (isLow || isHigh) throw wrong(place, `integer ${minimum} to ${maximum}`, value);
}

function validateString({ minLength = 0, maxLength, pattern }: Schema, value: string, place: Place): void {
  const isLong = maxLength !== undefined && value.length > maxLength;
  if (isLong || value.length < minLength) throw wrong(place, `${minLength} to ${maxLength} characters`, value);
  if (pattern !== undefined && !new RegExp(pattern).test(value)) throw wrong(place, `text like ${pattern}`, value);
}

function validateArray({ items, minItems = 0, maxItems }: Schema, value: readonly unknown[], place: Place): void {
  const isLong = maxItems !== undefined && value.length > maxItems;
  if (isLong || value.length < minItems) {
    throw wrong(
      place,
      maxItems === undefined ? `at least ${minItems} items` : `${minItems} to ${maxItems} items`,
      value,
    );
  }
  if (items) for (const [i, item] of value.entries()) validate(items, item, within(place, i));
}

function validateObject(schema: Schema, value: object, place: Place): void {
  const { properties = {}, required = [], additionalProperties } = schema;
  const members = Object.entries(value);
  for (const key of required) {
    if (!members.some(([name]) => name === key)) throw wrong(within(place, key), "a value", undefined);
  }
  for (const [key, member] of members) {
    // Own keys only: a file may well say "constructor"
    const known = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    if (!known) throw wrong(within(place, key), `one of ${Object.keys(properties).join(", ")}`, key);
    validate(known, member, within(place, key));
  }
}

function isOf(type: Schema["type"], value: unknown): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    default:
      return type === undefined || typeof value === type;
  }
}

function withArticle(type: Schema["type"]): string {
  if (type === undefined) return "any value";
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "none";
  if (Array.isArray(value)) return `${value.length} items`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? quoted(value) : String(value);
}

/** The beginning of a text, without what would upset a terminal. */
function quoted(text: string): string {
  const clean = text.replace(/\p{C}/gu, "?");
  return clean.length > MOST_SHOWN ? `"${clean.slice(0, MOST_SHOWN)}…"` : `"${clean}"`;
}
