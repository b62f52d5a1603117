import type { ArrayOptions } from "./array.ts";
import type { BitField } from "./bits.ts";
import type { StructField } from "./struct.ts";
import type { Type } from "./type.ts";
import type { ByteView } from "./view.ts";
import type { WhenOptions } from "./when.ts";

/** A type as data, told apart by `kind`: what documentation, fuzzers and the generator of codecs walk over. */
export type Shape =
  | { readonly kind: "integer"; readonly bytes: 1 | 2 | 4; readonly isSigned: boolean }
  /** A bigint; a number that is exact or refused; a number where that is exact and a bigint beyond. */
  | { readonly kind: "u64" | "u64n" | "u64x" | "i64x" }
  /** The low bits of a word. */
  | { readonly kind: "uint"; readonly width: number }
  | { readonly kind: "bit"; readonly position: number }
  | { readonly kind: "bits"; readonly fields: readonly BitField[]; readonly reservedMask: number }
  | { readonly kind: "name" | "text" | "bytes" | "reserved"; readonly bytes: number }
  | { readonly kind: "array"; readonly element: Type<unknown>; readonly options: ArrayOptions }
  /** May be missing at the end. */
  | { readonly kind: "tail"; readonly element: Type<unknown> }
  /** There while a flag before it says so. */
  | { readonly kind: "when"; readonly element: Type<unknown>; readonly options: WhenOptions }
  | { readonly kind: "struct"; readonly fields: readonly StructField[]; readonly grows: boolean };

/** The data behind a type. */
export function shapeOf(type: Type<unknown>): Shape {
  return type as Type<unknown> & Shape; // the union is closed: nobody else implements Type
}

/** First word or field of the fixed part with a reserved bit set; `undefined` when all are 0. A platform refuses such a command
 *  with `INVALID_PARAMETERS`, while {@link decode} ignores these bits. Words beyond `end` are not looked at.
 *  @returns the field's path */
export function findReserved(
  type: Type<unknown>,
  view: Pick<ByteView, "getUint8" | "getUint32">,
  at: number,
  end: number,
): string | undefined {
  const shape = shapeOf(type);
  switch (shape.kind) {
    case "struct":
      for (const field of shape.fields) {
        if (!field.type || field.offset === undefined) continue;
        const start = at + field.offset;
        if (start + field.type.minBytes > end) return undefined;
        const found = findReserved(field.type, view, start, end);
        if (found !== undefined) return found === "" ? field.name : `${field.name}.${found}`;
      }
      return undefined;
    case "bits":
      return (view.getUint32(at, true) & shape.reservedMask) === 0 ? undefined : "";
    case "bit":
      return (view.getUint32(at, true) & ~(1 << shape.position)) === 0 ? undefined : "";
    case "uint":
      return view.getUint32(at, true) >>> shape.width === 0 ? undefined : "";
    case "reserved":
      for (let i = 0; i < shape.bytes; i++) if (view.getUint8(at + i) !== 0) return "";
      return undefined;
    default:
      return undefined;
  }
}
