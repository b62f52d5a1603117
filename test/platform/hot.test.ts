import { describe, expect, test } from "vitest";
import { RELEASE_NAMES } from "../../src/protocols/index.ts";
import { Random, seeds } from "../support/random.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

// The rules of the hot commands are there twice, in the core and in TypeScript: the same life is led with both.

const { BASE, PERFORMANCE: P, CLOCK: C } = PROTOCOL;
const POWER = 0x11;
const AGENTS = [{ name: "A" }, { name: "B", trusted: true }, { name: "C" }];
const NAMES = AGENTS.map(({ name }) => name);

/** A board of random domains and clocks. */
function randomBoard(random: Random) {
  const domains = Array.from({ length: 4 }, (_, i) => {
    const first = 1 + random.below(50);
    return {
      name: `d${i}`,
      levels: Array.from({ length: 1 + random.below(6) }, (_, k) => ({
        level: first + k * (1 + random.below(2)) * 10,
      })).filter(({ level }, k, all) => all.findIndex((it) => it.level === level) === k),
      levelIndexing: random.chance(50),
      ...(random.chance(80) ? { setLevel: random.pick(NAMES) } : {}),
      setLimits: NAMES.filter(() => random.chance(50)),
    };
  });
  for (const domain of domains) domain.levels.sort((a, b) => a.level - b.level);
  const clocks = Array.from({ length: 4 }, (_, i) => ({
    name: `c${i}`,
    rates: random.chance(50)
      ? Array.from({ length: 1 + random.below(5) }, (_, k) => 10 + k * 10 + random.below(9))
      : { lowest: 10 + random.below(20), highest: 60 + random.below(40), step: random.below(13) },
    permissions: Object.fromEntries(NAMES.map((name) => [name, { rate: random.chance(70) }])),
  }));
  // Alone and of one agent, of several, below another, and with a mode that takes its time
  const powerDomains = Array.from({ length: 5 }, (_, i) => ({
    name: `p${i}`,
    states: random.chance(50) ? [0, 0x4000_0000] : [0, 1, 0x4000_0000],
    state: random.chance(50) ? 0 : 0x4000_0000,
    setState: i < 2 || random.chance(30) ? [random.pick(NAMES)] : NAMES,
    sync: random.chance(80),
    ...(i === 3 ? { asyncLatencyUs: 1 } : {}),
    ...(i === 4 ? { parent: "p2" } : {}),
  }));
  return boardOf({
    agents: AGENTS,
    power: { domains: powerDomains },
    devices: [
      { id: 1, performance: ["d0", "d1"], clocks: ["c0"] },
      { id: 2, performance: ["d2"], clocks: ["c1", "c2"], deniedAgents: ["C"] },
    ],
    performance: {
      domains: [...domains, { name: "slow", levels: [{ level: 1 }, { level: 9 }], setLimits: NAMES, transitionUs: 1 }],
    },
    clock: { clocks: [...clocks, { name: "watched", rates: [1, 5], notifyRequested: true }] },
  });
}

function randomCall(random: Random): readonly [agentId: number, protocol: number, id: number, ...words: number[]] {
  const agentId = 1 + random.below(3);
  const domain = random.weighted([
    [10, random.below(5)],
    [1, random.word()],
  ]);
  const level = random.weighted([
    [10, random.below(60)],
    [10, random.below(6)],
    [1, random.word()],
  ]);
  return random.weighted([
    [6, [agentId, P, 0x7, domain, level]],
    [3, [agentId, P, 0x8, domain]],
    [6, [agentId, P, 0x5, domain, level, random.chance(40) ? 0 : random.below(60)]],
    [3, [agentId, P, 0x6, domain]],
    [
      6,
      [
        agentId,
        C,
        0x5,
        random.chance(90) ? random.below(16) & ~1 : random.word(),
        domain,
        random.below(110),
        random.chance(3) ? 1 : 0,
      ],
    ],
    [3, [agentId, C, 0x6, domain]],
    [6, [agentId, POWER, 0x4, random.pick([0, 0, 0, 0, 1, 2]), domain, random.pick([0, 1, 0x4000_0000, 0x8000_0000])]],
    [3, [agentId, POWER, 0x5, domain]],
    [1, [agentId, POWER, 0x4, 0, 0]],
    [1, [2, BASE, 0x9, agentId, 1 + random.below(2), random.below(2)]],
    [1, [2, BASE, 0xa, agentId, 1 + random.below(2), random.pick([P, C, POWER]), random.below(2)]],
    [1, [agentId, BASE, 0xb, agentId, random.below(2)]],
    [1, [agentId, P, 0x10, random.pick([0x10000, 0x20000, 0x30000, 0x40000])]],
    [1, [agentId, P, 0x7]],
    [1, [agentId, P, 0x5, 0, 0]],
    [1, [agentId, C, 0x5, 0, 0, 0]],
    [1, [agentId, P, 0x0]],
    [1, [agentId, C, 0x0]],
  ]);
}

