import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { checked, faultError, trapError } from "../../src/core/engine.ts";
import { FAULT, type FaultName } from "../../src/core/faults.ts";
import {
  ChannelError,
  commandWord,
  DeadlineError,
  faultName,
  InternalError,
  MessageError,
  XFER,
} from "../../src/index.ts";

/** What a caller decides on, for every fault. */
const MEANINGS: Readonly<Record<FaultName, readonly [kind: new (...args: never[]) => Error, details?: object]>> = {
  NOTHING: [InternalError],
  INDEX: [RangeError],
  STATE: [RangeError],
  BUSY: [ChannelError, { reason: "busy" }],
  LENGTH: [ChannelError, { reason: "payloadTooLong" }],
  NO_XFER: [ChannelError, { reason: "busy" }],
  NO_TOKEN: [ChannelError, { reason: "noToken" }],
  NO_CLAIM: [ChannelError, { reason: "busy" }],
  EVENTS_FULL: [ChannelError, { reason: "busy" }],
  COMPLETIONS_FULL: [ChannelError, { reason: "busy" }],
  HOST_NEEDED: [InternalError],
  RESPONSE_TIMEOUT: [DeadlineError, { phase: "response", timeoutMs: 30 }],
  DELAYED_TIMEOUT: [DeadlineError, { phase: "delayedResponse", timeoutMs: 30 }],
  MALFORMED: [MessageError, { field: "length" }],
  CHANNEL_ERROR: [ChannelError, { reason: "errorFlag" }],
  CHANNEL_RESET: [ChannelError, { reason: "closed" }],
  CHANNEL_KIND: [TypeError],
  NO_ROOM: [RangeError],
  CONFIG: [RangeError],
  NO_CORE: [RangeError],
  RATE_LIMITED: [ChannelError, { reason: "busy" }],
  STALE: [ChannelError, { reason: "closed" }],
  ABORTED: [ChannelError, { reason: "closed" }],
};

const FAULTS = Object.entries(FAULT) as [FaultName, number][];

describe("a fault", () => {
  test.each(FAULTS)("%s (%i) has a meaning, and says what was asked", (name, value) => {
    const [kind, details = {}] = MEANINGS[name];
    const error = faultError(value, "CLOCK_RATE_SET", 30);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject(details);
    expect(error.message).toContain("CLOCK_RATE_SET");
  });

  test("of the layout is one of FAULT, with a name of its own", () => {
    const inLayout = Object.entries(layout).filter(([name]) => name.startsWith("FAULT_"));
    expect(Object.fromEntries(inLayout.map(([name, value]) => [name.slice("FAULT_".length), value]))).toEqual(FAULT);
    expect(new Set(Object.values(FAULT)).size).toBe(inLayout.length);
    for (const [name, value] of FAULTS) expect(faultName(value)).toBe(name);
  });

  test("of a newer core is named by its number, and is an InternalError", () => {
    expect(faultName(-999)).toBe("fault -999");
    expect(faultError(-999, "post")).toBeInstanceOf(InternalError);
    expect(faultError(-999, "post").message).toContain("-999");
  });
});

test("a result of 0 or more passes, one below is thrown", () => {
  expect([checked(0, "post"), checked(7, "post"), checked(0x7fff_ffff, "post")]).toEqual([0, 7, 0x7fff_ffff]);
  expect(() => checked(FAULT.BUSY, "post")).toThrow(ChannelError);
});

test("a trap is an InternalError that keeps its cause, and anything else passes", () => {
  const trap = new WebAssembly.RuntimeError("unreachable");
  const error = trapError(trap, "run");
  expect(error).toBeInstanceOf(InternalError);
  expect(error).toMatchObject({ cause: trap, code: "SCMI_INTERNAL" });
  const other = new RangeError("mine");
  expect(trapError(other, "run")).toBe(other);
});

test("a command word holds protocol and message where the header has them", () => {
  expect(commandWord(0x10, 0x6)).toBe(0x4006);
  expect(commandWord(0x80, 0x5)).toBe(0x20005);
  expect(commandWord(0xff, 0xff)).toBe(layout.HEADER_COMMAND_MASK);
});

test("the states of an xfer are those of the layout", () => {
  const states = Object.entries(layout).filter(
    ([name]) => /^XFER_[A-Z_]+$/.test(name) && Object.keys(XFER).includes(name.slice("XFER_".length)),
  );
  expect(Object.fromEntries(states.map(([name, value]) => [name.slice("XFER_".length), value]))).toEqual(XFER);
  expect(Object.values(XFER)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
