import type { BoardPowercap, BoardPowercapDomain, BoardPowercapRange } from "./board-powercap.ts";
import type { Names } from "./names.ts";
import { fastChannelOf } from "./parse-fast-channel.ts";
import type { PowercapDomainSource, PowercapRangeSource, PowercapSource } from "./source-powercap.ts";
import { type Place, within, wrong } from "./validate.ts";

/** Completes the powercap protocol and checks what a schema cannot.
 *  @throws BoardError */
export function powercapOf(source: PowercapSource, place: Place, agents: Names, names: Names): BoardPowercap {
  const at = within(place, "domains");
  const domains = source.domains.map((it, i) => domainOf(it, within(at, i), agents, names));
  domains.forEach((domain, i) => {
    const parent = domain.parent === undefined ? undefined : domains[domain.parent];
    const name = source.domains[i]?.parent;
    if (isOwnAncestor(domains, i)) throw wrong(within(within(at, i), "parent"), "a domain that is not below it", name);
    // Of two units no sum can be made, and Linux takes no abstract domain with children
    if (!parent) return;
    if (parent.unit === "abstract") throw wrong(within(within(at, i), "parent"), "one with a unit of power", name);
    if (parent.unit !== domain.unit)
      throw wrong(within(within(at, i), "unit"), `${parent.unit}, as its parent`, domain.unit);
  });
  return { domains };
}

function domainOf(source: PowercapDomainSource, place: Place, agents: Names, names: Names): BoardPowercapDomain {
  const caps = rangeOf(source.caps, within(place, "caps"));
  const paisUs = rangeOf(source.paisUs, within(place, "paisUs"));
  const { cap = caps.highest, paiUs = paisUs.lowest, monitored = true, fastChannels = {} } = source;
  if (!isIn(caps, cap)) throw wrong(within(place, "cap"), "one of the caps", cap);
  if (!isIn(paisUs, paiUs)) throw wrong(within(place, "paiUs"), "one of the intervals", paiUs);
  if (!monitored && caps.step === 0)
    throw wrong(within(place, "monitored"), "true, or caps that can be set", monitored);
  const channelsAt = within(place, "fastChannels");
  const parent = source.parent === undefined ? undefined : names.id(source.parent, within(place, "parent"));
  return {
    name: source.name,
    unit: source.unit ?? "milliwatt",
    ...{ parent, caps, cap, paisUs, paiUs },
    isMonitored: monitored,
    sustainablePower: source.sustainablePower ?? 0,
    accuracy: source.accuracy ?? 0,
    demand: source.demand ?? 0,
    controlAgents: source.control ? agents.ids(source.control, within(place, "control")) : agents.all,
    notifyCap: source.notifyCap ?? false,
    notifyMeasurements: source.notifyMeasurements ?? false,
    asyncLatencyUs: source.asyncLatencyUs,
    fastChannels: {
      capGet: fastChannelOf(fastChannels.capGet, within(channelsAt, "capGet")),
      capSet: fastChannelOf(fastChannels.capSet, within(channelsAt, "capSet")),
      paiGet: fastChannelOf(fastChannels.paiGet, within(channelsAt, "paiGet")),
      paiSet: fastChannelOf(fastChannels.paiSet, within(channelsAt, "paiSet")),
    },
  };
}

/** Where there is one value only it cannot be set, and the step says so: Linux compares the two. */
function rangeOf({ lowest, highest, step = 1 }: PowercapRangeSource, place: Place): BoardPowercapRange {
  if (highest < lowest) throw wrong(within(place, "highest"), `at least ${lowest}`, highest);
  if (highest === lowest) return { lowest, highest, step: 0 };
  if ((highest - lowest) % step !== 0) {
    throw wrong(within(place, "step"), `a divisor of ${highest - lowest}`, step);
  }
  return { lowest, highest, step };
}

function isIn({ lowest, highest, step }: BoardPowercapRange, value: number): boolean {
  return value >= lowest && value <= highest && (step === 0 || (value - lowest) % step === 0);
}

function isOwnAncestor(domains: readonly BoardPowercapDomain[], domainId: number): boolean {
  const seen = new Set<number>();
  for (let id = domains[domainId]?.parent; id !== undefined && !seen.has(id); id = domains[id]?.parent) {
    if (id === domainId) return true;
    seen.add(id);
  }
  return false;
}
