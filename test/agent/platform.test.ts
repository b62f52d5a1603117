import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Agent } from "../../src/agent/agent.ts";
import { parseBoard } from "../../src/board/index.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Platform } from "../../src/platform/index.ts";
import { Clock, Performance, RELEASES } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";

const file = "examples/boards/example.yaml";
const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const board = parseBoard(parse(text), { file });
const PROFILES = ["1.0", "2.0", "3.0", "3.1", "3.2"] as const;
const PAIRS = PROFILES.flatMap((agent) => PROFILES.map((platform) => [agent, platform] as const));

describe("an agent and a platform of any two releases", () => {
  test.each(PAIRS)("%s with %s understand each other in what both know", async (knows, profile) => {
    const core = Core.createSync({ capacity: { regionBytes: 1 << 20 } });
    const clock = new SimulatedClock();
    const platform = await Platform.open(core, board, { profile, clock });
    const odd: string[] = [];
    const onAnomaly = ({ kind }: { readonly kind: string }) => void odd.push(kind);
    const options = { clock, versions: RELEASES[knows], onAnomaly };
    const agent = await Agent.open(core, loopback(platform.connect(1)), options);

    const performance = await agent.protocol(Performance);
    // Releases before 3.2 have no way to ask for their own layouts: best effort, and the agent says so
    const isBestEffort = profile === "3.2" && knows !== "3.2";
    if (isBestEffort) {
      expect(odd).toContain("unnegotiated");
      return agent.close();
    }

    const domains = await performance.describeAll();
    expect(domains.map(({ domainId }) => domainId)).toEqual(domains.map((_, index) => index));
    const [domain] = domains;
    const levels = domain?.levels.map(({ performanceLevel }) => performanceLevel) ?? [];
    // From the board: cpu-little may be set by agent 1
    expect(levels.length).toBeGreaterThan(1);
    for (const level of levels) {
      await performance.setLevel(0, level);
      clock.advance(5); // over a FastChannel the platform finds it when it looks
      expect(await performance.getLevel(0)).toBe(level);
      performance.setLevelPolled(0, level);
      clock.advance(5);
      expect(performance.getLevelPolled(0)).toBe(level);
    }

    const clocks = await agent.protocol(Clock);
    for (const { clockId, rates } of await clocks.describeAll()) {
      const rateHz = await clocks.getRate(clockId);
      const range = rates.kind === "list" ? rates.ratesHz : [rates.lowestHz, rates.highestHz];
      expect(rateHz).toBeGreaterThanOrEqual(Math.min(...range));
      expect(rateHz).toBeLessThanOrEqual(Math.max(...range));
    }

    await agent.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(clock.pending).toBe(0);
  });
});
