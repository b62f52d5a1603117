/** The sensor protocol of a board. */
export interface BoardSensors {
  /** Pending asynchronous readings of an agent; 0 = none. */
  readonly asyncDepth: number;
  /** By sensor id. */
  readonly sensors: readonly BoardSensor[];
}

/** What a sensor and an axis have in common. */
export interface BoardQuantity {
  /** A sensor: at most 63 ASCII characters, an axis as well. */
  readonly name: string;
  /** Unit code, as in `SENSOR_DESCRIPTION_GET`. */
  readonly sensorType: number;
  /** Values are multiples of 10^exponent of the unit, -16 to 15. */
  readonly exponent: number;
  readonly resolution: BoardResolution | undefined;
  /** In the scale of readings. */
  readonly range: BoardRange | undefined;
  readonly signal: BoardSignal;
}

/** A sensor; all values in the scale of its readings. */
export interface BoardSensor extends BoardQuantity {
  /** By axis id; empty = a scalar sensor. What the sensor itself measures then counts for nothing. */
  readonly axes: readonly BoardQuantity[];
  /** While enabled; 0 = not stated. */
  readonly powerUw: number | undefined;
  readonly tripPointCount: number;
  /** Enabled at start. */
  readonly isEnabled: boolean;
  /** Timestamps are multiples of 10^exponent seconds; `undefined` = there are none. */
  readonly timestampExponent: number | undefined;
  readonly continuousUpdates: boolean;
  /** Time that an asynchronous reading takes; `undefined` = there is none. 0 = done before its response is out. */
  readonly asyncLatencyUs: number | undefined;
  /** How often it can be read; `undefined` = it does not say. */
  readonly intervals: readonly BoardInterval[] | BoardIntervalRange | undefined;
  /** At start; `undefined` without intervals. */
  readonly interval: BoardInterval | undefined;
  /** Ids of the agents that may not set its trip points and its configuration. */
  readonly readOnlyAgents: readonly number[];
}

/** Seconds × 10^exponent: 16 bits, and -16 to 15. */
export interface BoardInterval {
  readonly seconds: number;
  readonly exponent: number;
}

/** Lowest, lowest + step … highest, with one exponent. */
export interface BoardIntervalRange {
  readonly lowest: BoardInterval;
  readonly highest: BoardInterval;
  readonly step: BoardInterval;
}

/** Magnitude × 10^exponent of the unit. */
export interface BoardResolution {
  readonly magnitude: number;
  readonly exponent: number;
}

/** Lowest and highest value. */
export interface BoardRange {
  readonly min: number;
  readonly max: number;
}

/** What a sensor measures over time, which starts with the platform's clock. */
export type BoardSignal =
  | { readonly kind: "constant"; readonly value: number }
  /** In a straight line, which then stays at its end or begins anew. */
  | {
      readonly kind: "ramp";
      readonly from: number;
      readonly to: number;
      readonly durationMs: number;
      readonly isRepeated: boolean;
    }
  | { readonly kind: "sine"; readonly mean: number; readonly amplitude: number; readonly periodMs: number }
  /** A value between mean - amplitude and mean + amplitude, another one in every step. */
  | {
      readonly kind: "noise";
      readonly mean: number;
      readonly amplitude: number;
      readonly stepMs: number;
      readonly seed: number;
    }
  /** Through points, in a straight line or by steps; before the first and behind the last it stays there. */
  | {
      readonly kind: "points";
      readonly points: readonly { readonly timeMs: number; readonly value: number }[];
      readonly isHeld: boolean;
    };
