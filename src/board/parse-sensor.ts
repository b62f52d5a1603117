import { SENSOR_UNITS } from "../protocols/sensor-units.ts";
import type { BoardInterval, BoardQuantity, BoardSensor, BoardSensors } from "./board-sensor.ts";
import type { Names } from "./names.ts";
import { signalOf } from "./parse-signal.ts";
import type { QuantitySource, SensorSource, SensorsSource } from "./source-sensor.ts";
import { type Place, within, wrong } from "./validate.ts";
import { expectAscending } from "./words.ts";

/** Completes the sensors and checks what a schema cannot.
 *  @throws BoardError */
export function sensorsOf({ asyncDepth = 0, sensors }: SensorsSource, place: Place, agents: Names): BoardSensors {
  return {
    asyncDepth,
    sensors: sensors.map((it, i) => sensorOf(it, within(within(place, "sensors"), i), agents, asyncDepth)),
  };
}

function sensorOf(source: SensorSource, place: Place, agents: Names, asyncDepth: number): BoardSensor {
  if (source.asyncLatencyUs !== undefined && asyncDepth === 0) {
    throw wrong(within(place, "asyncLatencyUs"), "sensor.asyncDepth above 0 beside it", asyncDepth);
  }
  const { axes = [] } = source;
  if (axes.length > 0) {
    for (const key of ["signal", "range", "resolution"] as const) {
      if (source[key] !== undefined)
        throw wrong(within(place, key), "it at the axes, where there are some", source[key]);
    }
    if (source.tripPoints) throw wrong(within(place, "tripPoints"), "0 for a sensor with axes", source.tripPoints);
  }
  const quantity = quantityOf(source, place, { sensorType: typeOf("none", place), exponent: 0 });
  const intervals = intervalsOf(source.intervalsUs, within(place, "intervalsUs"));
  return {
    ...quantity,
    axes: axes.map((it, i) => quantityOf(it, within(within(place, "axes"), i), quantity)),
    powerUw: source.powerUw,
    tripPointCount: source.tripPoints ?? 0,
    isEnabled: source.enabled ?? true,
    timestampExponent: source.timestampExponent,
    continuousUpdates: source.continuousUpdates ?? false,
    asyncLatencyUs: source.asyncLatencyUs,
    intervals,
    interval: startOf(source, intervals, within(place, "intervalUs")),
    readOnlyAgents: agents.ids(source.readOnly, within(place, "readOnly")),
  };
}

function quantityOf(
  source: QuantitySource,
  place: Place,
  standard: Pick<BoardQuantity, "sensorType" | "exponent">,
): BoardQuantity {
  const { name, type, exponent = standard.exponent, resolution, range } = source;
  if (range && range.min > range.max) throw wrong(within(place, "range"), "min up to max", range.min);
  const sensorType = type === undefined ? standard.sensorType : typeOf(type, within(place, "type"));
  return {
    name,
    sensorType,
    exponent,
    resolution,
    range,
    signal: signalOf(source.signal ?? 0, within(place, "signal")),
  };
}

function typeOf(type: number | string, place: Place): number {
  if (typeof type === "number") return type;
  const code = SENSOR_UNITS.indexOf(type);
  if (code < 0) throw wrong(place, `a code, or one of ${SENSOR_UNITS.join(", ")}`, type);
  return code;
}

function intervalsOf(source: SensorSource["intervalsUs"], place: Place): BoardSensor["intervals"] {
  if (source === undefined) return undefined;
  if ("lowest" in source) {
    const { lowest, highest, step } = source;
    if (lowest > highest) throw wrong(within(place, "lowest"), `at most ${highest}`, lowest);
    const exponent = exponentOf(lowest, highest, step);
    return {
      lowest: intervalOf(lowest, within(place, "lowest"), exponent),
      highest: intervalOf(highest, within(place, "highest"), exponent),
      step: intervalOf(step, within(place, "step"), exponent),
    };
  }
  expectAscending(source, (i) => within(place, i));
  return source.map((it, i) => intervalOf(it, within(place, i)));
}

function startOf(
  { intervalUs }: SensorSource,
  intervals: BoardSensor["intervals"],
  place: Place,
): BoardInterval | undefined {
  if (intervals === undefined) {
    if (intervalUs === undefined) return undefined;
    throw wrong(place, "intervalsUs beside it", intervalUs);
  }
  if ("lowest" in intervals) {
    const { lowest, highest, step } = intervals;
    if (intervalUs === undefined) return lowest;
    const seconds = intervalUs / 10 ** (lowest.exponent - MICRO);
    const isOnGrid = (seconds - lowest.seconds) % step.seconds === 0;
    if (isOnGrid && seconds >= lowest.seconds && seconds <= highest.seconds) {
      return { seconds, exponent: lowest.exponent };
    }
    throw wrong(place, "one of the intervals", intervalUs);
  }
  if (intervalUs === undefined) return intervals[0];
  const interval = intervalOf(intervalUs, place);
  if (!intervals.some(({ seconds, exponent }) => seconds === interval.seconds && exponent === interval.exponent)) {
    throw wrong(place, "one of the intervals", intervalUs);
  }
  return interval;
}

/** The greatest of µs, ms, s and ks that all intervals are multiples of. */
function exponentOf(...intervalsUs: readonly number[]): number {
  const isCommon = (exponent: number) => intervalsUs.every((it) => it % 10 ** (exponent - MICRO) === 0);
  return EXPONENTS.find(isCommon) ?? MICRO;
}

function intervalOf(intervalUs: number, place: Place, exponent = exponentOf(intervalUs)): BoardInterval {
  const seconds = intervalUs / 10 ** (exponent - MICRO);
  if (seconds <= MAX_SECONDS) return { seconds, exponent };
  throw wrong(place, `at most ${MAX_SECONDS} of the greatest of µs, ms and s that it is a multiple of`, intervalUs);
}

const MICRO = -6;
const EXPONENTS = [3, 0, -3, MICRO];
const MAX_SECONDS = 0xffff;
