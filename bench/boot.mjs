// How long does a real board take from its blob to the report, and what do 10,000 consumers cost? `--json`, `--tiny`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceTree, Node, writeDeviceTree } from "../dist/src/devicetree/index.js";

const isTiny = process.argv.includes("--tiny");
const root = fileURLToPath(new URL("..", import.meta.url));
const scmi = join(root, "dist/cli/scmi.js");
const given = process.env.SCMI_BOARDS_DIR;
const folders = [join(root, "examples/boards"), ...(given && existsSync(given) ? [given] : [])];
const boards = folders.flatMap((folder) =>
  readdirSync(folder).flatMap((name) =>
    name.endsWith(".dtb") ? [{ name, path: join(folder, name), aimMs: 2000 }] : [],
  ),
);

const scratch = mkdtempSync(join(tmpdir(), "scmi-bench-"));
const consumers = isTiny ? 100 : 10_000;
const large = join(scratch, "large.dtb");
writeFileSync(large, writeDeviceTree(manyConsumers(consumers)));
boards.push({ name: `${consumers} consumers`, path: large, aimMs: 5000 });

const rounds = isTiny ? 1 : 5;
const results = boards.map(({ name, path, aimMs }) => {
  const times = [];
  let report;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, [scmi, "boot", path, "--json"], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    times.push(performance.now() - start);
    if (status !== 0) throw new Error(`${name}: expected a board that comes up, got exit code ${status}: ${stderr}`);
    report = JSON.parse(stdout);
  }
  const all = report.instances.flatMap((it) => it.consumers);
  if (all.length === 0 || all.some(({ resolved }) => !resolved))
    throw new Error(`${name}: consumers without their resource`);
  const messages = report.instances.reduce((sum, { counters }) => sum + counters.sent, 0);
  times.sort((a, b) => a - b);
  return { name, consumers: all.length, messages, medianMs: times[times.length >> 1], highestMs: times.at(-1), aimMs };
});
rmSync(scratch, { recursive: true, force: true });

if (process.argv.includes("--json")) console.log(JSON.stringify({ rounds, results }, undefined, 2));
else {
  console.log(`process start to exit, median and most of ${rounds}`);
  for (const { name, consumers: count, messages, medianMs, highestMs, aimMs } of results) {
    const verdict = highestMs <= aimMs ? "" : `  MISSED the aim of ${aimMs} ms`;
    console.log(
      `${name.padEnd(28)} ${medianMs.toFixed(0).padStart(6)} ms ${highestMs.toFixed(0).padStart(6)} ms  ${count} consumers, ${messages} messages${verdict}`,
    );
  }
}

/** One instance behind a mailbox, and devices that each refer to a clock of their own. */
function manyConsumers(count) {
  const cells = (...values) => {
    const bytes = new Uint8Array(4 * values.length);
    for (const [i, value] of values.entries()) new DataView(bytes.buffer).setUint32(4 * i, value);
    return bytes;
  };
  const text = (value) => new TextEncoder().encode(`${value}\0`);
  const make = (name, parent, properties, children = {}) => {
    const below = [];
    const node = new Node({
      name,
      parent,
      properties: new Map(Object.entries(properties)),
      children: below,
      file: "bench",
    });
    for (const [key, [its, theirs]] of Object.entries(children)) below.push(make(key, node, its, theirs));
    return node;
  };
  const clock = { reg: cells(0x14), phandle: cells(9), "#clock-cells": cells(1) };
  const devices = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`device@${i.toString(16)}`, [{ clocks: cells(9, i) }]]),
  );
  const scmi = { compatible: text("arm,scmi"), mboxes: cells(1, 0), shmem: cells(2), "arm,max-msg-size": cells(100) };
  const tree = make(
    "",
    undefined,
    { "#address-cells": cells(1), "#size-cells": cells(1) },
    {
      scmi: [scmi, { "protocol@14": [clock] }],
      mailbox: [{ phandle: cells(1), "#mbox-cells": cells(1) }],
      "shmem@1000": [{ phandle: cells(2), compatible: text("arm,scmi-shmem"), reg: cells(0x1000, 0x80) }],
      ...devices,
    },
  );
  return new DeviceTree({ file: "bench", root: tree });
}
