// What do posting a command and settling its answer cost on their own, at 0, 8, 32 and 96 bytes?
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

/** One command on each of as many channels: each has its own instance, so nothing stays in the first-level cache. */
const OPS = 1024;
const BYTES = [0, 8, 32, 96];

export const title = "Post and settle";
export const names = ["core", "wasm2c", "flat", "structured", "best", "usual"];

export async function measure(arena) {
  await arena.open(SHAPES.fleet(OPS));
  const indices = new Int32Array(OPS);
  const rows = [];
  for (const half of ["post", "settle"]) {
    for (const [i, bytes] of BYTES.entries()) {
      const isPost = half === "post";
      const command = (0x80 << 10) | (isPost ? 4 : 4 + i);
      const loop = (peer, now) =>
        peer.halfLoop(OPS, command, isPost ? bytes : 0, isPost ? 0 : bytes, isPost, now, indices);
      const contestants = arena.contestants(names, loop, half, OPS, bytes);
      const name = `${half} ${bytes}`;
      rows.push({ name, results: await compare({ name, ops: OPS, contestants, budget: arena.budget }) });
    }
  }
  return rows;
}
