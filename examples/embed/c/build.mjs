// Translates core.wasm to C and compiles it: node examples/embed/c/build.mjs [core.wasm] builds the example of this folder into
// build/embed/, and prints the program's path.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where core.h, core.c and scmi_core.h come from, as flags of a C compiler. */
export const INCLUDE = `-I${here}`;
export const RUNTIME = join(here, "wasm-rt.c");
export const STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra"];

/** The released binary: of an installed package, or of a build. */
export function findCore() {
  return [join(root, "dist/core.wasm"), join(root, "build/release.wasm")].find(existsSync);
}

/** A C compiler: $CC, cc, gcc or clang; undefined where there is none. */
export function findCompiler() {
  const candidates = [process.env.CC, "cc", "gcc", "clang"].filter(Boolean);
  return candidates.find((it) => spawnSync(it, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Writes core.c and core.h to `folder`. The installed package comes without wasm2c, and with what it made of the released binary. */
export function translate(wasm, folder) {
  const wasm2c = join(root, "node_modules/wabt/bin/wasm2c");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(wasm2c)) {
    for (const name of ["core.c", "core.h"]) copyFileSync(join(root, "dist/wasm2c", name), join(folder, name));
    return;
  }
  execFileSync(process.execPath, [wasm2c, wasm, "-n", "core", "-o", join(folder, "core.c")], { stdio: "inherit" });
}

/** Compiles what wasm2c wrote. Its warnings are not ours. */
export function compileCore(compiler, folder, flags = []) {
  const object = join(folder, "core.o");
  const source = join(folder, "core.c");
  execFileSync(compiler, ["-std=c11", "-O2", "-w", ...flags, INCLUDE, "-c", source, "-o", object], {
    stdio: "inherit",
  });
  return object;
}

/** Builds the example: core.c, core.h and the golden vectors as a C table, then the program. */
export function buildExample(compiler, wasm, folder) {
  translate(wasm, folder);
  const object = compileCore(compiler, folder);
  writeFileSync(join(folder, "vectors.inc"), goldenVectors());
  const program = join(folder, "embed");
  const flags = [...STRICT, `-I${folder}`, INCLUDE];
  execFileSync(compiler, [...flags, join(here, "main.c"), RUNTIME, object, "-lm", "-o", program], { stdio: "inherit" });
  return program;
}

/** The headers and the A2P areas of test/vectors/00-transport.json as rows of C initialisers. */
function goldenVectors() {
  const { headers, areas } = JSON.parse(readFileSync(join(root, "test/vectors/00-transport.json"), "utf8"));
  const rows = headers.map((it) => `HEADER(${it.header}u, ${it.token}, ${it.protocol}, ${it.type}, ${it.message})`);
  for (const { id, bytes } of areas) {
    rows.push(`AREA("${id}", ${bytes.length / 2}, "${bytes.replaceAll(/../g, "\\x$&")}")`);
  }
  return `${rows.join("\n")}\n`;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const compiler = findCompiler();
  const wasm = process.argv[2] ?? findCore();
  if (!compiler) throw new Error("build: expected a C compiler (cc, gcc, clang or $CC), got none");
  if (!wasm) throw new Error("build: expected dist/core.wasm or build/release.wasm, got neither: npm run build first");
  console.log(buildExample(compiler, wasm, join(root, "build/embed")));
}
