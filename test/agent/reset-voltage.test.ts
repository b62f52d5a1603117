import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { Reset } from "../../src/protocols/reset-agent.ts";
import { Voltage } from "../../src/protocols/voltage-agent.ts";
import { hex, join, Scripted, type ScriptOptions, settle, text, unhex, words } from "./scripted.ts";

interface Vector {
  readonly id: string;
  readonly payload: string;
}

const GOLDEN = new Map<string, string>(
  ["16-reset-domain", "17-voltage"].flatMap((file) => {
    const path = new URL(`../vectors/${file}.json`, import.meta.url);
    const { messages } = JSON.parse(readFileSync(path, "utf8")) as { messages: Vector[] };
    return messages.map(({ id, payload }) => [id, payload] as const);
  }),
);

function golden(id: string): Uint8Array {
  const payload = GOLDEN.get(id);
  if (payload === undefined) throw new RangeError(`expected the vector ${id}, got none`);
  return unhex(payload);
}

async function opened(versions: Readonly<Record<number, number>>, options: ScriptOptions = {}) {
  const platform = new Scripted(options).withBase(0x20000, versions);
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const sent = () => hex(platform.last.payload);
  const close = async () => {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
  };
  return { platform, agent, sent, close };
}

describe("reset", () => {
  test("the golden exchanges are sent and read byte for byte", async () => {
    const { platform, agent, sent, close } = await opened({ 22: 0x30000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, golden("16-12.1-response"));
    expect(await reset.getAttributes(4)).toEqual({
      attributes: { async: true, notify: true, extendedName: true },
      latencyUs: 250,
      name: "usb0",
    });
    expect(sent()).toBe(GOLDEN.get("16-12.1-request"));
    platform.on(0x16, 0x4, words(0));
    await reset.assert(4);
    expect(sent()).toBe(GOLDEN.get("16-12.2-request-1"));
    await reset.deassert(4);
    expect(sent()).toBe(GOLDEN.get("16-12.2-request-2"));
    await reset.reset(4);
    expect(platform.last.payload).toEqual(words(4, 1, 0));
    await reset.reset(4, { state: { resetId: 3, implementationDefined: true } });
    expect(platform.last.payload).toEqual(words(4, 1, 0x80000003));
    platform.on(0x16, 0x4, golden("16-12.6-response"));
    await expect(reset.assert(4)).rejects.toMatchObject({ statusName: "INVALID_PARAMETERS" });
    await close();
  });

  test("an asynchronous reset follows the worked example", async () => {
    const { platform, agent, sent, close } = await opened({ 22: 0x30000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, golden("16-12.1-response")).on(0x16, 0x6, join(words(0, 0), text("usb0", 64)));
    platform.on(0x16, 0x4, golden("16-12.3-response"));
    let isDone = false;
    const done = reset.resetAsync(4).then(() => {
      isDone = true;
    });
    await settle();
    expect(sent()).toBe(GOLDEN.get("16-12.3-request"));
    expect(isDone).toBe(false);
    platform.delayed(golden("16-12.3-delayed"));
    await done;
    await close();
  });

  test.each([
    ["says so", words(-9, 4), "StatusError"],
    ["is about another domain", words(0, 5), "MessageError"],
    ["is too short", words(0), "MessageError"],
  ])("an asynchronous reset fails when its delayed response %s", async (_, delayed, name) => {
    const { platform, agent, close } = await opened({ 22: 0x10000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, join(words(0, 0x80000000, 1), text("usb0"))).on(0x16, 0x4, words(0));
    const failed = expect(reset.resetAsync(4)).rejects.toMatchObject({ name });
    await settle();
    platform.delayed(delayed);
    await failed;
    await close();
  });

  test("an asynchronous reset whose delayed response does not come ends at the deadline", async () => {
    const { platform, agent, close } = await opened({ 22: 0x10000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, join(words(0, 0x80000000, 1), text("usb0"))).on(0x16, 0x4, words(0));
    const failed = expect(reset.resetAsync(4)).rejects.toMatchObject({ phase: "delayedResponse" });
    await settle();
    platform.clock.advance(2000);
    await failed;
    await close();
  });

  test.each([
    ["a domain that cannot", 0, {}],
    ["a platform that cannot speak first", 0x80000000, { hasP2a: false }],
  ])("%s is reset in the ordinary way", async (_, attributes, options) => {
    const { platform, agent, close } = await opened({ 22: 0x10000 }, options);
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, join(words(0, attributes, 1), text("usb0"))).on(0x16, 0x4, words(0));
    await reset.resetAsync(2);
    expect(platform.last.payload).toEqual(words(2, 1, 0));
    await close();
  });

  test("descriptions are gathered once, over holes, with long names and latencies that are known", async () => {
    const { platform, agent, close } = await opened({ 22: 0x30001 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x1, words(0, 5));
    platform.on(0x16, 0x3, ([id = 0]) => {
      if (id === 1) return words(-4); // a hole of OP-TEE
      if (id === 4) return words(-2); // and what it says of an id past the last
      const latencyUs = [250, 0, 0xffffffff, 0x7fffffff][id] ?? 0;
      return join(words(0, id === 0 ? 0xe0000000 : id === 2 ? 0x20000000 : 0, latencyUs), text(`domain${id}`));
    });
    platform.on(0x16, 0x6, ([id]) => (id === 0 ? join(words(0, 0), text("usb-host-controller-0", 64)) : words(-1)));
    expect(await reset.describeAll()).toEqual([
      { domainId: 0, name: "usb-host-controller-0", latencyUs: 250, isAsync: true, notifiesIssued: true },
      { domainId: 2, name: "domain2", latencyUs: undefined, isAsync: false, notifiesIssued: false },
      { domainId: 3, name: "domain3", latencyUs: undefined, isAsync: false, notifiesIssued: false },
    ]);
    const before = platform.received.length;
    await reset.describe(2);
    expect(platform.received.length).toBe(before);
    await close();
  });

  test("before version 3.0 there is no long name, whatever the bit says", async () => {
    const { platform, agent, close } = await opened({ 22: 0x20000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x3, join(words(0, 0x20000000, 1), text("usb0")));
    expect(await reset.describe(0)).toMatchObject({ name: "usb0" });
    await expect(reset.getName(0)).rejects.toMatchObject({ name: "UnsupportedError" });
    await close();
  });

  test("a watch switches RESET_ISSUED on where the platform tells it, and off again", async () => {
    const { platform, agent, close } = await opened({ 22: 0x10000 });
    const reset = await agent.protocol(Reset);
    platform.on(0x16, 0x1, words(0, 5)).on(0x16, 0x5, words(0));
    platform.on(0x16, 0x3, ([id]) => join(words(0, id === 4 ? 0x40000000 : 0, 1), text("usb0")));
    const watch = reset.watchResets();
    await watch.ready;
    expect(platform.last.payload).toEqual(golden("16-12.5-request"));
    platform.notify(0x16, 0x0, golden("16-12.4-notification"));
    platform.notify(0x16, 0x0, words(0, 4, 0x80000001));
    const events = [];
    for await (const event of watch) if (events.push(event) === 2) break;
    const cold = { resetId: 0, implementationDefined: false };
    expect(events).toEqual([
      { agentId: 2, domainId: 4, resetState: cold },
      { agentId: 0, domainId: 4, resetState: { resetId: 1, implementationDefined: true } },
    ]);
    await settle();
    expect(platform.last.payload).toEqual(words(4, 0));
    platform.on(0x16, 0x5, golden("16-12.5-response"));
    await expect(reset.watchResets(3).ready).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
    await close();
  });
});

describe("voltage", () => {
  test("the golden exchanges are sent and read byte for byte", async () => {
    const { platform, agent, sent, close } = await opened({ 23: 0x20001 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x3, golden("17-9.2-response"));
    expect(await voltage.getAttributes(2)).toEqual({
      attributes: { async: true, extendedName: true },
      name: "vdd_gpu_cluster",
    });
    expect(sent()).toBe(GOLDEN.get("17-9.2-request"));
    platform.on(0x17, 0x4, ([, , , , index]) => golden(`17-9.3-response-${index === 0 ? 1 : 2}`));
    const list = { kind: "list", levelsUv: [800_000, 850_000, 900_000, 950_000, 1_000_000] };
    expect(await voltage.describeLevels(1)).toEqual(list);
    const [first, second] = platform.received.slice(-2).map(({ payload }) => hex(payload));
    expect([first, second]).toEqual([GOLDEN.get("17-9.3-request-1"), GOLDEN.get("17-9.3-request-2")]);
    platform.on(0x17, 0x4, golden("17-9.4-response"));
    const range = { kind: "range", lowestUv: 600_000, highestUv: 1_200_000, stepUv: 12_500 };
    expect(await voltage.describeLevels(0)).toEqual(range);
    expect(sent()).toBe(GOLDEN.get("17-9.4-request"));
    platform.on(0x17, 0x5, golden("17-9.6-response-1"));
    await voltage.enable(2);
    expect(sent()).toBe(GOLDEN.get("17-9.6-request-1"));
    await voltage.disable(2);
    expect(platform.last.payload).toEqual(words(2, 0));
    platform.on(0x17, 0x8, golden("17-9.6-response-2"));
    await expect(voltage.getLevel(9)).rejects.toMatchObject({ statusName: "NOT_FOUND" });
    expect(sent()).toBe(GOLDEN.get("17-9.6-request-2"));
    await close();
  });

  test("levels are signed both ways, awaited and polled", async () => {
    const { platform, agent, close } = await opened({ 23: 0x10000 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x7, words(0)).on(0x17, 0x8, join(words(0), unhex("00e548ff")));
    await voltage.setLevel(3, -12_000_000);
    expect(hex(platform.last.payload)).toBe("030000000000000000e548ff");
    expect(await voltage.getLevel(3)).toBe(-12_000_000);
    voltage.setLevelPolled(3, -12_000_000);
    expect(hex(platform.last.payload)).toBe("030000000000000000e548ff");
    expect(voltage.getLevelPolled(3)).toBe(-12_000_000);
    platform.on(0x17, 0x7, words(-2));
    expect(() => voltage.setLevelPolled(3, 5)).toThrow(expect.objectContaining({ statusName: "INVALID_PARAMETERS" }));
    await expect(voltage.setLevel(3, 2 ** 31)).rejects.toThrow(RangeError);
    await close();
  });

  test.each([
    [0x0, false],
    [0x7, true],
    [0x8, false],
    [0x9, true],
    [0xf, true],
  ])("mode 0x%x counts as Linux counts it", async (config, isEnabled) => {
    const { platform, agent, close } = await opened({ 23: 0x10000 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x6, words(0, config)).on(0x17, 0x5, words(0));
    expect(await voltage.getConfig(1)).toBe(config);
    expect(await voltage.isEnabled(1)).toBe(isEnabled);
    await voltage.setConfig(1, config);
    expect(platform.last.payload).toEqual(words(1, config));
    await expect(voltage.setConfig(1, 16)).rejects.toThrow(RangeError);
    await close();
  });

  test("an asynchronous level change follows the worked example", async () => {
    const { platform, agent, sent, close } = await opened({ 23: 0x20001 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x3, golden("17-9.2-response")).on(0x17, 0x4, golden("17-9.4-response"));
    platform.on(0x17, 0x9, join(words(0, 0), text("vdd_gpu_cluster_of_the_second_die", 64)));
    platform.on(0x17, 0x7, golden("17-9.5-response"));
    const level = voltage.setLevelAsync(2, 900_000);
    await settle();
    expect(sent()).toBe(GOLDEN.get("17-9.5-request"));
    platform.delayed(golden("17-9.5-delayed"));
    expect(await level).toBe(900_000);
    const failed = expect(voltage.setLevelAsync(2, 900_000)).rejects.toMatchObject({ name: "MessageError" });
    await settle();
    platform.delayed(words(0, 1, 900_000));
    await failed;
    await close();
  });

  test("before version 2.0 levels are set in the ordinary way, whatever the bits say", async () => {
    const { platform, agent, close } = await opened({ 23: 0x10000 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x3, golden("17-9.2-response")).on(0x17, 0x4, golden("17-9.4-response"));
    platform.on(0x17, 0x7, words(0)).on(0x17, 0x8, words(0, 887_500));
    expect(await voltage.setLevelAsync(2, 900_000)).toBe(887_500);
    expect(platform.order.slice(-2)).toEqual(["17:7", "17:8"]);
    expect(platform.received.at(-2)?.payload).toEqual(words(2, 0, 900_000));
    expect((await voltage.describe(2)).name).toBe("vdd_gpu_cluster");
    await expect(voltage.getName(2)).rejects.toMatchObject({ name: "UnsupportedError" });
    await close();
  });

  test("descriptions are gathered once, over refusals, with OP-TEE's way of counting what remains", async () => {
    const { platform, agent, close } = await opened({ 23: 0x20000 });
    const voltage = await agent.protocol(Voltage);
    const levels = [700_000, 800_000, 900_000];
    platform.on(0x17, 0x1, words(0, 4));
    platform.on(0x17, 0x3, ([id]) => (id === 1 ? words(-4) : join(words(0, 0), text(`vdd${id}`))));
    platform.on(0x17, 0x4, ([id, , , , index = 0]) => {
      if (id === 2) return words(-1);
      const page = levels.slice(index, index + 2);
      return words(0, page.length | ((levels.length - index) << 16), ...page);
    });
    expect(await voltage.describeAll()).toEqual([
      { domainId: 0, name: "vdd0", levels: { kind: "list", levelsUv: levels }, isAsync: false },
      { domainId: 2, name: "vdd2", levels: { kind: "list", levelsUv: [] }, isAsync: false },
      { domainId: 3, name: "vdd3", levels: { kind: "list", levelsUv: levels }, isAsync: false },
    ]);
    const before = platform.received.length;
    await voltage.describe(3);
    expect(platform.received.length).toBe(before);
    await close();
  });

  test.each([
    ["a range of two", [words(0, 0x1002, 1, 2)]],
    ["a range of four", [words(0, 0x1004, 1, 2, 3, 4)]],
    ["more than its bytes hold", [words(0, 3, 1)]],
    ["more than the first part promised", [words(0, 1 | (1 << 16), 1), words(0, 2, 2, 3)]],
  ])("a list of levels with %s is refused", async (_, pages) => {
    const { platform, agent, close } = await opened({ 23: 0x10000 });
    const voltage = await agent.protocol(Voltage);
    platform.on(0x17, 0x4, ([, , , , index]) => (index === 0 ? pages[0] : pages[1]));
    await expect(voltage.describeLevels(0)).rejects.toMatchObject({ name: "MessageError" });
    await close();
  });
});
