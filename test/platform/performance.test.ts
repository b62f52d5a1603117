import { describe, expect, test } from "vitest";
import { RELEASE_NAMES } from "../../src/protocols/index.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

const P = PROTOCOL.PERFORMANCE;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, OUT_OF_RANGE] = [-1, -2, -3, -4, -5] as const;
const UNKNOWN = 5;

describe("two faults at once", () => {
  test.each(RELEASE_NAMES)("a bad domain comes first in release %s", (profile) => {
    const { agent } = rig(boardFile("example"), { profile });
    const calls: readonly (readonly number[])[] = [
      [0x3, UNKNOWN],
      [0x4, UNKNOWN, 99],
      [0x5, UNKNOWN, 0, 99999],
      [0x6, UNKNOWN],
      [0x7, UNKNOWN, 99999],
      [0x8, UNKNOWN],
      [0x9, UNKNOWN, 0xff],
      [0xa, UNKNOWN, 0xff],
    ];
    for (const [id = 0, ...words] of calls) expect(agent(1).status(P, id, ...words), `0x${id}`).toBe(NOT_FOUND);
    for (const domain of [0x10000, 0x80000000, 0xffffffff]) expect(agent(1).status(P, 0x8, domain)).toBe(NOT_FOUND);
  });

  test("then a resource that the agent may not use, then reserved bits, then what the domain cannot", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(P, 0x9, 1, 0xff)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(P, 0x9, 1, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(P, 0xa, 2, 3)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(P, 0xa, 2, 1)).toBe(NOT_SUPPORTED);
    agent(2).status(PROTOCOL.BASE, 0x9, 1, 0, 0);
    for (const [id, ...words] of [
      [0x3, 0],
      [0x4, 0, 99],
      [0x5, 0, 0, 99999],
      [0x6, 0],
      [0x7, 0, 99999],
      [0x8, 0],
      [0x9, 0, 0xff],
      [0xa, 0, 0xff],
      [0xb, 0, 0xff],
      [0xc, 0],
    ] as const) {
      expect(agent(1).status(P, id, ...words), `0x${id.toString(16)}`).toBe(DENIED);
    }
  });

  test("a right that is missing comes before the value", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(2).status(P, 0x7, 0, 99999)).toBe(DENIED);
    expect(agent(3).status(P, 0x5, 0, 1, 99999)).toBe(DENIED);
    expect(agent(1).status(P, 0x7, 4, 500)).toBe(DENIED);
  });
});

describe("PERFORMANCE_DESCRIBE_LEVELS", () => {
  test.each([
    ["1.0", INVALID_PARAMETERS],
    ["2.0", INVALID_PARAMETERS],
    ["3.0", INVALID_PARAMETERS],
    ["3.1", OUT_OF_RANGE],
    ["3.2", OUT_OF_RANGE],
  ] as const)("past the end, in release %s: %i", (profile, status) => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).call(P, 0x4, 0, 3).slice(0, 2)).toEqual([0, 1]);
    expect(agent(1).call(P, 0x4, 0, 4)).toEqual([status]);
    expect(agent(1).call(P, 0x4, 0, 0xffffffff)).toEqual([status]);
  });

  test.each([
    ["3.1", 12, [100, 99, 44, 32, 20]],
    ["3.2", 20, [100, 99, 47, 28]],
  ] as const)("comes in as many parts as it takes, in release %s", (profile, entryBytes, payloads) => {
    const levels = Array.from({ length: 23 }, (_, i) => ({ level: 100 + i, power: i, latencyUs: 2 * i }));
    const board = boardOf({ performance: { domains: [{ name: "a", levels }] } });
    for (const maxPayload of payloads) {
      const { agent } = rig(board, { profile, maxPayload });
      const fits = Math.floor((maxPayload - 8) / entryBytes);
      const found: number[] = [];
      for (let remaining = 1; remaining > 0; ) {
        const [status, count = 0, ...entries] = agent(1).call(P, 0x4, 0, found.length);
        const returned = count & 0xfff;
        remaining = count >>> 16;
        expect([status, returned, remaining]).toEqual([
          0,
          Math.min(fits, levels.length - found.length),
          levels.length - found.length - returned,
        ]);
        expect(entries).toHaveLength((returned * entryBytes) / 4);
        for (let i = 0; i < returned; i++) found.push(entries[(i * entryBytes) / 4] as number);
      }
      expect(found).toEqual(levels.map(({ level }) => level));
    }
    // Not one fits: no empty page, which would look like the end
    const { agent } = rig(board, { profile, maxPayload: 8 + entryBytes - 4 });
    expect(agent(1).call(P, 0x4, 0, 0)).toEqual([-10]);
  });

  test("gives microwatts to those who know them, and milliwatts to the others", () => {
    const board = boardOf({
      performance: { powerUnit: "microwatt", domains: [{ name: "a", levels: [{ level: 1, power: 1500000 }] }] },
    });
    const unitAndPower = (profile: (typeof RELEASE_NAMES)[number]) => {
      const { agent } = rig(board, { profile });
      return [((agent(1).call(P, 0x1)[1] as number) >>> 16) & 3, agent(1).call(P, 0x4, 0, 0)[3]];
    };
    expect(unitAndPower("2.0")).toEqual([1, 1500]);
    expect(unitAndPower("3.1")).toEqual([2, 1500000]);
  });
});

