import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { hex, join, Scripted, type ScriptOptions, settle, text, unhex, words } from "./scripted.ts";

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly protocol: number;
  readonly message: number;
  readonly payload: string;
}

function vectors(file: string): ReadonlyMap<string, Vector> {
  const path = new URL(`../vectors/${file}.json`, import.meta.url);
  const { messages } = JSON.parse(readFileSync(path, "utf8")) as { messages: Vector[] };
  return new Map(messages.map((it) => [it.id, it]));
}

const GOLDEN = new Map([...vectors("13-performance"), ...vectors("14-clock")]);

async function opened(versions: Readonly<Record<number, number>>, options: ScriptOptions = {}) {
  const platform = new Scripted(options).withBase(0x20000, versions);
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const close = async () => {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
  };
  return { platform, agent, close };
}

/** Plays the worked example whose ids start with `prefix`; answers what the agent sent, to be compared with it. */
function example(platform: Scripted, prefix: string): { request: string; sent: () => string } {
  const all = [...GOLDEN.values()].filter(({ id }) => id === prefix || id.startsWith(`${prefix}-`));
  const request = all.find(({ kind }) => kind === "command");
  const response = all.find(({ kind }) => kind === "response");
  const { protocol = 0, message = 0 } = request ?? response ?? {};
  platform.on(protocol, message, unhex(response?.payload ?? "00000000"));
  return { request: request?.payload ?? "", sent: () => hex(platform.last.payload) };
}

test("the golden clock exchanges are sent and read byte for byte", async () => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  let it = example(platform, "14-11.1");
  expect(await clock.getProtocolAttributes()).toEqual({ clockCount: 3, maxPendingRateChanges: 2 });
  it = example(platform, "14-11.2");
  const { attributes, name, clockEnableDelayUs } = await clock.getAttributes(1);
  expect({ name, clockEnableDelayUs }).toEqual({ name: "gpu_clk", clockEnableDelayUs: 250 });
  expect(attributes).toMatchObject({ enabled: true, restricted: true, parents: true, notifyRateChanged: true });
  expect(it.sent()).toBe(it.request);
  it = example(platform, "14-11.3");
  const range = { kind: "range", lowestHz: 24_000_000, highestHz: 1_200_000_000, stepHz: 1_000_000 };
  expect(await clock.describeRates(0)).toEqual(range);
  expect(it.sent()).toBe(it.request);
  it = example(platform, "14-11.7");
  expect(await clock.getConfig(1, 1)).toEqual({ isEnabled: true, value: 50 });
  expect(it.sent()).toBe(it.request);
  platform.on(0x14, 0x7, words(0));
  await clock.enable(1);
  expect(platform.last.payload).toEqual(words(1, 1, 0));
  await clock.setExtendedConfig(1, 1, 50);
  expect(platform.last.payload).toEqual(words(1, 0x10003, 50));
  await clock.setExtendedConfig(1, 1, 50, { state: "disabled" });
  expect(platform.last.payload).toEqual(words(1, 0x10000, 50));
  await expect(clock.setExtendedConfig(1, 0, 50)).rejects.toThrow(RangeError);
  platform
    .on(0x14, 0xc, words(0, 2, 0, 2))
    .on(0x14, 0xd, words(-3))
    .on(0x14, 0xe, words(0, 2));
  expect(await clock.describeParents(1)).toEqual([0, 2]);
  await expect(clock.setParent(1, 2)).rejects.toMatchObject({ statusName: "DENIED" });
  expect(platform.last.payload).toEqual(words(1, 2));
  expect(await clock.getParent(1)).toBe(2);
  it = example(platform, "14-11.10");
  expect(await clock.getPermissions(1)).toEqual({ state: true, parent: false, rate: true });
  expect(it.sent()).toBe(it.request);
  await close();
});

