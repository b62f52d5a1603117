import { FULL, type GovernedDomain } from "./soc-kind.ts";

/** A rule of one's own: the level that a domain should have, as a position in {@link GovernedDomain.levels}. It is asked once per
 *  domain and tick, and must depend on its arguments only, or results depend on how SoCs are spread over workers.
 *  @param utilisation of the tick that has ended, 0 … 1024, where 1024 is all that the highest level can do
 *  @param level position of the level that was asked for last */
export type Governor = (domain: GovernedDomain, utilisation: number, level: number) => number;

/** The governors that come along; they go by the utilisation alone. */
export type GovernorName = "performance" | "powersave" | "schedutil";

const BUILT_IN: Readonly<Record<GovernorName, (domain: GovernedDomain, utilisation: number) => number>> = {
  performance: ({ levels }) => levels.length - 1,
  powersave: () => 0,
  // A quarter of head room, as Linux leaves it: the lowest level that is no more than four fifths used
  schedutil: ({ capacities }, utilisation) => {
    const level = capacities.findIndex((capacity) => 4 * capacity >= 5 * utilisation);
    return level < 0 ? capacities.length - 1 : level;
  },
};

/** Their names. */
export const GOVERNOR_NAMES: readonly GovernorName[] = ["performance", "powersave", "schedutil"];

/** What a built-in governor says of a domain: a level for each utilisation 0 … 1024. */
export function levelsByUtilisation(name: GovernorName, domain: GovernedDomain): Uint16Array {
  return Uint16Array.from({ length: FULL + 1 }, (_, utilisation) => BUILT_IN[name](domain, utilisation));
}

/** Asks a governor of one's own.
 *  @throws RangeError when it answers no level */
export function ask(governor: Governor, domain: GovernedDomain, utilisation: number, level: number): number {
  const wanted = governor(domain, utilisation, level);
  if (Number.isInteger(wanted) && wanted >= 0 && wanted < domain.levels.length) return wanted;
  const expected = `integer 0 … ${domain.levels.length - 1}, the position of a level`;
  throw new RangeError(`governor, domain ${domain.name}: expected ${expected}, got ${wanted}`);
}
