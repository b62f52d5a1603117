import type { SimulatedClock } from "../core/clock.ts";
import { InternalError } from "../errors.ts";

/** Moves simulated time on whenever nothing else moves. Everything in a simulated machine waits for promises or for its clock, so a task
 *  of its own, which comes after all promises that can go on, is the moment to look at the clock. */
export class Pace {
  readonly #clock: SimulatedClock;
  readonly #channel = new MessageChannel();
  #next: (() => void) | undefined;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
    this.#channel.port1.onmessage = () => this.#next?.();
  }

  /** Waits for a promise and moves the clock on to whatever has to happen for it.
   *  @throws signal.reason when aborted meanwhile
   *  @throws InternalError when the promise waits for something that will not happen */
  async drive<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    promise.then(end, end);
    for (;;) {
      await this.#turn();
      if (isOver) return promise;
      signal?.throwIfAborted();
      if (!this.#clock.advanceToNext()) {
        throw new InternalError("simulated machine: expected something to wait for, got nothing");
      }
    }
  }

  /** Lets the process end. */
  close(): void {
    this.#channel.port1.close();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#next = resolve;
      this.#channel.port2.postMessage(undefined);
    });
  }
}
