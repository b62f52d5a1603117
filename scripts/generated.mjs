// Runs every generator whose output is kept in the repository; they read build/ and dist/, so build first. --write or --check.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A generator is a script here that calls emit() and so knows --check. */
const GENERATORS = [
  "embed-wasm",
  "export-names",
  "error-docs",
  "c-header",
  "memory-map",
  "recording",
  "readme",
  "codecs",
  "protocol-docs",
  "lua-dissector",
];

const mode = process.argv[2];
if (mode !== "--write" && mode !== "--check") {
  console.error(`generated: expected --write or --check, got ${mode ?? "nothing"}`);
  process.exit(2);
}

for (const name of GENERATORS) {
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, mode], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`generated: ${name} ${mode} failed`);
    process.exitCode = 1;
  }
}
