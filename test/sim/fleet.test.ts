import { describe, expect, test } from "vitest";
import { type Board, parseBoard } from "../../src/board/index.ts";
import { Batch } from "../../src/core/batch.ts";
import { BoardError } from "../../src/index.ts";
import {
  Fleet,
  type FleetOptions,
  type FleetPlan,
  type Governor,
  mergeTallies,
  parseLoad,
  parseTrace,
  planFleet,
  reportOf,
} from "../../src/sim/index.ts";
import { boardFile } from "../platform/kit.ts";
import { Random } from "../support/random.ts";
import { type ModelDomain, runModel } from "./fleet-model.ts";

/** A board with these domains, for one agent. */
function boardOf(domains: readonly ModelDomain[], file = "model.yaml"): Board {
  return parseBoard(
    {
      vendor: "model",
      agents: [{ name: "OSPM" }],
      performance: {
        powerUnit: "milliwatt",
        domains: domains.map(({ name, levels, start, rateLimitUs }) => ({
          name,
          levels: levels.map(({ khz, power, latencyUs }, i) => ({ level: i + 1, power, latencyUs, frequencyKhz: khz })),
          sustained: { level: levels.length, frequencyKhz: levels.at(-1)?.khz },
          level: start + 1,
          rateLimitUs,
          setLevel: "OSPM",
        })),
      },
    },
    { file },
  );
}

const LITTLE: ModelDomain = {
  name: "little",
  levels: [
    { khz: 500, power: 100, latencyUs: 20 },
    { khz: 1000, power: 400, latencyUs: 40 },
    { khz: 2000, power: 1600, latencyUs: 60 },
  ],
  start: 0,
  rateLimitUs: 0,
};

function trace(rows: readonly (readonly [timeMs: number, domain: string, percent: number])[]) {
  return parseTrace(rows.map((row) => row.join(",")).join("\n"), "t.csv");
}

function simulate(plan: FleetPlan, governor?: Governor) {
  const fleet = Fleet.open(plan, governor ? { governor } : {});
  while (fleet.advance(7));
  return { fleet, report: reportOf(plan, fleet.tally()) };
}

function onlyDomain(plan: FleetPlan, governor?: Governor) {
  const { report } = simulate(plan, governor);
  const domain = report.kinds[0]?.domains[0];
  if (!domain) throw new Error("expected a domain");
  return { report, domain };
}

