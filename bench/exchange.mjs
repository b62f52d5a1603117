// What does one whole polled exchange cost, one call each, and how much of that is the engine, the language and the structure?
import { COMMANDS, LEVELS } from "./harness/arena.mjs";
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const OPS = 4096;

export const title = "One call per exchange";
export const names = ["core", "api", "wasm2c", "flat", "structured", "best", "usual"];

export async function measure(arena) {
  await arena.open(SHAPES.board);
  const rows = [];
  for (const [key, command] of Object.entries(COMMANDS)) {
    const loop = (peer, now) => peer.exchangeLoop(OPS, command, LEVELS, now);
    const contestants = arena.contestants(names, loop, "exchange", OPS, key);
    const name = `exchange ${command.title}`;
    rows.push({ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) });
  }
  return rows;
}
