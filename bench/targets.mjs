/** What is asked of the core, as ratios of medians in one run. `of / to` has to be at most, or at least, the limit; `cases` picks
 *  rows by name. A batch is eight entries or more; one of a single entry is a call. */
export const TARGETS = [
  {
    text: "batch ≤ 1.1 × the wasm2c twin",
    cases: /^batch .* of (8|64|512|4096)$/,
    of: "core",
    to: "wasm2c",
    atMost: 1.1,
  },
  { text: "batch ≤ 1.6 × flat C", cases: /^batch .* of (8|64|512|4096)$/, of: "core", to: "flat", atMost: 1.6 },
  { text: "mixed batch ≤ 1.1 × the wasm2c twin", cases: /^mixed batch /, of: "core", to: "wasm2c", atMost: 1.1 },
  { text: "mixed batch ≤ 1.6 × flat C", cases: /^mixed batch /, of: "core", to: "flat", atMost: 1.6 },
  { text: "one call ≤ 2 × the wasm2c twin", cases: /^exchange /, of: "core", to: "wasm2c", atMost: 2 },
  { text: "one call ≤ 0.6 × structured C with locks", cases: /^exchange /, of: "core", to: "structured", atMost: 0.6 },
  {
    text: "one call ≤ 1.1 × the best JavaScript at 8/0",
    cases: /^exchange 8\/0$/,
    of: "core",
    to: "best",
    atMost: 1.1,
  },
  {
    text: "one call ≥ 1.3 × faster than the best JavaScript at 8/88",
    cases: /^exchange 8\/88$/,
    of: "best",
    to: "core",
    atLeast: 1.3,
  },
  {
    text: "batch ≥ 1.3 × faster than the best JavaScript",
    cases: /^batch .* of (8|64|512|4096)$/,
    of: "best",
    to: "core",
    atLeast: 1.3,
  },
  {
    text: "100,000 instances ≤ 1.3 × flat C on the same layout",
    cases: /^100,000 instances/,
    of: "core",
    to: "flat",
    atMost: 1.3,
  },
  { text: "ping-pong ≤ 1.5 × two pthreads", cases: /^ping-pong/, of: "core", to: "pthreads", atMost: 1.5 },
  { text: "heap growth ≤ 0.1 byte an exchange", cases: /^heap growth/, atMost: 0.1 },
  { text: "release wasm ≤ 32 KiB", cases: /^release wasm/, atMost: 32 * 1024 },
  { text: "flat C not slower than its prototype", cases: /^transport /, of: "flat", to: "prototype", atMost: 1 },
];

/** Each target with the value of every case it is about; `met` is undefined where nothing was measured. */
export function judge(rows) {
  return TARGETS.map(({ text, cases, of, to, atMost, atLeast }) => {
    const values = rows
      .filter(({ name }) => cases.test(name))
      .map(({ name, value, results }) => {
        const figure = value ?? ratio(results, of, to);
        if (figure === undefined) return undefined;
        return { name, figure, met: atMost === undefined ? figure >= atLeast : figure <= atMost };
      })
      .filter(Boolean);
    return { text, values, met: values.length ? values.every(({ met }) => met) : undefined };
  });
}

export function ratio(results, of, to) {
  if (!results?.[of] || !results[to]) return undefined;
  return Number((results[of].median / results[to].median).toFixed(3));
}
