import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { DeadlineError, MessageError, StatusError, UnsupportedError } from "../../src/errors.ts";
import { Base } from "../../src/protocols/base-agent.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { RELEASES } from "../../src/protocols/releases.ts";
import { join, Scripted, settle, text, words } from "./scripted.ts";

const NO_LEAKS = { xfers: 0, tokens: 0, claims: 0 };

async function opened(platform: Scripted, options = {}) {
  const anomalies: AnomalyEvent[] = [];
  const agent = await Agent.open(platform.core, platform, {
    clock: platform.clock,
    onAnomaly: (event) => anomalies.push(event),
    ...options,
  });
  return { agent, anomalies };
}

async function closed(agent: Agent, platform: Scripted) {
  await agent.close();
  expect(platform.core.leaks()).toEqual(NO_LEAKS);
  expect(platform.clock.pending).toBe(0);
  expect(platform.closed).toBe(1);
}

test("discovery asks in the order of the specification, our own id included", async () => {
  const platform = new Scripted().withBase(0x20001, { 19: 0x40000, 20: 0x30000 }, 2);
  const { agent, anomalies } = await opened(platform);
  expect(platform.order).toEqual(["10:0", "10:1", "10:7", "10:3", "10:4", "10:5", "10:6", "10:7", "10:7", "10:7"]);
  const asked = platform.received.filter(({ fields }) => fields.messageId === 7).map(({ payload }) => [...payload][0]);
  expect(asked).toEqual([0xff, 0, 1, 2]);
  expect(agent.platform).toEqual({
    vendor: "ACME",
    subVendor: "tests",
    implementationVersion: 0x10203,
    protocols: [0x10, 0x13, 0x14],
    agentCount: 2,
    agents: [
      { id: 0, name: "platform" },
      { id: 1, name: "agent1" },
      { id: 2, name: "agent2" },
    ],
    agentId: 1,
  });
  expect(anomalies).toEqual([]);
  await closed(agent, platform);
});

test("a platform without agents is not asked for them, and a missing sub-vendor is nothing odd", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x20000 }).on(0x10, 0x4, words(-1));
  const { agent, anomalies } = await opened(platform);
  expect(platform.order).toEqual(["10:0", "10:1", "10:3", "10:4", "10:5", "10:6"]);
  expect(agent.platform.subVendor).toBe("");
  expect(agent.platform.agentId).toBeUndefined();
  expect(anomalies).toEqual([]);
  await closed(agent, platform);
});

test("Base 1.0 does not know our own id, and answers agents without theirs", async () => {
  const platform = new Scripted().withBase(0x10000, {}, 1);
  const { agent } = await opened(platform);
  expect(platform.order).toEqual(["10:0", "10:1", "10:3", "10:4", "10:5", "10:6", "10:7", "10:7"]);
  expect(agent.platform.agents).toEqual([
    { id: 0, name: "platform" },
    { id: 1, name: "agent1" },
  ]);
  expect(agent.platform.agentId).toBeUndefined();
  await closed(agent, platform);
});

test("the list of protocols comes in parts; a part that contradicts the count ends it and is reported", async () => {
  const pages = [join(words(0, 2), words(0x1311)), join(words(0, 3), words(0x161514))];
  const platform = new Scripted().withBase(0x20000, {});
  platform.on(0x10, 0x1, words(0, 4)).on(0x10, 0x6, ([skip]) => (skip === 0 ? pages[0] : pages[1]));
  const { agent, anomalies } = await opened(platform);
  expect(agent.platform.protocols).toEqual([0x10, 0x11, 0x13]);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["discovery"]);
  expect(anomalies[0]?.cause).toBeInstanceOf(MessageError);
  await closed(agent, platform);
});

test("a list that ends early is taken as it is", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x20000 }).on(0x10, 0x1, words(0, 9));
  platform.on(0x10, 0x6, ([skip]) => (skip === 0 ? words(0, 1, 0x14) : words(0, 0)));
  const { agent, anomalies } = await opened(platform);
  expect(agent.platform.protocols).toEqual([0x10, 0x14]);
  expect(anomalies).toEqual([]);
  await closed(agent, platform);
});

