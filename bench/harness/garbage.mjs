// What calls leave on the JavaScript heap, garbage included.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const CALLS = 8192;
/** Compilers allocate, too, and asking for the size does: the least of several rounds is what the calls leave. */
const ROUNDS = 8;

/** Bytes a call, once it is warm.
 *  @param run makes one call
 *  @param warmUpMs below 200 the engine has not compiled everything, and what it interprets makes garbage */
export function bytesPerCall(run, warmUpMs) {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const round = () => {
    for (let i = 0; i < CALLS; i++) run(i);
  };
  const end = performance.now() + warmUpMs;
  while (performance.now() < end) round();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    gc();
    const before = process.memoryUsage().heapUsed;
    round();
    const bytes = process.memoryUsage().heapUsed - before;
    if (bytes >= 0) least = Math.min(least, bytes); // else the collector came in between
  }
  return Number((least / CALLS).toFixed(3));
}
