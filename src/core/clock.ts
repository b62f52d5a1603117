/** Where time comes from. Agents, platforms and transports get one as an argument and know no other. */
export interface Clock {
  /** Nanoseconds since some fixed moment; never goes backwards. */
  now(): number;
  /** Calls `run` once, `delayMs` from now; a fraction of a millisecond is a fraction. The result takes it back. */
  after(delayMs: number, run: () => void): () => void;
}

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves when it is told to: minutes of life take no time, and every run is the same. */
export class SimulatedClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #appointments: Appointment[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const appointment = { at: this.#now + Math.max(0, delayMs) * 1e6, order: this.#order++, run };
    const place = this.#appointments.findIndex(({ at }) => at > appointment.at);
    this.#appointments.splice(place < 0 ? this.#appointments.length : place, 0, appointment);
    return () => {
      const index = this.#appointments.indexOf(appointment);
      if (index >= 0) this.#appointments.splice(index, 1);
    };
  }

  /** Moves on by `ms` and calls what is due on the way, in the order of time, at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms * 1e6;
    for (;;) {
      const next = this.#appointments[0];
      if (next === undefined || next.at > end) break;
      this.#appointments.shift();
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }

  /** Moves on to the next appointment and keeps it; false when there is none. */
  advanceToNext(): boolean {
    const next = this.#appointments.shift();
    if (next === undefined) return false;
    this.#now = Math.max(this.#now, next.at);
    next.run();
    return true;
  }

  /** Appointments that are still to come: a leak check. */
  get pending(): number {
    return this.#appointments.length;
  }
}
