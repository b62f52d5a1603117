import { counted, truncated, unfit, WireFault } from "./fault.ts";
import { follow, type PathSteps, stepsOf } from "./path.ts";
import { Struct } from "./struct.ts";
import type { Type } from "./type.ts";
import type { ByteView } from "./view.ts";

/** Which flags of the same struct say that a field is there. */
export interface WhenOptions {
  /** While this flag, before the field, is set, */
  readonly when: string;
  /** and this one is not. */
  readonly unless?: string;
}

/** A field that flags before it announce. */
export class When<T> implements Type<T | undefined> {
  readonly kind = "when";
  readonly element: Type<T>;
  readonly options: WhenOptions;
  readonly minBytes = 0;
  readonly maxBytes: number;
  readonly #set: PathSteps;
  readonly #clear: PathSteps | undefined;

  constructor(element: Type<T>, options: WhenOptions) {
    if (element.minBytes !== element.maxBytes) {
      throw new TypeError(`"element" expected a type of fixed size, got ${element.kind}`);
    }
    this.element = element;
    this.options = options;
    this.maxBytes = element.maxBytes;
    this.#set = stepsOf(options.when);
    this.#clear = options.unless === undefined ? undefined : stepsOf(options.unless);
  }

  at(version: number): When<T> {
    return new When(this.element.at(version), this.options);
  }

  sizeOf(value: T | undefined): number {
    return value === undefined ? 0 : this.maxBytes;
  }

  write(view: ByteView, at: number, value: T | undefined, parent?: unknown): void {
    const isThere = this.#isThere(parent);
    if (isThere !== (value !== undefined)) {
      const [expected, got] = isThere ? ["a value", "none"] : ["none", "a value"];
      throw new WireFault("value", at, `${expected} as ${this.#flags()} says`, got);
    }
    if (value !== undefined) this.element.write(view, at, value);
  }

  read(view: ByteView, at: number, end: number, into?: T, parent?: unknown): T | undefined {
    if (!this.#isThere(parent)) return undefined;
    if (end - at < this.maxBytes) throw truncated(at, this.maxBytes, end - at);
    return this.element.read(view, at, end, into);
  }

  #isThere(parent: unknown): boolean {
    return Boolean(follow(parent, this.#set)) && !(this.#clear && follow(parent, this.#clear));
  }

  #flags(): string {
    const { when, unless } = this.options;
    return unless === undefined ? when : `${when} without ${unless}`;
  }
}

/** Structs one behind the other, each of which says where it ends. */
export class Records<T> implements Type<readonly T[]> {
  readonly kind = "array";
  readonly element: Type<T>;
  readonly options: { readonly count: string };
  readonly minBytes = 0;
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly #count: PathSteps;

  constructor(element: Type<T>, count: string) {
    // What is not announced by a flag has a fixed size, or nobody could tell where the next record starts.
    const isDelimited =
      element instanceof Struct &&
      element.fields.every(({ type }) => !type || type.kind === "when" || type.minBytes === type.maxBytes);
    if (!isDelimited || element.minBytes === 0) {
      throw new TypeError(`"element" expected a struct that knows its end, got ${element.kind}`);
    }
    this.element = element;
    this.options = { count };
    this.#count = stepsOf(count);
  }

  at(version: number): Records<T> {
    return new Records(this.element.at(version), this.options.count);
  }

  sizeOf(value: readonly T[]): number {
    if (!Array.isArray(value)) throw unfit(value, "object", "an array");
    let bytes = 0;
    for (let i = 0; i < value.length; i++) bytes += inElement(i, () => this.element.sizeOf(value[i] as T));
    return bytes;
  }

  write(view: ByteView, at: number, value: readonly T[], parent?: unknown): void {
    const { length } = value;
    const count = follow(parent, this.#count) as number;
    if (count !== length) throw new WireFault("value", at, `${counted(count, "element")} as counted`, `${length}`);
    let to = at;
    for (let i = 0; i < count; i++) {
      inElement(i, () => this.element.write(view, to, value[i] as T));
      to += this.element.sizeOf(value[i] as T);
    }
  }

  read(view: ByteView, at: number, end: number, _into?: readonly T[], parent?: unknown): readonly T[] {
    const count = follow(parent, this.#count) as number;
    const value: T[] = [];
    // Each takes bytes that are there, so the peer's count allocates nothing.
    for (let from = at; value.length < count; ) {
      const item = inElement(value.length, () => this.element.read(view, from, end));
      value.push(item);
      from += this.element.sizeOf(item);
    }
    return value;
  }
}

function inElement<R>(index: number, run: () => R): R {
  try {
    return run();
  } catch (fault) {
    throw WireFault.within(fault, `[${index}]`);
  }
}

/** A field at the end of a struct that is there while a flag of the struct is set: `when("attributes.extended", u32)`. It is
 *  `undefined` otherwise. Unlike one with a {@link tail}, a record with such fields knows its own end, so {@link records} may
 *  differ in size.
 *  @param flag its path, before the field
 *  @param unless another flag that has to be clear
 *  @throws TypeError when the type has no fixed size */
/* @__NO_SIDE_EFFECTS__ */
export function when<T>(
  flag: string,
  element: Type<T>,
  { unless }: { readonly unless?: string } = {},
): Type<T | undefined> {
  return new When(element, { when: flag, ...(unless === undefined ? {} : { unless }) });
}

/** As many structs as a field before them counts, like an {@link array}, but of different sizes: {@link when} made the fields at
 *  their end.
 *  @param count its path in the same struct
 *  @throws TypeError when anything else in them has no fixed size */
/* @__NO_SIDE_EFFECTS__ */
export function records<T>(element: Type<T>, { count }: { readonly count: string }): Type<readonly T[]> {
  return new Records(element, count);
}
