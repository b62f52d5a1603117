// What does an exchange cost when 1 to 100,000 SCMI instances are visited in order, or scattered?
import { COMMANDS, LEVELS, orderOf } from "./harness/arena.mjs";
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const OPS = 4096;

export const title = "Many instances, one row each, in batches of 4,096";
export const names = ["core", "wasm2c", "flat", "best"];

export async function measure(arena) {
  const rows = [];
  for (const count of arena.budget.fleets) {
    await arena.open(SHAPES.fleet(count), { cores: 1 });
    for (const key of ["ordered", "scattered"]) {
      const order = orderOf(count, key === "scattered");
      const next = new Map();
      const loop = (peer, now) => {
        const first = next.get(peer) ?? 0;
        next.set(peer, (first + OPS) % count);
        return peer.batchLoop(OPS, COMMANDS.set, LEVELS, now, OPS, order, first);
      };
      const contestants = arena.contestants(names, loop, "scale", OPS, key);
      const name = `${count.toLocaleString("en")} instances, ${key}`;
      rows.push({ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) });
    }
  }
  return rows;
}
