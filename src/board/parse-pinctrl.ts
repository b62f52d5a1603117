import type { BoardPin, BoardPinctrl, BoardPinFunction } from "./board-pinctrl.ts";
import { Names } from "./names.ts";
import { PIN_SETTING_TYPE, type PinSettingName } from "./pin-settings.ts";
import type { PinctrlSource, PinFunctionSource, PinSource } from "./source-pinctrl.ts";
import { type Place, within, wrong } from "./validate.ts";

const OEM_FIRST = 192;
const OEM_LAST = 255;

/** Completes the pin control protocol and checks what a schema cannot.
 *  @throws BoardError */
export function pinctrlOf(source: PinctrlSource, place: Place, pins: Names): BoardPinctrl {
  const { groups = [], functions = [] } = source;
  const groupsAt = within(place, "groups");
  const functionsAt = within(place, "functions");
  const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  const groupNames = new Names(namesOf(groups), groupsAt, "a group of pins");
  const functionNames = new Names(namesOf(functions), functionsAt, "a function of pins");
  const board = {
    groups: groups.map((it, i) => ({
      name: it.name,
      pins: pins.ids(it.pins, within(within(groupsAt, i), "pins")),
    })),
    functions: functions.map((it, i) => functionOf(it, within(functionsAt, i), pins, groupNames)),
  };
  expectOneGpioEach(board.functions, source, functionsAt);
  return {
    ...board,
    pins: source.pins.map((it, i) => pinOf(it, i, within(within(place, "pins"), i), functionNames, board)),
  };
}

/** Fails when a pin or group has several functions that make a GPIO of it: which of them agents would take is anybody's guess. */
function expectOneGpioEach(functions: readonly BoardPinFunction[], { pins, groups = [] }: PinctrlSource, place: Place) {
  functions.forEach(({ isGpio, isPinOnly, members }, i) => {
    const before = functions.slice(0, i).filter((it) => isGpio && it.isGpio && it.isPinOnly === isPinOnly);
    const shared = members.find((id) => before.some((it) => it.members.includes(id)));
    if (shared === undefined) return;
    const name = (isPinOnly ? pins : groups)[shared]?.name;
    throw wrong(within(within(place, i), "gpio"), `false, for ${name} has a GPIO function already`, true);
  });
}

/** Whether a pin can have a function: by itself, or as part of a group.
 *  @param board its groups and functions */
function canHave(
  { groups, functions }: Pick<BoardPinctrl, "groups" | "functions">,
  pinId: number,
  functionId: number,
): boolean {
  const it = functions[functionId];
  if (!it) return false;
  return it.isPinOnly ? it.members.includes(pinId) : it.members.some((group) => groups[group]?.pins.includes(pinId));
}

function pinOf(
  { name, settings = {}, function: functionName }: PinSource,
  pinId: number,
  place: Place,
  functions: Names,
  board: Pick<BoardPinctrl, "groups" | "functions">,
): BoardPin {
  const at = within(place, "function");
  const functionId = functionName === undefined ? undefined : functions.id(functionName, at);
  const functionIds = [...board.functions.keys()].filter((it) => canHave(board, pinId, it));
  if (functionId !== undefined && !functionIds.includes(functionId)) {
    throw wrong(at, "a function that the pin can have", functionName);
  }
  return { name, settings: settingsOf(settings, within(place, "settings")), functionIds, functionId };
}

function settingsOf({ oem = {}, ...named }: NonNullable<PinSource["settings"]>, place: Place) {
  const values = new Map<number, number>();
  // In the order of types, which is that of the table
  for (const [name, type] of Object.entries(PIN_SETTING_TYPE)) {
    const value = named[name as PinSettingName];
    if (value !== undefined) values.set(type, value);
  }
  const types = Object.entries(oem).map(([key, value]) => [Number(key), value, key] as const);
  for (const [type, value, key] of types.sort(([a], [b]) => a - b)) {
    if (!(Number.isInteger(type) && type >= OEM_FIRST && type <= OEM_LAST)) {
      throw wrong(within(within(place, "oem"), key), `a type ${OEM_FIRST} to ${OEM_LAST}`, key);
    }
    values.set(type, value);
  }
  return values;
}

function functionOf(source: PinFunctionSource, place: Place, pins: Names, groups: Names): BoardPinFunction {
  if ((source.groups === undefined) === (source.pins === undefined)) {
    throw wrong(place, "either groups or pins", source.groups ? "both" : "neither");
  }
  const isPinOnly = source.pins !== undefined;
  return {
    name: source.name,
    isGpio: source.gpio ?? false,
    isPinOnly,
    members: isPinOnly
      ? pins.ids(source.pins, within(place, "pins"))
      : groups.ids(source.groups, within(place, "groups")),
  };
}
