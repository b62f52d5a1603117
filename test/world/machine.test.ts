import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { scmiOf } from "../../src/devicetree/index.ts";
import { ScmiPta, SimulatedOptee } from "../../src/firmware/index.ts";
import { TeeBus } from "../../src/tee/index.ts";
import { Machine, opteeModule, scmiCore, scmiModule } from "../../src/world/index.ts";
import { type Sketch, treeOf } from "../devicetree/build.ts";
import { WHO_ID, whoPlatform } from "./who.ts";

const ASK = (WHO_ID << 10) | 0x3;
const TEES = ["/firmware/optee-a", "/firmware/optee-b"] as const;
const PHANDLES = [0x10, 0x11] as const;
const NO_LEAKS = { sessions: 0, sharedMemory: 0, channels: 0, xfers: 0, tokens: 0, timers: 0, devices: 0 };

/** An instance over OP-TEE, as a tree has it. */
function scmi(channelId: number, supplier?: number): Sketch {
  return {
    compatible: "linaro,scmi-optee",
    "linaro,optee-channel-id": [channelId],
    ...(supplier === undefined ? {} : { "scmi-wasm,supplier": [supplier] }),
    children: { "protocol@90": { reg: [WHO_ID] } },
  };
}

/** A machine with the modules for OP-TEE, two TEEs with two channels each, and the instances of a tree. */
async function machineWith(nodes: Readonly<Record<string, Sketch>>, tees: readonly string[] = TEES) {
  const tree = treeOf({
    children: {
      firmware: {
        children: {
          "optee-a": { phandle: [PHANDLES[0]] },
          "optee-b": { phandle: [PHANDLES[1]] },
          ...nodes,
        },
      },
    },
  });
  const { instances, broken } = scmiOf(tree);
  expect(broken).toEqual([]);
  const core = Core.createSync();
  const machine = new Machine({ core, clock: new SimulatedClock() });
  const bus = new TeeBus();
  machine.watchTees(bus);
  const optees = tees.map((name, tee) => {
    const channels = [0, 1].map((id) => {
      const platform = whoPlatform(10 * tee + id);
      const connectMessages = (_: number, sink: Parameters<typeof platform.connect>[0]) => platform.connect(sink);
      return { id, platform: { connectMessages }, agentId: 1 };
    });
    return new SimulatedOptee({ name, apps: [new ScmiPta({ channels })] });
  });
  for (const optee of optees) machine.parts.ledger.watch(() => optee.leaks);
  for (const module of [scmiCore, scmiModule, opteeModule]) await machine.load(module);
  return { machine, instances, optees, bus };
}

/** Who answers at an instance: ten times its TEE and its channel. */
async function whoIsAt(machine: Machine, path: string): Promise<number | undefined> {
  const answer = await machine.agents.get(path)?.raw(ASK, new Uint8Array());
  return answer?.payload[4];
}

