/** Characters of a line that nobody will end: longer ones are dropped, so that input without line ends costs no memory. */
const MOST_CHARACTERS = 1 << 20;

/** Cuts bytes that arrive in any pieces into lines of UTF-8. */
export class Lines {
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";

  /** @returns the lines that ended, without their ends */
  push(bytes: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MOST_CHARACTERS) {
      lines.push(this.#rest.slice(0, MOST_CHARACTERS));
      this.#rest = "";
    }
    return lines;
  }

  /** @returns what came after the last line end, if anything did */
  end(): readonly string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return rest === "" ? [] : [rest];
  }
}
