import { type Load, LoadGenerator, loadOf } from "./load.ts";
import type { FleetPlan } from "./plan.ts";
import type { GovernedDomain } from "./soc-kind.ts";
import { sampleTrace } from "./trace.ts";

const DICE_OF_LOADS = 1;

/** How much is to be done: one utilisation a slot, a slot being a governed domain of a SoC. */
export class Utilisation {
  /** Of the tick that {@link advance} was told, by slot, 0 … 1024; 0 before the first. */
  readonly #values: Uint16Array;
  readonly #seed: number;
  /** By domain: what a trace says in each tick. */
  readonly #traced: readonly Uint16Array[] | undefined;
  readonly #loads: readonly Load[];
  readonly #generator: LoadGenerator;

  /** @param values where they go, by slot; all 0 */
  constructor(plan: FleetPlan, domains: readonly GovernedDomain[], values: Uint16Array) {
    const { load, tickUs, ticks, seed } = plan;
    this.#values = values;
    this.#seed = seed;
    if ("domains" in load) {
      this.#traced = domains.map(({ name }) => sampleTrace(load.domains.get(name) ?? [], tickUs, ticks));
      this.#loads = [];
    } else this.#loads = domains.map(({ name }) => loadOf(load, name));
    this.#generator = new LoadGenerator(this.#traced ? 0 : values.length, tickUs);
  }

  /** @param domain index over all kinds
   *  @param soc number in the whole fleet */
  openSlot(slot: number, domain: number, soc: number, id: number): void {
    const load = this.#loads[domain];
    if (load) this.#generator.start(slot, load, this.#seed, DICE_OF_LOADS, soc, id);
  }

  /** Goes on to a tick.
   *  @param domainOf index of each slot's domain */
  advance(tick: number, domainOf: Uint16Array): void {
    const values = this.#values;
    const traced = this.#traced;
    for (let slot = 0; slot < values.length; slot++) {
      const domain = domainOf[slot] ?? 0;
      const load = this.#loads[domain];
      values[slot] = load ? this.#generator.next(slot, load, tick) : (traced?.[domain]?.[tick] ?? 0);
    }
  }
}
