import type { Board } from "../../src/board/index.ts";
import { sketchOf } from "../../src/cli/dt.ts";
import { cells, type Sketch, text, treeOf } from "../../src/cli/dt-sketch.ts";
import type { DeviceTree } from "../../src/devicetree/index.ts";

/** What a guest's tree says beyond what `scmi dt` prints of a board. */
export interface GuestTreeOptions {
  /** How long Linux waits for a response; 7.2 and newer read it. */
  readonly timeoutMs?: number;
  /** Which devices and thermal zones use the board's resources, below the root; in place of the examples of `scmi dt`. */
  readonly consumers?: readonly Sketch[];
  /** Levels that regulators are held to, in µV, by domain. */
  readonly levelsUv?: Readonly<Record<number, number>>;
}

const PLACES = { transport: "virtio", shmem: 0, smcId: 0, channelId: 0 } as const;

/** The tree of a board for a guest. */
export function guestTree(board: Board, { timeoutMs, consumers = [], levelsUv = {} }: GuestTreeOptions): DeviceTree {
  const [firmware, ...examples] = sketchOf(board, PLACES).children ?? [];
  const extra = timeoutMs === undefined ? [] : [cells("arm,max-rx-timeout-ms", timeoutMs)];
  const adapt = (node: Sketch): Sketch => {
    const children = (node.children ?? []).map(adapt);
    const levelUv = levelsUv[Number(/^regulator@([0-9a-f]+)$/.exec(node.name)?.[1] ?? Number.NaN)];
    const level =
      levelUv === undefined
        ? []
        : [cells("regulator-min-microvolt", levelUv), cells("regulator-max-microvolt", levelUv)];
    const added = node.name === "scmi" ? extra : level;
    const names = added.map(([name]) => name);
    return { ...node, properties: [...node.properties.filter(([name]) => !names.includes(name)), ...added], children };
  };
  if (firmware === undefined) throw new TypeError("expected a board with a firmware node");
  const children = [adapt(firmware), ...(consumers.length > 0 ? consumers : examples)];
  const properties = [text("compatible", "scmi-wasm,guest"), cells("#address-cells", 2), cells("#size-cells", 2)];
  return treeOf({ name: "", properties, children }, "guest.dtb");
}

/** A thermal zone of sensor 0, which Linux reads every `pollMs`. */
export function thermalZone(pollMs: number, trips: Readonly<Record<"hot" | "critical", number>>): Sketch {
  const points = Object.entries(trips).map(
    ([type, temperature]): Sketch => ({
      name: `${type}-point`,
      properties: [cells("temperature", temperature), cells("hysteresis", 2000), text("type", type)],
    }),
  );
  const zone: Sketch = {
    name: "soc-thermal",
    properties: [
      cells("polling-delay-passive", 0),
      cells("polling-delay", pollMs),
      cells("thermal-sensors", { ref: "scmi_sensor" }, 0),
    ],
    children: [{ name: "trips", properties: [], children: points }],
  };
  return { name: "thermal-zones", properties: [], children: [zone] };
}

/** A device that switches its supply, domain 0, by a file: "regulator-output" is the driver that needs no hardware. */
export function device(name: string, properties: Sketch["properties"]): Sketch {
  const own = [text("compatible", "regulator-output"), cells("vout-supply", { ref: "scmi_regulator0" })];
  return { name, properties: [...own, ...properties] };
}
