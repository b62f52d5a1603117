import type { BoardQuantity, BoardSensor } from "../board/board-sensor.ts";
import { UNKNOWN_RANGE } from "../protocols/sensor.ts";
import { shortInterval } from "./intervals.ts";
import { isLong, shortName } from "./names.ts";

const V2 = 0x20000;
const V3 = 0x30000;
const NO_UNIT = 0x00;
const NOT_STATED = { magnitude: 0, exponent: 0 } as const;

/** `SENSOR_DESCRIPTION_GET`: one record. What a version lacks is not written, but for the flags that stand for it.
 *  @param sensor `undefined` for one that the agent may not use: its place is kept, for ids are places, and says nothing
 *  @param hasP2a whether the agent can be told anything unasked */
export function sensorRecord(sensorId: number, sensor: BoardSensor | undefined, version: number, hasP2a: boolean) {
  if (!sensor) return { ...EMPTY, sensorId };
  const { axes, intervals, interval } = sensor;
  const isV2 = version >= V2;
  const hasAxes = isV2 && axes.length > 0;
  const isExtended = isV2 && (sensor.powerUw !== undefined || (!hasAxes && hasRange(sensor)));
  const old = isV2 || intervals === undefined || interval === undefined ? undefined : shortInterval(interval);
  return {
    sensorId,
    attributesLow: {
      tripPointCount: sensor.tripPointCount,
      extendedAttributes: isExtended,
      timestamps: isV2 && sensor.timestampExponent !== undefined,
      timestampExponent: isV2 ? (sensor.timestampExponent ?? 0) : 0,
      extendedName: version >= V3 && isLong(sensor.name),
      continuousUpdate: isV2 && sensor.continuousUpdates && hasP2a,
      async: sensor.asyncLatencyUs !== undefined && hasP2a,
    },
    attributesHigh: {
      sensorType: sensor.sensorType,
      axes: hasAxes,
      exponent: sensor.exponent,
      axisCount: hasAxes ? axes.length : 0,
      updateIntervalExponent: old?.exponent ?? 0,
      updateIntervalSeconds: old?.seconds ?? 0,
    },
    name: shortName(sensor.name),
    sensorPowerUw: isExtended ? (sensor.powerUw ?? 0) : undefined,
    ...(isExtended && !hasAxes ? rangeOf(sensor) : NO_RANGE),
  };
}

/** `SENSOR_AXIS_DESCRIPTION_GET`: one record. */
export function axisRecord(axisId: number, axis: BoardQuantity, version: number) {
  const isExtended = hasRange(axis);
  return {
    axisId,
    attributesLow: { extendedAttributes: isExtended, extendedName: version >= V3 && isLong(axis.name) },
    attributesHigh: { sensorType: axis.sensorType, exponent: axis.exponent },
    name: shortName(axis.name),
    ...(isExtended ? rangeOf(axis) : NO_RANGE),
  };
}

const NO_RANGE = { resolution: undefined, minRange: undefined, maxRange: undefined } as const;

const EMPTY = {
  attributesLow: {
    tripPointCount: 0,
    extendedAttributes: false,
    timestamps: false,
    timestampExponent: 0,
    extendedName: false,
    continuousUpdate: false,
    async: false,
  },
  attributesHigh: {
    sensorType: NO_UNIT,
    axes: false,
    exponent: 0,
    axisCount: 0,
    updateIntervalExponent: 0,
    updateIntervalSeconds: 0,
  },
  name: "",
  sensorPowerUw: undefined,
  ...NO_RANGE,
} as const;

function hasRange({ range, resolution }: BoardQuantity): boolean {
  return range !== undefined || resolution !== undefined;
}

function rangeOf({ range, resolution }: BoardQuantity) {
  return {
    resolution: resolution ?? NOT_STATED,
    minRange: range?.min ?? UNKNOWN_RANGE.MIN,
    maxRange: range?.max ?? UNKNOWN_RANGE.MAX,
  };
}
