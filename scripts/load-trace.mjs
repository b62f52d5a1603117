import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Imports from their sources what generators need of the trace formats: the pseudo header, and the statuses. */
export async function loadTrace() {
  const folder = mkdtempSync(join(tmpdir(), "scmi-wasm-trace-"));
  const outfile = join(folder, "trace.mjs");
  try {
    await build({
      stdin: {
        contents: `export * from "./src/trace/export/pcapng-pseudo.ts"; export { STATUS } from "./src/errors.ts";`,
        resolveDir: fileURLToPath(new URL("..", import.meta.url)),
      },
      ...{ outfile, bundle: true, format: "esm", target: "node20", logLevel: "error" },
    });
    return await import(pathToFileURL(outfile));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
