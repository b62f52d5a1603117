import type { BoardVoltageDomain, BoardVoltagePermissions, BoardVoltageRange, BoardVoltages } from "./board.ts";
import type { Names } from "./names.ts";
import type { BoardSource, VoltageDomainSource } from "./source.ts";
import { type Place, within, wrong } from "./validate.ts";
import { expectAscending } from "./words.ts";

/** The architectural modes of `VOLTAGE_CONFIG_SET`, which a test compares: the whole protocol would come with an import. */
export const MODE = { off: 0x0, on: 0x7 } as const;

/** Completes the voltage domains and checks what a schema cannot.
 *  @throws BoardError */
export function voltagesOf(
  { domains }: NonNullable<BoardSource["voltage"]>,
  place: Place,
  agents: Names,
): BoardVoltages {
  const list = within(place, "domains");
  return { domains: domains.map((it, i) => domainOf(it, within(list, i), agents)) };
}

function domainOf(source: VoltageDomainSource, place: Place, agents: Names): BoardVoltageDomain {
  const levelsUv = levelsOf(source.levelsUv, within(place, "levelsUv"));
  const levelUv = source.levelUv ?? lowestOf(levelsUv);
  if (!isLevel(levelsUv, levelUv)) throw wrong(within(place, "levelUv"), "one of the levels", levelUv);
  const { modes = [MODE.off, MODE.on], mode = modes.find((it) => it === MODE.on) ?? modes[0] ?? MODE.off } = source;
  expectAscending(modes, (i) => within(within(place, "modes"), i));
  if (!modes.includes(mode)) throw wrong(within(place, "mode"), "one of the modes", mode);
  return {
    name: source.name,
    levelsUv,
    levelUv,
    modes,
    mode,
    asyncLatencyUs: source.asyncLatencyUs,
    permissions: permissionsOf(source.permissions ?? {}, within(place, "permissions"), agents),
  };
}

function levelsOf(source: VoltageDomainSource["levelsUv"], place: Place): readonly number[] | BoardVoltageRange {
  if (!("lowest" in source)) {
    expectAscending(source, (i) => within(place, i));
    return source;
  }
  const { lowest, highest, step } = source;
  if (highest < lowest) throw wrong(within(place, "highest"), `at least ${lowest}`, highest);
  // Agents divide by it
  if (step === 0 && highest > lowest) throw wrong(within(place, "step"), "at least 1", step);
  if (step > 0 && (highest - lowest) % step !== 0) {
    throw wrong(within(place, "highest"), `${lowest} and a multiple of ${step}`, highest);
  }
  return source;
}

function lowestOf(levels: readonly number[] | BoardVoltageRange): number {
  return "lowest" in levels ? levels.lowest : (levels[0] ?? 0);
}

function isLevel(levels: readonly number[] | BoardVoltageRange, levelUv: number): boolean {
  if (!("lowest" in levels)) return levels.includes(levelUv);
  const { lowest, highest, step } = levels;
  if (levelUv < lowest || levelUv > highest) return false;
  return levelUv === lowest || (levelUv - lowest) % step === 0;
}

function permissionsOf(
  source: NonNullable<VoltageDomainSource["permissions"]>,
  place: Place,
  agents: Names,
): ReadonlyMap<number, BoardVoltagePermissions> {
  const permissions = new Map<number, BoardVoltagePermissions>();
  for (const [name, { level = true, mode = true }] of Object.entries(source)) {
    permissions.set(agents.id(name, within(place, name)), { level, mode });
  }
  return permissions;
}
