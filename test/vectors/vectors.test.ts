import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Kind = "command" | "response" | "delayedResponse" | "notification";

interface Field {
  readonly offset: number;
  readonly bytes: string;
  readonly meaning: string;
}

interface HeaderVector {
  readonly origin: string;
  readonly header: number;
  readonly bytes: string;
  readonly token: number;
  readonly protocol: number;
  readonly type: number;
  readonly message: number;
}

interface MessageVector {
  readonly id: string;
  readonly origin: string;
  readonly what: string;
  readonly name: string;
  readonly kind: Kind;
  readonly protocol: number;
  readonly message: number;
  readonly token: number;
  readonly header: number;
  readonly headerBytes: string;
  readonly payload: string;
  readonly status?: number;
  readonly statedPayloadBytes: number;
  readonly statedLengthField?: number;
  readonly pair?: string;
  readonly version?: number;
  readonly lastVersion?: number;
  readonly note?: string;
  readonly fields: readonly Field[];
}

interface AreaVector {
  readonly id: string;
  readonly origin: string;
  readonly direction: "agent-to-platform" | "platform-to-agent";
  readonly channel: "a2p" | "p2a";
  readonly bytes: string;
  readonly status: number;
  readonly flags: number;
  readonly length: number;
  readonly header: number;
  readonly payload: string;
  readonly pair?: string;
}

interface RegionVector {
  readonly origin: string;
  readonly what: string;
  readonly statedBytes: number;
  readonly bytes: string;
  readonly fields: readonly Field[];
}

interface WriteVector {
  readonly origin: string;
  readonly access: "write";
  readonly address: number;
  readonly bytes: string;
  readonly fastChannel?: string;
}

interface DoorbellVector {
  readonly origin: string;
  readonly access: "doorbell";
  readonly address: number;
  readonly width: number;
  readonly preserveMask: number;
  readonly setMask: number;
  readonly before?: number;
  readonly after?: number;
  readonly fastChannel: string;
}

type ValueVector =
  | { readonly origin: string; readonly type: "i32"; readonly value: number; readonly bytes: string }
  | {
      readonly origin: string;
      readonly type: "notificationKey";
      readonly value: number;
      readonly protocol: number;
      readonly event: number;
      readonly source: number;
    };

interface VectorFile {
  readonly origin: string;
  readonly headers: readonly HeaderVector[];
  readonly messages: readonly MessageVector[];
  readonly areas: readonly AreaVector[];
  readonly regions: readonly RegionVector[];
  readonly memory: readonly (WriteVector | DoorbellVector)[];
  readonly values: readonly ValueVector[];
}

