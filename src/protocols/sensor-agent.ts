import type { CallOptions, PolledCommand, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import type { Infer } from "../wire/index.ts";
import type { Protocol } from "../wire/protocol.ts";
import { contradiction, tripletOf } from "./contradiction.ts";
import { orElse } from "./refusal.ts";
import {
  SensorAxisDescriptionGet,
  SensorAxisNameGet,
  SensorConfigGet,
  SensorConfigSet,
  SensorDescriptionGet,
  SensorListUpdateIntervals,
  SensorNameGet,
  SensorProtocolAttributes,
  SensorReadingGet,
  SensorTripPointConfig,
  SensorTripPointEvent,
  SensorUpdate,
  sensorProtocol,
  TRIP_POINT_EVENT,
  UNKNOWN_RANGE,
} from "./sensor.ts";
import { intervalOf, type SensorScale, scaled, scaleOf } from "./sensor-scale.ts";

/** From this version on there are axes, timestamps, configurations and continuous updates, */
const V2 = 0x20000;
/** and long names. */
const V3 = 0x30000;

/** `PROTOCOL_ATTRIBUTES` of the sensor protocol. */
export interface SensorProtocolInfo {
  readonly sensorCount: number;
  /** Asynchronous readings that may be pending; 0 = none. */
  readonly maxPendingReadings: number;
}

/** Lowest and highest value and what is told apart, in the unit; `undefined` where the platform does not say. */
export interface SensorRange {
  readonly lowest: number | undefined;
  readonly highest: number | undefined;
  readonly resolution: number | undefined;
}

/** One axis of a sensor. */
export interface SensorAxisInfo extends SensorScale, SensorRange {
  readonly axisId: number;
  /** The long name where there is one. */
  readonly name: string;
}

/** How often a sensor can be read, in seconds: a list, or all of `lowestS + k × stepS` up to `highestS`. */
export type SensorIntervals =
  | { readonly kind: "list"; readonly intervalsS: readonly number[] }
  | { readonly kind: "range"; readonly lowestS: number; readonly highestS: number; readonly stepS: number };

/** All that does not change about a sensor. */
export interface SensorInfo extends SensorScale, SensorRange {
  readonly sensorId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** Empty for a scalar sensor, and where the platform would not say. */
  readonly axes: readonly SensorAxisInfo[];
  readonly tripPointCount: number;
  /** Can be read without holding the channel meanwhile. */
  readonly isAsync: boolean;
  readonly hasContinuousUpdates: boolean;
  /** Timestamps are multiples of 10^exponent seconds; `undefined`: there are none. */
  readonly timestampExponent: number | undefined;
  /** What it takes while enabled, in µW; `undefined` where the platform does not say. */
  readonly powerUw: number | undefined;
  /** An empty list where the platform would not say. */
  readonly intervals: SensorIntervals;
}

/** One reading. */
export interface SensorReading {
  /** In the unit: volts, not millivolts. `NaN` in an update of a sensor that the platform did not describe. */
  readonly value: number;
  /** As it came, a multiple of 10^exponent of the unit. */
  readonly raw: number | bigint;
  /** When it was taken, in seconds of the platform's choice; `undefined` without timestamps. */
  readonly timestampS: number | undefined;
}

/** How a sensor is read. */
export interface SensorReadOptions extends CallOptions {
  /** With a delayed response or without; unless said, as the sensor can. */
  readonly isAsync?: boolean;
}

/** What `SENSOR_CONFIG_GET` tells. */
export interface SensorConfig {
  readonly isEnabled: boolean;
  readonly hasTimestamps: boolean;
  /** `undefined`: it needs none. */
  readonly intervalS: number | undefined;
}

/** What {@link Sensor.setConfig} changes; what is not said stays. */
export interface SensorConfigChange {
  readonly isEnabled?: boolean;
  readonly hasTimestamps?: boolean;
  readonly intervalS?: number;
  /** How to reach an interval that the sensor does not have; default: down. */
  readonly round?: "down" | "up" | "closest";
}

/** Which crossing of a trip point is an event. */
export type TripPointDirection = "rising" | "falling" | "both" | "off";

/** `SENSOR_TRIP_POINT_EVENT` */
export interface SensorTrip {
  /** 0 = the platform. */
  readonly agentId: number;
  readonly sensorId: number;
  readonly tripPointId: number;
  readonly isRising: boolean;
}

/** `SENSOR_UPDATE` */
export interface SensorUpdateEvent {
  /** 0 = the platform. */
  readonly agentId: number;
  readonly sensorId: number;
  /** One, or one for each axis. */
  readonly readings: readonly SensorReading[];
}

type Description = Infer<typeof SensorDescriptionGet.response>["sensors"][number];
type Axis = Infer<typeof SensorAxisDescriptionGet.response>["axes"][number];
type Interval = Infer<typeof SensorListUpdateIntervals.response>["intervals"][number];
type ReadingRequest = Infer<typeof SensorReadingGet.request>;
type Readings = Infer<typeof SensorReadingGet.response>;
type RawReading = Readings["readings"][number];

/** Sensors, the agent's side. DEN0056, sensor management protocol */
export class Sensor {
  /** The message table. */
  static readonly table: Protocol = sensorProtocol;
  readonly #handle: ProtocolHandle;
  readonly #readPolled: PolledCommand<ReadingRequest, Readings>;
  // Overwritten by each polled call: no garbage.
  readonly #readRequest = { sensorId: 0, flags: { async: false } };
  readonly #readResponse: Readings = { readings: [] };
  readonly #infos = new Map<number, SensorInfo>();
  #attributes: SensorProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
    this.#readPolled = handle.polled(SensorReadingGet);
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of sensors, depth of asynchronous readings; asked once. DEN0056, Sensor `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<SensorProtocolInfo> {
    this.#attributes ??= await this.#handle.call(SensorProtocolAttributes, {}, options, (it) => it.attributes);
    return this.#attributes;
  }

  /** Everything that does not change about a sensor: `SENSOR_DESCRIPTION_GET`, long name, axes and update intervals; gathered once.
   *  @throws StatusError `INVALID_PARAMETERS` when there is no such sensor */
  async describe(sensorId: number, options?: CallOptions): Promise<SensorInfo> {
    const known = this.#infos.get(sensorId);
    if (known) return known;
    const { sensors } = await this.#handle.call(SensorDescriptionGet, { descIndex: sensorId }, options);
    const description = sensors.find((it) => it.sensorId === sensorId);
    if (!description) {
      const got = sensors[0]?.sensorId;
      throw contradiction(SensorDescriptionGet.name, "response.sensors[0].sensorId", 8, sensorId, got);
    }
    return this.#gather(description, options);
  }

  /** {@link describe} for every sensor that there is, with `SENSOR_DESCRIPTION_GET` in as many messages as it takes.
   *  DEN0056, `SENSOR_DESCRIPTION_GET` */
  async describeAll(options?: CallOptions): Promise<readonly SensorInfo[]> {
    const infos: SensorInfo[] = [];
    const { sensorCount } = await this.getProtocolAttributes(options);
    if (sensorCount === 0) return infos;
    for await (const { sensors } of this.#handle.multiPart(SensorDescriptionGet, { descIndex: 0 }, options)) {
      for (const it of sensors) infos.push(this.#infos.get(it.sensorId) ?? (await this.#gather(it, options)));
    }
    return infos;
  }

  /** `SENSOR_AXIS_DESCRIPTION_GET`: the axes of a sensor, with their long names where they have such. DEN0056C,
   *  `SENSOR_AXIS_DESCRIPTION_GET`
   *  @throws StatusError `NOT_SUPPORTED` for a scalar sensor
   *  @throws UnsupportedError before version 2.0 */
  async describeAxes(sensorId: number, options?: CallOptions): Promise<readonly SensorAxisInfo[]> {
    const axes: Axis[] = [];
    const parts = this.#handle.multiPart(SensorAxisDescriptionGet, { sensorId, axisDescIndex: 0 }, options);
    for await (const part of parts) axes.push(...part.axes);
    const hasLong = this.version >= V3 && axes.some(({ attributesLow }) => attributesLow.extendedName);
    const names = hasLong ? await orElse(this.getAxisNames(sensorId, options), NO_NAMES) : NO_NAMES;
    return axes.map((axis) => axisInfoOf(axis, names.get(axis.axisId)));
  }

  /** `SENSOR_LIST_UPDATE_INTERVALS`: how often a sensor can be read, in as many messages as it takes. DEN0056C,
   *  `SENSOR_LIST_UPDATE_INTERVALS`
   *  @throws MessageError when counts contradict each other, or a segment is no triplet
   *  @throws UnsupportedError before version 2.0, where the description tells the one interval */
  async describeIntervals(sensorId: number, options?: CallOptions): Promise<SensorIntervals> {
    const intervalsS: number[] = [];
    const parts = this.#handle.multiPart(SensorListUpdateIntervals, { sensorId, index: 0 }, options);
    for await (const { numIntervals, intervals } of parts) {
      if (numIntervals.isSegment) return segmentOf(intervals);
      for (const { seconds, exponent } of intervals) intervalsS.push(scaled(seconds, exponent));
    }
    return { kind: "list", intervalsS };
  }

  /** `SENSOR_NAME_GET`: the long name of a sensor. DEN0056D, `SENSOR_NAME_GET`
   *  @throws UnsupportedError before version 3.0 */
  getName(sensorId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(SensorNameGet, { sensorId }, options, (it) => it.name);
  }

  /** `SENSOR_AXIS_NAME_GET`: the long names of a sensor's axes by axis id; axes that have none may be missing. DEN0056D,
   *  `SENSOR_AXIS_NAME_GET`
   *  @throws UnsupportedError before version 3.0 */
  async getAxisNames(sensorId: number, options?: CallOptions): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>();
    const parts = this.#handle.multiPart(SensorAxisNameGet, { sensorId, axisDescIndex: 0 }, options);
    for await (const { axes } of parts) for (const { axisId, name } of axes) names.set(axisId, name);
    return names;
  }

  /** `SENSOR_READING_GET`: reads a scalar sensor; of one with axes, the first. Resolves with the delayed response where the sensor has
   *  those. DEN0056, `SENSOR_READING_GET`
   *  @throws StatusError `PROTOCOL_ERROR` when the sensor is disabled, `HARDWARE_ERROR` when it fails, `BUSY`
   *  @throws DeadlineError "delayedResponse" when that does not come */
  async read(sensorId: number, options?: SensorReadOptions): Promise<SensorReading> {
    return firstOf(await this.readAxes(sensorId, options));
  }

  /** {@link read} for all axes, in their order; one reading for a scalar sensor. */
  async readAxes(sensorId: number, options?: SensorReadOptions): Promise<readonly SensorReading[]> {
    const info = await this.describe(sensorId, options);
    const { isAsync = info.isAsync && this.#handle.canNotify } = options ?? {};
    const request = { sensorId, flags: { async: isAsync } };
    if (!isAsync) return readingsOf(info, await this.#handle.call(SensorReadingGet, request, options, rawOf));
    const complete = await this.#handle.callAsync(SensorReadingGet, request, options);
    if (complete.sensorId !== sensorId)
      throw contradiction("SENSOR_READING_COMPLETE", "delayedResponse.sensorId", 4, sensorId, complete.sensorId);
    return readingsOf(info, complete.readings);
  }

  /** `SENSOR_READING_GET` without waiting for the event loop, and without garbage; see `PolledCommand` for what it throws. DEN0056,
   *  `SENSOR_READING_GET`
   *  @returns the value as it came, of the first axis: times 10^`exponent` it is in the unit */
  readPolled(sensorId: number): number | bigint {
    this.#readRequest.sensorId = sensorId;
    return firstOf(this.#readPolled.call(this.#readRequest, this.#readResponse).readings).value;
  }

  /** `SENSOR_TRIP_POINT_CONFIG`: places a trip point and says which crossing of it is an event. Events come to those who
   *  {@link watchTripPoints}. All agents share a trip point. DEN0056, `SENSOR_TRIP_POINT_CONFIG`
   *  @param tripPointId 0 to `tripPointCount` - 1
   *  @param point `value` in the unit, or `raw` as the wire has it
   *  @throws StatusError `INVALID_PARAMETERS` when there is no such trip point, `DENIED` when this agent may not */
  async setTripPoint(
    sensorId: number,
    tripPointId: number,
    point: { readonly direction: TripPointDirection } & (
      | { readonly value: number }
      | { readonly raw: number | bigint }
    ),
    options?: CallOptions,
  ): Promise<void> {
    const event = TRIP_POINT_EVENT[DIRECTIONS[point.direction]];
    const tripPointValue =
      "raw" in point ? point.raw : rawValue(point.value, (await this.describe(sensorId, options)).exponent);
    const values = { sensorId, tripPoint: { event, tripPointId }, tripPointValue };
    await this.#handle.call(SensorTripPointConfig, values, options);
  }

  /** `SENSOR_CONFIG_GET`: whether a sensor and its timestamps are enabled, and its update interval. DEN0056C, `SENSOR_CONFIG_GET`
   *  @throws UnsupportedError before version 2.0 */
  getConfig(sensorId: number, options?: CallOptions): Promise<SensorConfig> {
    return this.#handle.call(SensorConfigGet, { sensorId }, options, ({ sensorConfig }) => ({
      isEnabled: sensorConfig.enabled,
      hasTimestamps: sensorConfig.timestamps,
      intervalS: intervalIn(sensorConfig),
    }));
  }

  /** `SENSOR_CONFIG_SET`: enables or disables a sensor or its timestamps, or changes its update interval. A sensor is on while any agent
   *  wants it. What firmware makes of an interval, {@link getConfig} tells. DEN0056C, `SENSOR_CONFIG_SET`
   *  @throws StatusError `NOT_SUPPORTED` for what the sensor cannot, `DENIED` when this agent may not
   *  @throws UnsupportedError before version 2.0 */
  async setConfig(sensorId: number, change: SensorConfigChange, options?: CallOptions): Promise<void> {
    const { isEnabled, hasTimestamps, intervalS, round } = change;
    // The command always says both
    const isWhole = isEnabled !== undefined && hasTimestamps !== undefined;
    const now = isWhole ? undefined : await this.getConfig(sensorId, options);
    const { seconds, exponent } = intervalS === undefined ? { seconds: 0, exponent: 0 } : intervalOf(intervalS);
    const sensorConfig = {
      enabled: (isEnabled ?? now?.isEnabled) === true,
      timestamps: (hasTimestamps ?? now?.hasTimestamps) === true,
      roundUp: round === "up",
      roundClosest: round === "closest",
      updateIntervalSeconds: seconds,
      updateIntervalExponent: exponent,
    };
    await this.#handle.call(SensorConfigSet, { sensorId, sensorConfig }, options);
  }

  /** `SENSOR_CONFIG_SET`: enables a sensor; before version 2.0 all are. DEN0056C, `SENSOR_CONFIG_SET` */
  async enable(sensorId: number, options?: CallOptions): Promise<void> {
    if (this.version >= V2) await this.setConfig(sensorId, { isEnabled: true }, options);
  }

  /** `SENSOR_CONFIG_SET`: withdraws our wish that a sensor is on. DEN0056C, `SENSOR_CONFIG_SET`
   *  @throws UnsupportedError before version 2.0 */
  disable(sensorId: number, options?: CallOptions): Promise<void> {
    return this.setConfig(sensorId, { isEnabled: false }, options);
  }

  /** `SENSOR_TRIP_POINT_NOTIFY`: watches `SENSOR_TRIP_POINT_EVENT` of some sensors. DEN0056, `SENSOR_TRIP_POINT_NOTIFY`
   *  @param sensorIds one or several; all that have trip points unless said. Of several, one success is enough */
  watchTripPoints(sensorIds?: number | readonly number[], options?: WatchOptions): Watch<SensorTrip> {
    const sources = this.#sources(sensorIds, ({ tripPointCount }) => tripPointCount > 0);
    return this.#handle.watch(SensorTripPointEvent, { ...options, ...sources }, (it) => ({
      agentId: it.agentId,
      sensorId: it.sensorId,
      tripPointId: it.tripPoint.tripPointId,
      isRising: it.tripPoint.rising,
    }));
  }

  /** `SENSOR_CONTINUOUS_UPDATE_NOTIFY`: watches `SENSOR_UPDATE` of some sensors, which come while the sensor is enabled, at its update
   *  interval. DEN0056C, `SENSOR_CONTINUOUS_UPDATE_NOTIFY`
   *  @param sensorIds one or several; all that have continuous updates unless said. Of several, one success is enough */
  watchUpdates(sensorIds?: number | readonly number[], options?: WatchOptions): Watch<SensorUpdateEvent> {
    const sources = this.#sources(sensorIds, (it) => it.hasContinuousUpdates);
    return this.#handle.watch(SensorUpdate, { ...options, ...sources }, ({ agentId, sensorId, readings }) => ({
      agentId,
      sensorId,
      readings: readingsOf(this.#infos.get(sensorId) ?? UNDESCRIBED, readings),
    }));
  }

  #sources(sensorIds: number | readonly number[] | undefined, isNotifying: (sensor: SensorInfo) => boolean) {
    if (sensorIds === undefined) {
      const all = async () => (await this.describeAll()).filter(isNotifying).map(({ sensorId }) => sensorId);
      return { sources: all, isAll: true };
    }
    const ids = typeof sensorIds === "number" ? [sensorIds] : sensorIds;
    const sources = async () => {
      // What a reading means has to be known before one comes
      for (const id of ids) await orElse(this.describe(id), undefined);
      return ids;
    };
    return { sources };
  }

  async #gather(description: Description, options: CallOptions | undefined): Promise<SensorInfo> {
    const { sensorId, attributesLow, attributesHigh, name, sensorPowerUw = 0 } = description;
    const hasAxes = attributesHigh.axes && attributesHigh.axisCount > 0;
    const info: SensorInfo = {
      sensorId,
      ...scaleOf(attributesHigh.sensorType, attributesHigh.exponent),
      ...rangeOf(description, attributesHigh.exponent),
      name: attributesLow.extendedName ? await orElse(this.getName(sensorId, options), name) : name,
      axes: hasAxes ? await orElse(this.describeAxes(sensorId, options), []) : [],
      tripPointCount: attributesLow.tripPointCount,
      isAsync: attributesLow.async,
      hasContinuousUpdates: attributesLow.continuousUpdate,
      timestampExponent: attributesLow.timestamps ? attributesLow.timestampExponent : undefined,
      powerUw: sensorPowerUw === 0 ? undefined : sensorPowerUw,
      intervals:
        this.version >= V2
          ? await orElse(this.describeIntervals(sensorId, options), { kind: "list", intervalsS: [] })
          : oldIntervals(attributesHigh),
    };
    this.#infos.set(sensorId, info);
    return info;
  }
}

const NO_NAMES: ReadonlyMap<number, string> = /* @__PURE__ */ new Map();
const UNDESCRIBED = { exponent: Number.NaN, axes: [], timestampExponent: undefined } as const;
const DIRECTIONS = { off: "OFF", rising: "RISING", falling: "FALLING", both: "BOTH" } as const;

function rawOf({ readings }: Readings): readonly RawReading[] {
  return readings;
}

function firstOf<T>([reading]: readonly T[]): T {
  if (reading) return reading;
  throw contradiction(SensorReadingGet.name, "response.readings", 4, "1 reading at least", undefined);
}

function readingsOf(
  info: Pick<SensorInfo, "exponent" | "axes" | "timestampExponent">,
  readings: readonly RawReading[],
): readonly SensorReading[] {
  const { axes, timestampExponent } = info;
  return readings.map(({ value, timestamp = 0 }, i) => ({
    value: scaled(value, axes[i]?.exponent ?? info.exponent),
    raw: value,
    timestampS:
      timestampExponent === undefined || Number(timestamp) === 0 ? undefined : scaled(timestamp, timestampExponent),
  }));
}

function axisInfoOf(axis: Axis, longName: string | undefined): SensorAxisInfo {
  const { axisId, attributesHigh } = axis;
  const { sensorType, exponent } = attributesHigh;
  return { axisId, name: longName ?? axis.name, ...scaleOf(sensorType, exponent), ...rangeOf(axis, exponent) };
}

function rangeOf(
  { minRange, maxRange, resolution }: Pick<Axis, "minRange" | "maxRange" | "resolution">,
  exponent: number,
): SensorRange {
  const known = (raw: number | bigint | undefined, unknown: bigint) =>
    raw === undefined || raw === unknown ? undefined : scaled(raw, exponent);
  const [lowest, highest] = [known(minRange, UNKNOWN_RANGE.MIN), known(maxRange, UNKNOWN_RANGE.MAX)];
  // SCP-firmware spoils the high words of both, which shows when they are out of order
  const isOrdered = lowest === undefined || highest === undefined || lowest <= highest;
  const step = resolution && resolution.magnitude > 0 ? scaled(resolution.magnitude, resolution.exponent) : undefined;
  return { lowest: isOrdered ? lowest : undefined, highest: isOrdered ? highest : undefined, resolution: step };
}

/** In seconds; `undefined`: there is none. */
function intervalIn({
  updateIntervalSeconds,
  updateIntervalExponent,
}: Pick<Description["attributesHigh"], "updateIntervalSeconds" | "updateIntervalExponent">): number | undefined {
  return updateIntervalSeconds === 0 ? undefined : scaled(updateIntervalSeconds, updateIntervalExponent);
}

function oldIntervals(attributes: Description["attributesHigh"]): SensorIntervals {
  const intervalS = intervalIn(attributes);
  return { kind: "list", intervalsS: intervalS === undefined ? [] : [intervalS] };
}

function segmentOf(intervals: readonly Interval[]): SensorIntervals {
  const triplet = intervals.map(({ seconds, exponent }) => scaled(seconds, exponent));
  const [lowestS, highestS, stepS] = tripletOf(SensorListUpdateIntervals.name, "intervals", "intervals", triplet);
  return { kind: "range", lowestS, highestS, stepS };
}

function rawValue(value: number, exponent: number): number | bigint {
  const raw = Math.round(scaled(value, -exponent));
  return Number.isSafeInteger(raw) || !Number.isFinite(raw) ? raw : BigInt(raw);
}
