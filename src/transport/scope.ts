/** What a transport acquired, to be released in reverse. */
export class Scope {
  readonly #releases: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Owns something from here on. */
  own(release: () => Promise<void>): void {
    this.#releases.push(release);
  }

  /** Owns something that is released without waiting. */
  ownNow(release: () => void): void {
    this.#releases.push(async () => release());
  }

  /** Releases everything, the last first, also when some of it complains; then throws the first complaint. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close} after a failure: what complains now matters less than what failed. */
  async undo(): Promise<void> {
    try {
      await this.close();
    } catch {
      // The caller throws the reason that it came here for.
    }
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