test("an asynchronous rate change follows the worked example", async () => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x1, words(0, 3 | (2 << 16)));
  platform.on(0x14, 0x5, (_, received) => {
    platform.clock.after(1, () => platform.delayed(words(0, 1, 593_750_000, 0), received));
    return words(0);
  });
  const rate = clock.setRateAsync(1, 594_000_000, { round: "closest" });
  while (platform.clock.pending === 0) await Promise.resolve();
  platform.clock.advance(1);
  expect(await rate).toBe(593_750_000);
  expect(platform.last.payload).toEqual(words(9, 1, 594_000_000, 0));
  await clock.requestRate(1, 5_000_000_000, { round: "up" });
  expect(platform.last.payload).toEqual(words(7, 1, 0x2a05f200, 1));
  platform.clock.advance(1);
  await close();
});

test("where depth is 1 or 0 a rate is set in the ordinary way", async () => {
  const { platform, agent, close } = await opened({ 20: 0x20000 });
  const clock = await agent.protocol(Clock);
  platform
    .on(0x14, 0x1, words(0, 1 | (1 << 16)))
    .on(0x14, 0x5, words(0))
    .on(0x14, 0x6, words(0, 42, 0));
  expect(await clock.setRateAsync(0, 40)).toBe(42);
  expect(platform.order.slice(-2)).toEqual(["14:5", "14:6"]);
  await expect(clock.requestRate(0, 40)).rejects.toMatchObject({ name: "UnsupportedError" });
  await close();
});

test("versions before 3.0 send the short configuration and know no parents", async () => {
  const { platform, agent, close } = await opened({ 20: 0x20000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x7, words(0)).on(0x14, 0x3, join(words(0, 1), text("osc")));
  await clock.disable(1);
  expect(platform.last.payload).toEqual(words(1, 0));
  await expect(clock.setExtendedConfig(1, 1, 5)).rejects.toMatchObject({ name: "UnsupportedError" });
  await expect(clock.getParent(1)).rejects.toMatchObject({ name: "UnsupportedError" });
  expect(await clock.isEnabled(1)).toBe(true); // OP-TEE's reply, a word short
  await close();
});

test("everything about a clock is gathered once, with long name, parts and sorted rates", async () => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x1, words(0, 1)).on(0x14, 0x3, join(words(0, 0xb8000002), text("a-long-clock-na"), words(250)));
  platform.on(0x14, 0x8, join(words(0, 0), text("a-long-clock-name-of-more-than-15", 64)));
  platform.on(0x14, 0xc, ([, , , , skip]) => (skip === 0 ? words(0, 0x1000002, 4, 5) : words(0, 1, 6)));
  platform.on(0x14, 0xf, words(0, 0x20000000));
  const rates = [300, 100, 200];
  platform.on(0x14, 0x4, ([, , , , index = 0]) => words(0, 1 | ((2 - index) << 16), rates[index] ?? 0, 0));
  const info = await clock.describe(0);
  expect(info).toEqual({
    clockId: 0,
    name: "a-long-clock-name-of-more-than-15",
    enableDelayUs: 250,
    rates: { kind: "list", ratesHz: [100, 200, 300] },
    parents: [4, 5, 6],
    permissions: { state: false, parent: false, rate: true },
    hasExtendedConfig: true,
    notifiesRateChanged: true,
    notifiesRateChangeRequested: false,
  });
  const before = platform.received.length;
  expect(await clock.describe(0)).toBe(info);
  expect(platform.received.length).toBe(before);
  await close();
});

test("refusals and quirks of firmware leave a clock that can be used", async () => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x1, words(0, 3));
  // TF-A: parents and extended configuration on every clock, neither of them there; a hole at 1.
  platform.on(0x14, 0x3, ([id]) => (id === 1 ? words(-4) : join(words(0, 0x38000002), text("clk"), words(0))));
  platform.on(0x14, 0x4, words(0, 0x1001, 1000, 0, 3000, 0, 1000, 0)); // a triplet counted as one
  for (const id of [0x8, 0xc, 0xf]) platform.on(0x14, id, words(-1));
  const infos = await clock.describeAll();
  expect(infos.map(({ clockId }) => clockId)).toEqual([0, 2]);
  expect(infos[0]).toMatchObject({
    name: "clk",
    parents: [],
    permissions: { state: true, parent: true, rate: true },
    rates: { kind: "range", lowestHz: 1000, highestHz: 3000, stepHz: 1000 },
  });
  platform.on(0x14, 0xb, words(-1));
  platform.on(0x14, 0x3, join(words(0, 1), text("clk"), words(0)));
  expect(await clock.isEnabled(0)).toBe(true);
  await close();
});

