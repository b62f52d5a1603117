// Boots a board from its device tree, and asks what became of it: a machine in one process, in simulated time.
import { readFileSync } from "node:fs";
import { readDeviceTree } from "scmi-wasm/devicetree";
import { boot, isWhole, planTree } from "scmi-wasm/world";

const file = process.argv[2] ?? new URL("boards/demo.dtb", import.meta.url).pathname;
const tree = readDeviceTree(new Uint8Array(readFileSync(file)), { file });
const report = await boot(planTree(tree), { profile: "3.2", seed: 1 });

for (const { node, transport, protocols, consumers } of report.instances) {
  const names = protocols.map(({ name, version }) => `${name} ${version}`).join(", ");
  console.log(`${node} over ${transport}: ${names}; ${consumers.length} consumers`);
}
for (const { message } of report.failures) console.log(message);
console.log(isWhole(report) ? "up as a whole" : "not all of it came up");
