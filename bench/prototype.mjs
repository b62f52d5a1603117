// Is the flat peer a fair yardstick: not slower than the first flat twin on that one's own work?
import { COMMANDS } from "./harness/arena.mjs";
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const OPS = 4096;

export const title = "The yardstick: an agent alone, against a responder that only writes a length and a status";
export const names = ["flat", "prototype"];

export async function measure(arena) {
  if (!arena.compiler) return [];
  await arena.open(SHAPES.board);
  const rows = [];
  for (const [key, command] of Object.entries(COMMANDS)) {
    const contestants = arena.contestants(names, undefined, "transport", OPS, key);
    const name = `transport ${command.title}`;
    rows.push({ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) });
  }
  return rows;
}
