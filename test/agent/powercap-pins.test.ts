import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { Pinctrl } from "../../src/protocols/pinctrl-agent.ts";
import { Powercap } from "../../src/protocols/powercap-agent.ts";
import { join, Scripted, type ScriptOptions, settle, text, unhex, words } from "./scripted.ts";

const PAYLOADS = new Map<string, string>(
  ["18-powercap", "19-pinctrl"].flatMap((file) => {
    const path = new URL(`../vectors/${file}.json`, import.meta.url);
    const { messages } = JSON.parse(readFileSync(path, "utf8")) as { messages: { id: string; payload: string }[] };
    return messages.map(({ id, payload }) => [id, payload] as const);
  }),
);

function golden(id: string): Uint8Array {
  const payload = PAYLOADS.get(id);
  if (payload === undefined) throw new Error(`expected the vector ${id}, got none`);
  return unhex(payload);
}

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

/** `POWERCAP_DOMAIN_ATTRIBUTES` with these attribute bits: 1000 to 20000 in steps of 500, under domain 0. */
function domain(attributes: number, name = "pcap-cpu"): Uint8Array {
  const numbers = words(10_000, 1_000_000, 10_000, 1000, 20_000, 500, 15_000, 2500, 0);
  return join(words(0, attributes), text(name), numbers);
}

test("the golden powercap exchanges are sent and read byte for byte", async () => {
  const { platform, agent, close } = await opened({ 24: 0x20000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 2)).on(0x18, 0x3, golden("18-10.1-response"));
  expect(await powercap.getDomainAttributes(1)).toMatchObject({
    attributes: { notifyCap: true, asyncCapSet: true, extendedName: false, powerUnit: 2, fastChannel: true },
    name: "pcap-cpu",
    maxPaiUs: 1_000_000,
    maxPowerCap: 20_000,
    sustainablePower: 15_000,
    accuracy: 2500,
    parentId: 0,
  });
  expect(platform.last.payload).toEqual(golden("18-10.1-request"));
  platform.on(0x18, 0x5, golden("18-10.3-response-1"));
  await powercap.disableCap(1);
  expect(platform.last.payload).toEqual(golden("18-10.3-request-1"));
  platform.on(0x18, 0x9, golden("18-10.3-response-2"));
  expect(await powercap.getMeasurements(1)).toEqual({ power: 7421, paiUs: 100_000 });
  expect(platform.last.payload).toEqual(golden("18-10.3-request-2"));
  expect(powercap.getMeasurementsPolled(1, { power: 0, paiUs: 0 })).toEqual({ power: 7421, paiUs: 100_000 });
  platform.on(0x18, 0x4, words(0, 12_500)).on(0x18, 0x6, words(0, 20_000)).on(0x18, 0x7, words(0));
  expect(await powercap.getCap(1)).toBe(12_500);
  expect(powercap.getCapPolled(1)).toBe(12_500);
  expect(await powercap.getPai(1)).toBe(20_000);
  await powercap.setPai(1, 30_000);
  expect(platform.last.payload).toEqual(words(1, 0, 30_000));
  platform.on(0x18, 0x5, words(-2));
  await expect(powercap.setCap(1, 1)).rejects.toMatchObject({ statusName: "INVALID_PARAMETERS" });
  expect(platform.last.payload).toEqual(words(1, 0, 1));
  await expect(powercap.getDomainAttributes(2)).rejects.toThrow(RangeError);
  await close();
});

test("an asynchronous cap follows the worked example, and waits for its delayed response", async () => {
  const { platform, agent, close } = await opened({ 24: 0x20000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 2)).on(0x18, 0x3, golden("18-10.1-response"));
  platform.on(0x18, 0x5, (_, received) => {
    platform.clock.after(1, () => platform.delayed(golden("18-10.2-delayed"), received));
    return golden("18-10.2-response");
  });
  const cap = powercap.setCapAsync(1, 12_500);
  while (platform.clock.pending === 0) await Promise.resolve();
  expect(platform.last.payload).toEqual(golden("18-10.2-request"));
  platform.clock.advance(1);
  expect(await cap).toBe(12_500);
  platform.on(0x18, 0x5, words(0));
  await powercap.requestCap(1, 2000);
  expect(platform.last.payload).toEqual(words(1, 3, 2000));
  await close();
});

test("a delayed response about another domain is an error", async () => {
  const { platform, agent, close } = await opened({ 24: 0x20000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 1)).on(0x18, 0x3, golden("18-10.1-response"));
  platform.on(0x18, 0x5, (_, received) => {
    platform.delayed(golden("18-10.2-delayed"), received);
    return words(0);
  });
  await expect(powercap.setCapAsync(0, 12_500)).rejects.toMatchObject({ name: "MessageError" });
  await close();
});

