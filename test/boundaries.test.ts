import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Tree, violations } from "./boundaries/check.ts";
import { OPTIONAL_PEERS, RULES } from "./boundaries/rules.ts";

const root = new URL("../", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const manifest = JSON.parse(read("package.json"));

function sourceFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of ["src", "assembly", "examples"]) {
    for (const name of listFolder(folder)) {
      const file = `${folder}/${name.replaceAll("\\", "/")}`;
      if (file.endsWith(".ts") && !file.endsWith(".d.ts")) files.set(file, read(file));
    }
  }
  return files;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(fileURLToPath(new URL(folder, root)), { recursive: true, encoding: "utf8" });
  } catch {
    return []; // a room that is not built yet
  }
}

/** Subpath -> source file, from the `exports` of package.json. */
function entryPoints(): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [subpath, target] of Object.entries<string | { default: string }>(manifest.exports)) {
    if (typeof target === "string") continue;
    entries.set(subpath, target.default.replace("./dist/", "").replace(/\.js$/, ".ts"));
  }
  return entries;
}

describe("the source tree", () => {
  const tree: Tree = { files: sourceFiles(), entryPoints: entryPoints() };

  test("keeps to the import table", () => {
    expect(tree.files.size).toBeGreaterThan(2);
    expect(violations(tree)).toEqual([]);
  });

  test("has a source file behind every subpath", () => {
    expect([...tree.entryPoints.values()].filter((file) => !tree.files.has(file))).toEqual([]);
  });

  test("needs no package at run time", () => {
    expect(manifest.dependencies ?? {}).toEqual({}); // npm install drops an empty object
    // The one that design allows is only missed by those who serve guests of emulators
    expect(Object.keys(manifest.peerDependencies)).toEqual(Object.values(OPTIONAL_PEERS).flat());
    expect(manifest.peerDependenciesMeta).toEqual({ koffi: { optional: true } });
  });
});

