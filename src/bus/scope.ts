/** What was acquired, to be released in reverse. */
export class Scope {
  readonly #releases: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Owns something from here on.
   *  @throws TypeError once the scope is closed: nobody would release it */
  own(release: () => Promise<void>): void {
    if (this.#closing) throw new TypeError('"release" expected an open scope, got one that is closed');
    this.#releases.push(release);
  }

  /** Owns something that is released without waiting.
   *  @throws TypeError once the scope is closed */
  ownNow(release: () => void): void {
    this.own(async () => release());
  }

  /** Releases everything, the last first, also when some of it complains; then throws the first complaint. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    let failure: { readonly reason: unknown } | undefined;
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) {
      try {
        await release();
      } catch (reason) {
        failure ??= { reason };
      }
    }
    if (failure) throw failure.reason;
  }
}