/** Examples per file: headers, messages, areas, regions, memory accesses, values. Counted in the text, not in the files. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  "00-transport": [13, 4, 4, 0, 1, 0],
  "10-base": [0, 20, 0, 0, 0, 0],
  "11-power-domain": [0, 16, 0, 0, 0, 0],
  "12-system-power": [0, 14, 0, 0, 0, 0],
  "13-performance": [0, 23, 0, 1, 2, 0],
  "14-clock": [0, 26, 0, 0, 0, 0],
  "15-sensor": [0, 32, 0, 0, 0, 0],
  "16-reset-domain": [0, 14, 0, 0, 0, 0],
  "17-voltage": [0, 17, 0, 0, 0, 1],
  "18-powercap": [0, 17, 0, 0, 2, 0],
  "19-pinctrl": [0, 18, 0, 0, 0, 0],
  "1b-telemetry": [0, 8, 0, 1, 0, 0],
  "80-vendor": [0, 13, 0, 0, 0, 0],
  notifications: [0, 5, 0, 0, 0, 2],
  "raw-mode": [0, 2, 0, 0, 0, 0],
};

const TYPE: Readonly<Record<Kind, number>> = { command: 0, response: 0, delayedResponse: 2, notification: 3 };

const STATUS: Readonly<Record<string, number>> = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  DENIED: -3,
  NOT_FOUND: -4,
  OUT_OF_RANGE: -5,
  BUSY: -6,
  COMMS_ERROR: -7,
  GENERIC_ERROR: -8,
  HARDWARE_ERROR: -9,
  PROTOCOL_ERROR: -10,
  IN_USE: -11,
  PARTIAL_ERROR: -12,
};

const here = new URL(".", import.meta.url);
const names = readdirSync(here)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length))
  .sort();
const files = new Map<string, VectorFile>();
for (const name of names) {
  const file: VectorFile = JSON.parse(readFileSync(new URL(`${name}.json`, here), "utf8"));
  files.set(name, file);
}
const all = [...files.values()];
const messages = all.flatMap((file) => file.messages);
const areas = all.flatMap((file) => file.areas);
const regions = all.flatMap((file) => file.regions);
const memory = all.flatMap((file) => file.memory);
const values = all.flatMap((file) => file.values);

function bytesOf(hex: string): Buffer {
  expect(hex, "lowercase hex, two digits a byte").toMatch(/^(?:[0-9a-f]{2})*$/);
  return Buffer.from(hex, "hex");
}

/** Composed by multiplication, so that no shift can reach the sign bit. */
function headerOf(token: number, protocol: number, type: number, message: number): number {
  return message + type * 2 ** 8 + protocol * 2 ** 10 + token * 2 ** 18;
}

function pairs(): Map<string, MessageVector[]> {
  const found = new Map<string, MessageVector[]>();
  for (const message of messages) {
    if (message.pair === undefined) continue;
    found.set(message.pair, [...(found.get(message.pair) ?? []), message]);
  }
  return found;
}

function expectEndToEnd(fields: readonly Field[], whole: string, label: string): void {
  let end = 0;
  for (const field of fields) {
    expect(field.offset, `${label} ${field.meaning}`).toBe(end);
    expect(field.meaning, label).not.toBe("");
    end += bytesOf(field.bytes).length;
  }
  expect(fields.map((field) => field.bytes).join(""), label).toBe(whole);
}

/** The number a meaning states for its whole field: "range_max = 1400", "latency 50 us", "domain_id 0"; not "rev dword 1". */
function statedNumber(meaning: string): bigint | undefined {
  const plain = meaning.replace(/ \(.*\)$/, "").replace(/ (?:us|uV|uW|mW|Hz|kHz)\b.*$/, "");
  const found = /^(?!.*\b(?:dword|pins)\b)(?:\w[\w ]*?(?: = | +))?(0x[0-9A-F]+|-?\d+)$/.exec(plain)?.[1];
  return found === undefined ? undefined : BigInt(found);
}

function numberIn(bytes: Buffer, signed: boolean): bigint {
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return signed ? BigInt.asIntN(bytes.length * 8, value) : value;
}

