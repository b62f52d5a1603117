import { counted, truncated, unfit, WireFault } from "./fault.ts";
import { follow, type PathSteps, stepsOf } from "./path.ts";
import { Struct } from "./struct.ts";
import type { Type } from "./type.ts";
import type { ByteView } from "./view.ts";

/** Says how many elements an array has where firmware is known to miscount. */
export interface Whole {
  /** Elements that there are, whatever the count says, */
  readonly count: number;
  /** while this flag of the same struct is set, */
  readonly when: string;
  /** this number is 0, */
  readonly unless: string;
  // and the bytes left are exactly that many elements
}

/** How an array knows its end. */
export interface ArrayOptions {
  /** Path of the count in the same struct, before the array: `numRates.returned`. Without one the array fills the rest. */
  readonly count?: string;
  /** Most elements of an array that fills the rest; as many as there are unless said. */
  readonly max?: number;
  /** Zero bytes follow until the array's length is a multiple of this, in bytes. */
  readonly align?: number;
  /** Overrules the count. */
  readonly whole?: Whole;
}

/** Elements one behind the other. */
export class ArrayType<T> implements Type<readonly T[]> {
  readonly kind = "array";
  readonly element: Type<T>;
  readonly options: ArrayOptions;
  readonly minBytes = 0;
  readonly maxBytes: number;
  readonly #stride: number;
  readonly #count: PathSteps | undefined;
  readonly #whole: (Whole & { readonly set: PathSteps; readonly zero: PathSteps }) | undefined;

  constructor(element: Type<T>, options: ArrayOptions) {
    if (element.minBytes !== element.maxBytes || element.minBytes === 0) {
      throw new TypeError(`"element" expected a type of fixed size, got ${element.kind}`);
    }
    const { count, whole, max = Number.POSITIVE_INFINITY } = options;
    this.element = element;
    this.options = options;
    this.maxBytes = max * element.maxBytes;
    this.#stride = element.minBytes;
    this.#count = count === undefined ? undefined : stepsOf(count);
    this.#whole = whole && { ...whole, set: stepsOf(whole.when), zero: stepsOf(whole.unless) };
  }

  at(version: number): ArrayType<T> {
    return new ArrayType(this.element.at(version), this.options);
  }

  sizeOf(value: readonly T[]): number {
    if (!Array.isArray(value)) throw unfit(value, "object", "an array");
    return this.#padded(value.length * this.#stride);
  }

  write(view: ByteView, at: number, value: readonly T[], parent?: unknown): void {
    const { element } = this;
    const stride = this.#stride;
    const { length } = value;
    const { max = length } = this.options;
    const count = this.#counted(parent, length * stride) ?? length;
    if (count !== length) throw new WireFault("value", at, `${counted(count, "element")} as counted`, `${length}`);
    if (length > max) throw new WireFault("value", at, `at most ${counted(max, "element")}`, `${length}`);
    let to = at;
    let i = 0;
    try {
      if (element instanceof Struct) {
        // A struct checks by itself that its value is one.
        for (; i < count; i++, to += stride) element.writeElement(view, to, value[i] as Record<string, unknown>);
      } else {
        for (; i < count; i++, to += stride) element.write(view, to, value[i] as T);
      }
    } catch (fault) {
      throw WireFault.within(fault, `[${i}]`);
    }
    const end = at + this.#padded(to - at);
    for (; to < end; to++) view.setUint8(to, 0);
  }

  read(view: ByteView, at: number, end: number, into?: readonly T[], parent?: unknown): readonly T[] {
    const room = end - at;
    const count = this.#counted(parent, room);
    const value = (into ?? []) as T[]; // ours to overwrite, as Type.read says
    const { element } = this;
    const stride = this.#stride;
    const { max = Number.POSITIVE_INFINITY } = this.options;
    const total = count ?? Math.min(max, Math.ceil(room / stride));
    // Before anything is allocated: the count is the peer's.
    if (this.#padded(total * stride) > room) throw this.#truncated(at, total, room);
    if (value.length > total) value.length = total;
    let from = at;
    let i = 0;
    try {
      if (element instanceof Struct) {
        // What its fields say is its value, here as there.
        for (; i < total; i++, from += stride) {
          value[i] = element.readElement(view, from, from + stride, value[i] as Record<string, unknown>) as T;
        }
      } else {
        for (; i < total; i++, from += stride) value[i] = element.read(view, from, from + stride, value[i]);
      }
    } catch (fault) {
      throw WireFault.within(fault, `[${i}]`);
    }
    return value;
  }

  /** The first element that is not wholly there, or the padding. */
  #truncated(at: number, count: number, room: number): unknown {
    const stride = this.#stride;
    const whole = Math.floor(room / stride);
    if (whole >= count) {
      const bytes = count * stride;
      return truncated(at + bytes, this.#padded(bytes) - bytes, room - bytes);
    }
    return WireFault.within(truncated(at + whole * stride, stride, room - whole * stride), `[${whole}]`);
  }

  #counted(parent: unknown, room: number): number | undefined {
    const whole = this.#whole;
    if (whole && room === whole.count * this.#stride) {
      if (follow(parent, whole.set) === true && follow(parent, whole.zero) === 0) return whole.count;
    }
    return this.#count && (follow(parent, this.#count) as number);
  }

  #padded(bytes: number): number {
    const { align } = this.options;
    return align === undefined ? bytes : Math.ceil(bytes / align) * align;
  }
}

/** A field at the end that may be missing. */
export class Tail<T> implements Type<T | undefined> {
  readonly kind = "tail";
  readonly element: Type<T>;
  readonly minBytes = 0;
  readonly maxBytes: number;

  constructor(element: Type<T>) {
    this.element = element;
    this.maxBytes = element.maxBytes;
  }

  at(version: number): Tail<T> {
    return new Tail(this.element.at(version));
  }

  sizeOf(value: T | undefined): number {
    return value === undefined ? 0 : this.element.sizeOf(value);
  }

  write(view: ByteView, at: number, value: T | undefined): void {
    if (value !== undefined) this.element.write(view, at, value);
  }

  read(view: ByteView, at: number, end: number): T | undefined {
    if (at === end) return undefined;
    if (end - at < this.element.minBytes) throw truncated(at, this.element.minBytes, end - at);
    return this.element.read(view, at, end);
  }
}

/** As many elements as a field before it counts, or as fill the rest. Elements have a fixed size.
 *  @throws TypeError when they have not */
/* @__NO_SIDE_EFFECTS__ */
export function array<T>(element: Type<T>, options: ArrayOptions = {}): Type<readonly T[]> {
  return new ArrayType(element, options);
}

/** A field at the end of a message that is there or not, by the message's length: what a newer minor version appended, or
 *  what some firmware leaves out. `undefined` when it is missing, and not written then. */
/* @__NO_SIDE_EFFECTS__ */
export function tail<T>(element: Type<T>): Type<T | undefined> {
  return new Tail(element);
}
