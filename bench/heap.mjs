// How much does the JavaScript heap grow for an exchange, and how big is the binary?
import { statSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { COMMANDS, LEVELS } from "./harness/arena.mjs";
import { bytesPerCall } from "./harness/garbage.mjs";
import { SHAPES } from "./harness/shapes.mjs";
import { mixOf, openMachine, WAYS } from "./machines.mjs";

const OPS = 4096;

export const title = "Heap and size";

/** Polled calls over every transport that can be polled: not only what stays counts, but garbage, too. */
async function polledSets({ warmUpMs }) {
  const rows = [];
  for (const way of Object.keys(WAYS).filter((it) => it !== "stream")) {
    const machine = await openMachine(way);
    const value = bytesPerCall(mixOf(machine), 2 * warmUpMs);
    rows.push({ name: `heap growth per polled call, ${way}`, value, unit: "bytes, garbage included" });
    await machine.close();
  }
  return rows;
}

export async function measure(arena) {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  await arena.open(SHAPES.board);
  const peer = arena.first;
  const samples = Math.ceil(arena.budget.heapExchanges / OPS);
  let now = 0;
  const go = () => {
    for (let i = 0; i < samples; i++) {
      if (peer.exchangeLoop(OPS, COMMANDS.set, LEVELS, now).bad)
        throw new Error("heap: expected right results, got wrong ones");
      now += 1e6;
    }
  };
  go();
  const settled = () => {
    for (let i = 0; i < 4; i++) gc();
    return process.memoryUsage().heapUsed;
  };
  const before = settled();
  go();
  const growth = settled() - before;
  const exchanges = samples * OPS;
  return [
    { name: "heap growth per exchange", value: Number((growth / exchanges).toFixed(4)), unit: "bytes", exchanges },
    ...(await polledSets(arena.budget)),
    { name: "release wasm", value: statSync(arena.wasm).size, unit: "bytes" },
  ];
}
