import type { BoardInterval, BoardQuantity, BoardSensor } from "../board/board-sensor.ts";
import { sensorProtocol, TRIP_POINT_EVENT } from "../protocols/sensor.ts";
import type { AgentState } from "./agents.ts";
import { secondsOf } from "./intervals.ts";
import type { Machine } from "./machine.ts";
import { isConstant, type Signal, signalFrom } from "./signals.ts";

const ID = sensorProtocol.id;
const VALUE = 0;
const TIMESTAMP = 1;
/** How often a sensor without update intervals is looked at for its trip points, and sends its updates. */
const DEFAULT_INTERVAL_MS = 100;

/** A reading of one axis, or of a scalar sensor. */
export interface Reading {
  readonly value: number | bigint;
  /** In the sensor's timestamps; 0 without them. */
  readonly timestamp: number | bigint;
}

/** A trip point, and who placed it. */
export interface TripPoint {
  readonly event: number;
  readonly value: number | bigint;
  readonly agentId: number;
}

/** A trip point was reached or crossed. */
export interface Crossing {
  readonly tripPointId: number;
  readonly isRising: boolean;
}

interface SensorState {
  readonly board: BoardSensor;
  /** By axis; one for a scalar sensor. */
  readonly signals: Signal[];
  isMoving: boolean;
  isFaulty: boolean;
  readonly tripPoints: TripPoint[];
  /** The value that trip points were last held to. */
  last: bigint;
  interval: BoardInterval | undefined;
  /** Who changed that; 0 = nobody. */
  intervalAgent: number;
  /** What each agent asked for. A sensor is on while anybody wants it. */
  readonly votes: Map<number, boolean>;
  /** Whether agents that said so want timestamps. */
  readonly timestamps: Map<number, boolean>;
}

const UNTOUCHED: TripPoint = { event: TRIP_POINT_EVENT.OFF, value: 0, agentId: 0 };

/** The sensors of a platform: what they measure, and how agents have set them. The last reading of each stands in the core, its first
 *  axis where there are several: the value in words 0 and 1, the timestamp in words 2 and 3. For a constant signal that is the truth;
 *  one that moves is worked out when somebody reads. */
export class Sensors {
  readonly sensors: readonly BoardSensor[];
  readonly #machine: Machine;
  readonly #states: readonly SensorState[];

