import type { Machine } from "./machine.ts";
import type { PerformanceDomains } from "./performance-domains.ts";

/** What the owner of a platform sees and does of its performance domains. Every method throws RangeError for an unknown domain,
 *  and ChannelError "closed" after the platform. */
export class PerformanceControls {
  readonly #machine: Machine;
  readonly #domains: PerformanceDomains;

  /** @internal */
  constructor(machine: Machine, domains: PerformanceDomains) {
    this.#machine = machine;
    this.#domains = domains;
  }

  /** Level of a domain, or level index where it goes by indices. */
  level(domainId: number): number {
    return this.#with(domainId).level(domainId);
  }

  /** Limits of a domain, in the same numbers. */
  limits(domainId: number): { readonly max: number; readonly min: number } {
    return this.#with(domainId).limits(domainId);
  }

  /** Moves a domain to a level by the platform's own doing: no limits hold, agents hear of it from agent 0.
   *  @throws RangeError when it is no level */
  setLevel(domainId: number, level: number): void {
    const domains = this.#with(domainId);
    this.#expectKey(domainId, "level", level);
    domains.moveTo(0, domainId, level);
    this.#machine.settleEvents();
  }

  /** Imposes limits by the platform's own doing, as when the chip gets too hot; agents hear of it from agent 0.
   *  @throws RangeError when they are no levels, or the wrong way around */
  setLimits(domainId: number, limits: { readonly max: number; readonly min: number }): void {
    const domains = this.#with(domainId);
    this.#expectKey(domainId, "max", limits.max);
    this.#expectKey(domainId, "min", limits.min);
    if (limits.min > limits.max) throw new RangeError(`"min" expected at most ${limits.max}, got ${limits.min}`);
    domains.imposeLimits(0, domainId, limits);
    this.#machine.settleEvents();
  }

  #with(domainId: number): PerformanceDomains {
    this.#machine.expectOpen();
    if (this.#domains.domains[domainId]) return this.#domains;
    throw new RangeError(`"domainId" expected that of a performance domain, got ${domainId}`);
  }

  #expectKey(domainId: number, name: string, key: number): void {
    const domain = this.#domains.domains[domainId];
    if (domain?.levels.some((level) => this.#domains.keyOf(domain, level) === key)) return;
    throw new RangeError(`"${name}" expected a level of domain ${domainId}, got ${key}`);
  }
}
