// What do the single-word pieces cost: a header packed and taken apart, an xfer taken and put back? Reported, not judged.
import { compare } from "./harness/measure.mjs";
import { SHAPES } from "./harness/shapes.mjs";

const OPS = 16_384;

export const title = "Pieces";
export const names = ["core", "wasm2c", "flat", "structured", "best", "usual"];

export async function measure(arena) {
  await arena.open(SHAPES.board);
  const { budget } = arena;
  const acquire = arena.contestants(names, (peer) => peer.acquireLoop(OPS), "acquire", OPS);
  // Headers are packed where they are needed: outside the core that is plain JavaScript, the same in all peers
  const header = arena.contestants(["best", "flat"], () => headerLoop(OPS), "header", OPS);
  return [
    {
      name: "xfer acquire + release",
      results: await compare({ name: "acquire", ops: OPS, contestants: acquire, budget }),
    },
    { name: "header pack + unpack", results: await compare({ name: "header", ops: OPS, contestants: header, budget }) },
  ];
}

function headerLoop(ops) {
  let sum = 0;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < ops; i++) {
    const header = (i & 0xff) | (((i >>> 5) & 0xff) << 10) | ((i & 1023) << 18);
    sum = (sum + (header & 0xff) + ((header >>> 10) & 0xff) + ((header >>> 18) & 1023)) | 0;
  }
  return { ns: Number(process.hrtime.bigint() - begin), sum, bad: 0 };
}
