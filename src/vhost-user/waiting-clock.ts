import type { Clock } from "../core/clock.ts";

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const MS = 1e6;
/** Of an `int`. */
const LONGEST_MS = 0x7fff_ffff;

/** The time of another clock for a thread that waits by itself, and so has no timers: it asks how long it may wait, and settles
 *  afterwards. */
export class WaitingClock implements Clock {
  readonly #clock: Pick<Clock, "now">;
  /** In the order of time, and those for one moment in the order in which they were made. */
  readonly #appointments: Appointment[] = [];
  #order = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(delayMs: number, run: () => void): () => void {
    const appointment = { at: this.now() + Math.max(0, delayMs) * MS, order: this.#order++, run };
    const place = this.#appointments.findIndex(({ at }) => at > appointment.at);
    this.#appointments.splice(place < 0 ? this.#appointments.length : place, 0, appointment);
    return () => {
      const index = this.#appointments.indexOf(appointment);
      if (index >= 0) this.#appointments.splice(index, 1);
    };
  }

  /** Milliseconds until the next appointment, up, or what `epoll_wait` takes at most; -1 when there is none. */
  get timeoutMs(): number {
    const next = this.#appointments[0];
    return next === undefined ? -1 : Math.min(LONGEST_MS, Math.max(0, Math.ceil((next.at - this.now()) / MS)));
  }

  /** Keeps what is due. Appointments made meanwhile have to wait for the next time, or one that renews itself would take all there is.
   *  @returns whether there was any */
  settle(): boolean {
    if (this.#appointments.length === 0) return false;
    const now = this.now();
    const newest = this.#order;
    let hasRun = false;
    for (;;) {
      const index = this.#appointments.findIndex(({ order }) => order < newest);
      const next = this.#appointments[index];
      if (next === undefined || next.at > now) return hasRun;
      this.#appointments.splice(index, 1);
      hasRun = true;
      next.run();
    }
  }
}
