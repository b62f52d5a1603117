import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type Board, type BoardSource, parseBoard } from "../../src/board/index.ts";
import { type DtPlaces, sketchOf } from "../../src/cli/dt.ts";
import { lastPhandle, mergeTrees } from "../../src/cli/dt-into.ts";
import { printSketch, treeOf } from "../../src/cli/dt-sketch.ts";
import {
  consumersOf,
  type DeviceTree,
  printDts,
  readDeviceTree,
  scmiOf,
  writeDeviceTree,
} from "../../src/devicetree/index.ts";
import { boardFile } from "../platform/kit.ts";

const program = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../../examples/boards/example.yaml", import.meta.url));
const board = boardFile("example");
const hasDtc = spawnSync("dtc", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "scmi-dt-"));
afterAll(() => rmSync(folder, { recursive: true }));

const places = (transport: DtPlaces["transport"]): DtPlaces => ({
  ...{ transport, shmem: 0x8010f000, smcId: 0x82000010, channelId: 3 },
});

/** Every reference into SCMI, as text. */
function references(tree: DeviceTree): readonly string[] {
  const { instances, broken, warnings } = scmiOf(tree);
  expect([broken, warnings]).toEqual([[], []]);
  const { byInstance, problems } = consumersOf(tree, instances);
  expect(problems).toEqual([]);
  return [...byInstance.values()]
    .flat()
    .map(
      ({ device, property, protocol, resource }) =>
        `${device.path} ${property} 0x${protocol.id.toString(16)} ${resource}`,
    );
}

