import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Agent } from "../../src/index.ts";
import { Platform } from "../../src/platform/index.ts";
import {
  POWER_STATE,
  Power,
  RELEASE_NAMES,
  RELEASES,
  type Release,
  SYSTEM_STATE,
  SystemPower,
} from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile } from "../platform/kit.ts";
import { settle } from "./scripted.ts";

// The two halves together; what each does alone is pinned by bytes elsewhere.

const { ON, OFF } = POWER_STATE;
/** Agents and domains of the example board. */
const [OSPM, MANAGEMENT, GUEST] = [1, 2, 3] as const;
const [SOC, CPU, GPU, DISPLAY, MODEM, SECURE] = [0, 1, 2, 3, 4, 5] as const;

async function machine(profile: Release = "3.2", boardName = "example", knows?: Release) {
  const board = boardFile(boardName);
  const clock = new SimulatedClock();
  const capacity = { ...Platform.capacityFor(board, { profile, connections: 4 }), xfers: 64 };
  const core = Core.createSync({ capacity });
  const platform = Platform.open(core, board, { profile, clock });
  const agents: Agent[] = [];
  const open = async (agentId: number) => {
    const versions = knows ? { versions: RELEASES[knows] } : {};
    const agent = await Agent.open(core, loopback(platform.connect(agentId)), { clock, ...versions });
    agents.push(agent);
    return agent;
  };
  const close = async () => {
    for (const agent of agents) await agent.close();
    platform.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(clock.pending).toBe(0);
  };
  return { platform, clock, open, close };
}

describe.each(RELEASE_NAMES)("an agent at a platform of release %s", (profile) => {
  const isLong = profile === "3.1" || profile === "3.2";

  test("finds every power domain and what can be done with it, and does it", async () => {
    const { platform, clock, open, close } = await machine(profile);
    const power = await (await open(OSPM)).protocol(Power);
    const domains = await power.describeAll();
    expect(domains.map(({ canSetSync, canSetAsync }) => [canSetSync, canSetAsync])).toEqual([
      [false, false],
      [true, true],
      [true, false],
      [false, true],
      [true, false],
      [true, false],
    ]);
    expect(domains[DISPLAY]?.name).toBe(isLong ? "display-and-camera-subsystem" : "display-and-cam");
    expect(domains[CPU]?.notifiesStateChanged).toBe(true);
    expect(domains[CPU]?.notifiesStateChangeRequested).toBe(isLong ? true : undefined);
    await power.setState(CPU, 1);
    expect(await power.getState(CPU)).toBe(1);
    power.setStatePolled(CPU, OFF);
    expect(power.getStatePolled(CPU)).toBe(OFF);
    expect(platform.power.state(CPU)).toBe(OFF);
    const watch = power.watchState();
    await watch.ready;
    await power.requestState(CPU, ON);
    expect(await power.getState(CPU)).toBe(OFF);
    clock.advance(0.2);
    expect((await watch.next()).value).toEqual({ agentId: OSPM, domainId: SOC, powerState: ON });
    expect((await watch.next()).value).toEqual({ agentId: OSPM, domainId: CPU, powerState: ON });
    await watch.return();
    await expect(power.setState(DISPLAY, OFF)).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
    await expect(power.setState(CPU, 2)).rejects.toMatchObject({ statusName: "INVALID_PARAMETERS" });
    await close();
  });

  test("finds what the system can do, and hears who asks for what", async () => {
    const { open, close } = await machine(profile);
    const system = await (await open(OSPM)).protocol(SystemPower);
    const other = await (await open(MANAGEMENT)).protocol(SystemPower);
    const all = { canSetState: true, canWarmReset: true, canSuspend: true, canGetState: true, canNotify: true };
    expect(await system.describe()).toEqual(all);
    await expect(system.getState()).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
    const watch = system.watch();
    await watch.ready;
    expect(await other.setState(SYSTEM_STATE.SHUTDOWN, { manner: "graceful" })).toBe("accepted");
    expect((await watch.next()).value).toEqual({
      ...{ agentId: MANAGEMENT, isGraceful: true, systemState: SYSTEM_STATE.SHUTDOWN },
      timeoutMs: isLong ? 5000 : 0,
    });
    await watch.return();
    await close();
  });
});

