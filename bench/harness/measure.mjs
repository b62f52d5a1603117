/** How much is measured. `rounds` × `samples` samples of each contestant; `warmUpMs` before the first. */
export const BUDGETS = {
  full: {
    name: "full",
    rounds: 40,
    samples: 10,
    warmUpMs: 250,
    fleets: [1, 100, 10_000, 100_000],
    heapExchanges: 1_000_000,
  },
  quick: {
    name: "quick",
    rounds: 12,
    samples: 6,
    warmUpMs: 120,
    fleets: [1, 100, 10_000, 100_000],
    heapExchanges: 1_000_000,
  },
  tiny: { name: "tiny", rounds: 2, samples: 2, warmUpMs: 5, fleets: [1, 100], heapExchanges: 20_000 },
};

const LEAST_STEPS = 20;

/** Two adjacent readings of the clock, the least of many: below 20 of these a sample says little. */
export function timerStepNs() {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10_000; i++) {
    const start = process.hrtime.bigint();
    const step = Number(process.hrtime.bigint() - start);
    if (step > 0) least = Math.min(least, step);
  }
  return least;
}

/** Measures the same case on all contestants, in rounds of a few samples each, so that noise hits all alike.
 *  A contestant is `(count) => ({ ns: number[], sum, bad })`, maybe a promise of it; `ops` operations a sample.
 *  All results are checked before anything counts, and after each round. */
export async function compare({ name, ops, contestants, budget }) {
  const entries = Object.entries(contestants);
  let expected;
  const check = (who, { sum, bad }, count) => {
    if (bad) throw new Error(`${name}: ${who}: expected right results, got wrong ones (${bad})`);
    if (count !== 1) return;
    expected ??= { who, sum };
    if (sum !== expected.sum)
      throw new Error(`${name}: ${who}: expected the sum of ${expected.who}, ${expected.sum}, got ${sum}`);
  };
  for (const [who, sample] of entries) check(who, await sample(1), 1);
  for (const [who, sample] of entries) {
    const end = performance.now() + budget.warmUpMs;
    while (performance.now() < end) check(who, await sample(4), 4);
  }
  const samples = Object.fromEntries(entries.map(([who]) => [who, []]));
  for (let round = 0; round < budget.rounds; round++) {
    for (let i = 0; i < entries.length; i++) {
      // Each goes first in turn; the first sample after another contestant finds cold caches and is left out
      const [who, sample] = entries[(i + round) % entries.length];
      const result = await sample(budget.samples + 1);
      check(who, result, budget.samples + 1);
      samples[who].push(...result.ns.slice(1));
    }
  }
  return Object.fromEntries(entries.map(([who]) => [who, statistics(samples[who], ops)]));
}

/** Nanoseconds an operation. */
export function statistics(samples, ops) {
  const sorted = samples.map((ns) => ns / ops).sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const deviations = sorted.map((ns) => Math.abs(ns - median)).sort((a, b) => a - b);
  return {
    median: round(median),
    p99: round(quantile(sorted, 0.99)),
    mad: round(quantile(deviations, 0.5)),
    min: round(sorted[0]),
    samples: sorted.length,
    ops,
  };
}

/** Whose samples say more about the clock than about the work: those shorter than 20 of its steps. */
export function shortSamples(results, timerStep) {
  return Object.entries(results)
    .filter(([, { median, ops }]) => median * ops < LEAST_STEPS * timerStep)
    .map(([who]) => who);
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

function round(ns) {
  return Number(ns.toPrecision(4));
}
