import type { Clock } from "../core/clock.ts";

interface Appointment {
  readonly at: number;
  readonly run: () => void;
  cancel: () => void;
}

/** A clock whose appointments can be kept as soon as they are due. Timers of a real machine come late by a millisecond and more; whoever asks
 *  the platform for a level after its transition time must find it there all the same. */
export class PromptClock implements Clock {
  readonly #clock: Clock;
  /** In the order of time, and those for one moment in the order in which they were made. */
  readonly #appointments: Appointment[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(delayMs: number, run: () => void): () => void {
    const appointment: Appointment = { at: this.now() + Math.max(0, delayMs) * 1e6, run, cancel: () => {} };
    const place = this.#appointments.findIndex(({ at }) => at > appointment.at);
    this.#appointments.splice(place < 0 ? this.#appointments.length : place, 0, appointment);
    appointment.cancel = this.#clock.after(delayMs, () => {
      if (this.#remove(appointment)) run();
    });
    return () => {
      if (this.#remove(appointment)) appointment.cancel();
    };
  }

  /** Keeps every appointment that is due. */
  settle(): void {
    if (this.#appointments.length === 0) return;
    const now = this.now();
    for (;;) {
      const next = this.#appointments[0];
      if (next === undefined || next.at > now) return;
      this.#remove(next);
      next.cancel();
      try {
        next.run();
      } catch (error) {
        // It is for whoever hears of the errors of timers, not for the agent whose command came in
        this.#clock.after(0, () => {
          throw error;
        });
      }
    }
  }

  #remove(appointment: Appointment): boolean {
    const index = this.#appointments.indexOf(appointment);
    if (index >= 0) this.#appointments.splice(index, 1);
    return index >= 0;
  }
}
