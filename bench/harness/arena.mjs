import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ApiPeer } from "../peers/api.mjs";
import { CorePeer } from "../peers/core.mjs";
import { Usual } from "../peers/usual.mjs";
import { LEVELS } from "./description.mjs";
import { compilePeers, NativePeer, writeImage } from "./native.mjs";
import { planOf } from "./shapes.mjs";

/** The three commands of the exchange cases: LEVEL_SET (8 bytes out, 0 back), LEVEL_GET (4, 4), a constant (8, 88). */
export const COMMANDS = {
  set: { title: "8/0", command: (0x13 << 10) | 7, requestBytes: 8, replyBytes: 0 },
  get: { title: "4/4", command: (0x13 << 10) | 8, requestBytes: 4, replyBytes: 4 },
  constant: { title: "8/88", command: (0x13 << 10) | 4, requestBytes: 8, replyBytes: 88 },
};

let opened = 0;

/** All that takes part in a run. Names of contestants: core, wasm2c, flat, structured, best, usual. */
export class Arena {
  #second;
  #js;
  #api;
  natives = {};

  constructor({ budget, wasm, log }) {
    this.budget = budget;
    this.log = log;
    this.wasm = wasm;
    this.module = new WebAssembly.Module(readFileSync(wasm));
    const compiled = compilePeers(["wasm2c", "flat", "structured", "prototype"], wasm);
    this.compiler = compiled?.compiler;
    if (!compiled) log("no C compiler (cc, gcc, clang, $CC): the native peers are left out");
    for (const [name, program] of Object.entries(compiled?.programs ?? {}))
      this.natives[name] = new NativePeer(program);
  }

  /** Opens a shape everywhere: two cores, each in a wasm instance of its own, and one of each peer. */
  async open(shape, { cores = 2 } = {}) {
    this.first = new CorePeer(this.module, shape);
    this.#second = cores === 2 ? new CorePeer(this.module, shape) : undefined;
    const plan = planOf(shape);
    // A module of its own for each shape: the engine then knows its arrays as constants, and it is as good as it gets
    const { createBest } = await import(`../peers/best.mjs?${opened++}`);
    this.#js = { best: createBest(plan), usual: new Usual(plan) };
    this.#api ??= await openBuilt();
    const loading = Object.entries(this.natives).filter(([name]) => name !== "prototype");
    if (loading.length === 0) return;
    const image = writeImage(this.first.wasm.memory, this.first.core);
    for (const [, native] of loading) await native.load(image);
  }

  /** A contestant of each name, where it exists. `loop(peer, now, i)` is one sample of a peer in this process; `native` are the
   *  words of the same sample for a native peer. */
  contestants(names, loop, ...native) {
    const [name, ops, ...args] = native;
    const all = {};
    for (const who of names) {
      if (who === "core") all.core = alternating(this.#second ? [this.first, this.#second] : [this.first], loop);
      else if (who === "api" && this.#api) all.api = alternating(this.#api, loop);
      else if (this.#js[who]) all[who] = alternating([this.#js[who]], loop);
      else if (this.natives[who]) all[who] = (count) => this.natives[who].sample(name, ops, count, ...args);
    }
    return all;
  }

  close() {
    for (const native of Object.values(this.natives)) native.close();
  }
}

/** Samples go to the peers in turn: with two cores alive, both are at work all the time. Each has a clock of its own, which must
 *  not go backwards. */
function alternating(peers, loop) {
  let turn = 0;
  const clocks = peers.map(() => 0);
  return (count) => {
    const result = { ns: [], sum: 0, bad: 0 };
    for (let i = 0; i < count; i++) {
      const which = turn++ % peers.length;
      const { ns, sum, bad } = loop(peers[which], clocks[which]);
      clocks[which] += 1e6;
      result.ns.push(ns);
      result.sum = (result.sum + sum) | 0;
      result.bad |= bad;
    }
    return result;
  };
}

/** Two cores by the class of the package, if it is built. They have the shape `board`. */
async function openBuilt() {
  const entry = new URL("../../dist/src/index.js", import.meta.url);
  if (!existsSync(fileURLToPath(entry))) return undefined;
  const { Core } = await import(entry);
  return Core && [new ApiPeer(Core), new ApiPeer(Core)];
}

/** The release build, wherever it is. */
export function findWasm(name = "release") {
  const places = [
    `../../build/${name}.wasm`,
    name === "release" ? "../../dist/core.wasm" : "../../dist/core-threads.wasm",
  ];
  return places.map((it) => fileURLToPath(new URL(it, import.meta.url))).find(existsSync);
}

/** All channels, in order or shuffled by Fisher–Yates over xorshift32: the same order in every peer. */
export function orderOf(count, isScattered) {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let r = 2463534242;
  for (let i = count - 1; isScattered && i > 0; i--) {
    r ^= r << 13;
    r ^= r >>> 17;
    r ^= r << 5;
    const j = (r >>> 0) % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export { LEVELS };
