import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { Core } from "../../src/core/core.ts";
import { MailboxController, SharedMemory, SmtServer, serveMailbox } from "../../src/firmware/index.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { type MailboxOptions, mailbox } from "../../src/transport/mailbox.ts";
import { drive, platformStage } from "./over-platform.ts";

/** The example of the binding: default channels, and others for the performance protocol. */
function machine(options: Partial<MailboxOptions> = {}, latencyMs = 0) {
  const stage = platformStage({ latencyMs });
  const { core, server } = stage;
  const controller = new MailboxController({ channels: 4 });
  const area = () => new SharedMemory(core, 128);
  const base = { a2p: area(), p2a: area() };
  const performance = { a2p: area(), p2a: area() };
  serveMailbox(server, { tx: controller.peer(0), rx: controller.peer(1) }, base);
  serveMailbox(server, { tx: controller.peer(2), rx: controller.peer(3) }, performance, 0x13);
  const mbox = (channel: number) => ({ controller, channel });
  const transport = mailbox({
    mboxes: [mbox(0), mbox(1)],
    shmem: [base.a2p, base.p2a],
    resolve: stage.resolve,
    protocols: new Map([[0x13, { mboxes: [mbox(2), mbox(3)], shmem: [performance.a2p, performance.p2a] }]]),
    ...options,
  });
  return { ...stage, controller, base, performance, transport };
}

