import { SECTIONS, type Section } from "../board/sections.ts";

const PATH = /^(?<list>[^[\]]+)\[(?<id>\d+)\](?:\.(?<fact>.*))?$/;

/** Which facts about which resources nobody states. */
export class InventedFacts {
  readonly #facts = new Map<string, string[]>();
  readonly #whole: ReadonlySet<string>;

  /** @param invented paths in a board: `clock.clocks[3].rates` */
  constructor(invented: ReadonlySet<string>) {
    this.#whole = invented;
    for (const path of invented) {
      const { list, id, fact = "all" } = PATH.exec(path)?.groups ?? {};
      if (list === undefined) continue;
      const key = `${list}[${id}]`;
      const known = this.#facts.get(key);
      if (known) known.push(fact);
      else this.#facts.set(key, [fact]);
    }
  }

  /** Names of the facts about a resource: `rates`, `levels.power`; `all` where the resource itself is invented. */
  of(protocolId: number, id: number): readonly string[] {
    const sections: readonly Section[] = SECTIONS;
    const section = sections.find((it) => it.protocolId === protocolId);
    if (!section?.resources) return [];
    const list = `${section.key}.${section.resources.list}`;
    return this.#whole.has(list) ? ["all"] : (this.#facts.get(`${list}[${id}]`) ?? []);
  }
}
