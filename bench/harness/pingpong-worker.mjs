// One half of the ping-pong: the platform serves until it is told to stop, the agent runs samples when it is told to.
import { parentPort, workerData } from "node:worker_threads";
import { LEVELS } from "./description.mjs";
import { L } from "./layout.mjs";

const CHANNEL = 0;
const SLEEP_NS = 1e8;
const DONE = 4;

const { role, module, memory, core, spins, stop } = workerData;
const wasm = new WebAssembly.Instance(module, { env: { memory } }).exports;
wasm.attach(core);

if (role === "platform") {
  const stopping = new Int32Array(stop);
  parentPort.postMessage("ready");
  while (!Atomics.load(stopping, 0)) {
    if (!wasm.awaitCommand(core, CHANNEL, spins, SLEEP_NS)) continue;
    wasm.serve(core, CHANNEL, 0);
    wasm.ring(core, CHANNEL, L.RING_AGENT);
  }
} else {
  const i32 = new Int32Array(memory.buffer);
  parentPort.on("message", ({ ops, count }) => {
    const result = { ns: [], sum: 0, bad: 0 };
    for (let i = 0; i < count; i++) sample(ops, i32, result);
    parentPort.postMessage(result);
  });
  parentPort.postMessage("ready");
}

function sample(ops, i32, result) {
  const index = wasm.acquire(core, 0);
  const table = (core + L.CORE_XFERS) >> 2;
  const xfer = (core + i32[table] + index * i32[table + 1]) >> 2;
  const payload = xfer + (L.XFER_PAYLOAD >> 2);
  let sum = 0;
  let bad = 0;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < ops; i++) {
    i32[payload] = i & 1;
    i32[payload + 1] = LEVELS[i & 7];
    bad |= wasm.post(core, CHANNEL, index, (0x13 << 10) | 7, 8, 0);
    wasm.ring(core, CHANNEL, L.RING_PLATFORM);
    while (!wasm.awaitAnswer(core, CHANNEL, spins, SLEEP_NS));
    bad |= wasm.settle(core, CHANNEL, 0) ^ index;
    bad |= i32[payload] | i32[xfer + (L.XFER_FAULT >> 2)];
    sum = (sum + i32[payload]) | 0;
  }
  result.ns.push(Number(process.hrtime.bigint() - begin));
  bad |= i32[xfer] ^ DONE;
  result.sum = (result.sum + sum) | 0;
  result.bad |= bad | wasm.release(core, index);
}
