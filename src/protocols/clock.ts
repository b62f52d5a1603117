import {
  array,
  bit,
  bits,
  byVersion,
  command,
  flags,
  name,
  notification,
  type Protocol,
  protocol,
  reserved,
  since,
  struct,
  tail,
  u32,
  u64n,
} from "../wire/index.ts";
import { CLOCK_CODECS } from "./codecs/clock.generated.ts";

/** Version words of the clock protocol: SCMI 1.0 to 3.0, 3.1, 3.2. Firmware of the time before 3.2 that reports 0x20001 gets
 *  the layouts of 2.0, as from Linux; U-Boot sends it the `CLOCK_CONFIG_SET` of 3.0. */
const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;

/** `state` of {@link ClockConfigSet}. Before version 3.0 only the first two exist; 2 is reserved. */
export const CLOCK_STATE = { DISABLE: 0, ENABLE: 1, UNCHANGED: 3 } as const;

/** Extended configuration types of {@link ClockConfigSet} and {@link ClockConfigGet}; 0x80 to 0xff are the vendor's. The duty
 *  cycle is in percent; the unit of the phase is not settled (NXP: milliradian). */
export const CLOCK_EXTENDED_CONFIG = { NONE: 0, DUTY_CYCLE: 1, PHASE: 2 } as const;

/** `PROTOCOL_ATTRIBUTES` of the clock protocol: the number of clocks, and how many asynchronous rate changes may be pending; 0
 *  = none, and OP-TEE says 1 without having any. DEN0056, Clock `PROTOCOL_ATTRIBUTES` */
export const ClockProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: bits({ clockCount: [0, 16], maxPendingRateChanges: [16, 8] }) }),
});

/** `CLOCK_ATTRIBUTES`: what a clock is and can. `clockEnableDelayUs`, from version 2.0 on, is the worst case, 0 = not stated;
 *  OP-TEE leaves the word out. DEN0056, `CLOCK_ATTRIBUTES` */
export const ClockAttributes = /* @__PURE__ */ command("CLOCK_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ clockId: u32 }),
  response: struct({
    attributes: flags({
      enabled: 0,
      restricted: since(V3, 1),
      extendedConfig: since(V3, 27),
      parents: since(V3, 28),
      extendedName: since(V2, 29),
      notifyRateChangeRequested: since(V2, 30),
      notifyRateChanged: since(V2, 31),
    }),
    name: name(16),
    clockEnableDelayUs: since(V2, tail(u32)),
  }),
  statuses: ["NOT_FOUND", "BUSY", "DENIED"],
  resource: "clockId",
});

/** `CLOCK_DESCRIBE_RATES`: the rates of a clock in Hz: a list, ascending from version 2.0 on, or with `isRange` exactly lowest,
 *  highest and step in one reply. Much firmware miscounts such a triplet (1 of them, not 3 rates): three rates with none
 *  remaining are taken for one. DEN0056, `CLOCK_DESCRIBE_RATES` */
export const ClockDescribeRates = /* @__PURE__ */ command("CLOCK_DESCRIBE_RATES", 0x4, {
  mandatory: true,
  request: struct({ clockId: u32, rateIndex: u32 }),
  response: struct({
    numRates: bits({ returned: [0, 12], isRange: 12, remaining: [16, 16] }),
    ratesHz: array(u64n, {
      count: "numRates.returned",
      whole: { count: 3, when: "numRates.isRange", unless: "numRates.remaining" },
    }),
  }),
  statuses: ["NOT_FOUND", "OUT_OF_RANGE", "DENIED"],
  resource: "clockId",
  multiPart: {
    index: "rateIndex",
    returned: "numRates.returned",
    remaining: "numRates.remaining",
    items: "ratesHz",
  },
});

/** `CLOCK_RATE_SET`: asks for a rate in Hz. With `async` the response only says that it is queued, and
 *  `CLOCK_RATE_SET_COMPLETE` follows with the rate in force unless `ignoreDelayedResponse` waives it. `roundClosest` overrules
 *  `roundUp`; neither means down. DEN0056, `CLOCK_RATE_SET` */
