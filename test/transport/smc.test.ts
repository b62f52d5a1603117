import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { InterruptLine, SharedMemory, SmcConduit, type SmcVariant, serveSmc } from "../../src/firmware/index.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { type SmcOptions, smc } from "../../src/transport/smc.ts";
import { drive, platformStage } from "./over-platform.ts";

const FUNCTION_ID = 0xc3000001;

function machine(variant: SmcVariant = "plain", options: Partial<SmcOptions> = {}, latencyMs = 0) {
  const stage = platformStage({ latencyMs });
  const conduit = new SmcConduit();
  const shmem = new SharedMemory(stage.core, 128, 0x4_5e7f_f080n);
  const interrupt = new InterruptLine();
  const calls: (readonly [number, readonly bigint[]])[] = [];
  const stop = serveSmc(stage.server, conduit, FUNCTION_ID, variant, [
    { area: shmem, address: shmem.address, capability: 0xfedcba9876543210n, interrupt },
  ]);
  const spied = {
    kind: conduit.kind,
    call: (functionId: number, registers: readonly bigint[]) => {
      calls.push([functionId, registers]);
      return conduit.call(functionId, registers);
    },
  };
  const transport = smc({ conduit: spied, functionId: FUNCTION_ID, shmem, variant, ...options });
  return { ...stage, conduit, shmem, interrupt, calls, transport, stop };
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
    expect([setUp.shmem.mappings, setUp.interrupt.isRequested]).toEqual([0, false]);
  };
  return { ...setUp, agent, anomalies, close };
}

describe("over SMC, the simulated platform", () => {
  test("answers on return, awaited and polled, and says that nothing comes from it", async () => {
    const { agent, platform, close } = await opened();
    const performance = await agent.protocol(Performance);
    await performance.setLevel(0, 1400);
    expect(platform.performance.level(0)).toBe(1400);
    performance.setLevelPolled(0, 600);
    expect(platform.performance.level(0)).toBe(600);
    const clock = await agent.protocol(Clock);
    await expect(clock.watchRate(0).next()).rejects.toMatchObject({ name: "UnsupportedError" });
    await close();
  });

  test("works off a long queue that is answered inside of each call", async () => {
    const { agent, close } = await opened();
    const answers = Array.from({ length: 5000 }, () => agent.raw(0x4000, new Uint8Array()));
    expect((await Promise.all(answers)).length).toBe(5000);
    await close();
  });
});

const REGISTERS: Readonly<Record<SmcVariant, readonly bigint[]>> = {
  plain: [],
  param: [0x45e7ffn, 0x080n],
  capability: [0xfedcba9876543210n],
};

test.each(["plain", "param", "capability"] as const)("the %s variant calls with its registers", async (variant) => {
  const { calls, close } = await opened(machine(variant));
  expect(calls.length).toBeGreaterThan(6);
  for (const [functionId, given] of calls) {
    expect(functionId).toBe(FUNCTION_ID);
    expect(given).toEqual(REGISTERS[variant]);
  }
  await close();
});

test("a capability id at the end of the area is never written over", async () => {
  const { agent, core, shmem, close } = await opened(machine("capability"));
  const limit = 128 - 28 - 8;
  await agent.raw((0x80 << 10) | 1, new Uint8Array(limit).fill(0xaa));
  await expect(agent.raw((0x80 << 10) | 1, new Uint8Array(limit + 1))).rejects.toThrow(RangeError);
  expect(core.memory.data.getBigUint64(shmem.at + 120, true)).toBe(0xfedcba9876543210n);
  await close();
});

test("a firmware that does not know the function refuses at once, with a clear error, and may learn it", async () => {
  const { core, transport, stop, clock, conduit, server, shmem } = machine();
  stop();
  const refused = Agent.open(core, transport, { clock });
  await expect(refused).rejects.toMatchObject({ name: "ChannelError", reason: "undelivered" });
  await expect(refused).rejects.toThrow(/smc 0xc3000001: .*NOT_SUPPORTED \(-1\)/);
  expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  serveSmc(server, conduit, FUNCTION_ID, "plain", [{ area: shmem }]);
  await (await Agent.open(core, transport, { clock })).close();
});

