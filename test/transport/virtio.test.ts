import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { ScriptedPlatform } from "../../src/compliance/script.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { ChannelError, UnsupportedError } from "../../src/errors.ts";
import { VirtioScmiDevice, type VirtioScmiDeviceOptions } from "../../src/firmware/index.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { type VirtioOptions, virtio } from "../../src/transport/virtio.ts";
import { VIRTIO_F, VIRTIO_SCMI_F, type VirtioConnection, type VirtioDevice } from "../../src/virtio/index.ts";
import { drive, platformStage } from "./over-platform.ts";

function machine(device: VirtioScmiDeviceOptions = {}, options: Partial<VirtioOptions> = {}) {
  const stage = platformStage();
  const { platform, clock } = stage;
  const far = new VirtioScmiDevice((sink) => platform.connectMessages(1, sink), { clock, ...device });
  return { ...stage, device: far, transport: virtio({ device: far, ...options }) };
}

async function opened(setUp = machine()) {
  const anomalies: AnomalyEvent[] = [];
  const { core, clock, device } = setUp;
  const opening = Agent.open(core, setUp.transport, { clock, onAnomaly: (event) => anomalies.push(event) });
  const agent = await drive(clock, opening);
  const close = async () => {
    await drive(clock, agent.close());
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(device.leaks).toEqual({ drivers: 0, allocations: 0, appointments: 0 });
  };
  return { ...setUp, agent, anomalies, close };
}

/** An agent whose platform answers when it is told to. */
async function scripted(device: VirtioScmiDeviceOptions = {}, options: Partial<VirtioOptions> = {}) {
  const core = Core.createSync();
  const clock = new SimulatedClock();
  const platform = new ScriptedPlatform();
  const far = new VirtioScmiDevice((sink) => platform.connect(sink), { clock, ...device });
  const agent = await drive(clock, Agent.open(core, virtio({ device: far, ...options }), { clock }));
  platform.isManual = true;
  platform.received.length = 0;
  return { core, clock, platform, device: far, agent };
}

const ECHO = (0x80 << 10) | 0x1;

async function settle(): Promise<void> {
  for (let i = 0; i < 60; i++) await Promise.resolve();
}

describe("over virtio, the simulated platform", () => {
  test.each([
    ["with all features", {}],
    ["slow, with interrupts put off", { latencyMs: 2, interruptDelayMs: 1 }],
    ["with none but the one that is needed", { features: VIRTIO_F.VERSION_1 | VIRTIO_SCMI_F.P2A_CHANNELS }],
  ])("is discovered and driven: %s", async (_, options) => {
    const { agent, clock: time, platform, device, close } = await opened(machine(options));
    expect(agent.platform.protocols).toEqual(expect.arrayContaining([0x10, 0x13, 0x14]));
    const clock = await drive(time, agent.protocol(Clock));
    await drive(time, clock.setRate(2, 300_000_000));
    expect(platform.clock.rate(2)).toBe(300_000_000);
    expect(device.counters.malformed + device.counters.overlong + device.counters.dropped).toBe(0);
    expect(device.counters.received).toBe(device.counters.responses);
    await close();
  });

  test("notifies through the buffers of the event queue, and those are posted again", async () => {
    const { agent, platform, device, close } = await opened(machine({ queueSize: 4 }));
    const performance = await agent.protocol(Performance);
    const watch = performance.watchLevel(0);
    await watch.ready;
    const levels = [1800, 600, 1800, 600, 1800, 600, 1800, 600, 1800, 600];
    for (const level of levels) platform.performance.setLevel(0, level);
    for (const level of levels) expect((await watch.next()).value?.performanceLevel).toBe(level);
    await watch.return();
    expect([device.counters.notifications, device.counters.dropped]).toEqual([levels.length, 0]);
    await close();
  });

  test("takes polled calls where the device answers in the kick, and nowhere else", async () => {
    const { agent, platform, close } = await opened();
    const performance = await agent.protocol(Performance);
    performance.setLevelPolled(0, 600);
    expect(platform.performance.level(0)).toBe(600);
    await close();
    const slow = await opened(machine({ latencyMs: 1 }));
    const there = await drive(slow.clock, slow.agent.protocol(Performance));
    expect(() => there.setLevelPolled(0, 600)).toThrow(UnsupportedError);
    await slow.close();
  });
});

