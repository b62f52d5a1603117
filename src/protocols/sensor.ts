import {
  array,
  bit,
  bits,
  byVersion,
  command,
  flags,
  i64x,
  notification,
  type Protocol,
  protocol,
  records,
  reserved,
  since,
  struct,
  text,
  u32,
  u64,
  u64x,
  until,
  when,
} from "../wire/index.ts";
import { SENSOR_CODECS } from "./codecs/sensor.generated.ts";

/** Version words of the sensor protocol: SCMI 1.0 and 2.0, 3.0, 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;
const V3_1 = 0x30001;

/** `trip_point_ev_ctrl` of {@link SensorTripPointConfig}: which crossing of a trip point is an event. */
export const TRIP_POINT_EVENT = { OFF: 0, RISING: 1, FALLING: 2, BOTH: 3 } as const;

/** Lowest and highest reading of a sensor that does not state them: the least and the greatest of 64 bits. */
export const UNKNOWN_RANGE = { MIN: -0x8000000000000000n, MAX: 0x7fffffffffffffffn } as const;

/** One reading: the value in the sensor's unit and scale, and from version 2.0 on when it was taken, 0 where the sensor has no
 *  timestamps or they are off. */
const Reading = /* @__PURE__ */ struct({ value: i64x, timestamp: since(V2, u64x) });

/** Before version 2.0 one value, from then on one reading for each axis, or one of a scalar sensor. */
const Readings = /* @__PURE__ */ byVersion(array(Reading, { max: 1 }), [V2, array(Reading)]);

/** What a sensor or an axis tells apart: magnitude × 10^exponent of its unit, 0 = not stated. */
const Resolution = /* @__PURE__ */ bits({ magnitude: [0, 27], exponent: [27, 5, "signed"] });

const EXTENDED = "attributesLow.extendedAttributes";
const SCALAR = { unless: "attributesHigh.axes" } as const;

/** `PROTOCOL_ATTRIBUTES` of the sensor protocol: the number of sensors, how many asynchronous readings may be pending, and the
 *  shared-memory region, whose layout is not known and which nobody has: 0 bytes = none. DEN0056, Sensor `PROTOCOL_ATTRIBUTES` */
export const SensorProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({
    attributes: bits({ sensorCount: [0, 16], maxPendingReadings: [16, 8] }),
    sensorRegionAddress: u64,
    sensorRegionByteLength: u32,
  }),
});

/** `SENSOR_DESCRIPTION_GET`: what sensors are and can. Records of one reply differ in size: 28 bytes, with `extendedAttributes` 52,
 *  or 32 for a sensor with axes. `exponent` and `timestampExponent` are powers of ten; the update interval in the record, in
 *  seconds × 10^exponent, is that of version 1.0. Firmware is known to send one record more than it counts.
 *  DEN0056, `SENSOR_DESCRIPTION_GET` */
export const SensorDescriptionGet = /* @__PURE__ */ command("SENSOR_DESCRIPTION_GET", 0x3, {
  mandatory: true,
  request: struct({ descIndex: u32 }),
  response: struct(
    {
      numSensors: bits({ returned: [0, 12], remaining: [16, 16] }),
      sensors: records(
        struct({
          sensorId: u32,
          attributesLow: bits({
            tripPointCount: [0, 8],
            extendedAttributes: since(V2, 8),
            timestamps: since(V2, 9),
            timestampExponent: since(V2, [10, 5, "signed"]),
            extendedName: since(V3, 29),
            continuousUpdate: since(V2, 30),
            async: 31,
          }),
          attributesHigh: bits({
            sensorType: [0, 8],
            axes: since(V2, 8),
            exponent: [11, 5, "signed"],
            axisCount: since(V2, [16, 6]),
            updateIntervalExponent: until(V2, [22, 5, "signed"]),
            updateIntervalSeconds: until(V2, [27, 5]),
          }),
          name: text(16),
          sensorPowerUw: since(V2, when(EXTENDED, u32)),
          resolution: since(V2, when(EXTENDED, Resolution, SCALAR)),
          minRange: since(V2, when(EXTENDED, i64x, SCALAR)),
          maxRange: since(V2, when(EXTENDED, i64x, SCALAR)),
        }),
        { count: "numSensors.returned" },
      ),
    },
    { grows: true },
  ),
  statuses: ["INVALID_PARAMETERS"],
  multiPart: {
    index: "descIndex",
    returned: "numSensors.returned",
    remaining: "numSensors.remaining",
    items: "sensors",
  },
});

/** `SENSOR_TRIP_POINT_NOTIFY`: switches {@link SensorTripPointEvent} on or off for this agent and all trip points of a sensor.
 *  DEN0056, `SENSOR_TRIP_POINT_NOTIFY` */
