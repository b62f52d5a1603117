import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type DecodedMessage, decodeTrace } from "../../src/trace/index.ts";

const { messages } = JSON.parse(readFileSync(new URL("../vectors/80-vendor.json", import.meta.url), "utf8")) as {
  readonly messages: readonly {
    readonly kind: string;
    readonly name: string;
    readonly headerBytes: string;
    readonly payload: string;
  }[];
};
const LABELS: Readonly<Record<string, string>> = { command: ">", response: "<", notification: "notification:" };
const text = messages.map(({ kind, headerBytes, payload }) => `${LABELS[kind]} ${headerBytes}${payload}`).join("\n");

/** What the examples of spec/80-vendor.md §11 say beside their bytes. */
const FIELDS = [
  { rtcId: 0, flags: { ticks: false } },
  { time: 0x6a1b2c3d },
  { flags: { alarm: true, rollover: false, updated: false, rtcId: 0 } },
  { ctrlId: 0x8001, num: 1, values: [0x11] },
  {},
  { cpuId: 1, flags: { table: false, boot: true, start: true, resume: false }, resetVector: 0x4_8000_0000n },
  {},
  { cpuId: 1 },
  {},
  { lmId: 2 },
  undefined, // DENIED
  {},
  { buildNumber: 250, commit: 0x0fa1b2c3, date: "Jan 04 2026", time: "10:11:12" },
];

test("NXP's protocols are read when their vendor is told", () => {
  const { decoded, summary } = decodeTrace(text, { vendor: "nxp" });
  expect(decoded.map((it) => (it as DecodedMessage).message)).toEqual(messages.map(({ name }) => name));
  expect(decoded.map((it) => (it as DecodedMessage).fields)).toEqual(FIELDS);
  expect(summary.findings).toEqual(["LMM_BOOT: 1 of 1 failed: 1 × DENIED"]);
});

test("NXP's protocols are read once the platform has said that it is of NXP, and are numbers before", () => {
  // BASE_DISCOVER_VENDOR: 0x10, message 3
  const vendor = "> 03400000\n< 03400000 00000000 4e585000000000000000000000000000";
  const before = "> 04001600 02000000"; // LMM_BOOT of machine 2
  const { decoded } = decodeTrace(`${before}\n${vendor}\n${before}`);
  expect(decoded.map((it) => (it as DecodedMessage).message)).toEqual([
    ...["0x04", "BASE_DISCOVER_VENDOR", "BASE_DISCOVER_VENDOR", "LMM_BOOT"],
  ]);
  expect(decoded[0]).toMatchObject({ protocol: "0x80", payload: "02000000" });
  expect(decoded[3]).toMatchObject({ protocol: "nxp-lmm", fields: { lmId: 2 } });
});

test("a vendor without a table is a caller's mistake", () => {
  expect(() => decodeTrace("", { vendor: "ACME" })).toThrow('"vendor" expected one with a table (NXP), got "ACME"');
});
