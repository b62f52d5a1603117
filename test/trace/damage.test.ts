import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TRACE_FORMATS, TraceReader } from "../../src/trace/index.ts";
import { Ftrace } from "./kit.ts";

const SOUND = new Ftrace()
  .begin("14", "06", 1)
  .dump("CMND", "14", "06", 1, 0, "02000000")
  .wait("14", "06", 1, 30)
  .after(12)
  .dump("RESP", "14", "06", 1, 0, "0084d71700000000")
  .done("14", "06", 1, 0)
  .end("14", "06", 1, 0)
  .dump("CMND", "10", "06", 2, 0, "00000000")
  .dump("RESP", "10", "06", 2, 0, "0400000011121314")
  .dump("NOTI", "11", "00", 0, 0, "010000000300000000000000").text;

const LOG = `[    1.000000] arm-scmi firmware:scmi: SCMI Protocol v2.0 'ARM:TEST' Firmware version 0x1
[   10.000000] arm-scmi firmware:scmi: timed out in resp(caller: do_xfer+0x164/0x568)
[   10.100000] arm-scmi firmware:scmi: Message for 17 type 0 is not expected!
[SCMI] OSPM: Cmd [740 (0x14:0x7)] returned error (-8)
`;

/** A text with some characters replaced, dropped or doubled. */
function damaged(text: string) {
  const edit = fc.record({ at: fc.nat(text.length - 1), cut: fc.nat(12), put: fc.string({ maxLength: 4 }) });
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) => {
    let result = text;
    for (const { at, cut, put } of edits) result = result.slice(0, at) + put + result.slice(at + cut);
    return result;
  });
}

/** Everything that is handed out, as text. */
function all(pieces: readonly Uint8Array[], format?: (typeof TRACE_FORMATS)[number]): string {
  const seen: unknown[] = [];
  const reader = new TraceReader({
    ...(format ? { format } : {}),
    onDecoded: (it) => void seen.push(it),
    onSkipped: (...it) => void seen.push(it),
  });
  for (const piece of pieces) reader.push(piece);
  reader.endInput();
  seen.push(reader.summary());
  return JSON.stringify(seen, (_, it) => (typeof it === "bigint" ? `${it}` : it));
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("damaged input", () => {
  test("of any bytes and any format decodes to something or is skipped, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(undefined, ...TRACE_FORMATS), (bytes, format) => {
        all([bytes], format);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["ftrace", SOUND],
    ["dmesg", LOG],
    ["hex", "05 50 04 00  00 00 00 00 02 00 00 00 00 84 d7 17 00 00 00 00\n0x00045005 0x0"],
    [
      "smt",
      "00000000  00 00 00 00 01 00 00 00  00 00 00 00 00 00 00 00\n00000010  01 00 00 00 0c 00 00 00  00 40 a8 00 00 00 00 00\n00000020  01 00 02 00\n",
    ],
  ] as const)("that once was %s costs what is damaged only", (format, text) => {
    fc.assert(
      fc.property(damaged(text), (broken) => {
        all([bytesOf(broken)], format);
        all([bytesOf(broken)]);
      }),
      { numRuns: 200 },
    );
  });

  test("is skipped line by line, with its number and the reason, and what stands around it counts", () => {
    const trace = new Ftrace()
      .dump("CMND", "14", "06", 1, 0, "02000000")
      .line("scribble")
      .line(
        "  <idle>-0 [000] d.h.. 1.0: scmi_msg_dump: id=0 ch=10 pt=14 t=RESP msg_id=06 seq=0001 s=0 pyld=0084d7170000000",
      )
      .line("  <idle>-0 [000] d.h.. 1.0: scmi_msg_dump: id=0 ch=10 pt=1")
      .line("  <idle>-0 [000] d.h.. 1.0: scmi_msg_dump: id=0 ch=10 pt=14 t=WHAT msg_id=06 seq=0001 s=0 pyld=")
      .line("  <idle>-0 [000] d.h.. 1.0: scmi_future_event: pt=14 msg_id=06 seq=0001")
      .line("  <idle>-0 [000] d.h.. 1.0: scmi_xfer_begin: pt=14 msg_id=06 seq=04FF transfer_id=1 poll=0")
      .line("  <idle>-0 [000] d.h.. 1.0: sched_switch: prev_comm=a prev_pid=1")
      .dump("RESP", "14", "06", 1, 0, "0084d71700000000");
    const { messages, skipped, summary } = trace.decode();
    expect(messages.map(({ kind, pairing }) => [kind, pairing])).toEqual([
      ["command", undefined],
      ["response", undefined],
    ]);
    expect(skipped.map(({ line, reason }) => [line, reason])).toEqual([
      [3, "expected a line of ftrace, got something else"],
      [4, "expected two digits a byte, got 15 digits"],
      [5, "expected pt and msg_id of 0 to FF, got none or more"],
      [6, 'expected a tag like CMND, got "WHAT"'],
      [7, "expected an event of the scmi trace system, got scmi_future_event"],
      [8, "expected seq of 0 to 3FF, got none or more"],
    ]);
    expect(summary.skipped).toMatchObject({ count: 6 });
    expect(summary.findings.at(-1)).toBe("6 lines could not be read and were skipped");
  });

  test("without line ends is dropped before it fills the memory", () => {
    const piece = new Uint8Array(1 << 16).fill(0x61);
    const pieces = Array.from({ length: 64 }, () => piece);
    expect(all(pieces, "ftrace")).toContain("expected a line of ftrace");
  });
});

describe("pieces", () => {
  test("may be cut anywhere: the same comes out", () => {
    for (const [format, text] of [
      ["ftrace", SOUND],
      ["dmesg", LOG],
      [undefined, SOUND],
      [undefined, LOG],
    ] as const) {
      const bytes = bytesOf(text);
      const whole = all([bytes], format);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 5 }), (cuts) => {
          const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          expect(all(pieces, format)).toBe(whole);
        }),
        { numRuns: 60 },
      );
    }
  });

  test("that were complete when the input was cut off are decoded, and what was cut is not damaged", () => {
    const [seen, skipped]: [unknown[], unknown[]] = [[], []];
    const reader = new TraceReader({
      onDecoded: (it) => void seen.push(it),
      onSkipped: (...it) => void skipped.push(it),
    });
    reader.push(bytesOf("06 50 04 00  02 00 00 00\n06 50 08 00  02 0"));
    reader.cutInput();
    expect(seen).toMatchObject([{ kind: "command", message: "CLOCK_RATE_GET", token: 1 }]);
    expect(skipped).toEqual([]);
  });

  test("of a live trace are decoded when their line ends, not when the input does", () => {
    const seen: unknown[] = [];
    const reader = new TraceReader({ onDecoded: (it) => void seen.push(it) });
    const [head = "", first = "", second = ""] = SOUND.split("\n").map((it) => `${it}\n`);
    reader.push(bytesOf(head + first));
    reader.push(bytesOf(second.slice(0, -10)));
    expect(seen.length).toBe(0);
    reader.push(bytesOf(second.slice(-10)));
    expect(seen.length).toBe(1);
  });
});
