// Fills dist/: the library by tsc (dist/src, dist/assembly/**/layout.js), the wasm files, the released one as C (dist/wasm2c), the message
// tables as data (dist/scmi.json), Wireshark's dissector (dist/scmi.lua), the schemas of board files and boot reports
// (dist/board.schema.json, dist/boot.schema.json), and the bundled command (dist/cli/scmi.js).
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { translate } from "../examples/embed/c/build.mjs";
import { bundleCli } from "./bundle-cli.mjs";
import { loadTables } from "./load-tables.mjs";
import { tableData } from "./table-data.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
copyFileSync("build/release.wasm", "dist/core.wasm");
copyFileSync("build/threads.wasm", "dist/core-threads.wasm");
copyFileSync("build/sim.wasm", "dist/sim.wasm");
translate("dist/core.wasm", "dist/wasm2c");
copyFileSync("wireshark/scmi.lua", "dist/scmi.lua");
writeFileSync("dist/scmi.json", `${JSON.stringify(tableData(await loadTables()))}\n`);
const { BOARD_SCHEMA } = await import("../dist/src/board/schema.js");
writeFileSync("dist/board.schema.json", `${JSON.stringify(BOARD_SCHEMA, undefined, 2)}\n`);
const { BOOT_SCHEMA } = await import("../dist/src/world/boot-schema.js");
writeFileSync("dist/boot.schema.json", `${JSON.stringify(BOOT_SCHEMA, undefined, 2)}\n`);
await bundleCli("src/cli/main.ts", "dist/cli/scmi.js");
chmodSync("dist/cli/scmi.js", 0o755);