test("a domain without asynchronous caps is asked in the ordinary way, and then for its cap", async () => {
  const { platform, agent, close } = await opened({ 24: 0x10000 });
  const powercap = await agent.protocol(Powercap);
  platform
    .on(0x18, 0x1, words(0, 1))
    .on(0x18, 0x3, domain(0x0c000000))
    .on(0x18, 0x5, words(0))
    .on(0x18, 0x4, words(0, 2000));
  expect(await powercap.setCapAsync(0, 2500)).toBe(2000);
  expect(platform.order.slice(-2)).toEqual(["18:5", "18:4"]);
  await expect(powercap.requestCap(0, 2500)).rejects.toMatchObject({ name: "UnsupportedError" });
  await expect(powercap.disableCap(0)).rejects.toMatchObject({ name: "UnsupportedError" }); // only from 2.0 on
  await close();
});

test("a domain is described once, with its long name; one that is refused is left out", async () => {
  const { platform, agent, close } = await opened({ 24: 0x20000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 2));
  platform.on(0x18, 0x3, ([id]) => (id === 1 ? words(-3) : domain(0x9c000000 | (1 << 23), "a-long-name-of-1")));
  platform.on(0x18, 0x8, join(words(0, 0), text("a-long-name-of-16-and-more", 64)));
  const infos = await powercap.describeAll();
  expect(infos).toEqual([
    {
      domainId: 0,
      name: "a-long-name-of-16-and-more",
      powerUnit: 1,
      canSetCap: true,
      canSetPai: false,
      canMeasure: true,
      isAsync: false,
      notifiesCap: true,
      notifiesMeasurements: false,
      caps: { lowest: 1000, highest: 20_000, step: 500 },
      paisUs: { lowest: 10_000, highest: 1_000_000, step: 10_000 },
      sustainablePower: 15_000,
      accuracy: 2500,
      parentId: 0,
      fastChannels: {},
    },
  ]);
  const before = platform.received.length;
  expect(await powercap.describe(0)).toBe(infos[0]);
  expect(platform.received.length).toBe(before);
  await close();
});

test("FastChannels of caps and intervals are asked for in the order of Linux and used, with doorbell", async () => {
  let base = 0;
  const resolve = (address: bigint) => (address >= 0x1000n ? base + Number(address - 0x1000n) : undefined);
  const { platform, agent, close } = await opened({ 24: 0x20000 }, { resolve });
  base = platform.core.reserve(64);
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 2)).on(0x18, 0x2, words(0, 1)).on(0x18, 0x3, golden("18-10.1-response"));
  platform.on(0x18, 0xc, (payload) => {
    const message = payload[4] ?? 0;
    const isSet = message === 0x5 || message === 0x7;
    const doorbell = isSet ? [0x1030, 0, 4, 0, 0xfffffffb, 0] : [0, 0, 0, 0, 0, 0];
    return words(0, isSet ? 5 : 0, 1000, 0x1000 + message * 4, 0, 4, ...doorbell);
  });
  const { fastChannels } = await powercap.describe(1);
  expect(Object.keys(fastChannels)).toEqual(["setCap", "getCap", "setPai", "getPai"]);
  expect(platform.order.slice(-8)).toEqual(["18:2", "18:c", "18:2", "18:c", "18:2", "18:c", "18:2", "18:c"]);
  const cell = (offset: number) => platform.core.memory.u32(platform.core.base + base + offset);
  const setCell = (offset: number, value: number) =>
    platform.core.memory.setU32(platform.core.base + base + offset, value);
  const before = platform.received.length;
  setCell(0x30, 0x41);
  await powercap.setCap(1, 12_500);
  expect([cell(5 * 4), cell(0x30)]).toEqual([12_500, 0x45]);
  await powercap.setPai(1, 20_000);
  setCell(4 * 4, 11_000);
  setCell(6 * 4, 30_000);
  expect(await powercap.getCap(1)).toBe(11_000);
  expect(powercap.getCapPolled(1)).toBe(11_000);
  expect([await powercap.getPai(1), cell(7 * 4)]).toEqual([30_000, 20_000]);
  expect(platform.received.length).toBe(before);
  // A 0 stands for "no request" there, and disabling is for messages anyway
  platform.on(0x18, 0x5, words(0));
  await powercap.setCap(1, 0);
  expect(platform.order.at(-1)).toBe("18:5");
  await powercap.setCap(1, 3000, { via: "message" });
  expect(platform.last.payload).toEqual(words(1, 0, 3000));
  await close();
});

