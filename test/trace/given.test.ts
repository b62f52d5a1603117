import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DecodedMessage, decodeTrace } from "../../src/trace/index.ts";

/** A real kernel's trace and log, where SCMI_TRACES_DIR names a folder of them. */
const folder = process.env.SCMI_TRACES_DIR ?? "";
const ftrace = `${folder}/linux-7.2-boot.ftrace`;
const dmesg = `${folder}/linux-7.2-boot.dmesg`;
const isGiven = existsSync(ftrace) && existsSync(dmesg);
if (!isGiven) console.warn("SCMI_TRACES_DIR names no folder with linux-7.2-boot.ftrace: its tests are skipped");

/** How many lines have all of these in them. */
function countOf(text: string, ...parts: readonly string[]): number {
  return text.split("\n").filter((line) => parts.every((part) => line.includes(part))).length;
}

describe.runIf(isGiven)("the boot of Linux 7.2", () => {
  const text = isGiven ? readFileSync(ftrace, "utf8") : "";
  const { decoded, skipped, summary } = decodeTrace(text);
  const messages = decoded as readonly DecodedMessage[];

  test("has as many messages as lines that dump one, and nothing is skipped", () => {
    expect(skipped).toEqual([]);
    expect(messages.length).toBe(countOf(text, "scmi_msg_dump:"));
    expect(summary.counts).toMatchObject({
      command: countOf(text, "t=CMND"),
      response: countOf(text, "t=RESP"),
      notification: countOf(text, "t=NOTI"),
    });
  });

  test("counts each command as often as a search for its numbers does", () => {
    for (let protocol = 0x10; protocol <= 0x19; protocol++) {
      for (let id = 0; id <= 0x12; id++) {
        const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, "0");
        const lines = countOf(text, "t=CMND", `pt=${hex(protocol)} `, `msg_id=${hex(id)} `);
        const found = messages.filter(
          (it) => it.kind === "command" && it.protocolId === protocol && it.messageId === id,
        );
        expect([protocol, id, found.length]).toEqual([protocol, id, lines]);
      }
    }
    expect(summary.commands.reduce((sum, { count }) => sum + count, 0)).toBe(countOf(text, "t=CMND"));
  });

  test("has every response paired, in no time by this kernel's clock, and every failure counted", () => {
    const responses = messages.filter(({ kind }) => kind === "response");
    expect(responses.every(({ latencyUs, pairing }) => latencyUs === 0 && pairing === undefined)).toBe(true);
    expect(responses.filter(({ status }) => status === -4).length).toBe(countOf(text, "t=RESP", "s=-4"));
    expect(summary).toMatchObject({ lost: 0, late: 0, duplicate: 0, unexpected: 0, unanswered: 0 });
  });

  test("shows values that one can read in the trace by eye", () => {
    const fieldsOf = (name: string, n = 0) =>
      messages.filter((it) => it.kind === "response" && it.message === name)[n]?.fields;
    expect(fieldsOf("BASE_DISCOVER_VENDOR")).toEqual({ vendorIdentifier: "nodejs" }); // 6e6f64656a73
    expect(fieldsOf("BASE_DISCOVER_LIST_PROTOCOLS", 1)).toEqual({
      numProtocols: 4,
      protocols: [0x15, 0x16, 0x17, 0x18],
    });
    expect(fieldsOf("RESET_DOMAIN_ATTRIBUTES")).toMatchObject({ name: "gpu_rst" });
    // 0300000000350c00a0bb0d0040420f00
    expect(fieldsOf("VOLTAGE_DESCRIBE_LEVELS")).toMatchObject({ levelsUv: [800_000, 900_000, 1_000_000] });
  });

  test("assumes the version that the platform reported", () => {
    const reported = new Map(
      messages
        .filter(({ kind, message }) => kind === "response" && message === "PROTOCOL_VERSION")
        .map(({ protocolId, fields }) => [protocolId, (fields as { version: number }).version]),
    );
    for (const { protocolId, message, version, findings } of messages) {
      if (message === "PROTOCOL_VERSION" || findings.length > 0) continue;
      const word = reported.get(protocolId) ?? 0;
      expect(version).toBe(`${Math.floor(word / 65536)}.${word % 65536}`);
    }
  });

  test("finds only what Linux cut off: it asks for a reading of 8 bytes where the version has 16", () => {
    expect([...new Set(messages.filter(({ findings }) => findings.length > 0).map(({ message }) => message))]).toEqual([
      "SENSOR_READING_GET",
    ]);
  });

  test("reads the same from its log: vendor, versions and time-out", () => {
    const log = decodeTrace(readFileSync(dmesg, "utf8"));
    const meanings = log.decoded.flatMap(({ findings }) => findings);
    expect(log.skipped).toEqual([]);
    expect(log.decoded.length).toBe(
      readFileSync(dmesg, "utf8")
        .split("\n")
        .filter((it) => /scmi/i.test(it)).length,
    );
    expect(meanings).toContain("Base protocol 2.0, vendor nodejs:tsscmi, implementation version 0x10203");
    expect(meanings.join()).toMatch(/waits 60000 ms for a response/);
    expect(log.summary.findings).toEqual([]);
  });
});

test.runIf(!isGiven)("a real trace was not given; SCMI_TRACES_DIR says where one is", (context) => context.skip());
