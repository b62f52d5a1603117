import { describe, expect, test } from "vitest";
import { MessageError } from "../../src/errors.ts";
import { framed, MessageCutter } from "../../src/stream/message-cutter.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const MESSAGES = [bytes(1, 2, 3, 4), bytes(...Array(12).keys()), bytes(9, 9, 9, 9, 9), bytes(...Array(64).keys())];
const STREAM = Uint8Array.from(MESSAGES.flatMap((message) => [message.byteLength, 0, 0, 0, ...message]));

/** Everything that is whole by now. */
function drain(cutter: MessageCutter): number[][] {
  const found: number[][] = [];
  for (let it = cutter.next(); it; it = cutter.next()) found.push([...it]);
  return found;
}

test("a message travels behind its length, little-endian, that counts header and payload", () => {
  // Base PROTOCOL_VERSION, token 0: 00 40 00 00, of four bytes
  expect([...framed(bytes(0, 0x40, 0, 0))]).toEqual([4, 0, 0, 0, 0, 0x40, 0, 0]);
  expect([...framed(new Uint8Array(0x102)).subarray(0, 4)]).toEqual([2, 1, 0, 0]);
});

describe("a cutter", () => {
  test("finds the same messages wherever the stream is cut in two", () => {
    for (let at = 0; at <= STREAM.byteLength; at++) {
      const cutter = new MessageCutter(64, "test");
      cutter.add(STREAM.subarray(0, at));
      const first = drain(cutter);
      cutter.add(STREAM.subarray(at));
      expect([...first, ...drain(cutter)], `cut at ${at}`).toEqual(MESSAGES.map((message) => [...message]));
    }
  });

  test.each([1, 2, 3, 5, 7, 11])("finds them in chunks of %i bytes, read at once or at the end", (size) => {
    const eager = new MessageCutter(64, "test");
    const late = new MessageCutter(64, "test");
    const found: number[][] = [];
    for (let at = 0; at < STREAM.byteLength; at += size) {
      eager.add(STREAM.subarray(at, at + size));
      late.add(STREAM.subarray(at, at + size));
      found.push(...drain(eager));
    }
    expect(found).toEqual(MESSAGES.map((message) => [...message]));
    expect(drain(late)).toEqual(found);
  });

  test("says for every place whether the stream may end there", () => {
    let ends = 0;
    const boundaries = new Set([0, ...MESSAGES.map((message) => (ends += 4 + message.byteLength))]);
    for (let at = 0; at <= STREAM.byteLength; at++) {
      const cutter = new MessageCutter(64, "test");
      cutter.add(STREAM.subarray(0, at));
      drain(cutter);
      expect(cutter.truncation() === undefined, `end at ${at}`).toBe(boundaries.has(at));
    }
    const cutter = new MessageCutter(64, "a stream");
    cutter.add(bytes(12, 0, 0, 0, 1, 2, 3));
    drain(cutter);
    expect(cutter.truncation()).toMatchObject({
      ...{ field: "message", offset: 4, expected: "12 bytes", got: "the end after 3 bytes" },
      message: "a stream: message at byte 4: expected 12 bytes, got the end after 3 bytes",
    });
  });

  test.each([0, 1, 2, 3, 65, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff])("refuses a length of %i", (length) => {
    const cutter = new MessageCutter(64, "test");
    const head = new Uint8Array(8);
    new DataView(head.buffer).setUint32(0, length, true);
    cutter.add(head);
    expect(() => cutter.next()).toThrow(MessageError);
    expect(() => new MessageCutter(64, "test").next()).not.toThrow();
  });

  test.each([4, 5, 63, 64])("takes a length of %i", (length) => {
    const cutter = new MessageCutter(64, "test");
    cutter.add(framed(new Uint8Array(length)));
    expect(cutter.next()?.byteLength).toBe(length);
    expect(cutter.next()).toBeUndefined();
  });

  test("refuses a limit that no message fits", () => {
    for (const limit of [3, -1, 4.5, Number.NaN]) expect(() => new MessageCutter(limit, "test")).toThrow(RangeError);
  });
});
