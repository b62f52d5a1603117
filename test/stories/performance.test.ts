import { expect, test } from "vitest";
import { Performance } from "../../src/protocols/index.ts";
import { agentOf, story } from "./story.ts";

const CPU_LITTLE = 0;

test("limits are lowered through a FastChannel while another agent watches", () =>
  story(async ({ agents, platform, clock, rest, anomalies }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Performance);
    const management = await agentOf(agents, "MANAGEMENT").protocol(Performance);
    expect((await ospm.describe(CPU_LITTLE)).levels.map(({ performanceLevel }) => performanceLevel)).toEqual([
      600, 1000, 1400, 1800,
    ]);
    await ospm.setLevel(CPU_LITTLE, 1800, { via: "message" });

    const limits = management.watchLimits(CPU_LITTLE);
    const levels = management.watchLevel(CPU_LITTLE);
    await Promise.all([limits.ready, levels.ready]);
    const sent = agentOf(agents, "OSPM").counters.sent;
    const [limit, level] = [limits, levels].map((it) => it[Symbol.asyncIterator]().next());

    await ospm.setLimits(CPU_LITTLE, { rangeMax: 1400, rangeMin: 600 });
    clock.advance(5); // its doorbell was rung, or else the platform looks every 4 ms
    await rest();
    expect(agentOf(agents, "OSPM").counters.sent).toBe(sent); // no message went out
    expect(platform.performance.limits(CPU_LITTLE)).toEqual({ max: 1400, min: 600 });
    // The level is within the limits again, and both agents see the same
    expect(platform.performance.level(CPU_LITTLE)).toBe(1400);
    expect((await limit)?.value).toEqual({ agentId: 1, domainId: CPU_LITTLE, rangeMax: 1400, rangeMin: 600 });
    expect((await level)?.value).toMatchObject({ domainId: CPU_LITTLE, performanceLevel: 1400 });
    expect(ospm.getLevelPolled(CPU_LITTLE)).toBe(1400);
    expect(await management.getLimits(CPU_LITTLE, { via: "message" })).toEqual({ rangeMax: 1400, rangeMin: 600 });
    await Promise.all([limits.return?.(), levels.return?.()]);
    expect(anomalies).toEqual([]);
  }));
