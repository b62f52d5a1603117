import type { CallOptions, FastChannel, PlatformIdentity, ProtocolHandle } from "../agent/handle.ts";
import { MessageError, StatusError } from "../errors.ts";
import type { Command } from "../wire/message.ts";
import { isWord } from "./word.ts";

/** The commands by which a protocol tells of its FastChannels: those of performance and of powercap differ in their ids only. */
export interface FastChannelCommands {
  readonly messageAttributes: Command<
    { readonly messageId: number },
    { readonly attributes: { readonly fastChannel: boolean } }
  >;
  readonly describe: Command<
    { readonly domainId: number; readonly messageId: number },
    {
      readonly attributes: { readonly doorbell: boolean; readonly doorbellWidth: number };
      readonly rateLimitUs: number;
      readonly channelAddress: bigint;
      readonly channelByteLength: number;
      readonly doorbellAddress: bigint;
      readonly doorbellSetMask: bigint;
      readonly doorbellPreserveMask: bigint;
    }
  >;
  /** Whether firmware is known to have FastChannels for a message without saying so. */
  readonly isUnsaid?: (platform: PlatformIdentity, messageId: number) => boolean;
}

/** Finds the FastChannels of one protocol. Whatever goes wrong with one, its messages still work. */
export class FastChannelFinder {
  readonly #handle: ProtocolHandle;
  readonly #commands: FastChannelCommands;
  /** By message id: asked once, for all domains. */
  readonly #exists = new Map<number, boolean>();

  constructor(handle: ProtocolHandle, commands: FastChannelCommands) {
    this.#handle = handle;
    this.#commands = commands;
  }

  /** Opens what replaces a message of a domain; `undefined` where there is none, or none of `byteLength` bytes. */
  async find(
    domainId: number,
    messageId: number,
    byteLength: number,
    options: CallOptions | undefined,
  ): Promise<FastChannel | undefined> {
    try {
      if (!(await this.#hasAny(messageId, options))) return undefined;
      const answer = await this.#handle.call(this.#commands.describe, { domainId, messageId }, options);
      const { attributes, channelAddress, channelByteLength, rateLimitUs } = answer;
      if (channelByteLength !== byteLength) return undefined;
      const doorbell = {
        address: answer.doorbellAddress,
        widthBits: [8, 16, 32, 64][attributes.doorbellWidth] as 8 | 16 | 32 | 64, // two bits: all are there
        set: answer.doorbellSetMask,
        preserve: answer.doorbellPreserveMask,
      };
      const description = { channelAddress, channelByteLength, rateLimitUs, subject: { messageId, domainId } };
      return this.#handle.openFastChannel(attributes.doorbell ? { ...description, doorbell } : description);
    } catch (reason) {
      if (reason instanceof StatusError || reason instanceof MessageError) return undefined;
      throw reason;
    }
  }

  async #hasAny(messageId: number, options: CallOptions | undefined): Promise<boolean> {
    const { messageAttributes, isUnsaid } = this.#commands;
    if (isUnsaid?.(this.#handle.platform, messageId)) return true;
    const known = this.#exists.get(messageId);
    if (known !== undefined) return known;
    const { attributes } = await this.#handle.call(messageAttributes, { messageId }, options);
    this.#exists.set(messageId, attributes.fastChannel);
    return attributes.fastChannel;
  }
}

/** Fit for the cell of a SET FastChannel. Firmware takes a 0 there for "no request", so that one is for messages; so is what is no
 *  word at all, for they say what is wrong with it. */
export function isWritable(word: number): boolean {
  return word !== 0 && isWord(word);
}

/** Reads memory as if it were a call. */
export async function readAsCall<T>(options: CallOptions | undefined, value: () => T): Promise<T> {
  options?.signal?.throwIfAborted();
  return value();
}
