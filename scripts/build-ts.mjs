// Fills dist/: the library by tsc (dist/src, dist/assembly/layout.js), both wasm files, and the bundled command (dist/cli/scmi.js).
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleCli } from "./bundle-cli.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
copyFileSync("build/release.wasm", "dist/core.wasm");
copyFileSync("build/threads.wasm", "dist/core-threads.wasm");
await bundleCli("src/cli/main.ts", "dist/cli/scmi.js");
chmodSync("dist/cli/scmi.js", 0o755);
