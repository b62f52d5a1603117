import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bits, byVersion, decode, flags, shapeOf, since } from "../../src/wire/index.ts";
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
