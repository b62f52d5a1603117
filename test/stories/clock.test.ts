import { expect, test } from "vitest";
import { StatusError } from "../../src/errors.ts";
import { Clock } from "../../src/protocols/index.ts";
import { agentOf, story } from "./story.ts";

const CPU_PLL = 1;
const GPU_CLK = 2;
const UART0 = 3;
const SECURE_TIMER = 5;

const refused = (status: string) => (error: unknown) => error instanceof StatusError && error.statusName === status;

test("two agents with different permissions share one clock", () =>
  story(async ({ agents, platform }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Clock);
    const guest = await agentOf(agents, "GUEST").protocol(Clock);
    expect(await ospm.getPermissions(GPU_CLK)).toEqual({ state: true, parent: true, rate: true });
    expect(await guest.getPermissions(GPU_CLK)).toEqual({ state: true, parent: false, rate: true });

    await guest.setRate(GPU_CLK, 300e6);
    expect(await ospm.getRate(GPU_CLK)).toBe(300e6); // one rate for all: the last writer wins
    await expect(guest.setParent(GPU_CLK, 0)).rejects.toSatisfy(refused("DENIED"));
    await ospm.setParent(GPU_CLK, 0);
    expect(await guest.getParent(GPU_CLK)).toBe(0);

    await guest.enable(GPU_CLK);
    await ospm.enable(GPU_CLK);
    await guest.disable(GPU_CLK); // the other one still wants it
    expect(platform.clock.isEnabled(GPU_CLK)).toBe(true);
    await ospm.disable(GPU_CLK);
    expect(platform.clock.isEnabled(GPU_CLK)).toBe(false);

    // What the guest may not use is not there for it
    expect((await ospm.describe(SECURE_TIMER)).name).toBe("secure-timer");
    await expect(guest.getRate(SECURE_TIMER)).rejects.toSatisfy(refused("NOT_FOUND"));
    await expect(guest.setRate(SECURE_TIMER, 1e6)).rejects.toSatisfy(refused("NOT_FOUND"));
    expect(platform.clock.rate(SECURE_TIMER)).toBe(19.2e6);
  }));

test("a clock gets another parent while its rate is watched: the rate stays, and nobody is told of one", () =>
  story(async ({ agents, platform, rest, anomalies }) => {
    const watcher = await agentOf(agents, "MANAGEMENT").protocol(Clock);
    const ospm = await agentOf(agents, "OSPM").protocol(Clock);
    const parents: number[] = [];
    const stop = platform.on("parentChanged", ({ parentId }) => void parents.push(parentId));
    const watch = watcher.watchRate(GPU_CLK);
    await watch.ready;
    const first = watch[Symbol.asyncIterator]().next();

    await ospm.setParent(GPU_CLK, 0);
    expect(await ospm.getRate(GPU_CLK)).toBe(200e6);
    await ospm.setRate(GPU_CLK, 600e6);
    await rest();
    // The first thing that it hears is the rate
    expect((await first).value).toEqual({ agentId: 1, clockId: GPU_CLK, rateHz: 600e6 });
    expect(parents).toEqual([0]);
    await watch.return?.();
    stop();
    expect(anomalies).toEqual([]);
  }));

test("an asynchronous rate change is overtaken by its delayed response", () =>
  story(async ({ agents, platform, settled, anomalies }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Clock);
    // uart0 changes at once: CLOCK_RATE_SET_COMPLETE is out before the response
    expect(await ospm.setRateAsync(UART0, 24e6)).toBe(24e6);
    // cpu-pll takes 500 µs: the usual order
    const slow = ospm.setRateAsync(CPU_PLL, 1200e6);
    expect(platform.clock.rate(CPU_PLL)).toBe(1000e6);
    expect(await settled(slow)).toBe(1200e6);
    expect(agents.OSPM?.counters).toMatchObject({ delayedResponses: 2, timeouts: 0, unexpected: 0, malformed: 0 });
    // docs/abi.md section 4: the response that was overtaken is taken in like a late answer
    expect(anomalies).toEqual(["OSPM: late"]);
  }));
