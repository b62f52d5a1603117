import { expect, test } from "vitest";
import { StatusError } from "../../src/errors.ts";
import { RELEASE_NAMES, Voltage } from "../../src/protocols/index.ts";
import { agentOf, story } from "./story.ts";

const CPU = 0;
const GPU = 1;
const MEMORY = 2;
const VEE = 3;
const IO = 4;
const SECURE = 5;

const refused = (status: string) => (error: unknown) => error instanceof StatusError && error.statusName === status;

test("a voltage set by one agent is seen by another, and by the owner of the platform", () =>
  story(async ({ agents, platform }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Voltage);
    const guest = await agentOf(agents, "GUEST").protocol(Voltage);
    const heard: unknown[] = [];
    const stop = platform.on("voltageChanged", ({ agentId, domainId, levelUv }) => {
      heard.push([agentId, domainId, levelUv]);
    });
    await ospm.setLevel(VEE, -5_000_000);
    expect(await guest.getLevel(VEE)).toBe(-5_000_000);
    guest.setLevelPolled(CPU, 987_500);
    expect(ospm.getLevelPolled(CPU)).toBe(987_500);
    platform.voltage.setLevel(VEE, -12_000_000);
    expect(ospm.getLevelPolled(VEE)).toBe(-12_000_000);
    expect(heard).toEqual([
      [1, VEE, -5_000_000],
      [3, CPU, 987_500],
      [0, VEE, -12_000_000],
    ]);
    stop();

    // One supply for both: it goes off when nobody wants it
    await guest.enable(CPU);
    await ospm.enable(CPU);
    await guest.disable(CPU);
    expect(await guest.isEnabled(CPU)).toBe(true);
    await ospm.disable(CPU);
    expect(await guest.isEnabled(CPU)).toBe(false);
    expect(await guest.getLevel(CPU)).toBe(987_500);
  }));

test("an asynchronous level is overtaken by its delayed response, and another one takes its time", () =>
  story(async ({ agents, platform, settled, anomalies }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Voltage);
    expect(await ospm.setLevelAsync(IO, 3_300_000)).toBe(3_300_000);
    const slow = ospm.setLevelAsync(GPU, 900_000);
    expect(platform.voltage.level(GPU)).toBe(700_000);
    expect(await settled(slow)).toBe(900_000);
    expect(platform.voltage.level(GPU)).toBe(900_000);
    // A domain without is asked in the ordinary way
    expect(await ospm.setLevelAsync(CPU, 1_000_000)).toBe(1_000_000);
    expect(agents.OSPM?.counters).toMatchObject({ delayedResponses: 2, timeouts: 0, unexpected: 0, malformed: 0 });
    expect(anomalies).toEqual(["OSPM: late"]);
  }));

test("an agent does to a supply what it may, and no more", () =>
  story(async ({ agents, platform }) => {
    const guest = await agentOf(agents, "GUEST").protocol(Voltage);
    expect(await guest.getLevel(IO)).toBe(1_800_000);
    await expect(guest.setLevel(IO, 3_300_000)).rejects.toSatisfy(refused("DENIED"));
    await expect(guest.setLevelAsync(IO, 3_300_000)).rejects.toSatisfy(refused("DENIED"));
    await expect(guest.enable(IO)).rejects.toSatisfy(refused("DENIED"));
    expect(() => guest.getLevelPolled(SECURE)).toThrow(expect.objectContaining({ statusName: "DENIED" }));
    expect((await guest.describeAll()).map(({ domainId }) => domainId)).toEqual([CPU, GPU, MEMORY, VEE, IO]);
    expect(platform.voltage.level(IO)).toBe(1_800_000);
  }));

test.each(RELEASE_NAMES.slice(2))(
  "an agent finds and uses the voltage domains of a platform of release %s",
  (profile) =>
    story(
      async ({ agents, platform, settled }) => {
        const voltage = await agentOf(agents, "OSPM").protocol(Voltage);
        const infos = await voltage.describeAll();
        const isFirst = profile === "3.0";
        expect(infos[MEMORY]?.name).toBe(isFirst ? "supply-of-the-m" : "supply-of-the-memory-controllers");
        expect(infos.map(({ isAsync }) => isAsync)).toEqual([false, !isFirst, false, false, !isFirst, false]);
        expect(infos[VEE]?.levels).toEqual({
          ...{ kind: "range", lowestUv: -12_000_000, highestUv: -5_000_000, stepUv: 250_000 },
        });
        const lists = infos.map(({ levels }) => (levels.kind === "list" ? levels.levelsUv.length : 0));
        expect(lists).toEqual([0, 5, 29, 0, 2, 1]); // 29 in two parts
        for (const { domainId, levels } of infos) {
          const highest = levels.kind === "list" ? (levels.levelsUv.at(-1) ?? 0) : levels.highestUv;
          expect(await settled(voltage.setLevelAsync(domainId, highest))).toBe(highest);
          expect(platform.voltage.level(domainId)).toBe(highest);
        }
      },
      { profile },
    ),
);
