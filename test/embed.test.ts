import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { buildExample, findCompiler } from "../examples/embed/c/build.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const wasm = join(root, "build/release.wasm");
const compiler: string | undefined = findCompiler();
const noCompiler = compiler === undefined ? "no C compiler (cc, gcc, clang or $CC)" : undefined;
const folder = mkdtempSync(join(tmpdir(), "scmi-embed-"));

afterAll(() => rmSync(folder, { recursive: true }));

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
}

describe("the core in a C program", () => {
  test("passes the golden vectors and leaves the same trace as Node", (context) => {
    if (compiler === undefined) return context.skip(noCompiler);
    const program = buildExample(compiler, wasm, folder);
    const line = execFileSync(program, { encoding: "utf8" });
    expect(line).toMatch(/^trace [0-9a-f]{8} of \d+ entries; sent \d+ responses \d+/);
    expect(line).toBe(node("examples/embed/c/run.mjs", wasm));
  });

  test("the C header declares every export of the binary, and nothing else", () => {
    const header = readFileSync(join(root, "examples/embed/c/scmi_core.h"), "utf8");
    const declared = [...header.matchAll(/w2c_core_(\w+)\(host/g)].map(([, name]) => name).sort();
    const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm)))
      .filter(({ kind }) => kind === "function")
      .map(({ name }) => name)
      .sort();
    expect(declared).toEqual(exported);
  });

  test("the C header and the memory map are what their generators write", () => {
    expect(() => node("scripts/c-header.mjs", "--check")).not.toThrow();
    expect(() => node("scripts/memory-map.mjs", "--check")).not.toThrow();
  });
});