test("measurements are watched with thresholds, as in the worked example, and a newer watch changes them", async () => {
  const { platform, agent, close } = await opened({ 24: 0x20000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0xb, words(0));
  const watch = powercap.watchMeasurements(1, { low: 5000, high: 14_000 });
  const next = watch[Symbol.asyncIterator]().next();
  await settle();
  expect(platform.last.payload).toEqual(golden("18-10.4-request"));
  platform.notify(0x18, 0x1, golden("18-10.4-notification"));
  expect((await next).value).toEqual({ agentId: 0, domainId: 1, power: 15_123 });
  const second = powercap.watchMeasurements([1], { low: 6000, high: 7000 });
  await second.ready;
  expect(platform.last.payload).toEqual(words(1, 1, 6000, 7000));
  await second[Symbol.asyncDispose]();
  expect(platform.last.payload).toEqual(words(1, 1, 6000, 7000));
  await watch[Symbol.asyncDispose]();
  expect(platform.last.payload).toEqual(words(1, 0, 6000, 7000));
  expect(() => powercap.watchMeasurements(1, { low: 2, high: 1 })).toThrow(RangeError);
  await close();
});

test("caps are watched where the platform notifies, and nowhere is an error", async () => {
  const { platform, agent, close } = await opened({ 24: 0x10000 });
  const powercap = await agent.protocol(Powercap);
  platform.on(0x18, 0x1, words(0, 2)).on(0x18, 0xa, words(0));
  platform.on(0x18, 0x3, ([id]) => domain(id === 1 ? 0x8c000000 : 0x0c000000));
  const watch = powercap.watchCap();
  const next = watch[Symbol.asyncIterator]().next();
  await watch.ready;
  expect(platform.last.payload).toEqual(words(1, 1));
  platform.notify(0x18, 0x0, words(2, 1, 3000, 10_000));
  expect((await next).value).toEqual({ agentId: 2, domainId: 1, powerCap: 3000, paiUs: 10_000 });
  await watch[Symbol.asyncDispose]();
  await expect(powercap.watchMeasurements(undefined, { low: 0, high: 1 }).ready).rejects.toMatchObject({
    name: "UnsupportedError",
  });
  await close();
});

test("the golden pin control exchanges are sent and read byte for byte", async () => {
  const { platform, agent, close } = await opened({ 25: 0x10000 });
  const pins = await agent.protocol(Pinctrl);
  platform.on(0x19, 0x1, golden("19-9.1-response"));
  expect(await pins.getProtocolAttributes()).toEqual({ pinCount: 120, groupCount: 40, functionCount: 12 });
  platform.on(0x19, 0x3, golden("19-9.2-response"));
  expect(await pins.getAttributes("function", 5)).toEqual({
    attributes: { count: 2, pinOnly: false, gpio: true, extendedName: false },
    name: "gpio",
  });
  expect(platform.last.payload).toEqual(golden("19-9.2-request"));
  platform.on(0x19, 0x4, ([, , , , , , , , index]) => golden(`19-9.3-response-${index === 0 ? 1 : 2}`));
  expect(await pins.listAssociations("group", 3)).toEqual([17, 18, 19]);
  expect(platform.last.payload).toEqual(golden("19-9.3-request-2"));
  platform.on(0x19, 0x6, golden("19-9.4-response"));
  // Given in any order, sent ascending
  const settings = [
    { type: 10, value: 8 },
    { type: 4, value: 1 },
  ];
  await pins.configure("pin", 17, { functionId: 2, settings });
  expect(platform.last.payload).toEqual(golden("19-9.4-request"));
  platform.on(0x19, 0x5, golden("19-9.5-response"));
  expect(await pins.getSettings("pin", 17)).toEqual({ functionId: 2, settings: settings.reverse() });
  expect(platform.last.payload).toEqual(golden("19-9.5-request"));
  platform.on(0x19, 0x7, golden("19-9.6-response-2")).on(0x19, 0x8, golden("19-9.6-response-3"));
  await expect(pins.request("group", 3)).rejects.toMatchObject({ statusName: "IN_USE" });
  expect(platform.last.payload).toEqual(golden("19-9.6-request-2"));
  await pins.release("group", 3);
  expect(platform.last.payload).toEqual(golden("19-9.6-request-3"));
  platform.on(0x19, 0xa, words(0));
  await pins.setPermission(2, "group", 3, "allow");
  expect(platform.last.payload).toEqual(words(2, 3, 5));
  await close();
});

test("one value and the function alone are asked for with the bits of the text", async () => {
  const { platform, agent, close } = await opened({ 25: 0x10000 });
  const pins = await agent.protocol(Pinctrl);
  platform.on(0x19, 0x5, words(0, 0xffffffff, 1, 20, 3));
  expect(await pins.getSetting("group", 2, 20)).toBe(3);
  expect(platform.last.payload).toEqual(words(2, 0x10014));
  await expect(pins.getSetting("group", 2, 21)).rejects.toMatchObject({ name: "MessageError" });
  platform.on(0x19, 0x5, words(0, 0xffffffff, 0));
  expect(await pins.getFunction("pin", 2)).toBeUndefined();
  expect(platform.last.payload).toEqual(words(2, 0x80000));
  await close();
});

test.each([
  ["where the text has it", 24],
  ["8 bits too low, as firmware of Arm has it", 16],
])("settings come in parts, with what remains %s", async (_, shift) => {
  const { platform, agent, close } = await opened({ 25: 0x10000 });
  const pins = await agent.protocol(Pinctrl);
  platform.on(0x19, 0x5, (payload) => {
    const skip = payload[5] ?? 0;
    return words(0, 1, 1 | ((2 - skip) << shift), 4 + skip, skip);
  });
  expect((await pins.getSettings("pin", 0)).settings.map(({ type }) => type)).toEqual([4, 5, 6]);
  expect(platform.order.slice(-3)).toEqual(["19:5", "19:5", "19:5"]);
  await close();
});

test("more settings than were promised are an error, and none at all end the list", async () => {
  const { platform, agent, close } = await opened({ 25: 0x10000 });
  const pins = await agent.protocol(Pinctrl);
  platform.on(0x19, 0x5, ([, , , , , skip]) =>
    skip === 0 ? words(0, 1, 1 | (1 << 24), 4, 0) : words(0, 1, 2, 5, 0, 6, 0),
  );
  await expect(pins.getSettings("pin", 0)).rejects.toMatchObject({ name: "MessageError" });
  platform.on(0x19, 0x5, words(0, 1, 7 << 24));
  expect(await pins.getSettings("pin", 0)).toEqual({ functionId: 1, settings: [] });
  await close();
});

test("a long configuration goes in several messages, the function with the first", async () => {
  const { platform, agent, close } = await opened({ 25: 0x10000 }, { maxPayload: 100 });
  const pins = await agent.protocol(Pinctrl);
  const sent: Uint8Array[] = [];
  platform.on(0x19, 0x6, (payload) => {
    sent.push(payload);
    return words(0);
  });
  const settings = Array.from({ length: 13 }, (_, i) => ({ type: 192 + i, value: i }));
  await pins.configure("group", 1, { functionId: "none", settings });
  const pairs = settings.flatMap(({ type, value }) => [type, value]);
  expect(sent).toEqual([
    words(1, 0xffffffff, 0x400 | (11 << 2) | 1, ...pairs.slice(0, 22)),
    words(1, 0xffffffff, (2 << 2) | 1, ...pairs.slice(22)),
  ]);
  await expect(pins.configure("pin", 0, {})).rejects.toThrow(RangeError);
  await close();
});

test("pins, groups and functions are described once, with long names, and refusals leave them out", async () => {
  const { platform, agent, close } = await opened({ 25: 0x10000 });
  const pins = await agent.protocol(Pinctrl);
  platform.on(0x19, 0x1, words(0, 2 | (1 << 16), 2));
  platform.on(0x19, 0x3, ([id, , , , selector]) => {
    if (selector === 0) return id === 1 ? words(-3) : join(words(0, 1), text("gpio0"));
    if (selector === 1) return join(words(0, 0x80000002), text("a-group-of-pin"));
    return join(words(0, id === 0 ? 0x20001 : 0x10002), text(id === 0 ? "gpio" : "adc"));
  });
  platform.on(0x19, 0x4, ([id, , , , selector]) =>
    selector === 2 && id === 0 ? join(words(0, 1), Uint8Array.of(0, 0, 0, 0)) : join(words(0, 2, 0x00010000)),
  );
  platform.on(0x19, 0x9, join(words(0, 0), text("a-group-of-pins-with-a-long-name", 64)));
  const all = await pins.describeAll();
  expect(all).toEqual({
    pins: [{ pinId: 0, name: "gpio0" }],
    groups: [{ groupId: 0, name: "a-group-of-pins-with-a-long-name", pins: [0, 1] }],
    functions: [
      { functionId: 0, name: "gpio", isGpio: true, isPinOnly: false, groups: [0], pins: [] },
      { functionId: 1, name: "adc", isGpio: false, isPinOnly: true, groups: [], pins: [0, 1] },
    ],
  });
  const before = platform.received.length;
  expect(await pins.describeGroup(0)).toBe(all.groups[0]);
  expect(await pins.describeFunction(1)).toBe(all.functions[1]);
  expect(await pins.describePin(0)).toBe(all.pins[0]);
  expect(platform.received.length).toBe(before);
  await close();
});