export const ClockRateSet = /* @__PURE__ */ command("CLOCK_RATE_SET", 0x5, {
  mandatory: true,
  request: struct({
    flags: flags({ async: 0, ignoreDelayedResponse: 1, roundUp: 2, roundClosest: 3 }),
    clockId: u32,
    rateHz: u64n,
  }),
  delayedResponse: {
    name: "CLOCK_RATE_SET_COMPLETE",
    payload: struct({ clockId: u32, rateHz: u64n }),
    when: "flags.async",
    unless: "flags.ignoreDelayedResponse",
  },
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "BUSY", "DENIED"],
  resource: "clockId",
  isHot: true,
});

/** `CLOCK_RATE_GET`: the rate in Hz; for a disabled clock the one it will have. DEN0056, `CLOCK_RATE_GET` */
export const ClockRateGet = /* @__PURE__ */ command("CLOCK_RATE_GET", 0x6, {
  mandatory: true,
  request: struct({ clockId: u32 }),
  response: struct({ rateHz: u64n }),
  statuses: ["NOT_FOUND", "BUSY", "DENIED", "INVALID_PARAMETERS"],
  resource: "clockId",
  isHot: true,
});

/** `CLOCK_CONFIG_SET`: enables or disables a clock ({@link CLOCK_STATE}), and from version 3.0 on may set one extended
 *  configuration ({@link CLOCK_EXTENDED_CONFIG}). The value's word exists from 3.0 on; OpenBSD leaves it out, so a platform
 *  should take a request of 8 bytes whose type is 0. DEN0056, `CLOCK_CONFIG_SET` */
export const ClockConfigSet = /* @__PURE__ */ command("CLOCK_CONFIG_SET", 0x7, {
  mandatory: true,
  request: struct({
    clockId: u32,
    attributes: bits({ state: byVersion([0, 1], [V3, [0, 2]]), extendedConfigType: since(V3, [16, 8]) }),
    extendedConfigValue: since(V3, tail(u32)),
  }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "DENIED", "BUSY"],
  resource: "clockId",
});