  constructor(machine: Machine, sensors: readonly BoardSensor[]) {
    this.#machine = machine;
    this.sensors = sensors;
    this.#states = sensors.map((board) => {
      const quantities: readonly BoardQuantity[] = board.axes.length > 0 ? board.axes : [board];
      return {
        board,
        signals: quantities.map(({ signal }) => signalFrom(signal)),
        isMoving: !quantities.every(({ signal }) => isConstant(signal)),
        isFaulty: false,
        tripPoints: Array.from({ length: board.tripPointCount }, () => UNTOUCHED),
        last: 0n,
        interval: board.interval,
        intervalAgent: 0,
        votes: new Map<number, boolean>(),
        timestamps: new Map<number, boolean>(),
      };
    });
    sensors.forEach((_, id) => {
      this.sample(id);
    });
  }

  mayUse({ id }: AgentState, sensorId: number): boolean {
    return this.#machine.tables.mayUse(id, ID, sensorId);
  }

  mayConfigure({ id }: AgentState, sensorId: number): boolean {
    return this.#machine.tables.maySet(id, ID, sensorId);
  }

  /** Measures now: the values, by axis. */
  sample(sensorId: number): readonly bigint[] {
    const { signals, board } = this.#state(sensorId);
    const now = this.#machine.clock.now();
    const values = signals.map((signal) => integer(signal(now)));
    this.#machine.tables.setWord64(ID, sensorId, VALUE, values[0] as bigint);
    this.#machine.tables.setWord64(ID, sensorId, TIMESTAMP, timestampOf(board, now));
    return values;
  }

  /** Measures for an agent: with timestamps if it has them on. */
  read({ id }: Pick<AgentState, "id">, sensorId: number): readonly Reading[] {
    const { board, timestamps } = this.#state(sensorId);
    const isStamped = board.timestampExponent !== undefined && (timestamps.get(id) ?? true);
    const values = this.sample(sensorId);
    const timestamp = isStamped ? this.#machine.tables.word64(ID, sensorId, TIMESTAMP) : 0n;
    return values.map((value) => ({ value: plain(value), timestamp: plain(timestamp) }));
  }

  /** Whether the core's reading is all that there is to say: a scalar that does not move, without timestamps and not broken. */
  isStill(sensorId: number): boolean {
    const { board, isMoving, isFaulty } = this.#state(sensorId);
    return !isMoving && !isFaulty && board.axes.length === 0 && board.timestampExponent === undefined;
  }

  setSignal(sensorId: number, axisId: number, signal: Signal, isMoving: boolean): void {
    const state = this.#state(sensorId);
    state.signals[axisId] = signal;
    state.isMoving = isMoving || (state.isMoving && state.signals.length > 1);
  }

  isFaulty(sensorId: number): boolean {
    return this.#state(sensorId).isFaulty;
  }

  setFaulty(sensorId: number, isFaulty: boolean): void {
    this.#state(sensorId).isFaulty = isFaulty;
  }

  isEnabled(sensorId: number): boolean {
    const { votes, board } = this.#state(sensorId);
    // Until somebody asks, it is as the board says
    return votes.size === 0 ? board.isEnabled : [...votes.values()].includes(true);
  }

  vote({ id }: AgentState, sensorId: number, isEnabled: boolean): void {
    const before = this.isEnabled(sensorId);
    this.#state(sensorId).votes.set(id, isEnabled);
    this.#tellSwitched(id, sensorId, before);
  }

  hasTimestamps({ id }: AgentState, sensorId: number): boolean {
    const { board, timestamps } = this.#state(sensorId);
    return board.timestampExponent !== undefined && (timestamps.get(id) ?? true);
  }

  setTimestamps({ id }: AgentState, sensorId: number, isEnabled: boolean): void {
    this.#state(sensorId).timestamps.set(id, isEnabled);
  }

  interval(sensorId: number): BoardInterval | undefined {
    return this.#state(sensorId).interval;
  }

  /** In milliseconds, also for a sensor that does not say. */
  intervalMs(sensorId: number): number {
    const interval = this.interval(sensorId);
    return interval ? secondsOf(interval) * 1000 : DEFAULT_INTERVAL_MS;
  }

  setInterval({ id }: AgentState, sensorId: number, interval: BoardInterval): void {
    const state = this.#state(sensorId);
    state.interval = interval;
    state.intervalAgent = id;
  }

  setTripPoint({ id }: AgentState, sensorId: number, tripPointId: number, event: number, value: number | bigint): void {
    const { tripPoints } = this.#state(sensorId);
    // What has happened up to now is held to the points as they were
    tripPoints[tripPointId] = { event, value, agentId: id };
  }

  /** Whether a crossing of any trip point would be an event, and time alone can bring one. */
  isWatchful(sensorId: number): boolean {
    const { tripPoints, isMoving } = this.#state(sensorId);
    return isMoving && tripPoints.some(({ event }) => event !== TRIP_POINT_EVENT.OFF);
  }

  /** Holds a new value to the trip points.
   *  @returns those that were reached or crossed since the last time, in a direction that is wanted */
  crossed(sensorId: number, value: bigint): readonly Crossing[] {
    const state = this.#state(sensorId);
    const { last } = state;
    state.last = value;
    const crossings: Crossing[] = [];
    for (const [tripPointId, { event, value: point }] of state.tripPoints.entries()) {
      const isRising = last < point && value >= point;
      const isFalling = last > point && value <= point;
      if (isRising && (event & TRIP_POINT_EVENT.RISING) !== 0) crossings.push({ tripPointId, isRising: true });
      if (isFalling && (event & TRIP_POINT_EVENT.FALLING) !== 0) crossings.push({ tripPointId, isRising: false });
    }
    return crossings;
  }

  /** Takes back what an agent has set, its trip points and intervals included.
   *  @returns sensors that go on at another interval, or are on or off now */
  resetAgent({ id }: AgentState): readonly number[] {
    const changed: number[] = [];
    this.#states.forEach((state, sensorId) => {
      const before = this.isEnabled(sensorId);
      state.timestamps.delete(id);
      if (state.votes.delete(id)) this.#tellSwitched(id, sensorId, before);
      if (state.intervalAgent === id || this.isEnabled(sensorId) !== before) changed.push(sensorId);
      if (state.intervalAgent === id) {
        state.interval = state.board.interval;
        state.intervalAgent = 0;
      }
      state.tripPoints.forEach((point, i) => {
        if (point.agentId === id) state.tripPoints[i] = UNTOUCHED;
      });
    });
    return changed;
  }

  #tellSwitched(agentId: number, sensorId: number, before: boolean): void {
    const isEnabled = this.isEnabled(sensorId);
    if (isEnabled === before) return;
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("sensorSwitched", { agentId, sensorId, isEnabled, time });
  }

  #state(sensorId: number): SensorState {
    const state = this.#states[sensorId];
    if (state) return state;
    throw new RangeError(`"sensorId" expected that of a sensor, got ${sensorId}`);
  }
}

/** A signal's value as readings have it: an integer of 64 bits, the nearest one. */
function integer(value: number | bigint): bigint {
  const whole = typeof value === "bigint" ? value : BigInt(Math.round(Number.isFinite(value) ? value : 0));
  return whole < MIN ? MIN : whole > MAX ? MAX : whole;
}

const MIN = -0x8000000000000000n;
const MAX = 0x7fffffffffffffffn;

/** A number where that is exact, as `scmi-wasm/wire` has it. */
export function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function timestampOf({ timestampExponent }: BoardSensor, timeNs: number): bigint {
  if (timestampExponent === undefined) return 0n;
  const shift = NANO - timestampExponent;
  return BigInt(Math.floor(shift < 0 ? timeNs / 10 ** -shift : timeNs * 10 ** shift));
}

const NANO = -9;
