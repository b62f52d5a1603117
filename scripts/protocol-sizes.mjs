// What each protocol adds to a bundle that has an agent: brotli, minified. Exits with 1 when one is over its budget. Build first.
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const BUDGET = 4096;
/** Five versions, and records whose size their flags tell. */
const SENSOR_BUDGET = 5120;
/** The classes that an agent opens protocols with; Base's table is in every agent. */
const NAMES = Object.entries(await import("../dist/src/protocols/index.js"))
  .filter(([name, it]) => typeof it === "function" && it.table && name !== "Base")
  .map(([name]) => name);

const bare = await sizeWith([]);
const whole = await sizeWith(NAMES);
console.log("bytes of brotli  over scmi-wasm alone  with all others");
for (const name of NAMES) {
  const added = (await sizeWith([name])) - bare;
  const last = whole - (await sizeWith(NAMES.filter((it) => it !== name)));
  const budget = name === "Sensor" ? SENSOR_BUDGET : BUDGET;
  console.log(`${name.padEnd(17)}${String(added).padStart(20)}${String(last).padStart(17)}`);
  if (added > budget) {
    console.error(`protocol-sizes: ${name}: expected at most ${budget} bytes, got ${added}`);
    process.exitCode = 1;
  }
}

async function sizeWith(names) {
  const lines = ['export * from "./index.js";', `export { ${names.join(", ")} } from "./protocols/index.js";`];
  const resolveDir = fileURLToPath(new URL("../dist/src", import.meta.url));
  const options = { bundle: true, minify: true, format: "esm", write: false };
  const { outputFiles } = await build({ ...options, stdin: { contents: lines.join("\n"), resolveDir } });
  return brotliCompressSync(outputFiles[0].contents).length;
}
