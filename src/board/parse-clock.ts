import type { BoardClock, BoardClockPermissions, BoardRateRange } from "./board.ts";
import type { Names } from "./names.ts";
import type { ClockSource } from "./source.ts";
import { type Place, within, wrong } from "./validate.ts";
import { expectAscending } from "./words.ts";

/** The types of `CLOCK_EXTENDED_CONFIG`, which a test compares: the whole protocol would come with an import. */
export const EXTENDED_CONFIG_TYPE = { dutyCycle: 1, phase: 2 } as const;

const OEM_FIRST = 0x80;
const OEM_LAST = 0xff;

/** Completes a clock and checks what a schema cannot.
 *  @throws BoardError */
export function clockOf(
  source: ClockSource,
  place: Place,
  agents: Names,
  clocks: Names,
  asyncDepth: number,
): BoardClock {
  const rates = ratesOf(source.rates, within(place, "rates"));
  const rate = source.rate === undefined ? lowestOf(rates) : BigInt(source.rate);
  if (!isRate(rates, rate)) throw wrong(within(place, "rate"), "one of the rates", source.rate);
  if (source.asyncLatencyUs !== undefined && asyncDepth === 0) {
    throw wrong(within(place, "asyncLatencyUs"), "clock.asyncDepth above 0 beside it", asyncDepth);
  }
  const parents = clocks.ids(source.parents, within(place, "parents"));
  return {
    name: source.name,
    rates,
    rate,
    isEnabled: source.enabled ?? false,
    enableDelayUs: source.enableDelayUs ?? 0,
    parents,
    parent: parentOf(source, parents, place, clocks),
    asyncLatencyUs: source.asyncLatencyUs,
    notifyChanged: source.notifyChanged ?? false,
    notifyRequested: source.notifyRequested ?? false,
    extendedConfig: extendedConfigOf(source.extendedConfig ?? {}, within(place, "extendedConfig")),
    permissions: permissionsOf(source.permissions ?? {}, within(place, "permissions"), agents),
  };
}

function ratesOf(source: ClockSource["rates"], place: Place): readonly bigint[] | BoardRateRange {
  if ("lowest" in source) {
    if (source.highest < source.lowest) {
      throw wrong(within(place, "highest"), `at least ${source.lowest}`, source.highest);
    }
    return { lowest: BigInt(source.lowest), highest: BigInt(source.highest), step: BigInt(source.step) };
  }
  expectAscending(source, (i) => within(place, i));
  return source.map(BigInt);
}

function lowestOf(rates: readonly bigint[] | BoardRateRange): bigint {
  return "lowest" in rates ? rates.lowest : (rates[0] ?? 0n);
}

function isRate(rates: readonly bigint[] | BoardRateRange, rate: bigint): boolean {
  if (!("lowest" in rates)) return rates.includes(rate);
  const { lowest, highest, step } = rates;
  return rate >= lowest && rate <= highest && (step === 0n || (rate - lowest) % step === 0n);
}

function parentOf(source: ClockSource, parents: readonly number[], place: Place, clocks: Names): number | undefined {
  const [first] = source.parents ?? [];
  const name = source.parent ?? first;
  if (name === undefined) return undefined;
  const id = clocks.id(name, within(place, "parent"));
  if (!parents.includes(id)) throw wrong(within(place, "parent"), "one of the parents", name);
  return id;
}

function extendedConfigOf(
  { dutyCycle, phase, oem = {} }: NonNullable<ClockSource["extendedConfig"]>,
  place: Place,
): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  if (dutyCycle !== undefined) values.set(EXTENDED_CONFIG_TYPE.dutyCycle, dutyCycle);
  if (phase !== undefined) values.set(EXTENDED_CONFIG_TYPE.phase, phase);
  for (const [key, value] of Object.entries(oem)) {
    const type = Number(key);
    if (!(Number.isInteger(type) && type >= OEM_FIRST && type <= OEM_LAST)) {
      throw wrong(within(within(place, "oem"), key), "a type 0x80 to 0xff", key);
    }
    values.set(type, value);
  }
  return values;
}

function permissionsOf(
  source: NonNullable<ClockSource["permissions"]>,
  place: Place,
  agents: Names,
): ReadonlyMap<number, BoardClockPermissions> {
  const permissions = new Map<number, BoardClockPermissions>();
  for (const [name, { state = true, parent = true, rate = true }] of Object.entries(source)) {
    permissions.set(agents.id(name, within(place, name)), { state, parent, rate });
  }
  return permissions;
}
