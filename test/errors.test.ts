import { describe, expect, test } from "vitest";
import {
  BoardError,
  ChannelError,
  DeadlineError,
  ERRNO,
  InternalError,
  MessageError,
  ScmiError,
  STATUS,
  StatusError,
  type StatusName,
  statusErrno,
  statusName,
  TeeError,
  UnsupportedError,
} from "../src/errors.ts";

const header = { protocolId: 0x14, messageId: 0x5, token: 1023 };
const place = { expected: "4 bytes", got: "3" };

/** One of each class with the code and the text that it must show. */
const EVERY_ERROR: readonly [ScmiError, name: string, code: string, message: string][] = [
  [
    new StatusError("CLOCK_RATE_SET", -3, header),
    "StatusError",
    "SCMI_STATUS",
    "CLOCK_RATE_SET: platform returned DENIED (-3)",
  ],
  [
    new DeadlineError("CLOCK_RATE_SET", "delayedResponse", 30),
    "DeadlineError",
    "SCMI_DEADLINE",
    "CLOCK_RATE_SET: expected a delayed response within 30 ms, got none",
  ],
  [
    new ChannelError("CLOCK_RATE_SET", "payloadTooLong", "limit 100 bytes"),
    "ChannelError",
    "SCMI_CHANNEL",
    "CLOCK_RATE_SET: expected a payload that fits the channel, got a longer one (limit 100 bytes)",
  ],
  [
    new MessageError("CLOCK_RATE_GET", { field: "response.rate", offset: 4, ...place }),
    "MessageError",
    "SCMI_MESSAGE",
    "CLOCK_RATE_GET: response.rate at byte 4: expected 4 bytes, got 3",
  ],
  [
    new BoardError({ file: "juno.dtb", path: "/firmware/scmi", ...place }),
    "BoardError",
    "SCMI_BOARD",
    "juno.dtb: /firmware/scmi: expected 4 bytes, got 3",
  ],
  [
    new UnsupportedError("clock", "version 2.0", "1.0"),
    "UnsupportedError",
    "SCMI_UNSUPPORTED",
    "clock: expected version 2.0, got 1.0",
  ],
  [
    new TeeError("open session", 0xffff0006 | 0, "trustedApp"),
    "TeeError",
    "SCMI_TEE",
    "open session: expected TEE_SUCCESS, got 0xffff0006 from trustedApp",
  ],
  [new InternalError("settle: trap"), "InternalError", "SCMI_INTERNAL", "settle: trap"],
];

describe("every error", () => {
  test.each(EVERY_ERROR)(
    "%s is an ScmiError with a literal name, a code and a message",
    (error, name, code, message) => {
      expect(error).toBeInstanceOf(ScmiError);
      expect(error).toBeInstanceOf(Error);
      expect({ name: error.name, code: error.code, message: error.message }).toEqual({ name, code, message });
    },
  );

  test("has a code of its own", () => {
    expect(new Set(EVERY_ERROR.map(([error]) => error.code)).size).toBe(EVERY_ERROR.length);
  });

  test("keeps its cause", () => {
    const cause = new Error("trap");
    expect(new InternalError("settle", { cause }).cause).toBe(cause);
    expect(new StatusError("CLOCK_RATE_SET", -3, header, { cause }).cause).toBe(cause);
    expect(new ChannelError("CLOCK_RATE_SET", "busy", undefined, { cause }).cause).toBe(cause);
  });
});

/** The table of spec/00-transport.md, section 6, with the errno numbers of Linux. */
const STATUS_TABLE: readonly [number, string, number | undefined][] = [
  [0, "SUCCESS", undefined],
  [-1, "NOT_SUPPORTED", 95],
  [-2, "INVALID_PARAMETERS", 22],
  [-3, "DENIED", 13],
  [-4, "NOT_FOUND", 2],
  [-5, "OUT_OF_RANGE", 34],
  [-6, "BUSY", 16],
  [-7, "COMMS_ERROR", 70],
  [-8, "GENERIC_ERROR", 5],
  [-9, "HARDWARE_ERROR", 121],
  [-10, "PROTOCOL_ERROR", 71],
  [-11, "IN_USE", 5],
  [-12, "PARTIAL_ERROR", 5],
  [-13, "RESERVED", 5],
  [-127, "RESERVED", 5],
  [-128, "VENDOR", 5],
  [-(2 ** 31), "VENDOR", 5],
  [1, "RESERVED", 5],
  [2 ** 31 - 1, "RESERVED", 5],
];

describe("a status", () => {
  test.each(STATUS_TABLE)("%i is %s with errno %s", (status, name, errno) => {
    const errnoName = statusErrno(status);
    expect(statusName(status)).toBe(name);
    expect(errnoName && ERRNO[errnoName]).toBe(errno);
  });

  test("is carried by StatusError with the header it answers", () => {
    const error = new StatusError("CLOCK_RATE_SET", -6, header);
    expect(error).toMatchObject({ status: -6, statusName: "BUSY", errno: "EBUSY", ...header });
  });

  test("is asked for by name, and only its own name fits", () => {
    for (const name of Object.keys(STATUS) as StatusName[]) {
      const error = new StatusError("BASE", STATUS[name], header);
      const fitting = (Object.keys(STATUS) as StatusName[]).filter((other) => error.is(other));
      expect(fitting).toEqual([name]);
    }
    expect(new StatusError("BASE", -130, header).message).toBe("BASE: platform returned VENDOR (-130)");
  });
});

test("a deadline names what was waited for, and Linux' errno", () => {
  const error = new DeadlineError("BASE", "channel", 5);
  expect(error).toMatchObject({ phase: "channel", timeoutMs: 5, errno: "ETIMEDOUT" });
  expect(new DeadlineError("BASE", "response", 5).message).toBe("BASE: expected a response within 5 ms, got none");
});

const FAULTS = [
  "closed",
  "busy",
  "errorFlag",
  "payloadTooLong",
  "noToken",
  "undelivered",
  "notListening",
  "refused",
] as const;
test.each(FAULTS)("a channel tells %s as its reason", (reason) => {
  const error = new ChannelError("channel 3", reason);
  expect(error.reason).toBe(reason);
  expect(error.message).toMatch(/^channel 3: expected .*, got .*[^.]$/);
});

test("a TEE result is unsigned", () => {
  expect(new TeeError("invoke", -1, "comms")).toMatchObject({ result: 0xffffffff, origin: "comms" });
});
