import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  type DeviceTree,
  interruptsOf,
  printDts,
  readDeviceTree,
  regionsOf,
  writeDeviceTree,
} from "../../src/devicetree/index.ts";
import { BoardError } from "../../src/errors.ts";
import { BLOBS, OWN_BLOBS } from "./boards.ts";
import { treeOf } from "./build.ts";
import { type Plain, plainTree } from "./naive.ts";

const folder = mkdtempSync(join(tmpdir(), "scmi-dt-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hasDtc = spawnSync("dtc", ["--version"]).status === 0;

/** Nodes, properties and bytes as text, in order. */
function flat(tree: DeviceTree): string[] {
  return [...tree.root.walk()].flatMap((node) => [
    `${node.path} {`,
    ...[...node.properties].map(([name, value]) => `${node.path} ${name} ${Buffer.from(value).toString("hex")}`),
  ]);
}

function flatPlain(path: string, { props, nodes }: Plain): string[] {
  return [
    `${path || "/"} {`,
    ...Object.entries(props).map(([name, value]) => `${path || "/"} ${name} ${value.toString("hex")}`),
    ...Object.entries(nodes).flatMap(([name, node]) => flatPlain(`${path}/${name}`, node)),
  ];
}

const SMALL = treeOf({
  "#address-cells": [2],
  "#size-cells": [2],
  model: 'a "small\\one"',
  "interrupt-parent": [1],
  children: {
    aliases: { serial0: "/soc/serial@1000" },
    gic: { phandle: [1], "#interrupt-cells": [3], "interrupt-controller": true },
    soc: {
      "#address-cells": [1],
      "#size-cells": [1],
      ranges: [0, 0x1, 0x8000_0000, 0x1_0000, 0x10_0000, 0, 0xffff_0000, 0x100],
      children: {
        "serial@1000": {
          reg: [0x1000, 0x100],
          interrupts: [0, 5, 4, 1, 7, 8],
          "interrupt-names": ["tx", "rx"],
          odd: Uint8Array.of(1, 2, 3),
        },
        "far@100010": { reg: [0x10_0010, 0x10] },
        "lost@5": { reg: [0x20_0000, 0x10] },
      },
    },
  },
});

describe("a tree of our own", () => {
  test("reads back as it was written, byte for byte the second time", () => {
    const bytes = writeDeviceTree(SMALL);
    const read = readDeviceTree(bytes, { file: "small" });
    expect(flat(read)).toEqual(flat(SMALL));
    expect(writeDeviceTree(read)).toEqual(bytes);
  });

  test("translates addresses through the ranges of every bus above", () => {
    expect(regionsOf(SMALL.find("/soc/serial") as never)).toEqual([{ address: 0x1_8000_1000n, size: 0x100n }]);
    expect(regionsOf(SMALL.find("/soc/far") as never)).toEqual([{ address: 0xffff_0010n, size: 0x10n }]);
    expect(() => regionsOf(SMALL.find("/soc/lost") as never)).toThrow(/\/soc\/lost@5: reg: expected an address inside/);
  });

  test("finds nodes by path and alias", () => {
    expect(SMALL.find("serial0")?.path).toBe("/soc/serial@1000");
    expect(SMALL.find("/soc/nothing")).toBeUndefined();
  });

  test("names interrupts", () => {
    expect(interruptsOf(SMALL, SMALL.find("serial0") as never)).toMatchObject([
      { name: "tx", cells: [0, 5, 4] },
      { name: "rx", cells: [1, 7, 8] },
    ]);
  });
});

describe.each(BLOBS.map((it) => [it.name, it.bytes] as const))("%s", (name, bytes) => {
  const tree = readDeviceTree(bytes, { file: name });

  test("reads as a naive reader reads it", () => {
    expect(flat(tree)).toEqual(flatPlain("", plainTree(bytes)));
  });

  test("survives writing and reading", () => {
    const again = readDeviceTree(writeDeviceTree(tree), { file: name });
    expect(flat(again)).toEqual(flat(tree));
    expect(again.reservations).toEqual(tree.reservations);
    expect(again.bootCpu).toBe(tree.bootCpu);
  });

  test.skipIf(!hasDtc)("prints as source that compiles to the same tree", () => {
    const source = join(folder, `${name}.dts`);
    const compiled = join(folder, name);
    writeFileSync(source, printDts(tree));
    execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", "-o", compiled, source], { stdio: "pipe" });
    expect(flat(readDeviceTree(readFileSync(compiled), { file: name }))).toEqual(flat(tree));
  });

  test("changed anywhere, gives a tree or an error with its place, and never hangs", () => {
    const rounds = Number(process.env.SCMI_FUZZ_ROUNDS ?? 300);
    const structure = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
    const at = fc.oneof(
      fc.nat({ max: 39 }), // the header
      fc.integer({ min: structure, max: bytes.byteLength - 1 }),
      fc.nat({ max: bytes.byteLength - 1 }),
    );
    const change = fc.record({ at, value: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 3, 4, 9, 0xff)) });
    const mutation = fc.record({
      changes: fc.array(change, { minLength: 1, maxLength: 6 }),
      cut: fc.option(fc.nat({ max: bytes.byteLength })),
    });
    fc.assert(
      fc.property(mutation, ({ changes, cut }) => {
        const mutant = bytes.slice(0, cut ?? bytes.byteLength);
        for (const { at: offset, value } of changes) if (offset < mutant.byteLength) mutant[offset] = value;
        try {
          printDts(readDeviceTree(mutant, { file: name }));
        } catch (error) {
          expect(error).toBeInstanceOf(BoardError);
          expect(String(error)).toMatch(/: offset 0x[0-9a-f]+: expected .+, got /);
        }
      }),
      { numRuns: rounds },
    );
  });
});

