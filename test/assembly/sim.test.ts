import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/sim/layout.ts";
import { Random, seeds } from "../support/random.ts";
import { ARRAYS, instantiateSim, SimFleet } from "../support/sim.ts";

const GOVERNORS = [layout.GOVERNOR_PERFORMANCE, layout.GOVERNOR_POWERSAVE, layout.GOVERNOR_SCHEDUTIL];

/** The table of docs/simulation.md, word by word. */
function wantedBy(governor: number, capacities: readonly number[], utilisation: number): number {
  const highest = capacities.length - 1;
  if (governor === layout.GOVERNOR_PERFORMANCE) return highest;
  if (governor === layout.GOVERNOR_POWERSAVE) return 0;
  for (let level = 0; level < highest; level++) {
    // The share that is used is at most 4/5
    if (utilisation * 5 <= (capacities[level] ?? 0) * 4) return level;
  }
  return highest;
}

/** Mostly as boards have them, ascending up to 1024; some with equal ones, and some in no order at all. */
function drawCapacities(random: Random): readonly number[] {
  const most = random.pick([5, 1024, 1024]);
  const count = 1 + random.below(random.pick([1, 4, 12, 40]));
  const list = Array.from({ length: count }, () => 1 + random.below(most));
  return random.chance(15) ? list : list.sort((a, b) => a - b);
}

function drawUtilisation(random: Random): number {
  return random.pick([0, 1, 1023, 1024, random.below(1025), random.below(1025), random.below(1025), random.below(8)]);
}

describe("a built-in governor", () => {
  test.each(seeds([1, 2, 3, 4, 5]))("wants what its rule says, whatever was asked for last, seed %i", (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 8; round++) {
      const capacities = drawCapacities(random);
      for (const governor of GOVERNORS) {
        const fleet = new SimFleet(1025 * capacities.length, 1, capacities.length, 1025 * capacities.length);
        for (const [level, capacity] of capacities.entries()) fleet.put("capacities", level, capacity);
        fleet.exports.govern(governor, 0, capacities.length);
        const expected: [number, number][] = [];
        for (let slot = 0; slot < 1025 * capacities.length; slot++) {
          const utilisation = slot % 1025;
          const requested = Math.floor(slot / 1025);
          fleet.put("utilisations", slot, utilisation);
          fleet.put("requested", slot, requested);
          const wanted = wantedBy(governor, capacities, utilisation);
          if (wanted !== requested) expected.push([slot, wanted]);
        }
        expect(fleet.look(0, 0)).toEqual({ asks: expected, next: 1025 * capacities.length });
      }
    }
  });

  test.each(seeds(Array.from({ length: 60 }, (_, i) => i + 1)))(
    "asks when its rate limit lets it, in lists of any length, seed %i",
    (seed) => {
      const random = new Random(seed);
      const domains = Array.from({ length: 1 + random.below(5) }, () => ({
        governor: random.pick(GOVERNORS),
        capacities: drawCapacities(random),
        rateLimitUs: random.pick([0, 0, 1, 1000, random.below(5000), 4294967295]),
      }));
      const firsts = domains.map((_, i) => domains.slice(0, i).reduce((sum, it) => sum + it.capacities.length, 0));
      const levels = domains.reduce((sum, it) => sum + it.capacities.length, 0);
      const mostAsks = 1 + random.below(6);
      const slots = Array.from({ length: 1 + random.below(24) }, () => {
        const domain = random.below(domains.length);
        return { domain, level: random.below(domains[domain]?.capacities.length ?? 1), askedAt: -Infinity };
      });
      const fleet = new SimFleet(slots.length, domains.length, levels, mostAsks);
      for (const [domain, { capacities, rateLimitUs, governor }] of domains.entries()) {
        const first = firsts[domain] ?? 0;
        for (const [level, capacity] of capacities.entries()) fleet.put("capacities", first + level, capacity);
        fleet.put("rateLimits", domain, rateLimitUs);
        fleet.exports.govern(governor, first, capacities.length);
      }
      for (const [slot, { domain, level }] of slots.entries()) {
        fleet.put("domains", slot, domain);
        fleet.put("requested", slot, (firsts[domain] ?? 0) + level);
      }
      const tickUs = random.pick([1, 500, 1000, 1700]);
      let full = 0;
      for (let tick = 0; tick < 30; tick++) {
        const now = tick * tickUs;
        const expected: (readonly [number, number])[] = [];
        for (const [slot, it] of slots.entries()) {
          const utilisation = random.chance(60) ? drawUtilisation(random) : 0;
          fleet.put("utilisations", slot, utilisation);
          const domain = domains[it.domain];
          if (!domain) throw new Error("expected a domain");
          const wanted = wantedBy(domain.governor, domain.capacities, utilisation);
          if (wanted === it.level || now - it.askedAt < domain.rateLimitUs) continue;
          it.askedAt = now;
          expected.push([slot, (firsts[it.domain] ?? 0) + wanted]);
        }
        const asked: (readonly [number, number])[] = [];
        for (let from = 0; from < slots.length; ) {
          const { asks, next } = fleet.look(from, now);
          // It stops for no other reason than a full list, and right behind its last entry
          if (next < slots.length) {
            full++;
            expect(asks).toHaveLength(mostAsks);
            expect(next).toBe((asks.at(-1)?.[0] ?? 0) + 1);
          } else expect(next).toBe(slots.length);
          for (const [slot, level] of asks) {
            // Some are refused: those ask again
            if (random.chance(20)) continue;
            const it = slots[slot];
            if (!it) throw new Error(`expected a slot, got ${slot}`);
            it.level = level - (firsts[it.domain] ?? 0);
            fleet.put("requested", slot, level);
          }
          asked.push(...asks);
          from = next;
        }
        expect(asked).toEqual(expected);
      }
      if (slots.length > 10 * mostAsks) expect(full).toBeGreaterThan(0);
    },
  );
});

