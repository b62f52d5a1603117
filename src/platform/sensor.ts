import type { BoardSensor, BoardSensors } from "../board/board-sensor.ts";
import type { HotKind } from "../core/description.ts";
import { STATUS } from "../errors.ts";
import {
  SensorAxisDescriptionGet,
  SensorAxisNameGet,
  SensorConfigGet,
  SensorConfigSet,
  SensorContinuousUpdateNotify,
  SensorDescriptionGet,
  SensorListUpdateIntervals,
  SensorNameGet,
  SensorProtocolAttributes,
  SensorReadingGet,
  SensorTripPointConfig,
  SensorTripPointEvent,
  SensorTripPointNotify,
  SensorUpdate,
  sensorProtocol,
} from "../protocols/sensor.ts";
import type { Infer } from "../wire/type.ts";
import type { AgentState } from "./agents.ts";
import { type Call, DONE, Handlers, itemsThatFit } from "./handlers.ts";
import { roundInterval } from "./intervals.ts";
import { Jobs } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import { isLong } from "./names.ts";
import { SensorControls } from "./sensor-controls.ts";
import { axisRecord, sensorRecord } from "./sensor-descriptions.ts";
import { SensorTicks } from "./sensor-ticks.ts";
import { plain, type Reading, Sensors } from "./sensors.ts";
import type { Server } from "./server.ts";

/** From here on there are axes, timestamps and configurations, and a sensor can be off. */
const V2 = 0x20000;

const LIST_HEAD_BYTES = 8;
const DELAYED_HEAD_BYTES = 8;
const READING_BYTES = 16;
const INTERVAL_BYTES = 4;
const AXIS_NAME_BYTES = 68;
const AXIS_BYTES = { PLAIN: 28, EXTENDED: 48 } as const;
const SENSOR_BYTES = { PLAIN: 28, AXES: 32, SCALAR: 52 } as const;
const MAX_RETURNED = 0xfff;

type Config = Infer<typeof SensorConfigSet.request>["sensorConfig"];

/** Sensor management. A sensor that an agent may not use is DENIED to it, and an empty place among the descriptions, whose ids are
 *  places, unless it is behind all that the agent may use. */
export class SensorServer implements Server {
  readonly protocol = sensorProtocol;
  readonly handlers = new Handlers();
  readonly sensors: Sensors;
  readonly controls: SensorControls;
  readonly #machine: Machine;
  readonly #board: BoardSensors;
  readonly #jobs: Jobs;
  readonly #ticks: SensorTicks;