describe("the accounts of a fleet", () => {
  test("are those of a switch worked out by hand", () => {
    // 10 ms idle at 500 kHz; from 10 ms on 50 %; seen at 20 ms, accepted at 20.01, in force at 20.07; 30 ms in all
    const load = trace([[10, "little", 50]]);
    const plan = planFleet([boardOf([LITTLE])], { load, seconds: 0.03, spreadPercent: 0, idlePercent: 10 });
    const { report, domain } = onlyDomain(plan);
    // 5/4 of 512 is 640: 1000 kHz can do 512, so it is the highest level
    expect(domain).toMatchObject({
      messages: 1,
      switches: 1,
      late: 0,
      superseded: 0,
      unfinished: 0,
      refused: 0,
      faults: 0,
    });
    expect(domain.levels.map(({ residency }) => residency)).toEqual([20070 / 30000, 0, 9930 / 30000]);
    // Capacities 256, 512, 1024: at 50 % the lowest level is busy all the time and does half of it, the highest is busy half of it
    const busyUs = { idle: 10000, low: 10000 + 10, moving: 60, high: 9930 };
    const energy = 100 * (0.1 * busyUs.idle + busyUs.low) + 1600 * busyUs.moving + 1600 * (busyUs.high / 2) * (1 + 0.1);
    expect(domain.energy).toBeCloseTo(energy / 1e6, 9);
    expect(domain.power).toBeCloseTo(energy / 30000, 6);
    expect(domain.unservedShare).toBeCloseTo((256 * 10070) / (512 * 20000), 9);
    expect(report.latency).toMatchObject({ count: 1, meanUs: 70, p50Us: 70, p99Us: 70, maxUs: 70 });
  });

  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    "are those of a model that counts microseconds, seed %i",
    (seed) => {
      const random = new Random(seed);
      const tickUs = 20 + random.below(180);
      const ticks = 20 + random.below(40);
      const longest = random.pick([5, 60, 3 * tickUs]);
      const domains = ["a", "b", "c"].slice(0, 1 + random.below(3)).map((name): ModelDomain => {
        const count = 1 + random.below(5);
        const levels = Array.from({ length: count }, (_, i) => ({
          khz: 100 * (i + 1) + random.below(100),
          power: random.chance(10) ? 0 : random.below(5000),
          latencyUs: random.below(longest),
        }));
        return { name, levels, start: random.below(count), rateLimitUs: random.chance(30) ? random.below(1000) : 0 };
      });
      const rows: [number, string, number][] = [];
      for (const { name } of domains) {
        let at = random.below(2) * 30;
        for (; at < ticks * tickUs; at += 1 + random.below(3 * tickUs)) rows.push([at / 1000, name, random.below(101)]);
      }
      const messageUs = random.below(Math.floor(tickUs / domains.length));
      const idlePercent = random.below(101);
      const socs = 1 + random.below(3);
      const load = rows.length > 0 ? trace(rows) : [parseLoad("steady:high=0")];
      const options: FleetOptions = {
        load,
        socs,
        tickUs,
        seconds: (ticks * tickUs) / 1e6,
        messageUs,
        idlePercent,
        spreadPercent: 0,
      };
      const plan = planFleet([boardOf(domains)], options);
      expect(plan.ticks).toBe(ticks);
      const { report } = simulate(plan);
      const samples = Object.fromEntries(
        domains.map(({ name }) => [
          name,
          rows
            .filter(([, it]) => it === name)
            .map(([timeMs, , percent]) => ({
              timeUs: Math.round(timeMs * 1000),
              share: Math.round((percent * 1024) / 100),
            })),
        ]),
      );
      const model = runModel({ domains, ticks, tickUs, messageUs, idlePercent, samples });
      const all = ticks * tickUs;
      expect(
        report.kinds[0]?.domains.map(({ power, energy, levels, unservedShare, ...counts }) => ({
          ...counts,
          energy,
          residency: levels.map(({ residency }) => Math.round(residency * all)),
          unservedShare: unservedShare.toFixed(12),
        })),
      ).toEqual(
        domains.map(({ name }, domainId) => {
          const it = model[domainId];
          if (!it) throw new Error("expected a result");
          const { messages, switches, late, superseded, unfinished } = it;
          const counts = { messages, switches, late, superseded, unfinished };
          return {
            ...{ domainId, name, refused: 0, faults: 0 },
            ...Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count * socs])),
            energy: Number(it.energy * BigInt(socs)) / 1e8,
            residency: it.residency,
            unservedShare: (it.demand === 0 ? 0 : it.unserved / it.demand).toFixed(12),
          };
        }),
      );
      const latencies = model.flatMap((it) => it.latencies).sort((a, b) => a - b);
      expect(report.latency.count).toBe(latencies.length * socs);
      expect(report.latency.maxUs).toBe(latencies.at(-1) ?? 0);
      const p50 = latencies[Math.ceil(latencies.length / 2) - 1] ?? 0;
      expect(report.latency.p50Us).toBeGreaterThanOrEqual(p50);
      expect(report.latency.p50Us).toBeLessThanOrEqual(p50 * (1 + 1 / 16));
    },
  );

  test("have powers over time that add up to the energy", () => {
    const plan = planFleet([boardFile("example")], { load: [parseLoad("bursty")], socs: 5, seconds: 6 });
    const [kind] = simulate(plan).report.kinds;
    const mean = (kind?.series ?? []).reduce<number>((sum, power) => sum + (power ?? Number.NaN), 0) / 240;
    const power = kind?.domains.reduce((sum, it) => sum + it.power, 0) ?? 0;
    // 600 ticks in 240 points: some have two ticks, some three
    expect(mean / power).toBeCloseTo(1, 1);
    for (const { levels } of kind?.domains ?? []) {
      expect(levels.reduce((sum, it) => sum + it.residency, 0)).toBeCloseTo(1, 12);
    }
  });
});

