import { describe, expect, test } from "vitest";
import { FleetMemory } from "../../src/sim/fleet-memory.ts";
import { bucketTop, HISTOGRAM_BUCKETS, quantileOf } from "../../src/sim/histogram.ts";
import { Fleet, type FleetPart, type Governor, mergeTallies, parseLoad, planFleet } from "../../src/sim/index.ts";
import { boardFile } from "../platform/kit.ts";
import { Random } from "../support/random.ts";

/** The rules of docs/simulation.md as governors of one's own. */
const RULES: Readonly<Record<string, Governor>> = {
  performance: ({ levels }) => levels.length - 1,
  powersave: () => 0,
  schedutil: ({ capacities }, utilisation) => {
    const level = capacities.findIndex((capacity) => utilisation / capacity <= 4 / 5);
    return level < 0 ? capacities.length - 1 : level;
  },
};

describe("a fleet", () => {
  test.each(Object.entries(RULES))(
    "comes to the same under the %s that is built in and one that is not",
    (name, rule) => {
      const board = boardFile("example");
      const domains = board.performance?.domains.map((it, i) => ({ ...it, rateLimitUs: i * 25_000 })) ?? [];
      const limited = board.performance ? { ...board, performance: { ...board.performance, domains } } : board;
      const plan = planFleet([limited, board], {
        load: [parseLoad("bursty")],
        socs: 900,
        seconds: 0.3,
        governor: name,
      });
      const tally = (governor: string, part: FleetPart) => {
        const fleet = Fleet.open({ ...plan, governor }, part);
        while (fleet.advance(10));
        return fleet.tally();
      };
      const builtIn = tally(name, {});
      // More than one list's worth at once, at least where all ask
      if (name === "performance") expect(builtIn.counts[0]).toBeGreaterThan(400);
      expect(builtIn).toEqual(tally("mine", { governor: rule }));
      const parts = [tally(name, { from: 333 }), tally(name, { to: 333 })];
      expect(mergeTallies(plan, parts)).toEqual(builtIn);
    },
  );
});

describe("a log-linear histogram", () => {
  test("has a bucket for every value, in order, whose top is at most 1/16 above it", () => {
    const random = new Random(1);
    const values = [
      ...Array(300).keys(),
      ...Array.from({ length: 3000 }, () => random.word() >>> random.below(32)),
      0xffffffff,
    ];
    for (const value of values) {
      const bucket = histogramOf([value]).indexOf(1);
      expect(bucketTop(bucket)).toBeGreaterThanOrEqual(value);
      expect(bucketTop(bucket)).toBeLessThanOrEqual(value * (1 + 1 / 16));
      if (bucket > 0) expect(bucketTop(bucket - 1)).toBeLessThan(value);
      expect(bucket).toBeLessThan(HISTOGRAM_BUCKETS);
    }
  });

  test("counts every latency once, however many there are between two looks at it", () => {
    const memory = new FleetMemory([], 0, 1);
    let [count, sum] = [0, 0];
    for (const more of [0, 1, 255, 256, 257, 700]) {
      for (let i = 0; i < more; i++) memory.addLatency(i);
      count += more;
      sum += (more * (more - 1)) / 2;
      const { latency, latencySumUs } = memory.latencies();
      expect(latency.reduce((all, it) => all + it, 0)).toBe(count);
      expect(latencySumUs).toBe(sum);
    }
    expect(memory.latencies().longestLatencyUs).toBe(699);
  });

  test("finds quantiles", () => {
    expect(quantileOf(new Float64Array(HISTOGRAM_BUCKETS), 0.5)).toBe(0);
    const counts = histogramOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([0, 0.1, 0.5, 0.91, 1].map((share) => quantileOf(counts, share))).toEqual([1, 1, 5, 10, 10]);
  });

  function histogramOf(values: readonly number[]): Float64Array {
    const memory = new FleetMemory([], 0, 1);
    for (const value of values) memory.addLatency(value);
    return memory.latencies().latency;
  }
});