export const SensorTripPointNotify = /* @__PURE__ */ command("SENSOR_TRIP_POINT_NOTIFY", 0x4, {
  request: struct({ sensorId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "sensorId",
});

/** `SENSOR_TRIP_POINT_CONFIG`: at which value a trip point lies, in the scale of readings, and which crossing of it is an event
 *  ({@link TRIP_POINT_EVENT}). DEN0056, `SENSOR_TRIP_POINT_CONFIG` */
export const SensorTripPointConfig = /* @__PURE__ */ command("SENSOR_TRIP_POINT_CONFIG", 0x5, {
  request: struct({
    sensorId: u32,
    tripPoint: bits({ event: [0, 2], tripPointId: [4, 8] }),
    tripPointValue: i64x,
  }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "sensorId",
});

/** `SENSOR_READING_GET`: reads a sensor. With `async` the response has no readings, and `SENSOR_READING_COMPLETE` brings them.
 *  DEN0056, `SENSOR_READING_GET` */
export const SensorReadingGet = /* @__PURE__ */ command("SENSOR_READING_GET", 0x6, {
  mandatory: true,
  request: struct({ sensorId: u32, flags: flags({ async: 0 }) }),
  response: struct({ readings: Readings }),
  delayedResponse: {
    name: "SENSOR_READING_COMPLETE",
    payload: struct({ sensorId: u32, readings: Readings }),
    when: "flags.async",
  },
  // PROTOCOL_ERROR, one of the generic statuses: the sensor is disabled.
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "HARDWARE_ERROR", "BUSY"],
  resource: "sensorId",
  isHot: true,
});

/** `SENSOR_AXIS_DESCRIPTION_GET`: the axes of a sensor, in records of 28 bytes, or 48 with `extendedAttributes`. DEN0056C,
 *  `SENSOR_AXIS_DESCRIPTION_GET` */
export const SensorAxisDescriptionGet = /* @__PURE__ */ command("SENSOR_AXIS_DESCRIPTION_GET", 0x7, {
  since: V2,
  request: struct({ sensorId: u32, axisDescIndex: u32 }),
  response: struct(
    {
      numAxes: bits({ returned: [0, 6], remaining: [26, 6] }),
      axes: records(
        struct({
          axisId: u32,
          attributesLow: flags({ extendedAttributes: 8, extendedName: since(V3, 9) }),
          attributesHigh: bits({ sensorType: [0, 8], exponent: [11, 5, "signed"] }),
          name: text(16),
          resolution: when(EXTENDED, Resolution),
          minRange: when(EXTENDED, i64x),
          maxRange: when(EXTENDED, i64x),
        }),
        { count: "numAxes.returned" },
      ),
    },
    // SCP-firmware sends 48 bytes for an axis of 28.
    { grows: true },
  ),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "INVALID_PARAMETERS", "OUT_OF_RANGE"],
  resource: "sensorId",
  multiPart: {
    index: "axisDescIndex",
    returned: "numAxes.returned",
    remaining: "numAxes.remaining",
    items: "axes",
  },
});

/** `SENSOR_LIST_UPDATE_INTERVALS`: how often a sensor can be read: a list of intervals in seconds × 10^exponent, or with `isSegment`
 *  exactly lowest, highest and step in one reply. {@link SensorConfigSet} has the same pair at other places.
 *  DEN0056C, `SENSOR_LIST_UPDATE_INTERVALS` */
export const SensorListUpdateIntervals = /* @__PURE__ */ command("SENSOR_LIST_UPDATE_INTERVALS", 0x8, {
  since: V2,
  request: struct({ sensorId: u32, index: u32 }),
  response: struct({
    numIntervals: bits({ returned: [0, 12], isSegment: 12, remaining: [16, 16] }),
    intervals: array(bits({ exponent: [0, 5, "signed"], seconds: [5, 16] }), { count: "numIntervals.returned" }),
  }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "INVALID_PARAMETERS", "OUT_OF_RANGE"],
  resource: "sensorId",
  multiPart: {
    index: "index",
    returned: "numIntervals.returned",
    remaining: "numIntervals.remaining",
    items: "intervals",
  },
});

/** `SENSOR_CONFIG_GET`: whether a sensor and its timestamps are enabled, and its update interval, in seconds × 10^exponent; both 0 =
 *  it has none. DEN0056C, `SENSOR_CONFIG_GET` */
export const SensorConfigGet = /* @__PURE__ */ command("SENSOR_CONFIG_GET", 0x9, {
  since: V2,
  mandatory: true,
  request: struct({ sensorId: u32 }),
  response: struct({
    sensorConfig: bits({
      enabled: 0,
      timestamps: 1,
      updateIntervalExponent: [11, 5, "signed"],
      updateIntervalSeconds: [16, 16],
    }),
  }),
  statuses: ["NOT_FOUND"],
  resource: "sensorId",
});

/** `SENSOR_CONFIG_SET`: enables or disables a sensor and its timestamps, always both, and asks for an update interval in seconds ×
 *  10^exponent; both 0 = as it is. `roundClosest` overrules `roundUp`; neither means down. DEN0056C, `SENSOR_CONFIG_SET` */
export const SensorConfigSet = /* @__PURE__ */ command("SENSOR_CONFIG_SET", 0xa, {
  since: V2,
  mandatory: true,
  request: struct({
    sensorId: u32,
    sensorConfig: bits({
      enabled: 0,
      timestamps: 1,
      roundUp: 9,
      roundClosest: 10,
      updateIntervalExponent: [11, 5, "signed"],
      updateIntervalSeconds: [16, 16],
    }),
  }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "sensorId",
});

/** `SENSOR_CONTINUOUS_UPDATE_NOTIFY`: switches {@link SensorUpdate} on or off for this agent and a sensor; vhost-device answers with a
 *  word more. DEN0056C, `SENSOR_CONTINUOUS_UPDATE_NOTIFY` */
export const SensorContinuousUpdateNotify = /* @__PURE__ */ command("SENSOR_CONTINUOUS_UPDATE_NOTIFY", 0xb, {
  since: V2,
  request: struct({ sensorId: u32, notifyEnable: bit(0) }),
  response: struct({}, { grows: true }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "sensorId",
});

/** `SENSOR_NAME_GET`: the long name of a sensor that has `extendedName`. DEN0056D, `SENSOR_NAME_GET` */
export const SensorNameGet = /* @__PURE__ */ command("SENSOR_NAME_GET", 0xc, {
  since: V3,
  request: struct({ sensorId: u32 }),
  response: struct({ flags: reserved(4), name: text(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "sensorId",
});

/** `SENSOR_AXIS_NAME_GET`: the long names of a sensor's axes, each with its axis id: perhaps only those of the axes that have one.
 *  DEN0056D, `SENSOR_AXIS_NAME_GET` */
export const SensorAxisNameGet = /* @__PURE__ */ command("SENSOR_AXIS_NAME_GET", 0xd, {
  since: V3,
  request: struct({ sensorId: u32, axisDescIndex: u32 }),
  response: struct({
    numAxes: bits({ returned: [0, 6], remaining: [26, 6] }),
    axes: array(struct({ axisId: u32, name: text(64) }), { count: "numAxes.returned" }),
  }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "sensorId",
  multiPart: {
    index: "axisDescIndex",
    returned: "numAxes.returned",
    remaining: "numAxes.remaining",
    items: "axes",
  },
});

/** `SENSOR_TRIP_POINT_EVENT`: a reading reached or crossed a trip point, upwards if `rising`; agent 0 is the platform.
 *  DEN0056, `SENSOR_TRIP_POINT_EVENT` */
export const SensorTripPointEvent = /* @__PURE__ */ notification("SENSOR_TRIP_POINT_EVENT", 0x0, {
  payload: struct({ agentId: u32, sensorId: u32, tripPoint: bits({ tripPointId: [0, 8], rising: 16 }) }),
  resource: "sensorId",
  enabledBy: "SENSOR_TRIP_POINT_NOTIFY",
});

/** `SENSOR_UPDATE`: a new reading of a sensor with continuous updates; agent 0 is the platform. DEN0056C, `SENSOR_UPDATE` */
export const SensorUpdate = /* @__PURE__ */ notification("SENSOR_UPDATE", 0x1, {
  since: V2,
  payload: struct({ agentId: u32, sensorId: u32, readings: array(Reading) }),
  resource: "sensorId",
  enabledBy: "SENSOR_CONTINUOUS_UPDATE_NOTIFY",
});

/** Sensor management, 0x15. DEN0056, sensor management protocol */
export const sensorProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x15,
  name: "sensor",
  title: "Sensor management",
  versions: [V1, V2, V3, V3_1],
  negotiableSince: V3_1,
  commands: [
    SensorProtocolAttributes,
    SensorDescriptionGet,
    SensorTripPointNotify,
    SensorTripPointConfig,
    SensorReadingGet,
    SensorAxisDescriptionGet,
    SensorListUpdateIntervals,
    SensorConfigGet,
    SensorConfigSet,
    SensorContinuousUpdateNotify,
    SensorNameGet,
    SensorAxisNameGet,
  ],
  notifications: [SensorTripPointEvent, SensorUpdate],
  codecs: [SENSOR_CODECS],
});
