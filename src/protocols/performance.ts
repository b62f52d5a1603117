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
  u32,
  u64,
  uint,
} from "../wire/index.ts";
import { PERFORMANCE_CODECS } from "./codecs/performance.generated.ts";

/** Version words of the performance protocol: SCMI 1.0, 2.0 and 3.0, 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;
const V4 = 0x40000;

/** What `powerCost` counts: `powerUnit` of {@link PerformanceProtocolAttributes}. Microwatts exist from version 3.0 on. */
export const POWER_UNIT = { ABSTRACT: 0, MILLIWATT: 1, MICROWATT: 2 } as const;

/** The FastChannel of {@link PerformanceLevelSet} and {@link PerformanceLevelGet}: 4 bytes. */
export const PerformanceLevelMemory = /* @__PURE__ */ struct({ performanceLevel: u32 });

/** The FastChannel of {@link PerformanceLimitsSet} and {@link PerformanceLimitsGet}: 8 bytes. The agent writes the maximum
 *  first, so a platform that polls may see half of a change. */
export const PerformanceLimitsMemory = /* @__PURE__ */ struct({ rangeMax: u32, rangeMin: u32 });

/** `PROTOCOL_ATTRIBUTES` of the performance protocol: the number of domains, {@link POWER_UNIT}, and where the statistics
 *  region lies: a physical address as the agent sees it, meaningless while `statisticsByteLength` is 0. Before version 3.0 the
 *  power unit has one bit. DEN0056, Performance `PROTOCOL_ATTRIBUTES` */
export const PerformanceProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({
    attributes: bits({ domainCount: [0, 16], powerUnit: byVersion([16, 1], [V3, [16, 2]]) }),
    statisticsAddress: u64,
    statisticsByteLength: u32,
  }),
});

/** `PROTOCOL_MESSAGE_ATTRIBUTES` of the performance protocol: `NOT_FOUND` for a command that the platform lacks, and from
 *  version 2.0 on whether any domain has a FastChannel for it. Firmware of Qualcomm forgets the flag for
 *  `PERFORMANCE_LEVEL_GET`. DEN0056, Performance `PROTOCOL_MESSAGE_ATTRIBUTES` */
export const PerformanceMessageAttributes = /* @__PURE__ */ command("PROTOCOL_MESSAGE_ATTRIBUTES", 0x2, {
  mandatory: true,
  request: struct({ messageId: u32 }),
  response: struct({ attributes: flags({ fastChannel: since(V2, 0) }) }),
  statuses: ["NOT_FOUND"],
});

/** `PERFORMANCE_DOMAIN_ATTRIBUTES`: what this agent may do with a domain. `sustainedPerfLevel` is a level, never an index; with
 *  `sustainedFreqKhz` it says what a level is worth in Hz. A `rateLimitUs` of 0 means that none is stated; it does not apply to
 *  FastChannels. SCMI 4.0 appends words. DEN0056, `PERFORMANCE_DOMAIN_ATTRIBUTES` */
export const PerformanceDomainAttributes = /* @__PURE__ */ command("PERFORMANCE_DOMAIN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct(
    {
      attributes: flags({
        setLimits: 31,
        setLevel: 30,
        notifyLimits: 29,
        notifyLevel: 28,
        fastChannel: since(V2, 27),
        extendedName: since(V3, 26),
        levelIndexing: since(V4, 25),
      }),
      rateLimitUs: uint(20),
      sustainedFreqKhz: u32,
      sustainedPerfLevel: u32,
      name: name(16),
    },
    { grows: true },
  ),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
});

/** `PERFORMANCE_DESCRIBE_LEVELS`: levels ascending, with cost in {@link POWER_UNIT} (0 = not stated) and worst-case latency.
 *  `levelIndex` of the request counts levels to skip; that of a level, from version 4.0 on, is what the other commands carry
 *  when the domain has `levelIndexing`, and the frequency means something then. DEN0056, `PERFORMANCE_DESCRIBE_LEVELS` */
export const PerformanceDescribeLevels = /* @__PURE__ */ command("PERFORMANCE_DESCRIBE_LEVELS", 0x4, {
  mandatory: true,
  request: struct({ domainId: u32, levelIndex: u32 }),
  response: struct({
    numLevels: bits({ returned: [0, 12], remaining: [16, 16] }),
    levels: array(
      struct({
        performanceLevel: u32,
        powerCost: u32,
        latencyUs: uint(16),
        indicativeFrequencyKhz: since(V4, u32),
        levelIndex: since(V4, u32),
      }),
      { count: "numLevels.returned" },
    ),
  }),
  // Which of the two a bad index gets depends on the firmware.
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "OUT_OF_RANGE"],
  resource: "domainId",
  multiPart: {
    index: "levelIndex",
    returned: "numLevels.returned",
    remaining: "numLevels.remaining",
    items: "levels",
  },
});

/** `PERFORMANCE_LIMITS_SET`: the levels, or level indices, between which the platform may choose. From version 3.0 on a 0
 *  leaves that limit as it is, and two are an error. DEN0056, `PERFORMANCE_LIMITS_SET` */
export const PerformanceLimitsSet = /* @__PURE__ */ command("PERFORMANCE_LIMITS_SET", 0x5, {
  mandatory: true,
  request: struct({ domainId: u32, rangeMax: u32, rangeMin: u32 }),
  statuses: ["NOT_FOUND", "OUT_OF_RANGE", "INVALID_PARAMETERS", "DENIED", "NOT_SUPPORTED"],
  resource: "domainId",
  fastChannel: { access: "set", memory: PerformanceLimitsMemory },
  isHot: true,
});