test.skipIf(!hasDtc)("our board is what its source says", () => {
  const compiled = join(folder, "own.dtb");
  const source = fileURLToPath(new URL("../../examples/boards/demo.dts", import.meta.url));
  execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", "-o", compiled, source], { stdio: "pipe" });
  const [own] = OWN_BLOBS;
  expect(own?.name).toBe("demo.dtb");
  expect(flat(readDeviceTree(own?.bytes ?? new Uint8Array(), { file: "demo.dtb" }))).toEqual(
    flat(readDeviceTree(readFileSync(compiled), { file: "own.dtb" })),
  );
});

describe("malformed trees", () => {
  const good = writeDeviceTree(SMALL);
  const patched = (at: number, value: number) => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(at, value);
    return bytes;
  };
  const structure = new DataView(good.buffer).getUint32(8);

  test.each([
    ["nothing", new Uint8Array(), "offset 0x0: expected a header of 40 bytes, got 0 bytes"],
    [
      "another kind of file",
      new TextEncoder().encode("vendor: x".repeat(9)),
      "offset 0x0: expected the magic 0xd00dfeed",
    ],
    ["a cut file", good.slice(0, 60), "offset 0x4: expected at most 60 bytes, which the file has"],
    ["an old version", patched(0x14, 3), "offset 0x14: expected version 17 or compatible, got 3"],
    ["a structure outside", patched(0x08, 0x7fff_fff0), "offset 0x8: expected an offset from 40"],
    ["a crooked structure", patched(0x08, structure + 2), "offset 0x8: expected a multiple of 4"],
    ["strings outside", patched(0x20, 0x7fff_ffff), "offset 0x20: expected at most"],
    [
      "reservations without end",
      patched(0x10, good.byteLength & ~7),
      "expected an empty entry that ends the reservations",
    ],
    ["an unknown token", patched(structure, 7), "expected a token of the structure block, got 0x7"],
    ["an end before a start", patched(structure, 2), "expected the start of a node, got the end of one"],
    ["no root", patched(structure, 9), "expected a root node, got an empty tree"],
    ["a property outside", patched(structure, 3), "expected properties inside of a node, got one outside"],
    ["a value beyond the end", patched(structure + 12, 0x00ff_ffff), "expected at most"],
  ])("%s", (_, bytes, message) => {
    expect(() => readDeviceTree(bytes, { file: "x.dtb" })).toThrow(BoardError);
    expect(() => readDeviceTree(bytes, { file: "x.dtb" })).toThrow(message);
  });

  test("nodes nested without end are refused", () => {
    const deep = Array.from({ length: 65 }).reduce<object>((inner, _, i) => ({ children: { [`n${i}`]: inner } }), {});
    const bytes = writeDeviceTree(treeOf(deep as never));
    expect(() => readDeviceTree(bytes, { file: "x.dtb" })).toThrow("expected at most 64 levels of nodes");
  });
});
