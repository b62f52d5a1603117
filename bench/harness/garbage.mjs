// What calls leave on the JavaScript heap, garbage included.
/** A round: few enough that the collector seldom comes in between, whatever they leave. */
const CALLS = 1024;
/** The median of so many: compilers allocate in some of them, and the collector gives back in others. */
const ROUNDS = 75;
/** Times that is tried: what is not compiled yet makes garbage. */
const TRIES = 30;
/** As little as cannot be told from nothing. */
const NOTHING = 0.02;

/** Bytes a call, once everything is compiled.
 *  @param run makes one call; given its number
 *  @param warmUpMs before the first round, of the processor */
export function bytesPerCall(run, warmUpMs) {
  const round = () => {
    for (let i = 0; i < CALLS; i++) run(i);
  };
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < warmUpMs * 1000) round();
  const asking = medianGrowth(() => {});
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > NOTHING; i++) {
    least = Math.min(least, Math.max(0, medianGrowth(round) - asking) / CALLS);
  }
  return Number(least.toFixed(3));
}

function medianGrowth(round) {
  const grown = Array.from({ length: ROUNDS }, () => {
    const before = process.memoryUsage().heapUsed;
    round();
    return process.memoryUsage().heapUsed - before;
  }).sort((a, b) => a - b);
  return grown[ROUNDS >>> 1] ?? 0;
}