test("no attributes, no agent: everything is given back", async () => {
  const platform = new Scripted().withBase(0x20000, {}).on(0x10, 0x1, words(-8));
  await expect(opened(platform)).rejects.toMatchObject({ name: "StatusError", statusName: "GENERIC_ERROR" });
  expect(platform.core.leaks()).toEqual(NO_LEAKS);
  expect(platform.closed).toBe(1);
});

test("a silent platform fails opening after the channel's time-out", async () => {
  const platform = new Scripted({ timeoutMs: 40 }).withBase(0x20000, {}).on(0x10, 0x0, () => undefined);
  const opening = opened(platform);
  opening.catch(() => {});
  await settle();
  platform.clock.advance(39);
  await settle();
  platform.clock.advance(1);
  await expect(opening).rejects.toMatchObject({ name: "DeadlineError", phase: "response", timeoutMs: 40 });
  await expect(opening).rejects.toBeInstanceOf(DeadlineError);
  expect(platform.core.leaks()).toEqual(NO_LEAKS);
  expect(platform.clock.pending).toBe(0);
});

test("an aborted signal fails opening with its own reason, before and after the transport is open", async () => {
  const reason = new RangeError("enough");
  const platform = new Scripted().withBase(0x20000, {});
  await expect(opened(platform, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(platform.host).toBeUndefined();
  const controller = new AbortController();
  platform.on(0x10, 0x3, () => undefined);
  const opening = opened(platform, { signal: controller.signal });
  opening.catch(() => {});
  await settle();
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(platform.core.leaks()).toEqual(NO_LEAKS);
  expect(platform.closed).toBe(1);
});

test("a protocol that is not listed is unsupported", async () => {
  const platform = new Scripted().withBase(0x20000, { 19: 0x20000 });
  const { agent } = await opened(platform);
  await expect(agent.protocol(Clock)).rejects.toBeInstanceOf(UnsupportedError);
  expect(await agent.protocol(Performance)).toBe(await agent.protocol(Performance));
  await closed(agent, platform);
});

test.each([
  ["its own version is used", 0x20000, 0x20000],
  ["between two known versions the older one holds", 0x20001, 0x20001],
  ["the newest known version needs no negotiation", 0x30000, 0x30000],
])("%s", async (_, reported, used) => {
  const platform = new Scripted().withBase(0x20000, { 20: reported });
  const { agent } = await opened(platform);
  expect((await agent.protocol(Clock)).version).toBe(used);
  expect(platform.order.filter((it) => it.startsWith("14"))).toEqual(["14:0"]);
  await closed(agent, platform);
});

test("a newer platform is asked to speak our version, after it was asked whether it can be", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x40000 });
  platform.on(0x14, 0x2, words(0, 0)).on(0x14, 0x10, words(0));
  const { agent, anomalies } = await opened(platform);
  expect((await agent.protocol(Clock)).version).toBe(0x30000);
  expect(platform.order.slice(-3)).toEqual(["14:0", "14:2", "14:10"]);
  expect([...platform.last.payload]).toEqual([0, 0, 3, 0]);
  expect(anomalies).toEqual([]);
  await closed(agent, platform);
});

test.each([
  ["refuses", words(0, 0), words(-1), ["14:0", "14:2", "14:10"]],
  ["lacks the command", words(-4), words(0), ["14:0", "14:2"]],
])("a newer platform that %s is used as well as it goes, and reported", async (_, attributes, negotiate, order) => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x40000 });
  platform.on(0x14, 0x2, attributes).on(0x14, 0x10, negotiate);
  platform.on(0x14, 0x6, words(0, 5, 0, 99)); // a word more than we know
  const { agent, anomalies } = await opened(platform);
  const clock = await agent.protocol(Clock);
  expect(platform.order.filter((it) => it.startsWith("14"))).toEqual(order);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["unnegotiated"]);
  expect(await clock.getRate(0)).toBe(5);
  expect(clock.getRatePolled(0)).toBe(5);
  await closed(agent, platform);
});

