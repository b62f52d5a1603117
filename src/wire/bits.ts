import { unfit, WireFault } from "./fault.ts";
import type { Type, Versioned } from "./type.ts";
import { optionAt } from "./version.ts";
import type { ByteView } from "./view.ts";

/** Where a field of a word lies: a bit's number for a flag, `[first, width]` for an unsigned number, with `"signed"` behind it
 *  for one in two's complement. */
export type BitPlace = number | readonly [first: number, width: number, sign?: "signed"];

/** The fields of one word by name. */
export type BitsSpec = Readonly<Record<string, BitPlace | Versioned<BitPlace>>>;

/** The value of one field: a boolean for a single bit, a number for a range. */
export type BitValue<S> = S extends number ? boolean : S extends Versioned<infer Option> ? BitValue<Option> : number;

/** The value of {@link bits}: a boolean for a single bit, a number for a range. */
export type BitsValue<S extends BitsSpec> = { readonly [K in keyof S]: BitValue<S[K]> };

/** One field of a word, as data. */
export interface BitField {
  readonly name: string;
  /** A boolean rather than a number. */
  readonly isFlag: boolean;
  /** Number of its lowest bit. */
  readonly first: number;
  /** In bits; 0 where the version at hand lacks it, and the field is then `false` or 0. */
  readonly width: number;
  /** Its highest bit is the sign. */
  readonly isSigned: boolean;
}

/** What to do for one field; a mask of 0 is one that the version lacks. */
interface Step {
  readonly name: string;
  readonly isFlag: boolean;
  readonly first: number;
  readonly mask: number;
  /** Value of the highest bit where that is the sign; else 0. */
  readonly sign: number;
}

type Word = Record<string, boolean | number>;

/** Named fields of one 32-bit word. */
export class Bits implements Type<Word> {
  readonly kind = "bits";
  readonly fields: readonly BitField[];
  /** Bits that no field has: written as 0, ignored when read. Unsigned. */
  readonly reservedMask: number;
  readonly minBytes = 4;
  readonly maxBytes = 4;
  readonly #spec: BitsSpec;
  readonly #steps: readonly Step[];

  constructor(spec: BitsSpec, version: number) {
    this.#spec = spec;
    this.fields = Object.entries(spec).map(([name, place]) => fieldOf(name, optionAt(place, version), place));
    this.#steps = this.fields.map(({ name, isFlag, first, width, isSigned }) => {
      return { name, isFlag, first, mask: 2 ** width - 1, sign: isSigned && width > 0 ? 2 ** (width - 1) : 0 };
    });
    let used = 0;
    for (const { name, first, width } of this.fields) {
      const mask = (2 ** width - 1) * 2 ** first;
      if (!(first >= 0 && first + width <= 32) || (used & mask) !== 0) {
        throw new RangeError(`"${name}" expected free bits of a 32-bit word, got ${first + width - 1}:${first}`);
      }
      used |= mask;
    }
    this.reservedMask = ~used >>> 0;
  }

  at(version: number): Bits {
    return new Bits(this.#spec, version);
  }

  sizeOf(): number {
    return 4;
  }

  write(view: ByteView, at: number, value: Word): void {
    if (typeof value !== "object" || value === null) throw unfit(value, "object", "an object of bit fields");
    const steps = this.#steps;
    const [s0, s1, s2, s3, s4, s5, s6] = steps;
    // A line for each, as in Struct and for the same reason.
    let word = 0;
    if (s0) word |= placed(s0, value[s0.name]);
    if (s1) word |= placed(s1, value[s1.name]);
    if (s2) word |= placed(s2, value[s2.name]);
    if (s3) word |= placed(s3, value[s3.name]);
    if (s4) word |= placed(s4, value[s4.name]);
    if (s5) word |= placed(s5, value[s5.name]);
    if (s6) word |= placed(s6, value[s6.name]);
    for (let i = 7; i < steps.length; i++) {
      const step = steps[i] as Step;
      word |= placed(step, value[step.name]);
    }
    view.setUint32(at, word, true);
  }

  read(view: ByteView, at: number, _end: number, into?: Word): Word {
    const word = view.getUint32(at, true);
    const value: Word = into ?? {};
    const steps = this.#steps;
    const [s0, s1, s2, s3, s4, s5, s6] = steps;
    if (s0) value[s0.name] = taken(s0, word);
    if (s1) value[s1.name] = taken(s1, word);
    if (s2) value[s2.name] = taken(s2, word);
    if (s3) value[s3.name] = taken(s3, word);
    if (s4) value[s4.name] = taken(s4, word);
    if (s5) value[s5.name] = taken(s5, word);
    if (s6) value[s6.name] = taken(s6, word);
    for (let i = 7; i < steps.length; i++) {
      const step = steps[i] as Step;
      value[step.name] = taken(step, word);
    }
    return value;
  }
}

