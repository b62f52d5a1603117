import { describe, expect, test } from "vitest";
import type { Agent } from "../../src/agent/agent.ts";
import { words } from "../../src/compliance/script.ts";
import type { MakeFarEnds } from "./far-ends.ts";
import { mailboxEnds, mailboxEndsWith, opteeEndsWith, virtioEnds } from "./far-ends.ts";
import { pathOf, Scene, type Step } from "./scene.ts";
import { WHO_ID } from "./who.ts";

const WITH_P2A = { mailbox: mailboxEndsWith({ hasP2a: true }), virtio: virtioEnds };
const SLOW = { mailbox: mailboxEndsWith({ latencyMs: 5 }), optee: opteeEndsWith({ latencyMs: 5 }) };
const ASK = (WHO_ID << 10) | 0x3;
const SLOW_COMMAND = (WHO_ID << 10) | 0x7;
const FAR_END_MS = 50;
const NONE = { sessions: 0, sharedMemory: 0, channels: 0, xfers: 0, tokens: 0, timers: 0 };

const SUPPLIER: Step = { kind: "supplier", index: 0, arrives: true };
const NODE: Step = { kind: "node", index: 0, arrives: true };

/** Moves the clock on until a promise is over. */
async function drive<T>(scene: Scene, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  for (let turn = 0; turn < 1000 && !isOver; turn++) {
    await scene.rest();
    if (!isOver && !scene.clock.advanceToNext()) break;
  }
  return promise;
}

/** How a promise ends, as a word. */
function ending(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "answered",
    (reason) =>
      reason instanceof Error ? `${reason.name} ${"reason" in reason ? String(reason.reason) : ""}`.trim() : "?",
  );
}

async function up(ends: MakeFarEnds): Promise<{ readonly scene: Scene; readonly agent: Agent }> {
  const scene = new Scene(ends, 1);
  for (const module of ["scmi-core", "scmi-module", "transport"] as const) await scene.run({ kind: "load", module });
  await scene.run(SUPPLIER);
  await drive(scene, scene.run(NODE));
  return { scene, agent: agentOf(scene) };
}

function agentOf({ machine }: Scene): Agent {
  const agent = machine.agents.get(pathOf(0));
  if (!agent) throw new RangeError(`expected an agent, got ${JSON.stringify(machine.deferred)}`);
  return agent;
}

/** Nothing is left, and everything can be done again. */
async function expectUsable(scene: Scene): Promise<void> {
  scene.clock.advance(FAR_END_MS); // the far end finishes what nobody waits for any more
  await scene.rest();
  for (const platform of scene.platforms) platform.isManual = false;
  const { devices: _, ...leaks } = scene.machine.leaks;
  expect({ ...leaks, taken: scene.far.taken(), strays: scene.far.strays() }).toEqual({ ...NONE, taken: 0, strays: 0 });
  for (const module of ["transport", "scmi-module"] as const) {
    const name = module === "transport" ? `scmi-transport-${scene.far.kind}` : module;
    if (!scene.machine.modules.includes(name)) await drive(scene, scene.run({ kind: "load", module }));
  }
  const answer = await drive(scene, agentOf(scene).raw(ASK, new Uint8Array()));
  expect([...answer.payload]).toEqual([...words(0, 0)]);
}

const WAYS_OUT: readonly (readonly [string, Step])[] = [
  ["the stack is unloaded", { kind: "unload", module: "scmi-module" }],
  ["the transport is unloaded", { kind: "unload", module: "transport" }],
];

describe.each(Object.entries(WITH_P2A))("over %s", (_, ends) => {
  describe.each(WAYS_OUT)("when %s", (_way, step) => {
    test("a command under way ends, and its late answer meets nobody", async () => {
      const { scene, agent } = await up(ends);
      const [platform] = scene.platforms as [(typeof scene.platforms)[number]];
      platform.isManual = true;
      const call = ending(agent.raw(ASK, new Uint8Array()));
      await scene.rest();
      const command = platform.last;
      await scene.run(step);
      expect(await call).toBe("ChannelError closed");
      platform.reply(words(0, 77), command);
      await scene.rest();
      await expectUsable(scene);
    });

    test("a command that waits for its delayed response ends, and that comes too late", async () => {
      const { scene, agent } = await up(ends);
      const [platform] = scene.platforms as [(typeof scene.platforms)[number]];
      platform.on(WHO_ID, 0x7, () => words(0));
      const call = ending(agent.raw(SLOW_COMMAND, new Uint8Array(), { isAsync: true }));
      await scene.rest();
      const command = platform.last;
      await scene.run(step);
      expect(await call).toBe("ChannelError closed");
      platform.delayed(words(0, 77), command);
      await scene.rest();
      await expectUsable(scene);
    });

    test("notifications go nowhere, and those of before do not block those of after", async () => {
      const { scene } = await up(ends);
      const [platform] = scene.platforms as [(typeof scene.platforms)[number]];
      for (let i = 0; i < 3; i++) platform.notify(WHO_ID, 0x0, words(i));
      await scene.run(step);
      for (let i = 0; i < 3; i++) platform.notify(WHO_ID, 0x0, words(i));
      await scene.rest();
      await expectUsable(scene);
      const heard: string[] = [];
      agentOf(scene).addEventListener("anomaly", ({ kind }) => heard.push(kind));
      platform.notify(WHO_ID, 0x0, words(9));
      await scene.rest();
      expect(heard).toEqual(["unwatched"]);
    });
  });
});