test.each(RELEASE_NAMES.flatMap((knows) => RELEASE_NAMES.map((profile) => [knows, profile] as const)))(
  "an agent of release %s and a platform of release %s understand each other in what both know",
  async (knows, profile) => {
    const { platform, open, close } = await machine(profile, "example", knows);
    const agent = await open(OSPM);
    const power = await agent.protocol(Power);
    for (const state of [OFF, 1, ON]) {
      await power.setState(CPU, state);
      expect(await power.getState(CPU)).toBe(state);
    }
    const changes = power.watchState(CPU);
    await changes.ready;
    platform.power.setState(CPU, OFF);
    expect((await changes.next()).value).toEqual({ agentId: 0, domainId: CPU, powerState: OFF });
    await changes.return();
    const system = await agent.protocol(SystemPower);
    expect(await system.describe()).toMatchObject({ canWarmReset: true, canSuspend: true, canNotify: true });
    const watch = system.watch();
    await watch.ready;
    platform.systemPower.request(SYSTEM_STATE.COLD_RESET);
    const event = { agentId: 0, isGraceful: true, systemState: SYSTEM_STATE.COLD_RESET, timeoutMs: 0 };
    expect((await watch.next()).value).toEqual(event);
    await watch.return();
    await close();
  },
);

test("story: two agents share a power domain", async () => {
  const { platform, open, close } = await machine();
  const ospm = await (await open(OSPM)).protocol(Power);
  const guest = await (await open(GUEST)).protocol(Power);
  const changes = guest.watchState(GPU);
  const requests = guest.watchStateRequests(GPU);
  await Promise.all([changes.ready, requests.ready]);

  // The first to want it switches it on, and its parent stays on with it
  await ospm.setState(GPU, ON);
  expect((await requests.next()).value).toEqual({ agentId: OSPM, domainId: GPU, powerState: ON });
  expect((await changes.next()).value).toEqual({ agentId: OSPM, domainId: GPU, powerState: ON });
  await guest.setState(GPU, ON);
  await ospm.setState(CPU, OFF);
  expect(platform.power.state(SOC)).toBe(ON);

  // The host lets go: the guest hears that it was asked for, and keeps its domain
  await ospm.setState(GPU, OFF);
  expect((await requests.next()).value).toEqual({ agentId: OSPM, domainId: GPU, powerState: OFF });
  expect(await ospm.getState(GPU)).toBe(ON);

  // The last one switches it off, and the parent with it
  await guest.setState(GPU, OFF);
  expect((await changes.next()).value).toEqual({ agentId: GUEST, domainId: GPU, powerState: OFF });
  expect([GPU, SOC].map((id) => platform.power.state(id))).toEqual([OFF, OFF]);

  // What the guest may only look at, it looks at; the rest is denied to it
  expect(await guest.getState(MODEM)).toBe(ON);
  await expect(guest.setState(MODEM, OFF)).rejects.toMatchObject({ statusName: "NOT_SUPPORTED" });
  await expect(guest.getState(SECURE)).rejects.toMatchObject({ statusName: "DENIED" });
  expect((await guest.describeAll()).map(({ domainId }) => domainId)).toEqual([SOC, CPU, GPU, DISPLAY, MODEM]);
  await Promise.all([changes.return(), requests.return()]);
  await close();
});

