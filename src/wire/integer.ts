import { malformed, unfit } from "./fault.ts";
import type { Type } from "./type.ts";
import type { ByteView } from "./view.ts";

/** An integer of 1, 2 or 4 bytes, little-endian. */
export class Integer implements Type<number> {
  readonly kind = "integer";
  readonly bytes: 1 | 2 | 4;
  readonly isSigned: boolean;
  readonly minBytes: number;
  readonly maxBytes: number;

  constructor(bytes: 1 | 2 | 4, isSigned: boolean) {
    this.bytes = bytes;
    this.isSigned = isSigned;
    this.minBytes = bytes;
    this.maxBytes = bytes;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return this.bytes;
  }

  write(view: ByteView, at: number, value: number): void {
    if (this.bytes === 4) {
      if ((this.isSigned ? value | 0 : value >>> 0) !== value) throw this.#unfit(value);
      view.setUint32(at, value, true);
    } else if (this.bytes === 2) {
      if ((value & 0xffff) !== value) throw this.#unfit(value);
      view.setUint16(at, value, true);
    } else {
      if ((value & 0xff) !== value) throw this.#unfit(value);
      view.setUint8(at, value);
    }
  }

  read(view: ByteView, at: number): number {
    if (this.bytes === 4) return this.isSigned ? view.getInt32(at, true) : view.getUint32(at, true);
    return this.bytes === 2 ? view.getUint16(at, true) : view.getUint8(at);
  }

  #unfit(value: unknown) {
    const bits = this.bytes * 8;
    const range = this.isSigned ? `${-(2 ** (bits - 1))} to ${2 ** (bits - 1) - 1}` : `0 to ${2 ** bits - 1}`;
    return unfit(value, "number", `integer ${range}`);
  }
}

/** 64 bits, low word first, as a bigint: any pattern. */
export class Long implements Type<bigint> {
  readonly kind = "u64";
  readonly minBytes = 8;
  readonly maxBytes = 8;

  at(): this {
    return this;
  }

  sizeOf(): number {
    return 8;
  }

  write(view: ByteView, at: number, value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) {
      throw unfit(value, "bigint", "bigint 0 to 2^64 - 1");
    }
    view.setBigUint64(at, value, true);
  }

  read(view: ByteView, at: number): bigint {
    return view.getBigUint64(at, true);
  }
}

/** The greatest high word of a 64-bit value that a number holds exactly: 2^53 - 1 in all. */
export const SAFE_HIGH = 0x1fffff;

/** 64 bits, low word first, as a number: exact, or refused. */
export class SafeLong implements Type<number> {
  readonly kind = "u64n";
  readonly minBytes = 8;
  readonly maxBytes = 8;

  at(): this {
    return this;
  }

  sizeOf(): number {
    return 8;
  }

  write(view: ByteView, at: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw unfit(value, "number", "integer 0 to 2^53 - 1");
    view.setUint32(at, value, true); // modulo 2^32
    view.setUint32(at + 4, value / 0x1_0000_0000, true); // the fraction is cut off
  }

  read(view: ByteView, at: number): number {
    const high = view.getUint32(at + 4, true);
    if (high > SAFE_HIGH) throw malformed(at, "at most 2^53 - 1", view.getBigUint64(at, true).toString());
    return high * 0x1_0000_0000 + view.getUint32(at, true);
  }
}

/** 64 bits, low word first: a number where that is exact, and a bigint beyond. */
export class AnyLong implements Type<number | bigint> {
  readonly kind: "i64x" | "u64x";
  readonly isSigned: boolean;
  readonly minBytes = 8;
  readonly maxBytes = 8;

  constructor(isSigned: boolean) {
    this.kind = isSigned ? "i64x" : "u64x";
    this.isSigned = isSigned;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return 8;
  }

  write(view: ByteView, at: number, value: number | bigint): void {
    if (!isLong(value, this.isSigned)) {
      const range = this.isSigned ? "-2^63 to 2^63 - 1" : "0 to 2^64 - 1";
      const kind = typeof value === "bigint" ? "bigint" : "number";
      throw unfit(value, kind, `integer ${range}, a bigint beyond 2^53 - 1`);
    }
    writeLong(view, at, value);
  }

