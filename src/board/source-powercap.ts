import type { FastChannelSource } from "./source-memory.ts";

/** The powercap protocol of a board file. */
export interface PowercapSource {
  readonly domains: readonly PowercapDomainSource[];
}

/** Values of a board file that can be set. */
export interface PowercapRangeSource {
  readonly lowest: number;
  readonly highest: number;
  readonly step?: number;
}

/** A powercap domain of a board file. */
export interface PowercapDomainSource {
  readonly name: string;
  readonly unit?: "abstract" | "milliwatt" | "microwatt";
  readonly parent?: string;
  readonly caps: PowercapRangeSource;
  readonly cap?: number;
  readonly paisUs: PowercapRangeSource;
  readonly paiUs?: number;
  readonly monitored?: boolean;
  readonly sustainablePower?: number;
  readonly accuracy?: number;
  readonly demand?: number;
  readonly control?: readonly string[];
  readonly notifyCap?: boolean;
  readonly notifyMeasurements?: boolean;
  readonly asyncLatencyUs?: number;
  readonly fastChannels?: {
    readonly capGet?: FastChannelSource;
    readonly capSet?: FastChannelSource;
    readonly paiGet?: FastChannelSource;
    readonly paiSet?: FastChannelSource;
  };
}