test.each([-1, -2, 1, 0x7fffffff])("a call that returns %i delivered nothing", async (result) => {
  const setUp = machine();
  let isBroken = false;
  const conduit = {
    kind: "hvc" as const,
    call: (id: number, registers: readonly bigint[]) => (isBroken ? result : setUp.conduit.call(id, registers)),
  };
  const transport = smc({ conduit, functionId: FUNCTION_ID, shmem: setUp.shmem });
  const { agent, core, close, clock } = await opened({ ...setUp, transport });
  isBroken = true;
  const performance = await agent.protocol(Performance).catch((reason: unknown) => reason);
  expect(performance).toMatchObject({ name: "ChannelError", reason: "undelivered" });
  await expect(agent.raw(0x4000, new Uint8Array())).rejects.toThrow(/^hvc 0xc3000001/);
  expect(core.leaks().tokens).toBe(0);
  isBroken = false;
  expect((await agent.raw(0x4000, new Uint8Array())).payload.byteLength).toBe(8);
  expect(clock.now()).toBe(0); // nobody waited for anything
  await close();
});

test("with an interrupt the answer comes later, and only that announces it", async () => {
  const interrupt = new InterruptLine();
  const stage = platformStage({ latencyMs: 4 });
  const conduit = new SmcConduit("hvc");
  const shmem = new SharedMemory(stage.core, 128);
  serveSmc(stage.server, conduit, FUNCTION_ID, "plain", [{ area: shmem, interrupt }]);
  const transport = smc({ conduit, functionId: FUNCTION_ID, shmem, interrupt });
  const agent = await drive(stage.clock, Agent.open(stage.core, transport, { clock: stage.clock }));
  const answer = agent.raw(0x4000, new Uint8Array());
  expect(stage.core.memory.u32(shmem.at + layout.SMT_FLAGS)).toBe(1);
  stage.clock.advance(3.9);
  interrupt.raise(); // spurious
  expect(stage.core.leaks().tokens).toBe(1);
  stage.clock.advance(0.1);
  expect((await answer).payload.byteLength).toBe(8);
  await expect(Agent.open(stage.core, transport, { clock: stage.clock })).rejects.toMatchObject({ reason: "busy" });
  await agent.close();
  expect(interrupt.isRequested).toBe(false);
});

test("a firmware that answers after the call has returned is looked at, also when it should not have", async () => {
  const { core, clock, transport } = machine("plain", {}, 3);
  await (await drive(clock, Agent.open(core, transport, { clock }))).close();
});

test.each([
  [{ functionId: -1 }, RangeError],
  [{ functionId: 2 ** 32 }, RangeError],
  [{ timeoutMs: Number.NaN }, RangeError],
])("%j is refused", (options, error) => {
  const { conduit, shmem } = machine();
  expect(() => smc({ conduit, functionId: FUNCTION_ID, shmem, ...options })).toThrow(error);
});

test("protocols that name one area share its channel; an area without an address has no parameters", async () => {
  const { conduit, shmem, core, clock } = machine();
  const protocols = new Map([
    [0x13, { shmem }],
    [0x14, { shmem }],
  ]);
  const agent = await Agent.open(core, smc({ conduit, functionId: FUNCTION_ID, shmem, protocols }), { clock });
  expect(shmem.mappings).toBe(1);
  await (await agent.protocol(Performance)).setLevel(0, 600);
  await agent.close();
  const nameless = { byteLength: 128, map: (it: object) => shmem.map(it) };
  expect(() => smc({ conduit, functionId: FUNCTION_ID, shmem: nameless, variant: "param" })).toThrow(/an address/);
});
