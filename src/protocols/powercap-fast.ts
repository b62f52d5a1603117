import type { CallOptions, FastChannel } from "../agent/handle.ts";
import type { FastChannelCommands, FastChannelFinder } from "./fast-channel-finder.ts";
import {
  PowercapCapGet,
  PowercapCapSet,
  PowercapDescribeFastchannel,
  PowercapMessageAttributes,
  PowercapPaiGet,
  PowercapPaiSet,
} from "./powercap.ts";

/** The FastChannels of one powercap domain, by what they replace. */
export interface PowercapFastChannels {
  readonly setCap?: FastChannel;
  readonly getCap?: FastChannel;
  readonly setPai?: FastChannel;
  readonly getPai?: FastChannel;
}

/** Of every FastChannel of the protocol. */
const CELL_BYTES = 4;

/** How the powercap protocol tells of its FastChannels. */
export const POWERCAP_FAST_CHANNELS: FastChannelCommands = {
  messageAttributes: PowercapMessageAttributes,
  describe: PowercapDescribeFastchannel,
};

/** Asks for those that the domain has use for, in the order of Linux. */
export async function findPowercapFastChannels(
  finder: FastChannelFinder,
  domainId: number,
  allowed: { readonly setCap: boolean; readonly setPai: boolean },
  options: CallOptions | undefined,
): Promise<PowercapFastChannels> {
  const found: { -readonly [K in keyof PowercapFastChannels]: PowercapFastChannels[K] } = {};
  const look = async (name: keyof typeof found, messageId: number) => {
    const channel = await finder.find(domainId, messageId, CELL_BYTES, options);
    if (channel) found[name] = channel;
  };
  if (allowed.setCap) await look("setCap", PowercapCapSet.id);
  await look("getCap", PowercapCapGet.id);
  if (allowed.setPai) await look("setPai", PowercapPaiSet.id);
  await look("getPai", PowercapPaiGet.id);
  return found;
}
