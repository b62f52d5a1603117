import type { Machine } from "./machine.ts";
import type { PowerDomains } from "./power-domains.ts";

/** What the owner of a platform sees and does of its power domains. Every method throws RangeError for an unknown domain, and
 *  ChannelError "closed" after the platform. */
export class PowerControls {
  readonly #machine: Machine;
  readonly #domains: PowerDomains;

  /** @internal */
  constructor(machine: Machine, domains: PowerDomains) {
    this.#machine = machine;
    this.#domains = domains;
  }

  /** The power state word of a domain. */
  state(domainId: number): number {
    return this.#with(domainId).state(domainId);
  }

  /** Moves a domain to a state by the platform's own doing, whatever agents asked for; they hear of it from agent 0.
   *  @throws RangeError when it is no state of the domain */
  setState(domainId: number, powerState: number): void {
    const domains = this.#with(domainId);
    if (!domains.domains[domainId]?.states.includes(powerState)) {
      throw new RangeError(`"powerState" expected a state of domain ${domainId}, got ${powerState}`);
    }
    domains.enter(0, domainId, powerState);
  }

  #with(domainId: number): PowerDomains {
    this.#machine.expectOpen();
    if (this.#domains.domains[domainId]) return this.#domains;
    throw new RangeError(`"domainId" expected that of a power domain, got ${domainId}`);
  }
}
