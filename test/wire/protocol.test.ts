import { describe, expect, test } from "vitest";
import { MessageError, UnsupportedError } from "../../src/errors.ts";
import {
  array,
  bit,
  byVersion,
  command,
  encodeStatus,
  findReserved,
  flags,
  type Layout,
  NegotiateProtocolVersion,
  notification,
  ProtocolMessageAttributes,
  ProtocolVersion,
  protocol,
  reserved,
  since,
  statusOf,
  struct,
  tail,
  u32,
  uint,
  versionText,
} from "../../src/wire/index.ts";
import { thrownBy, viewOf } from "./bytes-of.ts";

const FanAttributes = command("FAN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ fanId: u32 }),
  response: struct({ speedRpm: u32, maxRpm: since(0x20000, u32) }),
  statuses: ["NOT_FOUND"],
  resource: "fanId",
});
const FanSpeedSet = command("FAN_SPEED_SET", 0x4, {
  request: byVersion(struct({ fanId: u32, speedRpm: u32 }), [
    0x20000,
    struct({ fanId: u32, isAsync: bit(0), speedRpm: u32 }),
  ]),
  delayedResponse: { name: "FAN_SPEED_SET_COMPLETE", payload: struct({ speedRpm: u32 }), when: "fanId" },
  mandatory: 0x20000,
});
const FanList = command("FAN_LIST", 0x5, {
  since: 0x20000,
  request: struct({ skip: u32 }),
  response: struct({ count: u32, fans: array(u32, { count: "count" }) }),
  multiPart: { index: "skip", returned: "count", items: "fans" },
});
const FanStalled = notification("FAN_STALLED", 0x0, {
  since: 0x20000,
  payload: struct({ fanId: u32, timeMs: tail(u32) }),
  resource: "fanId",
  enabledBy: "FAN_NOTIFY",
});

const fan = protocol({
  id: 0x80,
  name: "fan",
  title: "Fan control",
  versions: [0x10000, 0x20000],
  negotiableSince: 0x20000,
  commands: [FanSpeedSet, FanAttributes, FanList],
  notifications: [FanStalled],
  vendor: { vendor: "ACME" },
});

function hex<T>(layout: Layout<T>, value: T): string {
  const bytes = new Uint8Array(64).fill(0xaa);
  const written = layout.encode(new DataView(bytes.buffer), 0, value);
  return Buffer.from(bytes.subarray(0, written)).toString("hex");
}

describe("a protocol of one's own", () => {
  test("has its commands and the generic ones, ascending by id, as far as the version has them", () => {
    const names = (version: number) => fan.at(version).commands.map(({ command: { name } }) => name);
    const first = ["PROTOCOL_VERSION", "PROTOCOL_MESSAGE_ATTRIBUTES", "FAN_ATTRIBUTES", "FAN_SPEED_SET"];
    expect(names(0x10000)).toEqual(first);
    expect(names(0x20000)).toEqual([...first, "FAN_LIST", "NEGOTIATE_PROTOCOL_VERSION"]);
    expect(fan.at(0x10000).notifications).toEqual([]);
  });

  test("gives each version its layouts, unions included", () => {
    const [old, recent] = [fan.at(0x10000), fan.at(0x20000)];
    expect(old.command(FanAttributes).response.maxBytes).toBe(8);
    expect(recent.command(FanAttributes).response.maxBytes).toBe(12);
    expect(hex(old.command(FanSpeedSet).request, { fanId: 1, speedRpm: 2 })).toBe("0100000002000000");
    expect(hex(recent.command(FanSpeedSet).request, { fanId: 1, isAsync: true, speedRpm: 2 })).toBe(
      "010000000100000002000000",
    );
  });

  test("knows what is mandatory at which version", () => {
    const isMandatory = (version: number) => fan.at(version).commands.map((it) => it.isMandatory);
    expect(isMandatory(0x10000)).toEqual([true, true, true, false]);
    expect(isMandatory(0x20000)).toEqual([true, true, true, true, false, true]);
  });

  test("between two versions keeps to the older one, and makes each set once", () => {
    expect(fan.at(0x1ffff)).toBe(fan.at(0x10000));
    expect(fan.at(0x10000).version).toBe(0x10000);
  });

  test("newer than known takes longer answers, not longer commands", () => {
    const set = fan.at(0x20001);
    expect(set.version).toBe(0x20000);
    const { request, response } = set.command(FanAttributes);
    const longer = viewOf("00000000 0a000000 0b000000 0c000000");
    expect(response.decode(longer, 0, 16)).toEqual({ speedRpm: 10, maxRpm: 11 });
    expect(() => request.decode(longer, 0, 8)).toThrow(MessageError);
    expect(set.notification(FanStalled).payload.decode(longer, 0, 16)).toEqual({ fanId: 0, timeMs: 10 });
    expect(() => fan.at(0x20000).command(FanAttributes).response.decode(longer, 0, 16)).toThrow(MessageError);
  });

  test("older than the first is an UnsupportedError", () => {
    expect(() => fan.at(0xffff)).toThrow("Fan control protocol: expected version 1.0 or newer, got 0.65535");
    expect(() => fan.at(0)).toThrow(UnsupportedError);
  });

  test("says which version a message needs", () => {
    expect(fan.at(0x10000).has(FanList)).toBe(false);
    expect(() => fan.at(0x10000).command(FanList)).toThrow("FAN_LIST: expected Fan control protocol 2.0, got 1.0");
    expect(() => fan.at(0x10000).notification(FanStalled)).toThrow(UnsupportedError);
    expect(() => fan.at(0x10000).command(NegotiateProtocolVersion)).toThrow("Fan control protocol 2.0");
  });

  test("finds messages by id, commands and notifications apart", () => {
    const set = fan.at(0x20000);
    expect(set.commandById(0)?.command).toBe(ProtocolVersion);
    expect(set.commandById(2)?.command).toBe(ProtocolMessageAttributes);
    expect(set.notificationById(0)?.notification).toBe(FanStalled);
    expect(set.commandById(6)).toBeUndefined();
    expect(fan.at(0x10000).commandById(5)).toBeUndefined();
    expect(set.notificationById(1)).toBeUndefined();
  });

  test("is refused with ids or names twice, versions out of order, or a vendor id without vendor", () => {
    const spec = {
      id: 0x80,
      name: "fan",
      title: "Fan",
      versions: [0x10000],
      commands: [],
      vendor: { vendor: "ACME" },
    } as const;
    const twice = [FanAttributes, command("OTHER", 0x3)];
    expect(() => protocol({ ...spec, commands: twice })).toThrow(TypeError);
    expect(() => protocol({ ...spec, commands: [FanAttributes, command("FAN_ATTRIBUTES", 0x9)] })).toThrow(TypeError);
    expect(() => protocol({ ...spec, versions: [0x20000, 0x10000] })).toThrow(RangeError);
    const { vendor: _vendor, ...nobodys } = spec;
    expect(() => protocol(nobodys)).toThrow(TypeError);
    expect(() => protocol({ ...spec, id: 0x14 })).toThrow(TypeError);
    for (const id of [0xf, 0x100]) expect(() => protocol({ ...spec, id })).toThrow(RangeError);
    expect(() => command("X", 256)).toThrow(RangeError);
    expect(() => notification("X", -1, { payload: struct({}), enabledBy: "Y" })).toThrow(RangeError);
  });
});