describe("commands in flight", () => {
  test("are as many as the queue has room for: two descriptors each, or one with tables", async () => {
    const tables = VIRTIO_F.VERSION_1 | VIRTIO_F.INDIRECT_DESC;
    for (const [features, count] of [
      [VIRTIO_F.VERSION_1, 4],
      [tables, 8],
    ] as const) {
      const { agent, clock, platform } = await scripted({ queueSize: 8, features });
      const calls = Array.from({ length: 10 }, (_, i) => agent.raw(ECHO, Uint8Array.of(i, 0, 0, 0)));
      await settle();
      expect(platform.received.length).toBe(count);
      for (let i = 0; i < 10; i++) platform.reply(new Uint8Array(4), platform.received[i]);
      await drive(clock, Promise.all(calls));
      await agent.close();
    }
  });

  test("whose callers gave up keep their buffers; the next ones wait for those", async () => {
    const { agent, clock, platform, device } = await scripted({ queueSize: 2, features: VIRTIO_F.VERSION_1 });
    const controller = new AbortController();
    const given = agent.raw(ECHO, new Uint8Array(4), { signal: controller.signal });
    given.catch(() => {});
    await settle();
    controller.abort(new RangeError("enough"));
    await expect(given).rejects.toThrow("enough");
    const next = agent.raw(ECHO, new Uint8Array(8));
    const third = agent.raw(ECHO, new Uint8Array(12), { timeoutMs: 5 });
    third.catch(() => {});
    await settle();
    expect(platform.received.length).toBe(1);
    platform.reply(new Uint8Array(4), platform.received[0]);
    await settle();
    platform.reply(new Uint8Array(4), platform.received[1]);
    expect((await drive(clock, next)).payload.byteLength).toBe(4);
    platform.isManual = false;
    await drive(clock, agent.close());
    expect(device.leaks.allocations).toBe(0);
  });

  test("end as closed when the device is removed, and nothing is touched afterwards", async () => {
    const { agent, clock, platform, device, core } = await scripted();
    const call = agent.raw(ECHO, new Uint8Array(4));
    call.catch(() => {});
    await settle();
    device.remove();
    await expect(call).rejects.toMatchObject({ code: "SCMI_CHANNEL", reason: "closed" });
    expect(platform.connections).toBe(0);
    platform.reply(new Uint8Array(4), platform.received[0]);
    await drive(clock, agent.close());
    expect([device.leaks, core.leaks().xfers]).toEqual([{ drivers: 0, allocations: 0, appointments: 0 }, 0]);
    await expect(Agent.open(core, virtio({ device }), { clock })).rejects.toThrow(/virtio0.*the device is gone/);
    device.insert();
    platform.isManual = false;
    const again = await drive(clock, Agent.open(core, virtio({ device }), { clock }));
    await drive(clock, again.close());
  });

  test("end when the device finds a ring that makes no sense, and says that it needs a reset", async () => {
    const core = Core.createSync();
    const clock = new SimulatedClock();
    const platform = new ScriptedPlatform();
    const device = new VirtioScmiDevice((sink) => platform.connect(sink), { clock });
    let spoil = () => {};
    const spoiled: VirtioDevice = {
      ...{ name: device.name, deviceId: device.deviceId, features: device.features, isSync: true },
      queueSizes: device.queueSizes,
      open(driver) {
        const connection = device.open(driver);
        return {
          ...connection,
          setQueue(queue, addresses) {
            connection.setQueue(queue, addresses);
            if (queue === 0) {
              spoil = () => {
                const { region } = buffer as NonNullable<typeof buffer>;
                region.data.setUint16(addresses.available - region.address + 2, 40_000, true);
                connection.kick(0);
              };
            }
          },
          allocate(byteLength) {
            buffer = connection.allocate(byteLength);
            return buffer;
          },
        };
      },
    };
    let buffer: ReturnType<VirtioConnection["allocate"]> | undefined;
    const agent = await Agent.open(core, virtio({ device: spoiled }), { clock });
    platform.isManual = true;
    const call = agent.raw(ECHO, new Uint8Array(4));
    call.catch(() => {});
    await settle();
    spoil();
    await expect(call).rejects.toMatchObject({ reason: "closed", cause: { message: /needs a reset/ } });
    await agent.close();
    expect(device.leaks).toEqual({ drivers: 0, allocations: 0, appointments: 0 });
  });
});

describe("opening", () => {
  test("is refused while another agent has the device", async () => {
    const first = await opened();
    const second = Agent.open(first.core, virtio({ device: first.device }), { clock: first.clock });
    await expect(second).rejects.toThrow(ChannelError);
    await first.close();
  });

  test("is refused by a device from before virtio 1.0", async () => {
    const { core, clock, transport, device } = machine({ features: VIRTIO_SCMI_F.P2A_CHANNELS });
    await expect(Agent.open(core, transport, { clock })).rejects.toThrow(UnsupportedError);
    expect(device.leaks).toEqual({ drivers: 0, allocations: 0, appointments: 0 });
  });

  test.each([
    ["maxMessages", { maxMessages: 0 }],
    ["maxMessages", { maxMessages: 1025 }],
    ["maxMessageBytes", { maxMessageBytes: 7 }],
    ["timeoutMs", { timeoutMs: 0 }],
  ])("is refused with a %s out of range: %j", (name, options) => {
    const { device } = machine();
    expect(() => virtio({ device, ...options })).toThrow(`"${name}" expected`);
  });
});

test("without completion interrupts, answers are looked for, and the device raises none", async () => {
  const set = machine({ latencyMs: 1 });
  let interrupts = 0;
  const counting: VirtioDevice = {
    ...{
      name: "virtio0",
      deviceId: 32,
      features: set.device.features,
      queueSizes: set.device.queueSizes,
      isSync: false,
    },
    open: (driver) =>
      set.device.open({
        ...{ needsReset: () => driver.needsReset(), removed: () => driver.removed() },
        used(queue) {
          if (queue === 0) interrupts++;
          driver.used(queue);
        },
      }),
  };
  const transport = virtio({ device: counting, polling: { clock: set.clock } });
  const { agent, close } = await opened({ ...set, transport });
  const before = set.device.counters.responses;
  expect(before).toBeGreaterThan(5);
  expect(interrupts).toBeLessThan(2); // the first answer after a start is announced in any case
  expect(agent.counters.timeouts ?? 0).toBe(0);
  await close();
});
