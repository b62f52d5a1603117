import type { Machine } from "./machine.ts";
import { hasLevel, type Voltages } from "./voltages.ts";

/** What the owner of a platform sees and does of its voltage domains; levels in µV, signed. Every method throws RangeError for an
 *  unknown domain, and ChannelError "closed" after the platform. */
export class VoltageControls {
  readonly #machine: Machine;
  readonly #voltages: Voltages;

  /** @internal */
  constructor(machine: Machine, voltages: Voltages) {
    this.#machine = machine;
    this.#voltages = voltages;
  }

  /** Level of a domain in µV; of one that is off, the level that it would have. */
  level(domainId: number): number {
    return this.#with(domainId).level(domainId);
  }

  /** Operating mode of a domain: 0 = off, 7 = on, 8 to 15 the platform's own. */
  mode(domainId: number): number {
    return this.#with(domainId).mode(domainId);
  }

  /** Changes a level by the platform's own doing.
   *  @throws RangeError when it is no level of the domain */
  setLevel(domainId: number, levelUv: number): void {
    const voltages = this.#with(domainId);
    if (!hasLevel(voltages.domains[domainId]?.levelsUv ?? [], levelUv)) {
      throw new RangeError(`"levelUv" expected a level of domain ${domainId}, got ${levelUv}`);
    }
    voltages.setLevel(0, domainId, levelUv);
  }

  /** Changes an operating mode by the platform's own doing: what agents asked for before no longer counts.
   *  @throws RangeError when the domain has not that mode */
  setMode(domainId: number, mode: number): void {
    const voltages = this.#with(domainId);
    if (!voltages.domains[domainId]?.modes.includes(mode)) {
      throw new RangeError(`"mode" expected a mode of domain ${domainId}, got ${mode}`);
    }
    voltages.imposeMode(domainId, mode);
  }

  #with(domainId: number): Voltages {
    this.#machine.expectOpen();
    if (this.#voltages.domains[domainId]) return this.#voltages;
    throw new RangeError(`"domainId" expected that of a voltage domain, got ${domainId}`);
  }
}
