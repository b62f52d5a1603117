// Compiles the core, and the module of fleets. Without arguments all targets of asconfig.json, else the named ones: node scripts/build-wasm.mjs debug
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";
import { InlineHot } from "./inline-hot.mjs";

/** The debug build has its own entry, which also exports internals for tests. */
const ENTRIES = {
  release: "assembly/index.ts",
  debug: "assembly/debug.ts",
  threads: "assembly/index.ts",
  sim: "assembly/sim/index.ts",
};

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
mkdirSync("build", { recursive: true });

for (const target of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ENTRIES)) {
  const entry = ENTRIES[target];
  if (!entry) throw new Error(`build-wasm: expected a target of ${Object.keys(ENTRIES).join(", ")}, got ${target}`);
  // The list names functions of the core
  const transforms = target === "sim" ? [] : [InlineHot];
  const { error, stderr } = await main([entry, "--target", target], { transforms });
  process.stderr.write(stderr.toString());
  if (error) {
    console.error(`build-wasm: ${target}: ${error.message}`);
    process.exit(1);
  }
}