test("story: the platform asks for a shutdown, and an agent honours it", async () => {
  const { platform, clock, open, close } = await machine();
  const power = await (await open(OSPM)).protocol(Power);
  const system = await (await open(OSPM)).protocol(SystemPower);
  const bmc = await (await open(MANAGEMENT)).protocol(SystemPower);
  const life: string[] = [];
  platform.on("systemPowerRequested", ({ agentId, isGraceful }) => life.push(`asked by ${agentId}, ${isGraceful}`));
  platform.on("systemPowerChanged", ({ agentId }) => life.push(`done by ${agentId} at ${clock.now() / 1e6} ms`));

  // The operating system listens, and puts its house in order before it goes
  const requests = system.watch();
  const told = bmc.watch();
  await Promise.all([requests.ready, told.ready]);
  const os = (async () => {
    for await (const { isGraceful, systemState, timeoutMs } of requests) {
      if (!isGraceful) continue;
      expect([systemState, timeoutMs]).toEqual([SYSTEM_STATE.SHUTDOWN, 5000]);
      for (const domain of [CPU, MODEM]) await power.setState(domain, OFF);
      return system.setState(systemState);
    }
    return undefined;
  })();

  clock.advance(100);
  platform.systemPower.request(SYSTEM_STATE.SHUTDOWN); // somebody pressed the button
  expect(await os).toBe("accepted");
  clock.advance(20);
  expect(platform.systemPower.state).toBe(SYSTEM_STATE.SHUTDOWN);
  expect(platform.power.state(CPU)).toBe(OFF);

  // The board management controller saw both, and powers the system up again
  expect((await told.next()).value).toMatchObject({ agentId: 0, isGraceful: true });
  expect((await told.next()).value).toMatchObject({ agentId: OSPM, isGraceful: false, timeoutMs: 0 });
  await bmc.setState(SYSTEM_STATE.POWER_UP);
  clock.advance(1);
  expect(platform.systemPower.state).toBe(SYSTEM_STATE.POWER_UP);
  await expect(bmc.setState(SYSTEM_STATE.POWER_UP)).rejects.toMatchObject({ statusName: "DENIED" });
  clock.advance(10_000);
  expect(life).toEqual([
    "asked by 0, true",
    "asked by 1, false",
    "done by 1 at 100 ms",
    "asked by 2, false",
    "done by 2 at 120 ms",
  ]);
  await told.return();
  await close();
});

test("story: nobody honours a graceful shutdown, so the platform forces it", async () => {
  const { platform, clock, open, close } = await machine();
  const system = await (await open(OSPM)).protocol(SystemPower);
  const bmc = await (await open(MANAGEMENT)).protocol(SystemPower);
  const requests = system.watch();
  await requests.ready;
  await bmc.setState(SYSTEM_STATE.SHUTDOWN, { manner: "graceful" });
  clock.advance(4999);
  expect(platform.systemPower.state).toBe(SYSTEM_STATE.POWER_UP);
  clock.advance(1);
  expect(platform.systemPower.state).toBe(SYSTEM_STATE.SHUTDOWN);
  expect((await requests.next()).value).toMatchObject({ agentId: MANAGEMENT, isGraceful: true, timeoutMs: 5000 });
  expect((await requests.next()).value).toMatchObject({ agentId: 0, isGraceful: false });
  await requests.return();
  await close();
});

test("the statistics of the large board's 64 domains are read by the agent", async () => {
  const { clock, open, close } = await machine("3.2", "large");
  const power = await (await open(OSPM)).protocol(Power);
  const domains = await power.describeAll();
  expect(domains).toHaveLength(64);
  expect(domains[63]?.name).toBe("power-domain-of-controller-63");
  clock.advance(3);
  await power.setState(0, OFF);
  const statistics = await power.readStatistics();
  expect(statistics?.domains).toHaveLength(64);
  expect(statistics?.domains[0]).toEqual({
    currentState: 1,
    lastChangeUs: 3000,
    states: [
      { powerState: ON, usageCount: 1, residencyUs: 3000 },
      { powerState: OFF, usageCount: 1, residencyUs: 0 },
    ],
  });
  await settle();
  await close();
});
