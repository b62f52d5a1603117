// What does an exchange cost in a batch over all hot commands in turn, through the rings, in one call?
import { compare } from "./harness/measure.mjs";
import { MIX } from "./harness/mix.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const OPS = 1024;

export const title = "All hot commands in turn, in one batch";
export const names = ["core", "wasm2c", "flat", "structured", "best", "usual"];

export async function measure(arena, sizes = [64, OPS]) {
  await arena.open(SHAPES.mixed);
  const rows = [];
  for (const size of sizes) {
    const loop = (peer, now) => peer.mixedLoop(OPS, MIX, now, size);
    const contestants = arena.contestants(names, loop, "mixed", OPS, size);
    const name = `mixed batch of ${size}`;
    rows.push({ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) });
  }
  return rows;
}
