import { PROTOCOL_ID } from "../protocols/releases.ts";

/** Where a protocol's part of a board file stands, and what the rest of the file calls it. */
export interface Section {
  /** Field of the file, and of {@link BoardSource}; in `deniedProtocols`, too. */
  readonly key: string;
  readonly protocolId: number;
  /** Where its resources are listed by name; `undefined` for a protocol without any. */
  readonly resources: SectionResources | undefined;
}

/** The resources that permissions are given for. */
export interface SectionResources {
  /** Field of the section that lists them. */
  readonly list: string;
  /** Field of a device that names some of them. */
  readonly device: string;
  /** One of them, for errors. */
  readonly what: string;
}

/** All sections, in the order of protocol ids. A protocol that joins adds its row here, its field to `Board` and `BoardSource`, its
 *  schema, and its parser to `parseBoard`. */
export const SECTIONS = [
  {
    key: "power",
    protocolId: PROTOCOL_ID.POWER_DOMAIN,
    resources: { list: "domains", device: "power", what: "a power domain" },
  },
  { key: "systemPower", protocolId: PROTOCOL_ID.SYSTEM_POWER, resources: undefined },
  {
    key: "performance",
    protocolId: PROTOCOL_ID.PERFORMANCE,
    resources: { list: "domains", device: "performance", what: "a performance domain" },
  },
  {
    key: "clock",
    protocolId: PROTOCOL_ID.CLOCK,
    resources: { list: "clocks", device: "clocks", what: "a clock" },
  },
  {
    key: "sensor",
    protocolId: PROTOCOL_ID.SENSOR,
    resources: { list: "sensors", device: "sensors", what: "a sensor" },
  },
  {
    key: "reset",
    protocolId: PROTOCOL_ID.RESET_DOMAIN,
    resources: { list: "domains", device: "resets", what: "a reset domain" },
  },
  {
    key: "voltage",
    protocolId: PROTOCOL_ID.VOLTAGE,
    resources: { list: "domains", device: "voltages", what: "a voltage domain" },
  },
  {
    key: "powercap",
    protocolId: PROTOCOL_ID.POWERCAP,
    resources: { list: "domains", device: "powercap", what: "a powercap domain" },
  },
  {
    key: "pinctrl",
    protocolId: PROTOCOL_ID.PINCTRL,
    resources: { list: "pins", device: "pins", what: "a pin" },
  },
] as const satisfies readonly Section[];

type Row = (typeof SECTIONS)[number];

/** Fields of a board file that are a protocol's. */
export type SectionKey = Row["key"];

/** Fields of a device that name a protocol's resources. */
export type DeviceKey = Extract<Row["resources"], { readonly device: string }>["device"];

/** The row of a section. */
export function sectionOf(key: SectionKey): Section {
  return SECTIONS.find((it) => it.key === key) as Section;
}