test.each([
  ["more than the first part promised", [words(0, 1 | (1 << 16), 1, 0), words(0, 2, 2, 0, 3, 0)], "MessageError"],
  ["more than its bytes hold", [words(0, 3, 1, 0)], "MessageError"],
  ["a range of two", [words(0, 0x1002, 1, 0, 2, 0)], "MessageError"],
  ["an error in a later part", [words(0, 1 | (1 << 16), 1, 0), words(-5)], "StatusError"],
])("a list of rates with %s is refused", async (_, pages, name) => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x4, ([, , , , index]) => (index === 0 ? pages[0] : pages[1]));
  await expect(clock.describeRates(0)).rejects.toMatchObject({ name });
  await close();
});

test("a list that returns nothing ends, whatever it promises", async () => {
  const { platform, agent, close } = await opened({ 20: 0x30000 });
  const clock = await agent.protocol(Clock);
  platform.on(0x14, 0x4, ([, , , , index]) => (index === 0 ? words(0, 1 | (5 << 16), 7, 0) : words(0, 5 << 16)));
  expect(await clock.describeRates(0)).toEqual({ kind: "list", ratesHz: [7] });
  await close();
});

test("the golden performance exchanges are sent and read byte for byte", async () => {
  const { platform, agent, close } = await opened({ 19: 0x30000 });
  const performance = await agent.protocol(Performance);
  example(platform, "13-15.1");
  expect(await performance.getProtocolAttributes()).toEqual({
    domainCount: 2,
    powerUnit: 2,
    statisticsAddress: 0x1_8040_0000n,
    statisticsByteLength: 256,
  });
  const it = example(platform, "13-15.2");
  expect(await performance.getDomainAttributes(0)).toMatchObject({
    attributes: { setLimits: true, setLevel: true, notifyLimits: true, notifyLevel: false, fastChannel: true },
    rateLimitUs: 1000,
    sustainedFreqKhz: 2_000_000,
    sustainedPerfLevel: 2000,
    name: "cpu-big",
  });
  expect(it.sent()).toBe(it.request);
  platform
    .on(0x13, 0x5, words(0))
    .on(0x13, 0x7, words(-5))
    .on(0x13, 0x8, words(0, 7))
    .on(0x13, 0x6, words(0, 9, 8));
  await performance.setLimits(0, { rangeMax: 1400, rangeMin: 600 });
  expect(hex(platform.last.payload)).toBe("000000007805000058020000");
  await expect(performance.setLevel(0, 2000)).rejects.toMatchObject({ statusName: "OUT_OF_RANGE" });
  expect(hex(platform.last.payload)).toBe("00000000d0070000");
  expect(await performance.getLevel(1)).toBe(7);
  expect(await performance.getLimits(1)).toEqual({ rangeMax: 9, rangeMin: 8 });
  expect(performance.getLevelPolled(1)).toBe(7);
  expect(performance.getLimitsPolled(1, { rangeMax: 0, rangeMin: 0 })).toEqual({ rangeMax: 9, rangeMin: 8 });
  performance.setLimitsPolled(0, 5, 4);
  expect(platform.last.payload).toEqual(words(0, 5, 4));
  expect(() => performance.setLevelPolled(0, 1)).toThrow(expect.objectContaining({ statusName: "OUT_OF_RANGE" }));
  await close();
});

test("levels come in parts, and what firmware repeats is taken once", async () => {
  const { platform, agent, close } = await opened({ 19: 0x40000 });
  const performance = await agent.protocol(Performance);
  platform.on(0x13, 0x1, words(0, 1, 0, 0, 0));
  platform.on(0x13, 0x3, join(words(0, 0x02000000, 0, 2_000_000, 2000), text("cpu")));
  const level = (value: number, index: number) => words(value, 10, 20, value * 1000, index);
  platform.on(0x13, 0x4, ([, , , , skip]) =>
    skip === 0
      ? join(words(0, 2 | (2 << 16)), level(100, 1), level(412, 2))
      : join(words(0, 2), level(412, 3), level(500, 4)),
  );
  const info = await performance.describe(0);
  expect(info.levels.map((it) => [it.performanceLevel, it.levelIndex])).toEqual([
    [100, 1],
    [412, 2],
    [500, 4],
  ]);
  expect(info).toMatchObject({ isLevelIndexed: true, hzPerLevel: 1000, fastChannels: {} });
  await expect(performance.describe(1)).rejects.toThrow(RangeError);
  await close();
});

