import type { PinSettingName } from "./pin-settings.ts";

/** The pin control protocol of a board file. */
export interface PinctrlSource {
  readonly pins: readonly PinSource[];
  readonly groups?: readonly PinGroupSource[];
  readonly functions?: readonly PinFunctionSource[];
}

/** A pin of a board file. */
export interface PinSource {
  readonly name: string;
  readonly settings?: Readonly<Partial<Record<PinSettingName, number>>> & {
    readonly oem?: Readonly<Record<string, number>>;
  };
  readonly function?: string;
}

/** A group of a board file. */
export interface PinGroupSource {
  readonly name: string;
  readonly pins: readonly string[];
}

/** A function of a board file: for groups, or for pins. */
export interface PinFunctionSource {
  readonly name: string;
  readonly gpio?: boolean;
  readonly groups?: readonly string[];
  readonly pins?: readonly string[];
}
