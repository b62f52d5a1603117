import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import {
  array,
  bits,
  decode,
  encode,
  records,
  struct,
  type Type,
  tail,
  u32,
  u64n,
  when,
} from "../../src/wire/index.ts";
import { hexOf, thrownBy, viewOf } from "./bytes-of.ts";

const ORIGIN = { subject: "SENSOR_DESCRIPTION_GET", field: "response", offset: 4 };
const record = struct({
  id: u32,
  flags: bits({ isLong: 0, isPlain: 1 }),
  power: when("flags.isLong", u32),
  range: when("flags.isLong", u64n, { unless: "flags.isPlain" }),
});
const list = struct({ count: u32, records: records(record, { count: "count" }) });

const SHORT = { id: 1, flags: { isLong: false, isPlain: false }, power: undefined, range: undefined };
const PLAIN = { id: 2, flags: { isLong: true, isPlain: true }, power: 3, range: undefined };
const LONG = { id: 4, flags: { isLong: true, isPlain: false }, power: 5, range: 6 };
const HEX = {
  short: "0100000000000000",
  plain: "020000000300000003000000",
  long: "0400000001000000 05000000 0600000000000000",
};

describe("a field that a flag announces", () => {
  test.each([
    ["clear", SHORT, HEX.short],
    ["set, and so is the one that excludes", PLAIN, HEX.plain],
    ["set", LONG, HEX.long],
  ])("is there as its flag says: %s", (_name, value, hex) => {
    const plain = hex.replaceAll(" ", "");
    expect(hexOf(record, value)).toBe(plain);
    expect(decode(record, viewOf(plain), 0, plain.length / 2)).toStrictEqual(value);
  });

  test("gives a struct the sizes that it can have", () => {
    expect([record.minBytes, record.maxBytes]).toEqual([8, 20]);
  });

  test("that is cut is named, with its offset", () => {
    const bytes = viewOf(HEX.long);
    expect(thrownBy(() => decode(record, bytes, 0, 19, ORIGIN))).toMatchObject({
      field: "response.range",
      offset: 4 + 12,
      expected: "8 bytes",
      got: "7 bytes",
    });
    for (const byteLength of [8, 11]) {
      expect(thrownBy(() => decode(record, bytes, 0, byteLength, ORIGIN))).toMatchObject({ field: "response.power" });
    }
  });

  test("with a value that its flag denies, or without one that it promises, is the caller's bug", () => {
    expect(() => hexOf(record, { ...SHORT, power: 1 })).toThrow(
      '"power" expected none as flags.isLong says, got a value',
    );
    expect(() => hexOf(record, { ...PLAIN, range: 1 })).toThrow(
      '"range" expected none as flags.isLong without flags.isPlain says',
    );
    expect(() => hexOf(record, { ...LONG, power: undefined })).toThrow('"power" expected a value as flags.isLong says');
  });

  test("stands behind its flag, before nothing but its like, and has a fixed size", () => {
    expect(() => struct({ power: when("flags.isLong", u32), flags: bits({ isLong: 0 }) })).toThrow(
      '"power" expected the field "flags.isLong" before it',
    );
    expect(() => struct({ flags: bits({ a: 0 }), power: when("flags.a", u32), id: u32 })).toThrow(
      '"id" expected a field with a flag behind "power"',
    );
    expect(() => when("flags.a", struct({ more: tail(u32) }))).toThrow(TypeError);
  });
});

describe("an array of records that end where their flags say", () => {
  const value = { count: 3, records: [LONG, SHORT, PLAIN] };
  const hex = `03000000${HEX.long}${HEX.short}${HEX.plain}`.replaceAll(" ", "");

  test("is walked record by record", () => {
    expect(hexOf(list, value)).toBe(hex);
    expect(decode(list, viewOf(hex), 0, hex.length / 2)).toStrictEqual(value);
    expect([list.minBytes, list.maxBytes]).toEqual([4, Number.POSITIVE_INFINITY]);
  });

  test("that is cut anywhere names the record and the field", () => {
    const view = viewOf(hex);
    const fieldAt = (byteLength: number) =>
      (thrownBy(() => decode(list, view, 0, byteLength, ORIGIN)) as MessageError).field;
    for (let byteLength = 4; byteLength < hex.length / 2; byteLength++) {
      expect(fieldAt(byteLength)).toMatch(
        byteLength < 24 ? /records\[0\]/ : byteLength < 32 ? /records\[1\]/ : /records\[2\]/,
      );
    }
    expect(fieldAt(4 + 20 + 8 + 11)).toBe("response.records[2].power");
  });

  test("that counts four billion and brings one is refused at the second", () => {
    expect(thrownBy(() => decode(list, viewOf(`ffffffff${HEX.short}`), 0, 12, ORIGIN))).toMatchObject({
      field: "response.records[1].id",
      offset: 4 + 12,
    });
  });

  test("with bytes behind what it counts is too long", () => {
    expect(() => decode(list, viewOf(`${hex}00000000`), 0, hex.length / 2 + 4)).toThrow(MessageError);
  });

  test("does not write beyond the capacity, and names the record that is wrong", () => {
    const view = new DataView(new ArrayBuffer(64));
    expect(() => encode(list, view, 0, value, hex.length / 2 - 1)).toThrow("expected at most 43 bytes, got 44 bytes");
    expect(encode(list, view, 0, value, hex.length / 2)).toBe(44);
    expect(() => hexOf(list, { count: 2, records: [SHORT, { ...LONG, range: undefined }] })).toThrow(
      '"records[1].range"',
    );
    expect(() => hexOf(list, { count: 1, records: [7 as never] })).toThrow(TypeError);
  });

  test("asks for structs that know their end, and for a count before them", () => {
    for (const element of [u32, struct({ words: array(u32) }), struct({}), struct({ more: tail(u32) })]) {
      expect(() => records(element as Type<unknown>, { count: "count" })).toThrow(TypeError);
    }
    expect(() => struct({ records: records(record, { count: "count" }) })).toThrow('the field "count" before it');
    expect(() => array(record, { count: "count" })).toThrow(TypeError);
  });
});
