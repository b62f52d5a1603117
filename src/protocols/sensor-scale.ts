import { sensorUnit } from "./sensor-units.ts";

/** A value on the wire times 10^exponent.
 *  @param raw as the wire has it
 *  @returns rounded to what a number holds */
export function scaled(raw: number | bigint, exponent: number): number {
  // Powers of ten with negative exponents are not exact, so one divides by the others
  return exponent < 0 ? Number(raw) / 10 ** -exponent : Number(raw) * 10 ** exponent;
}

/** What one value of a sensor, or of one of its axes, means. */
export interface SensorScale {
  /** Unit code. */
  readonly sensorType: number;
  /** Name of the unit, `celsius`; `scmi-wasm/protocols` lists them as `SENSOR_UNITS`. */
  readonly unit: string;
  /** Values on the wire are multiples of 10^exponent of the unit. */
  readonly exponent: number;
}

/** What a unit code and an exponent make. */
export function scaleOf(sensorType: number, exponent: number): SensorScale {
  return { sensorType, unit: sensorUnit(sensorType), exponent };
}

/** An interval of 16 bits of seconds × 10^exponent, the nearest to so many seconds.
 *  @throws RangeError when there is none but 0 */
export function intervalOf(intervalS: number): { readonly seconds: number; readonly exponent: number } {
  let best = { seconds: 0, exponent: 0 };
  const missBy = (seconds: number, exponent: number) => Math.abs(scaled(seconds, exponent) - intervalS);
  for (let exponent = HIGHEST_EXPONENT; exponent >= LOWEST_EXPONENT; exponent--) {
    const seconds = Math.round(scaled(intervalS, -exponent));
    if (!(seconds <= MAX_SECONDS)) break;
    if (missBy(seconds, exponent) < missBy(best.seconds, best.exponent)) best = { seconds, exponent };
  }
  if (best.seconds > 0 && intervalS > 0) return best;
  throw new RangeError(`"intervalS" expected more than 0 and at most 6.5e19 seconds, got ${intervalS}`);
}

const HIGHEST_EXPONENT = 15;
const LOWEST_EXPONENT = -16;
const MAX_SECONDS = 0xffff;
