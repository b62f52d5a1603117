import type { CallOptions, FastChannel } from "../agent/handle.ts";
import type { FastChannelCommands, FastChannelFinder } from "./fast-channel-finder.ts";
import {
  PerformanceDescribeFastchannel,
  PerformanceLevelGet,
  PerformanceLevelSet,
  PerformanceLimitsGet,
  PerformanceLimitsSet,
  PerformanceMessageAttributes,
} from "./performance.ts";

/** The FastChannels of one domain, by what they replace. */
export interface PerformanceFastChannels {
  readonly setLevel?: FastChannel;
  readonly getLevel?: FastChannel;
  readonly setLimits?: FastChannel;
  readonly getLimits?: FastChannel;
}

const LEVEL_BYTES = 4;
const LIMITS_BYTES = 8;

/** Firmware of Qualcomm from here on has a FastChannel for `PERFORMANCE_LEVEL_GET` and forgets to say so. */
const QUALCOMM_SINCE = 0x20000;

/** How the performance protocol tells of its FastChannels. */
export const PERFORMANCE_FAST_CHANNELS: FastChannelCommands = {
  messageAttributes: PerformanceMessageAttributes,
  describe: PerformanceDescribeFastchannel,
  isUnsaid: ({ vendor, implementationVersion }, messageId) =>
    messageId === PerformanceLevelGet.id &&
    vendor.toLowerCase() === "qualcomm" &&
    implementationVersion >= QUALCOMM_SINCE,
};

/** Asks for those that the agent may use, in the order of Linux. */
export async function findPerformanceFastChannels(
  finder: FastChannelFinder,
  domainId: number,
  allowed: { readonly setLevel: boolean; readonly setLimits: boolean },
  options: CallOptions | undefined,
): Promise<PerformanceFastChannels> {
  const found: { -readonly [K in keyof PerformanceFastChannels]: PerformanceFastChannels[K] } = {};
  const look = async (name: keyof typeof found, messageId: number, byteLength: number) => {
    const channel = await finder.find(domainId, messageId, byteLength, options);
    if (channel) found[name] = channel;
  };
  await look("getLevel", PerformanceLevelGet.id, LEVEL_BYTES);
  await look("getLimits", PerformanceLimitsGet.id, LIMITS_BYTES);
  if (allowed.setLevel) await look("setLevel", PerformanceLevelSet.id, LEVEL_BYTES);
  if (allowed.setLimits) await look("setLimits", PerformanceLimitsSet.id, LIMITS_BYTES);
  return found;
}