describe.each(RELEASE_NAMES)("hot commands of release %s", (profile) => {
  test.each(seeds([1, 2, 3, 4]))("get the same answers from the core and from the host, seed %i", (seed) => {
    const hot = rig(randomBoard(new Random(seed)), { profile });
    // Without an event ring the core could not tell the observers, so the host answers everything that changes something
    const cold = rig(randomBoard(new Random(seed)), { profile }, { eventEntries: 0 });
    for (const { agent } of [hot, cold]) agent(3).call(C, 0xa, 4, 1);
    const heard: unknown[][] = [[], []];
    [hot, cold].forEach(({ platform }, i) => {
      platform.on("levelChanged", ({ agentId, domainId, before, level }) =>
        heard[i]?.push([agentId, domainId, before, level]),
      );
      platform.on("limitsChanged", ({ agentId, domainId, max, min }) =>
        heard[i]?.push([agentId, domainId, "limits", max, min]),
      );
      platform.on("powerStateRequested", ({ agentId, domainId, powerState }) =>
        heard[i]?.push([agentId, domainId, "asked for", powerState]),
      );
      platform.on("powerStateChanged", ({ agentId, domainId, before, powerState }) =>
        heard[i]?.push([agentId, domainId, before, powerState]),
      );
      platform.on("rateChanged", ({ agentId, clockId, rateHz }) => heard[i]?.push([agentId, clockId, rateHz]));
    });
    const random = new Random(seed + 1000);
    for (let step = 0; step < 1500; step++) {
      const [agentId, protocol, id, ...words] = randomCall(random);
      const answers = [hot, cold].map(({ agent }) => agent(agentId).call(protocol, id, ...words));
      expect(answers[1], `step ${step}: ${[agentId, protocol, id, ...words]}`).toEqual(answers[0]);
      for (let domain = 0; domain < 5; domain++) {
        const limits = [hot, cold].map(({ platform }) => platform.performance.limits(domain));
        expect(limits[1], `step ${step}`).toEqual(limits[0]);
      }
    }
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[0]?.length).toBeGreaterThan(10);
  });
});

describe("who answers", () => {
  test("is the core, until somebody has to know more than it tells, and again afterwards", () => {
    const { agent, core } = rig(boardFile("example"));
    const claimsUsed = (...call: [number, number, ...number[]]) => {
      // A command that the host answers moves through a claim of its own
      const before = core.claimAt(1);
      core.memory.setU32(before + 8, 0);
      agent(1).call(...call);
      return core.memory.u32(before + 8) !== 0;
    };
    expect(claimsUsed(C, 0x5, 0, 2, 300e6, 0)).toBe(false);
    expect(claimsUsed(C, 0x6, 2)).toBe(false);
    expect(claimsUsed(P, 0x8, 0)).toBe(false);
    expect(claimsUsed(P, 0x0)).toBe(false);
    expect(claimsUsed(C, 0xe, 2)).toBe(true);
    expect(claimsUsed(P, 0x7, 1, 1600)).toBe(true); // cpu-big takes its time, so its changes are the host's
    expect(claimsUsed(P, 0x5, 1, 2400, 800)).toBe(true);
    expect(claimsUsed(P, 0x8, 1)).toBe(false); // and nothing else
    expect(claimsUsed(P, 0x7, 0, 600)).toBe(false);
    expect(claimsUsed(P, 0x5, 0, 1800, 600)).toBe(true); // two agents limit cpu-little
    expect(claimsUsed(P, 0x6, 0)).toBe(false);
    agent(2).status(C, 0xa, 1, 1); // one clock's requests are watched, and not those of the others
    expect(claimsUsed(C, 0x5, 0, 1, 1, 0)).toBe(true);
    expect(claimsUsed(C, 0x5, 0, 2, 200e6, 0)).toBe(false);
    agent(2).status(C, 0xa, 1, 0);
    expect(claimsUsed(C, 0x5, 0, 1, 1, 0)).toBe(false);
    agent(2).status(C, 0x9, 2, 1); // what came of it, the core can tell
    expect(claimsUsed(C, 0x5, 0, 2, 200e6, 0)).toBe(false);
    agent(1).status(P, 0x10, 0x30000); // no level indices: translated by the host
    expect(claimsUsed(P, 0x8, 2)).toBe(true);
    expect(claimsUsed(P, 0x8, 0)).toBe(false);
    agent(1).status(P, 0x10, 0x40000);
    expect(claimsUsed(P, 0x8, 2)).toBe(false);
  });

  test("is the core for power domains that one agent sets and nothing depends on", () => {
    const { agent, core, platform } = rig(
      boardOf({
        agents: AGENTS,
        power: {
          domains: [
            { name: "alone", setState: ["A"] },
            { name: "shared" },
            { name: "below", setState: ["A"], parent: "shared" },
            { name: "slow", setState: ["A"], asyncLatencyUs: 5 },
          ],
        },
      }),
    );
    const isHosts = (...call: [number, number, ...number[]]) => {
      core.memory.setU32(core.claimAt(1) + 8, 0);
      expect(agent(1).status(...call)).toBe(0);
      return core.memory.u32(core.claimAt(1) + 8) !== 0;
    };
    expect([0, 1, 2, 3].map((domain) => isHosts(POWER, 0x4, 0, domain, 0x4000_0000))).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect([0, 1, 2, 3].map((domain) => isHosts(POWER, 0x5, domain))).toEqual([false, false, false, false]);
    const heard: unknown[] = [];
    platform.on("powerStateChanged", (event) => heard.push(event));
    expect(isHosts(POWER, 0x4, 0, 0, 0)).toBe(false);
    expect(heard).toEqual([{ agentId: 1, domainId: 0, before: 0x4000_0000, powerState: 0, time: 0 }]);
    // A reset takes back what the core took in, too
    agent(1).status(POWER, 0x4, 0, 0, 0x4000_0000);
    agent(2).status(BASE, 0xb, 1, 0);
    expect(agent(2).call(POWER, 0x5, 0)).toEqual([0, 0]);
  });

  test("is the core for all levels of a board without transitions", () => {
    const { agent, core } = rig(boardFile("large"));
    core.memory.setU32(core.claimAt(1) + 8, 0);
    expect(agent(1).status(P, 0x7, 63, 700)).toBe(0);
    expect(agent(2).status(C, 0x5, 0, 511, 5e6, 0)).toBe(0);
    expect(core.memory.u32(core.claimAt(1) + 8)).toBe(0);
  });
});
