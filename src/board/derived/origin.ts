/** Where the values of a derived board come from. */
export class Origins {
  readonly #invented = new Set<string>();

  /** A value that no tree says. */
  invent<T>(path: string, value: T): T {
    this.#invented.add(path);
    return value;
  }

  /** Paths in the board source, `clock.clocks[3].rates`. */
  get invented(): ReadonlySet<string> {
    return this.#invented;
  }
}
