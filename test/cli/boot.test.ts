import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ajv2020 as Validator } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeDeviceTree } from "../../src/devicetree/index.ts";
import { type Sketch, treeOf } from "../devicetree/build.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = join(root, "dist/cli/scmi.js");
const DEMO = join(root, "examples/boards/demo.dtb");
const YAML = join(root, "examples/boards/example.yaml");
// CommonJS: its default export is the class itself for require only
const { Ajv2020 } = createRequire(import.meta.url)("ajv/dist/2020.js") as { Ajv2020: typeof Validator };
const schema = JSON.parse(readFileSync(join(root, "dist/boot.schema.json"), "utf8"));
const isReport = new Ajv2020({ allErrors: true }).compile(schema);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scmi-boot-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scmi(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** A blob with two instances: the first is in order, the second has no mailboxes. */
function halfBroken(): string {
  const clocks: Sketch = { phandle: [9], reg: [0x14], "#clock-cells": [1] };
  const tree = treeOf({
    "#address-cells": [1],
    "#size-cells": [1],
    children: {
      scmi: { compatible: "arm,scmi", mboxes: [1, 0], shmem: [2], children: { "protocol@14": clocks } },
      "scmi-1": { compatible: "arm,scmi", shmem: [2] },
      mailbox: { phandle: [1], "#mbox-cells": [1] },
      "shmem@1000": { phandle: [2], compatible: "arm,scmi-shmem", reg: [0x1000, 0x100] },
      serial: { clocks: [9, 1] },
    },
  });
  const path = join(folder, "half.dtb");
  writeFileSync(path, writeDeviceTree(tree));
  return path;
}

describe("scmi boot", () => {
  test("prints a report of every instance on stdout, nothing on stderr, and exits with 0", () => {
    const { status, stdout, stderr } = scmi("boot", DEMO);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const node of [
      "/firmware/scmi mailbox",
      "/firmware/scmi-1 smc",
      "/firmware/scmi-2 optee",
      "/firmware/scmi-3 virtio",
    ]) {
      expect(stdout).toContain(node);
    }
    expect(stdout).toMatch(/0 {2}serial-uartclk +48 MHz of 6 MHz … 48 MHz/);
    expect(stdout).toMatch(/✓ 4 instances up, \d+ messages in [\d.]+ ms of simulated time, nothing left behind/);
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    ["a device tree", DEMO, 4],
    ["a board file", YAML, 1],
  ])("--json prints one document that the published schema allows, for %s", (_, path, instances) => {
    const { status, stdout, stderr } = scmi("boot", path, "--json");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const report = JSON.parse(stdout);
    isReport(report);
    expect(isReport.errors).toBeNull();
    expect(report.instances).toHaveLength(instances);
    expect(report.board.source).toBe(path);
  });

  test("the schema refuses a document that lacks a field of the contract", () => {
    const report = JSON.parse(scmi("boot", DEMO, "--json").stdout);
    delete report.instances[0].counters.timeouts;
    expect(isReport(report)).toBe(false);
  });

  test("is a function of board, profile and seed", () => {
    const [first, again, other] = ["5", "5", "6"].map(
      (seed) => scmi("boot", DEMO, "--json", "--trace", "--seed", seed).stdout,
    );
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    isReport(JSON.parse(first ?? ""));
    expect(isReport.errors).toBeNull();
  });

  test("--trace prints each message with its time, node and name", () => {
    const { stdout } = scmi("boot", DEMO, "--trace");
    expect(stdout).toMatch(/^ +[\d.]+ ms {2}\/firmware\/scmi > CLOCK_RATE_GET \[\d+\] 00000000$/m);
    expect(stdout).toMatch(/^ +[\d.]+ ms {2}\/firmware\/scmi < CLOCK_RATE_GET SUCCESS \[\d+\] 006cdc0200000000$/m);
  });

  test("--profile decides the versions", () => {
    const report = JSON.parse(scmi("boot", DEMO, "--json", "--profile", "3.2").stdout);
    const older = JSON.parse(scmi("boot", YAML, "--json", "--profile", "2.0").stdout);
    const versions = (it: { instances: [{ protocols: { name: string; version: string }[] }] }) =>
      Object.fromEntries(it.instances[0].protocols.map(({ name, version }) => [name, version]));
    expect(versions(report)).toMatchObject({ base: "2.1", clock: "3.0", performance: "4.0" });
    expect(versions(older)).toMatchObject({ base: "2.0", clock: "1.0", performance: "2.0" });
  });

  test("what can come up does, the rest is said on stderr, and the exit code is 1", () => {
    const path = halfBroken();
    const { status, stdout, stderr } = scmi("boot", path, "--json");
    const said = `${path}: /scmi-1: mboxes: expected a mailbox for arm,scmi, got none`;
    expect({ status, stderr }).toEqual({ status: 1, stderr: `scmi: ${said}\n` });
    const report = JSON.parse(stdout);
    isReport(report);
    expect(isReport.errors).toBeNull();
    expect(report.instances.map(({ node }: { node: string }) => node)).toEqual(["/scmi"]);
    expect(report.failures).toEqual([{ node: "/scmi-1", message: said }]);
  });

  test("a reference without its resource is said on stderr, for it is why the exit code is 1", () => {
    const tree = treeOf({
      "#address-cells": [1],
      "#size-cells": [1],
      children: {
        scmi: {
          compatible: "arm,scmi",
          mboxes: [1, 0],
          shmem: [2],
          children: { "protocol@14": { phandle: [9], reg: [0x14], "#clock-cells": [1] } },
        },
        mailbox: { phandle: [1], "#mbox-cells": [1] },
        // Room for 12 bytes of payload, and the attributes of a clock have more
        "shmem@1000": { phandle: [2], compatible: "arm,scmi-shmem", reg: [0x1000, 40] },
        serial: { clocks: [9, 1] },
      },
    });
    const path = join(folder, "tight.dtb");
    writeFileSync(path, writeDeviceTree(tree));
    const { status, stderr } = scmi("boot", path);
    expect([status, stderr]).toEqual([
      1,
      "scmi: /scmi: expected a resource behind every reference, got none for /serial (clocks 1)\n",
    ]);
  });

  test.each([
    ["nothing", "", "got an empty file"],
    ["neither a tree nor text", "\u007fELF\0\u001b[2J", "got bytes that are neither (7f454c46…)"],
    [
      "a text instead of a board",
      "\u001b[2J".padEnd(3000, "x"),
      `odd.board: expected an object, got "?[2J${"x".repeat(96)}…"`,
    ],
  ])("a file of %s is told in a line that harms no terminal", (_, content, message) => {
    const path = join(folder, "odd.board");
    writeFileSync(path, content);
    const { status, stdout, stderr } = scmi("boot", path);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^scmi: [ -~…]*\n$/);
    expect(stderr).toContain(message);
  });

  test("a board file says what the tree does not, and is no longer marked as invented", () => {
    const path = halfBroken();
    const file = join(folder, "clocks.yaml");
    writeFileSync(
      file,
      "vendor: ACME\nagents: [{ name: linux }]\nclock:\n  clocks:\n    - { name: osc, rates: [24000000] }\n    - { name: uart, rates: [48000000] }\n",
    );
    const report = JSON.parse(scmi("boot", path, "--json", "--board-file", file).stdout);
    expect(report.instances[0].base.vendor).toBe("ACME");
    const [, clock] = report.instances[0].protocols;
    expect(clock.resources).toMatchObject([{ name: "osc" }, { name: "uart", rateHz: 48_000_000 }]);
    expect(clock.resources.some((it: object) => "invented" in it)).toBe(false);
  });

  test.each([
    ["no board", [], /missing required argument 'board'/],
    [
      "a board that was taken for the file of the trace",
      ["--trace", DEMO],
      /--trace .*demo\.dtb: expected a file name with/,
    ],
    ["a seed that is none", [DEMO, "--seed", "soon"], /expected an integer from 0 to 4294967295/],
    ["a release that is none", [DEMO, "--profile", "9"], /expected one of 1\.0/],
    [
      "a board file for a board file",
      [YAML, "--board-file", YAML],
      /--board-file: expected a device tree blob to add to/,
    ],
  ])("%s is wrong usage", (_, args, message) => {
    const { status, stdout, stderr } = scmi("boot", ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  test.each([
    ["a file that is not there", join(root, "no-such.dtb"), /no-such\.dtb: \/: expected a board: .*, got no such file/],
    [
      "device tree source",
      join(root, "examples/boards/demo.dts"),
      /demo\.dts: \/: expected a device tree blob, .* compile it: dtc/,
    ],
    ["another kind of file", join(root, "LICENSE"), /LICENSE: /],
  ])("%s cannot come up", (_, path, message) => {
    const { status, stdout, stderr } = scmi("boot", path);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });

  test("stops on SIGINT with 130, in the middle of a large board", async () => {
    const clocks = Array.from({ length: 20_000 }, (_, i) => ` - { name: clk${i}, rates: [1000000] }\n`).join("");
    const path = join(folder, "large.yaml");
    writeFileSync(path, `vendor: ACME\nagents: [{ name: OSPM }]\nclock:\n clocks:\n${clocks}`);
    const child = spawn(process.execPath, [program, "boot", path, "--trace"]);
    const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
    child.stdout.once("data", () => child.kill("SIGINT"));
    child.stdout.resume();
    expect(await ended).toBe(130);
  });
});
