import type { Versioned } from "./type.ts";

/** A part that exists from a protocol version on. Before it, a field is not on the wire and reads as `undefined`; a bit is
 *  reserved: sent as 0 whatever the value, and read as `false` or 0.
 *  @param version version word, 0x30000 for 3.0 */
/* @__NO_SIDE_EFFECTS__ */
export function since<const Option>(version: number, option: Option): Versioned<Option, true> {
  return { kind: "versions", hasGap: true, options: [[version, option]] };
}

/** A part that exists before a protocol version and no more from then on; else as {@link since}.
 *  @param version word of the first that lacks it */
/* @__NO_SIDE_EFFECTS__ */
export function until<const Option>(version: number, option: Option): Versioned<Option, true> {
  const options = [
    [0, option],
    [version, undefined],
  ] as const;
  return { kind: "versions", hasGap: true, options };
}

/** A part that later protocol versions lay out anew: a union, resolved by the version.
 *  @param first how it is from the beginning
 *  @param later version word and layout, ascending */
/* @__NO_SIDE_EFFECTS__ */
export function byVersion<const First, const Later = First>(
  first: First,
  ...later: readonly (readonly [version: number, option: Later])[]
): Versioned<First | Later, false> {
  return { kind: "versions", hasGap: false, options: [[0, first], ...later] };
}

/** The option that holds at a version; `undefined` before the first. What is not versioned holds always. */
export function optionAt<Option>(part: Option | Versioned<Option>, version: number): Option | undefined {
  if (!isVersioned(part)) return part;
  let found: Option | undefined;
  for (const [first, option] of part.options) if (first <= version) found = option;
  return found;
}

/** Tells a versioned part from a plain one. */
export function isVersioned<Option>(part: Option | Versioned<Option>): part is Versioned<Option> {
  return typeof part === "object" && part !== null && "kind" in part && part.kind === "versions";
}
