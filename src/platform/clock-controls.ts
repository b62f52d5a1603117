import type { Clocks } from "./clocks.ts";
import type { Machine } from "./machine.ts";

/** What the owner of a platform sees and does of its clocks. Every method throws RangeError for an unknown clock, and ChannelError
 *  "closed" after the platform. */
export class ClockControls {
  readonly #machine: Machine;
  readonly #clocks: Clocks;

  /** @internal */
  constructor(machine: Machine, clocks: Clocks) {
    this.#machine = machine;
    this.#clocks = clocks;
  }

  /** Rate of a clock in Hz. */
  rate(clockId: number): number {
    return Number(this.#with(clockId).rate(clockId));
  }

  /** Whether a clock runs. */
  isEnabled(clockId: number): boolean {
    return this.#with(clockId).isEnabled(clockId);
  }

  /** Changes a rate by the platform's own doing; agents hear of it from agent 0.
   *  @throws RangeError unless it is an integer */
  setRate(clockId: number, rateHz: number): void {
    const clocks = this.#with(clockId);
    if (!Number.isSafeInteger(rateHz) || rateHz < 0) {
      throw new RangeError(`"rateHz" expected integer 0 to 2^53 - 1, got ${rateHz}`);
    }
    clocks.setRate(0, clockId, BigInt(rateHz));
  }

  #with(clockId: number): Clocks {
    this.#machine.expectOpen();
    if (this.#clocks.clocks[clockId]) return this.#clocks;
    throw new RangeError(`"clockId" expected that of a clock, got ${clockId}`);
  }
}
