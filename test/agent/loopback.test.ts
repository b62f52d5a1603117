import { expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { describePlatform } from "../../src/core/describe.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { type LoopbackPort, loopback } from "../../src/transport/loopback.ts";
import { join, text, words } from "./scripted.ts";

/** A platform of a few lines on the other half of the core: hot commands are the core's, the rest is a table of replies. */
class TinyPlatform implements LoopbackPort {
  readonly core: Core;
  readonly clock = new SimulatedClock();
  readonly instance: number;
  readonly a2p: number;
  readonly p2a: number;
  readonly maxPayload: number;
  onAnswer: (() => void) | undefined;
  onP2a: (() => void) | undefined;
  /** Answers come so much later. */
  latencyMs = 0;
  isDead = false;
  doorbells = 0;
  freed = 0;
  closed = 0;
  readonly replies = new Map<number, Uint8Array>();

  constructor() {
    this.core = Core.createSync();
    const host = (...ids: number[]) => ids.map((id) => ({ id }));
    const description = describePlatform(this.core, {
      agents: 1,
      protocols: [
        { id: 0x10, version: 0x20000, messages: host(1, 3, 4, 5, 6, 7) },
        {
          id: 0x13,
          version: 0x40000,
          messages: host(1, 3, 4, 9, 10),
          performanceDomains: [{ levels: [600, 1400, 2000], level: 600, min: 600, max: 2000 }],
        },
        { id: 0x14, version: 0x30000, messages: host(1, 3), clocks: [{ rates: [100n, 200n], rate: 100n }] },
      ],
    });
    this.instance = this.core.openInstance({ description, state: this.core.openState(description) });
    this.a2p = this.core.openChannel(this.instance);
    this.p2a = this.core.openChannel(this.instance, { p2a: true });
    this.maxPayload = this.core.maxPayloadOf(this.a2p);
    this.on(0x10, 1, words(0, 2))
      .on(0x10, 3, join(words(0), text("tiny")))
      .on(0x10, 4, words(-1));
    this.on(0x10, 5, words(0, 1)).on(0x10, 6, words(0, 2, 0x1413));
    this.on(0x13, 9, words(0)).on(0x13, 10, words(0));
  }

  on(protocol: number, message: number, reply: Uint8Array): this {
    this.replies.set((protocol << 8) | message, reply);
    return this;
  }

  doorbell(): void {
    this.doorbells++;
    if (this.isDead) return;
    const open = this.core.memory.u32(this.core.channelAt(this.a2p) + layout.CHANNEL_CLAIM);
    const claim = open || this.core.serve(this.a2p, this.clock.now());
    if (claim < 0) return;
    if (claim > 0) this.#answer(claim);
    if (this.latencyMs > 0) this.clock.after(this.latencyMs, () => this.#publish(claim));
    else this.#publish(claim);
  }

  notify(header: number, payload: Uint8Array): void {
    const at = this.core.base + this.core.reserve(payload.byteLength);
    this.core.memory.bytes.set(payload, at);
    this.core.sendP2a(this.p2a, header, at, payload.byteLength, this.clock.now());
    this.onP2a?.();
  }

  p2aFreed(): void {
    this.freed++;
  }

  close(): void {
    this.closed++;
  }

  #answer(claim: number): void {
    const header = this.core.memory.u32(this.core.claimAt(claim) + layout.CLAIM_HEADER);
    const reply = this.replies.get((((header >>> 10) & 0xff) << 8) | (header & 0xff)) ?? words(-1);
    this.core.memory.bytes.set(reply, this.core.replyAt(claim));
    this.core.stage(claim, reply.byteLength);
  }

  #publish(claim: number): void {
    if (claim > 0) this.core.publish(claim, this.clock.now());
    this.onAnswer?.();
  }
}

async function opened(platform = new TinyPlatform()) {
  const anomalies: AnomalyEvent[] = [];
  const agent = await Agent.open(platform.core, loopback(platform), {
    clock: platform.clock,
    onAnomaly: (event) => anomalies.push(event),
  });
  const close = async () => {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
    expect(platform.closed).toBe(1);
  };
  return { platform, agent, anomalies, close };
}

test("hot commands never leave the core, awaited or polled", async () => {
  const { platform, agent, anomalies, close } = await opened();
  const performance = await agent.protocol(Performance);
  const clock = await agent.protocol(Clock);
  const before = platform.doorbells;
  await performance.setLevel(0, 1400);
  expect(await performance.getLevel(0)).toBe(1400);
  performance.setLevelPolled(0, 2000);
  expect(performance.getLevelPolled(0)).toBe(2000);
  await clock.setRate(0, 150, { round: "up" });
  await expect(clock.setRate(0, 50)).rejects.toMatchObject({ statusName: "INVALID_PARAMETERS" });
  expect(clock.getRatePolled(0)).toBe(200);
  expect(() => performance.setLevelPolled(0, 5)).toThrow(expect.objectContaining({ statusName: "OUT_OF_RANGE" }));
  expect(platform.doorbells).toBe(before);
  expect(anomalies).toEqual([]);
  await close();
});

