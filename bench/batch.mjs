// What does an exchange cost in batches of 1 to 4,096 through the rings, in one call a batch?
import { COMMANDS, LEVELS } from "./harness/arena.mjs";
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const SIZES = [1, 8, 64, 512, 4096];

export const title = "Batches";
export const names = ["core", "wasm2c", "flat", "structured", "best", "usual"];

export async function measure(arena, sizes = SIZES) {
  const rows = [];
  for (const [key, command] of Object.entries(COMMANDS)) {
    const isWide = command.replyBytes > 4;
    for (const size of sizes) {
      const isLong = size > 1024;
      const ops = isLong ? 4096 : 1024;
      await arena.open(
        isWide
          ? isLong
            ? SHAPES.batchWideLong
            : SHAPES.batchWide
          : isLong
            ? SHAPES.batchShortLong
            : SHAPES.batchShort,
      );
      // The rings are filled before and read after: what is timed is `run`
      const loop = (peer, now) => peer.batchLoop(ops, command, LEVELS, now, size, undefined, 0);
      const contestants = arena.contestants(names, loop, "batch", ops, key, size);
      const name = `batch ${command.title} of ${size}`;
      rows.push({ name, results: await compare({ name, ops, contestants, budget: arena.budget }) });
    }
  }
  return rows;
}
