import type { DeviceTree, ScmiConsumer, ScmiInstance, ScmiProtocolNode } from "../../devicetree/index.ts";
import { PROTOCOL_ID } from "../../protocols/releases.ts";
import type { DeviceKey } from "../sections.ts";
import type { BoardSource, DeviceSource } from "../source.ts";
import { clocksOf } from "./clocks.ts";
import { Origins } from "./origin.ts";
import { performanceDomainsOf } from "./performance.ts";
import { pinsOf } from "./pins.ts";
import { calledBy, NameMaker, type Wanted, wantedBy } from "./resource.ts";
import { sensorsOf } from "./sensors.ts";
import { regulatorsOf, voltagesOf } from "./voltages.ts";

/** A board made of what a device tree refers to. */
export interface DerivedBoard {
  /** For {@link parseBoard}, as a board file says it. */
  readonly source: BoardSource;
  /** Paths in the source whose values no tree says: `clock.clocks[3].rates`. */
  readonly invented: ReadonlySet<string>;
  /** Protocol nodes that no platform of ours can serve: vendor protocols. */
  readonly unserved: readonly ScmiProtocolNode[];
}

/** What the agent of a derived board is called. */
const DEFAULT_AGENT = "OSPM";
/** The device of gaps between two ids, which no agent may use: a platform offers what the tree refers to, and nothing else. */
const GAPS_DEVICE = 0xffff;

/** Describes the platform that offers exactly the resources that a tree refers to. Names come from those who refer, levels and rates
 *  from the tree where it says them. A protocol that nothing refers to has one resource, or as many as its node describes.
 *  @param agent what its only agent is called; default `OSPM` */
export function boardFromTree(
  tree: DeviceTree,
  instance: ScmiInstance,
  consumers: readonly ScmiConsumer[],
  agent: string = DEFAULT_AGENT,
): DerivedBoard {
  const origins = new Origins();
  const unserved: ScmiProtocolNode[] = [];
  const gaps: Partial<Record<DeviceKey, readonly string[]>> = {};
  let source: BoardSource = {
    vendor: "scmi-wasm",
    subVendor: instance.transport,
    implementationVersion: 1,
    agents: [{ name: agent }],
  };
  const scaled = new Set(
    consumers.filter((it) => it.protocol.id === PROTOCOL_ID.PERFORMANCE).map(({ device }) => device),
  );
  for (const protocol of instance.protocols) {
    const its = consumers.filter((it) => it.protocol === protocol);
    const wanted = atLeastOne(wantedBy(its));
    const names = new NameMaker();
    const note = (key: DeviceKey, resources: readonly { readonly name: string }[], isGap: (id: number) => boolean) => {
      const unused = resources.filter((_, id) => isGap(id)).map(({ name }) => name);
      if (unused.length > 0 && unused.length < resources.length) gaps[key] = unused;
    };
    const isGap = (id: number) => its.length > 0 && (wanted[id]?.consumers.length ?? 0) === 0;
    switch (protocol.id) {
      case PROTOCOL_ID.BASE:
        break;
      case PROTOCOL_ID.POWER_DOMAIN: {
        const domains = wanted.map(({ id, consumers: who }) => ({
          name: names.make(calledBy(who, "power-domain-names", "power-domains") || `power-${id}`),
          setState: [agent],
          notifyChanged: true,
        }));
        source = { ...source, power: { domains } };
        note("power", domains, isGap);
        break;
      }
      case PROTOCOL_ID.SYSTEM_POWER:
        // Who reads the tree runs on the system that it describes, so GET is refused to it
        source = {
          ...source,
          systemPower: { setState: [agent], notify: [agent], warmReset: true, suspend: true },
        };
        break;
      case PROTOCOL_ID.PERFORMANCE: {
        const domains = performanceDomainsOf(tree, wanted, names, origins, agent);
        source = { ...source, performance: { powerUnit: "milliwatt", domains } };
        note("performance", domains, isGap);
        break;
      }
      case PROTOCOL_ID.CLOCK: {
        const clocks = clocksOf(tree, wanted, names, origins, scaled);
        source = { ...source, clock: { clocks } };
        note("clocks", clocks, isGap);
        break;
      }
      case PROTOCOL_ID.SENSOR: {
        const sensors = sensorsOf(wanted, names, origins);
        source = { ...source, sensor: { sensors } };
        note("sensors", sensors, isGap);
        break;
      }
      case PROTOCOL_ID.RESET_DOMAIN: {
        const domains = wanted.map(({ id, consumers: who }) => ({
          name: names.make(calledBy(who, "reset-names", "resets") || `reset-${id}`),
          explicit: true,
          notify: true,
        }));
        source = { ...source, reset: { domains } };
        note("resets", domains, isGap);
        break;
      }
      case PROTOCOL_ID.VOLTAGE: {
        const domains = voltagesOf(protocol, wantedBy(its), names, origins);
        const all =
          domains.length > 0 ? domains : [{ name: "supply", levelsUv: origins.invent("voltage.domains", [1_800_000]) }];
        source = { ...source, voltage: { domains: all } };
        const regulators = regulatorsOf(protocol);
        note("voltages", all, (id) => !regulators.has(id)); // whatever a regulator is called
        break;
      }
      case PROTOCOL_ID.POWERCAP:
        source = { ...source, powercap: { domains: [origins.invent("powercap.domains[0]", socCap(agent))] } };
        break;
      case PROTOCOL_ID.PINCTRL:
        source = { ...source, pinctrl: pinsOf(protocol, origins) };
        break;
      default:
        unserved.push(protocol);
    }
  }
  const devices: readonly DeviceSource[] =
    Object.keys(gaps).length > 0 ? [{ id: GAPS_DEVICE, deniedAgents: [agent], ...gaps }] : [];
  return { source: devices.length > 0 ? { ...source, devices } : source, invented: origins.invented, unserved };
}

/** No tree says anything of powercaps. */
function socCap(agent: string) {
  return {
    name: "soc",
    unit: "milliwatt",
    caps: { lowest: 1000, highest: 15_000, step: 100 },
    paisUs: { lowest: 1000, highest: 1_000_000, step: 1000 },
    monitored: true,
    sustainablePower: 8000,
    demand: 4000,
    control: [agent],
    notifyCap: true,
    notifyMeasurements: true,
  } as const;
}

/** A protocol without resources would be none. */
function atLeastOne(wanted: readonly Wanted[]): readonly Wanted[] {
  return wanted.length > 0 ? wanted : [{ id: 0, consumers: [] }];
}