describe("a fleet", () => {
  test("asks by real exchanges, and the platforms' levels are those that were accepted last", () => {
    const board = boardFile("example");
    const plan = planFleet([board], { load: [parseLoad("bursty")], socs: 20, seconds: 1 });
    const wanted = new Map<string, number>();
    const { fleet, report } = simulate({ ...plan, governor: "mine" }, (domain, utilisation, level) => {
      const next = utilisation > 300 ? domain.levels.length - 1 : utilisation > 100 ? level : 0;
      wanted.set(domain.name, next);
      return next;
    });
    const sent = Array.from({ length: 20 }, (_, soc) => fleet.core.counters(soc).sent);
    const messages = report.kinds[0]?.domains.reduce((sum, it) => sum + it.messages, 0);
    expect(sent.reduce((sum, it) => sum + it, 0)).toBe(messages);
    const batch = new Batch(fleet.core);
    for (let id = 0; id < 3; id++) batch.getLevel(19, id, id);
    batch.run(2e9);
    while (batch.next()) {
      const domain = board.performance?.domains[batch.tag];
      const level = domain?.levels[wanted.get(domain.name) ?? -1];
      expect(batch.value(0)).toBe(domain?.isIndexed ? level?.index : level?.level);
    }
    expect(fleet.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  });

  test("of several kinds, in parts of any size and order, counts the same bit for bit", () => {
    const boards = [boardFile("example"), boardOf([LITTLE])];
    const plan = planFleet(boards, {
      load: [parseLoad("bursty"), parseLoad("little@periodic")],
      socs: 23,
      seconds: 1,
      seed: 9,
    });
    const part = (from: number, to: number) => {
      const fleet = Fleet.open(plan, { from, to });
      while (fleet.advance(from + 1));
      return fleet.tally();
    };
    const whole = part(0, 23);
    expect(mergeTallies(plan, [part(17, 23), part(0, 1), part(1, 17)])).toEqual(whole);
    expect(
      mergeTallies(
        plan,
        Array.from({ length: 23 }, (_, i) => part(i, i + 1)),
      ),
    ).toEqual(whole);
    expect(reportOf(plan, whole).kinds.map(({ socs }) => socs)).toEqual([12, 11]);
    const other = { ...plan, seed: 10 };
    expect(reportOf(other, simulate(other).fleet.tally())).not.toEqual(reportOf(plan, whole));
  });

  test("draws latencies between what the spread leaves and what is stated", () => {
    const load = [parseLoad("bursty:burst=10,pause=10")];
    const plan = planFleet([boardOf([LITTLE])], { load, socs: 50, seconds: 2, messageUs: 0, spreadPercent: 50 });
    const { latency } = simulate(plan).report;
    expect(latency.count).toBeGreaterThan(1000);
    expect(latency.maxUs).toBe(60);
    expect(latency.buckets[0]?.[0]).toBe(10);
  });

  test("knows the three governors, whatever the board", () => {
    const options = { load: [parseLoad("steady:high=30")], seconds: 0.1 };
    const end = (governor: string) => onlyDomain(planFleet([boardOf([LITTLE])], { ...options, governor })).domain;
    expect(end("powersave")).toMatchObject({ messages: 0, unservedShare: (307 - 256) / 307 });
    expect(end("performance").levels.map(({ residency }) => residency)[2]).toBeGreaterThan(0.99);
    // 5/4 of 30 % is under 50 %
    expect(end("schedutil").levels.map(({ residency }) => residency)[1]).toBeGreaterThan(0.8);
  });

  test("tells what was done so far, and that it is not all", () => {
    const plan = planFleet([boardOf([LITTLE])], { load: [parseLoad("bursty")], socs: 2, seconds: 1 });
    const fleet = Fleet.open(plan);
    expect(fleet.advance(25)).toBe(true);
    const report = reportOf(plan, mergeTallies(plan, [fleet.tally()]));
    expect(report).toMatchObject({ isPartial: true, socSeconds: 0.5 });
    expect(report.kinds[0]?.series.slice(24, 27)).toEqual([expect.any(Number), null, null]);
    expect(reportOf(plan, mergeTallies(plan, []))).toMatchObject({ isPartial: true, socSeconds: 0 });
  });

  test("takes under 2 KiB for each SoC with one performance domain", () => {
    const plan = planFleet([boardOf([LITTLE])], { load: [parseLoad("idle")], socs: 1000 });
    expect(Fleet.open(plan).core.totalBytes / 1000).toBeLessThan(2048);
  });
});

describe("a plan refuses", () => {
  const board = boardOf([LITTLE]);
  const load = [parseLoad("idle")];
  test.each<[string, Partial<FleetOptions>, RegExp]>([
    ["no SoCs", { socs: 0 }, /"socs" expected integer 1/],
    ["half a SoC", { socs: 1.5 }, /"socs"/],
    ["no time", { seconds: 0 }, /"seconds"/],
    ["no number", { seconds: Number.NaN }, /"seconds"/],
    ["an agent that there is not", { agentId: 2 }, /"agentId"/],
    ["ticks shorter than messages", { tickUs: 10, messageUs: 10 }, /"tickUs" expected more than 10/],
    ["a load for nobody", { load: [parseLoad("idle"), parseLoad("gpu@idle")] }, /little.*got gpu/],
    ["a domain without load", { load: [parseLoad("little@idle")].slice(1) }, /load: expected one for domain little/],
    ["a trace of somebody else", { load: trace([[0, "gpu", 1]]) }, /t\.csv.*little.*gpu/],
    ["a seed that is none", { seed: -1 }, /"seed"/],
  ])("%s", (_what, options, message) => {
    expect(() => planFleet([board], { load, ...options })).toThrow(message);
  });

  test("boards without anything to govern", () => {
    expect(() => planFleet([parseBoard({ vendor: "v", agents: [{ name: "A" }] }, { file: "b" })], { load })).toThrow(
      BoardError,
    );
    expect(() => planFleet([], { load })).toThrow(RangeError);
  });

  test("a governor of one's own that answers no level, and names that do not fit", () => {
    const plan = planFleet([board], { load, governor: "mine" });
    for (const wrong of [3, -1, 0.5, Number.NaN]) {
      expect(() => Fleet.open(plan, { governor: () => wrong }).advance(1)).toThrow(/little.*0 … 2/);
    }
    expect(() => Fleet.open(plan)).toThrow(TypeError);
    expect(() => Fleet.open({ ...plan, governor: "powersave" }, { governor: () => 0 })).toThrow(TypeError);
    expect(() => Fleet.open(plan, { from: 1, to: 1, governor: () => 0 })).toThrow(RangeError);
  });
});
