import { MessageError, STATUS } from "../errors.ts";
import { counted, type Origin } from "./fault.ts";
import { findReserved } from "./shape.ts";
import { decode, encode, mayGrow, type Type } from "./type.ts";
import type { ByteView } from "./view.ts";

/** What a payload is to its message. */
export type Role = "request" | "response" | "delayedResponse" | "notification";

/** Bytes of the status word that responses and delayed responses start with. */
export const STATUS_BYTES = 4;

/** How one payload of one message lies in bytes at one protocol version. Positions are those of the payload's first byte, which
 *  in responses is the status. For hot commands a generated subclass overrides encoding and decoding with straight-line
 *  code; what that cannot take, it leaves to the combinators, which say what is wrong. */
export class Layout<T> {
  /** Spec name of the message. */
  readonly message: string;
  readonly role: Role;
  /** The values behind the status, if there is one. */
  readonly type: Type<T>;
  /** 4 where a status comes first, else 0. */
  readonly statusBytes: number;
  /** Fewest bytes of a payload, a status included. */
  readonly minBytes: number;
  /** Most bytes of a payload, a status included; `Infinity` where the channel is the only limit. */
  readonly maxBytes: number;
  /** Accepts bytes behind what it knows. */
  readonly grows: boolean;
  readonly #origin: Origin;

  /** @internal */
  constructor(message: string, role: Role, type: Type<T>, isNewer: boolean) {
    this.message = message;
    this.role = role;
    this.type = type;
    this.statusBytes = role === "response" || role === "delayedResponse" ? STATUS_BYTES : 0;
    this.minBytes = this.statusBytes + type.minBytes;
    this.maxBytes = this.statusBytes + type.maxBytes;
    this.grows = isNewer || mayGrow(type);
    this.#origin = { subject: message, field: role, offset: this.statusBytes };
  }

  /** Bytes of the whole payload for a value. */
  sizeOf(value: T): number {
    return this.statusBytes + this.type.sizeOf(value);
  }

  /** Writes a payload; a response gets the status `SUCCESS`.
   *  @param capacity how many bytes may be written; to the end of the view unless said
   *  @returns bytes written
   *  @throws RangeError, TypeError when a field does not fit; the bytes are then undefined */
  encode(view: ByteView, at: number, value: T, capacity: number = view.byteLength - at): number {
    return this.encodeByType(view, at, value, capacity);
  }

  /** Reads a payload of exactly `byteLength` bytes. In a response the status is skipped: look at it first, see {@link
   *  statusOf}.
   *  @throws MessageError when it is shorter, longer, or its bytes contradict each other */
  decode(view: ByteView, at: number, byteLength: number): T {
    return this.decodeByType(view, at, byteLength);
  }

  /** Reads like {@link decode} into an object that exists and returns it: for hot messages, without garbage.
   *  @throws MessageError as {@link decode} does; `into` is then half overwritten */
  decodeInto(view: ByteView, at: number, byteLength: number, into: T): T {
    return this.decodeByType(view, at, byteLength, into);
  }

  /** {@link encode} by the combinators alone: what generated code is held to. */
  encodeByType(view: ByteView, at: number, value: T, capacity: number = view.byteLength - at): number {
    const skipped = this.statusBytes;
    const written = encode(this.type, view, at + skipped, value, capacity - skipped, this.#origin);
    if (this.statusBytes > 0) encodeStatus(view, at, STATUS.SUCCESS);
    return skipped + written;
  }

  /** {@link decode} by the combinators alone: what generated code is held to. */
  decodeByType(view: ByteView, at: number, byteLength: number, into?: T): T {
    if (this.statusBytes > 0) statusOf(view, at, byteLength, this.message, this.role);
    const skipped = this.statusBytes;
    return decode(this.type, view, at + skipped, byteLength - skipped, this.#origin, into, this.grows);
  }

  /** Path of the first field with a reserved bit set, which a platform answers with `INVALID_PARAMETERS`; {@link decode}
   *  ignores them. `undefined` when all are 0. */
  findReserved(view: ByteView, at: number, byteLength: number): string | undefined {
    return findReserved(this.type, view, at + this.statusBytes, at + byteLength);
  }
}

/** A generated subclass of {@link Layout}. */
export type Codec = new (
  message: string,
  role: Role,
  // Each codec knows the values of its own layout; the protocol pairs them.
  type: never,
  isNewer: boolean,
) => Layout<unknown>;

/** Writes a status word, all there is in a response that failed.
 *  @returns bytes written: 4 */
export function encodeStatus(view: ByteView, at: number, status: number): number {
  view.setInt32(at, status, true);
  return STATUS_BYTES;
}

/** The signed status that a response or delayed response starts with. When it is not `SUCCESS`, nothing behind it counts.
 *  @param subject spec name of the message, for the error
 *  @throws MessageError when not even a status is there */
export function statusOf(
  view: ByteView,
  at: number,
  byteLength: number,
  subject: string,
  role: Role = "response",
): number {
  if (byteLength >= STATUS_BYTES) return view.getInt32(at, true);
  const details = { field: `${role}.status`, offset: 0, expected: counted(STATUS_BYTES), got: counted(byteLength) };
  throw new MessageError(subject, details);
}
