import { readFileSync } from "node:fs";
import { main } from "assemblyscript/asc";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { InlineHot } from "../../scripts/inline-hot.mjs";
import { decodeWasm } from "../../src/core/embedded.ts";
import { EXPORT_NAMES } from "../../src/core/exports.ts";
import { decodeEmbedded } from "../../src/core/module.ts";
import { SIM_WASM_TEXT } from "../../src/sim/sim.wasm.ts";
import { BUILDS, type Build, instantiate, EXPORT_NAMES as TESTED_NAMES } from "../support/core.ts";
import { type Binary, parse, signatureOf } from "./binary.ts";

const MAX_RELEASE_BYTES = 22 * 1024;
const MAX_PARAMETERS = 6;
const FOLDER = process.env.SCMI_BUILD_DIR
  ? new URL(process.env.SCMI_BUILD_DIR, "file:///")
  : new URL("../../build/", import.meta.url);

function bytesOf(build: Build | "sim"): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${build}.wasm`, FOLDER)));
}

const binaries = new Map<Build, Binary>(BUILDS.map((build) => [build, parse(bytesOf(build))]));

function binaryOf(build: Build): Binary {
  const binary = binaries.get(build);
  if (!binary) throw new Error(`no build ${build}`);
  return binary;
}

/** Compiles a target of asconfig.json as scripts/build-wasm.mjs does, into memory. */
async function rebuild(target: "release" | "sim"): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array | string>();
  const entry = target === "sim" ? "assembly/sim/index.ts" : "assembly/index.ts";
  const { error, stderr } = await main([entry, "--target", target], {
    // asc makes an instance of a class; its types know instances only
    transforms: target === "sim" ? [] : [InlineHot as never],
    writeFile: (name: string, contents: Uint8Array | string) => {
      files.set(name, contents);
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  const bytes = files.get(`build/${target}.wasm`);
  if (typeof bytes !== "object") throw new Error(`asc wrote ${[...files.keys()].join(", ")}`);
  return bytes;
}

const names = (binary: Binary) => binary.exports.map(({ name }) => name).sort();

describe("the release build", () => {
  test("comes out of its sources byte for byte as it is embedded", async () => {
    const embedded = decodeEmbedded();
    const rebuilt = await rebuild("release");
    expect(rebuilt.length).toBe(embedded.length);
    expect(Buffer.compare(rebuilt, embedded)).toBe(0);
  });

  test("imports nothing, and exports the core's interface and its memory", () => {
    const binary = binaryOf("release");
    expect(binary.imports).toEqual([]);
    expect(names(binary)).toEqual([...EXPORT_NAMES, "memory"].sort());
    expect(binary.exports.filter(({ kind }) => kind !== "function").map(({ name, kind }) => [name, kind])).toEqual([
      ["memory", "memory"],
    ]);
    expect(binary.memories).toEqual([{ initial: 1, maximum: undefined, isShared: false }]);
  });

  test("is at most 22 KiB, and carries neither names nor anything else beside its code", () => {
    expect(bytesOf("release").length).toBeLessThanOrEqual(MAX_RELEASE_BYTES);
    expect(binaryOf("release").customSections).toEqual([]);
  });

  test("keeps nothing outside its cores: the memory is the host's from address 0 on", () => {
    const { dataSegments, hasStart, globals } = binaryOf("release");
    expect({ dataSegments, hasStart }).toEqual({ dataSegments: 0, hasStart: false });
    expect(globals.filter(({ isMutable }) => isMutable)).toEqual([]);
    const { memory } = instantiate("release");
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
  });
});

describe("the module of fleets", () => {
  const binary = parse(bytesOf("sim"));

  test("comes out of its sources byte for byte as it is embedded", async () => {
    expect(Buffer.compare(await rebuild("sim"), decodeWasm(SIM_WASM_TEXT))).toBe(0);
  });

  test("is small enough for browsers to compile while they wait, which is up to 4 KiB", () => {
    expect(bytesOf("sim").length).toBeLessThanOrEqual(4096);
    expect(binary.customSections).toEqual([]);
  });

  test("imports nothing, exports what src/sim knows of, and keeps nothing outside its memory", () => {
    expect(binary.imports).toEqual([]);
    expect(names(binary)).toEqual(["count", "govern", "look", "memory", "open"]);
    const { dataSegments, hasStart, globals } = binary;
    expect({ dataSegments, hasStart }).toEqual({ dataSegments: 0, hasStart: false });
    expect(globals.filter(({ isMutable }) => isMutable)).toEqual([]);
  });
});

describe("the debug build", () => {
  test("imports at most abort, and exports the core's interface beside its inner functions", () => {
    const binary = binaryOf("debug");
    const abort = { module: "env", name: "abort", kind: "function" };
    expect(binary.imports.filter((imported) => imported.name !== "abort")).toEqual([]);
    for (const imported of binary.imports) expect(imported).toEqual(abort);
    expect(names(binary)).toEqual(expect.arrayContaining([...EXPORT_NAMES, "memory", "headerPack", "copy"]));
  });
});

describe("the threads build", () => {
  test("imports a shared memory of up to 2 GiB, and exports the core's interface", () => {
    const binary = binaryOf("threads");
    expect(binary.imports).toEqual([
      { module: "env", name: "memory", kind: "memory", limits: { initial: 1, maximum: 32767, isShared: true } },
    ]);
    expect(binary.memories).toEqual([]);
    expect(names(binary).filter((name) => name !== "memory")).toEqual([...EXPORT_NAMES].sort());
  });

  test("has no data segment and no global that changes, so that every worker's instance is the same", () => {
    const { dataSegments, hasStart, globals } = binaryOf("threads");
    expect({ dataSegments, hasStart }).toEqual({ dataSegments: 0, hasStart: false });
    expect(globals.filter(({ isMutable }) => isMutable)).toEqual([]);
  });
});

describe.each(BUILDS)("%s: the exports", (build) => {
  test.each(EXPORT_NAMES)("%s takes at most six numbers that a host can make, and gives one back", (name) => {
    const { parameters, results } = signatureOf(binaryOf(build), name);
    expect(parameters.length).toBeLessThanOrEqual(MAX_PARAMETERS);
    expect(parameters.filter((type) => type !== "i32" && type !== "f64")).toEqual([]);
    expect(results).toEqual(["i32"]);
  });

  test("have the signatures that the ABI page shows", () => {
    const page = readFileSync(new URL("../../docs/abi.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)\(([^)]*)\) → i` \|/gm), ...page.matchAll(/^\| `(\w+)()() → i` \|/gm)];
    const shown = new Map<string, string[]>();
    for (const [, name = "", parameters = ""] of rows) {
      const types = parameters.split(",").map((parameter) => parameter.trim().split(" ").at(-1));
      shown.set(name, parameters === "" ? [] : types.map((type) => (type === "f" ? "f64" : "i32")));
    }
    expect([...shown.keys()].sort()).toEqual([...EXPORT_NAMES].sort());
    const binary = binaryOf(build);
    for (const [name, parameters] of shown)
      expect({ name, ...signatureOf(binary, name) }).toMatchObject({ name, parameters });
  });

  test("give the version that the layout says", () => {
    expect(instantiate(build).exports.abiVersion()).toBe(layout.ABI_VERSION);
  });
});

test("the test harness knows every export", () => {
  expect([...TESTED_NAMES].sort()).toEqual([...EXPORT_NAMES].sort());
});
