import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes, decode, name, reserved, struct, text, u32 } from "../../src/wire/index.ts";
import { hexOf, viewOf } from "./bytes-of.ts";

describe("a name", () => {
  const short = name(16);
  const read = (hex: string) => decode(short, viewOf(hex), 0, 16);

  test("ends at the first NUL and is padded with zeros", () => {
    expect(hexOf(short, "gpu_clk")).toBe("6770755f636c6b000000000000000000");
    expect(read("6770755f636c6b006a756e6b00000000")).toBe("gpu_clk");
  });

  test("may be empty", () => {
    expect(hexOf(short, "")).toBe("00".repeat(16));
    expect(read("00".repeat(16))).toBe("");
  });

  test("without a NUL ends with its field", () => {
    expect(decode(struct({ name: short, next: u32 }), viewOf(`${"41".repeat(16)}42000000`), 0, 20)).toEqual({
      name: "A".repeat(16),
      next: 0x42,
    });
  });

  test("has room for 15 characters of 16, 63 of 64", () => {
    expect(hexOf(short, "A".repeat(15))).toBe(`${"41".repeat(15)}00`);
    expect(() => hexOf(short, "A".repeat(16))).toThrow("at most 15 ASCII characters");
    expect(() => hexOf(name(64), "A".repeat(64))).toThrow(RangeError);
  });

  test.each(["café", "a\0b", "\u0080"])("of other than ASCII is refused: %j", (text) => {
    expect(() => hexOf(short, text)).toThrow(RangeError);
  });

  test("that is no string is a TypeError", () => {
    expect(() => hexOf(short, 7 as unknown as string)).toThrow(TypeError);
  });

  test("keeps bytes above 0x7f that a peer sends", () => {
    expect(read(`e9${"00".repeat(15)}`)).toBe("é");
  });

  test("survives the round trip", () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 1, max: 0x7f }).map((it) => String.fromCharCode(it)),
      maxLength: 15,
    });
    fc.assert(fc.property(ascii, (text) => read(hexOf(short, text)) === text));
  });
});

describe("a text", () => {
  const short = text(16);
  const read = (hex: string) => decode(short, viewOf(hex), 0, 16);

  test("is UTF-8 in its field, ASCII included", () => {
    expect(hexOf(short, "T°")).toBe(`54c2b0${"00".repeat(13)}`);
    expect(read(`54c2b0006a${"00".repeat(11)}`)).toBe("T°");
    expect(hexOf(short, "gpu")).toBe(`677075${"00".repeat(13)}`);
    expect(read(`677075${"00".repeat(13)}`)).toBe("gpu");
  });

  test("has room for 15 bytes of 16, whatever their number of characters", () => {
    expect(hexOf(short, "°°°°°°°")).toBe(`${"c2b0".repeat(7)}0000`);
    expect(() => hexOf(short, "°°°°°°°°")).toThrow("at most 15 bytes of UTF-8");
    expect(() => hexOf(short, "A".repeat(16))).toThrow(RangeError);
  });

  test("without a NUL ends with its field, and a character cut there is replaced", () => {
    expect(read("41".repeat(16))).toBe("A".repeat(16));
    expect(read(`${"41".repeat(15)}c2`)).toBe(`${"A".repeat(15)}\ufffd`);
  });

  test.each(["a\0b", "\ud800", "°\udc00"])("with %j is refused", (it) => {
    expect(() => hexOf(short, it)).toThrow(RangeError);
  });

  test("that is no string is a TypeError", () => {
    expect(() => hexOf(short, 7 as unknown as string)).toThrow(TypeError);
  });
});

describe("bytes", () => {
  test("come as a copy", () => {
    const view = viewOf("01020304");
    const value = decode(bytes(4), view, 0, 4);
    view.setUint8(0, 9);
    expect(value).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(hexOf(bytes(4), value)).toBe("01020304");
  });

  test("of another number or kind are refused", () => {
    expect(() => hexOf(bytes(4), new Uint8Array(3))).toThrow("expected 4 bytes, got 3 bytes");
    expect(() => hexOf(bytes(4), "1234" as unknown as Uint8Array)).toThrow(TypeError);
  });
});

test("a reserved field is no part of the value, written as 0 and ignored when read", () => {
  const type = struct({ flags: reserved(4), config: u32 });
  expect(hexOf(type, { config: 7 })).toBe("0000000007000000");
  expect(decode(type, viewOf("ffffffff07000000"), 0, 8)).toStrictEqual({ config: 7 });
});

test("a size that no field has is refused when the type is made", () => {
  for (const size of [0, -1, 1.5]) {
    for (const make of [name, text, bytes, reserved]) expect(() => make(size)).toThrow(RangeError);
  }
});
