import type { Machine } from "./machine.ts";
import type { Sensors } from "./sensors.ts";
import { plain } from "./sensors.ts";
import type { Signal } from "./signals.ts";

/** What the owner of a platform sees and does of its sensors; values are in the scale of their readings. Every method throws RangeError
 *  for an unknown sensor or axis, and ChannelError "closed" after the platform. */
export class SensorControls {
  readonly #machine: Machine;
  readonly #sensors: Sensors;
  readonly #changed: (sensorId: number, isElsewhere: boolean) => void;

  /** @internal */
  constructor(machine: Machine, sensors: Sensors, changed: (sensorId: number, isElsewhere: boolean) => void) {
    this.#machine = machine;
    this.#sensors = sensors;
    this.#changed = changed;
  }

  /** What a sensor measures now: a number where that is exact, a bigint beyond.
   *  @param axisId 0 for a scalar sensor */
  reading(sensorId: number, axisId = 0): number | bigint {
    return plain(this.#with(sensorId, axisId).sample(sensorId)[axisId] ?? 0n);
  }

  /** Lets a sensor measure a value from now on, and nothing else; trip points are held to it at once. */
  setReading(sensorId: number, value: number | bigint, axisId = 0): void {
    const sensors = this.#with(sensorId, axisId);
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      throw new RangeError(`"value" expected integer, a bigint beyond 2^53 - 1, got ${value}`);
    }
    this.#change(sensorId, () => sensors.setSignal(sensorId, axisId, () => value, false));
  }

  /** Lets a sensor measure what a function says of the platform's time, in nanoseconds. It has to say the same of the same time. */
  setSignal(sensorId: number, signal: Signal, axisId = 0): void {
    const sensors = this.#with(sensorId, axisId);
    this.#change(sensorId, () => sensors.setSignal(sensorId, axisId, signal, true));
  }

  /** Whether a sensor is enabled. */
  isEnabled(sensorId: number): boolean {
    return this.#with(sensorId, 0).isEnabled(sensorId);
  }

  /** Breaks a sensor, which then answers `HARDWARE_ERROR`, or mends it. */
  setFault(sensorId: number, isFaulty: boolean): void {
    const sensors = this.#with(sensorId, 0);
    this.#change(sensorId, () => sensors.setFaulty(sensorId, isFaulty));
  }

  #change(sensorId: number, change: () => void): void {
    const wasStill = this.#sensors.isStill(sensorId);
    change();
    this.#changed(sensorId, wasStill !== this.#sensors.isStill(sensorId));
  }

  #with(sensorId: number, axisId: number): Sensors {
    this.#machine.expectOpen();
    const sensor = this.#sensors.sensors[sensorId];
    if (!sensor) throw new RangeError(`"sensorId" expected that of a sensor, got ${sensorId}`);
    if (axisId === 0 || sensor.axes[axisId]) return this.#sensors;
    throw new RangeError(`"axisId" expected that of an axis of sensor ${sensorId}, got ${axisId}`);
  }
}