describe.each(Object.entries(SLOW))("over %s that takes its time", (_, ends) => {
  test.each(WAYS_OUT)("a peer that is reset mid-message keeps nothing back when %s", async (_way, step) => {
    const { scene, agent } = await up(ends);
    const call = ending(agent.raw(ASK, new Uint8Array()));
    await scene.rest();
    scene.far.die?.(0);
    await drive(scene, scene.run(step));
    expect(await call).toMatch(/closed|TeeError/);
    scene.far.revive?.(0);
    await expectUsable(scene);
  });

  test.each(WAYS_OUT)("nobody waits for a bring-up that is under way when %s", async (_way, step) => {
    const { scene } = await up(ends);
    await drive(scene, scene.run({ kind: "node", index: 0, arrives: false }));
    const adding = scene.run(NODE);
    await scene.rest();
    const before = scene.clock.now();
    const unloading = scene.run(step);
    await drive(scene, unloading);
    await adding;
    // What the TEE is in the middle of comes back, and what is open there is closed; a whole bring-up takes 65 ms
    expect((scene.clock.now() - before) / 1e6).toBeLessThanOrEqual(15);
    expect(scene.machine.agents.size).toBe(0);
    await expectUsable(scene);
  });
});

describe("a platform that says nothing", () => {
  test("defers its instance with a reason, and a retry brings it up when it is back", async () => {
    const scene = new Scene(mailboxEnds, 1);
    for (const module of ["scmi-core", "scmi-module", "transport"] as const) await scene.run({ kind: "load", module });
    await scene.run(SUPPLIER);
    scene.far.die?.(0);
    await drive(scene, scene.run(NODE));
    expect(scene.machine.deferred).toMatchObject([{ node: pathOf(0), error: { name: "DeadlineError" } }]);
    scene.far.revive?.(0);
    await drive(scene, scene.machine.retry(pathOf(0)));
    expect(scene.machine.deferred).toEqual([]);
    await drive(scene, scene.run({ kind: "unload", module: "scmi-module" }));
    await expectUsable(scene);
  });

  test("does not keep the transport of its instance from going while it is asked", async () => {
    const { scene } = await up(mailboxEnds);
    await drive(scene, scene.run({ kind: "node", index: 0, arrives: false }));
    scene.far.die?.(0);
    const adding = scene.run(NODE);
    await scene.rest();
    await scene.run({ kind: "unload", module: "transport" });
    await adding;
    expect(scene.clock.now()).toBe(0); // no time-out has passed
    scene.far.revive?.(0);
    await expectUsable(scene);
  });
});

describe("a device that is gone before it could be let go", () => {
  test.each([
    ["optee", opteeEndsWith({ latencyMs: 5 })],
    ["virtio", virtioEnds],
  ])("over %s takes its instance with it, and the next one brings it back", async (_, ends) => {
    const { scene, agent } = await up(ends);
    const [platform] = scene.platforms as [(typeof scene.platforms)[number]];
    platform.isManual = true;
    const call = ending(agent.raw(ASK, new Uint8Array()));
    await scene.rest();
    await drive(scene, scene.run({ ...SUPPLIER, arrives: false }));
    expect(await call).toMatch(/closed|TeeError/);
    expect(scene.machine.deferred).toMatchObject([
      { node: pathOf(0), reason: expect.stringMatching(/^waits for (tee|virtio)/) },
    ]);
    platform.isManual = false;
    await drive(scene, scene.run(SUPPLIER));
    await drive(scene, scene.run({ kind: "unload", module: "scmi-module" }));
    await expectUsable(scene);
  });
});
