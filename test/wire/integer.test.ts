import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import {
  bit,
  decode,
  encode,
  i32,
  i64x,
  type Type,
  u8,
  u16,
  u32,
  u64,
  u64n,
  u64x,
  uint,
} from "../../src/wire/index.ts";
import { hexOf, thrownBy, viewOf } from "./bytes-of.ts";

function read<T>(type: Type<T>, hex: string): T {
  const view = viewOf(hex);
  return decode(type, view, 0, view.byteLength);
}

describe("integers travel little-endian", () => {
  test.each([
    ["u8", u8, 0xfe, "fe"],
    ["u16", u16, 0xfedc, "dcfe"],
    ["u32", u32, 0xfedcba98, "98badcfe"],
    ["i32", i32, -3, "fdffffff"],
    ["u64n", u64n, 5_000_000_000, "00f2052a01000000"],
    ["u64n at its greatest", u64n, 2 ** 53 - 1, "ffffffffffff1f00"],
    ["uint", uint(20), 0xfffff, "ffff0f00"],
  ])("%s", (_name, type, value, hex) => {
    expect(hexOf(type, value)).toBe(hex);
    expect(read(type, hex)).toBe(value);
  });

  test("u64 takes any pattern as a bigint", () => {
    expect(hexOf(u64, 2n ** 64n - 2n)).toBe("feffffffffffffff");
    expect(read(u64, "feffffffffffffff")).toBe(2n ** 64n - 2n);
  });
});

describe("64 bits that are exact in any case", () => {
  test.each<[Type<number | bigint>, number | bigint, string]>([
    [i64x, -1500, "24faffffffffffff"],
    [i64x, -1, "ffffffffffffffff"],
    [i64x, 5_000_000_000, "00f2052a01000000"],
    [i64x, -5_000_000_000, "000efad5feffffff"],
    [i64x, 2 ** 53 - 1, "ffffffffffff1f00"],
    [i64x, -(2 ** 53) + 1, "010000000000e0ff"],
    [i64x, 2n ** 53n, "0000000000002000"],
    [i64x, -(2n ** 53n), "000000000000e0ff"],
    [i64x, -(2n ** 63n), "0000000000000080"],
    [i64x, 2n ** 63n - 1n, "ffffffffffffff7f"],
    [u64x, 0, "0000000000000000"],
    [u64x, 2 ** 53 - 1, "ffffffffffff1f00"],
    [u64x, 2n ** 53n, "0000000000002000"],
    [u64x, 2n ** 64n - 1n, "ffffffffffffffff"],
  ])("%o: %d", (type, value, hex) => {
    expect(hexOf(type, value)).toBe(hex);
    expect(read(type, hex)).toBe(value);
  });

  test("are taken as a bigint, too, where a number would do", () => {
    expect(hexOf(i64x, -1n)).toBe("ffffffffffffffff");
    expect(hexOf(u64x, 1n)).toBe("0100000000000000");
  });

  test.each<[Type<number | bigint>, unknown, typeof RangeError | typeof TypeError]>([
    [i64x, 2 ** 53, RangeError],
    [i64x, 0.5, RangeError],
    [i64x, Number.NaN, RangeError],
    [i64x, 2n ** 63n, RangeError],
    [i64x, -(2n ** 63n) - 1n, RangeError],
    [u64x, -1, RangeError],
    [u64x, -1n, RangeError],
    [u64x, 2n ** 64n, RangeError],
    [i64x, "1", TypeError],
    [u64x, undefined, TypeError],
  ])("%o refuses %d", (type, value, error) => {
    expect(() => hexOf(type, value as never)).toThrow(error);
  });
});

describe("a value out of range is the caller's bug", () => {
  test.each<[string, Type<number>, number]>([
    ["u8 above", u8, 256],
    ["u16 above", u16, 65536],
    ["u32 below", u32, -1],
    ["u32 above", u32, 2 ** 32],
    ["u32 with a fraction", u32, 0.5],
    ["u32 without a number", u32, Number.NaN],
    ["i32 above", i32, 2 ** 31],
    ["u64n below", u64n, -1],
    ["u64n above what a number holds exactly", u64n, 2 ** 53],
    ["u64n with a fraction", u64n, 1.5],
    ["uint above its width", uint(20), 2 ** 20],
    ["uint below", uint(20), -1],
  ])("%s: RangeError", (_name, type, value) => {
    expect(() => hexOf(type, value)).toThrow(RangeError);
  });

  test("a string for a number is a TypeError, and the text says what came", () => {
    const error = thrownBy(() => hexOf(u32, "7" as unknown as number));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('wire: "" expected integer 0 to 4294967295, got "7"');
  });

  test("a number for a bigint is a TypeError, a bigint of 65 bits a RangeError", () => {
    expect(() => hexOf(u64, 1 as unknown as bigint)).toThrow(TypeError);
    expect(() => hexOf(u64, 2n ** 64n)).toThrow(RangeError);
    expect(() => hexOf(u64, -1n)).toThrow(RangeError);
  });
});

test("u64n refuses to round what the peer sent", () => {
  const error = thrownBy(() => read(u64n, "0000000000002000"));
  expect(error).toBeInstanceOf(MessageError);
  expect(error).toMatchObject({ offset: 0, expected: "at most 2^53 - 1", got: "9007199254740992" });
});

test("uint and bit ignore the reserved bits around them", () => {
  expect(read(uint(8), "16ffffff")).toBe(0x16);
  expect(read(bit(0), "feffffff")).toBe(false);
  expect(read(bit(31), "00000080")).toBe(true);
});

test("bit 31 is written without a sign", () => {
  expect(hexOf(bit(31), true)).toBe("00000080");
});

test("a width or a position that no word has is refused when the type is made", () => {
  for (const width of [0, 32, 1.5]) expect(() => uint(width)).toThrow(RangeError);
  for (const position of [-1, 32]) expect(() => bit(position)).toThrow(RangeError);
});

test("every safe integer survives u64n, at any offset, and its neighbours stay untouched", () => {
  const anywhere = fc.tuple(fc.maxSafeNat(), fc.nat(9));
  fc.assert(
    fc.property(anywhere, ([value, at]) => {
      const bytes = new Uint8Array(20).fill(0xaa);
      const view = new DataView(bytes.buffer);
      expect(encode(u64n, view, at, value)).toBe(8);
      expect(decode(u64n, view, at, 8)).toBe(value);
      expect([...bytes.subarray(0, at), ...bytes.subarray(at + 8)].every((it) => it === 0xaa)).toBe(true);
    }),
  );
});