describe("instances find their suppliers by what is described", () => {
  test("several over one TEE, and several over different ones, whatever comes first", async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const nodes = { "scmi-0": scmi(1, PHANDLES[0]), "scmi-1": scmi(0, PHANDLES[1]), "scmi-2": scmi(0, PHANDLES[0]) };
      const { machine, instances, optees, bus } = await machineWith(nodes);
      for (const instance of order[0] === 0 ? instances : [...instances].reverse()) await machine.addNode(instance);
      for (const tee of order) optees[tee]?.enumerate(bus);
      await machine.settled();
      expect(machine.deferred).toEqual([]);
      const answers = await Promise.all([0, 1, 2].map((i) => whoIsAt(machine, `/firmware/scmi-${i}`)));
      expect(answers).toEqual([1, 10, 0]);
      expect(await machine.close()).toEqual(NO_LEAKS);
    }
  });

  test("one without key gets the one TEE that is declared, and waits for that one only", async () => {
    const { machine, instances, optees, bus } = await machineWith({ scmi: scmi(0) });
    machine.declare("tee", TEES[1]);
    for (const instance of instances) await machine.addNode(instance);
    optees[0]?.enumerate(bus);
    await machine.settled();
    expect(machine.deferred).toEqual([{ node: "/firmware/scmi", reason: `waits for tee ${TEES[1]}` }]);
    optees[1]?.enumerate(bus);
    await machine.settled();
    expect(await whoIsAt(machine, "/firmware/scmi")).toBe(10);
    await machine.close();
  });

  test("one without key among two TEEs is an error that lists them, also when only one is there", async () => {
    const { machine, instances, optees, bus } = await machineWith({ scmi: scmi(0) });
    for (const tee of TEES) machine.declare("tee", tee);
    optees[0]?.enumerate(bus);
    for (const instance of instances) await machine.addNode(instance);
    expect(machine.deferred).toMatchObject([
      { node: "/firmware/scmi", reason: expect.stringContaining(TEES.join(", ")), error: { code: "SCMI_BOARD" } },
    ]);
    await machine.close();
  });

  test("one without key that is up goes down when its description becomes ambiguous, and comes up again", async () => {
    const { machine, instances, optees, bus } = await machineWith({ "scmi-0": scmi(0), "scmi-1": scmi(1) });
    machine.declare("tee", TEES[0]);
    optees[0]?.enumerate(bus);
    const [first, second] = instances;
    if (first) await machine.addNode(first);
    expect(machine.agents.size).toBe(1);
    if (second) await machine.addNode(second);
    expect(machine.agents.size).toBe(0);
    expect(machine.deferred).toMatchObject([
      { node: "/firmware/scmi-0", error: { code: "SCMI_BOARD" } },
      { node: "/firmware/scmi-1", error: { code: "SCMI_BOARD" } },
    ]);
    await machine.removeNode("/firmware/scmi-1");
    expect([...machine.agents.keys()]).toEqual(["/firmware/scmi-0"]);
    await machine.close();
  });
});

describe("a machine", () => {
  test("says for each instance that is not up what it waits for", async () => {
    const { machine, instances } = await machineWith({ scmi: scmi(0, PHANDLES[0]) });
    for (const instance of instances) await machine.addNode(instance);
    expect(machine.deferred).toEqual([{ node: "/firmware/scmi", reason: `waits for tee ${TEES[0]}` }]);
    await machine.unload("scmi-transport-optee");
    expect(machine.deferred).toEqual([{ node: "/firmware/scmi", reason: "waits for module scmi-transport-optee" }]);
    await expect(machine.addNode(instances[0] as (typeof instances)[number])).rejects.toThrow(RangeError);
    await machine.close();
  });

  test("lets a dead service's instance be brought up again", async () => {
    const { machine, instances, optees, bus } = await machineWith({ scmi: scmi(0, PHANDLES[0]) });
    optees[0]?.enumerate(bus);
    for (const instance of instances) await machine.addNode(instance);
    optees[0]?.panic("a8cfe406-d4f5-4a2e-9f8d-a25dc754c099");
    await expect(whoIsAt(machine, "/firmware/scmi")).rejects.toThrow();
    await machine.retry("/firmware/scmi");
    expect(await whoIsAt(machine, "/firmware/scmi")).toBe(0);
    expect(await machine.close()).toEqual(NO_LEAKS);
  });

  test("takes everything down at the end, whatever came in which order", async () => {
    const { machine, instances, optees, bus } = await machineWith({ scmi: scmi(0, PHANDLES[0]) });
    optees[0]?.enumerate(bus);
    for (const instance of instances) await machine.addNode(instance);
    expect(machine.leaks).toMatchObject({ sessions: 1, sharedMemory: 1, channels: 1 });
    expect(await machine.close()).toEqual(NO_LEAKS);
    expect(machine.modules).toEqual([]);
  });
});
