import { PROTOCOL_ID } from "../protocols/releases.ts";
import type { Board, BoardAgent, BoardDevice } from "./board.ts";
import { Names } from "./names.ts";
import { clockOf } from "./parse-clock.ts";
import { domainOf } from "./parse-domain.ts";
import { BOARD_SCHEMA } from "./schema.ts";
import type { BoardSource, DeviceSource } from "./source.ts";
import { type Place, validate, within, wrong } from "./validate.ts";
import { word64 } from "./words.ts";

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
  const { performance, clock } = source;
  const domainsAt = within(within(root, "performance"), "domains");
  const clocksAt = within(within(root, "clock"), "clocks");
  const domains = new Names(
    (performance?.domains ?? []).map(({ name }) => name),
    domainsAt,
    "a performance domain",
  );
  const clocks = new Names(
    (clock?.clocks ?? []).map(({ name }) => name),
    clocksAt,
    "a clock",
  );
  const statistics = performance?.statistics;
  return {
    file: options.file,
    vendor: source.vendor,
    subVendor: source.subVendor,
    implementationVersion: source.implementationVersion ?? 0,
    maxPayload: source.maxPayload,
    agents: source.agents.map(agentOf),
    devices: devicesOf(source.devices ?? [], within(root, "devices"), agents, domains, clocks),
    performance: performance && {
      powerUnit: performance.powerUnit ?? "abstract",
      statistics: statistics && {
        address: word64(statistics.address, within(within(within(root, "performance"), "statistics"), "address"), 8),
      },
      domains: performance.domains.map((it, i) => domainOf(it, within(domainsAt, i), agents)),
    },
    clock: clock && {
      asyncDepth: clock.asyncDepth ?? 0,
      clocks: clock.clocks.map((it, i) => clockOf(it, within(clocksAt, i), agents, clocks, clock.asyncDepth ?? 0)),
    },
  };
}

const PROTOCOL_BY_NAME = { performance: PROTOCOL_ID.PERFORMANCE, clock: PROTOCOL_ID.CLOCK } as const;

function agentOf({ name, trusted = false, deniedProtocols = [] }: BoardSource["agents"][number]): BoardAgent {
  return { name, isTrusted: trusted, deniedProtocols: deniedProtocols.map((it) => PROTOCOL_BY_NAME[it]) };
}

function devicesOf(
  devices: readonly DeviceSource[],
  place: Place,
  agents: Names,
  domains: Names,
  clocks: Names,
): readonly BoardDevice[] {
  return devices.map((device, i) => {
    const at = within(place, i);
    if (devices.findIndex(({ id }) => id === device.id) !== i) {
      throw wrong(within(at, "id"), "an id of its own", device.id);
    }
    const resources = new Map<number, readonly number[]>();
    const performance = domains.ids(device.performance, within(at, "performance"));
    if (performance.length > 0) resources.set(PROTOCOL_ID.PERFORMANCE, performance);
    const clockIds = clocks.ids(device.clocks, within(at, "clocks"));
    if (clockIds.length > 0) resources.set(PROTOCOL_ID.CLOCK, clockIds);
    return { id: device.id, resources, deniedAgents: agents.ids(device.deniedAgents, within(at, "deniedAgents")) };
  });
}
