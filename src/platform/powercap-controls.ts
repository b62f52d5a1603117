import type { Machine } from "./machine.ts";
import { isIn, isSettable, type PowercapDomains } from "./powercap-domains.ts";

/** What the owner of a platform sees and does of its powercap domains; power is in the unit of each. Every method throws RangeError for an
 *  unknown domain, and ChannelError "closed" after the platform. */
export class PowercapControls {
  readonly #machine: Machine;
  readonly #domains: PowercapDomains;

  /** @internal */
  constructor(machine: Machine, domains: PowercapDomains) {
    this.#machine = machine;
    this.#domains = domains;
  }

  /** The cap in force; 0 = none. */
  cap(domainId: number): number {
    return this.#with(domainId).cap(domainId);
  }

  /** The power as measured last: an average over the interval. */
  power(domainId: number): number {
    return this.#with(domainId).power(domainId);
  }

  /** The power averaging interval in microseconds. */
  paiUs(domainId: number): number {
    return this.#with(domainId).paiUs(domainId);
  }

  /** What the domain's own consumers would draw if nothing limited them. */
  demand(domainId: number): number {
    return this.#with(domainId).demand(domainId);
  }

  /** Lets the domain's own consumers ask for another power from now on. The domain draws that and what its children draw, or its cap where
   *  that is less; then everything in it gets the same share of what it wanted.
   *  @throws RangeError unless it is a word */
  setDemand(domainId: number, power: number): void {
    const domains = this.#with(domainId);
    if (power >>> 0 !== power) throw new RangeError(`"power" expected integer 0 to 2^32 - 1, got ${power}`);
    domains.setDemand(domainId, power);
    this.#machine.settleEvents();
  }

  /** Asks for a cap by the platform's own doing; the lowest of all holds, and agents hear of it from agent 0.
   *  @param cap 0 = none any longer
   *  @throws RangeError unless the domain has it */
  setCap(domainId: number, cap: number): void {
    const domains = this.#with(domainId);
    const caps = domains.domains[domainId]?.caps;
    if (caps && cap !== 0 && !isIn(caps, cap)) {
      const { lowest, highest, step } = caps;
      const some = isSettable(caps) ? `${lowest} to ${highest} by ${step}` : `${lowest}`;
      throw new RangeError(`"cap" expected 0, or ${some}, got ${cap}`);
    }
    domains.imposeCap(0, domainId, cap);
    this.#machine.settleEvents();
  }

  #with(domainId: number): PowercapDomains {
    this.#machine.expectOpen();
    if (this.#domains.domains[domainId]) return this.#domains;
    throw new RangeError(`"domainId" expected that of a powercap domain, got ${domainId}`);
  }
}
