import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bits, byVersion, decode, flags, shapeOf, since, until } from "../../src/wire/index.ts";
import { hexOf, thrownBy, viewOf } from "./bytes-of.ts";

const count = bits({ returned: [0, 12], isRange: 12, remaining: [16, 16] });

test("fields lie where their places say", () => {
  expect(hexOf(count, { returned: 3, isRange: true, remaining: 0xfffe })).toBe("0310feff");
  expect(decode(count, viewOf("0310feff"), 0, 4)).toEqual({ returned: 3, isRange: true, remaining: 0xfffe });
});

test("bit 31 and a range that reaches it read unsigned", () => {
  expect(decode(flags({ high: 31 }), viewOf("00000080"), 0, 4)).toEqual({ high: true });
  expect(decode(bits({ high: [24, 8] }), viewOf("000000ff"), 0, 4)).toEqual({ high: 255 });
  expect(decode(bits({ all: [0, 32] }), viewOf("ffffffff"), 0, 4)).toEqual({ all: 0xffffffff });
  expect(hexOf(bits({ all: [0, 32] }), { all: 0xfffffffe })).toBe("feffffff");
});

test("reserved bits are ignored when read and 0 when written", () => {
  const value = decode(count, viewOf("03f00000"), 0, 4);
  expect(value).toEqual({ returned: 3, isRange: true, remaining: 0 });
  expect(hexOf(count, value)).toBe("03100000");
});

test("a field that is too wide is a RangeError that names it", () => {
  const error = thrownBy(() => hexOf(count, { returned: 0x1000, isRange: false, remaining: 0 }));
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toBe('wire: "returned" expected integer 0 to 4095, got 4096');
});

test("fields that overlap or leave the word are refused when the type is made", () => {
  expect(() => bits({ a: [0, 4], b: 3 })).toThrow('"b" expected free bits of a 32-bit word, got 3:3');
  expect(() => bits({ a: [30, 3] })).toThrow(RangeError);
  expect(() => bits({ a: 32 })).toThrow(RangeError);
});

test("more fields than have a line of their own are read and written, too", () => {
  const names = Array.from({ length: 32 }, (_, i) => `bit${i}`);
  const all = flags(Object.fromEntries(names.map((name, i) => [name, i])));
  fc.assert(
    fc.property(fc.nat(0xffffffff), (word) => {
      const hex = Buffer.from(Uint32Array.of(word).buffer).toString("hex");
      const value = decode(all, viewOf(hex), 0, 4);
      expect(Object.values(value)).toEqual(names.map((_, i) => ((word >>> i) & 1) === 1));
      expect(hexOf(all, value)).toBe(hex);
    }),
  );
});

describe("a signed field", () => {
  const word = bits({ unit: [0, 8], exponent: [11, 5, "signed"], high: [27, 5, "signed"] });

  test.each([
    [0, 0, "00000000"],
    [-1, 15, "00f80078"],
    [-3, -16, "00e80080"],
    [15, -1, "007800f8"],
    [-16, 0, "00800000"],
  ])("is two's complement: %i and %i", (exponent, high, hex) => {
    expect(hexOf(word, { unit: 0, exponent, high })).toBe(hex);
    expect(decode(word, viewOf(hex), 0, 4)).toEqual({ unit: 0, exponent, high });
  });

  test.each([-17, 16, 31, 0.5, Number.NaN])("refuses %d", (exponent) => {
    expect(() => hexOf(word, { unit: 0, exponent, high: 0 })).toThrow(
      `"exponent" expected integer -16 to 15, got ${exponent}`,
    );
  });

  test("that a version lacks is 0 and not sent", () => {
    const later = bits({ exponent: since(0x20000, [0, 5, "signed"]), old: until(0x20000, [5, 5, "signed"]) });
    expect(decode(later.at(0x10000), viewOf("ff030000"), 0, 4)).toEqual({ exponent: 0, old: -1 });
    expect(decode(later.at(0x20000), viewOf("ff030000"), 0, 4)).toEqual({ exponent: -1, old: 0 });
    expect(hexOf(later.at(0x20000), { exponent: -1, old: -1 })).toBe("1f000000");
    expect(shapeOf(later.at(0x20000))).toMatchObject({ reservedMask: 0xffffffe0 });
  });
});

describe("by version", () => {
  const word = bits({ unit: byVersion([16, 1], [0x30000, [16, 2]]), indexing: since(0x40000, 25) });

  test("what a version lacks reads as 0 or false and is not sent", () => {
    const old = word.at(0x20000);
    expect(decode(old, viewOf("00000302"), 0, 4)).toEqual({ unit: 1, indexing: false });
    expect(hexOf(old, { unit: 1, indexing: true })).toBe("00000100");
  });

  test("a field that a version widened has the old width before", () => {
    expect(() => hexOf(word.at(0x20000), { unit: 2, indexing: false })).toThrow(
      '"unit" expected integer 0 to 1, got 2',
    );
    expect(hexOf(word.at(0x30000), { unit: 2, indexing: true })).toBe("00000200");
  });

  test("without a version the newest holds, and the mask of reserved bits follows the version", () => {
    expect(hexOf(word, { unit: 3, indexing: true })).toBe("00000302");
    expect([0x10000, 0x30000, 0x40000].map((it) => shapeOf(word.at(it)))).toMatchObject([
      { reservedMask: 0xfffeffff },
      { reservedMask: 0xfffcffff },
      { reservedMask: 0xfdfcffff },
    ]);
  });
});