describe("PERFORMANCE_LIMITS_SET", () => {
  const build = (profile: (typeof RELEASE_NAMES)[number]) => rig(boardFile("example"), { profile });

  test.each(RELEASE_NAMES)("takes limits in release %s, and moves the level inside", (profile) => {
    const { agent, platform } = build(profile);
    expect(agent(1).call(P, 0x6, 0)).toEqual([0, 1800, 600]);
    expect(agent(1).status(P, 0x5, 0, 1800, 1400)).toBe(0);
    expect(agent(2).call(P, 0x6, 0)).toEqual([0, 1800, 1400]);
    expect(platform.performance.level(0)).toBe(1400);
    expect(agent(1).status(P, 0x7, 0, 1000)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(P, 0x7, 0, 1800)).toBe(0);
    expect(agent(2).status(P, 0x5, 0, 1000, 600)).toBe(0); // the last one to ask is the one who gets it
    expect(platform.performance.level(0)).toBe(1000);
    expect(platform.performance.limits(0)).toEqual({ max: 1000, min: 600 });
  });

  test.each(RELEASE_NAMES)("refuses in release %s", (profile) => {
    const { agent, platform } = build(profile);
    expect(agent(1).status(P, 0x5, 0, 600, 1400)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(P, 0x5, 0, 2000, 600)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(P, 0x5, 0, 1400, 1)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(P, 0x5, 0, 1399, 600)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(P, 0x5, 0, 0, 0)).toBe(OUT_OF_RANGE);
    expect(platform.performance.limits(0)).toEqual({ max: 1800, min: 600 });
  });

  test.each(["3.1", "3.2"] as const)("leaves a limit of 0 as it is in release %s", (profile) => {
    const { agent, platform } = build(profile);
    expect(agent(1).status(P, 0x5, 0, 0, 1000)).toBe(0);
    expect(platform.performance.limits(0)).toEqual({ max: 1800, min: 1000 });
    expect(agent(1).status(P, 0x5, 0, 1400, 0)).toBe(0);
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 1000 });
    expect(agent(1).status(P, 0x5, 0, 0, 1800)).toBe(INVALID_PARAMETERS);
  });

  test.each(["1.0", "2.0", "3.0"] as const)("knows no such 0 in release %s", (profile) => {
    const { agent } = build(profile);
    expect(agent(1).status(P, 0x5, 0, 0, 1000)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(P, 0x5, 0, 1400, 0)).toBe(OUT_OF_RANGE);
  });
});

describe("a domain that takes its time", () => {
  test("has a level when the time has passed, the newest request", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    const seen: unknown[] = [];
    platform.on("levelChanged", ({ time, ...event }) => seen.push([time / 1000, event]));
    agent(1).status(P, 0xa, 1, 1);
    expect(agent(1).status(P, 0x7, 1, 1600)).toBe(0);
    expect(agent(1).call(P, 0x8, 1)).toEqual([0, 800]);
    clock.advance(0.005);
    expect(agent(1).status(P, 0x7, 1, 2400)).toBe(0);
    clock.advance(0.009);
    expect(agent(1).call(P, 0x8, 1)).toEqual([0, 800]);
    agent(1).takeP2a();
    clock.advance(0.001);
    expect(
      agent(1)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[1, 1, 2400]]);
    expect(agent(1).call(P, 0x8, 1)).toEqual([0, 2400]);
    expect(seen).toEqual([[15, { agentId: 1, domainId: 1, before: 800, level: 2400 }]]);
  });

  test("does not leave limits that were set meanwhile", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(P, 0x7, 1, 2800);
    agent(1).status(P, 0x5, 1, 1600, 800);
    clock.advance(1);
    expect(platform.performance.level(1)).toBe(1600);
  });

  test("is forgotten when the platform closes", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(P, 0x7, 1, 2800);
    platform.close();
    expect(clock.pending).toBe(0);
  });
});

