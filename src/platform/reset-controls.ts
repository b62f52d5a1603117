import { COLD_RESET, type ResetState } from "../protocols/reset.ts";
import type { Machine } from "./machine.ts";
import type { Resets } from "./resets.ts";

/** What the owner of a platform sees and does of its reset domains. Every method throws RangeError for an unknown domain, and
 *  ChannelError "closed" after the platform. */
export class ResetControls {
  readonly #machine: Machine;
  readonly #resets: Resets;

  /** @internal */
  constructor(machine: Machine, resets: Resets) {
    this.#machine = machine;
    this.#resets = resets;
  }

  /** Whether a domain is in reset: held by explicit control, or by a cycle under way. */
  isAsserted(domainId: number): boolean {
    return this.#with(domainId).isAsserted(domainId);
  }

  /** Resets of a domain so far, by whomever; modulo 2^32. */
  count(domainId: number): number {
    return this.#with(domainId).count(domainId);
  }

  /** Resets a domain by the platform's own doing, as a watchdog does; agents hear of it from agent 0.
   *  @param state the cold reset unless said */
  reset(domainId: number, state: ResetState = COLD_RESET): void {
    const resets = this.#with(domainId);
    resets.begin(0, domainId);
    resets.end(0, domainId, state);
  }

  /** Asserts or deasserts the signal of a domain by the platform's own doing. */
  setAsserted(domainId: number, isAsserted: boolean): void {
    this.#with(domainId).setSignal(0, domainId, isAsserted);
  }

  #with(domainId: number): Resets {
    this.#machine.expectOpen();
    if (this.#resets.domains[domainId]) return this.#resets;
    throw new RangeError(`"domainId" expected that of a reset domain, got ${domainId}`);
  }
}
