import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Ftrace } from "../trace/kit.ts";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scmi-decode-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scmi(input: string | Uint8Array, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "decode", ...args], {
    encoding: "utf8",
    input,
  });
  return { status, stdout, stderr };
}

const RATE_SET = "05 50 04 00  00 00 00 00 02 00 00 00 00 84 d7 17 00 00 00 00";

describe("scmi decode", () => {
  test("reads hexadecimal digits from standard input and says what they mean", () => {
    const { status, stdout, stderr } = scmi(`${RATE_SET}\n05 50 04 00 fb ff ff ff\n`);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("-> CLOCK_RATE_SET (clock 3.0 0x14) token 1\n");
    expect(stdout).toMatch(/rateHz +400000000 Hz/);
    expect(stdout).toContain("<- CLOCK_RATE_SET (clock 3.0 0x14) token 1 OUT_OF_RANGE (-5)");
    expect(stdout).toContain("status OUT_OF_RANGE is not among those of CLOCK_RATE_SET");
  });

  test("prints a line of JSON for each message, and the summary as the last", () => {
    const { status, stdout } = scmi(
      `0.5 ${RATE_SET}\n0.50002 05 50 04 00 00 00 00 00\n`,
      "-",
      "--json",
      "--profile",
      "2.0",
    );
    const lines = stdout
      .trim()
      .split("\n")
      .map((it) => JSON.parse(it));
    expect(status).toBe(0);
    expect(lines).toEqual([
      {
        ...{ kind: "command", protocol: "clock", message: "CLOCK_RATE_SET", token: 1 },
        fields: {
          flags: { async: false, ignoreDelayedResponse: false, roundUp: false, roundClosest: false },
          clockId: 2,
          rateHz: 400_000_000,
        },
        ...{ timeUs: 500_000, findings: [], protocolId: 0x14, messageId: 5, version: "1.0", versionFrom: "profile" },
      },
      {
        ...{
          kind: "response",
          protocol: "clock",
          message: "CLOCK_RATE_SET",
          token: 1,
          status: 0,
          statusName: "SUCCESS",
        },
        ...{ fields: {}, timeUs: 500_020, latencyUs: 20, findings: [], protocolId: 0x14, messageId: 5 },
        ...{ version: "1.0", versionFrom: "profile" },
      },
      expect.objectContaining({ kind: "summary", messages: 2, lost: 0, findings: [] }),
    ]);
  });

  test("reads several files one after the other, pairs across them, and says on stderr what it skips", () => {
    const [a, b] = [join(folder, "a.hex"), join(folder, "b.ftrace")];
    writeFileSync(a, `${RATE_SET}\nnot a message\n`);
    writeFileSync(b, new Ftrace().dump("RESP", "14", "05", 1, 0).text);
    const { status, stdout, stderr } = scmi("", a, b, "--json");
    const lines = stdout
      .trim()
      .split("\n")
      .map((it) => JSON.parse(it));
    expect(status).toBe(0);
    expect(lines.map(({ kind, pairing }) => [kind, pairing])).toEqual([
      ["command", undefined],
      ["response", undefined],
      ["summary", undefined],
    ]);
    expect(stderr).toBe(
      "scmi: line 2 skipped: expected the hexadecimal digits of a message, got something else: not a message\n",
    );
    expect(lines[2].skipped).toEqual({
      count: 1,
      first: [{ line: 2, reason: "expected the hexadecimal digits of a message, got something else" }],
    });
  });

  test("shows a coloured log without its colours, and what else would upset a terminal as ?", () => {
    const line =
      "\u001b[32m[    1.236102] \u001b[0m\u001b[33marm-scmi firmware:scmi: \u001b[0mtimed out in resp(caller: do_xfer+0x1)";
    const { stdout, stderr } = scmi(`${line}\n[    1.3] arm-scmi x: \u001b]0;title error\n`);
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "      1.236102 -- arm-scmi firmware:scmi: timed out in resp(caller: do_xfer+0x1)",
      expect.stringMatching(/^ +! no response came within the time-out \(asked by do_xfer\)/),
      "      1.300000 -- arm-scmi x: ?]0;title error",
    ]);
  });

  test("looks at the input when it is told to", () => {
    const { status, stdout, stderr } = scmi(RATE_SET, "--format", "auto");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("-> CLOCK_RATE_SET (clock 3.0 0x14) token 1\n");
  });

  test("reads raw bytes: an area, and records of raw mode", () => {
    const area = join(folder, "area.bin");
    writeFileSync(
      area,
      Buffer.from("00000000010000000000000000000000010000000c0000000040a8000000000001000200".padEnd(256, "0"), "hex"),
    );
    expect(scmi("", area).stdout).toMatch(/channel status +FREE: the area belongs to the agent/);
    const records = join(folder, "message");
    writeFileSync(records, Buffer.from(`00400400${"0040040000000000"}01000200${"01400800"}`, "hex"));
    const lines = scmi("", records, "--format", "raw", "--json")
      .stdout.trim()
      .split("\n")
      .map((it) => JSON.parse(it));
    expect(lines.slice(0, 3).map(({ kind, message, fields }) => [kind, message, fields])).toEqual([
      ["command", "PROTOCOL_VERSION", {}],
      ["response", "PROTOCOL_VERSION", { version: 0x20001 }],
      ["command", "PROTOCOL_ATTRIBUTES", {}],
    ]);
  });

  test("shows a live trace as it comes, and ends on SIGINT with the summary", async () => {
    const child = spawn(process.execPath, [program, "decode", "--json"]);
    let stdout = "";
    const first = new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text) => {
        stdout += text;
        if (stdout.includes("\n")) resolve();
      });
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    child.stdin.write(new Ftrace().dump("CMND", "14", "06", 1, 0, "02000000").text);
    await first; // stdin is still open
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    const [command, summary] = stdout
      .trim()
      .split("\n")
      .map((it) => JSON.parse(it));
    expect(command).toMatchObject({ kind: "command", message: "CLOCK_RATE_GET", fields: { clockId: 2 } });
    expect(summary).toMatchObject({ kind: "summary", messages: 1, unanswered: 1 });
  });

  test("ends without a word when nobody reads its output any more", async () => {
    const text = new Ftrace();
    for (let i = 0; i < 5000; i++) text.dump("CMND", "14", "06", i & 0x3ff, 0, "02000000");
    const file = join(folder, "long.ftrace");
    writeFileSync(file, text.text);
    const child = spawn(process.execPath, [program, "decode", file]);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (it) => {
      stderr += it;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(stderr).toBe("");
  });

  test.each([
    ["a file that is not there", ["nowhere.ftrace"], /FILE: expected a file that can be read, got nowhere\.ftrace/],
    [
      "a format that does not exist",
      ["-", "--format", "pcap"],
      /expected auto, hex, ftrace, dmesg, smt, raw, got pcap/,
    ],
    ["a release that does not exist", ["-", "--profile", "9"], /9/],
  ])("refuses %s with exit code 2", (_, args, text) => {
    const { status, stderr } = scmi("", ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(text);
  });
});
