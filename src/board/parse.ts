import type { Board, BoardAgent, BoardDevice } from "./board.ts";
import { Names } from "./names.ts";
import { clockOf } from "./parse-clock.ts";
import { domainOf } from "./parse-domain.ts";
import { pinctrlOf } from "./parse-pinctrl.ts";
import { powerOf } from "./parse-power.ts";
import { powercapOf } from "./parse-powercap.ts";
import { resetsOf } from "./parse-reset.ts";
import { sensorsOf } from "./parse-sensor.ts";
import { systemPowerOf } from "./parse-system-power.ts";
import { voltagesOf } from "./parse-voltage.ts";
import { BOARD_SCHEMA } from "./schema.ts";
import { SECTIONS, type SectionKey, sectionOf } from "./sections.ts";
import type { BoardSource, DeviceSource } from "./source.ts";
import { type Place, validate, within, wrong } from "./validate.ts";
import { word64 } from "./words.ts";

/** The names of a board's resources, by the section that they stand in. */
type ResourceNames = ReadonlyMap<SectionKey, Names>;

/** Turns what a YAML or JSON file says into a board.
 *  @param data the parsed file
 *  @param options `file`: what errors call it
 *  @throws BoardError with the path of the first mistake */
export function parseBoard(data: unknown, options: { readonly file: string }): Board {
  const root: Place = { file: options.file, path: "" };
  validate(BOARD_SCHEMA, data, root);
  // The schema says exactly that.
  const source = data as BoardSource;
  const agents = new Names(
    source.agents.map(({ name }) => name),
    within(root, "agents"),
    "an agent",
    1,
  );
  const names = namesOf(source, root);
  return {
    file: options.file,
    vendor: source.vendor,
    subVendor: source.subVendor,
    implementationVersion: source.implementationVersion ?? 0,
    maxPayload: source.maxPayload,
    supplier: source.supplier,
    agents: source.agents.map(agentOf),
    devices: devicesOf(source.devices ?? [], within(root, "devices"), agents, names),
    power: source.power && powerOf(source.power, within(root, "power"), agents, named(names, "power")),
    systemPower: source.systemPower && systemPowerOf(source.systemPower, within(root, "systemPower"), agents),
    performance: source.performance && performanceOf(source.performance, within(root, "performance"), agents),
    clock: source.clock && clocksOf(source.clock, within(root, "clock"), agents, named(names, "clock")),
    sensor: source.sensor && sensorsOf(source.sensor, within(root, "sensor"), agents),
    reset: source.reset && resetsOf(source.reset, within(root, "reset"), agents),
    voltage: source.voltage && voltagesOf(source.voltage, within(root, "voltage"), agents),
    powercap:
      source.powercap && powercapOf(source.powercap, within(root, "powercap"), agents, named(names, "powercap")),
    pinctrl: source.pinctrl && pinctrlOf(source.pinctrl, within(root, "pinctrl"), named(names, "pinctrl")),
  };
}

function performanceOf(source: NonNullable<BoardSource["performance"]>, place: Place, agents: Names) {
  const { statistics } = source;
  return {
    powerUnit: source.powerUnit ?? "abstract",
    statistics: statistics && {
      address: word64(statistics.address, within(within(place, "statistics"), "address"), 8),
    },
    domains: source.domains.map((it, i) => domainOf(it, within(within(place, "domains"), i), agents)),
  };
}

function clocksOf(source: NonNullable<BoardSource["clock"]>, place: Place, agents: Names, names: Names) {
  const { asyncDepth = 0, clocks } = source;
  return {
    asyncDepth,
    clocks: clocks.map((it, i) => clockOf(it, within(within(place, "clocks"), i), agents, names, asyncDepth)),
  };
}

function namesOf(source: BoardSource, root: Place): ResourceNames {
  const names = new Map<SectionKey, Names>();
  for (const { key, resources } of SECTIONS) {
    if (!resources) continue;
    const { list, what } = resources;
    // Fields by their names: the rows of SECTIONS are what the schema has passed
    const section = source[key] as Readonly<Record<string, readonly { readonly name: string }[]>> | undefined;
    const listed = (section?.[list] ?? []).map(({ name }) => name);
    names.set(key, new Names(listed, within(within(root, key), list), what));
  }
  return names;
}

function named(names: ResourceNames, key: SectionKey): Names {
  return names.get(key) as Names; // namesOf has one for every section with resources
}

function agentOf({ name, trusted = false, deniedProtocols = [] }: BoardSource["agents"][number]): BoardAgent {
  return { name, isTrusted: trusted, deniedProtocols: deniedProtocols.map((key) => sectionOf(key).protocolId) };
}

function devicesOf(
  devices: readonly DeviceSource[],
  place: Place,
  agents: Names,
  names: ResourceNames,
): readonly BoardDevice[] {
  return devices.map((device, i) => {
    const at = within(place, i);
    if (devices.findIndex(({ id }) => id === device.id) !== i) {
      throw wrong(within(at, "id"), "an id of its own", device.id);
    }
    const resources = new Map<number, readonly number[]>();
    for (const section of SECTIONS) {
      if (!section.resources) continue;
      const key = section.resources.device;
      const ids = named(names, section.key).ids(device[key], within(at, key));
      if (ids.length > 0) resources.set(section.protocolId, ids);
    }
    return { id: device.id, resources, deniedAgents: agents.ids(device.deniedAgents, within(at, "deniedAgents")) };
  });
}
