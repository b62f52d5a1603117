import type { GovernedDomain } from "./soc-kind.ts";

/** A rule of one's own: the level that a domain should have, as a position in {@link GovernedDomain.levels}. It is asked once per
 *  domain and tick, and must depend on its arguments only, or results depend on how SoCs are spread over workers.
 *  @param utilisation of the tick that has ended, 0 … 1024, where 1024 is all that the highest level can do
 *  @param level position of the level that was asked for last */
export type Governor = (domain: GovernedDomain, utilisation: number, level: number) => number;

/** The governors that come along; they go by the utilisation alone, and are at home in assembly/sim/governor.ts. */
export type GovernorName = "performance" | "powersave" | "schedutil";

/** Their names, by the codes of assembly/sim/layout.ts. */
export const GOVERNOR_NAMES: readonly GovernorName[] = ["performance", "powersave", "schedutil"];

/** Asks a governor of one's own.
 *  @throws RangeError when it answers no level */
export function ask(governor: Governor, domain: GovernedDomain, utilisation: number, level: number): number {
  const wanted = governor(domain, utilisation, level);
  if (Number.isInteger(wanted) && wanted >= 0 && wanted < domain.levels.length) return wanted;
  const expected = `integer 0 … ${domain.levels.length - 1}, the position of a level`;
  throw new RangeError(`governor, domain ${domain.name}: expected ${expected}, got ${wanted}`);
}
