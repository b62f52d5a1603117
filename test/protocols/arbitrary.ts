import fc from "fast-check";
import { PROTOCOLS } from "../../src/protocols/index.ts";
import { fieldAt, type Layout, shapeOf, type Type, versionText } from "../../src/wire/index.ts";

/** Values that a type can carry, as its shape says. */
export function valuesOf(type: Type<unknown>): fc.Arbitrary<unknown> {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "integer":
      return integers(shape.bytes * 8, shape.isSigned);
    case "uint":
      return integers(shape.width, false);
    case "u64n":
      return fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
    case "u64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "i64x":
    case "u64x":
      return longs(shape.kind === "i64x");
    case "bit":
      return fc.boolean();
    case "bits":
      return fc.record(
        Object.fromEntries(
          shape.fields.map(({ name, isFlag, width, isSigned }) => [
            name,
            width === 0 ? fc.constant(isFlag ? false : 0) : isFlag ? fc.boolean() : integers(width, isSigned),
          ]),
        ),
      );
    case "name":
      return fc.string({ unit: ASCII, maxLength: shape.bytes - 1 });
    case "text":
      return fc.string({ unit: CHARACTER, maxLength: shape.bytes - 1 }).map((it) => cutTo(it, shape.bytes - 1));
    case "when":
      return valuesOf(shape.element);
    case "tail":
      return fc.option(valuesOf(shape.element), { nil: undefined });
    case "array":
      return fc.array(valuesOf(shape.element), { maxLength: Math.min(12, shape.options.max ?? 12) });
    case "struct": {
      const fields = shape.fields.filter(({ type }) => type?.kind !== "reserved");
      return fc
        .record(
          Object.fromEntries(fields.map(({ name, type }) => [name, type ? valuesOf(type) : fc.constant(undefined)])),
        )
        .map((value) => withFlags(type, withCounts(type, value)));
    }
    default:
      throw new Error(`expected a type that has values, got ${shape.kind}`);
  }
}

const ASCII = fc.integer({ min: 1, max: 0x7f }).map((code) => String.fromCharCode(code));

const CHARACTER = fc.oneof(ASCII, fc.constantFrom("é", "°", "Ω", "€", "温", "🌡", "\ufeff"));

/** As many whole characters as fit so many bytes of UTF-8. */
function cutTo(text: string, bytes: number): string {
  let cut = "";
  for (const it of text) if (Buffer.byteLength(cut + it) <= bytes) cut += it;
  return cut;
}

/** Numbers where they are exact, bigints beyond. */
function longs(isSigned: boolean): fc.Arbitrary<number | bigint> {
  const [min, max] = isSigned ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  const edge = 2n ** 53n;
  const edges = [min, max, 0n, 1n, edge - 1n, edge, 2n ** 32n - 1n, 2n ** 32n];
  const all = fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(...edges, ...edges.map((it) => -it)));
  return all.map((it) => (it >= min && it <= max ? it : 0n)).map((it) => (it > -edge && it < edge ? Number(it) : it));
}

function integers(width: number, isSigned: boolean): fc.Arbitrary<number> {
  const [min, max] = isSigned ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
}

/** Sets each count to the length of its array. */
export function withCounts(type: Type<unknown>, value: Record<string, unknown>): Record<string, unknown> {
  const shape = shapeOf(type);
  const counted = structuredClone(value);
  for (const field of shape.kind === "struct" ? shape.fields : []) {
    const array = field.type && shapeOf(field.type);
    if (array?.kind !== "array" || array.options.count === undefined) continue;
    const { length } = counted[field.name] as readonly unknown[];
    const [outer = "", inner] = array.options.count.split(".");
    if (inner === undefined) counted[outer] = length;
    else (counted[outer] as Record<string, unknown>)[inner] = length;
    if (fieldAt(counted, array.options.count) !== length) throw new Error("expected the count to be set");
  }
  return counted;
}

/** Leaves out what no flag announces. */
export function withFlags(type: Type<unknown>, value: Record<string, unknown>): Record<string, unknown> {
  const shape = shapeOf(type);
  const flagged = { ...value };
  for (const field of shape.kind === "struct" ? shape.fields : []) {
    const announced = field.type && shapeOf(field.type);
    if (announced?.kind !== "when") continue;
    const { when, unless } = announced.options;
    const isThere = fieldAt(value, when) === true && (unless === undefined || fieldAt(value, unless) === false);
    if (!isThere) flagged[field.name] = undefined;
  }
  return flagged;
}

/** Every layout of every message, role and version, by a name for tests. */
export function allLayouts(): (readonly [name: string, layout: Layout<unknown>])[] {
  const found = new Map<string, Layout<unknown>>();
  for (const protocol of PROTOCOLS) {
    for (const version of protocol.versions) {
      const set = protocol.at(version);
      const add = (name: string, layout: Layout<unknown> | undefined) => {
        if (layout) found.set(`${protocol.name} ${versionText(version)} ${name} ${layout.role}`, layout);
      };
      for (const { command, request, response, delayedResponse } of set.commands) {
        for (const layout of [request, response, delayedResponse]) add(command.name, layout);
      }
      for (const { notification, payload } of set.notifications) add(notification.name, payload);
    }
  }
  return [...found];
}
