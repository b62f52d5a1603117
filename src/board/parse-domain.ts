import type { BoardFastChannels, BoardLevel, BoardPerformanceDomain } from "./board.ts";
import type { Names } from "./names.ts";
import { fastChannelOf } from "./parse-fast-channel.ts";
import type { DomainSource } from "./source.ts";
import { type Place, within, wrong } from "./validate.ts";
import { expectAscending } from "./words.ts";

const KHZ_OF_MHZ = 1000;
const U32_MAX = 0xffffffff;

/** Completes a performance domain and checks what a schema cannot.
 *  @throws BoardError */
export function domainOf(source: DomainSource, place: Place, agents: Names): BoardPerformanceDomain {
  const levelsAt = within(place, "levels");
  expectAscending(
    source.levels.map(({ level }) => level),
    (i) => within(within(levelsAt, i), "level"),
  );
  const highest = source.levels.at(-1)?.level ?? 0;
  const sustained = source.sustained ?? {
    level: highest,
    frequencyKhz: Math.min(highest * KHZ_OF_MHZ, U32_MAX),
  };
  const levels = source.levels.map((it, i) => levelOf(it, i, sustained));
  expectAscending(
    levels.map(({ index }) => index),
    (i) => within(within(levelsAt, i), "index"),
  );
  const level = source.level ?? sustained.level;
  const isDescribed = (value: number) => levels.some((it) => it.level === value);
  if (!isDescribed(sustained.level)) {
    throw wrong(within(within(place, "sustained"), "level"), "one of the levels", sustained.level);
  }
  if (!isDescribed(level)) throw wrong(within(place, "level"), "one of the levels", level);
  return {
    name: source.name,
    levels,
    isIndexed: source.levelIndexing ?? false,
    sustainedFreqKhz: sustained.frequencyKhz,
    sustainedLevel: sustained.level,
    rateLimitUs: source.rateLimitUs ?? 0,
    level,
    setLevelAgent: source.setLevel === undefined ? undefined : agents.id(source.setLevel, within(place, "setLevel")),
    setLimitsAgents: agents.ids(source.setLimits, within(place, "setLimits")),
    notifyLevel: source.notifyLevel ?? false,
    notifyLimits: source.notifyLimits ?? false,
    transitionUs: source.transitionUs ?? 0,
    fastChannels: fastChannelsOf(source.fastChannels ?? {}, within(place, "fastChannels")),
  };
}

function levelOf(
  { level, power = 0, latencyUs = 0, frequencyKhz, index }: DomainSource["levels"][number],
  position: number,
  sustained: { readonly level: number; readonly frequencyKhz: number },
): BoardLevel {
  const scaled = Math.round((level * sustained.frequencyKhz) / sustained.level);
  return {
    level,
    power,
    latencyUs,
    frequencyKhz: frequencyKhz ?? Math.min(scaled, U32_MAX),
    index: index ?? position,
  };
}

function fastChannelsOf(source: NonNullable<DomainSource["fastChannels"]>, place: Place): BoardFastChannels {
  const { limitsSet, limitsGet, levelSet, levelGet } = source;
  return {
    limitsSet: fastChannelOf(limitsSet, within(place, "limitsSet")),
    limitsGet: fastChannelOf(limitsGet, within(place, "limitsGet")),
    levelSet: fastChannelOf(levelSet, within(place, "levelSet")),
    levelGet: fastChannelOf(levelGet, within(place, "levelGet")),
  };
}
