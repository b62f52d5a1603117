import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import {
  array,
  bits,
  decode,
  encode,
  name,
  reserved,
  shapeOf,
  since,
  struct,
  tail,
  u8,
  u32,
  u64n,
  uint,
  until,
} from "../../src/wire/index.ts";
import { hexOf, thrownBy, viewOf } from "./bytes-of.ts";

const ORIGIN = { subject: "CLOCK_DESCRIBE_RATES", field: "response", offset: 4 };

describe("a struct", () => {
  const type = struct({ id: u32, attributes: bits({ level: [0, 8], isOn: 31 }), name: name(16), rateHz: u64n });

  test("knows its size and offsets before any value", () => {
    expect([type.minBytes, type.maxBytes]).toEqual([32, 32]);
    const shape = shapeOf(type);
    expect(shape.kind === "struct" && shape.fields.map(({ name, offset }) => [name, offset])).toEqual([
      ["id", 0],
      ["attributes", 4],
      ["name", 8],
      ["rateHz", 24],
    ]);
  });

  test("writes into the caller's buffer at an offset, says how much, and touches nothing else", () => {
    const bytes = new Uint8Array(40).fill(0xaa);
    const value = { id: 1, attributes: { level: 2, isOn: true }, name: "a", rateHz: 3 };
    expect(encode(type, new DataView(bytes.buffer), 4, value)).toBe(32);
    expect(Buffer.from(bytes).toString("hex")).toBe(
      `aaaaaaaa 01000000 02000080 61${"00".repeat(15)} 0300000000000000 aaaaaaaa`.replaceAll(" ", ""),
    );
    expect(decode(type, new DataView(bytes.buffer), 4, 32)).toStrictEqual(value);
  });

  test("refuses to write beyond the capacity, though the view is longer", () => {
    const view = new DataView(new ArrayBuffer(64));
    const value = { id: 1, attributes: { level: 2, isOn: true }, name: "a", rateHz: 3 };
    expect(() => encode(type, view, 0, value, 31)).toThrow('"" expected at most 31 bytes, got 32 bytes');
    expect(encode(type, view, 0, value, 32)).toBe(32);
    expect(() => encode(type, view, 40, value)).toThrow(RangeError);
  });

  test("reads into an object that exists, nested ones included", () => {
    const into = { id: 0, attributes: { level: 0, isOn: false }, name: "", rateHz: 0 };
    const { attributes } = into;
    const view = viewOf(hexOf(type, { id: 9, attributes: { level: 8, isOn: true }, name: "b", rateHz: 7 }));
    expect(decode(type, view, 0, 32, undefined, into)).toBe(into);
    expect(into).toEqual({ id: 9, attributes: { level: 8, isOn: true }, name: "b", rateHz: 7 });
    expect(into.attributes).toBe(attributes);
  });

  test.each([0, 3, 4, 7, 8, 23, 24, 31])(
    "of %i bytes is too short, and the error names the first field cut",
    (byteLength) => {
      const error = thrownBy(() => decode(type, viewOf("00".repeat(32)), 0, byteLength, ORIGIN));
      expect(error).toBeInstanceOf(MessageError);
      const [field, start, size] =
        byteLength < 4
          ? ["id", 0, 4]
          : byteLength < 8
            ? ["attributes", 4, 4]
            : byteLength < 24
              ? ["name", 8, 16]
              : ["rateHz", 24, 8];
      expect(error).toMatchObject({
        field: `response.${field}`,
        offset: 4 + Number(start),
        expected: `${size} bytes`,
        got: `${byteLength - Number(start)} byte${byteLength - Number(start) === 1 ? "" : "s"}`,
      });
    },
  );

  test("is too long by one byte, and the error says where the end should be", () => {
    const error = thrownBy(() => decode(type, viewOf("00".repeat(33)), 0, 33, ORIGIN));
    expect(error.message).toBe(
      "CLOCK_DESCRIBE_RATES: response at byte 36: expected the end after 36 bytes, got 1 more",
    );
  });

  test("that may grow takes what newer versions append", () => {
    const growing = struct({ id: u32 }, { grows: true });
    expect(decode(growing, viewOf("0100000002000000"), 0, 8)).toEqual({ id: 1 });
    expect(() => decode(growing, viewOf("010000"), 0, 3)).toThrow(MessageError);
  });

  test("reads no byte behind its length, though the view has more", () => {
    expect(() => decode(type, viewOf("00".repeat(64)), 8, 31)).toThrow(MessageError);
  });

  test("inside a struct is named in the path", () => {
    const outer = struct({ inner: struct({ rateHz: u64n }) });
    expect(thrownBy(() => decode(outer, viewOf("ffffffffffffffff"), 0, 8, ORIGIN))).toMatchObject({
      field: "response.inner.rateHz",
      offset: 4,
    });
    expect(() => hexOf(outer, { inner: { rateHz: -1 } })).toThrow(
      '"inner.rateHz" expected integer 0 to 2^53 - 1, got -1',
    );
  });

  test("asks for an object", () => {
    for (const value of [undefined, null, 7]) {
      expect(() => hexOf(type, value as never)).toThrow(TypeError);
      expect(() => hexOf(type, { id: 1, attributes: value, name: "", rateHz: 0 } as never)).toThrow(TypeError);
    }
  });

  test("with more fields than have a line of their own keeps them all", () => {
    const names = Array.from({ length: 9 }, (_, i) => `field${i}`);
    const wide = struct(Object.fromEntries(names.map((it) => [it, u32])));
    const value = Object.fromEntries(names.map((it, i) => [it, i + 1]));
    expect(decode(wide, viewOf(hexOf(wide, value)), 0, 36)).toEqual(value);
    const rows = struct({ rows: array(wide) });
    expect(decode(rows, viewOf(hexOf(rows, { rows: [value, value] })), 0, 72)).toEqual({ rows: [value, value] });
  });
});

