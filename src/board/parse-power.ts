import type { BoardPower, BoardPowerDomain } from "./board-power.ts";
import type { Names } from "./names.ts";
import type { PowerDomainSource, PowerSource } from "./source-power.ts";
import { type Place, within, wrong } from "./validate.ts";
import { word64 } from "./words.ts";

/** The standard states of `POWER_STATE`, which a test compares: the whole protocol would come with an import. */
export const DEFAULT_POWER_STATES: readonly number[] = [0x00000000, 0x40000000];

/** Bits of a power state word that are not reserved. */
export const POWER_STATE_BITS = 0x4fffffff;

/** Completes the power domains of a board and checks what a schema cannot.
 *  @throws BoardError */
export function powerOf(source: PowerSource, place: Place, agents: Names, names: Names): BoardPower {
  const { statistics } = source;
  const at = within(place, "domains");
  const domains = source.domains.map((it, i) => domainOf(it, within(at, i), agents, names));
  domains.forEach((_, i) => {
    expectRoot(domains, i, within(within(at, i), "parent"), source.domains[i]?.parent);
  });
  return {
    statistics: statistics && {
      address: word64(statistics.address, within(within(place, "statistics"), "address"), 8),
    },
    domains,
  };
}

function domainOf(source: PowerDomainSource, place: Place, agents: Names, names: Names): BoardPowerDomain {
  const states = statesOf(source.states ?? DEFAULT_POWER_STATES, within(place, "states"));
  const state = source.state ?? (states[0] as number);
  if (!states.includes(state)) throw wrong(within(place, "state"), "one of the states", state);
  return {
    name: source.name,
    states,
    state,
    hasSync: source.sync ?? true,
    asyncLatencyUs: source.asyncLatencyUs,
    setStateAgents: source.setState ? agents.ids(source.setState, within(place, "setState")) : agents.all,
    notifyChanged: source.notifyChanged ?? false,
    notifyRequested: source.notifyRequested ?? false,
    parent: source.parent === undefined ? undefined : names.id(source.parent, within(place, "parent")),
  };
}

function statesOf(states: readonly number[], place: Place): readonly number[] {
  states.forEach((state, i) => {
    if ((state & ~POWER_STATE_BITS) !== 0) throw wrong(within(place, i), "a word without reserved bits", state);
    if (states.indexOf(state) !== i) throw wrong(within(place, i), "every state once", state);
  });
  return states;
}

/** Fails when a domain is above itself. */
function expectRoot(domains: readonly BoardPowerDomain[], id: number, place: Place, name: string | undefined): void {
  let above = domains[id]?.parent;
  for (let steps = 0; above !== undefined && steps < domains.length; steps++) {
    if (above === id) throw wrong(place, "a domain that is not below this one", name);
    above = domains[above]?.parent;
  }
}
