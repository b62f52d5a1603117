import type { ByteStream } from "./byte-stream.ts";
import { framed } from "./message-cutter.ts";

/** What goes out on a stream: waits here while the other side is slow, up to a limit. */
export class Outflow {
  readonly #stream: ByteStream;
  readonly #limitBytes: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isFull = false;

  /** @param limitBytes what may wait besides what the stream itself has taken */
  constructor(stream: ByteStream, limitBytes: number) {
    this.#stream = stream;
    this.#limitBytes = limitBytes;
  }

  /** Sends a message, or keeps it until there is room. False when too much waits already: it was not taken.
   *  @param message header and payload; copied */
  send(message: Uint8Array): boolean {
    const frame = framed(message);
    if (!this.#isFull) {
      this.#isFull = !this.#stream.write(frame);
      return true;
    }
    if (this.#waitingBytes + frame.byteLength > this.#limitBytes) return false;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.byteLength;
    return true;
  }

  /** The stream has room again. */
  drained(): void {
    this.#isFull = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const frame of waiting) {
      if (this.#isFull) {
        this.#waiting.push(frame);
        this.#waitingBytes += frame.byteLength;
      } else {
        this.#isFull = !this.#stream.write(frame);
      }
    }
  }

  /** The other side is slow: nothing more goes out until it has read. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }
}
