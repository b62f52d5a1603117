import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PROTOCOLS } from "../../src/protocols/index.ts";
import { type DecodedMessage, decodeTrace, type MessageKind } from "../../src/trace/index.ts";
import { versionText } from "../../src/wire/index.ts";
import { EXPECTED, FAILED } from "../protocols/expected.ts";

interface MessageVector {
  readonly id: string;
  readonly name: string;
  readonly kind: MessageKind;
  readonly protocol: number;
  readonly message: number;
  readonly token: number;
  readonly headerBytes: string;
  readonly payload: string;
  readonly status?: number;
  readonly version?: number;
  readonly pair?: string;
}

interface AreaVector {
  readonly id: string;
  readonly direction: "agent-to-platform" | "platform-to-agent";
  readonly channel: "a2p" | "p2a";
  readonly bytes: string;
  readonly length: number;
  readonly header: number;
}

const folder = new URL("../vectors/", import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name): { messages: readonly MessageVector[]; areas: readonly AreaVector[] } =>
    JSON.parse(readFileSync(new URL(name, folder), "utf8")),
  );
/** Those whose meaning is written down. */
const messages = files.flatMap((it) => it.messages).filter(({ id }) => id in EXPECTED);
const areas = files.flatMap((it) => it.areas ?? []);

const LABELS = {
  command: "request:",
  response: "response:",
  delayedResponse: "delayed:",
  notification: "notification:",
};

/** Header word by multiplication, its bytes in order. */
function headerHex(token: number, protocol: number, message: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(message + protocol * 2 ** 10 + token * 2 ** 18);
  return bytes.toString("hex");
}

function versionWord(version: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(version);
  return bytes.toString("hex");
}

/** A trace in which the platform has said which version it has, then the message. */
function traceOf({ kind, protocol, headerBytes, payload, version }: MessageVector): string {
  const newest = PROTOCOLS.find(({ id }) => id === protocol)?.newestVersion ?? 0;
  const ask = headerHex(1023, protocol, 0);
  return [
    `request: ${ask}`,
    `response: ${ask}00000000${versionWord(version ?? newest)}`,
    `${LABELS[kind]} ${headerBytes}${payload}`,
  ].join("\n");
}

describe("golden vectors as hexadecimal digits", () => {
  test("are as many as have a meaning", () => {
    expect(messages.length).toBe(Object.keys(EXPECTED).length);
  });

  test.each(messages.map((it) => [it.id, it] as const))("%s", (id, vector) => {
    const { decoded, skipped } = decodeTrace(traceOf(vector));
    const message = decoded.at(-1) as DecodedMessage;
    const newest = PROTOCOLS.find((it) => it.id === vector.protocol)?.newestVersion ?? 0;
    const expected = EXPECTED[id];
    expect(skipped).toEqual([]);
    expect(message).toMatchObject({
      ...{ kind: vector.kind, message: vector.name, token: vector.token, protocolId: vector.protocol },
      ...{ version: versionText(vector.version ?? newest), versionFrom: "trace" },
    });
    expect(message.status).toBe(vector.status);
    expect(message.fields).toEqual(expected === FAILED ? undefined : expected);
    expect(message.findings.filter((it) => /expected|reserved|status/.test(it))).toEqual([]);
  });

  test("whose commands and responses follow each other are told apart without being told", () => {
    const pairs = new Map<string, MessageVector[]>();
    for (const it of messages) if (it.pair) pairs.set(it.pair, [...(pairs.get(it.pair) ?? []), it]);
    let counted = 0;
    for (const [pair, [command, answer, ...more]] of pairs) {
      if (command?.kind !== "command" || answer?.kind !== "response" || more.length > 0) continue;
      const lines = [command, answer].map((it) => it.headerBytes + it.payload);
      const { decoded } = decodeTrace(lines.join("\n"), { format: "hex" });
      expect([pair, decoded.map(({ kind }) => kind)]).toEqual([pair, ["command", "response"]]);
      counted++;
    }
    expect(counted).toBeGreaterThan(40);
  });
});

/** An area as somebody else's program prints it. */
const DUMPS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  "hexdump -C": (bytes) =>
    rows(bytes, (row, at) => {
      const digits = [...row].map((it) => it.toString(16).padStart(2, "0"));
      return `${at.toString(16).padStart(8, "0")}  ${digits.join(" ").padEnd(48)}  |${"".padEnd(row.length, ".")}|`;
    }),
  hexdump: (bytes) =>
    rows(bytes, (row, at) => {
      const words = Array.from({ length: row.length / 2 }, (_, i) =>
        row
          .readUInt16LE(i * 2)
          .toString(16)
          .padStart(4, "0"),
      );
      return `${at.toString(16).padStart(7, "0")} ${words.join(" ")}`;
    }),
  xxd: (bytes) =>
    rows(bytes, (row, at) => {
      const groups = row.toString("hex").match(/.{1,4}/g) ?? [];
      return `${at.toString(16).padStart(8, "0")}: ${groups.join(" ").padEnd(40)}  ${"".padEnd(row.length, ".")}`;
    }),
  "md of U-Boot": (bytes) =>
    rows(bytes, (row, at) => {
      const words = Array.from({ length: row.length / 4 }, (_, i) =>
        row
          .readUInt32LE(i * 4)
          .toString(16)
          .padStart(8, "0"),
      );
      return `${(0x4e080000 + at).toString(16)}: ${words.join(" ")}    ${"".padEnd(row.length, ".")}`;
    }),
  "0x words": (bytes) =>
    rows(bytes, (row) =>
      Array.from({ length: row.length / 4 }, (_, i) => `0x${row.readUInt32LE(i * 4).toString(16)}`).join(", "),
    ),
};

function rows(bytes: Buffer, print: (row: Buffer, at: number) => string): string {
  const count = Math.ceil(bytes.length / 16);
  return Array.from({ length: count }, (_, i) => print(bytes.subarray(i * 16, i * 16 + 16), i * 16)).join("\n");
}

describe("golden areas", () => {
  test("there are four", () => expect(areas.length).toBe(4));

  test.each(areas.flatMap((area) => [...Object.keys(DUMPS), "bytes"].map((dump) => [area.id, dump, area] as const)))(
    "%s as %s",
    (_, dump, { bytes: hex, channel, direction, length, header }) => {
      const bytes = Buffer.from(hex, "hex");
      const padded = Buffer.concat([bytes, Buffer.alloc(128 - bytes.length)]);
      const { decoded, skipped } = decodeTrace(DUMPS[dump]?.(padded) ?? new Uint8Array(padded));
      expect(skipped).toEqual([]);
      const [area, message] = decoded;
      const isAnswer = channel === "a2p" && direction === "platform-to-agent";
      expect(area).toMatchObject({
        ...{ kind: "area", direction: channel, length, header, byteLength: 128, findings: [] },
        // Who owns it in the text: after a command the platform, after its answer the agent; a notification waits for the agent.
        owner: isAnswer || channel === "p2a" ? "agent" : "platform",
        channelStatus: { free: isAnswer, error: false },
      });
      expect(message?.kind).toBe(channel === "p2a" ? "notification" : isAnswer ? "response" : "command");
    },
  );
});
