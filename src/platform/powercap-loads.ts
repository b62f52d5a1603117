import type { BoardPowercapDomain } from "../board/board-powercap.ts";

/** What powercap domains draw. Each has a demand of its own, and its children's on top; it draws all of that, or its cap where that is
 *  less, and then everything below it gets the same share of what it wanted. */
export class PowercapLoads {
  readonly #domains: readonly BoardPowercapDomain[];
  readonly #children: readonly (readonly number[])[];
  readonly #demands: number[];
  readonly #wants: number[];
  readonly #draws: number[];

  constructor(domains: readonly BoardPowercapDomain[]) {
    this.#domains = domains;
    this.#demands = domains.map(({ demand }) => demand);
    this.#wants = domains.map(() => 0);
    this.#draws = domains.map(() => 0);
    this.#children = domains.map((_, id) => [...domains.keys()].filter((it) => domains[it]?.parent === id));
  }

  demand(domainId: number): number {
    return this.#demands[domainId] ?? 0;
  }

  setDemand(domainId: number, demand: number): void {
    this.#demands[domainId] = demand;
  }

  draw(domainId: number): number {
    return this.#draws[domainId] ?? 0;
  }

  /** Works out what every domain draws now.
   *  @param capOf 0 = none */
  update(capOf: (domainId: number) => number): void {
    for (const [id, { parent }] of this.#domains.entries()) {
      if (parent !== undefined) continue;
      this.#grant(id, this.#want(id, capOf));
    }
  }

  #want(id: number, capOf: (domainId: number) => number): number {
    const cap = capOf(id);
    let sum = this.demand(id);
    for (const child of this.#children[id] ?? []) sum += this.#want(child, capOf);
    const want = cap === 0 ? sum : Math.min(sum, cap);
    this.#wants[id] = want;
    return want;
  }

  #grant(id: number, granted: number): void {
    this.#draws[id] = granted;
    const children = this.#children[id] ?? [];
    const sum = children.reduce((all, child) => all + (this.#wants[child] ?? 0), this.demand(id));
    const share = sum > granted ? granted / sum : 1;
    for (const child of children) this.#grant(child, (this.#wants[child] ?? 0) * share);
  }
}
