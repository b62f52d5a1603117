import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TraceDecoder, type TraceEvent, traceExporter } from "../../src/trace/index.ts";
import { livelyTrace } from "./traced-machine.ts";

const dissector = fileURLToPath(new URL("../../wireshark/scmi.lua", import.meta.url));
const hasTshark = spawnSync("tshark", ["--version"]).status === 0;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scmi-pcapng-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(events: readonly TraceEvent[]): Buffer {
  const pieces: Uint8Array[] = [];
  const exporter = traceExporter("pcapng", (bytes) => void pieces.push(bytes));
  for (const event of events) exporter.write(event);
  exporter.end();
  return Buffer.concat(pieces);
}

/** Blocks of a pcapng file: type and what is in them. draft-ietf-opsawg-pcapng, general block structure. */
function blocksOf(file: Buffer): { readonly type: number; readonly inside: Buffer }[] {
  const blocks = [];
  for (let at = 0; at < file.byteLength; ) {
    const byteLength = file.readUInt32LE(at + 4);
    expect(byteLength % 4).toBe(0);
    expect(file.readUInt32LE(at + byteLength - 4)).toBe(byteLength);
    blocks.push({ type: file.readUInt32LE(at), inside: file.subarray(at + 8, at + byteLength - 4) });
    at += byteLength;
  }
  return blocks;
}

describe("a pcapng file", () => {
  test("has a section, one interface of link type USER0 in nanoseconds, and a packet a message", async () => {
    const events = await livelyTrace();
    const [section, description, ...packets] = blocksOf(fileOf(events));
    expect(section?.type).toBe(0x0a0d0d0a);
    expect(section?.inside.toString("hex")).toBe("4d3c2b1a01000000ffffffffffffffff");
    // link type 147, no snap length, if_tsresol (9) of one byte: 9, end of options
    expect(description).toMatchObject({ type: 1 });
    expect(description?.inside.toString("hex")).toBe("9300000000000000090001000900000000000000");
    const shown = events.filter(({ kind }) => kind === "message" || kind === "fastChannel");
    expect(packets).toHaveLength(shown.length);
    expect(new Set(packets.map(({ type }) => type))).toEqual(new Set([6]));
  });

  test("puts direction, channel and framing in front of each message, which is as it was on the wire", () => {
    const event: TraceEvent = {
      ...{ kind: "message", role: "response", timeUs: 4_294_967_296, instance: 2, channel: 7, framing: "msg" },
      ...{ protocolId: 0x14, messageId: 7, token: 0x123, payload: Uint8Array.of(1, 2, 3, 4, 5) },
    };
    const packet = blocksOf(fileOf([event]))[2]?.inside ?? Buffer.alloc(0);
    // 4,294,967,296 µs = 0x3e8_00000000 ns; 25 bytes, padded to 28
    expect(packet.subarray(0, 20).toString("hex")).toBe(`00000000${"e8030000"}${"00000000"}${"19000000"}${"19000000"}`);
    // format 1, P2A, MSG, response, instance 2, channel 7, version 3.0 (assumed), no refusal, whole; then the header word:
    // token 0x123 << 18 | 0x14 << 10 | 7 (spec 00-transport)
    expect(packet.subarray(20, 45).toString("hex")).toBe("0101020102000700000003000000000007508c040102030405");
    expect(packet.byteLength).toBe(20 + 28);
  });

  test.skipIf(!hasTshark)("shows the same names in tshark as the decoder (needs tshark)", async () => {
    const events = await livelyTrace();
    const decoder = new TraceDecoder();
    const expected = events
      .map((event) => ({ event, decoded: decoder.take(event) }))
      .filter(({ event }) => event.kind === "message" || event.kind === "fastChannel")
      .map(({ decoded }) => (decoded && "message" in decoded ? decoded.message : undefined));
    const rows = tshark(events, "scmi.message");
    expect(rows.map(([name]) => name)).toEqual(expected);
  });

  test.skipIf(!hasTshark)("shows fields, statuses and pairs in tshark (needs tshark)", async () => {
    const events = await livelyTrace();
    const fields = ["scmi.message", "scmi.role", "scmi.status", "scmi.clock.rateHz", "scmi.request_in", "_ws.expert"];
    const rows = tshark(events, ...fields);
    const set = rows.findIndex(([name, role]) => name === "CLOCK_RATE_SET" && role === "0");
    const done = rows.find(([name]) => name === "CLOCK_RATE_SET_COMPLETE");
    expect(rows[set]?.[3]).toMatch(/^\d+$/);
    expect(done).toEqual(["CLOCK_RATE_SET_COMPLETE", "2", "0", rows[set]?.[3], `${set + 1}`, ""]);
    const refused = rows.find(([name, , status]) => name === "CLOCK_RATE_GET" && status === "-4");
    expect(refused).toBeDefined();
    // No layout of ours is too long or too short for what our machine says
    expect(rows.map((row) => row[5])).toEqual(rows.map(() => ""));
    expect(tshark(events, "scmi.rest").flat().join("")).toBe("");
  });

  function tshark(events: readonly TraceEvent[], ...fields: readonly string[]): string[][] {
    const path = join(folder, "trace.pcapng");
    writeFileSync(path, fileOf(events));
    const args = ["-X", `lua_script:${dissector}`, "-r", path, "-T", "fields", "-E", "occurrence=f"];
    const { status, stdout, stderr } = spawnSync("tshark", [...args, ...fields.flatMap((it) => ["-e", it])], {
      encoding: "utf8",
    });
    expect({ status, stderr: stderr.replace(/^Running as user.*\n/, "") }).toEqual({ status: 0, stderr: "" });
    return stdout
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => line.split("\t"));
  }
});