describe("the memory of a fleet", () => {
  test("holds every array apart from the others, aligned, and all of it zero", () => {
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      const most = random.pick([2, 40, 3000]);
      const counts = {
        ...{ slots: 1 + random.below(most), domains: 1 + random.below(most) },
        ...{ levels: 1 + random.below(most), mostAsks: 1 + random.below(most) },
      };
      const { memory, open } = instantiateSim();
      expect(open(counts.slots, counts.domains, counts.levels, counts.mostAsks)).toBe(0);
      const view = new DataView(memory.buffer);
      expect(view.getUint32(layout.HEAD_SLOTS, true)).toBe(counts.slots);
      expect(view.getUint32(layout.HEAD_MOST_ASKS, true)).toBe(counts.mostAsks);
      const spans = Object.values(ARRAYS).map(([head, stride, count]) => {
        const at = view.getUint32(head, true);
        const word = stride === layout.BOUND_BYTES && head === layout.HEAD_BOUNDS ? 2 : stride;
        expect(at % word).toBe(0);
        return [at, at + counts[count] * stride] as const;
      });
      let end: number = layout.HEAD_BYTES;
      for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
        expect(from).toBeGreaterThanOrEqual(end);
        end = to;
      }
      expect(end).toBeLessThanOrEqual(memory.buffer.byteLength);
      expect(new Uint8Array(memory.buffer, layout.HEAD_NEXT).every((byte) => byte === 0)).toBe(true);
    }
  });

  test("is refused when it would be larger than one can be", () => {
    for (const [slots, domains, levels, mostAsks] of [
      [0xffffffff, 1, 1, 1],
      [1, 0xffffffff, 1, 1],
      [1, 1, 0xffffffff, 1],
      [1, 1, 1, 0xffffffff],
      [0x0800_0000, 1, 1, 1],
    ] as const) {
      expect(instantiateSim().open(slots, domains, levels, mostAsks)).toBe(-1);
    }
  });
});

describe("the histogram", () => {
  /** Single µs below 16, then 16 buckets a doubling. */
  function bucketOf(latencyUs: number): number {
    const value = Math.min(latencyUs, 2 ** 32 - 1);
    if (value < 16) return value;
    let doubling = 16;
    let bucket = 16;
    while (value >= 2 * doubling) {
      doubling *= 2;
      bucket += 16;
    }
    return bucket + Math.floor((value - doubling) / (doubling / 16));
  }

  /** Counts them in calls of some each, and answers what there is then. */
  function counted(values: readonly number[], perCall: number) {
    const { memory, count } = instantiateSim();
    const latencies = new Float64Array(memory.buffer, layout.LATENCIES, layout.LATENCY_ROOM);
    for (let i = 0; i < values.length; i += perCall) {
      const some = values.slice(i, i + perCall);
      latencies.set(some);
      count(some.length);
    }
    const [sum, longest] = new Float64Array(memory.buffer, layout.LATENCY_SUM, 2);
    return { buckets: [...new Float64Array(memory.buffer, layout.BUCKETS, layout.BUCKET_COUNT)], sum, longest };
  }

  function modelled(values: readonly number[]) {
    const buckets = Array<number>(layout.BUCKET_COUNT).fill(0);
    for (const value of values) buckets[bucketOf(value)] = (buckets[bucketOf(value)] ?? 0) + 1;
    return { buckets, sum: values.reduce((sum, it) => sum + it, 0), longest: Math.max(0, ...values) };
  }

  test("puts the powers of two and their neighbours where they belong, and what is larger than a u32 into the last bucket", () => {
    const powers = Array.from({ length: 33 }, (_, i) => 2 ** i).flatMap((it) => [it - 1, it, it + 1]);
    for (const value of [...powers, 0xffffffff, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      expect(counted([value], 1)).toEqual(modelled([value]));
    }
    expect(modelled([0xffffffff]).buckets.at(-1)).toBe(1);
  });

  test("counts as its rule says, in calls of any length", () => {
    const random = new Random(11);
    for (const perCall of [1, 7, layout.LATENCY_ROOM - 1, layout.LATENCY_ROOM]) {
      const values = Array.from({ length: 3000 }, () => random.word() >>> random.below(32));
      expect(counted(values, perCall)).toEqual(modelled(values));
    }
    expect(counted([], 1)).toEqual(modelled([]));
  });
});
