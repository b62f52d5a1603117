import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  PERFORMANCE_STATISTICS_SIGNATURE,
  PerformanceDomainStatistics,
  PerformanceLevelMemory,
  PerformanceStatistics,
  PROTOCOLS,
} from "../../src/protocols/index.ts";
import {
  decode,
  decodeHeader,
  encode,
  encodeHeader,
  encodeStatus,
  type Layout,
  MESSAGE_TYPE,
  statusOf,
} from "../../src/wire/index.ts";
import { EXPECTED, FAILED } from "./expected.ts";

interface MessageVector {
  readonly id: string;
  readonly name: string;
  readonly kind: "command" | "response" | "delayedResponse" | "notification";
  readonly protocol: number;
  readonly message: number;
  readonly token: number;
  readonly header: number;
  readonly payload: string;
  readonly status?: number;
  readonly version?: number;
  readonly lastVersion?: number;
}

interface VectorFile {
  readonly headers: readonly { header: number; token: number; protocol: number; type: number; message: number }[];
  readonly messages: readonly MessageVector[];
  readonly regions: readonly { bytes: string }[];
  readonly memory: readonly { access: string; bytes: string }[];
}

const TYPE = {
  command: MESSAGE_TYPE.COMMAND,
  response: MESSAGE_TYPE.COMMAND,
  delayedResponse: MESSAGE_TYPE.DELAYED_RESPONSE,
  notification: MESSAGE_TYPE.NOTIFICATION,
} as const;

const load = (name: string): VectorFile =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
/** How many messages of the protocols with a table each text has, those of SCMI 4.0 left out; one a line, as texts come and go. */
const COUNTS = {
  "00-transport": 4,
  "10-base": 20,
  "11-power-domain": 16,
  "12-system-power": 14,
  "13-performance": 23,
  "14-clock": 26,
  "15-sensor": 32,
  "16-reset-domain": 14,
  "17-voltage": 17,
  "18-powercap": 14,
  "19-pinctrl": 18,
  notifications: 5,
};
const files = Object.keys(COUNTS).map(load);
const known = new Map(PROTOCOLS.map((it) => [it.id, it]));
/** Vectors of protocols with a table, in a version that it has: that of SCMI 4.0 is not out. */
const messages = files
  .flatMap((it) => it.messages)
  .filter(({ protocol, version = 0 }) => version <= (known.get(protocol)?.newestVersion ?? -1));

/** The layout of a vector in every version that its text has it for; in the newest where the text does not say. */
function layoutsOf(vector: MessageVector): Layout<unknown>[] {
  const protocol = known.get(vector.protocol);
  if (!protocol) return [];
  const { version = protocol.newestVersion, lastVersion = protocol.newestVersion } = vector;
  return protocol.versions
    .filter((it) => it >= version && it <= lastVersion)
    .map((it) => {
      const set = protocol.at(it);
      const { kind, message } = vector;
      const command = set.commandById(message);
      const layout =
        kind === "notification"
          ? set.notificationById(message)?.payload
          : kind === "command"
            ? command?.request
            : command?.[kind];
      if (!layout) throw new Error(`${vector.id}: expected the message in version ${it.toString(16)}, got none`);
      return layout;
    });
}

function viewOf(hex: string, before = 0): DataView {
  const bytes = Uint8Array.from([...new Uint8Array(before), ...Buffer.from(hex, "hex")]);
  return new DataView(bytes.buffer);
}

test("every vector of these protocols has its meaning written down", () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(messages.map(({ id }) => id).sort());
  const counted = files.map((it) => it.messages.filter((vector) => messages.includes(vector)).length);
  expect(counted).toEqual(Object.values(COUNTS));
});

describe.each(messages.map((it) => [it.id, it] as const))("%s", (id, vector) => {
  const expected = EXPECTED[id];
  const layouts = layoutsOf(vector);

  test("is known by its name", () => {
    expect(layouts.length).toBeGreaterThan(0);
    for (const layout of layouts) expect(layout.message).toBe(vector.name);
  });

  test("decodes to what the text says", () => {
    // Somewhere inside a larger view, as in shared memory.
    const view = viewOf(vector.payload, 12);
    const byteLength = vector.payload.length / 2;
    for (const layout of layouts) {
      if (vector.status !== undefined) expect(statusOf(view, 12, byteLength, vector.name)).toBe(vector.status);
      if (expected === FAILED) continue;
      expect(layout.decode(view, 12, byteLength)).toEqual(expected);
      expect(layout.decodeByType(view, 12, byteLength)).toEqual(expected);
      expect(layout.findReserved(view, 12, byteLength)).toBeUndefined();
    }
  });

  test("encodes to the bytes of the text", () => {
    const bytes = new Uint8Array(256).fill(0xaa);
    const view = new DataView(bytes.buffer);
    for (const layout of layouts) {
      for (const run of expected === FAILED ? ["status"] : ["encode", "encodeByType"]) {
        bytes.fill(0xaa);
        const written =
          run === "status"
            ? encodeStatus(view, 12, vector.status ?? 0)
            : layout[run as "encode" | "encodeByType"](view, 12, expected);
        expect(Buffer.from(bytes.subarray(12, 12 + written)).toString("hex")).toBe(vector.payload);
        expect([...bytes.subarray(0, 12), ...bytes.subarray(12 + written)].every((it) => it === 0xaa)).toBe(true);
      }
    }
  });

  test("has the header that its fields make", () => {
    const fields = {
      protocolId: vector.protocol,
      messageType: TYPE[vector.kind],
      messageId: vector.message,
      token: vector.token,
    };
    expect(encodeHeader(fields)).toBe(vector.header);
    expect(decodeHeader(vector.header)).toEqual(fields);
  });
});

test("the headers of the transport text are composed and taken apart", () => {
  for (const { header, token, protocol, type, message } of files.flatMap((it) => it.headers)) {
    const fields = { protocolId: protocol, messageType: type, messageId: message, token };
    expect(encodeHeader(fields)).toBe(header);
    expect(decodeHeader(header)).toEqual(fields);
  }
});

test("the statistics region reads as the text says, and writes back byte for byte", () => {
  const hex = load("13-performance").regions[0]?.bytes ?? "";
  const view = viewOf(hex);
  const head = decode(PerformanceStatistics, view, 0, view.byteLength);
  expect(head).toEqual({
    signature: PERFORMANCE_STATISTICS_SIGNATURE,
    revision: 0,
    attributes: 0,
    domainCount: 1,
    domainOffsets: [0x18],
  });
  const offset = head.domainOffsets[0] ?? 0;
  const domain = decode(PerformanceDomainStatistics, view, offset, view.byteLength - offset);
  expect(domain).toEqual({
    levelCount: 2,
    currentLevel: 1,
    extendedOffset: 0,
    lastChangeUs: 5_000_000,
    levels: [
      { levelId: 0, usageCount: 3, residencyUs: 4_200_000 },
      { levelId: 1, usageCount: 3, residencyUs: 800_000 },
    ],
  });
  const written = new DataView(new ArrayBuffer(view.byteLength));
  encode(PerformanceStatistics, written, 0, head);
  encode(PerformanceDomainStatistics, written, offset, domain);
  expect(Buffer.from(written.buffer).toString("hex")).toBe(hex);
});

test("a level written to its FastChannel is the bytes of the text", () => {
  const access = load("13-performance").memory.find((it) => it.access === "write");
  const view = new DataView(new ArrayBuffer(4));
  expect(encode(PerformanceLevelMemory, view, 0, { performanceLevel: 1400 })).toBe(4);
  expect(Buffer.from(view.buffer).toString("hex")).toBe(access?.bytes);
});
