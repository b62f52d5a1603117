import { counted, malformed, NOWHERE, type Origin, WireFault } from "./fault.ts";
import type { ByteView } from "./view.ts";

/** A piece of the wire format: how a value lies in bytes. Made by {@link u32}, {@link bits}, {@link struct} and so on, used by
 *  {@link encode} and {@link decode}. Each one is data, too: with `kind` it is a {@link Shape}. */
export interface Type<T> {
  /** Tells the shapes apart. */
  readonly kind: string;
  /** Fewest bytes that a value takes. */
  readonly minBytes: number;
  /** Most bytes that a value takes; `Infinity` where only the payload is the limit. */
  readonly maxBytes: number;
  /** The same value as a protocol version has it on the wire; itself when no version changes it.
   *  @param version version word: major in bits 31:16, minor in 15:0 */
  at(version: number): Type<T>;
  /** Bytes that a value takes. */
  sizeOf(value: T): number;
  /** @internal Writes at `at`; there is room. `parent` is the struct around it, which may hold a count. */
  write(view: ByteView, at: number, value: T, parent?: unknown): void;
  /** @internal Reads from `at`, never beyond `end`. Overwrites and returns `into` where there is one. */
  read(view: ByteView, at: number, end: number, into?: T, parent?: unknown): T;
}

/** One layout or another, by protocol version. Made by {@link since}, {@link until} and {@link byVersion}.
 *  @typeParam Gap true when versions before the first option have nothing */
export interface Versioned<Option, Gap extends boolean = boolean> {
  readonly kind: "versions";
  readonly hasGap: Gap;
  /** From which version word on which option holds, ascending; `undefined`: nothing. */
  readonly options: readonly (readonly [version: number, option: Option | undefined])[];
}

/** The value of a type. An optional part is `undefined` where the version or the length leaves it out. */
export type Infer<X> =
  X extends Type<infer T>
    ? T
    : X extends Versioned<infer Option, infer Gap>
      ? Infer<Option> | (Gap extends true ? undefined : never)
      : never;

/** Writes a value.
 *  @param at in bytes from the start of the view
 *  @param capacity how many bytes may be written; to the end of the view unless said
 *  @returns bytes written
 *  @throws RangeError, TypeError when the value does not fit its type or the capacity; the bytes are then undefined */
export function encode<T>(
  type: Type<T>,
  view: ByteView,
  at: number,
  value: T,
  capacity: number = view.byteLength - at,
  origin: Origin = NOWHERE,
): number {
  try {
    const byteLength = type.sizeOf(value);
    if (byteLength > capacity) {
      const { offset } = origin;
      throw new WireFault("value", at, `at most ${counted(capacity + offset)}`, counted(byteLength + offset));
    }
    type.write(view, at, value);
    return byteLength;
  } catch (fault) {
    throw fault instanceof WireFault ? fault.toError(origin, at) : fault;
  }
}

/** Reads a value that takes exactly `byteLength` bytes, or at least what the type needs where it may grow. The value is a copy.
 *  @param at in bytes from the start of the view
 *  @param into overwritten and returned, to spare the garbage
 *  @param grows whether more bytes are fine; what the type says unless said
 *  @throws MessageError when it is shorter, longer, or its bytes contradict each other */
export function decode<T>(
  type: Type<T>,
  view: ByteView,
  at: number,
  byteLength: number,
  origin: Origin = NOWHERE,
  into?: T,
  grows: boolean = mayGrow(type),
): T {
  try {
    const value = type.read(view, at, at + byteLength, into);
    const used = type.minBytes === type.maxBytes ? type.minBytes : type.sizeOf(value);
    if (used < byteLength && !grows) {
      throw malformed(at + used, `the end after ${counted(used + origin.offset)}`, `${byteLength - used} more`);
    }
    return value;
  } catch (fault) {
    throw fault instanceof WireFault ? fault.toError(origin, at) : fault;
  }
}

/** Whether a type accepts bytes behind what it knows: newer versions append fields there. */
export function mayGrow(type: Type<unknown>): boolean {
  return "grows" in type && type.grows === true;
}