/** `CLOCK_NAME_GET`: the long name of a clock that has `extendedName`. DEN0056D, `CLOCK_NAME_GET` */
export const ClockNameGet = /* @__PURE__ */ command("CLOCK_NAME_GET", 0x8, {
  since: V2,
  request: struct({ clockId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "clockId",
});

/** `CLOCK_RATE_NOTIFY`: switches {@link ClockRateChanged} on or off for this agent and a clock. DEN0056D, `CLOCK_RATE_NOTIFY` */
export const ClockRateNotify = /* @__PURE__ */ command("CLOCK_RATE_NOTIFY", 0x9, {
  since: V2,
  request: struct({ clockId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "clockId",
});

/** `CLOCK_RATE_CHANGE_REQUESTED_NOTIFY`: switches {@link ClockRateChangeRequested} on or off for this agent and a clock.
 *  DEN0056D, `CLOCK_RATE_CHANGE_REQUESTED_NOTIFY` */
export const ClockRateChangeRequestedNotify = /* @__PURE__ */ command("CLOCK_RATE_CHANGE_REQUESTED_NOTIFY", 0xa, {
  since: V2,
  request: struct({ clockId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "clockId",
});

/** `CLOCK_CONFIG_GET`: whether a clock is enabled, and the value of one extended configuration ({@link CLOCK_EXTENDED_CONFIG}).
 *  Linux relies on it from version 3.0 on. DEN0056E, `CLOCK_CONFIG_GET` */
export const ClockConfigGet = /* @__PURE__ */ command("CLOCK_CONFIG_GET", 0xb, {
  since: V3,
  request: struct({ clockId: u32, flags: bits({ extendedConfigType: [0, 8] }) }),
  response: struct({ attributes: reserved(4), config: flags({ enabled: 0 }), extendedConfigValue: u32 }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS"],
  resource: "clockId",
});

/** `CLOCK_POSSIBLE_PARENTS_GET`: the ids of the clocks that may be a clock's parent. DEN0056E, `CLOCK_POSSIBLE_PARENTS_GET` */
export const ClockPossibleParentsGet = /* @__PURE__ */ command("CLOCK_POSSIBLE_PARENTS_GET", 0xc, {
  since: V3,
  request: struct({ clockId: u32, skipParents: u32 }),
  response: struct({
    numParents: bits({ returned: [0, 8], remaining: [24, 8] }),
    parents: array(u32, { count: "numParents.returned" }),
  }),
  // What skips too far gets INVALID_PARAMETERS from TF-A.
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "DENIED", "OUT_OF_RANGE", "INVALID_PARAMETERS"],
  resource: "clockId",
  multiPart: {
    index: "skipParents",
    returned: "numParents.returned",
    remaining: "numParents.remaining",
    items: "parents",
  },
});

/** `CLOCK_PARENT_SET`: gives a clock another parent, named by its clock id and not by its place in the list.
 *  DEN0056E, `CLOCK_PARENT_SET` */
export const ClockParentSet = /* @__PURE__ */ command("CLOCK_PARENT_SET", 0xd, {
  since: V3,
  request: struct({ clockId: u32, parentId: u32 }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "OUT_OF_RANGE", "NOT_SUPPORTED", "DENIED"],
  resource: "clockId",
});

/** `CLOCK_PARENT_GET`: the clock id of a clock's parent. DEN0056E, `CLOCK_PARENT_GET` */
export const ClockParentGet = /* @__PURE__ */ command("CLOCK_PARENT_GET", 0xe, {
  since: V3,
  request: struct({ clockId: u32 }),
  response: struct({ parentId: u32 }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "DENIED"],
  resource: "clockId",
});

/** `CLOCK_GET_PERMISSIONS`: what this agent may change of a clock that is `restricted`. DEN0056E, `CLOCK_GET_PERMISSIONS` */
export const ClockGetPermissions = /* @__PURE__ */ command("CLOCK_GET_PERMISSIONS", 0xf, {
  since: V3,
  request: struct({ clockId: u32 }),
  response: struct({ permissions: flags({ state: 31, parent: 30, rate: 29 }) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "clockId",
});

/** `CLOCK_RATE_CHANGED`: a clock now has this rate in Hz; agent 0 is the platform. DEN0056D, `CLOCK_RATE_CHANGED` */
export const ClockRateChanged = /* @__PURE__ */ notification("CLOCK_RATE_CHANGED", 0x0, {
  since: V2,
  payload: struct({ agentId: u32, clockId: u32, rateHz: u64n }),
  resource: "clockId",
  enabledBy: "CLOCK_RATE_NOTIFY",
});

/** `CLOCK_RATE_CHANGE_REQUESTED`: an agent asked for this rate in Hz; it is not in force yet. DEN0056D,
 *  `CLOCK_RATE_CHANGE_REQUESTED` */
export const ClockRateChangeRequested = /* @__PURE__ */ notification("CLOCK_RATE_CHANGE_REQUESTED", 0x1, {
  since: V2,
  payload: struct({ agentId: u32, clockId: u32, rateHz: u64n }),
  resource: "clockId",
  enabledBy: "CLOCK_RATE_CHANGE_REQUESTED_NOTIFY",
});

/** Clock management, 0x14. DEN0056, clock management protocol */
export const clockProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x14,
  name: "clock",
  title: "Clock management",
  versions: [V1, V2, V3],
  negotiableSince: V3,
  commands: [
    ClockProtocolAttributes,
    ClockAttributes,
    ClockDescribeRates,
    ClockRateSet,
    ClockRateGet,
    ClockConfigSet,
    ClockNameGet,
    ClockRateNotify,
    ClockRateChangeRequestedNotify,
    ClockConfigGet,
    ClockPossibleParentsGet,
    ClockParentSet,
    ClockParentGet,
    ClockGetPermissions,
  ],
  notifications: [ClockRateChanged, ClockRateChangeRequested],
  codecs: [CLOCK_CODECS],
});
