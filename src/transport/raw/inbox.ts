import type { RawFile } from "./files.ts";

/** Messages that are taken before others get their turn. */
const MOST_AT_ONCE = 256;

/** A file that gives one message for each read(2). */
export class RawInbox {
  readonly #file: RawFile;
  readonly #buffer: Uint8Array;
  readonly #take: (message: Uint8Array) => void;
  #isOpen = true;

  /** @param byteLength of the longest message, header included
   *  @param take gets each message, borrowed until it returns */
  constructor(file: RawFile, byteLength: number, take: (message: Uint8Array) => void) {
    this.#file = file;
    this.#buffer = new Uint8Array(byteLength);
    this.#take = take;
  }

  /** Takes what is there.
   *  @returns whether there was anything
   *  @throws what reading throws */
  drain(): boolean {
    let count = 0;
    // Each message ends with a read of 0 bytes; a second one in a row is the end of a file that is no queue.
    for (let ends = 0; this.#isOpen && ends < 2 && count < MOST_AT_ONCE; ) {
      const byteLength = this.#file.read(this.#buffer);
      if (byteLength === undefined) break;
      if (byteLength === 0) {
        ends++;
        continue;
      }
      ends = 0;
      count++;
      this.#take(this.#buffer.subarray(0, byteLength));
    }
    return count > 0;
  }

  close(): void {
    this.#isOpen = false;
    this.#file.close();
  }
}
