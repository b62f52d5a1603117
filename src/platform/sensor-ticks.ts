import type { Machine } from "./machine.ts";

/** Looks at sensors from time to time, while somebody has a reason to. */
export class SensorTicks {
  readonly #machine: Machine;
  readonly #needs: (sensorId: number) => boolean;
  readonly #intervalMs: (sensorId: number) => number;
  readonly #tick: (sensorId: number) => void;
  /** What cancels the next look, by sensor id. */
  readonly #cancels = new Map<number, () => void>();

  /** @param needs whether a sensor is to be looked at, asked before every look */
  constructor(
    machine: Machine,
    rule: {
      readonly needs: (sensorId: number) => boolean;
      readonly intervalMs: (sensorId: number) => number;
      readonly tick: (sensorId: number) => void;
    },
  ) {
    this.#machine = machine;
    this.#needs = rule.needs;
    this.#intervalMs = rule.intervalMs;
    this.#tick = rule.tick;
  }

  /** Begins to look at a sensor, if there is a reason. */
  arm(sensorId: number): void {
    if (this.#cancels.has(sensorId) || !this.#needs(sensorId)) return;
    const cancel = this.#machine.clock.after(this.#intervalMs(sensorId), () => {
      this.#cancels.delete(sensorId);
      // Who had a reason may be gone
      if (this.#machine.isClosed || !this.#needs(sensorId)) return;
      this.#tick(sensorId);
      this.arm(sensorId);
    });
    this.#cancels.set(sensorId, cancel);
  }

  /** Looks at a sensor at another interval from now on. */
  rearm(sensorId: number): void {
    this.#cancels.get(sensorId)?.();
    this.#cancels.delete(sensorId);
    this.arm(sensorId);
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
