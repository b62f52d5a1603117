import { type Place, wrong } from "./validate.ts";

const U64_MAX = 0xffffffffffffffffn;

/** A 64-bit word of a board file, which must be a multiple of `align`.
 *  @throws BoardError when it is not */
export function word64(value: number | string | undefined, place: Place, align = 1): bigint | undefined {
  if (value === undefined) return undefined;
  const word = BigInt(value);
  if (word > U64_MAX || word % BigInt(align) !== 0n) throw wrong(place, `a multiple of ${align} below 2^64`, value);
  return word;
}

/** Fails unless numbers ascend.
 *  @throws BoardError with the path of the first that does not */
export function expectAscending(values: readonly number[], at: (index: number) => Place): void {
  const bad = values.findIndex((value, i) => i > 0 && value <= (values[i - 1] as number));
  if (bad >= 0) throw wrong(at(bad), `more than ${values[bad - 1]}`, values[bad]);
}
