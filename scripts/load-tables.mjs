import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Imports the message tables from their sources, with empty codecs: they have to load while these are stale or absent. */
export async function loadTables() {
  const folder = mkdtempSync(join(tmpdir(), "scmi-wasm-tables-"));
  const outfile = join(folder, "tables.mjs");
  try {
    await build({
      stdin: {
        contents: `export * from "./src/protocols/index.ts"; export * from "./src/wire/index.ts";`,
        resolveDir: fileURLToPath(new URL("..", import.meta.url)),
      },
      outfile,
      bundle: true,
      format: "esm",
      target: "node20",
      logLevel: "error",
      plugins: [{ name: "without-codecs", setup: withoutCodecs }],
    });
    return await import(pathToFileURL(outfile));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutCodecs({ onResolve, onLoad }) {
  onResolve({ filter: /\/codecs\/[^/]+\.generated\.ts$/ }, ({ path }) => ({ path, namespace: "without-codecs" }));
  onLoad({ filter: /.*/, namespace: "without-codecs" }, ({ path }) => ({
    contents: `export const ${basename(path, ".generated.ts").replaceAll("-", "_").toUpperCase()}_CODECS = {};`,
  }));
}