async function opened(setUp = machine()) {
  const anomalies: AnomalyEvent[] = [];
  const agent = await Agent.open(setUp.core, setUp.transport, {
    clock: setUp.clock,
    onAnomaly: (event) => anomalies.push(event),
  });
  const close = async () => {
    await agent.close();
    expect(setUp.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(setUp.controller.requested).toBe(0);
  };
  return { ...setUp, agent, anomalies, close };
}

describe("over mailboxes, the simulated platform", () => {
  test("is discovered, and its protocols work over the channels that they have", async () => {
    const { agent, core, platform, base, performance: own, close } = await opened();
    expect(agent.platform.protocols).toEqual(expect.arrayContaining([0x10, 0x13, 0x14]));
    const clock = await agent.protocol(Clock);
    await clock.setRate(2, 300_000_000);
    expect(platform.clock.rate(2)).toBe(300_000_000);
    const performance = await agent.protocol(Performance);
    const baseHeader = core.memory.u32(base.a2p.at + layout.SMT_HEADER);
    await performance.setLevel(0, 1400);
    expect(platform.performance.level(0)).toBe(1400);
    performance.setLevelPolled(0, 600);
    expect(platform.performance.level(0)).toBe(600);
    expect(core.memory.u32(base.a2p.at + layout.SMT_HEADER)).toBe(baseHeader); // nothing of that went there
    expect((core.memory.u32(own.a2p.at + layout.SMT_HEADER) >>> 10) & 0xff).toBe(0x13);
    await close();
  });

  test("notifies over the channel of the protocol, and over the default one for the others", async () => {
    const { agent, core, platform, base, performance: own, close } = await opened();
    const performance = await agent.protocol(Performance);
    const watch = performance.watchLevel(0);
    await watch.ready;
    platform.performance.setLevel(0, 1800);
    platform.performance.setLevel(0, 600);
    expect((await watch.next()).value?.performanceLevel).toBe(1800);
    expect((await watch.next()).value?.performanceLevel).toBe(600);
    expect(core.memory.u32(own.p2a.at + layout.SMT_HEADER) & 0x3ffff).toBe(0x4f01);
    expect(core.memory.u32(base.p2a.at + layout.SMT_HEADER)).toBe(0);
    await watch.return();
    await close();
  });

  test("answers asynchronous commands later, on the way from platform to agent", async () => {
    const { agent, clock: time, close } = await opened();
    const clock = await agent.protocol(Clock);
    const rate = clock.setRateAsync(1, 700_000_000);
    for (let i = 0; i < 100; i++) await Promise.resolve();
    time.advance(10);
    expect(await rate).toBe(700_000_000);
    await close();
  });

  test("has FastChannels for an agent that is told where the memory lies", async () => {
    const { agent, core, platform, performance: own, clock: time, close } = await opened();
    const performance = await agent.protocol(Performance);
    const { fastChannels } = (await performance.describeAll())[0] ?? {};
    expect(Object.keys(fastChannels ?? {})).toContain("setLevel");
    const header = core.memory.u32(own.a2p.at + layout.SMT_HEADER);
    await performance.setLevel(0, 1400);
    expect(core.memory.u32(own.a2p.at + layout.SMT_HEADER)).toBe(header); // no message was sent
    time.advance(4);
    expect(platform.performance.level(0)).toBe(1400);
    await close();
  });

  test("works without a completion interrupt, and is not asked for one", async () => {
    const setUp = machine({ hasCompletionInterrupt: false }, 2);
    let rings = 0;
    const { controller, clock: time, core, base } = setUp;
    const { agent, close } = await drive(time, opened(setUp));
    controller.peer(0).onMessage = ((before) => (word: number) => {
      rings++;
      expect(core.memory.u32(base.a2p.at + layout.SMT_FLAGS)).toBe(0);
      before?.(word);
    })(controller.peer(0).onMessage);
    const answer = agent.raw(0x4000, new Uint8Array());
    time.advance(5);
    expect((await answer).payload.byteLength).toBe(8);
    expect(rings).toBe(1);
    await close();
  });
});

describe("the bytes", () => {
  test("in the areas are those of the specification's example, and none beyond", async () => {
    const { core, base, agent, close } = await opened();
    const beyond = core.memory.bytes.slice(base.a2p.at + 128, base.a2p.at + 192);
    const full = await agent.raw((0x80 << 10) | 1, new Uint8Array(100).fill(0xee));
    expect(new DataView(full.payload.buffer).getInt32(0, true)).toBe(-1); // no such protocol
    expect(core.memory.bytes.slice(base.a2p.at + 128, base.a2p.at + 192)).toEqual(beyond);
    await agent.raw(0x4000, new Uint8Array());
    const at = base.a2p.at;
    expect([0x4, 0x10, 0x14].map((offset) => core.memory.u32(at + offset))).toEqual([1, 1, 12]);
    expect(core.memory.u32(at + 0x1c)).toBe(0);
    await close();
  });

  test("of an area that the platform holds are left alone by an agent that closes and opens", async () => {
    const { agent, core, base, server, transport, clock: time } = await opened();
    server.die();
    const lost = agent.raw(0x4000, new Uint8Array());
    lost.catch(() => {});
    expect(core.memory.u32(base.a2p.at + layout.SMT_STATUS)).toBe(0);
    await agent.close();
    await expect(lost).rejects.toMatchObject({ reason: "closed" });
    expect(core.memory.u32(base.a2p.at + layout.SMT_STATUS)).toBe(0);
    const next = Agent.open(core, transport, { clock: time });
    next.catch(() => {});
    for (let i = 0; i < 100; i++) await Promise.resolve();
    time.advance(60); // a channel that stays busy is dead
    await expect(next).rejects.toMatchObject({ name: "DeadlineError", phase: "channel" });
    expect(core.memory.u32(base.a2p.at + layout.SMT_STATUS)).toBe(0);
    server.reset();
    await (await Agent.open(core, transport, { clock: time })).close();
  });
});

describe("options", () => {
  const area = (byteLength = 128, core = Core.createSync()) => new SharedMemory(core, byteLength);
  const mboxes = (count: number) => {
    const controller = new MailboxController({ channels: 8 });
    return Array.from({ length: count }, (_, channel) => ({ controller, channel }));
  };

  test.each([
    [0, 1],
    [1, 0],
    [1, 2],
    [3, 1],
    [4, 1],
    [5, 2],
    [2, 3],
  ])("with %i mailboxes and %i areas are refused", (mailboxes, areas) => {
    const shmem = Array.from({ length: areas }, () => area());
    expect(() => mailbox({ mboxes: mboxes(mailboxes), shmem })).toThrow(RangeError);
  });

  test("with one area for two channels, or four mailboxes for a protocol, are refused", () => {
    const one = area();
    expect(() => mailbox({ mboxes: mboxes(2), shmem: [one, one] })).toThrow(/another area/);
    const own = { mboxes: mboxes(4), shmem: [area(), area()] };
    const protocols = new Map([[0x13, own]]);
    expect(() => mailbox({ mboxes: mboxes(1), shmem: [area()], protocols })).toThrow(/protocols\[0x13\]/);
    const shared = new Map([[0x13, { mboxes: mboxes(1), shmem: [one] }]]);
    expect(() => mailbox({ mboxes: mboxes(1), shmem: [one], protocols: shared })).toThrow(/another area/);
  });

  test.each([{ timeoutMs: 0 }, { maxMessageBytes: 4 }, { maxMessageBytes: 1.5 }, { atomicThresholdUs: -1 }])(
    "%j is refused",
    (limits) => {
      expect(() => mailbox({ mboxes: mboxes(1), shmem: [area()], ...limits })).toThrow(RangeError);
    },
  );

  test.each([0, 1025, 2.5])("of %d messages in flight are refused when it is opened", async (maxMessages) => {
    const core = Core.createSync();
    const transport = mailbox({ mboxes: mboxes(1), shmem: [area(128, core)], maxMessages });
    await expect(Agent.open(core, transport)).rejects.toThrow(/"maxMessages" expected integer 1 to 1024/);
  });

  test("name areas under 36 bytes in vain, and nothing else is too small", async () => {
    for (const [byteLength, least] of [
      [32, undefined],
      [36, 8],
    ] as const) {
      const { core, server, clock } = platformStage();
      const controller = new MailboxController({ channels: 1 });
      const memory = new SharedMemory(core, byteLength);
      const transport = mailbox({ mboxes: [{ controller, channel: 0 }], shmem: [memory] });
      if (least === undefined) {
        await expect(Agent.open(core, transport, { clock })).rejects.toThrow(/at least 36/);
        expect([controller.requested, memory.mappings]).toEqual([0, 0]);
        continue;
      }
      serveMailbox(server, { tx: controller.peer(0) }, { a2p: memory });
      const agent = await Agent.open(core, transport, { clock });
      expect((await agent.raw(0x4000, new Uint8Array())).payload.byteLength).toBe(least);
      await agent.close();
    }
  });

  test("of 104 bytes are clamped by an area of 128 with one warning, and 100 are not", async () => {
    for (const [maxMessageBytes, warnings] of [
      [undefined, 1],
      [100, 0],
    ] as const) {
      const { anomalies, close } = await opened(machine(maxMessageBytes === undefined ? {} : { maxMessageBytes }));
      const clamped = anomalies.filter(({ kind }) => kind === "clamped");
      expect(clamped.length).toBe(warnings);
      if (clamped[0]) expect(String(clamped[0].cause)).toMatch(/104 bytes of payload, got ones for 100/);
      await close();
    }
  });

  test("of the timeout hold for the response", async () => {
    const { agent, server, clock: time, close } = await opened(machine({ timeoutMs: 7 }));
    server.die();
    const lost = agent.raw(0x4000, new Uint8Array());
    lost.catch(() => {});
    time.advance(7);
    await expect(lost).rejects.toMatchObject({ name: "DeadlineError", timeoutMs: 7 });
    await close();
  });
});

test("a mailbox or an area that somebody else has refuses the opening, and is free again afterwards", async () => {
  const { core, controller, transport, clock: time, base } = machine();
  const line = controller.request(3, { received: () => {} });
  await expect(Agent.open(core, transport, { clock: time })).rejects.toMatchObject({ reason: "busy" });
  expect(controller.requested).toBe(1);
  line.free();
  const mapping = base.p2a.map(core);
  await expect(Agent.open(core, transport, { clock: time })).rejects.toMatchObject({ reason: "busy" });
  mapping.unmap();
  await (await Agent.open(core, transport, { clock: time })).close();
  await expect(Agent.open(Core.createSync(), transport, { clock: time })).rejects.toThrow(TypeError);
  expect([controller.requested, base.a2p.mappings]).toEqual([0, 0]);
});

test("a controller that takes no more fails the call at once, and the next one goes through", async () => {
  const { agent, core, controller, close } = await opened();
  const peer = controller.peer(0);
  const serve = peer.onMessage;
  let refusals = 1;
  peer.onMessage = (word) => {
    if (refusals-- > 0) return;
    serve?.(word);
  };
  const lost = agent.raw(0x4000, new Uint8Array(), { timeoutMs: 1 });
  lost.catch(() => {});
  expect(core.leaks().tokens).toBe(1);
  await agent.close();
  await expect(lost).rejects.toMatchObject({ reason: "closed" });
  await close();
});

describe.each([
  [2, { ringsBack: 1, flags: 1 }],
  [3, { ringsBack: undefined, flags: 0 }],
  [4, { ringsBack: 3, flags: 1 }],
] as const)("with %i mailboxes and two areas", (count, { ringsBack, flags }) => {
  test("a message from the platform asks for an acknowledge where there is a way, and gets it there", async () => {
    const { core, clock } = platformStage();
    const controller = new MailboxController({ channels: count });
    const areas = { a2p: new SharedMemory(core, 128), p2a: new SharedMemory(core, 128) };
    let sink = { send: (_: Uint8Array) => {} };
    const server = new SmtServer((it) => {
      sink = it;
      return { receive: () => {}, close: () => {} };
    });
    const at = (channel: number) => controller.peer(channel);
    const ends = count === 2 ? { tx: at(0), rx: at(1) } : { tx: at(0), txReply: at(1), rx: at(2) };
    serveMailbox(server, count === 4 ? { ...ends, rxReply: at(3) } : ends, areas);
    const heard: number[] = [];
    for (let channel = 1; channel < count; channel++) {
      const peer = at(channel);
      const before = peer.onMessage;
      peer.onMessage = (word) => {
        heard.push(channel);
        before?.(word);
      };
    }
    const mboxes = Array.from({ length: count }, (_, channel) => ({ controller, channel }));
    const transport = mailbox({ mboxes, shmem: [areas.a2p, areas.p2a] });
    const messages: number[] = [];
    const instance = core.openInstance();
    const link = await transport.open({
      core,
      openInstance: () => instance,
      openRow: (_, options) => ({ row: core.openChannel(instance, { ...options, isForeign: true }), maxPayload: 100 }),
      complete: (row) => {
        messages.push(core.memory.u32(core.areaAt(row) + layout.SMT_HEADER));
        if (messages.length > 1) takeOut(); // the first message is left to lie for a while
      },
      areaOf: (row) => core.areaOf(row),
      receive: () => {},
      reset: () => {},
      fail: () => {},
    });
    const takeOut = () => link.p2a?.freed?.(core.drain(link.p2a.row, clock.now()).acknowledge);
    const notification = (id: number) => Uint8Array.of(id, 0x47, 0, 0);
    sink.send(notification(1));
    expect(core.memory.u32(areas.p2a.at + layout.SMT_FLAGS)).toBe(flags);
    sink.send(notification(2));
    expect(messages).toEqual([0x4701]);
    takeOut();
    expect(heard).toEqual(ringsBack === undefined ? [] : [ringsBack, ringsBack]);
    expect(messages).toEqual(ringsBack === undefined ? [0x4701] : [0x4701, 0x4702]);
    await link.close();
    expect(controller.requested).toBe(0);
  });
});
