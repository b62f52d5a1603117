import { describe, expect, test } from "vitest";
import { Random, seeds } from "../support/random.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

// The rules of VOLTAGE_LEVEL_SET are there twice, in the core and in TypeScript: the same life is led with both.

const { BASE, VOLTAGE: V } = PROTOCOL;
const NAMES = ["A", "B", "C"];
const GPU = 1;

function randomBoard(random: Random) {
  const domains = Array.from({ length: 4 }, (_, i) => {
    const first = random.below(20) - 15;
    const step = 1 + random.below(3);
    const count = 4 + random.below(6);
    return {
      name: `v${i}`,
      levelsUv: random.chance(50)
        ? Array.from({ length: count }, (_, k) => first + k * step)
        : { lowest: first, highest: first + count * step, step },
      ...(random.chance(50) ? { asyncLatencyUs: random.below(2) * 50 } : {}),
      permissions: Object.fromEntries(NAMES.map((name) => [name, { level: random.chance(80) }])),
    };
  });
  return boardOf({
    agents: NAMES.map((name) => ({ name, trusted: name === "B" })),
    devices: [
      { id: 1, voltages: ["v0", "v1"] },
      { id: 2, voltages: ["v2"], deniedAgents: ["C"] },
    ],
    voltage: { domains },
  });
}

function randomCall(random: Random): readonly [agentId: number, protocol: number, id: number, ...words: number[]] {
  const agentId = 1 + random.below(3);
  const domain = random.chance(95) ? random.below(5) : random.word();
  const flags = random.chance(90) ? random.below(3) : random.word();
  const level = random.chance(95) ? random.below(50) - 18 : random.word();
  return random.weighted([
    [12, [agentId, V, 0x7, domain, flags, level]],
    [4, [agentId, V, 0x8, domain]],
    [1, [2, BASE, 0x9, agentId, 1 + random.below(2), random.below(2)]],
    [1, [agentId, BASE, 0xb, agentId, random.below(2)]],
    [1, [agentId, V, 0x10, random.pick([0x10000, 0x20000, 0x20001])]],
    [1, [agentId, V, 0x7, 0, 0]],
  ]);
}

describe.each(["3.0", "3.1", "3.2"] as const)("voltages of release %s", (profile) => {
  test.each(seeds([1, 2, 3]))("get the same answers from the core and from the host, seed %i", (seed) => {
    const hot = rig(randomBoard(new Random(seed)), { profile });
    // Without an event ring the core could not tell the observers, so the host answers everything that changes something
    const cold = rig(randomBoard(new Random(seed)), { profile }, { eventEntries: 0 });
    const heard: unknown[][] = [[], []];
    [hot, cold].forEach(({ platform }, i) => {
      platform.on("voltageChanged", ({ agentId, domainId, beforeUv, levelUv }) =>
        heard[i]?.push([agentId, domainId, beforeUv, levelUv]),
      );
    });
    const random = new Random(seed + 1000);
    for (let step = 0; step < 1500; step++) {
      const [agentId, protocol, id, ...words] = randomCall(random);
      const answers = [hot, cold].map(({ agent }) => agent(agentId).call(protocol, id, ...words));
      expect(answers[1], `step ${step}: ${[agentId, protocol, id, ...words]}`).toEqual(answers[0]);
      if (step % 10 === 0) for (const { clock } of [hot, cold]) clock.advance(0.1);
    }
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[0]?.length).toBeGreaterThan(10);
  });
});

test("the core answers level commands, but for what takes time, and for agents of an older version", () => {
  const { agent, core } = rig(boardFile("example"));
  const isHostAsked = (...call: [number, number, ...number[]]) => {
    // A command that the host answers moves through a claim of its own
    const at = core.claimAt(1) + 8;
    core.memory.setU32(at, 0);
    agent(1).call(...call);
    return core.memory.u32(at) !== 0;
  };
  expect(isHostAsked(V, 0x7, GPU, 0, 800000)).toBe(false);
  expect(isHostAsked(V, 0x8, GPU)).toBe(false);
  expect(isHostAsked(V, 0x7, GPU, 1, 700000)).toBe(true);
  expect(isHostAsked(V, 0x6, GPU)).toBe(true);
  agent(1).status(V, 0x10, 0x10000);
  expect(isHostAsked(V, 0x7, GPU, 0, 800000)).toBe(true);
  agent(1).status(V, 0x10, 0x20000);
  expect(isHostAsked(V, 0x7, GPU, 0, 800000)).toBe(false);
});