test("what the host serves comes back through the area, also when the answer was not there at once", async () => {
  const { platform, agent, close } = await opened();
  const performance = await agent.protocol(Performance);
  platform
    .on(0x13, 1, words(0, 1, 0, 0, 0))
    .on(0x13, 5, words(0))
    .on(0x13, 6, words(0, 9, 8));
  expect(await performance.getProtocolAttributes()).toMatchObject({ domainCount: 1 });
  await close();
});

test("polled calls wait for a platform with latency by moving its clock", async () => {
  const { platform, agent, close } = await opened();
  const clock = await agent.protocol(Clock);
  platform.latencyMs = 5;
  platform.core.observe({ trace: true }); // the exchange takes its long way
  expect(clock.getRatePolled(0)).toBe(100);
  const rate = (await agent.protocol(Performance)).getDomainAttributes(0);
  rate.catch(() => {});
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ reason: "busy" }));
  platform.clock.advance(5);
  await expect(rate).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
  await close();
});

test("polled calls are refused while another command is under way, and leave that alone", async () => {
  const { platform, agent, close } = await opened();
  const performance = await agent.protocol(Performance);
  platform.on(0x13, 1, words(0, 1, 0, 0, 0)).latencyMs = 5;
  const attributes = performance.getProtocolAttributes();
  const busy = (command: string) =>
    expect.objectContaining({ reason: "busy", message: expect.stringContaining(command) });
  const { doorbells } = platform;
  expect(() => performance.setLevelPolled(0, 2000)).toThrow(busy("PERFORMANCE_LEVEL_SET"));
  expect(() => performance.getLevelPolled(0)).toThrow(busy("PERFORMANCE_LEVEL_GET"));
  expect(platform.doorbells).toBe(doorbells);
  platform.clock.advance(5);
  expect(await attributes).toMatchObject({ domainCount: 1 });
  expect(performance.getLevelPolled(0)).toBe(600);
  performance.setLevelPolled(0, 2000);
  expect(performance.getLevelPolled(0)).toBe(2000);
  await close();
});

test("an area whose caller gave up is waited for; if it never comes back the channel is dead", async () => {
  const { platform, agent, anomalies, close } = await opened();
  const performance = await agent.protocol(Performance);
  platform.latencyMs = 50;
  const lost = performance.getProtocolAttributes();
  lost.catch(() => {});
  platform.clock.advance(30);
  await expect(lost).rejects.toMatchObject({ phase: "response" });
  platform.latencyMs = 0;
  const next = performance.getLevel(0); // hot, and still has to wait for the area
  platform.clock.advance(20);
  expect(await next).toBe(600);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["late"]);

  platform.isDead = true;
  const dead = performance.getDomainAttributes(0);
  dead.catch(() => {});
  platform.clock.advance(30);
  await expect(dead).rejects.toMatchObject({ phase: "response" });
  const queued = performance.getLevel(0);
  queued.catch(() => {});
  expect(() => performance.getLevelPolled(0)).toThrow(expect.objectContaining({ reason: "busy" }));
  platform.clock.advance(59);
  platform.clock.advance(1);
  await expect(queued).rejects.toMatchObject({ phase: "channel", timeoutMs: 60 });
  await close();
});

test("notifications come through the area of the other direction, which is given back", async () => {
  const { platform, agent, close } = await opened();
  const performance = await agent.protocol(Performance);
  const watch = performance.watchLevel(0);
  await watch.ready;
  platform.notify(0x4f01, words(0, 0, 1400));
  platform.notify(0x4f01, words(1, 0, 2000));
  expect(platform.freed).toBe(2);
  expect((await watch.next()).value).toEqual({ agentId: 0, domainId: 0, performanceLevel: 1400 });
  expect((await watch.next()).value).toEqual({ agentId: 1, domainId: 0, performanceLevel: 2000 });
  await watch.return();
  await close();
});

test("a port is for one agent of its own core", async () => {
  const { platform, close } = await opened();
  const again = Agent.open(platform.core, loopback(platform), { clock: platform.clock });
  await expect(again).rejects.toMatchObject({ name: "ChannelError", reason: "busy" });
  const foreign = Agent.open(Core.createSync(), loopback(platform), { clock: platform.clock });
  await expect(foreign).rejects.toThrow(TypeError);
  await close();
  const second = await Agent.open(platform.core, loopback(platform), { clock: platform.clock });
  await second.close();
  expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
});
