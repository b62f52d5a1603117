import {
  bit,
  bits,
  command,
  flags,
  name,
  notification,
  type Protocol,
  protocol,
  reserved,
  struct,
  u32,
  u64,
  uint,
} from "../wire/index.ts";
import { POWERCAP_CODECS } from "./codecs/powercap.generated.ts";

/** Version words of the powercap protocol: SCMI 3.1, 3.2. Their layouts are the same; from 2.0 on a cap of 0 switches capping off. */
const V1 = 0x10000;
const V2 = 0x20000;

/** `powerUnit` of {@link PowercapDomainAttributes}: what caps and measurements count. Not the numbers of the performance protocol. */
export const POWERCAP_UNIT = { ABSTRACT: 0, MICROWATT: 1, MILLIWATT: 2 } as const;

/** `parentId` of a domain that has no parent. */
export const POWERCAP_ROOT = 0xffffffff;

/** `powerCap` of {@link PowercapCapSet} and {@link PowercapCapGet} that stands for "no cap", from version 2.0 on. */
export const POWERCAP_DISABLED = 0;

/** The FastChannel of {@link PowercapCapSet} and {@link PowercapCapGet}: 4 bytes. */
export const PowercapCapMemory = /* @__PURE__ */ struct({ powerCap: u32 });

/** The FastChannel of {@link PowercapPaiSet} and {@link PowercapPaiGet}: 4 bytes. */
export const PowercapPaiMemory = /* @__PURE__ */ struct({ paiUs: u32 });

/** `PROTOCOL_ATTRIBUTES` of the powercap protocol: the number of domains. DEN0056D, Powercap `PROTOCOL_ATTRIBUTES` */
export const PowercapProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: bits({ domainCount: [0, 16] }) }),
});

/** `PROTOCOL_MESSAGE_ATTRIBUTES` of the powercap protocol: `NOT_FOUND` for a command that the platform lacks, and whether any domain
 *  has a FastChannel for it. DEN0056D, Powercap `PROTOCOL_MESSAGE_ATTRIBUTES` */
export const PowercapMessageAttributes = /* @__PURE__ */ command("PROTOCOL_MESSAGE_ATTRIBUTES", 0x2, {
  mandatory: true,
  request: struct({ messageId: u32 }),
  response: struct({ attributes: flags({ fastChannel: 0 }) }),
  statuses: ["NOT_FOUND"],
});

/** `POWERCAP_DOMAIN_ATTRIBUTES`: what a domain is and can. Power counts in `powerUnit` ({@link POWERCAP_UNIT}), and the accuracy of
 *  measurements in 0.001 %, 0 = not stated. `notifyCap` covers the cap and the power averaging interval (PAI). `parentId` is
 *  {@link POWERCAP_ROOT} at the top. DEN0056D, `POWERCAP_DOMAIN_ATTRIBUTES` */
export const PowercapDomainAttributes = /* @__PURE__ */ command("POWERCAP_DOMAIN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({
    attributes: bits({
      notifyCap: 31,
      notifyMeasurements: 30,
      asyncCapSet: 29,
      extendedName: 28,
      setCap: 27,
      measurements: 26,
      setPai: 25,
      powerUnit: [23, 2],
      fastChannel: 22,
    }),
    name: name(16),
    minPaiUs: u32,
    maxPaiUs: u32,
    paiStepUs: u32,
    minPowerCap: u32,
    maxPowerCap: u32,
    powerCapStep: u32,
    sustainablePower: u32,
    accuracy: u32,
    parentId: u32,
  }),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
});

/** `POWERCAP_CAP_GET`: the cap in force, which may be lower than what this agent asked for; {@link POWERCAP_DISABLED} from version
 *  2.0 on where there is none. DEN0056D, `POWERCAP_CAP_GET` */
export const PowercapCapGet = /* @__PURE__ */ command("POWERCAP_CAP_GET", 0x4, {
  request: struct({ domainId: u32 }),
  response: struct({ powerCap: u32 }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
  fastChannel: { access: "get", memory: PowercapCapMemory },
  isHot: true,
});

/** `POWERCAP_CAP_SET`: asks for a cap, or from version 2.0 on with {@link POWERCAP_DISABLED} for none. With `async` the response only
 *  says that it is accepted, and `POWERCAP_CAP_SET_COMPLETE` follows with the cap in force unless `ignoreDelayedResponse` waives it.
 *  Firmware of Arm answers `OUT_OF_RANGE` for a bad cap, and `BUSY` while another change is pending. DEN0056D, `POWERCAP_CAP_SET` */
export const PowercapCapSet = /* @__PURE__ */ command("POWERCAP_CAP_SET", 0x5, {
  request: struct({
    domainId: u32,
    // The other way round than in CLOCK_RATE_SET.
    flags: flags({ ignoreDelayedResponse: 0, async: 1 }),
    powerCap: u32,
  }),
  delayedResponse: {
    name: "POWERCAP_CAP_SET_COMPLETE",
    payload: struct({ domainId: u32, powerCap: u32 }),
    when: "flags.async",
    unless: "flags.ignoreDelayedResponse",
  },
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "OUT_OF_RANGE", "BUSY"],
  resource: "domainId",
  fastChannel: { access: "set", memory: PowercapCapMemory },
});