test("docs/architecture.md shows the import table as it is", () => {
  const cells = (names: readonly string[]) => names.map((name) => name.replace(/\.ts$/, "")).join(", ") || "nothing";
  const expected = Object.entries(RULES).map(([room, { imports, types }]) => {
    const typesOnly = types ? `; types of ${cells(types)}` : "";
    return `| \`${room}\` | ${cells(imports)}${typesOnly} |`;
  });
  const shown = read("docs/architecture.md")
    .split("\n")
    .filter((line) => /^\| `[^`]+` \|[^|]*\|$/.test(line));
  expect(shown).toEqual(expected);
});

/** A small clean tree; each case below spoils it in one place. */
const CLEAN = {
  "assembly/index.ts": `export { post } from "./smt";`,
  "assembly/layout.ts": "export const SMT_LENGTH = 0x14;",
  "assembly/smt.ts": `import { SMT_LENGTH } from "./layout";\n@unmanaged class Smt { length: u32 }\nexport function post(at: usize): u32 { return <u32>load<u32>(at, SMT_LENGTH); }`,
  "assembly/sim/layout.ts": "export const FULL = 1024;",
  "src/agent/handle.ts": `import { Core } from "../core/core.ts";\nexport interface Handle { readonly core: Core }`,
  "src/cli/main.ts": `import { readFileSync } from "node:fs";\nimport { Command } from "commander";\nimport { Core } from "../index.ts";`,
  "src/core/core.ts": `import { SMT_LENGTH } from "../../assembly/layout.ts";\nexport class Core {}`,
  "src/errors.ts": "export class ScmiError extends Error {}",
  "src/index.ts": `export { Core } from "./core/core.ts";\nexport { ScmiError } from "./errors.ts";`,
  "src/platform/platform.ts": `import type { Board } from "../board/board.ts";\nexport class Platform {}`,
  "src/board/board.ts": "export interface Board {}",
  "src/protocols/power.ts": `import type { Handle } from "../agent/handle.ts";\nexport class Power {}`,
  "src/transport/loopback.ts": `import { type Transport } from "./transport.ts";\nimport type { Core } from "../core/core.ts";`,
  "src/transport/raw.node.ts": `import { open } from "node:fs/promises";`,
  "src/transport/transport.ts": `import { ScmiError } from "../errors.ts";\nexport interface Transport {}`,
} as const;

function spoiled(changes: Readonly<Record<string, string>>): Tree {
  return { files: new Map(Object.entries({ ...CLEAN, ...changes })), entryPoints: new Map([[".", "src/index.ts"]]) };
}

describe("a forbidden thing is found", () => {
  test("and nothing in a clean tree", () => {
    expect(violations(spoiled({}))).toEqual([]);
  });

  test.each([
    [
      "an edge that the table lacks",
      "src/core/core.ts",
      `import { Platform } from "../platform/platform.ts";`,
      "may not import",
    ],
    [
      "platform to agent, even as a type",
      "src/platform/platform.ts",
      `import type { Handle } from "../agent/handle.ts";`,
      "may not",
    ],
    ["a re-export", "src/board/board.ts", `export * from "../core/core.ts";`, "board may not import core"],
    ["a dynamic import", "src/board/board.ts", `await import("../core/core.ts");`, "board may not import core"],
    ["a computed import", "src/core/core.ts", "await import(name);", "(computed)"],
    [
      "an import in a type",
      "src/board/board.ts",
      `let x: import("../core/core.ts").Core;`,
      "board may not import core",
    ],
    [
      "a value where only types may pass",
      "src/transport/loopback.ts",
      `import { Core } from "../core/core.ts";`,
      "only types of core",
    ],
    [
      "inline types, which leave an import behind",
      "src/protocols/power.ts",
      `import { type Handle } from "../agent/handle.ts";`,
      "only types",
    ],
    [
      "a concrete transport in the agent",
      "src/agent/handle.ts",
      `import { L } from "../transport/loopback.ts";`,
      "agent may not import transport",
    ],
    [
      "one transport from another's room",
      "src/transport/optee.ts",
      `import { L } from "./loopback.ts";`,
      "transport/optee may not import transport",
    ],
    [
      "another file than protocols/base",
      "src/agent/handle.ts",
      `import { Power } from "../protocols/power.ts";`,
      "agent may not import protocols",
    ],
    [
      "assembly from beyond its layout",
      "src/core/core.ts",
      `import { post } from "../../assembly/smt.ts";`,
      "core may not import assembly",
    ],
    [
      "an import out of assembly",
      "assembly/smt.ts",
      `import { ScmiError } from "../src/errors";`,
      "assembly may not import errors.ts",
    ],
    [
      "the module of fleets in the core, and so in its binary",
      "assembly/smt.ts",
      `import { FULL } from "./sim/layout";`,
      "assembly may not import assembly/sim",
    ],
    [
      "the core in the module of fleets",
      "assembly/sim/index.ts",
      `import { post } from "../smt";`,
      "assembly/sim may not import assembly",
    ],
    [
      "the command reaching inside",
      "src/cli/main.ts",
      `import { Core } from "../core/core.ts";`,
      "cli may import entry points only",
    ],
    ["node: outside its places", "src/core/core.ts", `import { readFileSync } from "node:fs";`, "node: belongs to"],
    ["a package in the library", "src/core/core.ts", `import { z } from "zod";`, "packages belong to src/cli"],
    [
      "a package's types in the library",
      "src/core/core.ts",
      `import type { z } from "zod";`,
      "packages belong to src/cli",
    ],
    ["a missing file", "src/core/core.ts", `import { x } from "./nowhere.ts";`, "does not exist"],
    ["a room without a line", "src/kitchen/sink.ts", "export {};", "expected a room of the import table"],
    [
      "a cycle, of types only, too",
      "src/board/board.ts",
      `import type { Tree } from "./tree.ts";`,
      "cycle: src/board/board.ts -> src/board/tree.ts",
    ],
    ["a default export", "src/core/core.ts", "export default class {}", "default export"],
    ["a default export by name", "src/core/core.ts", "const a = 1; export { a as default };", "default export"],
    ["a date", "src/core/core.ts", "const at = new Date();", "uses Date"],
    ["a timer", "src/core/core.ts", "globalThis.setTimeout(go, 1);", "uses setTimeout"],
    ["dice", "src/core/core.ts", "const x = Math.random();", "uses Math.random"],
    ["a clock", "src/core/core.ts", "const t = performance.now();", "uses performance.now"],
  ])("%s", (_what, file, text, expected) => {
    const tree = `import type { Board } from "./board.ts";`;
    const found = violations(
      spoiled({ [file]: text, ...(text.includes("tree.ts") ? { "src/board/tree.ts": tree } : {}) }),
    );
    expect(found.join("\n")).toContain(expected);
  });

  test("what the root entry must not reach, with the way there", () => {
    const tree = spoiled({
      "src/core/core.ts": `import { Trace } from "../trace/trace.ts";`,
      "src/trace/trace.ts": "export class Trace {}",
    });
    expect(violations(tree)).toContain(". reaches src/index.ts -> src/core/core.ts -> src/trace/trace.ts");
  });

  test("an entry for browsers that reaches a file for Node", () => {
    const tree = spoiled({
      "src/core/core.ts": `import { x } from "./file.node.ts";`,
      "src/core/file.node.ts": `import "node:fs";`,
    });
    expect(violations(tree)).toEqual([
      ". reaches src/index.ts -> src/core/core.ts -> src/core/file.node.ts, which needs Node",
    ]);
  });

  test("but not a name that only looks like a clock", () => {
    const text =
      "export class Core { Date = 1; at(x: Date): number { return this.Date + x.setTimeout + { Date: 2 }.Date; } }";
    expect(violations(spoiled({ "src/core/core.ts": text }))).toEqual([]);
  });
});
