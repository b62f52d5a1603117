import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { consumersOf, DeviceTree, Node, readDeviceTree, scmiOf } from "../../src/devicetree/index.ts";
import { boardFile } from "../platform/kit.ts";

/** A folder with guests: their tree and their kernels. */
const folder = process.env.SCMI_LINUX_DIR ?? "";
const blob = join(folder, "uml-scmi.dtb");

const NO_TREE = new DeviceTree({
  file: "",
  root: new Node({ name: "", parent: undefined, properties: new Map(), children: [], file: "" }),
});

// SCMI_LINUX_DIR names none: nothing to compare with
describe.skipIf(folder === "" || !existsSync(blob))("the example board serves the tree of the guests", () => {
  const board = boardFile("example");
  // A suite that is skipped is collected all the same
  const tree = existsSync(blob) ? readDeviceTree(new Uint8Array(readFileSync(blob)), { file: blob }) : NO_TREE;
  const { instances, broken, warnings } = scmiOf(tree);
  const [instance] = instances;

  test("which has one instance over virtio", () => {
    expect([instances.length, broken, warnings]).toEqual([1, [], []]);
    expect(instance?.transport).toBe("virtio");
  });

  test("with resources for every protocol that it talks to", () => {
    const counts: Readonly<Record<number, number>> = {
      17: board.power?.domains.length ?? 0,
      18: board.systemPower ? 1 : 0,
      19: board.performance?.domains.length ?? 0,
      20: board.clock?.clocks.length ?? 0,
      21: board.sensor?.sensors.length ?? 0,
      22: board.reset?.domains.length ?? 0,
      23: board.voltage?.domains.length ?? 0,
      24: board.powercap?.domains.length ?? 0,
    };
    const ids = instance?.protocols.map(({ id }) => id) ?? [];
    expect(ids).toHaveLength(8);
    for (const id of ids)
      expect([id, counts[id]], `protocol ${id}`).toEqual([id, expect.toSatisfy((n: number) => n > 0)]);
  });

  test("with a resource behind every reference", () => {
    const { byInstance, problems } = consumersOf(tree, instances);
    expect(problems).toEqual([]);
    const found = [...byInstance.values()].flat();
    expect(found.map(({ property, protocol, resource }) => [property, protocol.id, resource])).toEqual([
      ["vout-supply", 0x17, 0],
      ["thermal-sensors", 0x15, 0],
    ]);
  });

  test("with a voltage range around that of each regulator", () => {
    const regulators = instance?.protocols.find(({ id }) => id === 0x17)?.node.child("regulators")?.children ?? [];
    expect(regulators.length).toBeGreaterThan(0);
    for (const node of regulators) {
      const levels = board.voltage?.domains[node.cell("reg") ?? -1]?.levelsUv;
      if (!levels || !("lowest" in levels)) throw new TypeError(`${node.path}: expected a range of levels`);
      expect(node.cell("regulator-min-microvolt")).toBeGreaterThanOrEqual(levels.lowest);
      expect(node.cell("regulator-max-microvolt")).toBeLessThanOrEqual(levels.highest);
    }
  });

  test("with temperatures below the critical ones, whatever the time", () => {
    const sensor = board.sensor?.sensors[0];
    const critical = tree.find("/thermal-zones/soc-thermal/trips/crit")?.cell("temperature");
    expect(sensor).toMatchObject({ sensorType: 2, exponent: -3, isEnabled: true }); // millicelsius
    const signal = sensor?.signal;
    if (signal?.kind !== "sine") throw new TypeError(`expected a sine, got ${signal?.kind}`);
    expect(signal.mean + signal.amplitude).toBeLessThan(critical ?? 0);
  });
});