describe("a payload", () => {
  const { request, response, delayedResponse } = fan.at(0x20000).command(FanSpeedSet);
  const attributes = fan.at(0x20000).command(FanAttributes).response;

  test("of a response starts with SUCCESS, and only there", () => {
    expect([request, response, delayedResponse].map((it) => it?.statusBytes)).toEqual([0, 4, 4]);
    expect(hex(attributes, { speedRpm: 1, maxRpm: 2 })).toBe("000000000100000002000000");
    expect(attributes.sizeOf({ speedRpm: 1, maxRpm: 2 })).toBe(12);
  });

  test("counts the status in sizes, capacity and the offsets of errors", () => {
    expect([attributes.minBytes, attributes.maxBytes]).toEqual([12, 12]);
    const view = new DataView(new ArrayBuffer(64));
    expect(() => attributes.encode(view, 0, { speedRpm: 1, maxRpm: 2 }, 11)).toThrow(RangeError);
    expect(() => attributes.encode(view, 0, { speedRpm: 1, maxRpm: 2 }, 3)).toThrow(RangeError);
    const error = thrownBy(() => attributes.decode(view, 0, 10));
    expect(error.message).toBe("FAN_ATTRIBUTES: response.maxRpm at byte 8: expected 4 bytes, got 2 bytes");
  });

  test("of a delayed response goes by its own name", () => {
    expect(() => delayedResponse?.decode(viewOf("0000"), 0, 2)).toThrow(
      "FAN_SPEED_SET_COMPLETE: delayedResponse.status at byte 0: expected 4 bytes, got 2 bytes",
    );
  });

  test("is read into an object that exists", () => {
    const into = { speedRpm: 0, maxRpm: 0 };
    expect(attributes.decodeInto(viewOf("000000000700000008000000"), 0, 12, into)).toBe(into);
    expect(into).toEqual({ speedRpm: 7, maxRpm: 8 });
  });

  test("of a command with reserved bits set says where", () => {
    expect(request.findReserved(viewOf("010000000300000000000000"), 0, 12)).toBe("isAsync");
    expect(request.findReserved(viewOf("010000000100000000000000"), 0, 12)).toBeUndefined();
    expect(request.findReserved(viewOf("0100000003000000"), 0, 6)).toBeUndefined();
  });

  test("names any kind of word that has reserved bits, and a reserved field", () => {
    const type = struct({ high: bit(31), level: uint(8), flags: flags({ on: 4 }), reserved0: reserved(4), last: u32 });
    const words = [0x80000000, 0xff, 0x10, 0, 0xffffffff];
    const view = new DataView(new ArrayBuffer(20));
    const found = words.map((_, wrong) => {
      for (const [i, word] of words.entries()) view.setUint32(i * 4, i === wrong ? 0xffffffff : word, true);
      return findReserved(type, view, 0, 20);
    });
    expect(found).toEqual(["high", "level", "flags", "reserved0", undefined]);
  });

  test("that failed is its status alone", () => {
    const view = viewOf("aaaaaaaaaaaaaaaa");
    expect(encodeStatus(view, 0, -3)).toBe(4);
    expect(statusOf(view, 0, 4, "FAN_LIST")).toBe(-3);
    expect(statusOf(view, 0, 8, "FAN_LIST")).toBe(-3);
    expect(() => statusOf(view, 0, 3, "FAN_LIST")).toThrow(MessageError);
  });
});

test("a version word reads as people write it", () => {
  expect([0x10000, 0x20001, 0xffffffff].map(versionText)).toEqual(["1.0", "2.1", "65535.65535"]);
});
