import type { BoardResetDomain, BoardResets } from "./board.ts";
import type { Names } from "./names.ts";
import type { BoardSource, ResetDomainSource } from "./source.ts";
import { type Place, within } from "./validate.ts";
import { expectAscending } from "./words.ts";

/** Completes the reset domains and checks what a schema cannot.
 *  @throws BoardError */
export function resetsOf({ domains }: NonNullable<BoardSource["reset"]>, place: Place, agents: Names): BoardResets {
  const list = within(place, "domains");
  return { domains: domains.map((it, i) => domainOf(it, within(list, i), agents)) };
}

function domainOf(source: ResetDomainSource, place: Place, agents: Names): BoardResetDomain {
  const { vendorStates = [] } = source;
  const statesAt = within(place, "vendorStates");
  expectAscending(vendorStates, (i) => within(statesAt, i));
  return {
    name: source.name,
    // The time that it takes is the longest that it takes
    latencyUs: source.latencyUs ?? source.asyncLatencyUs,
    asyncLatencyUs: source.asyncLatencyUs,
    notify: source.notify ?? false,
    hasExplicit: source.explicit ?? true,
    isAsserted: source.asserted ?? false,
    vendorStates,
    deniedAgents: agents.ids(source.deniedAgents, within(place, "deniedAgents")),
  };
}
