import { reserved } from "../wire/bytes.ts";
import { u32 } from "../wire/integer.ts";
import { Struct } from "../wire/struct.ts";

/** The fixed part of an SMT area. DEN0056, shared memory area layout; docs/abi.md has the same. */
const HEAD = /* @__PURE__ */ new Struct(
  {
    reserved0: /* @__PURE__ */ reserved(4),
    channelStatus: u32,
    reserved1: /* @__PURE__ */ reserved(8),
    channelFlags: u32,
    length: u32,
    messageHeader: u32,
  },
  {},
  0,
);

/** Bytes before the payload of an SMT area, the message header included. */
export const SMT_HEAD_BYTES = 28;

/** Bits of the channel status word. */
export const SMT_STATUS = {
  /** The area belongs to the caller of the channel. */
  FREE: 1,
  /** The last transfer failed at transport level. */
  ERROR: 2,
} as const;

/** Memory that agent and TEE both know without telling each other, of a static channel. */
export interface StaticMemory {
  /** The area now; borrowed until the memory may have grown. */
  readonly bytes: Uint8Array;
  /** The core that it lies in, and its offset there: an agent of that core uses it in place. */
  readonly core?: object;
  readonly offset?: number;
}

/** One SMT area in bytes that two sides write. Reads each word when asked, so ask once. */
export class SmtArea {
  readonly #memory: { readonly bytes: Uint8Array };
  #bytes: Uint8Array | undefined;
  #view: DataView | undefined;

  /** @param memory asked for its bytes each time, for memory may move */
  constructor(memory: { readonly bytes: Uint8Array }) {
    this.#memory = memory;
  }

  /** Channel status: {@link SMT_STATUS}. */
  get status(): number {
    return this.#data.getUint32(STATUS_AT, true);
  }

  /** Writes the whole word. */
  set status(bits: number) {
    this.#data.setUint32(STATUS_AT, bits, true);
  }

  /** Bytes of header and payload, as the writer states them. */
  get messageBytes(): number {
    return this.#data.getUint32(LENGTH_AT, true);
  }

  /** The message header. */
  get header(): number {
    return this.#data.getUint32(HEADER_AT, true);
  }

  /** Copies header and payload out, in MSG form.
   *  @param messageBytes judged by the caller */
  message(messageBytes: number): Uint8Array {
    return this.#whole.slice(HEADER_AT, HEADER_AT + messageBytes);
  }

  /** Writes an answer, header first, and hands the area back. */
  answer(message: Uint8Array): void {
    this.#whole.set(message, HEADER_AT);
    this.#data.setUint32(LENGTH_AT, message.byteLength, true);
    this.status = SMT_STATUS.FREE; // last, and whole
  }

  get #whole(): Uint8Array {
    return this.#memory.bytes;
  }

  get #data(): DataView {
    const bytes = this.#memory.bytes;
    if (this.#view !== undefined && bytes === this.#bytes) return this.#view;
    if (
      this.#view === undefined ||
      this.#bytes?.buffer !== bytes.buffer ||
      this.#bytes.byteOffset !== bytes.byteOffset
    ) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

const STATUS_AT = /* @__PURE__ */ offsetOf("channelStatus");
const LENGTH_AT = /* @__PURE__ */ offsetOf("length");
const HEADER_AT = /* @__PURE__ */ offsetOf("messageHeader");

function offsetOf(name: string): number {
  return HEAD.fields.find((field) => field.name === name)?.offset ?? 0;
}