describe("level indices", () => {
  const domain = 2;
  const bit25 = (word: number | undefined) => ((word ?? 0) >>> 25) & 1;

  test("are what a domain of release 3.2 goes by", () => {
    const { agent, platform } = rig(boardFile("example"));
    expect(bit25(agent(1).call(P, 0x3, domain)[1])).toBe(1);
    expect(agent(1).call(P, 0x3, domain)[4]).toBe(290); // a level, not an index
    expect(agent(1).call(P, 0x6, domain)).toEqual([0, 2, 0]);
    expect(agent(1).status(P, 0x7, domain, 290)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(P, 0x7, domain, 2)).toBe(0);
    expect(agent(1).call(P, 0x8, domain)).toEqual([0, 2]);
    expect(platform.performance.level(domain)).toBe(2);
    expect(agent(2).status(P, 0x5, domain, 1, 0)).toBe(0);
    expect(platform.performance.level(domain)).toBe(1);
  });

  test("do not exist before", () => {
    const { agent } = rig(boardFile("example"), { profile: "3.1" });
    expect(bit25(agent(1).call(P, 0x3, domain)[1])).toBe(0);
    expect(agent(1).call(P, 0x6, domain)).toEqual([0, 412, 100]);
    expect(agent(1).status(P, 0x7, domain, 412)).toBe(0);
    expect(agent(1).call(P, 0x8, domain)).toEqual([0, 412]);
  });

  test("are translated for an agent that agreed on an older version", () => {
    const { agent, platform } = rig(boardFile("example"));
    const [one, two] = [agent(1), agent(2)];
    two.status(P, 0x9, domain, 1);
    one.status(P, 0x9, domain, 1);
    expect(one.status(P, 0x10, 0x30000)).toBe(0);
    expect(bit25(one.call(P, 0x3, domain)[1])).toBe(0);
    expect(one.call(P, 0x4, domain, 0)).toHaveLength(2 + 3 * 3);
    expect(one.call(P, 0x8, domain)).toEqual([0, 290]);
    expect(one.status(P, 0x7, domain, 2)).toBe(OUT_OF_RANGE);
    expect(one.status(P, 0x7, domain, 412)).toBe(0);
    expect(platform.performance.level(domain)).toBe(2);
    expect(two.call(P, 0x8, domain)).toEqual([0, 2]);
    one.takeP2a();
    two.takeP2a();
    expect(two.status(P, 0x5, domain, 1, 0)).toBe(0);
    expect(one.takeP2a().map(({ words }) => words)).toEqual([[2, domain, 290, 100]]);
    expect(two.takeP2a().map(({ words }) => words)).toEqual([[2, domain, 1, 0]]);
    expect(one.call(P, 0x6, domain)).toEqual([0, 290, 100]);
    expect(one.status(P, 0x10, 0x40000)).toBe(0);
    expect(one.call(P, 0x8, domain)).toEqual([0, 1]);
  });
});

test("long names are cut, and whole where there is a message for them", () => {
  const board = boardFile("example");
  for (const profile of RELEASE_NAMES) {
    const { agent } = rig(board, { profile });
    const attributes = agent(1).call(P, 0x3, 2);
    expect(
      attributes
        .slice(5)
        .map((word) => String.fromCharCode(word & 0xff))
        .join(""),
    ).toBe("gh-c");
    expect((attributes[8] as number) >>> 24).toBe(0);
    const isKnown = profile === "3.1" || profile === "3.2";
    expect(((attributes[1] as number) >>> 26) & 1).toBe(isKnown ? 1 : 0);
    if (!isKnown) continue;
    expect(agent(1).call(P, 0xc, 2)).toHaveLength(18);
    expect(agent(1).status(P, 0xc, 0)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(P, 0xc, UNKNOWN)).toBe(NOT_FOUND);
  }
});

test("the platform moves levels and limits by itself, as agent 0", () => {
  const { agent, platform } = rig(boardFile("example"));
  agent(1).status(P, 0x9, 0, 1);
  agent(1).status(P, 0xa, 0, 1);
  agent(1).takeP2a();
  platform.performance.setLimits(0, { max: 600, min: 600 });
  expect(
    agent(1)
      .takeP2a()
      .map(({ messageId, words }) => [messageId, ...words]),
  ).toEqual([
    [0, 0, 0, 600, 600],
    [1, 0, 0, 600],
  ]);
  expect(() => platform.performance.setLimits(0, { max: 600, min: 1000 })).toThrow(RangeError);
  expect(() => platform.performance.setLimits(0, { max: 601, min: 600 })).toThrow(RangeError);
  expect(() => platform.performance.setLevel(9, 1)).toThrow(RangeError);
  expect(() => platform.performance.setLevel(0, 1)).toThrow(RangeError);
});
