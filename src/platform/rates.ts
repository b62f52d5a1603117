import type { BoardClock } from "../board/board.ts";

/** Flags of `CLOCK_RATE_SET`. DEN0056, `CLOCK_RATE_SET` */
export const RATE_FLAGS = { ASYNC: 1, IGNORE_DELAYED: 2, ROUND_UP: 4, CLOSEST: 8, ALL: 15 } as const;

/** The rate that `wanted` becomes, rounded as the flags ask; `undefined` when there is none. The core answers hot commands by
 *  the same rule (docs/abi.md section 6), and a test compares the two.
 *  @param flags {@link RATE_FLAGS} */
export function roundRate(rates: BoardClock["rates"], wanted: bigint, flags: number): bigint | undefined {
  const [below, above] = "lowest" in rates ? rangeAround(rates, wanted) : listAround(rates, wanted);
  if (below === undefined) return undefined;
  if (below === wanted) return wanted;
  if ((flags & RATE_FLAGS.CLOSEST) !== 0) {
    return above === undefined || wanted - below <= above - wanted ? below : above;
  }
  return (flags & RATE_FLAGS.ROUND_UP) !== 0 ? above : below;
}

type Around = readonly [below: bigint | undefined, above: bigint | undefined];

const NOTHING: Around = [undefined, undefined];

function rangeAround(
  { lowest, highest, step }: { readonly lowest: bigint; readonly highest: bigint; readonly step: bigint },
  wanted: bigint,
): Around {
  if (wanted < lowest || wanted > highest) return NOTHING;
  if (step === 0n) return [wanted, wanted];
  const below = wanted - ((wanted - lowest) % step);
  return [below, below + step <= highest ? below + step : undefined];
}

function listAround(rates: readonly bigint[], wanted: bigint): Around {
  const above = rates.find((rate) => rate >= wanted);
  // Above the highest rate there is nothing to round between
  if (above === undefined) return NOTHING;
  if (above === wanted) return [wanted, wanted];
  return [rates.filter((rate) => rate < wanted).at(-1), above];
}
