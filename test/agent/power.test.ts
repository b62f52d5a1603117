import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { POWER_STATE, Power, SYSTEM_STATE, SystemPower } from "../../src/protocols/index.ts";
import { hex, join, Scripted, type ScriptOptions, settle, text, unhex, words } from "./scripted.ts";

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly protocol: number;
  readonly message: number;
  readonly payload: string;
}

function vectors(file: string): readonly Vector[] {
  const path = new URL(`../vectors/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { messages: Vector[] }).messages;
}

const GOLDEN = new Map([...vectors("11-power-domain"), ...vectors("12-system-power")].map((it) => [it.id, it]));

function golden(id: string): Vector {
  const found = GOLDEN.get(id);
  if (!found) throw new Error(`expected the vector ${id}, got none`);
  return found;
}

async function opened(versions: Readonly<Record<number, number>>, options: ScriptOptions = {}) {
  const platform = new Scripted(options).withBase(0x20000, versions);
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const close = async () => {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
  };
  /** Answers with a golden response; the result compares what was sent with the golden request. */
  const plays = (request: string, response: string) => {
    const { protocol, message, payload } = golden(response);
    platform.on(protocol, message, unhex(payload));
    return () => {
      const { protocolId, messageId } = platform.last.fields;
      const sent = { protocol: protocolId, message: messageId, payload: hex(platform.last.payload) };
      expect(sent).toEqual({ protocol, message, payload: golden(request).payload });
    };
  };
  return { platform, agent, plays, close };
}

test("the golden exchanges of power domains are sent and read byte for byte", async () => {
  const { platform, agent, plays, close } = await opened({ 17: 0x30001 });
  const power = await agent.protocol(Power);
  let expectSent = plays("11-15.1-request", "11-15.1-response");
  expect(await power.getProtocolAttributes()).toEqual({
    ...{ domainCount: 12, statisticsAddress: 0n, statisticsByteLength: 0 },
  });
  expectSent();
  expectSent = plays("11-15.2-request", "11-15.2-response");
  expect(await power.getDomainAttributes(3)).toMatchObject({
    attributes: { notifyStateChanged: true, setAsync: false, setSync: true, extendedName: true },
    name: "gpu",
  });
  expectSent();
  expectSent = plays("11-15.3-request-1", "11-15.3-response-1");
  await power.setState(3, POWER_STATE.OFF);
  expectSent();
  power.setStatePolled(3, POWER_STATE.OFF);
  expectSent();
  expectSent = plays("11-15.3-request-2", "11-15.3-response-2");
  await expect(power.setState(99, POWER_STATE.OFF)).rejects.toMatchObject({ statusName: "NOT_FOUND" });
  expectSent();
  expectSent = plays("11-15.4-request", "11-15.4-response");
  expect(await power.getState(3)).toBe(POWER_STATE.ON);
  expectSent();
  expect(power.getStatePolled(3)).toBe(POWER_STATE.ON);
  expectSent();
  expectSent = plays("11-15.6-request", "11-15.3-response-1");
  await power.requestState(0, 0x00010011);
  expectSent();
  expectSent = plays("11-15.7-request", "11-15.7-response");
  expect(await power.getDomainName(3)).toBe("gpu_shader_core_power_domain");
  expectSent();
  expectSent = plays("11-15.5-request", "11-15.5-response");
  const watch = power.watchState(3);
  await watch.ready;
  expectSent();
  platform.notify(0x11, 0x0, unhex(golden("11-15.5-notification").payload));
  expect((await watch.next()).value).toEqual({ agentId: 1, domainId: 3, powerState: POWER_STATE.OFF });
  await watch.return();
  expect(platform.last.payload).toEqual(words(3, 0));
  await close();
});

test("everything about a power domain is gathered once, with its long name", async () => {
  const { platform, agent, close } = await opened({ 17: 0x30000 });
  const power = await agent.protocol(Power);
  platform.on(0x11, 0x1, words(0, 3, 0, 0, 0)).on(0x11, 0x2, words(0, 0));
  // A hole at 1; domain 2 has a long name that the platform will not tell.
  platform.on(0x11, 0x3, ([id]) =>
    id === 1 ? words(-4) : join(words(0, id === 0 ? 0xb8000000 : 0x48000000), text("a-long-domain-n")),
  );
  platform.on(0x11, 0x8, ([id]) => (id === 0 ? join(words(0, 0), text("a-long-domain-name", 64)) : words(-1)));
  const first = await power.describe(0);
  expect(first).toEqual({
    domainId: 0,
    name: "a-long-domain-name",
    canSetSync: true,
    canSetAsync: false,
    notifiesStateChanged: true,
    notifiesStateChangeRequested: true,
  });
  const before = platform.received.length;
  expect(await power.describe(0)).toBe(first);
  expect(platform.received.length).toBe(before);
  const all = await power.describeAll();
  expect(all.map(({ domainId }) => domainId)).toEqual([0, 2]);
  expect(all[1]).toMatchObject({ name: "a-long-domain-n", canSetAsync: true, notifiesStateChangeRequested: false });
  await close();
});

test("without POWER_STATE_NOTIFY no domain notifies, whatever it says of itself", async () => {
  const { platform, agent, close } = await opened({ 17: 0x30000 });
  const power = await agent.protocol(Power);
  platform.on(0x11, 0x1, words(0, 1, 0, 0, 0)).on(0x11, 0x3, join(words(0, 0xa0000000), text("gpu")));
  platform.on(0x11, 0x2, words(-4));
  expect(await power.describe(0)).toMatchObject({ canSetSync: true, notifiesStateChanged: false });
  await expect(power.watchState().ready).rejects.toMatchObject({ name: "UnsupportedError" });
  await close();
});

test("a domain is described also where the platform would not say whether it has POWER_STATE_NOTIFY", async () => {
  const { platform, agent, close } = await opened({ 17: 0x30000 });
  const power = await agent.protocol(Power);
  platform.on(0x11, 0x1, words(0, 1, 0, 0, 0)).on(0x11, 0x3, join(words(0, 0xa0000000), text("gpu")));
  platform.on(0x11, 0x2, words(-2));
  expect(await power.describeAll()).toMatchObject([{ name: "gpu", canSetSync: true, notifiesStateChanged: true }]);
  await close();
});

test("version 2.0 does not tell who notifies of requests, so every domain is tried", async () => {
  const { platform, agent, close } = await opened({ 17: 0x20000 });
  const power = await agent.protocol(Power);
  platform.on(0x11, 0x1, words(0, 2, 0, 0, 0)).on(0x11, 0x3, join(words(0, 0x20000000), text("gpu")));
  platform.on(0x11, 0x7, ([id]) => words(id === 0 ? -1 : 0));
  expect((await power.describe(0)).notifiesStateChangeRequested).toBeUndefined();
  const watch = power.watchStateRequests();
  await watch.ready;
  expect(platform.order.slice(-2)).toEqual(["11:7", "11:7"]);
  platform.notify(0x11, 0x1, words(2, 1, 0x40000000));
  expect((await watch.next()).value).toEqual({ agentId: 2, domainId: 1, powerState: POWER_STATE.OFF });
  await watch.return();
  await expect(power.getDomainName(0)).rejects.toMatchObject({ name: "UnsupportedError" });
  await close();
});

test("version 1.0 has no notifications of requests", async () => {
  const { agent, close } = await opened({ 17: 0x10000 });
  const power = await agent.protocol(Power);
  await expect(power.watchStateRequests(0).ready).rejects.toMatchObject({ name: "UnsupportedError" });
  await close();
});

test("statistics of power domains are read where they lie, and performance statistics are none", async () => {
  // Head, one offset, padding; then 2 states, the second one current, and both with a count and a residency.
  const head = join(words(0x504f5752, 0, 1, 0, 0x18, 0));
  const block = join(words(0x00010002, 0, 5000, 0), words(0, 0, 3, 0, 4200, 0), words(0x40000000, 0, 3, 0, 800, 0));
  const image = join(head, block);
  let base = 0;
  const { platform, agent, close } = await opened(
    { 17: 0x20000 },
    { resolve: (address) => (address === 0x5000n ? base : undefined) },
  );
  base = platform.core.reserve(image.byteLength);
  const at = platform.core.base + base;
  platform.core.memory.bytes.set(image, at);
  platform.on(0x11, 0x1, words(0, 1, 0x5000, 0, image.byteLength));
  const power = await agent.protocol(Power);
  expect(await power.readStatistics()).toEqual({
    revision: 0,
    domains: [
      {
        currentState: 1,
        lastChangeUs: 5000,
        states: [
          { powerState: POWER_STATE.ON, usageCount: 3, residencyUs: 4200 },
          { powerState: POWER_STATE.OFF, usageCount: 3, residencyUs: 800 },
        ],
      },
    ],
  });
  platform.core.memory.setU32(at, 0x50455246);
  await expect(power.readStatistics()).rejects.toMatchObject({ name: "MessageError" });
  await close();
});

test("the golden exchanges of system power are sent and read byte for byte", async () => {
  const { platform, agent, plays, close } = await opened({ 18: 0x20001 });
  const system = await agent.protocol(SystemPower);
  platform.on(0x12, 0x1, words(0, 0));
  await system.getProtocolAttributes();
  plays("12-14.1-request", "12-14.1-response");
  const everything = { canSetState: true, canWarmReset: true, canSuspend: true, canGetState: true, canNotify: true };
  expect(await system.describe()).toEqual(everything);
  expect(platform.received.filter(({ fields }) => fields.messageId === 2).map(({ payload }) => hex(payload))).toEqual([
    golden("12-14.1-request").payload,
    "04000000",
    "05000000",
  ]);
  let expectSent = plays("12-14.2-request-1", "12-14.2-response");
  expect(await system.setState(SYSTEM_STATE.COLD_RESET, { manner: "graceful" })).toBe("accepted");
  expectSent();
  expectSent = plays("12-14.2-request-2", "12-14.2-response");
  expect(await system.setState(SYSTEM_STATE.SHUTDOWN)).toBe("accepted");
  expectSent();
  expectSent = plays("12-14.3-request", "12-14.3-response-1");
  expect(await system.getState()).toBe(SYSTEM_STATE.POWER_UP);
  expectSent();
  expectSent = plays("12-14.3-request", "12-14.3-response-2");
  await expect(system.getState()).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
  expectSent();
  expectSent = plays("12-14.5-request", "12-14.5-response");
  await expect(system.setState(5)).rejects.toMatchObject({ statusName: "INVALID_PARAMETERS" });
  expectSent();
  expectSent = plays("12-14.4-request", "12-14.4-response");
  const watch = system.watch();
  await watch.ready;
  expectSent();
  platform.notify(0x12, 0x0, unhex(golden("12-14.4-notification-1").payload));
  const event = { agentId: 1, isGraceful: true, systemState: SYSTEM_STATE.SHUTDOWN, timeoutMs: 5000 };
  expect((await watch.next()).value).toEqual(event);
  // The word means nothing unless a shutdown was asked for gracefully
  platform.notify(0x12, 0x0, words(0, 0, 0, 7));
  expect((await watch.next()).value).toEqual({ agentId: 0, isGraceful: false, systemState: 0, timeoutMs: 0 });
  platform.notify(0x12, 0x0, words(0, 1, 1, 7));
  expect((await watch.next()).value).toMatchObject({ isGraceful: true, systemState: 1, timeoutMs: 0 });
  await watch.return();
  await close();
});

test("before version 2.0 the notifier has three words", async () => {
  const { platform, agent, close } = await opened({ 18: 0x10000 });
  const system = await agent.protocol(SystemPower);
  platform.on(0x12, 0x5, words(0));
  const watch = system.watch();
  await watch.ready;
  platform.notify(0x12, 0x0, unhex(golden("12-14.4-notification-2").payload));
  expect((await watch.next()).value).toEqual({ agentId: 1, isGraceful: true, systemState: 0, timeoutMs: 0 });
  await watch.return();
  await close();
});

test("what this agent may not do is told: neither set, nor get, nor notifications", async () => {
  const { platform, agent, close } = await opened({ 18: 0x10000 });
  const system = await agent.protocol(SystemPower);
  platform.on(0x12, 0x2, ([id]) => words(id === 4 ? -4 : -1));
  const nothing = { canSetState: false, canWarmReset: false, canSuspend: false, canGetState: false, canNotify: false };
  expect(await system.describe()).toEqual(nothing);
  const before = platform.received.length;
  await system.describe();
  expect(platform.received.length).toBe(before);
  await close();
});

test.each([
  ["forceful shutdown", SYSTEM_STATE.SHUTDOWN, "forceful", "unanswered"],
  ["forceful warm reset", SYSTEM_STATE.WARM_RESET, "forceful", "unanswered"],
  ["graceful shutdown", SYSTEM_STATE.SHUTDOWN, "graceful", "DeadlineError"],
  ["forceful suspend", SYSTEM_STATE.SUSPEND, "forceful", "DeadlineError"],
] as const)("silence after a %s is judged", async (_, state, manner, expected) => {
  const { platform, agent } = await opened({ 18: 0x10000 });
  const system = await agent.protocol(SystemPower);
  platform.on(0x12, 0x3, () => undefined);
  const outcome = system.setState(state, { manner }).catch((reason: unknown) => (reason as Error).name);
  await settle();
  platform.clock.advance(31);
  expect(await outcome).toBe(expected);
  await agent.close();
});
