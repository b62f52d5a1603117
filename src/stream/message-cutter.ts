import { MessageError } from "../errors.ts";

const LENGTH_BYTES = 4;
const HEADER_BYTES = 4;

/** The longest message that is let in unless said, in bytes: far above any channel's payload. */
export const DEFAULT_MAX_MESSAGE = HEADER_BYTES + 0x10000;

/** Puts the length of a message before it: how messages travel in a stream of bytes.
 *
 *  ```text
 *   0        4          8
 *   | length | header   | payload…      (bytes; little-endian; length counts header and payload, not itself)
 *  ```
 *  @param message header and payload; copied */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + message.byteLength);
  new DataView(frame.buffer).setUint32(0, message.byteLength, true);
  frame.set(message, LENGTH_BYTES);
  return frame;
}

/** Cuts a stream of bytes into messages. Nothing is read ahead: who stops asking for messages leaves them where they are. */
export class MessageCutter {
  readonly #maxMessage: number;
  readonly #subject: string;
  /** Chunks that are not read to their end; the first one from {@link #at} on. */
  readonly #chunks: Uint8Array[] = [];
  #at = 0;
  readonly #head = new Uint8Array(LENGTH_BYTES);
  #headBytes = 0;
  /** A message that is not whole yet. */
  #body: Uint8Array | undefined;
  #bodyBytes = 0;

  /** @param maxMessage longest message in bytes, header included
   *  @param subject for errors */
  constructor(maxMessage: number, subject: string) {
    if (!Number.isInteger(maxMessage) || maxMessage < HEADER_BYTES) {
      throw new RangeError(`"maxMessage" expected integer >= ${HEADER_BYTES}, got ${maxMessage}`);
    }
    this.#maxMessage = maxMessage;
    this.#subject = subject;
  }

  /** Adds bytes; the array is the cutter's to keep. */
  add(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#chunks.push(bytes);
  }

  /** The next whole message, header first; `undefined` until more bytes came. Borrowed from the bytes that came.
   *  @throws MessageError for a length that no message has: the rest of the stream means nothing then */
  next(): Uint8Array | undefined {
    if (this.#body === undefined && !this.#readLength()) return undefined;
    return this.#readBody();
  }

  /** How a stream that ends now ends: `undefined` between two messages, an error within one. */
  truncation(): MessageError | undefined {
    if (this.#body === undefined && this.#headBytes === 0) return undefined;
    const isHead = this.#body === undefined;
    const got = isHead ? this.#headBytes : this.#bodyBytes;
    return new MessageError(this.#subject, {
      field: isHead ? "length" : "message",
      offset: isHead ? 0 : LENGTH_BYTES,
      expected: counted(isHead ? LENGTH_BYTES : (this.#body?.byteLength ?? 0)),
      got: `the end after ${counted(got)}`,
    });
  }

  #readLength(): boolean {
    this.#headBytes = this.#fill(this.#head, this.#headBytes);
    if (this.#headBytes < LENGTH_BYTES) return false;
    const byteLength = new DataView(this.#head.buffer).getUint32(0, true);
    if (byteLength < HEADER_BYTES || byteLength > this.#maxMessage) {
      throw new MessageError(this.#subject, {
        ...{ field: "length", offset: 0, expected: `${HEADER_BYTES} to ${this.#maxMessage}`, got: `${byteLength}` },
      });
    }
    this.#headBytes = 0;
    const [chunk] = this.#chunks;
    const isWhole = chunk !== undefined && chunk.byteLength - this.#at >= byteLength;
    this.#body = isWhole ? chunk.subarray(this.#at, this.#at + byteLength) : new Uint8Array(byteLength);
    this.#bodyBytes = isWhole ? byteLength : 0;
    if (isWhole) this.#skip(byteLength);
    return true;
  }

  #readBody(): Uint8Array | undefined {
    const body = this.#body;
    if (body === undefined) return undefined;
    if (this.#bodyBytes < body.byteLength) this.#bodyBytes = this.#fill(body, this.#bodyBytes);
    if (this.#bodyBytes < body.byteLength) return undefined;
    this.#body = undefined;
    return body;
  }

  /** Moves bytes from the chunks to `target`; how many it holds then. */
  #fill(target: Uint8Array, filled: number): number {
    let count = filled;
    while (count < target.byteLength) {
      const [chunk] = this.#chunks;
      if (chunk === undefined) break;
      const part = chunk.subarray(this.#at, this.#at + target.byteLength - count);
      target.set(part, count);
      count += part.byteLength;
      this.#skip(part.byteLength);
    }
    return count;
  }

  #skip(byteLength: number): void {
    this.#at += byteLength;
    if (this.#at < (this.#chunks[0]?.byteLength ?? 0)) return;
    this.#chunks.shift();
    this.#at = 0;
  }
}

function counted(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}
