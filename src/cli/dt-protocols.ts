import type { Board, BoardVoltageDomain } from "../board/index.ts";
import { type Cell, cells, type Sketch, text } from "./dt-sketch.ts";

/** One protocol of a board in a device tree. */
export interface ProtocolSketch {
  /** Below the SCMI node. */
  readonly node: Sketch;
  /** Devices that use its resources, as examples, below the root. */
  readonly consumers: readonly Sketch[];
}

const CELSIUS = 2;
/** Where the examples of thermal zones warn. Nothing is shut down: what is hot is for the board's makers to say. */
const HOT_MILLICELSIUS = 95_000;
const HYSTERESIS_MILLICELSIUS = 2000;

/** Protocol nodes and consumers for everything that a board has. */
export function protocolSketches(board: Board): readonly ProtocolSketch[] {
  const sketches = [
    board.power && power(board.power.domains),
    board.systemPower && bare(0x12),
    board.performance && performance(board.performance.domains),
    board.clock && clock(board.clock.clocks),
    board.sensor && sensor(board.sensor.sensors),
    board.reset && reset(board.reset.domains),
    board.voltage && voltage(board.voltage.domains),
    board.powercap && bare(0x18),
    board.pinctrl && pinctrl(board.pinctrl),
  ];
  return sketches.filter((it) => it !== undefined);
}

interface Named {
  readonly name: string;
}

function bare(id: number): ProtocolSketch {
  return { node: protocol(id, undefined), consumers: [] };
}

function protocol(
  id: number,
  label: string | undefined,
  properties: Sketch["properties"] = [],
  children: readonly Sketch[] = [],
): Sketch {
  const name = `protocol@${id.toString(16)}`;
  return { name, ...(label ? { label } : {}), properties: [cells("reg", id), ...properties], children };
}

/** A device that uses every resource of one protocol. */
function user(
  name: string,
  property: string,
  names: string | undefined,
  provider: string,
  all: readonly Named[],
): readonly Sketch[] {
  if (all.length === 0) return [];
  const entries = all.map((_, id): readonly Cell[] => [{ ref: provider }, id]);
  return [
    {
      ...{ name, comment: all.map((it, id) => `${id} ${it.name}`).join(", ") },
      properties: [
        text("compatible", `example,${name}`),
        [property, { cells: entries }],
        ...(names ? [text(names, ...all.map((it) => it.name))] : []),
      ],
    },
  ];
}

function power(domains: readonly Named[]): ProtocolSketch {
  return {
    node: protocol(0x11, "scmi_power", [cells("#power-domain-cells", 1)]),
    consumers: user("power-user", "power-domains", "power-domain-names", "scmi_power", domains),
  };
}

function performance(domains: readonly Named[]): ProtocolSketch {
  return {
    node: protocol(0x13, "scmi_perf", [cells("#power-domain-cells", 1)]),
    consumers: user("perf-user", "power-domains", "power-domain-names", "scmi_perf", domains),
  };
}

function clock(clocks: readonly Named[]): ProtocolSketch {
  return {
    node: protocol(0x14, "scmi_clk", [cells("#clock-cells", 1)]),
    consumers: user("clock-user", "clocks", "clock-names", "scmi_clk", clocks),
  };
}

function reset(domains: readonly Named[]): ProtocolSketch {
  return {
    node: protocol(0x16, "scmi_reset", [cells("#reset-cells", 1)]),
    consumers: user("reset-user", "resets", "reset-names", "scmi_reset", domains),
  };
}

/** Thermal zones, of what measures a temperature. */
function sensor(
  sensors: readonly (Named & { readonly sensorType: number; readonly axes: readonly unknown[] })[],
): ProtocolSketch {
  const zones = sensors.flatMap(({ name, sensorType, axes }, id): readonly Sketch[] => {
    if (sensorType !== CELSIUS || axes.length > 0) return [];
    const hot: Sketch = {
      name: "hot",
      properties: [
        cells("temperature", HOT_MILLICELSIUS),
        cells("hysteresis", HYSTERESIS_MILLICELSIUS),
        text("type", "hot"),
      ],
    };
    return [
      {
        // Linux takes names of 19 characters at most
        ...{ name: `scmi${id}-thermal`, comment: `sensor ${id}, ${name}` },
        properties: [
          cells("polling-delay-passive", 0),
          cells("polling-delay", 1000),
          cells("thermal-sensors", { ref: "scmi_sensor" }, id),
        ],
        children: [{ name: "trips", properties: [], children: [hot] }],
      },
    ];
  });
  return {
    node: protocol(0x15, "scmi_sensor", [cells("#thermal-sensor-cells", 1)]),
    consumers: zones.length === 0 ? [] : [{ name: "thermal-zones", properties: [], children: zones }],
  };
}

/** A regulator for each domain, within its levels, and a device that it supplies. Linux leaves domains below zero out. */
function voltage(domains: readonly BoardVoltageDomain[]): ProtocolSketch {
  const supplies = domains
    .map((domain, id) => ({ ...domain, id, label: `scmi_regulator${id}`, ...rangeOf(domain) }))
    .filter(({ lowest }) => lowest >= 0);
  const regulators = supplies.map(
    ({ id, name, label, lowest, highest }): Sketch => ({
      ...{ name: `regulator@${id.toString(16)}`, label },
      properties: [
        cells("reg", id),
        text("regulator-name", name),
        cells("regulator-min-microvolt", lowest),
        cells("regulator-max-microvolt", highest),
      ],
    }),
  );
  const node: Sketch = {
    name: "regulators",
    properties: [cells("#address-cells", 1), cells("#size-cells", 0)],
    children: regulators,
  };
  return {
    node: protocol(0x17, "scmi_voltage", [], regulators.length > 0 ? [node] : []),
    consumers: supplies.map(({ id, name, label }) => ({
      ...{ name: `supply${id}-user`, comment: name },
      properties: [text("compatible", "regulator-output"), cells("vout-supply", { ref: label })],
    })),
  };
}

function rangeOf({ levelsUv }: BoardVoltageDomain): { readonly lowest: number; readonly highest: number } {
  if ("lowest" in levelsUv) return levelsUv;
  return { lowest: levelsUv[0] ?? 0, highest: levelsUv.at(-1) ?? 0 };
}

/** A node for each function with all that can have it, and one device with the first of them. */
function pinctrl({ pins, groups, functions }: NonNullable<Board["pinctrl"]>): ProtocolSketch {
  const states = functions.flatMap((it, id): readonly Sketch[] => {
    const members = it.members.flatMap((member) => (it.isPinOnly ? pins : groups)[member]?.name ?? []);
    if (members.length === 0) return [];
    const properties = [text("function", it.name), text(it.isPinOnly ? "pins" : "groups", ...members)];
    return [{ name: `function${id}-pins`, label: `scmi_function${id}_pins`, properties }];
  });
  const [first] = states;
  return {
    node: protocol(0x19, "scmi_pinctrl", [], states),
    consumers:
      first?.label === undefined
        ? []
        : [
            {
              name: "pin-user",
              properties: [
                text("compatible", "example,pin-user"),
                text("pinctrl-names", "default"),
                cells("pinctrl-0", { ref: first.label }),
              ],
            },
          ],
  };
}
