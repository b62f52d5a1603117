/** The sensor protocol of a board file. */
export interface SensorsSource {
  readonly asyncDepth?: number;
  readonly sensors: readonly SensorSource[];
}

/** What a sensor and an axis of a board file have in common. */
export interface QuantitySource {
  readonly name: string;
  readonly type?: number | string;
  readonly exponent?: number;
  readonly resolution?: { readonly magnitude: number; readonly exponent: number };
  readonly range?: { readonly min: number; readonly max: number };
  readonly signal?: SignalSource;
}

/** A sensor of a board file. */
export interface SensorSource extends QuantitySource {
  readonly axes?: readonly QuantitySource[];
  readonly powerUw?: number;
  readonly tripPoints?: number;
  readonly enabled?: boolean;
  readonly timestampExponent?: number;
  readonly continuousUpdates?: boolean;
  readonly asyncLatencyUs?: number;
  readonly intervalsUs?:
    | readonly number[]
    | { readonly lowest: number; readonly highest: number; readonly step: number };
  readonly intervalUs?: number;
  readonly readOnly?: readonly string[];
}

/** A signal of a board file; a number is a constant. */
export type SignalSource =
  | number
  | {
      readonly kind: "ramp" | "sine" | "noise" | "csv";
      readonly from?: number;
      readonly to?: number;
      readonly durationMs?: number;
      readonly repeat?: boolean;
      readonly mean?: number;
      readonly amplitude?: number;
      readonly periodMs?: number;
      readonly stepMs?: number;
      readonly seed?: number;
      readonly csv?: string;
      readonly hold?: boolean;
    };
