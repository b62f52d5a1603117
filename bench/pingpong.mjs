// What does an exchange between two threads cost, agent in one and platform in the other, each looking a while before it sleeps?
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { findWasm } from "./harness/arena.mjs";
import { compare } from "./harness/measure.mjs";
import { compilePeers, NativePeer, writeImage } from "./harness/native.mjs";
import { canPin, pinNewThreads, threads } from "./harness/pin.mjs";
import { openCore, SHAPES } from "./harness/shapes.mjs";

const OPS = 1024;
/** How often a thread looks before it sleeps: longer than a sleeper takes to wake, or two threads that once slept do so for ever. */
const SPINS = 50_000;

export const title = "Two threads, one shared memory";
export const names = ["core", "pthreads"];

export async function measure(arena) {
  const wasm = findWasm("threads");
  if (!wasm) {
    arena.log("no threads build: the ping-pong is left out");
    return [];
  }
  const module = new WebAssembly.Module(readFileSync(wasm));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 32_767, shared: true });
  const core = openCore({ ...new WebAssembly.Instance(module, { env: { memory } }).exports, memory }, SHAPES.board);
  const image = writeImage(memory, core);
  const stop = new SharedArrayBuffer(4);
  const pins = canPin();
  if (!pins) arena.log("threads cannot be pinned (taskset): the ping-pong measures the scheduler, too");
  const start = async (role, home) => {
    const before = pins ? threads() : undefined;
    const worker = new Worker(new URL("harness/pingpong-worker.mjs", import.meta.url), {
      workerData: { role, module, memory, core, spins: SPINS, stop },
    });
    await once(worker, "message");
    if (pins) pinNewThreads(before, home);
    return worker;
  };
  const platform = await start("platform", 1);
  const agent = await start("agent", 0);
  const contestants = {
    core: async (count) => {
      agent.postMessage({ ops: OPS, count });
      const [result] = await once(agent, "message");
      return result;
    },
  };
  const program = process.platform === "linux" ? compilePeers(["pingpong"], wasm)?.programs.pingpong : undefined;
  const native = program && new NativePeer(program);
  if (native) {
    if (pins) await native.pin();
    await native.load(image);
    contestants.pthreads = (count) => native.sample("pingpong", OPS, count, SPINS);
  }
  try {
    const name = "ping-pong 8/0";
    return [{ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) }];
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    native?.close();
    await Promise.all([agent.terminate(), once(platform, "exit")]);
  }
}