describe.each(["virtio", "mailbox", "smc", "optee"] as const)("a tree over %s", (transport) => {
  const sketch = sketchOf(board, places(transport));
  const tree = treeOf(sketch, "made");

  test("has one instance with every protocol of the board", () => {
    const { instances } = scmiOf(tree);
    expect(instances).toHaveLength(1);
    const [instance] = instances;
    expect(instance?.transport).toBe(transport);
    expect(instance?.limits.maxPayload).toBe(100);
    expect(instance?.protocols.map(({ id }) => id)).toEqual([0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19]);
  });

  test("refers to every resource that a device can refer to", () => {
    const found = references(tree);
    const ids = (property: string, protocol: number) =>
      found.flatMap((it) =>
        it.includes(` ${property} 0x${protocol.toString(16)} `) ? [Number(it.split(" ").at(-1))] : [],
      );
    const all = (list: readonly unknown[] | undefined) => [...(list?.keys() ?? [])];
    expect(ids("power-domains", 0x11)).toEqual(all(board.power?.domains));
    expect(ids("power-domains", 0x13)).toEqual(all(board.performance?.domains));
    expect(ids("clocks", 0x14)).toEqual(all(board.clock?.clocks));
    expect(ids("resets", 0x16)).toEqual(all(board.reset?.domains));
    expect(ids("thermal-sensors", 0x15)).toEqual([0, 6, 7]); // what measures in °C
    expect(ids("vout-supply", 0x17)).toEqual([0, 1, 2, 4, 5]); // 3 is below zero
    expect(found.filter((it) => it.includes("pinctrl-0"))).toHaveLength(1);
  });

  test.skipIf(!hasDtc)("is compiled without a warning to the same", () => {
    const source = join(folder, `${transport}.dts`);
    const blob = join(folder, `${transport}.dtb`);
    writeFileSync(source, printSketch(sketch, ["a comment"]));
    const { status, stderr } = spawnSync("dtc", ["-@", "-I", "dts", "-O", "dtb", "-o", blob, source], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const compiled = readDeviceTree(new Uint8Array(readFileSync(blob)), { file: blob });
    expect(references(compiled)).toEqual(references(tree));
    expect(shape(compiled)).toEqual(shape(tree));
  });
});

/** Names and values, but for numbers of phandles, which compilers choose. */
function shape(tree: DeviceTree): unknown {
  return [...tree.root.walk()]
    .filter(({ name }) => name !== "__symbols__")
    .map((node) => [
      node.path,
      [...node.properties]
        .filter(([name]) => name !== "phandle")
        .map(([name, value]) => [
          name,
          /s$|supply$|shmem|pinctrl-0/.test(name) && !/names|compatible/.test(name) ? value.byteLength : [...value],
        ]),
    ]);
}

test("regulators are asked for no more than what their domains can do", () => {
  const tree = treeOf(sketchOf(board, places("virtio")), "made");
  const regulators = tree.find("/firmware/scmi/protocol@17/regulators")?.children ?? [];
  const ranges = regulators.map((it) => [it.cell("regulator-min-microvolt"), it.cell("regulator-max-microvolt")]);
  expect(ranges).toEqual([
    [800_000, 1_000_000],
    [600_000, 900_000],
    [500_000, 1_200_000],
    [1_800_000, 3_300_000],
    [950_000, 950_000],
  ]);
});

describe("where things lie", () => {
  test("over mailboxes are two areas, each for a whole message", () => {
    const [instance] = scmiOf(treeOf(sketchOf(board, places("mailbox")), "made")).instances;
    expect(instance?.channel.areas.map(({ address, sizeBytes }) => [address, sizeBytes])).toEqual([
      [0x8010f000n, 128],
      [0x8010f080n, 128],
    ]);
  });

  test("over SMC is one area, behind the function id that was given", () => {
    const [instance] = scmiOf(treeOf(sketchOf(board, places("smc")), "made")).instances;
    expect(instance?.channel).toMatchObject({ kind: "smc", variant: "plain", functionId: 0x82000010 });
    expect(instance?.channel.areas).toHaveLength(1);
  });

  test("over OP-TEE is a channel by its id", () => {
    const [instance] = scmiOf(treeOf(sketchOf(board, places("optee")), "made")).instances;
    expect(instance?.channel).toMatchObject({ kind: "optee", channelId: 3, areas: [] });
  });

  test("grows with the payload of the board", () => {
    const large = parse({
      vendor: "v",
      maxPayload: 1000,
      agents: [{ name: "a" }],
      clock: { clocks: [{ name: "c", rates: [1] }] },
    });
    const [instance] = scmiOf(treeOf(sketchOf(large, places("smc")), "made")).instances;
    expect(instance?.limits.maxPayload).toBe(1000);
    expect(instance?.channel.areas[0]?.sizeBytes).toBe(1152); // 1028, by 128
  });
});

test("a board with odd names and nothing to refer to makes a tree all the same", () => {
  const odd = parse({
    ...{ vendor: "v", agents: [{ name: "a" }], systemPower: {} },
    clock: { clocks: [{ name: 'a */ "b" \\', rates: [1] }] },
  });
  const sketch = sketchOf(odd, places("virtio"));
  expect(references(treeOf(sketch, "made"))).toEqual(["/clock-user clocks 0x14 0"]);
  if (!hasDtc) return;
  execFileSync("dtc", ["-I", "dts", "-O", "dtb", "-o", join(folder, "odd.dtb")], { input: printSketch(sketch, []) });
  const compiled = readDeviceTree(new Uint8Array(readFileSync(join(folder, "odd.dtb"))), { file: "odd.dtb" });
  expect(compiled.find("/clock-user")?.string("clock-names")).toBe('a */ "b" \\');
});

describe("a machine's own tree", () => {
  const dts = (cells: number, more = "") => `/dts-v1/;
/memreserve/ 0x1000 0x20;
/ { model = "machine"; #address-cells = <${cells}>; #size-cells = <2>;
  chosen { stdout-path = "/pl011@9000000"; };
  clk: apb-pclk { compatible = "fixed-clock"; #clock-cells = <0>; phandle = <0x2>; };
  pl011@9000000 { compatible = "arm,pl011"; clocks = <0x2>; };
  firmware { tz { compatible = "linaro,optee-tz"; method = "smc"; }; ${more} };
};`;
  const machine = (source: string) => {
    const bytes = execFileSync("dtc", ["-q", "-@", "-I", "dts", "-O", "dtb"], { input: source });
    return readDeviceTree(new Uint8Array(bytes), { file: "virt.dtb" });
  };
  const into = (tree: DeviceTree, transport: DtPlaces["transport"]) =>
    mergeTrees(tree, treeOf(sketchOf(board, places(transport)), "board", lastPhandle(tree)));
  const paths = (tree: DeviceTree) => [...tree.root.walk()].map(({ path }) => path);

  test.runIf(hasDtc).each(["virtio", "mailbox", "smc", "optee"] as const)("gets the nodes over %s", (transport) => {
    const before = machine(dts(2));
    const alone = treeOf(sketchOf(board, places(transport)), "board");
    const tree = readDeviceTree(writeDeviceTree(into(before, transport)), { file: "guest.dtb" });
    expect(references(tree)).toEqual(references(alone));
    expect(new Set(paths(tree))).toEqual(new Set([...paths(before), ...paths(alone)]));
    for (const node of before.root.walk()) {
      if (node.name === "__symbols__") continue;
      expect([node.path, tree.find(node.path)?.properties]).toEqual([node.path, node.properties]);
    }
    expect([tree.reservations, tree.symbols.get("clk")]).toEqual([before.reservations, "/apb-pclk"]);
    const phandles = [...tree.root.walk()].flatMap((it) => it.cells("phandle") ?? []);
    expect(new Set(phandles).size).toBe(phandles.length);
  });

  test.runIf(hasDtc)("keeps its thermal zones, which are all in one node", () => {
    const zone = (name: string) => `thermal-zones { ${name} { polling-delay = <1000>; }; };`;
    const of = (name: string) => machine(dts(2).replace("chosen {", `${zone(name)} chosen {`));
    const tree = into(of("soc-thermal"), "virtio");
    const zones = tree.find("/thermal-zones")?.children.map(({ name }) => name);
    expect(zones).toEqual(["soc-thermal", "scmi0-thermal", "scmi6-thermal", "scmi7-thermal"]);
    expect(() => into(of("scmi0-thermal"), "virtio")).toThrow(
      "virt.dtb: /thermal-zones/scmi0-thermal: expected a tree without this node",
    );
  });

  test.runIf(hasDtc)("is refused when it has an SCMI node already, or counts addresses otherwise", () => {
    expect(() => into(machine(dts(2, "scmi { };")), "virtio")).toThrow(
      "virt.dtb: /firmware/scmi: expected a tree without this node, got one that has it",
    );
    expect(() => into(machine(dts(1)), "smc")).toThrow("virt.dtb: /: expected #address-cells of 2, got 1");
    expect(references(into(machine(dts(1)), "optee"))).not.toEqual([]); // has nothing with an address
  });

  test.runIf(hasDtc)("is read and written by the command", () => {
    const [from, to] = [join(folder, "virt.dtb"), join(folder, "guest.dtb")];
    writeFileSync(from, writeDeviceTree(machine(dts(2))));
    const args = [program, "dt", EXAMPLE, "--transport", "virtio", "--into", from];
    const { status, stdout } = spawnSync(process.execPath, [...args, "-o", to], { encoding: "utf8" });
    expect([status, stdout]).toEqual([0, ""]);
    const tree = readDeviceTree(new Uint8Array(readFileSync(to)), { file: to });
    expect([tree.model, scmiOf(tree).instances.length]).toEqual(["machine", 1]);
    const printed = spawnSync(process.execPath, args, { encoding: "utf8" }).stdout;
    const compiled = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb"], { input: printed });
    expect(printDts(readDeviceTree(new Uint8Array(compiled), { file: "printed" }))).toBe(printDts(tree));
  });
});

test("the command compiles by itself, and says what it cannot read or write", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [program, "dt", EXAMPLE, "--transport", "virtio", ...args], { encoding: "utf8" });
  const to = join(folder, "own.dtb");
  expect(run("-o", to).status).toBe(0);
  const tree = readDeviceTree(new Uint8Array(readFileSync(to)), { file: to });
  expect(references(tree)).toEqual(references(treeOf(sketchOf(board, places("virtio")), "made")));
  expect(JSON.parse(run("-o", to, "--json").stdout)).toMatchObject({ transport: "virtio", output: to });
  expect(run("--into", join(folder, "none.dtb")).stderr).toContain("expected a device tree blob, got no such file");
  expect(run("--into", EXAMPLE).stderr).toContain("expected the magic 0xd00dfeed of a flattened tree");
  const nowhere = run("-o", join(folder, "none", "x.dtb"));
  expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining("none/x.dtb")]);
});

test("the command prints a tree, and says which transports there are", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [program, "dt", EXAMPLE, ...args], { encoding: "utf8" });
  const { status, stdout } = run("--transport", "virtio");
  expect(status).toBe(0);
  expect(stdout).toContain('compatible = "arm,scmi-virtio";');
  expect(stdout).toContain("clocks = <&scmi_clk 0>, <&scmi_clk 1>,");
  const wrong = run("--transport", "pigeon");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("Allowed choices are virtio, mailbox, smc, optee");
});

function parse(source: BoardSource): Board {
  return parseBoard(source, { file: "test.yaml" });
}
