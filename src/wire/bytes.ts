import { counted, unfit, WireFault } from "./fault.ts";
import type { Type } from "./type.ts";
import type { ByteView } from "./view.ts";

/** ASCII in a field of fixed size. */
export class Name implements Type<string> {
  readonly kind = "name";
  readonly bytes: number;
  readonly minBytes: number;
  readonly maxBytes: number;

  constructor(bytes: number) {
    this.bytes = checkedSize(bytes);
    this.minBytes = bytes;
    this.maxBytes = bytes;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return this.bytes;
  }

  write(view: ByteView, at: number, value: string): void {
    if (!isName(value, this.bytes)) {
      throw unfit(value, "string", `at most ${this.bytes - 1} ASCII characters without NUL`);
    }
    writeName(view, at, value, this.bytes);
  }

  read(view: ByteView, at: number): string {
    return readName(view, at, this.bytes);
  }
}

/** Whether a name fits a field, its NUL included. */
function isName(value: string, bytes: number): boolean {
  if (typeof value !== "string" || value.length >= bytes) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code > 0x7f) return false;
  }
  return true;
}

/** Writes a name and fills the field with zeros. */
function writeName(view: ByteView, at: number, value: string, bytes: number): void {
  for (let i = 0; i < bytes; i++) view.setUint8(at + i, i < value.length ? value.charCodeAt(i) : 0);
}

/** Reads up to a NUL or the end of the field: the peer may have forgotten the NUL. A byte above 0x7f is the character of that
 *  number, so nothing is lost. */
function readName(view: ByteView, at: number, bytes: number): string {
  let text = "";
  for (let i = 0; i < bytes; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

/** UTF-8 in a field of fixed size. */
export class Text implements Type<string> {
  readonly kind = "text";
  readonly bytes: number;
  readonly minBytes: number;
  readonly maxBytes: number;

  constructor(bytes: number) {
    this.bytes = checkedSize(bytes);
    this.minBytes = bytes;
    this.maxBytes = bytes;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return this.bytes;
  }

  write(view: ByteView, at: number, value: string): void {
    if (!isText(value, this.bytes)) {
      throw unfit(value, "string", `at most ${this.bytes - 1} bytes of UTF-8 without NUL`);
    }
    writeText(view, at, value, this.bytes);
  }

  read(view: ByteView, at: number): string {
    return readText(view, at, this.bytes);
  }
}

/** Whether a text fits a field, its NUL included. */
function isText(value: string, bytes: number): boolean {
  if (typeof value !== "string") return false;
  if (isName(value, bytes)) return true;
  // The second alternative is a surrogate without its other half.
  return !/\0|[\ud800-\udfff]/u.test(value) && new TextEncoder().encode(value).length < bytes;
}

/** Writes a text and fills the field with zeros. */
function writeText(view: ByteView, at: number, value: string, bytes: number): void {
  if (isName(value, bytes)) {
    writeName(view, at, value, bytes);
    return;
  }
  const encoded = new TextEncoder().encode(value);
  for (let i = 0; i < bytes; i++) view.setUint8(at + i, encoded[i] ?? 0);
}

/** Reads up to a NUL or the end of the field. What is no UTF-8, a character cut in two for example, becomes U+FFFD. */
function readText(view: ByteView, at: number, bytes: number): string {
  const name = readName(view, at, bytes);
  if (isName(name, bytes + 1)) return name;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(name, (it) => it.charCodeAt(0)));
}

/** Bytes without structure. */
export class Bytes implements Type<Uint8Array> {
  readonly kind = "bytes";
  readonly bytes: number;
  readonly minBytes: number;
  readonly maxBytes: number;

  constructor(bytes: number) {
    this.bytes = checkedSize(bytes);
    this.minBytes = bytes;
    this.maxBytes = bytes;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return this.bytes;
  }

  write(view: ByteView, at: number, value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw unfit(value, "object", `a Uint8Array of ${counted(this.bytes)}`);
    if (value.length !== this.bytes) throw new WireFault("value", at, counted(this.bytes), counted(value.length));
    for (let i = 0; i < this.bytes; i++) view.setUint8(at + i, value[i] as number);
  }

  read(view: ByteView, at: number): Uint8Array {
    return Uint8Array.from({ length: this.bytes }, (_, i) => view.getUint8(at + i));
  }
}

/** Bytes that no value has. */
export class Reserved implements Type<undefined> {
  readonly kind = "reserved";
  readonly bytes: number;
  readonly minBytes: number;
  readonly maxBytes: number;

  constructor(bytes: number) {
    this.bytes = checkedSize(bytes);
    this.minBytes = bytes;
    this.maxBytes = bytes;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return this.bytes;
  }

  write(view: ByteView, at: number): void {
    for (let i = 0; i < this.bytes; i++) view.setUint8(at + i, 0);
  }

  read(): undefined {
    return undefined;
  }
}

function checkedSize(bytes: number): number {
  if (!(Number.isInteger(bytes) && bytes > 0)) throw new RangeError(`"bytes" expected integer > 0, got ${bytes}`);
  return bytes;
}

/** ASCII in a field of `bytes` bytes, NUL terminated: 16 for a name, 64 for an extended one. Reading stops at the field's end
 *  where the NUL is missing; writing pads with zeros and refuses what leaves no room for the NUL, NULs inside, and what is not
 *  ASCII. */
/* @__NO_SIDE_EFFECTS__ */
export function name(bytes: number): Type<string> {
  return new Name(bytes);
}

/** UTF-8 in a field of `bytes` bytes, otherwise like {@link name}. */
/* @__NO_SIDE_EFFECTS__ */
export function text(bytes: number): Type<string> {
  return new Text(bytes);
}

/** Exactly `bytes` bytes without structure, copied out as a `Uint8Array`. */
/* @__NO_SIDE_EFFECTS__ */
export function bytes(bytes: number): Type<Uint8Array> {
  return new Bytes(bytes);
}

/** `bytes` bytes that are written as 0 and ignored when read. A struct leaves such a field out of its value. */
/* @__NO_SIDE_EFFECTS__ */
export function reserved(bytes: number): Type<never> {
  return new Reserved(bytes) as unknown as Type<never>; // no value has it
}
