import { describe, expect, test } from "vitest";
import { BoardError } from "../../src/index.ts";
import { type Load, LoadGenerator, loadOf, parseLoad } from "../../src/sim/load.ts";
import { parseTrace, sampleTrace } from "../../src/sim/trace.ts";
import { Random } from "../support/random.ts";

describe("a trace", () => {
  test("is read from any CSV, with or without a head, comments and quotes", () => {
    const text = '\ufefftime,domain,utilisation\r\n# idle first\r\n0,"cpu, big",0\n\n'.replace("cpu, big", "cpu");
    const { file, domains } = parseTrace(`${text}1.5;cpu;12.5\r2\tgpu\t100\n0.0005 , led , .5`, "a.csv");
    expect(file).toBe("a.csv");
    expect([...domains]).toEqual([
      ["cpu", [sample(0, 0), sample(1500, 128)]],
      ["gpu", [sample(2000, 1024)]],
      ["led", [sample(1, 5)]],
    ]);
  });

  test.each([
    ["0,cpu,1\n1,cpu", "line 2: expected 3 fields"],
    ["0,cpu,1,2", "line 1: expected 3 fields"],
    ["\n\n-1,cpu,1", 'line 3: expected a time in ms, 0 … 1000000000, got "-1"'],
    ["0x1,cpu,1", 'line 1: expected a time in ms, 0 … 1000000000, got "0x1"'],
    ["1e99,cpu,1", "line 1: expected a time in ms"],
    ["1,,1", "line 1: expected the name of a domain, got nothing"],
    ["time,domain,u\n1,cpu,101", 'line 2: expected a utilisation in per cent, 0 … 100, got "101"'],
    ["1,cpu,NaN", 'got "NaN"'],
    ["1,cpu,", 'got ""'],
    ["1,cpu,1\r\n2,gpu,1\r\n1,cpu,2", 'line 3: expected a time after 1 ms for cpu, got "1"'],
    ["1,cpu,1\n1.0001,cpu,2", "line 2: expected a time after 1 ms"],
    ["1,cpu,1\ntime,domain,utilisation", "line 2: expected a time in ms"],
    ["", "expected a line (time in ms, domain, utilisation in per cent), got none"],
    ["# nothing\ntime,domain,utilisation\n", "got none"],
  ])("%j is refused with its line", (text, message) => {
    expect(() => parseTrace(text, "a.csv")).toThrow(message);
    expect(() => parseTrace(text, "a.csv")).toThrow(/^a\.csv: /);
  });

  test("may name domains with a comma, in quotes", () => {
    const { domains } = parseTrace('0,"qcom,gpu",50\n"5";"cpu"\t"7.5"', "a.csv");
    expect([...domains.keys()]).toEqual(["qcom,gpu", "cpu"]);
    expect(() => parseTrace('0,"cpu,50', "a.csv")).toThrow(/3 fields .*, got 2/);
  });

  test("of garbage is refused with an error of ours, or read", () => {
    const random = new Random(7);
    const pieces = [
      "0",
      "1",
      "9",
      ",",
      ",",
      "cpu",
      "\n",
      "\n",
      ".",
      "-",
      "e",
      ";",
      "\t",
      '"',
      "#",
      "\u0000",
      "\uffff",
      "é",
      " ",
    ];
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random.below(40) }, () => random.pick(pieces)).join("");
      try {
        for (const samples of parseTrace(text, "g").domains.values()) {
          for (const { utilisation } of samples) expect(utilisation).toBeLessThanOrEqual(1024);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(BoardError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test("is averaged over each tick, holds its last value, and is 0 before its first", () => {
    const samples = [sample(150, 1024), sample(175, 0), sample(250, 100), sample(250.5, 100)];
    expect([...sampleTrace(samples, 100, 5)]).toEqual([0, 256, 50, 100, 100]);
    expect([...sampleTrace([], 100, 2)]).toEqual([0, 0]);
  });
});

function sample(timeUs: number, utilisation: number) {
  return { timeUs, utilisation };
}

describe("a load", () => {
  test("has defaults, and settings that its kind knows", () => {
    expect(parseLoad("bursty")).toMatchObject({
      kind: "bursty",
      domain: undefined,
      high: 90,
      low: 5,
      burst: 50,
      pause: 200,
    });
    expect(parseLoad("cpu-big@periodic:period=12.5, duty=25")).toMatchObject({
      domain: "cpu-big",
      period: 12.5,
      duty: 25,
    });
  });

  test.each([
    ["", 'load "": expected a kind of load (steady, periodic, bursty, idle), got ""'],
    ["constructor", "expected a kind"],
    ["bursty:duty=1", 'load "bursty:duty=1": expected a setting of bursty (high, low, burst, pause), got "duty"'],
    ["bursty:high=101", 'expected high in per cent, 0 … 100, got "101"'],
    ["bursty:burst=0", 'expected burst in milliseconds above 0, up to 3600000, got "0"'],
    ["bursty:burst=", 'got ""'],
    ["bursty:burst", 'got ""'],
    ["bursty:__proto__=1", "expected a setting"],
    ["bursty:high=1=2", undefined],
    ["bursty:,", "expected a setting"],
  ])("%j is refused, or read", (text, message) => {
    if (message === undefined) expect(parseLoad(text).high).toBe(1);
    else expect(() => parseLoad(text)).toThrow(message);
  });

  test("of a domain is its own before one for all, and the later one before the earlier", () => {
    const loads = ["a@steady:high=1", "steady:high=2", "a@steady:high=3", "steady:high=4"].map(parseLoad);
    expect(loadOf(loads, "a").high).toBe(3);
    expect(loadOf(loads, "b").high).toBe(4);
    expect(() => loadOf([], "a")).toThrow(RangeError);
  });

  /** Utilisations of one domain, in ticks of 10 ms. */
  function draw(load: Load, count: number, seed = 1): number[] {
    const generator = new LoadGenerator(1, 10_000);
    generator.start(0, load, seed);
    return Array.from({ length: count }, (_, tick) => generator.next(0, load, tick));
  }

  test("moves as its kind says", () => {
    expect(draw(parseLoad("steady:high=25"), 3)).toEqual([256, 256, 256]);
    const periodic = draw(parseLoad("periodic:period=100,duty=30,high=100,low=0"), 40);
    expect(periodic.slice(0, 10).filter((it) => it === 1024)).toHaveLength(3);
    expect(periodic.slice(10)).toEqual(periodic.slice(0, 30));
    const bursty = draw(parseLoad("bursty:high=100,low=0,burst=50,pause=150"), 40_000);
    const high = bursty.filter((it) => it > 0);
    expect(high.length / bursty.length).toBeCloseTo(0.25, 1);
    expect(high.every((it) => it >= 512 && it <= 1024)).toBe(true);
    const bursts = bursty.filter((it, i) => it > 0 && bursty[i - 1] === 0).length;
    expect(high.length / bursts).toBeCloseTo(5, 0);
  });

  test("is the same for the same seed, and another for another", () => {
    const load = parseLoad("idle");
    expect(draw(load, 1000, 5)).toEqual(draw(load, 1000, 5));
    expect(draw(load, 1000, 5)).not.toEqual(draw(load, 1000, 6));
  });
});