  read(view: ByteView, at: number): number | bigint {
    return this.isSigned ? readSignedLong(view, at) : readLong(view, at);
  }
}

/** Whether a value fits 64 bits without being rounded. */
export function isLong(value: number | bigint, isSigned: boolean): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) && (isSigned || value >= 0);
  return typeof value === "bigint" && (isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value;
}

/** Writes a value that {@link isLong}, of either sign. */
export function writeLong(view: ByteView, at: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    view.setBigUint64(at, BigInt.asUintN(64, value), true);
    return;
  }
  view.setUint32(at, value, true); // modulo 2^32, of negative numbers too
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Reads an unsigned value; no garbage where a number holds it. */
export function readLong(view: ByteView, at: number): number | bigint {
  const high = view.getUint32(at + 4, true);
  return high > SAFE_HIGH ? view.getBigUint64(at, true) : high * 0x1_0000_0000 + view.getUint32(at, true);
}

/** Reads a signed value; no garbage where a number holds it. */
export function readSignedLong(view: ByteView, at: number): number | bigint {
  const high = view.getInt32(at + 4, true);
  const low = view.getUint32(at, true);
  // -2^53 itself is no safe integer.
  if (high > SAFE_HIGH || high < -SAFE_HIGH - 1 || (high === -SAFE_HIGH - 1 && low === 0)) {
    return BigInt.asIntN(64, view.getBigUint64(at, true));
  }
  return high * 0x1_0000_0000 + low;
}

/** The low bits of a word that has no other use; its high bits are reserved. */
export class Uint implements Type<number> {
  readonly kind = "uint";
  readonly width: number;
  readonly minBytes = 4;
  readonly maxBytes = 4;
  /** As many ones as the width. */
  readonly mask: number;

  constructor(width: number) {
    if (!(Number.isInteger(width) && width >= 1 && width <= 31)) {
      throw new RangeError(`"width" expected integer 1 to 31, got ${width}`);
    }
    this.width = width;
    this.mask = 2 ** width - 1;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return 4;
  }

  write(view: ByteView, at: number, value: number): void {
    if ((value & this.mask) !== value) throw unfit(value, "number", `integer 0 to ${this.mask}`);
    view.setUint32(at, value, true);
  }

  read(view: ByteView, at: number): number {
    return view.getUint32(at, true) & this.mask;
  }
}

/** An unsigned byte. */
export const u8: Type<number> = /* @__PURE__ */ new Integer(1, false);

/** 16 bits, unsigned. */
export const u16: Type<number> = /* @__PURE__ */ new Integer(2, false);

/** 32 bits, unsigned: 0xffffffff and not -1. */
export const u32: Type<number> = /* @__PURE__ */ new Integer(4, false);

/** 32 bits, signed: a status. */
export const i32: Type<number> = /* @__PURE__ */ new Integer(4, true);

/** 64 bits as a bigint, for what is compared, masked or handed on and never calculated with: addresses and bit patterns. It
 *  takes any pattern, garbage in a field that a flag declares meaningless included. Allocates, so it is not for hot messages. */
export const u64: Type<bigint> = /* @__PURE__ */ new Long();

/** 64 bits as a number, for what one calculates with: rates in Hz, counts, times. Nothing is ever rounded: above 2^53 - 1
 *  (9 PHz, 285 years in µs) decoding is a `MessageError` and encoding a `RangeError`. */
export const u64n: Type<number> = /* @__PURE__ */ new SafeLong();

/** 64 bits, signed, as a number where that is exact (up to 2^53 - 1 either way) and as a bigint beyond: for measured values, which one
 *  calculates with and may not refuse. `Number()` makes one kind of both where rounding does no harm. */
export const i64x: Type<number | bigint> = /* @__PURE__ */ new AnyLong(true);

/** 64 bits, unsigned, as a number where that is exact and as a bigint beyond: like {@link i64x}, for timestamps. */
export const u64x: Type<number | bigint> = /* @__PURE__ */ new AnyLong(false);

/** The low `width` bits of a word, 1 to 31; the others are reserved: written as 0, ignored when read. */
/* @__NO_SIDE_EFFECTS__ */
export function uint(width: number): Type<number> {
  return new Uint(width);
}
