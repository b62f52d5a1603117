import type { CallOptions, FastChannel, ProtocolHandle } from "../agent/handle.ts";
import { MessageError, StatusError } from "../errors.ts";
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

/** Finds the FastChannels of one protocol. Whatever goes wrong with one, its messages still work. */
export class FastChannelFinder {
  readonly #handle: ProtocolHandle;
  /** By message id: asked once, for all domains. */
  readonly #exists = new Map<number, boolean>();

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  /** Asks for those that the agent may use, in the order of Linux. */
  async find(
    domainId: number,
    allowed: { readonly setLevel: boolean; readonly setLimits: boolean },
    options: CallOptions | undefined,
  ): Promise<PerformanceFastChannels> {
    const found: { -readonly [K in keyof PerformanceFastChannels]: PerformanceFastChannels[K] } = {};
    const look = async (name: keyof typeof found, messageId: number, byteLength: number) => {
      const channel = await this.#open(domainId, messageId, byteLength, options);
      if (channel) found[name] = channel;
    };
    await look("getLevel", PerformanceLevelGet.id, LEVEL_BYTES);
    await look("getLimits", PerformanceLimitsGet.id, LIMITS_BYTES);
    if (allowed.setLevel) await look("setLevel", PerformanceLevelSet.id, LEVEL_BYTES);
    if (allowed.setLimits) await look("setLimits", PerformanceLimitsSet.id, LIMITS_BYTES);
    return found;
  }

  async #open(
    domainId: number,
    messageId: number,
    byteLength: number,
    options: CallOptions | undefined,
  ): Promise<FastChannel | undefined> {
    try {
      if (!(await this.#hasAny(messageId, options))) return undefined;
      const answer = await this.#handle.call(PerformanceDescribeFastchannel, { domainId, messageId }, options);
      const { attributes, channelAddress, channelByteLength, rateLimitUs } = answer;
      if (channelByteLength !== byteLength) return undefined;
      const doorbell = {
        address: answer.doorbellAddress,
        widthBits: [8, 16, 32, 64][attributes.doorbellWidth] as 8 | 16 | 32 | 64, // two bits: all are there
        set: answer.doorbellSetMask,
        preserve: answer.doorbellPreserveMask,
      };
      const description = { channelAddress, channelByteLength, rateLimitUs };
      return this.#handle.openFastChannel(attributes.doorbell ? { ...description, doorbell } : description);
    } catch (reason) {
      if (reason instanceof StatusError || reason instanceof MessageError) return undefined;
      throw reason;
    }
  }

  async #hasAny(messageId: number, options: CallOptions | undefined): Promise<boolean> {
    const { vendor, implementationVersion } = this.#handle.platform;
    const isForgetful = vendor.toLowerCase() === "qualcomm" && implementationVersion >= QUALCOMM_SINCE;
    if (isForgetful && messageId === PerformanceLevelGet.id) return true;
    const known = this.#exists.get(messageId);
    if (known !== undefined) return known;
    const { attributes } = await this.#handle.call(PerformanceMessageAttributes, { messageId }, options);
    this.#exists.set(messageId, attributes.fastChannel);
    return attributes.fastChannel;
  }
}