/** A domain 0 with FastChannels for level and limits, 200 µs apart, with a 32-bit doorbell; cells in the platform's memory. */
async function withFastChannels(options: ScriptOptions = {}, changes: Readonly<Record<number, Uint8Array>> = {}) {
  let base = 0;
  const resolve = (address: bigint) => (address >= 0x1000n ? base + Number(address - 0x1000n) : undefined);
  const { platform, agent, close } = await opened({ 19: 0x30000 }, { resolve, ...options });
  base = platform.core.reserve(64);
  const performance = await agent.protocol(Performance);
  platform
    .on(0x13, 0x1, words(0, 1, 0, 0, 0))
    .on(0x13, 0x2, words(0, 1))
    .on(0x13, 0x4, words(0, 0));
  platform.on(0x13, 0x3, join(words(0, 0xc8000000, 0, 2_000_000, 2000), text("cpu")));
  platform.on(0x13, 0xb, (payload) => {
    const message = payload[4] ?? 0;
    const isLevel = message === 0x7 || message === 0x8;
    const isSet = message === 0x5 || message === 0x7;
    const cell = 0x1000 + (message - 5) * 8;
    const doorbell = isSet ? [0x1030, 0, 8, 0, 0xfffffff7, 0] : [0, 0, 0, 0, 0, 0];
    return words(0, isSet ? 5 : 0, 200, cell, 0, isLevel ? 4 : 8, ...doorbell);
  });
  for (const [id, answer] of Object.entries(changes)) platform.on(0x13, Number(id), answer);
  const info = await performance.describe(0);
  const cell = (offset: number) => platform.core.memory.u32(platform.core.base + base + offset);
  const setCell = (offset: number, value: number) => {
    platform.core.memory.setU32(platform.core.base + base + offset, value);
  };
  return { platform, performance, info, cell, setCell, close };
}

