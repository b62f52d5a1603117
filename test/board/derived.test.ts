import { describe, expect, test } from "vitest";
import { boardFromTree, parseBoard } from "../../src/board/index.ts";
import { consumersOf, readDeviceTree, scmiOf } from "../../src/devicetree/index.ts";
import { BLOBS, OWN_BLOBS } from "../devicetree/boards.ts";
import { treeOf } from "../devicetree/build.ts";

function boardsOf(name: string, bytes: Uint8Array) {
  const tree = readDeviceTree(bytes, { file: name });
  const { instances } = scmiOf(tree);
  const { byInstance } = consumersOf(tree, instances);
  return instances.map((instance) => {
    const consumers = byInstance.get(instance) ?? [];
    return { instance, consumers, derived: boardFromTree(tree, instance, consumers) };
  });
}

describe.each(BLOBS.map((it) => [it.name, it.bytes] as const))("the boards of %s", (name, bytes) => {
  test.each(boardsOf(name, bytes).map((it) => [it.instance.node.path, it] as const))(
    "%s: every consumer has its resource, and gaps are kept from the agent",
    (_, { consumers, derived }) => {
      const board = parseBoard(derived.source, { file: name });
      const count: Readonly<Record<number, number>> = {
        17: board.power?.domains.length ?? 0,
        19: board.performance?.domains.length ?? 0,
        20: board.clock?.clocks.length ?? 0,
        21: board.sensor?.sensors.length ?? 0,
        22: board.reset?.domains.length ?? 0,
        23: board.voltage?.domains.length ?? 0,
      };
      const used = new Map<number, Set<number>>();
      for (const { protocol, resource } of consumers) {
        if (resource === undefined) continue;
        expect(resource).toBeLessThan(count[protocol.id] ?? 0);
        used.set(protocol.id, (used.get(protocol.id) ?? new Set()).add(resource));
      }
      for (const [protocolId, ids] of used) {
        const denied = board.devices.flatMap(({ resources }) => resources.get(protocolId) ?? []);
        expect(denied.filter((id) => ids.has(id))).toEqual([]);
        // Regulators without consumers are there all the same: the tree describes them
        if (protocolId !== 0x17) expect(denied.length + ids.size).toBe(count[protocolId]);
      }
    },
  );
});

describe("our board", () => {
  const [blob] = OWN_BLOBS;
  const [scp, tfa, optee, virtio] = boardsOf("demo.dtb", blob?.bytes ?? new Uint8Array()).map(({ derived }) => derived);

  test("takes levels, power and names of performance domains from OPP tables and processors", () => {
    // 110 µW/MHz/V² × 600 MHz × 0.75² V² = 37 mW, twice, for there are two processors
    expect(scp?.source.performance?.domains[0]).toMatchObject({
      name: "cortex-a55-cluster",
      levels: [
        { level: 600, frequencyKhz: 600_000, power: 74 },
        { level: 1200, power: 168 },
        { level: 1800, power: 320 },
      ],
    });
    expect(scp?.source.performance?.domains.map(({ name }) => name)).toEqual([
      "cortex-a55-cluster",
      "cortex-a76-cluster",
      "gpu",
    ]);
  });

  test("takes rates from assigned-clock-rates, and says where it had to invent them", () => {
    const clocks = scp?.source.clock?.clocks ?? [];
    expect(clocks[0]).toMatchObject({ name: "serial-uartclk", rate: 48e6, rates: [6e6, 12e6, 24e6, 48e6] });
    expect(clocks[2]).toMatchObject({ name: "mmc-clk_xin", rate: 200e6 });
    expect(scp?.invented.has("clock.clocks[0].rates")).toBe(false);
    expect(scp?.invented.has("clock.clocks[1].rates")).toBe(true);
  });

  test("takes voltages from the regulators' limits", () => {
    expect(scp?.source.voltage?.domains).toEqual([
      { name: "vdd_gpu", levelsUv: { lowest: 700_000, highest: 1_000_000, step: 12_500 }, levelUv: 1_000_000 },
      { name: "vcc_io", levelsUv: [3_300_000] },
    ]);
    expect([...(scp?.invented ?? [])].filter((path) => path.startsWith("voltage"))).toEqual([]);
  });

  test("reads temperatures below the first trip of their zones", () => {
    expect(scp?.source.sensor?.sensors[0]).toMatchObject({ name: "cpu-thermal", type: "celsius", signal: 42_000 });
  });

  test("has pins, groups and functions as the nodes name them", () => {
    expect(scp?.source.pinctrl?.groups?.map(({ name }) => name)).toEqual(["uart0_grp", "mmc_grp"]);
    expect(scp?.source.pinctrl?.functions?.map(({ name }) => name)).toEqual(["uart0", "mmc"]);
  });

  test("has a board for each instance, with the protocols of its node", () => {
    expect(Object.keys(tfa?.source ?? {})).toEqual(expect.arrayContaining(["clock", "reset"]));
    expect(optee?.source.clock?.clocks.map(({ name }) => name)).toEqual(["crypto", "rng-core"]);
    expect(virtio?.source.sensor?.sensors.map(({ name }) => name)).toEqual(["fan"]);
  });
});

