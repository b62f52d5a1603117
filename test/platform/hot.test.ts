import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import type { Core } from "../../src/core/core.ts";
import { RELEASE_NAMES, RELEASES, type Release } from "../../src/protocols/index.ts";
import { Random, seeds } from "../support/random.ts";
import { AGENTS, type Call, HOT, leaveToHost, PARAMETERS, randomBoard, randomCall } from "./hot-calls.ts";
import { boardFile, boardOf, PROTOCOL, type Rig, rig } from "./kit.ts";

// The rules of the hot commands are there twice, in the core and in TypeScript: the same life is led with both.

const { BASE, PERFORMANCE: P, CLOCK: C, VOLTAGE: V } = PROTOCOL;
const POWER = 0x11;
const VDD_GPU = 1;
const STEPS = 1500;

test("every command that the tables call hot has its random parameters here", () => {
  expect(new Set(Object.keys(PARAMETERS).map(Number))).toEqual(HOT);
});

describe.each(RELEASE_NAMES)("hot commands of release %s", (profile) => {
  test.each(seeds([1, 2, 3, 4]))("get the same answers from the core and from the host, seed %i", (seed) => {
    const [hot, cold] = [new Life(seed, profile), new Life(seed, profile)];
    leaveToHost(cold.rig.core);
    for (const life of [hot, cold]) life.rig.agent(3).call(C, 0xa, 4, 1);
    const random = new Random(seed + 1000);
    for (let step = 0; step < STEPS; step++) {
      const call = randomCall(random);
      const what = `step ${step}: ${call}`;
      const answers = [hot, cold].map((life) => life.call(call));
      expect(answers[1], what).toEqual(answers[0]);
      const told = [hot, cold].map(({ rig }) => rig.agents.map((agent) => agent.takeP2a()));
      expect(told[1], what).toEqual(told[0]);
      for (let domain = 0; domain < 5; domain++) {
        const limits = [hot, cold].map(({ rig }) => rig.platform.performance.limits(domain));
        expect(limits[1], what).toEqual(limits[0]);
      }
      const pauseMs = random.weighted([
        [9, 0],
        [1, 0.05],
        [1, 1.5],
      ]);
      if (pauseMs > 0) for (const { rig } of [hot, cold]) rig.clock.advance(pauseMs);
    }
    expect(cold.heard).toEqual(hot.heard);
    expect(hot.heard.length).toBeGreaterThan(10);
    // Both did it, or the test shows less than it says
    const there = [...HOT].filter((key) => RELEASES[profile].has(key >> 8));
    expect(there.filter((key) => !hot.byCore.has(key)).map((key) => key.toString(16))).toEqual([]);
    expect([...cold.byCore].filter((key) => HOT.has(key))).toEqual([]);
  });
});

/** A platform that listens to itself, and remembers which hot commands its core has answered with SUCCESS. */
class Life {
  readonly rig: Rig;
  readonly heard: unknown[] = [];
  /** protocol << 8 | message */
  readonly byCore = new Set<number>();

  constructor(seed: number, profile: Release) {
    this.rig = rig(randomBoard(new Random(seed)), { profile });
    const { platform } = this.rig;
    for (const name of ["levelChanged", "limitsChanged", "powerStateRequested", "powerStateChanged"] as const) {
      platform.on(name, (event) => this.heard.push([name, event]));
    }
    for (const name of ["rateChanged", "voltageChanged"] as const) {
      platform.on(name, (event) => this.heard.push([name, event]));
    }
  }

  call([agentId, protocolId, messageId, ...words]: Call): number[] {
    const { core } = this.rig;
    const isHosts = hostWatch(core);
    const answer = this.rig.agent(agentId).call(protocolId, messageId, ...words);
    if (answer[0] === 0 && !isHosts()) this.byCore.add((protocolId << 8) | messageId);
    return answer;
  }
}

/** Whether the host has answered a command since: that moves through a claim of its own. */
function hostWatch(core: Core): () => boolean {
  const at = core.claimAt(1) + layout.CLAIM_HEADER;
  core.memory.setU32(at, 0);
  return () => core.memory.u32(at) !== 0;
}

describe("who answers", () => {
  test("is the core, until somebody has to know more than it tells, and again afterwards", () => {
    const { agent, core } = rig(boardFile("example"));
    const claimsUsed = (...call: [number, number, ...number[]]) => {
      const isHosts = hostWatch(core);
      agent(1).call(...call);
      return isHosts();
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
      const wasHosts = hostWatch(core);
      expect(agent(1).status(...call)).toBe(0);
      return wasHosts();
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
    const isHosts = hostWatch(core);
    expect(agent(1).status(P, 0x7, 63, 700)).toBe(0);
    expect(agent(2).status(C, 0x5, 0, 511, 5e6, 0)).toBe(0);
    expect(isHosts()).toBe(false);
  });

  test("is the core for voltages, but for what takes time, and for agents of an older version", () => {
    const { agent, core } = rig(boardFile("example"));
    const isHostAsked = (...call: [number, number, ...number[]]) => {
      const isHosts = hostWatch(core);
      agent(1).call(...call);
      return isHosts();
    };
    expect(isHostAsked(V, 0x7, VDD_GPU, 0, 800000)).toBe(false);
    expect(isHostAsked(V, 0x8, VDD_GPU)).toBe(false);
    expect(isHostAsked(V, 0x7, VDD_GPU, 1, 700000)).toBe(true);
    expect(isHostAsked(V, 0x6, VDD_GPU)).toBe(true);
    agent(1).status(V, 0x10, 0x10000);
    expect(isHostAsked(V, 0x7, VDD_GPU, 0, 800000)).toBe(true);
    agent(1).status(V, 0x10, 0x20000);
    expect(isHostAsked(V, 0x7, VDD_GPU, 0, 800000)).toBe(false);
  });
});