test("an agent of an old release does not know how to negotiate, and knows no newer protocols", async () => {
  const platform = new Scripted().withBase(0x20001, { 20: 0x30000, 25: 0x10000 });
  const { agent, anomalies } = await opened(platform, { versions: RELEASES["2.0"] });
  expect((await agent.protocol(Clock)).version).toBe(0x10000);
  expect(platform.order.filter((it) => it.endsWith(":10"))).toEqual([]);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["unnegotiated", "unnegotiated"]);
  await closed(agent, platform);
});

test("a version can be asked for; what the platform will not agree to is unsupported", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x30000 });
  platform.on(0x14, 0x2, words(0, 0)).on(0x14, 0x10, ([, , major]) => words(major === 2 ? 0 : -1));
  const { agent } = await opened(platform);
  expect((await agent.protocol(Clock, { version: 0x20000 })).version).toBe(0x20000);
  await expect(agent.protocol(Clock, { version: 0x10000 })).rejects.toBeInstanceOf(UnsupportedError);
  await closed(agent, platform);
});

test("a platform that denies a protocol says so; one that does not tell its version is taken to speak ours", async () => {
  const platform = new Scripted().withBase(0x20000, { 19: 0x20000, 20: 0x30000 });
  platform.on(0x13, 0x0, words(-3)).on(0x14, 0x0, words(-8));
  const { agent, anomalies } = await opened(platform);
  await expect(agent.protocol(Performance)).rejects.toBeInstanceOf(StatusError);
  expect((await agent.protocol(Clock)).version).toBe(0x30000);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["discovery"]);
  await closed(agent, platform);
});

test("where the version is not known, answers may be longer than ours, as from a newer platform", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x30000 });
  platform.on(0x14, 0x0, words(-8)).on(0x14, 0x6, words(0, 7, 0, 99));
  const { agent } = await opened(platform);
  expect(await (await agent.protocol(Clock)).getRate(0)).toBe(7);
  await closed(agent, platform);
});

test("Base answers every question again", async () => {
  const platform = new Scripted().withBase(0x20001, { 19: 0x40000, 20: 0x30000 }, 1);
  platform.on(0x10, 0x9, words(0)).on(0x10, 0xa, words(-3)).on(0x10, 0xb, words(0)).on(0x10, 0x8, words(0));
  const { agent } = await opened(platform);
  const base = await agent.protocol(Base);
  expect(base.platform.vendor).toBe("ACME");
  expect(await base.getAttributes()).toEqual({ protocolCount: 2, agentCount: 1 });
  expect(await base.discoverVendor()).toBe("ACME");
  expect(await base.discoverSubVendor()).toBe("tests");
  expect(await base.discoverImplementationVersion()).toBe(0x10203);
  expect(await base.discoverProtocols()).toEqual([0x13, 0x14]);
  expect(await base.discoverAgent()).toEqual({ agentId: 1, name: "agent1" });
  expect(await base.discoverAgent(0)).toEqual({ agentId: 0, name: "platform" });
  await expect(base.discoverAgent(9)).rejects.toMatchObject({ statusName: "NOT_FOUND", errno: "ENOENT" });
  await base.setDevicePermissions(1, 2, "deny");
  expect(platform.last.payload).toEqual(words(1, 2, 0));
  await expect(base.setProtocolPermissions(1, 2, 0x13, "allow")).rejects.toMatchObject({ statusName: "DENIED" });
  expect(platform.last.payload).toEqual(words(1, 2, 0x13, 1));
  await base.resetAgentConfiguration(1, { resetPermissions: true });
  expect(platform.last.payload).toEqual(words(1, 1));
  await base.notifyErrors(true);
  expect(platform.last.payload).toEqual(words(1));
  await closed(agent, platform);
});

test("a name without a NUL is read to the end of its field", async () => {
  const platform = new Scripted().withBase(0x20000, {}).on(0x10, 0x3, join(words(0), text("0123456789abcdef")));
  const { agent } = await opened(platform);
  expect(agent.platform.vendor).toBe("0123456789abcdef");
  await closed(agent, platform);
});
