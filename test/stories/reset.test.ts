import { expect, test } from "vitest";
import { StatusError } from "../../src/errors.ts";
import { RELEASE_NAMES, Reset } from "../../src/protocols/index.ts";
import { agentOf, story } from "./story.ts";

const USB0 = 0;
const GPU = 2;
const DISPLAY = 3;
const SECURE_TIMER = 4;

const refused = (status: string) => (error: unknown) => error instanceof StatusError && error.statusName === status;

test("a reset takes its time while the channel goes on, and everybody who asked hears of it", () =>
  story(async ({ agents, platform, rest, settled, anomalies }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Reset);
    const watcher = await agentOf(agents, "MANAGEMENT").protocol(Reset);
    const watch = watcher.watchResets();
    await watch.ready;
    const heard = watch[Symbol.asyncIterator]();
    const first = heard.next();

    const done = ospm.resetAsync(USB0);
    await rest();
    expect(platform.reset.isAsserted(USB0)).toBe(true);
    expect((await ospm.describe(GPU)).name).toBe("graphics-processor-shader-cores"); // meanwhile
    await settled(done);
    expect(platform.reset.isAsserted(USB0)).toBe(false);
    const cold = { resetId: 0, implementationDefined: false };
    expect((await first).value).toEqual({ agentId: 1, domainId: USB0, resetState: cold });

    // Without asynchrony it is the same to the caller; and the platform resets on its own, too
    const state = { resetId: 2, implementationDefined: true };
    await ospm.resetAsync(GPU, { state });
    platform.reset.reset(GPU);
    expect((await heard.next()).value).toEqual({ agentId: 1, domainId: GPU, resetState: state });
    expect((await heard.next()).value).toEqual({ agentId: 0, domainId: GPU, resetState: cold });
    await heard.return?.();
    expect(agents.OSPM?.counters).toMatchObject({ delayedResponses: 1, timeouts: 0, unexpected: 0, malformed: 0 });
    expect(anomalies).toEqual([]);
  }));

test("a device is taken out of reset by one agent, and another one may only look on", () =>
  story(async ({ agents, platform }) => {
    const ospm = await agentOf(agents, "OSPM").protocol(Reset);
    const guest = await agentOf(agents, "GUEST").protocol(Reset);
    expect(platform.reset.isAsserted(DISPLAY)).toBe(true);
    expect((await guest.describe(DISPLAY)).latencyUs).toBe(1000);
    await expect(guest.deassert(DISPLAY)).rejects.toSatisfy(refused("DENIED"));
    await ospm.deassert(DISPLAY);
    expect(platform.reset.isAsserted(DISPLAY)).toBe(false);
    await ospm.assert(DISPLAY);
    await ospm.assert(DISPLAY);
    expect(platform.reset.count(DISPLAY)).toBe(1);

    await expect(guest.describe(SECURE_TIMER)).rejects.toSatisfy(refused("DENIED"));
    await expect(guest.reset(SECURE_TIMER)).rejects.toSatisfy(refused("DENIED"));
    expect((await guest.describeAll()).map(({ name }) => name)).not.toContain("secure-timer");
    expect(platform.reset.count(SECURE_TIMER)).toBe(0);
  }));

test.each(RELEASE_NAMES.slice(1))("an agent finds and uses the reset domains of a platform of release %s", (profile) =>
  story(
    async ({ agents, platform, settled }) => {
      const reset = await agentOf(agents, "OSPM").protocol(Reset);
      const infos = await reset.describeAll();
      const hasLongNames = profile === "3.1" || profile === "3.2";
      expect(infos.map(({ name }) => name)).toEqual([
        "usb0",
        "uart0",
        hasLongNames ? "graphics-processor-shader-cores" : "graphics-proces",
        "display",
        "secure-timer",
      ]);
      expect(infos.map(({ latencyUs }) => latencyUs)).toEqual([250, undefined, 40, 1000, 5]);
      for (const { domainId } of infos) await settled(reset.resetAsync(domainId));
      expect(infos.map(({ domainId }) => platform.reset.count(domainId))).toEqual([1, 1, 1, 1, 1]);
    },
    { profile },
  ),
);