test("FastChannels that are described are used, with doorbell and rate limit", async () => {
  const { platform, performance, info, cell, setCell, close } = await withFastChannels();
  expect(Object.keys(info.fastChannels)).toEqual(["getLevel", "getLimits", "setLevel", "setLimits"]);
  const before = platform.received.length;
  setCell(0x30, 0x41);
  await performance.setLevel(0, 1400);
  expect([cell(0x10), cell(0x30)]).toEqual([1400, 0x49]);
  expect(() => performance.setLevelPolled(0, 600)).toThrow(expect.objectContaining({ reason: "busy" }));
  const second = performance.setLevel(0, 600);
  const third = performance.setLevel(0, 700);
  await Promise.resolve();
  expect(cell(0x10)).toBe(1400);
  for (let us = 0; us < 500; us += 10) {
    platform.clock.advance(0.01);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  await Promise.all([second, third]);
  expect(cell(0x10)).toBe(700);
  await expect(performance.setLevel(0, 800, { timeoutMs: 0.01 })).rejects.toMatchObject({ phase: "channel" });
  platform.clock.advance(1);
  performance.setLevelPolled(0, 900);
  expect(cell(0x10)).toBe(900);
  await performance.setLimits(0, { rangeMax: 5, rangeMin: 4 });
  expect([cell(0), cell(4)]).toEqual([5, 4]);
  setCell(0x18, 77);
  setCell(0x8, 9);
  setCell(0xc, 3);
  expect(await performance.getLevel(0)).toBe(77);
  expect(performance.getLevelPolled(0)).toBe(77);
  expect(await performance.getLimits(0)).toEqual({ rangeMax: 9, rangeMin: 3 });
  expect(platform.received.length).toBe(before);
  // A zero has no meaning there, and messages can say no.
  platform.on(0x13, 0x7, words(-5));
  await expect(performance.setLevel(0, 0)).rejects.toMatchObject({ statusName: "OUT_OF_RANGE" });
  await expect(performance.setLevel(0, 5, { via: "message" })).rejects.toMatchObject({ statusName: "OUT_OF_RANGE" });
  await expect(performance.setLevel(0, -1)).rejects.toThrow(RangeError);
  await close();
});

test.each([
  ["no message has one", {}, { 2: words(0, 0) }],
  ["the description fails", {}, { 11: words(-1) }],
  ["the size is wrong", {}, { 11: words(0, 0, 0, 0x1000, 0, 16, 0, 0, 0, 0, 0, 0) }],
  ["the description is broken", {}, { 11: words(0, 0, 0) }],
  ["memory is out of reach", {}, { 11: words(0, 0, 0, 0x10, 0, 4, 0, 0, 0, 0, 0, 0) }],
  ["an address is odd", {}, { 11: words(0, 0, 0, 0x1001, 0, 4, 0, 0, 0, 0, 0, 0) }],
])("when %s, messages are used", async (_, options, changes) => {
  const { platform, performance, info, close } = await withFastChannels(options, changes);
  expect(info.fastChannels).toEqual({});
  platform.on(0x13, 0x7, words(0));
  await performance.setLevel(0, 1400);
  expect(platform.order.at(-1)).toBe("13:7");
  await close();
});

test("an agent that closes leaves its FastChannels to the next one, their rate limit included", async () => {
  const { platform, performance, cell, close } = await withFastChannels();
  await performance.setLevel(0, 1400);
  await close();
  for (let i = 0; i < 100; i++) {
    const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
    const { fastChannels } = await (await agent.protocol(Performance)).describe(0);
    expect(Object.keys(fastChannels)).toEqual(["getLevel", "getLimits", "setLevel", "setLimits"]);
    await agent.close();
  }
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const next = await agent.protocol(Performance);
  await next.describe(0);
  const set = next.setLevel(0, 600);
  await settle();
  expect(cell(0x10)).toBe(1400);
  platform.clock.advance(0.21);
  await set;
  expect(cell(0x10)).toBe(600);
  await agent.close();
});

test("memory that the platform shares is not touched after the agent has closed", async () => {
  const { platform, performance, cell, close } = await withFastChannels();
  await performance.setLevel(0, 1400);
  await performance.setLimits(0, { rangeMax: 5, rangeMin: 4 });
  platform.clock.advance(1);
  await close();
  const closed = { name: "ChannelError", reason: "closed" };
  expect(() => performance.setLevelPolled(0, 600)).toThrow(expect.objectContaining(closed));
  expect(() => performance.setLimitsPolled(0, 6, 5)).toThrow(expect.objectContaining(closed));
  expect(() => performance.getLevelPolled(0)).toThrow(expect.objectContaining(closed));
  await expect(performance.setLevel(0, 600)).rejects.toMatchObject(closed);
  await expect(performance.getLimits(0)).rejects.toMatchObject(closed);
  expect([cell(0), cell(4), cell(0x10)]).toEqual([5, 4, 1400]);
});

test("statistics are read where they lie", async () => {
  const image = unhex(
    "465245500000000001000000000000001800000000000000020001000000000040" +
      "4b4c00000000000000000000000000030000000000000040164000000000000100000000000000030000000000000000350c0000000000",
  );
  let base = 0;
  const { platform, agent, close } = await opened(
    { 19: 0x30000 },
    { resolve: (address) => (address === 0x5000n ? base : undefined) },
  );
  base = platform.core.reserve(image.byteLength);
  platform.core.memory.bytes.set(image, platform.core.base + base);
  platform.on(0x13, 0x1, words(0, 1, 0x5000, 0, image.byteLength));
  const performance = await agent.protocol(Performance);
  expect(await performance.readStatistics()).toEqual({
    revision: 0,
    domains: [
      {
        currentLevel: 1,
        lastChangeUs: 5_000_000,
        levels: [
          { levelId: 0, usageCount: 3, residencyUs: 4_200_000 },
          { levelId: 1, usageCount: 3, residencyUs: 800_000 },
        ],
      },
    ],
  });
  await close();
  await expect(performance.readStatistics()).rejects.toMatchObject({ name: "ChannelError", reason: "closed" });
});