describe("an array", () => {
  const rates = struct({
    numRates: bits({ returned: [0, 12], remaining: [16, 16] }),
    ratesHz: array(u64n, { count: "numRates.returned" }),
  });
  const read = (hex: string) => decode(rates, viewOf(hex), 0, hex.length / 2, ORIGIN);

  test("has as many elements as the field before it says", () => {
    expect(read("02000100 0100000000000000 0200000000000000".replaceAll(" ", ""))).toEqual({
      numRates: { returned: 2, remaining: 1 },
      ratesHz: [1, 2],
    });
    expect(hexOf(rates, { numRates: { returned: 0, remaining: 0 }, ratesHz: [] })).toBe("00000000");
  });

  test("that counts more than came is refused before anything is allocated, with the first element missing", () => {
    expect(thrownBy(() => read("ff0f0000 0100000000000000 020000".replaceAll(" ", "")))).toMatchObject({
      field: "response.ratesHz[1]",
      offset: 4 + 4 + 8,
      expected: "8 bytes",
      got: "3 bytes",
    });
  });

  test("that counts less than came is too long", () => {
    expect(thrownBy(() => read("01000000 0100000000000000 0200000000000000".replaceAll(" ", "")))).toMatchObject({
      field: "response",
      offset: 16,
      got: "8 more",
    });
  });

  test("names the element that is wrong", () => {
    expect(thrownBy(() => read("02000000 0100000000000000 ffffffffffffffff".replaceAll(" ", "")))).toMatchObject({
      field: "response.ratesHz[1]",
      offset: 16,
    });
    const value = { numRates: { returned: 2, remaining: 0 }, ratesHz: [1, -1] };
    expect(() => hexOf(rates, value)).toThrow('"ratesHz[1]" expected integer');
  });

  test("of another length than counted is the caller's bug", () => {
    const value = { numRates: { returned: 2, remaining: 0 }, ratesHz: [1] };
    expect(() => hexOf(rates, value)).toThrow('"ratesHz" expected 2 elements as counted, got 1');
    expect(() => hexOf(rates, { ...value, ratesHz: 7 as never })).toThrow(TypeError);
  });

  test("of structs names the field in the element", () => {
    const levels = struct({
      count: u32,
      levels: array(struct({ level: u32, latencyUs: uint(16) }), { count: "count" }),
    });
    const value = {
      count: 2,
      levels: [
        { level: 1, latencyUs: 2 },
        { level: 3, latencyUs: 0x10000 },
      ],
    };
    expect(() => hexOf(levels, value)).toThrow('"levels[1].latencyUs" expected integer 0 to 65535, got 65536');
  });

  test("that is read into one that exists reuses its elements", () => {
    const levels = struct({ levels: array(struct({ level: u32 })) });
    const into = { levels: [{ level: 0 }, { level: 0 }, { level: 0 }] };
    const [first] = into.levels;
    expect(decode(levels, viewOf("0700000008000000"), 0, 8, undefined, into)).toBe(into);
    expect(into).toEqual({ levels: [{ level: 7 }, { level: 8 }] });
    expect(into.levels[0]).toBe(first);
    decode(levels, viewOf("090000000a0000000b000000"), 0, 12, undefined, into);
    expect(into).toEqual({ levels: [{ level: 9 }, { level: 10 }, { level: 11 }] });
  });

  test("may have a greatest length", () => {
    const most = struct({ words: array(u32, { max: 2 }) });
    expect([most.minBytes, most.maxBytes]).toEqual([0, 8]);
    expect(decode(most, viewOf("0100000002000000"), 0, 8)).toEqual({ words: [1, 2] });
    expect(thrownBy(() => decode(most, viewOf("010000000200000003000000"), 0, 12))).toBeInstanceOf(MessageError);
    expect(() => hexOf(most, { words: [1, 2, 3] })).toThrow('"words" expected at most 2 elements, got 3');
  });

  test("without a count fills the rest, in whole elements", () => {
    const rest = struct({ words: array(u32) });
    expect(decode(rest, viewOf("0100000002000000"), 0, 8)).toEqual({ words: [1, 2] });
    expect(decode(rest, viewOf(""), 0, 0)).toEqual({ words: [] });
    expect(thrownBy(() => decode(rest, viewOf("010000000200"), 0, 6))).toMatchObject({
      field: "words[1]",
      got: "2 bytes",
    });
  });

  test.each([
    [[], "00000000"],
    [[0x11], "01000000 11000000"],
    [[1, 2, 3, 4], "04000000 01020304"],
    [[1, 2, 3, 4, 5], "05000000 01020304 05000000"],
  ])("of bytes is padded to whole words with zeros: %j", (ids, hex) => {
    const list = struct({ count: u32, ids: array(u8, { count: "count", align: 4 }) });
    const plain = hex.replaceAll(" ", "");
    expect(hexOf(list, { count: ids.length, ids })).toBe(plain);
    expect(decode(list, viewOf(plain), 0, plain.length / 2).ids).toEqual(ids);
  });

  test("whose padding is cut is too short", () => {
    const list = struct({ count: u32, ids: array(u8, { count: "count", align: 4 }) });
    expect(thrownBy(() => decode(list, viewOf("010000001100"), 0, 6))).toMatchObject({
      field: "ids",
      offset: 5,
      got: "1 byte",
    });
  });

  test("counts up to 2^32 - 1 without going round", () => {
    const list = struct({ count: u32, ids: array(u8, { count: "count", align: 4 }) });
    for (const count of ["fdffffff", "ffffffff"]) {
      expect(() => decode(list, viewOf(`${count}00000000`), 0, 8)).toThrow(MessageError);
    }
  });

  test("asks for elements of a fixed size and a count that stands before it", () => {
    expect(() => array(struct({ ids: array(u8) }))).toThrow(TypeError);
    expect(() => struct({ ids: array(u8, { count: "count" }), count: u32 })).toThrow(
      'expected the field "count" before it',
    );
    expect(() => struct({ n: bits({ returned: [0, 8] }), ids: array(u8, { count: "n.remaining" }) })).toThrow(
      TypeError,
    );
  });
});