/** `PERFORMANCE_LIMITS_GET`: the limits in force, as levels or level indices. DEN0056, `PERFORMANCE_LIMITS_GET` */
export const PerformanceLimitsGet = /* @__PURE__ */ command("PERFORMANCE_LIMITS_GET", 0x6, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ rangeMax: u32, rangeMin: u32 }),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
  fastChannel: { access: "get", memory: PerformanceLimitsMemory },
  isHot: true,
});

/** `PERFORMANCE_LEVEL_SET`: asks for a level, or a level index. The response says that it was accepted, not that it is reached.
 *  DEN0056, `PERFORMANCE_LEVEL_SET` */
export const PerformanceLevelSet = /* @__PURE__ */ command("PERFORMANCE_LEVEL_SET", 0x7, {
  mandatory: true,
  request: struct({ domainId: u32, performanceLevel: u32 }),
  statuses: ["NOT_FOUND", "OUT_OF_RANGE", "DENIED"],
  resource: "domainId",
  fastChannel: { access: "set", memory: PerformanceLevelMemory },
  isHot: true,
});

/** `PERFORMANCE_LEVEL_GET`: the level, or level index, that a domain has or had a moment ago. DEN0056, `PERFORMANCE_LEVEL_GET` */
export const PerformanceLevelGet = /* @__PURE__ */ command("PERFORMANCE_LEVEL_GET", 0x8, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ performanceLevel: u32 }),
  statuses: ["NOT_FOUND", "BUSY", "HARDWARE_ERROR"],
  resource: "domainId",
  fastChannel: { access: "get", memory: PerformanceLevelMemory },
  isHot: true,
});

/** `PERFORMANCE_NOTIFY_LIMITS`: switches {@link PerformanceLimitsChanged} on or off for this agent and a domain.
 *  DEN0056, `PERFORMANCE_NOTIFY_LIMITS` */
export const PerformanceNotifyLimits = /* @__PURE__ */ command("PERFORMANCE_NOTIFY_LIMITS", 0x9, {
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `PERFORMANCE_NOTIFY_LEVEL`: switches {@link PerformanceLevelChanged} on or off for this agent and a domain.
 *  DEN0056, `PERFORMANCE_NOTIFY_LEVEL` */
export const PerformanceNotifyLevel = /* @__PURE__ */ command("PERFORMANCE_NOTIFY_LEVEL", 0xa, {
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `PERFORMANCE_DESCRIBE_FASTCHANNEL`: where the FastChannel of a domain and command lies. Addresses are physical, as the agent
 *  sees them. Without `doorbell` the words of the doorbell mean nothing; `doorbellWidth` is 0 to 3 for 8 to 64 bits.
 *  `rateLimitUs` is the least time between two writes, 0 = none stated. DEN0056B, `PERFORMANCE_DESCRIBE_FASTCHANNEL` */
export const PerformanceDescribeFastchannel = /* @__PURE__ */ command("PERFORMANCE_DESCRIBE_FASTCHANNEL", 0xb, {
  since: V2,
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

/** `PERFORMANCE_DOMAIN_NAME_GET`: the long name of a domain that has `extendedName`. DEN0056D, `PERFORMANCE_DOMAIN_NAME_GET` */
export const PerformanceDomainNameGet = /* @__PURE__ */ command("PERFORMANCE_DOMAIN_NAME_GET", 0xc, {
  since: V3,
  request: struct({ domainId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `PERFORMANCE_LIMITS_CHANGED`: the limits of a domain are now these levels, or level indices; agent 0 is the platform.
 *  DEN0056, `PERFORMANCE_LIMITS_CHANGED` */
export const PerformanceLimitsChanged = /* @__PURE__ */ notification("PERFORMANCE_LIMITS_CHANGED", 0x0, {
  payload: struct({ agentId: u32, domainId: u32, rangeMax: u32, rangeMin: u32 }),
  resource: "domainId",
  enabledBy: "PERFORMANCE_NOTIFY_LIMITS",
});

/** `PERFORMANCE_LEVEL_CHANGED`: a domain now has this level, or level index; agent 0 is the platform.
 *  DEN0056, `PERFORMANCE_LEVEL_CHANGED` */
export const PerformanceLevelChanged = /* @__PURE__ */ notification("PERFORMANCE_LEVEL_CHANGED", 0x1, {
  payload: struct({ agentId: u32, domainId: u32, performanceLevel: u32 }),
  resource: "domainId",
  enabledBy: "PERFORMANCE_NOTIFY_LEVEL",
});

/** Performance domain management, 0x13. DEN0056, performance domain management protocol */
export const performanceProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x13,
  name: "performance",
  title: "Performance domain management",
  versions: [V1, V2, V3, V4],
  negotiableSince: V4,
  commands: [
    PerformanceProtocolAttributes,
    PerformanceMessageAttributes,
    PerformanceDomainAttributes,
    PerformanceDescribeLevels,
    PerformanceLimitsSet,
    PerformanceLimitsGet,
    PerformanceLevelSet,
    PerformanceLevelGet,
    PerformanceNotifyLimits,
    PerformanceNotifyLevel,
    PerformanceDescribeFastchannel,
    PerformanceDomainNameGet,
  ],
  notifications: [PerformanceLimitsChanged, PerformanceLevelChanged],
  codecs: [PERFORMANCE_CODECS],
});