test("voltages that only a name tells are read from it, and marked as invented", () => {
  const given = BLOBS.find(({ name }) => name.startsWith("stm32mp135f"));
  if (!given) return; // nothing to look at without the real boards
  const [first] = boardsOf(given.name, given.bytes);
  const levels = new Map(first?.derived.source.voltage?.domains.map(({ name, levelsUv }) => [name, levelsUv]));
  expect(levels.get("v3v3_sw")).toEqual([3_300_000]);
  expect(levels.get("reg11")).toEqual([1_100_000]);
  expect(levels.get("v1v8_periph")).toEqual([1_800_000]);
  expect([...(first?.derived.invented ?? [])].filter((it) => it.startsWith("voltage")).length).toBeGreaterThan(0);
});

test("a regulator may be called unused: what no node describes is kept from the agent, and nothing else", () => {
  const regulator = (reg: number, name: string) => ({ reg: [reg], "regulator-name": name });
  const regulators = { children: { "regulator@0": regulator(0, "unused-0"), "regulator@2": regulator(2, "vdd") } };
  const scmi = {
    compatible: "arm,scmi-virtio",
    children: { "protocol@17": { reg: [0x17], children: { regulators } } },
  };
  const named = treeOf({ children: { firmware: { children: { scmi } } } });
  const [instance] = scmiOf(named).instances;
  const source = instance && boardFromTree(named, instance, []).source;
  const board = parseBoard(source, { file: "named.dtb" });
  expect(board.devices.flatMap(({ resources }) => resources.get(0x17) ?? [])).toEqual([1]);
});

test("a clock goes through the rates of the OPP table of the device that it is the first clock of", () => {
  const [CLOCKS, LEVELS, TABLE] = [10, 11, 12];
  const point = (mhz: number) => ({ "opp-hz": [0, mhz * 1e6] });
  const tree = treeOf({
    children: {
      scmi: {
        compatible: "arm,scmi-virtio",
        children: {
          "protocol@13": { phandle: [LEVELS], reg: [0x13], "#power-domain-cells": [1] },
          "protocol@14": { phandle: [CLOCKS], reg: [0x14], "#clock-cells": [1] },
        },
      },
      table: { phandle: [TABLE], children: { fast: point(1800), slow: point(1008), mid: point(1416) } },
      "cpu@0": {
        "operating-points-v2": [TABLE],
        clocks: [CLOCKS, 0, CLOCKS, 1],
        "assigned-clocks": [CLOCKS, 0],
        "assigned-clock-rates": [816e6],
      },
      "cpu@1": { "operating-points-v2": [TABLE], clocks: [CLOCKS, 2] },
      // Its table is about the performance domain
      gpu: { "operating-points-v2": [TABLE], clocks: [CLOCKS, 3], "power-domains": [LEVELS, 0] },
    },
  });
  const [instance] = scmiOf(tree).instances;
  if (!instance) throw new Error("expected an instance");
  const consumers = consumersOf(tree, [instance]).byInstance.get(instance) ?? [];
  const { source, invented } = boardFromTree(tree, instance, consumers);
  expect(source.clock?.clocks.map(({ rate, rates }) => [rate, rates])).toEqual([
    [816e6, [816e6, 1008e6, 1416e6, 1800e6]],
    [1e9, [125e6, 250e6, 500e6, 1e9]],
    [1800e6, [1008e6, 1416e6, 1800e6]],
    [600e6, [75e6, 150e6, 300e6, 600e6]],
  ]);
  expect([...invented].filter((it) => it.endsWith(".rates"))).toEqual([
    "clock.clocks[1].rates",
    "clock.clocks[3].rates",
  ]);
  expect(source.performance?.domains[0]?.levels).toMatchObject([{ level: 1008 }, { level: 1416 }, { level: 1800 }]);
});
