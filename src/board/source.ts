import type { DeviceKey, SectionKey } from "./sections.ts";
import type { FastChannelSource, Word64 } from "./source-memory.ts";
import type { PinctrlSource } from "./source-pinctrl.ts";
import type { PowerSource, SystemPowerSource } from "./source-power.ts";
import type { PowercapSource } from "./source-powercap.ts";
import type { SensorsSource } from "./source-sensor.ts";

/** A board file as it is written, after {@link BOARD_SCHEMA} has passed it. */
export interface BoardSource {
  readonly vendor: string;
  readonly subVendor?: string;
  readonly implementationVersion?: number;
  readonly maxPayload?: number;
  readonly supplier?: string;
  readonly agents: readonly {
    readonly name: string;
    readonly trusted?: boolean;
    readonly deniedProtocols?: readonly SectionKey[];
  }[];
  readonly devices?: readonly DeviceSource[];
  readonly power?: PowerSource;
  readonly systemPower?: SystemPowerSource;
  readonly performance?: {
    readonly powerUnit?: "abstract" | "milliwatt" | "microwatt";
    readonly statistics?: { readonly address?: Word64 };
    readonly domains: readonly DomainSource[];
  };
  readonly clock?: { readonly asyncDepth?: number; readonly clocks: readonly ClockSource[] };
  readonly sensor?: SensorsSource;
  readonly reset?: { readonly domains: readonly ResetDomainSource[] };
  readonly voltage?: { readonly domains: readonly VoltageDomainSource[] };
  readonly powercap?: PowercapSource;
  readonly pinctrl?: PinctrlSource;
}

/** A device of a board file. */
export interface DeviceSource extends Readonly<Partial<Record<DeviceKey, readonly string[]>>> {
  readonly id: number;
  readonly deniedAgents?: readonly string[];
}

/** A performance domain of a board file. */
export interface DomainSource {
  readonly name: string;
  readonly levels: readonly {
    readonly level: number;
    readonly power?: number;
    readonly latencyUs?: number;
    readonly frequencyKhz?: number;
    readonly index?: number;
  }[];
  readonly levelIndexing?: boolean;
  readonly sustained?: { readonly level: number; readonly frequencyKhz: number };
  readonly rateLimitUs?: number;
  readonly level?: number;
  readonly setLevel?: string;
  readonly setLimits?: readonly string[];
  readonly notifyLevel?: boolean;
  readonly notifyLimits?: boolean;
  readonly transitionUs?: number;
  readonly fastChannels?: {
    readonly limitsSet?: FastChannelSource;
    readonly limitsGet?: FastChannelSource;
    readonly levelSet?: FastChannelSource;
    readonly levelGet?: FastChannelSource;
  };
}

/** A clock of a board file. */
export interface ClockSource {
  readonly name: string;
  readonly rates: readonly number[] | { readonly lowest: number; readonly highest: number; readonly step: number };
  readonly rate?: number;
  readonly enabled?: boolean;
  readonly enableDelayUs?: number;
  readonly parents?: readonly string[];
  readonly parent?: string;
  readonly asyncLatencyUs?: number;
  readonly notifyChanged?: boolean;
  readonly notifyRequested?: boolean;
  readonly extendedConfig?: {
    readonly dutyCycle?: number;
    readonly phase?: number;
    readonly oem?: Readonly<Record<string, number>>;
  };
  readonly permissions?: Readonly<
    Record<string, { readonly state?: boolean; readonly parent?: boolean; readonly rate?: boolean }>
  >;
}

/** A reset domain of a board file. */
export interface ResetDomainSource {
  readonly name: string;
  readonly latencyUs?: number;
  readonly asyncLatencyUs?: number;
  readonly notify?: boolean;
  readonly explicit?: boolean;
  readonly asserted?: boolean;
  readonly vendorStates?: readonly number[];
  readonly deniedAgents?: readonly string[];
}

/** A voltage domain of a board file. */
export interface VoltageDomainSource {
  readonly name: string;
  readonly levelsUv: readonly number[] | { readonly lowest: number; readonly highest: number; readonly step: number };
  readonly levelUv?: number;
  readonly modes?: readonly number[];
  readonly mode?: number;
  readonly asyncLatencyUs?: number;
  readonly permissions?: Readonly<Record<string, { readonly level?: boolean; readonly mode?: boolean }>>;
}