  constructor(machine: Machine, board: BoardSensors) {
    this.#machine = machine;
    this.#board = board;
    this.#jobs = new Jobs(machine);
    this.sensors = new Sensors(machine, board.sensors);
    this.#ticks = new SensorTicks(machine, {
      needs: (id) =>
        this.#isOn(id) && !this.sensors.isFaulty(id) && (this.sensors.isWatchful(id) || this.#hasListeners(id)),
      intervalMs: (id) => this.sensors.intervalMs(id),
      tick: (id) => this.#tick(id),
    });
    this.controls = new SensorControls(machine, this.sensors, (id, isElsewhere) => this.#changed(id, isElsewhere));
    const { sensors } = this;
    this.handlers
      .on(SensorProtocolAttributes, (_, { agent, connection }) => ({
        attributes: {
          sensorCount: machine.countFor(agent, sensorProtocol),
          maxPendingReadings: connection.hasP2a ? board.asyncDepth : 0,
        },
        sensorRegionAddress: 0n,
        sensorRegionByteLength: 0,
      }))
      .on(SensorDescriptionGet, ({ descIndex }, call) => this.#descriptions(descIndex, call))
      .on(SensorTripPointNotify, ({ sensorId, notifyEnable }, call) =>
        this.#with(call.agent, sensorId, ({ tripPointCount }) =>
          this.#subscribe(SensorTripPointEvent, tripPointCount > 0, sensorId, notifyEnable, call),
        ),
      )
      .on(SensorTripPointConfig, ({ sensorId, tripPoint, tripPointValue }, { agent, hasReserved }) =>
        this.#with(agent, sensorId, ({ tripPointCount }) => {
          const { tripPointId, event } = tripPoint;
          if (hasReserved || tripPointId >= tripPointCount) return STATUS.INVALID_PARAMETERS;
          if (!sensors.mayConfigure(agent, sensorId)) return STATUS.DENIED;
          this.#look(sensorId);
          sensors.setTripPoint(agent, sensorId, tripPointId, event, tripPointValue);
          this.#ticks.arm(sensorId);
          return DONE;
        }),
      )
      .on(SensorReadingGet, ({ sensorId, flags }, call) =>
        this.#with(call.agent, sensorId, (it) => this.#read(it, sensorId, flags.async, call)),
      )
      .on(SensorAxisDescriptionGet, ({ sensorId, axisDescIndex }, call) =>
        this.#with(call.agent, sensorId, (it) => this.#axes(it, axisDescIndex, call)),
      )
      .on(SensorListUpdateIntervals, ({ sensorId, index }, call) =>
        this.#with(call.agent, sensorId, (it) => listIntervals(it, index, call)),
      )
      .on(SensorConfigGet, ({ sensorId }, { agent }) =>
        this.#with(agent, sensorId, () => {
          const { seconds, exponent } = sensors.interval(sensorId) ?? NO_INTERVAL;
          const enabled = sensors.isEnabled(sensorId);
          const timestamps = sensors.hasTimestamps(agent, sensorId);
          return {
            sensorConfig: { enabled, timestamps, updateIntervalSeconds: seconds, updateIntervalExponent: exponent },
          };
        }),
      )
      .on(SensorConfigSet, ({ sensorId, sensorConfig }, call) =>
        this.#with(call.agent, sensorId, (it) => this.#configure(it, sensorId, sensorConfig, call)),
      )
      .on(SensorContinuousUpdateNotify, ({ sensorId, notifyEnable }, call) =>
        this.#with(call.agent, sensorId, ({ continuousUpdates }) =>
          this.#subscribe(SensorUpdate, continuousUpdates, sensorId, notifyEnable, call),
        ),
      )
      .on(SensorNameGet, ({ sensorId }, { agent }) =>
        this.#with(agent, sensorId, ({ name }) => (isLong(name) ? { name } : STATUS.NOT_SUPPORTED)),
      )
      .on(SensorAxisNameGet, ({ sensorId, axisDescIndex }, call) =>
        this.#with(call.agent, sensorId, (it) => listAxisNames(it, axisDescIndex, call)),
      );
  }

  changingMessages(): readonly number[] {
    return [];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  /** The core has one layout of readings: that of the version which the platform reports. */
  needsTranslation(agent: AgentState): boolean {
    const { version } = this.#machine.messagesFor(agent, sensorProtocol);
    return version < V2 !== this.#machine.reportedVersion(sensorProtocol) < V2;
  }

  // The core has the last reading, which is the present one while nothing moves, and tells nobody of it.
  hostAnswers(_agent: AgentState, sensorId: number): readonly HotKind[] {
    const isStill = this.#isOn(sensorId) && this.sensors.isStill(sensorId);
    return isStill && !this.#machine.observers.has("sensorRead") ? [] : ["get"];
  }

  onCoreEvent(): void {}

  needsEvents(): boolean {
    return false;
  }

  resetAgent(agent: AgentState): void {
    this.#jobs.flush(agent);
    const wereOn = this.sensors.sensors.map((_, id) => this.#isOn(id));
    for (const id of this.sensors.resetAgent(agent)) this.#goOn(id, wereOn[id] ?? false);
  }

  // Who does not listen any more, the next look finds out
  agentLeft(): void {}

  close(): void {
    this.#jobs.close();
    this.#ticks.close();
  }

  #with<Result>(agent: AgentState, sensorId: number, act: (sensor: BoardSensor) => Result | number): Result | number {
    const sensor = this.sensors.sensors[sensorId];
    if (!sensor) return STATUS.NOT_FOUND;
    return this.sensors.mayUse(agent, sensorId) ? act(sensor) : STATUS.DENIED;
  }

  #descriptions(index: number, call: Call) {
    const { sensors } = this.sensors;
    const count = this.#machine.countFor(call.agent, sensorProtocol);
    if (index >= count) return STATUS.INVALID_PARAMETERS;
    const { version } = call.messages;
    const page: ReturnType<typeof sensorRecord>[] = [];
    let room = call.capacity - LIST_HEAD_BYTES;
    for (let id = index; id < count && page.length < MAX_RETURNED; id++) {
      const sensor = this.sensors.mayUse(call.agent, id) ? sensors[id] : undefined;
      const record = sensorRecord(id, sensor, version, call.connection.hasP2a);
      const { attributesLow, attributesHigh } = record;
      const extended = attributesHigh.axes ? SENSOR_BYTES.AXES : SENSOR_BYTES.SCALAR;
      room -= attributesLow.extendedAttributes ? extended : SENSOR_BYTES.PLAIN;
      if (room < 0) break;
      page.push(record);
    }
    if (page.length === 0) return STATUS.PROTOCOL_ERROR;
    const remaining = count - index - page.length;
    return { numSensors: { returned: page.length, remaining }, sensors: page };
  }

  #axes({ axes }: BoardSensor, index: number, call: Call) {
    if (axes.length === 0) return STATUS.NOT_SUPPORTED;
    if (index >= axes.length) return STATUS.INVALID_PARAMETERS;
    const { version } = call.messages;
    const page: ReturnType<typeof axisRecord>[] = [];
    let room = call.capacity - LIST_HEAD_BYTES;
    for (const [axisId, axis] of axes.entries()) {
      if (axisId < index) continue;
      const record = axisRecord(axisId, axis, version);
      room -= record.attributesLow.extendedAttributes ? AXIS_BYTES.EXTENDED : AXIS_BYTES.PLAIN;
      if (room < 0) break;
      page.push(record);
    }
    if (page.length === 0) return STATUS.PROTOCOL_ERROR;
    return { numAxes: { returned: page.length, remaining: axes.length - index - page.length }, axes: page };
  }

  #read(sensor: BoardSensor, sensorId: number, isAsync: boolean, call: Call) {
    const { agent, hasReserved } = call;
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (isAsync && sensor.asyncLatencyUs === undefined) return STATUS.NOT_SUPPORTED;
    if (call.messages.version >= V2 && !this.sensors.isEnabled(sensorId)) return STATUS.PROTOCOL_ERROR;
    if (this.sensors.isFaulty(sensorId)) return STATUS.HARDWARE_ERROR;
    if (!isAsync) return { readings: this.#readings(call, sensorId) };
    if (this.#jobs.isBusy(sensorId) || this.#jobs.countOf(agent) >= this.#board.asyncDepth) return STATUS.BUSY;
    // Whose completion could not be sent is better refused
    if (DELAYED_HEAD_BYTES + READING_BYTES * countOf(sensor) > call.capacity) return STATUS.PROTOCOL_ERROR;
    this.#jobs.add(call, sensorId, sensor.asyncLatencyUs ?? 0, () => {
      if (this.sensors.isFaulty(sensorId)) this.#machine.refuseDelayed(call, STATUS.HARDWARE_ERROR);
      else this.#machine.sendDelayed(call, SensorReadingGet, { sensorId, readings: this.#readings(call, sensorId) });
    });
    return { readings: [] };
  }

  /** What an agent is told: in version 1.0 one value. */
  #readings({ agent, messages }: Call, sensorId: number): readonly Reading[] {
    const readings = this.sensors.read(agent, sensorId);
    this.#look(sensorId);
    if (this.#machine.observers.has("sensorRead")) {
      const values = readings.map(({ value }) => value);
      const time = this.#machine.clock.now();
      this.#machine.observers.tell("sensorRead", { agentId: agent.id, sensorId, values, time });
    }
    return messages.version < V2 ? readings.slice(0, 1) : readings;
  }

  #configure(sensor: BoardSensor, sensorId: number, config: Config, { agent, hasReserved }: Call) {
    const { enabled, timestamps, updateIntervalSeconds: seconds, updateIntervalExponent: exponent } = config;
    const { intervals } = sensor;
    if (!this.sensors.mayConfigure(agent, sensorId)) return STATUS.DENIED;
    if (hasReserved || (seconds === 0 && exponent !== 0)) return STATUS.INVALID_PARAMETERS;
    if (timestamps && sensor.timestampExponent === undefined) return STATUS.NOT_SUPPORTED;
    if (seconds > 0 && intervals === undefined) return STATUS.NOT_SUPPORTED;
    if (seconds > 0 && intervals !== undefined) {
      const rounding = config.roundClosest ? "closest" : config.roundUp ? "up" : "down";
      this.sensors.setInterval(agent, sensorId, roundInterval(intervals, { seconds, exponent }, rounding));
    }
    this.sensors.setTimestamps(agent, sensorId, timestamps);
    const wasOn = this.#isOn(sensorId);
    this.sensors.vote(agent, sensorId, enabled);
    if (wasOn !== this.#isOn(sensorId)) this.#machine.settingsChanged();
    this.#goOn(sensorId, wasOn);
    return DONE;
  }

  /** Looks at a sensor as it is configured now. What it did while it was off is no crossing. */
  #goOn(sensorId: number, wasOn: boolean): void {
    if (!wasOn) this.sensors.crossed(sensorId, this.sensors.sample(sensorId)[0] ?? 0n);
    this.#ticks.rearm(sensorId);
  }

  #subscribe(
    notification: { readonly id: number },
    isAvailable: boolean,
    sensorId: number,
    isEnabled: boolean,
    { agent, hasReserved }: Call,
  ) {
    if (hasReserved) return STATUS.INVALID_PARAMETERS;
    if (!isAvailable) return STATUS.NOT_SUPPORTED;
    agent.subscribe(sensorProtocol, notification.id, sensorId, isEnabled);
    this.#machine.settingsChanged();
    this.#ticks.arm(sensorId);
    return DONE;
  }

  /** Whether it measures at all; before version 2.0 every sensor does. */
  #isOn(sensorId: number): boolean {
    return this.sensors.isEnabled(sensorId) || this.#machine.reportedVersion(sensorProtocol) < V2;
  }

  #hasListeners(sensorId: number): boolean {
    return this.#machine.agents.some((agent) => agent.isSubscribed(sensorProtocol, SensorUpdate.id, sensorId));
  }

  /** Measures, and says what that brings. */
  #tick(sensorId: number): void {
    this.#look(sensorId);
    this.#machine.notify(sensorProtocol, SensorUpdate, sensorId, (agent) => ({
      ...{ agentId: 0, sensorId },
      readings: this.sensors.read(agent, sensorId),
    }));
  }

  /** The platform's owner changed what a sensor measures.
   *  @param isElsewhere somebody else is to answer from now on, the core or the host */
  #changed(sensorId: number, isElsewhere: boolean): void {
    if (isElsewhere) this.#machine.settingsChanged();
    this.#look(sensorId);
    this.#ticks.arm(sensorId);
  }

  /** Holds what a sensor measures now to its trip points. */
  #look(sensorId: number): void {
    if (!this.#isOn(sensorId) || this.sensors.isFaulty(sensorId)) return;
    const value = this.sensors.sample(sensorId)[0] ?? 0n;
    for (const { tripPointId, isRising } of this.sensors.crossed(sensorId, value)) {
      const time = this.#machine.clock.now();
      const event = { sensorId, tripPointId, isRising, value: plain(value), time };
      this.#machine.observers.tell("sensorTripped", event);
      this.#machine.notify(sensorProtocol, SensorTripPointEvent, sensorId, () => ({
        ...{ agentId: 0, sensorId },
        tripPoint: { tripPointId, rising: isRising },
      }));
    }
  }
}

