import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import { type Layout, type Shape, shapeOf } from "../../src/wire/index.ts";
import { allLayouts, valuesOf } from "./arbitrary.ts";

const ROOM = 1024;

function encoded(layout: Layout<unknown>, value: unknown): Uint8Array {
  const bytes = new Uint8Array(ROOM).fill(0xaa);
  const written = layout.encode(new DataView(bytes.buffer), 0, value);
  expect(
    bytes.subarray(written).every((it) => it === 0xaa),
    "nothing behind what it says is written",
  ).toBe(true);
  return bytes.slice(0, written);
}

function decoded(layout: Layout<unknown>, bytes: Uint8Array): unknown {
  return layout.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength);
}

/** Values of a list format only: three rates of a range are whole whatever they count, and that rule has tests of its own. */
function listValues(layout: Layout<unknown>): fc.Arbitrary<unknown> {
  return valuesOf(layout.type).map((value) => {
    const { numRates } = value as { numRates?: { isRange: boolean } };
    return numRates ? { ...(value as object), numRates: { ...numRates, isRange: false } } : value;
  });
}

/** Lengths at which a message that is cut there is whole again, because a tail may be missing or a list be shorter. */
function wholeLengths(layout: Layout<unknown>, bytes: Uint8Array): number[] {
  const last = lastField(layout);
  if (last?.kind === "array" && last.options.count === undefined) {
    const stride = last.element.minBytes;
    return Array.from(
      { length: (bytes.length - layout.minBytes) / stride + 1 },
      (_, i) => layout.minBytes + i * stride,
    );
  }
  return last?.kind === "tail" ? [layout.minBytes, bytes.length] : [bytes.length];
}

function lastField(layout: Layout<unknown>): Shape | undefined {
  const shape = shapeOf(layout.type);
  const type = shape.kind === "struct" ? shape.fields.filter((field) => field.type).at(-1)?.type : undefined;
  return type && shapeOf(type);
}

/** A list of 16-bit ids ends where its last one does: U-Boot refuses one that is padded. */
function isListOfHalves(layout: Layout<unknown>): boolean {
  return layout.message === "PINCTRL_LIST_ASSOCIATIONS" && layout.role === "response";
}

describe.each(allLayouts())("%s", (_name, layout) => {
  test("survives the round trip, in as many bytes as it says", () => {
    fc.assert(
      fc.property(valuesOf(layout.type), (value) => {
        const bytes = encoded(layout, value);
        expect(bytes.length).toBe(layout.sizeOf(value));
        if (!isListOfHalves(layout)) expect(bytes.length % 4, "whole words").toBe(0);
        expect(bytes.length).toBeGreaterThanOrEqual(layout.minBytes);
        expect(bytes.length).toBeLessThanOrEqual(layout.maxBytes);
        expect(decoded(layout, bytes)).toEqual(value);
        expect(encoded(layout, decoded(layout, bytes))).toEqual(bytes);
      }),
      { numRuns: 25 },
    );
  });

  test("is a MessageError at every length but its own, and says where it ends", () => {
    fc.assert(
      fc.property(listValues(layout), (value) => {
        const bytes = encoded(layout, value);
        const whole = wholeLengths(layout, bytes);
        for (let byteLength = 0; byteLength < bytes.length; byteLength++) {
          if (whole.includes(byteLength)) continue;
          const error = errorOf(() => decoded(layout, bytes.slice(0, byteLength)));
          expect(error, `${byteLength} of ${bytes.length} bytes`).toBeInstanceOf(MessageError);
          const { field, offset } = error as MessageError;
          expect(field.startsWith(layout.role), field).toBe(true);
          expect(offset).toBeLessThanOrEqual(byteLength);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("that is longer is a MessageError too, except where it may grow", () => {
    fc.assert(
      fc.property(listValues(layout), fc.uint8Array({ minLength: 1, maxLength: 20 }), (value, more) => {
        const bytes = encoded(layout, value);
        const longer = Uint8Array.from([...bytes, ...more]);
        if (
          wholeLengths(layout, longer).includes(longer.length) &&
          longer.length <= layout.maxBytes &&
          hasTailLeft(layout, bytes)
        ) {
          return; // the bytes are a tail, or more of the list
        }
        if (layout.grows) expect(decoded(layout, longer)).toEqual(value);
        else expect(errorOf(() => decoded(layout, longer))).toBeInstanceOf(MessageError);
      }),
      { numRuns: 25 },
    );
  });

  test("ignores exactly the bits that are reserved, names one of them, and never sends them", () => {
    fc.assert(
      fc.property(fullValue(layout), (value) => {
        const bytes = encoded(layout, value);
        const view = (it: Uint8Array) => new DataView(it.buffer);
        expect(layout.findReserved(view(bytes), 0, bytes.length)).toBeUndefined();
        for (let bit = layout.statusBytes * 8; bit < layout.minBytes * 8; bit++) {
          const flipped = bytes.slice();
          flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
          const found = layout.findReserved(view(flipped), 0, flipped.length);
          if (isIgnored(layout, flipped, value)) {
            expect(found, `bit ${bit}`).toBeTypeOf("string");
            expect(encoded(layout, decoded(layout, flipped))).toEqual(bytes);
          } else expect(found, `bit ${bit}`).toBeUndefined();
        }
      }),
      { numRuns: 4 },
    );
  });

  test("refuses a capacity that is one byte short, and takes one that is enough", () => {
    fc.assert(
      fc.property(valuesOf(layout.type), (value) => {
        const byteLength = layout.sizeOf(value);
        const view = new DataView(new ArrayBuffer(ROOM));
        expect(layout.encode(view, 0, value, byteLength)).toBe(byteLength);
        if (byteLength > 0) expect(() => layout.encode(view, 0, value, byteLength - 1)).toThrow(RangeError);
      }),
      { numRuns: 10 },
    );
  });
});

/** Names without room behind them: the padding of a name is ignored and yet not reserved. */
function fullValue(layout: Layout<unknown>): fc.Arbitrary<unknown> {
  const shape = shapeOf(layout.type);
  return listValues(layout).map((value) => {
    const full: Record<string, unknown> = { ...(value as Record<string, unknown>) };
    for (const { name, type } of shape.kind === "struct" ? shape.fields : []) {
      const field = type && shapeOf(type);
      if (field?.kind === "name" || field?.kind === "text") full[name] = "n".repeat(field.bytes - 1);
    }
    return full;
  });
}

function isIgnored(layout: Layout<unknown>, bytes: Uint8Array, value: unknown): boolean {
  try {
    expect(decoded(layout, bytes)).toEqual(value);
    return true;
  } catch {
    return false;
  }
}

function hasTailLeft(layout: Layout<unknown>, bytes: Uint8Array): boolean {
  if (layout.maxBytes !== Number.POSITIVE_INFINITY) return bytes.length < layout.maxBytes;
  const last = lastField(layout);
  return last?.kind === "array" && last.options.count === undefined;
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