describe("a tail", () => {
  const type = struct({ id: u32, delayUs: tail(u32), more: tail(u32) });

  test("is there or not, by the length", () => {
    expect([type.minBytes, type.maxBytes]).toEqual([4, 12]);
    expect(decode(type, viewOf("01000000"), 0, 4)).toEqual({ id: 1, delayUs: undefined, more: undefined });
    expect(decode(type, viewOf("0100000002000000"), 0, 8)).toEqual({ id: 1, delayUs: 2, more: undefined });
    expect(decode(type, viewOf("010000000200000003000000"), 0, 12)).toEqual({ id: 1, delayUs: 2, more: 3 });
  });

  test("is written while it has a value", () => {
    expect(hexOf(type, { id: 1 })).toBe("01000000");
    expect(hexOf(type, { id: 1, delayUs: 2 })).toBe("0100000002000000");
    expect(hexOf(type, { id: 1, delayUs: 2, more: 3 })).toBe("010000000200000003000000");
    expect(() => hexOf(type, { id: 1, delayUs: -1 })).toThrow('"delayUs" expected');
  });

  test("in pieces is too short", () => {
    expect(thrownBy(() => decode(type, viewOf("010000000200"), 0, 6))).toMatchObject({
      field: "delayUs",
      offset: 4,
      got: "2 bytes",
    });
  });

  test("is the only thing that may follow what has no end of its own", () => {
    expect(() => struct({ a: tail(u32), b: u32 })).toThrow('"b" expected a tail behind "a"');
    expect(() => struct({ a: array(u32), b: reserved(4) })).toThrow(TypeError);
    expect(struct({ count: u32, a: array(u32, { count: "count" }), b: tail(u32) }).minBytes).toBe(4);
  });

  test("may follow an array that is counted", () => {
    const both = struct({ count: u32, a: array(u32, { count: "count" }), b: tail(u32) });
    for (const value of [
      { count: 1, a: [5], b: 6 },
      { count: 1, a: [5] },
    ]) {
      const hex = hexOf(both, value);
      expect(decode(both, viewOf(hex), 0, hex.length / 2)).toEqual(value);
    }
  });
});