describe("the files", () => {
  test("there is one file for every text with worked bytes, and it holds every example counted there", () => {
    expect(names).toEqual(Object.keys(COUNTS).sort());
    for (const [name, file] of files) {
      expect(file.origin).toBe(`spec/${name}.md`);
      const counts = [file.headers, file.messages, file.areas, file.regions, file.memory, file.values];
      expect(
        counts.map((list) => list.length),
        name,
      ).toEqual(COUNTS[name]);
    }
  });

  test("every entry names the section of its file's text", () => {
    for (const file of all) {
      const lists = [file.headers, file.messages, file.areas, file.regions, file.memory, file.values];
      for (const { origin } of lists.flat()) expect(origin.startsWith(`${file.origin} §`), origin).toBe(true);
    }
  });

  test("an id is used once in all files and starts with its file's number or name", () => {
    const ids = [...messages, ...areas].map((entry) => entry.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, file] of files) {
      const prefix = /^[0-9]/.test(name) ? name.slice(0, 2) : name;
      for (const { id } of [...file.messages, ...file.areas]) expect(id.startsWith(`${prefix}-`), id).toBe(true);
    }
  });

  test("a protocol's message id has the same name in every file, and a name means one message", () => {
    const names = new Map<string, string>();
    for (const { id, name, kind, protocol, message } of messages) {
      const role = kind === "response" ? "command" : kind;
      const key = `${role} ${protocol} ${message}`;
      expect(names.get(key) ?? name, id).toBe(name);
      names.set(key, name);
    }
    const common = /^(?:PROTOCOL_VERSION|PROTOCOL_ATTRIBUTES|PROTOCOL_MESSAGE_ATTRIBUTES|NEGOTIATE_PROTOCOL_VERSION)$/;
    const own = [...names.values()].filter((name) => !common.test(name));
    expect(new Set(own).size).toBe(own.length);
  });

  test("a version is a version word, and a last version is not older than the first", () => {
    for (const { id, version, lastVersion } of messages) {
      if (version !== undefined) expect(version, id).toBeGreaterThanOrEqual(0x10000);
      if (lastVersion !== undefined)
        expect(lastVersion, id).toBeGreaterThanOrEqual(version ?? Number.POSITIVE_INFINITY);
    }
  });
});

describe("headers", () => {
  test("a listed header is composed of token, protocol, type and message, and travels little-endian", () => {
    for (const { origin, header, bytes, token, protocol, type, message } of all.flatMap((file) => file.headers)) {
      expect(header, origin).toBe(headerOf(token, protocol, type, message));
      expect(bytesOf(bytes.replaceAll(" ", "")).readUInt32LE(), origin).toBe(header);
    }
  });

  test("a message's header is composed of its token, protocol, kind and message id, and travels little-endian", () => {
    for (const { id, header, headerBytes, token, protocol, kind, message } of messages) {
      expect(header, id).toBe(headerOf(token, protocol, TYPE[kind], message));
      expect(bytesOf(headerBytes), id).toHaveLength(4);
      expect(bytesOf(headerBytes).readUInt32LE(), id).toBe(header);
    }
  });

  test("every part of a header fits its bits", () => {
    for (const { id, token, protocol, message } of messages) {
      for (const [value, limit] of [
        [token, 1024],
        [protocol, 256],
        [message, 256],
      ] as const) {
        expect(Number.isInteger(value) && value >= 0 && value < limit, id).toBe(true);
      }
    }
  });
});