function placed({ name, isFlag, first, mask, sign }: Step, field: boolean | number | undefined): number {
  if (isFlag) return field ? mask << first : 0;
  if (mask === 0) return 0; // what this version lacks is not sent, whatever the value says
  const number = field as number;
  if (sign !== 0) {
    if (((number & mask) ^ sign) - sign === number) return (number & mask) << first;
    throw WireFault.within(unfit(field, "number", `integer ${-sign} to ${sign - 1}`), name);
  }
  if ((mask === 0xffffffff ? number >>> 0 : number & mask) === number) return number << first;
  throw WireFault.within(unfit(field, "number", `integer 0 to ${mask}`), name);
}

function taken({ isFlag, first, mask, sign }: Step, word: number): boolean | number {
  // >>> and not >>, here and behind the mask: bit 31 is in use.
  const field = (word >>> first) & mask;
  if (sign !== 0) return (field ^ sign) - sign;
  return isFlag ? field !== 0 : field >>> 0;
}

function fieldOf(name: string, place: BitPlace | undefined, spec: BitPlace | Versioned<BitPlace>): BitField {
  if (place === undefined) {
    const later = (spec as Versioned<BitPlace>).options[0]?.[1];
    const isSigned = typeof later === "object" && later[2] === "signed";
    return { name, isFlag: typeof later === "number", first: 0, width: 0, isSigned };
  }
  if (typeof place === "number") return { name, isFlag: true, first: place, width: 1, isSigned: false };
  const [first, width, sign] = place;
  return { name, isFlag: false, first, width, isSigned: sign === "signed" };
}

/** One bit of a word that has no other use; the others are reserved. */
export class Bit implements Type<boolean> {
  readonly kind = "bit";
  readonly position: number;
  readonly minBytes = 4;
  readonly maxBytes = 4;

  constructor(position: number) {
    if (!(Number.isInteger(position) && position >= 0 && position <= 31)) {
      throw new RangeError(`"position" expected integer 0 to 31, got ${position}`);
    }
    this.position = position;
  }

  at(): this {
    return this;
  }

  sizeOf(): number {
    return 4;
  }

  write(view: ByteView, at: number, value: boolean): void {
    view.setUint32(at, value ? 1 << this.position : 0, true);
  }

  read(view: ByteView, at: number): boolean {
    return ((view.getUint32(at, true) >>> this.position) & 1) !== 0;
  }
}

/** Fields of one word, by name: a bit's number for a flag, `[first, width]` for an unsigned number, `[first, width, "signed"]` for
 *  a signed one of less than 32 bits. What no field has is reserved: written as 0, ignored when read. Any truthy value sets a flag, and a missing one leaves it clear.
 *  @throws RangeError when two fields overlap or leave the word */
/* @__NO_SIDE_EFFECTS__ */
export function bits<const S extends BitsSpec>(spec: S): Type<BitsValue<S>> {
  // The class works on any word; the spec's literal type says which.
  return new Bits(spec, Number.POSITIVE_INFINITY) as unknown as Type<BitsValue<S>>;
}

/** Flags of one word, by the number of their bit; {@link bits} without numbers. */
/* @__NO_SIDE_EFFECTS__ */
export function flags<const S extends Readonly<Record<string, number | Versioned<number>>>>(
  spec: S,
): Type<BitsValue<S>> {
  return bits(spec);
}

/** A word with one flag, `notify_enable` for example. */
/* @__NO_SIDE_EFFECTS__ */
export function bit(position: number): Type<boolean> {
  return new Bit(position);
}
