import { type Place, within, wrong } from "./validate.ts";

/** Names that others refer to. */
export class Names {
  readonly #ids = new Map<string, number>();
  readonly #what: string;

  /** @param first id of the first
   *  @throws BoardError when a name is there twice */
  constructor(names: readonly string[], place: Place, what: string, first = 0) {
    this.#what = what;
    names.forEach((name, i) => {
      if (this.#ids.has(name)) throw wrong(within(within(place, i), "name"), "a name of its own", name);
      this.#ids.set(name, first + i);
    });
  }

  /** All ids, ascending. */
  get all(): readonly number[] {
    return [...this.#ids.values()];
  }

  /** The id behind a name.
   *  @throws BoardError when there is none */
  id(name: string, place: Place): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw wrong(place, `the name of ${this.#what}`, name);
    return id;
  }

  /** The ids behind names, ascending.
   *  @throws BoardError when there is none, or one twice */
  ids(names: readonly string[] = [], place: Place): readonly number[] {
    const ids = names.map((name, i) => this.id(name, within(place, i)));
    const twice = ids.findIndex((id, i) => ids.indexOf(id) !== i);
    if (twice >= 0) throw wrong(within(place, twice), "every name once", names[twice]);
    return ids.sort((a, b) => a - b);
  }
}