const NO_INTERVAL = { seconds: 0, exponent: 0 } as const;
const SEGMENT_INTERVALS = 3;

function countOf({ axes }: BoardSensor): number {
  return Math.max(1, axes.length);
}

function listIntervals({ intervals }: BoardSensor, index: number, call: Call) {
  if (intervals === undefined) return STATUS.NOT_SUPPORTED;
  if ("lowest" in intervals) {
    // One triplet, whatever the index, as of clocks
    const { lowest, highest, step } = intervals;
    const numIntervals = { returned: SEGMENT_INTERVALS, isSegment: true, remaining: 0 };
    return { numIntervals, intervals: [lowest, highest, step] };
  }
  if (index >= intervals.length) return STATUS.INVALID_PARAMETERS;
  const page = intervals.slice(index, index + itemsThatFit(call, LIST_HEAD_BYTES, INTERVAL_BYTES));
  if (page.length === 0) return STATUS.PROTOCOL_ERROR;
  const remaining = intervals.length - index - page.length;
  return { numIntervals: { returned: page.length, isSegment: false, remaining }, intervals: page };
}

/** With a name for every axis, the index can be read as a count and as an axis id. */
function listAxisNames({ axes }: BoardSensor, index: number, call: Call) {
  if (!axes.some(({ name }) => isLong(name))) return STATUS.NOT_SUPPORTED;
  if (index >= axes.length) return STATUS.NOT_FOUND;
  const page = axes
    .map(({ name }, axisId) => ({ axisId, name }))
    .slice(index, index + itemsThatFit(call, LIST_HEAD_BYTES, AXIS_NAME_BYTES));
  if (page.length === 0) return STATUS.PROTOCOL_ERROR;
  return { numAxes: { returned: page.length, remaining: axes.length - index - page.length }, axes: page };
}
