import { describe, expect, test } from "vitest";
import { type DecodedArea, decodeTrace } from "../../src/trace/index.ts";

/** An area of 128 bytes by its words: status, flags, length, header, payload. */
function area(status: number, flags: number, length: number, header: number, payload = "", bytes = 128): Uint8Array {
  const memory = Buffer.alloc(bytes);
  memory.writeUInt32LE(status, 0x04);
  memory.writeUInt32LE(flags, 0x10);
  memory.writeUInt32LE(length, 0x14);
  memory.writeUInt32LE(header, 0x18);
  memory.write(payload, 0x1c, "hex");
  return new Uint8Array(memory);
}

/** CLOCK_RATE_GET, token 1: protocol 0x14, message 6. */
const RATE_GET = 6 + 0x14 * 2 ** 10 + 2 ** 18;
const RATE = "000000000084d71700000000";

function read(bytes: Uint8Array): DecodedArea {
  const [first] = decodeTrace(bytes, { format: "smt" }).decoded;
  if (first?.kind !== "area") throw new Error("expected an area");
  return first;
}

describe("a shared-memory area", () => {
  test.each([
    ["a command that the platform works on", area(0, 1, 8, RATE_GET, "02000000"), "platform"],
    ["an answer that the agent may read", area(1, 1, 16, RATE_GET, RATE), "agent"],
    ["an answer that failed", area(1, 0, 8, RATE_GET, "fcffffff"), "agent"],
    ["a notification for the agent", area(0, 0, 16, 0x4700, "020000000300000000000000"), "agent"],
    ["a notification that the agent has read", area(1, 0, 16, 0x4700, "020000000300000000000000"), "platform"],
  ])("with %s has nothing wrong", (_, bytes, owner) => {
    expect(read(bytes)).toMatchObject({ owner, findings: [] });
  });

  test.each([
    ["an answer that was not given back", area(0, 1, 16, RATE_GET, RATE), /holds a response and FREE is clear/],
    [
      "a command that was not handed over",
      area(1, 1, 8, RATE_GET, "02000000"),
      /FREE is set and the area holds a command/,
    ],
    ["FREE and ERROR", area(3, 1, 16, RATE_GET, RATE), /the last transfer failed on the way/],
    ["ERROR alone", area(2, 1, 8, RATE_GET, "02000000"), /belongs together with FREE/],
    ["a length below a header", area(0, 1, 3, RATE_GET), /length is 3: expected at least the 4 bytes of the header/],
    ["a length beyond the area", area(0, 1, 105, RATE_GET), /length is 105: the area has room for 104 bytes/],
    ["a length that is no whole word", area(0, 1, 10, RATE_GET, "02000000"), /length is 10: messages are whole words/],
    ["no answer", area(1, 1, 0, RATE_GET), /length is 0/],
    [
      "reserved bits of the status",
      area(5, 1, 16, RATE_GET, RATE),
      /reserved bits of channel_status are set: 0x00000005/,
    ],
    [
      "reserved bits of the flags",
      area(1, 2, 16, RATE_GET, RATE),
      /reserved bits of channel_flags are set: 0x00000002/,
    ],
    ["nothing", area(0, 0, 0, 0), /nobody has initialised it/],
    ["all bits set", new Uint8Array(128).fill(0xff), /nothing answers at this address/],
  ])("with %s says so", (_, bytes, finding) => {
    expect(read(bytes).findings.join("\n")).toMatch(finding);
  });

  test("is full at exactly its size", () => {
    expect(read(area(0, 1, 104, RATE_GET)).findings.join()).not.toMatch(/room/);
  });

  const FULL = area(0, 1, 16, RATE_GET, RATE);
  const rows = Array.from({ length: 8 }, (_, i) => Buffer.from(FULL.subarray(16 * i, 16 * i + 16)));

  test("is as large as a dump of hexdump without -C says, whose last offset has seven digits", () => {
    const words = (row: Buffer) => row.toString("hex").replace(/(..)(..)/g, "$2$1 ");
    const shown = rows.slice(0, 4).map((row, i) => `00000${i}0 ${words(row)}`);
    const text = [...shown, "*", "0000080", ""].join("\n");
    expect(decodeTrace(text, { format: "smt" }).decoded[0]).toMatchObject({ byteLength: 128, length: 16 });
  });

  test("is as large as a dump of od says, which counts in octal", () => {
    const shown = rows
      .slice(0, 4)
      .map((row, i) => `${(16 * i).toString(8).padStart(7, "0")} ${row.toString("hex").replace(/(..)/g, "$1 ")}`);
    const text = [...shown, "*", "0000200", ""].join("\n");
    expect(decodeTrace(text, { format: "smt" }).decoded[0]).toMatchObject({ byteLength: 128, length: 16 });
  });

  test("is read beside the characters that od -z shows", () => {
    const shown = rows.map(
      (row, i) => `0000${i}0 ${row.toString("hex").replace(/(..)/g, "$1 ")} >${".".repeat(15)}<${"<"}`,
    );
    expect(decodeTrace([...shown, "000080", ""].join("\n"), { format: "smt" })).toMatchObject({
      decoded: [{ byteLength: 128, length: 16 }, { message: "CLOCK_RATE_GET" }],
      skipped: [],
    });
  });

  test("is not made of text without any digits", () => {
    for (const format of ["smt", "raw"] as const) {
      const { decoded, skipped } = decodeTrace("Nothing here is a dump, although it is long enough.\n", { format });
      expect(decoded).toEqual([]);
      expect(skipped).toEqual([
        expect.objectContaining({
          line: 0,
          reason: "expected bytes, or a dump of them with a line of digits, got other text",
        }),
      ]);
    }
  });

  test("below 28 bytes is none", () => {
    expect(decodeTrace(new Uint8Array(27), { format: "smt" }).skipped[0]?.reason).toBe(
      "expected an area of at least 28 bytes, got 27",
    );
  });
});
