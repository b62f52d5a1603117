import { SMT } from "../core/smt.ts";
import { STATUS } from "../errors.ts";
import type { SmtArea } from "./shared-memory.ts";

const HEADER_BYTES = 4;
const STATUS_BYTES = 4;

/** A command as it was taken out of an area. */
export interface TakenCommand {
  /** MSG form: header, then payload; a copy. */
  readonly message: Uint8Array;
  readonly wantsInterrupt: boolean;
}

/** What a look into an area found: a command, nothing, or something that cannot be read and was sent back. */
export type Look = TakenCommand | "nothing" | "refused";

/** One SMT area, seen by the side that does not own it first: the callee of an A2P channel, the caller of a P2A channel. The other side
 *  may write at any time, so each word is read once and only copies are judged. */
export class SmtEnd {
  readonly area: SmtArea;
  /** Largest payload in bytes. */
  readonly capacity: number;
  #flags = 0;
  #header = 0;

  /** @throws RangeError for an area under 36 bytes, or one that is not aligned to words */
  constructor(area: SmtArea) {
    if (area.byteLength < SMT.MINIMUM_BYTES) {
      throw new RangeError(`"area" expected at least ${SMT.MINIMUM_BYTES} bytes, got ${area.byteLength}`);
    }
    if (area.at % 4 !== 0) throw new RangeError(`"area" expected an address that is a multiple of 4, got ${area.at}`);
    this.area = area;
    this.capacity = area.byteLength - SMT.PAYLOAD;
  }

  /** As at start: a clean head, and the area is its caller's. */
  initialise(): void {
    const { memory, at } = this.area;
    memory.bytes.fill(0, at, at + SMT.PAYLOAD);
    this.#set(SMT.STATUS, SMT.FREE);
  }

  /** Whether the area is its caller's. */
  get isFree(): boolean {
    return (this.#get(SMT.STATUS) & SMT.FREE) !== 0;
  }

  /** Takes the command out. One that cannot be read goes back with ERROR, so that its sender does not hang. */
  take(): Look {
    const length = this.look();
    if (length <= 0) return length === 0 ? "nothing" : "refused";
    const at = this.messageAt;
    return { message: this.area.memory.bytes.slice(at, at + length), wantsInterrupt: this.wantsInterrupt };
  }

  /** Looks at the command without taking it out; one that cannot be read goes back with ERROR.
   *  @returns bytes of the command in MSG form, which stands at {@link messageAt}; 0 = nothing is posted, -1 = it went back */
  look(): number {
    const { data } = this.area.memory;
    const { at } = this.area;
    if ((data.getUint32(at + SMT.STATUS, true) & SMT.FREE) !== 0) return 0;
    this.#flags = data.getUint32(at + SMT.FLAGS, true);
    this.#header = data.getUint32(at + SMT.HEADER, true);
    const length = data.getUint32(at + SMT.LENGTH, true);
    if (length >= HEADER_BYTES && length - HEADER_BYTES <= this.capacity) return length;
    this.#refuse(length);
    return -1;
  }

  /** Whether the command that was looked at last wants an interrupt. */
  get wantsInterrupt(): boolean {
    return (this.#flags & SMT.INTERRUPT) !== 0;
  }

  /** Header of the command that was looked at last: only to tell it from others, for what is served is a copy. */
  get header(): number {
    return this.#header;
  }

  /** Address of a message in MSG form. */
  get messageAt(): number {
    return this.area.at + SMT.HEADER;
  }

  /** The answer stands at {@link messageAt}, unless it did not fit and only its header does: hands the area back. */
  giveBack(answerBytes: number): void {
    const fits = answerBytes - HEADER_BYTES <= this.capacity;
    const { data } = this.area.memory;
    const { at } = this.area;
    if (!fits) data.setInt32(at + SMT.PAYLOAD, STATUS.PROTOCOL_ERROR, true);
    data.setUint32(at + SMT.LENGTH, fits ? answerBytes : HEADER_BYTES + STATUS_BYTES, true);
    data.setUint32(at + SMT.STATUS, SMT.FREE, true); // last, and whole
  }

  /** Writes an answer and hands the area back; one that does not fit becomes PROTOCOL_ERROR. */
  answer(message: Uint8Array): void {
    const { memory, at } = this.area;
    const fits = message.byteLength - HEADER_BYTES <= this.capacity;
    memory.bytes.set(fits ? message : message.subarray(0, HEADER_BYTES), at + SMT.HEADER);
    if (!fits) this.#set(SMT.PAYLOAD, STATUS.PROTOCOL_ERROR);
    this.#set(SMT.LENGTH, fits ? message.byteLength : HEADER_BYTES + STATUS_BYTES);
    this.#set(SMT.STATUS, SMT.FREE); // last, and whole
  }

  /** Posts a message in a P2A area that is free. False when it does not fit; nothing is written then. */
  post(message: Uint8Array, wantsAcknowledge: boolean): boolean {
    if (message.byteLength - HEADER_BYTES > this.capacity) return false;
    const { memory, at } = this.area;
    this.#set(SMT.FLAGS, wantsAcknowledge ? SMT.INTERRUPT : 0);
    this.#set(SMT.LENGTH, message.byteLength);
    memory.bytes.set(message, at + SMT.HEADER);
    this.#set(SMT.STATUS, 0); // last: the agent owns the area from here on
    return true;
  }

  #refuse(length: number): void {
    if (length >= HEADER_BYTES) {
      this.#set(SMT.PAYLOAD, STATUS.PROTOCOL_ERROR);
      this.#set(SMT.LENGTH, HEADER_BYTES + STATUS_BYTES);
    }
    this.#set(SMT.STATUS, SMT.FREE | SMT.ERROR);
  }

  #get(offset: number): number {
    return this.area.memory.data.getUint32(this.area.at + offset, true);
  }

  #set(offset: number, word: number): void {
    this.area.memory.data.setUint32(this.area.at + offset, word, true);
  }
}