/** `POWERCAP_PAI_GET`: the power averaging interval, over which power is capped and measured. DEN0056D, `POWERCAP_PAI_GET` */
export const PowercapPaiGet = /* @__PURE__ */ command("POWERCAP_PAI_GET", 0x6, {
  request: struct({ domainId: u32 }),
  response: struct({ paiUs: u32 }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
  fastChannel: { access: "get", memory: PowercapPaiMemory },
});

/** `POWERCAP_PAI_SET`: changes the power averaging interval. Firmware of Arm answers `OUT_OF_RANGE` for a bad one.
 *  DEN0056D, `POWERCAP_PAI_SET` */
export const PowercapPaiSet = /* @__PURE__ */ command("POWERCAP_PAI_SET", 0x7, {
  request: struct({ domainId: u32, flags: reserved(4), paiUs: u32 }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "OUT_OF_RANGE"],
  resource: "domainId",
  fastChannel: { access: "set", memory: PowercapPaiMemory },
});

/** `POWERCAP_DOMAIN_NAME_GET`: the long name of a domain that has `extendedName`. DEN0056D, `POWERCAP_DOMAIN_NAME_GET` */
export const PowercapDomainNameGet = /* @__PURE__ */ command("POWERCAP_DOMAIN_NAME_GET", 0x8, {
  request: struct({ domainId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWERCAP_MEASUREMENTS_GET`: the power of a domain, averaged over the interval that it names. DEN0056D,
 *  `POWERCAP_MEASUREMENTS_GET` */
export const PowercapMeasurementsGet = /* @__PURE__ */ command("POWERCAP_MEASUREMENTS_GET", 0x9, {
  request: struct({ domainId: u32 }),
  response: struct({ power: u32, paiUs: u32 }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
  isHot: true,
});

/** `POWERCAP_CAP_NOTIFY`: switches {@link PowercapCapChanged} on or off for this agent and a domain. DEN0056D, `POWERCAP_CAP_NOTIFY` */
export const PowercapCapNotify = /* @__PURE__ */ command("POWERCAP_CAP_NOTIFY", 0xa, {
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWERCAP_MEASUREMENTS_NOTIFY`: switches {@link PowercapMeasurementsChanged} on or off for this agent and a domain, and sets the
 *  thresholds that the average must fall below or rise above. Sent again it changes them. DEN0056D, `POWERCAP_MEASUREMENTS_NOTIFY` */
export const PowercapMeasurementsNotify = /* @__PURE__ */ command("POWERCAP_MEASUREMENTS_NOTIFY", 0xb, {
  request: struct({ domainId: u32, notifyEnable: bit(0), powerThresholdLow: u32, powerThresholdHigh: u32 }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWERCAP_DESCRIBE_FASTCHANNEL`: where the FastChannel of a domain and command lies; as in the performance protocol. Each has 4
 *  bytes. DEN0056D, `POWERCAP_DESCRIBE_FASTCHANNEL` */
export const PowercapDescribeFastchannel = /* @__PURE__ */ command("POWERCAP_DESCRIBE_FASTCHANNEL", 0xc, {
  request: struct({ domainId: u32, messageId: u32 }),
  response: struct({
    attributes: bits({ doorbell: 0, doorbellWidth: [1, 2] }),
    rateLimitUs: uint(20),
    channelAddress: u64,
    channelByteLength: u32,
    doorbellAddress: u64,
    doorbellSetMask: u64,
    doorbellPreserveMask: u64,
  }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWERCAP_CAP_CHANGED`: this cap and this power averaging interval are in force now; agent 0 is the platform.
 *  DEN0056D, `POWERCAP_CAP_CHANGED` */
export const PowercapCapChanged = /* @__PURE__ */ notification("POWERCAP_CAP_CHANGED", 0x0, {
  payload: struct({ agentId: u32, domainId: u32, powerCap: u32, paiUs: u32 }),
  resource: "domainId",
  enabledBy: "POWERCAP_CAP_NOTIFY",
});

/** `POWERCAP_MEASUREMENTS_CHANGED`: the average power has crossed a threshold; agent 0 is the platform.
 *  DEN0056D, `POWERCAP_MEASUREMENTS_CHANGED` */
export const PowercapMeasurementsChanged = /* @__PURE__ */ notification("POWERCAP_MEASUREMENTS_CHANGED", 0x1, {
  payload: struct({ agentId: u32, domainId: u32, power: u32 }),
  resource: "domainId",
  enabledBy: "POWERCAP_MEASUREMENTS_NOTIFY",
});

/** Power capping and monitoring, 0x18. DEN0056D, power capping and monitoring protocol */
export const powercapProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x18,
  name: "powercap",
  title: "Power capping and monitoring",
  versions: [V1, V2],
  negotiableSince: V2,
  commands: [
    PowercapProtocolAttributes,
    PowercapMessageAttributes,
    PowercapDomainAttributes,
    PowercapCapGet,
    PowercapCapSet,
    PowercapPaiGet,
    PowercapPaiSet,
    PowercapDomainNameGet,
    PowercapMeasurementsGet,
    PowercapCapNotify,
    PowercapMeasurementsNotify,
    PowercapDescribeFastchannel,
  ],
  notifications: [PowercapCapChanged, PowercapMeasurementsChanged],
  codecs: [POWERCAP_CODECS],
});
