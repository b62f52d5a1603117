/** What was acquired, to be released in reverse. */
export class Scope {
  readonly #releases: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Owns something from here on. */
  own(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  /** Releases everything, the last first, also when some of it complains; then throws the first complaint. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let failure: { readonly reason: unknown } | undefined;
    for (const release of this.#releases.reverse()) {
      try {
        await release();
      } catch (reason) {
        failure ??= { reason };
      }
    }
    this.#releases.length = 0;
    if (failure) throw failure.reason;
  }
}