describe("payloads", () => {
  test("the fields of a message lie end to end and are its whole payload", () => {
    for (const { id, fields, payload } of messages) expectEndToEnd(fields, payload, id);
  });

  test("the payload is as long as the text says, and the SMT length field counts the header too", () => {
    for (const { id, payload, statedPayloadBytes, statedLengthField } of messages) {
      const byteLength = bytesOf(payload).length;
      expect(byteLength, id).toBe(statedPayloadBytes);
      if (statedLengthField !== undefined) expect(byteLength + 4, id).toBe(statedLengthField);
    }
  });

  test("a payload is a whole number of words unless a note says why not", () => {
    for (const { id, payload, note } of messages) {
      if (bytesOf(payload).length % 4 !== 0) expect(note, id).toContain("not a whole number of words");
    }
  });

  test("a response and a delayed response begin with their status; commands and notifications have none", () => {
    for (const { id, kind, payload, status, fields } of messages) {
      const answers = kind === "response" || kind === "delayedResponse";
      expect(status !== undefined, id).toBe(answers);
      expect(/^status\b/.test(fields[0]?.meaning ?? ""), id).toBe(answers);
      if (answers) expect(bytesOf(payload).readInt32LE(), id).toBe(status);
    }
  });

  test("a status is one of the defined ones, and where the text names it the bytes agree", () => {
    let named = 0;
    for (const { id, status, fields } of messages) {
      if (status === undefined) continue;
      expect(Object.values(STATUS), id).toContain(status);
      const name = /\b[A-Z]+(?:_[A-Z]+)*\b/.exec(fields[0]?.meaning ?? "")?.[0];
      if (name === undefined) {
        expect(status, id).toBe(0);
      } else {
        expect(STATUS[name], id).toBe(status);
        named += 1;
      }
    }
    expect(named).toBeGreaterThan(60);
  });

  test("a failing answer is nothing but its status", () => {
    const failing = messages.filter(({ status }) => status !== undefined && status !== 0);
    expect(failing).toHaveLength(12);
    for (const { id, payload } of failing) expect(bytesOf(payload), id).toHaveLength(4);
  });

  test("a quoted name is in the bytes, padded with zeros", () => {
    let quoted = 0;
    for (const { id, fields } of messages) {
      for (const { meaning, bytes } of fields) {
        const text = /"([^"]+)"/.exec(meaning)?.[1];
        if (text === undefined) continue;
        expect(bytesOf(bytes).toString("latin1").replace(/\0+$/, ""), id).toBe(text);
        expect([16, 64], id).toContain(bytesOf(bytes).length);
        quoted += 1;
      }
    }
    expect(quoted).toBeGreaterThan(8);
  });

  test("a field whose meaning states one plain number holds that number", () => {
    let stated = 0;
    const lists = [...messages, ...regions.map((region) => ({ id: region.origin, fields: region.fields }))];
    for (const { id, fields } of lists) {
      for (const { meaning, bytes } of fields) {
        const expected = statedNumber(meaning);
        if (expected === undefined) continue;
        expect(numberIn(bytesOf(bytes), expected < 0n), `${id}: ${meaning}`).toBe(expected);
        stated += 1;
      }
    }
    expect(stated).toBeGreaterThan(150);
  });
});

describe("pairs", () => {
  test("a pair is one command and at least one answer, all in one file", () => {
    for (const [pair, members] of pairs()) {
      expect(
        members.filter(({ kind }) => kind === "command"),
        pair,
      ).toHaveLength(1);
      expect(members.length, pair).toBeGreaterThan(1);
      expect(
        members.some(({ kind }) => kind === "notification"),
        pair,
      ).toBe(false);
      expect(new Set(members.map(({ origin }) => origin)).size, pair).toBe(1);
    }
    expect(pairs().size).toBe(97);
  });

  test("a response repeats the header of its command; a delayed response differs in the type bits alone", () => {
    for (const [pair, members] of pairs()) {
      const command = members.find(({ kind }) => kind === "command");
      for (const { id, kind, header } of members) {
        const type = kind === "delayedResponse" ? 2 * 2 ** 8 : 0;
        expect(header, `${pair} ${id}`).toBe((command?.header ?? Number.NaN) + type);
      }
    }
  });

  test("a delayed response follows a response that succeeded", () => {
    for (const [pair, members] of pairs()) {
      if (!members.some(({ kind }) => kind === "delayedResponse")) continue;
      expect(
        members.filter(({ kind }) => kind === "response").map(({ status }) => status),
        pair,
      ).toEqual([0]);
    }
  });
});