test("a field until a version is there before, and neither on the wire nor in the value from then on", () => {
  const type = struct({ id: u32, rate: until(0x20000, u32) });
  expect([0x10000, 0x1ffff, 0x20000].map((it) => type.at(it).minBytes)).toEqual([8, 8, 4]);
  expect(decode(type.at(0x10000), viewOf("0100000002000000"), 0, 8)).toEqual({ id: 1, rate: 2 });
  expect(hexOf(type.at(0x20000), { id: 1, rate: 2 })).toBe("01000000");
});

describe("a field since a version", () => {
  const type = struct({ agentId: since(0x20000, u32), name: name(16) });

  test("is neither on the wire nor in the value before", () => {
    const old = type.at(0x10000);
    expect([old.minBytes, type.at(0x20000).minBytes]).toEqual([16, 20]);
    expect(hexOf(old, { agentId: 7, name: "OSPM" })).toBe(`4f53504d${"00".repeat(12)}`);
    expect(decode(old, viewOf(`4f53504d${"00".repeat(12)}`), 0, 16)).toEqual({ agentId: undefined, name: "OSPM" });
  });

  test("is required from then on", () => {
    expect(() => hexOf(type.at(0x20000), { name: "OSPM" })).toThrow('"agentId" expected integer');
  });

  test("in the elements of an array follows the version, too", () => {
    const list = struct({
      count: u32,
      levels: array(struct({ level: u32, index: since(0x40000, u32) }), { count: "count" }),
    });
    expect(hexOf(list.at(0x30000), { count: 1, levels: [{ level: 1, index: 2 }] })).toBe("0100000001000000");
    expect(hexOf(list.at(0x40000), { count: 1, levels: [{ level: 1, index: 2 }] })).toBe("010000000100000002000000");
  });
});

test("a count may be overruled where firmware is known to miscount", () => {
  const type = struct({
    num: bits({ returned: [0, 12], isRange: 12, remaining: [16, 16] }),
    ratesHz: array(u64n, { count: "num.returned", whole: { count: 3, when: "num.isRange", unless: "num.remaining" } }),
  });
  const three = `${"0100000000000000"}${"0200000000000000"}${"0300000000000000"}`;
  const read = (head: string, rest = three) => decode(type, viewOf(head + rest), 0, 4 + rest.length / 2);
  for (const head of ["01100000", "03100000", "00100000"]) expect(read(head).ratesHz).toEqual([1, 2, 3]);
  expect(hexOf(type, read("01100000"))).toBe(`01100000${three}`);
  expect(() => read("01000000"), "a list").toThrow(MessageError);
  expect(() => read("01100100"), "with more to come").toThrow(MessageError);
  expect(() => read("01100000", three.slice(16)), "of two").toThrow(MessageError);
});
