import { array, reserved, struct, u16, u32, u64n } from "../wire/index.ts";

/** First word of the performance statistics region: "PERF" read with its first letter as the highest byte. */
export const PERFORMANCE_STATISTICS_SIGNATURE = 0x50455246;

/** First word of the statistics region of the power domain protocol: "POWR" read in the same way. Its layout is that of performance,
 *  with states in the place of levels. DEN0056B, power domain statistics shared memory */
export const POWER_STATISTICS_SIGNATURE = 0x504f5752;

/** Head of the statistics region that `PROTOCOL_ATTRIBUTES` of the performance protocol locates; the agent only reads it. A
 *  `domainOffsets` entry is in bytes from the region's start, 0 = no statistics of that domain; blocks may be only 4-byte
 *  aligned, so follow the offsets. There is no lock: read twice and accept what agrees. DEN0056, performance statistics shared
 *  memory */
export const PerformanceStatistics = /* @__PURE__ */ struct(
  {
    signature: u32,
    revision: u16,
    attributes: u16,
    domainCount: u16,
    reserved0: reserved(6),
    domainOffsets: array(u32, { count: "domainCount" }),
  },
  { grows: true },
);

/** The block of one domain in the statistics region. `currentLevel` and `levelId` are positions in the order of
 *  `PERFORMANCE_DESCRIBE_LEVELS`. The running stay since `lastChangeUs` is not yet in `residencyUs`. `extendedOffset` is in
 *  bytes from the region's start, 0 = none. DEN0056, performance statistics shared memory */
export const PerformanceDomainStatistics = /* @__PURE__ */ struct(
  {
    levelCount: u16,
    currentLevel: u16,
    extendedOffset: u32,
    lastChangeUs: u64n,
    levels: array(struct({ levelId: u32, reserved0: reserved(4), usageCount: u64n, residencyUs: u64n }), {
      count: "levelCount",
    }),
  },
  { grows: true },
);