describe("shared-memory areas", () => {
  const PAYLOAD = 0x1c;

  test("the words of an area are where the layout puts them, and the reserved ones are zero", () => {
    for (const area of areas) {
      const bytes = bytesOf(area.bytes);
      const word = (offset: number) => bytes.readUInt32LE(offset);
      expect([word(0x00), word(0x08), word(0x0c)], area.id).toEqual([0, 0, 0]);
      expect(word(0x04), area.id).toBe(area.status);
      expect(word(0x10), area.id).toBe(area.flags);
      expect(word(0x14), area.id).toBe(area.length);
      expect(word(0x18), area.id).toBe(area.header);
      expect(bytes.subarray(PAYLOAD).toString("hex"), area.id).toBe(area.payload);
    }
  });

  test("the length counts header and payload, and the dump ends with the payload", () => {
    for (const { id, bytes, length, payload } of areas) {
      expect(length, id).toBe(4 + bytesOf(payload).length);
      expect(bytesOf(bytes).length, id).toBe(PAYLOAD - 4 + length);
    }
  });

  test("an area is free exactly when it carries an answer on A2P", () => {
    for (const { id, direction, channel, status } of areas) {
      expect(status, id).toBe(channel === "a2p" && direction === "platform-to-agent" ? 1 : 0);
    }
  });

  test("A2P carries type 0, P2A carries types 2 and 3, and an answer repeats header and flags", () => {
    for (const { id, channel, header, flags, pair } of areas) {
      const type = Math.floor(header / 2 ** 8) % 4;
      expect(channel === "a2p" ? [0] : [2, 3], id).toContain(type);
      const command = areas.find((area) => area.pair === pair && area.direction === "agent-to-platform");
      if (pair !== undefined) expect([header, flags], id).toEqual([command?.header, command?.flags]);
    }
  });
});

describe("memory and values", () => {
  test("the fields of a region lie end to end, are all of it, and it is as long as the text says", () => {
    for (const { origin, fields, bytes, statedBytes } of regions) {
      expectEndToEnd(fields, bytes, origin);
      expect(bytesOf(bytes), origin).toHaveLength(statedBytes);
    }
  });

  test("the performance statistics region carries its signature, and its offset leads to the domain's levels", () => {
    const region = files.get("13-performance")?.regions[0];
    const bytes = bytesOf(region?.bytes ?? "");
    expect(bytes.readUInt32LE(0)).toBe(0x50455246);
    const domain = bytes.readUInt32LE(0x10);
    expect(domain + 0x10 + 24 * bytes.readUInt16LE(domain)).toBe(bytes.length);
  });

  test("the telemetry region is framed by its signatures and by equal, even match counters", () => {
    const region = files.get("1b-telemetry")?.regions[0];
    const bytes = bytesOf(region?.bytes ?? "");
    expect(bytes.readUInt32LE(0)).toBe(0x5442474e);
    expect(bytes.readUInt32LE(bytes.length - 4)).toBe(0x54454e44);
    expect(bytes.readUInt32LE(4) % 2).toBe(0);
    expect(bytes.readUInt32LE(bytes.length - 8)).toBe(bytes.readUInt32LE(4));
    expect(16 + 8 * bytes.readUInt32LE(8) + 8).toBe(bytes.length);
  });

  test("a FastChannel access uses the addresses, size and masks of the reply that described it", () => {
    for (const access of memory) {
      if (access.fastChannel === undefined) continue;
      const reply = messages.find(({ id }) => id === access.fastChannel);
      expect(reply?.name).toMatch(/_DESCRIBE_FASTCHANNEL$/);
      const bytes = bytesOf(reply?.payload ?? "");
      const long = (offset: number) => Number(bytes.readBigUInt64LE(offset));
      if (access.access === "write") {
        expect([access.address, bytesOf(access.bytes).length]).toEqual([long(12), bytes.readUInt32LE(20)]);
      } else {
        expect(8 * 2 ** (Math.floor(bytes.readUInt32LE(4) / 2) % 4)).toBe(access.width);
        expect([access.address, access.setMask, access.preserveMask]).toEqual([long(24), long(32), long(40)]);
      }
    }
  });

  test("ringing a doorbell keeps the preserved bits and sets the others", () => {
    for (const access of memory) {
      if (access.access !== "doorbell" || access.before === undefined) continue;
      expect(((access.before & access.preserveMask) | access.setMask) >>> 0, access.origin).toBe(access.after);
    }
  });

  test("a stated value is what its bytes or its parts make", () => {
    for (const value of values) {
      if (value.type === "i32") expect(bytesOf(value.bytes).readInt32LE(), value.origin).toBe(value.value);
      else expect(value.protocol * 2 ** 24 + value.event * 2 ** 16 + value.source, value.origin).toBe(value.value);
    }
  });
});
