// Runs inside of a Linux guest, as root: an agent over the raw mode of that kernel, which does what the test outside asks for. One JSON
// document a line, both ways: {id, of, method, args} and "@@ " {id, result} or {id, error}. Sees ./remote.ts.
import { createInterface } from "node:readline";
import { Agent, Core } from "../../dist/src/index.js";
import * as protocols from "../../dist/src/protocols/index.js";
import { raw } from "../../dist/src/transport/raw.node.js";
import { Fan } from "../../examples/vendor/fan-agent.mjs";

const plain = (_, value) => {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Map ? [...value] : value;
};
const say = (message) => console.log(`@@ ${JSON.stringify(message, plain)}`);

const anomalies = [];
const core = await Core.open();
const agent = await Agent.open(core, raw({ instance: 0 }), {
  onAnomaly: ({ kind, header = 0 }) => anomalies.push({ kind, messageId: header & 0xff, type: (header >> 8) & 3 }),
});
const watches = [];
const own = {
  /** A watch, by its number, once the platform has agreed. */
  async watch(of, method, ...args) {
    const watch = (await agent.protocol(classOf(of)))[method](...args);
    await watch.ready;
    return watches.push(watch) - 1;
  },
  next: async (index) => (await watches[index].next()).value,
  leave: async (index) => void (await watches[index].return()),
  async send(header, ...bytes) {
    const { payload } = await agent.raw(header, Uint8Array.from(bytes));
    return [...payload];
  },
  counters: () => ({ ...agent.counters, anomalies }),
  async close() {
    await agent.close();
    return core.leaks();
  },
};

function classOf(name) {
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: nothing is bundled here
  return name === "Fan" ? Fan : protocols[name];
}

async function answer({ id, of, method, args }) {
  try {
    const target = of === "own" ? own : await agent.protocol(classOf(of));
    say({ id, result: await target[method](...args) });
  } catch (reason) {
    say({ id, error: { name: reason.name, message: reason.message, status: reason.status } });
  }
}

say({ id: 0, result: "ready" });
const lines = createInterface({ input: process.stdin, terminal: false });
for await (const line of lines) {
  if (line === "end") break;
  void answer(JSON.parse(line));
}
process.exit(0);
