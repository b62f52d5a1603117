import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Agent } from "../../src/agent/agent.ts";
import { Core } from "../../src/core/core.ts";
import { ChannelError, TeeError, UnsupportedError } from "../../src/errors.ts";
import { ScmiPta, SimulatedOptee } from "../../src/firmware/index.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { SCMI_PTA_CAPS, SCMI_PTA_UUID, TEE_RESULT } from "../../src/tee/index.ts";
import { optee } from "../../src/transport/optee.ts";
import { CHANNEL_ID, FORMS, HANDLE, NO_LEAKS, OpteeMachine } from "./optee-kit.ts";

/** Nothing is open, in flight or due. */
function expectNothingLeft(machine: OpteeMachine): void {
  expect(machine.optee.leaks).toEqual(NO_LEAKS);
  expect(machine.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
  expect(machine.clock.pending).toBe(0);
}

describe.each(FORMS)("messages in %s", (form) => {
  test("are answered before a call returns, awaited and polled, and leave nothing behind", async () => {
    const machine = new OpteeMachine();
    const { agent, clocks } = await machine.openClock(form);
    expect(agent.platform.vendor).toBe(machine.platform.board.vendor);
    await clocks.setRate(2, 300e6);
    expect(await clocks.getRate(2)).toBe(300e6);
    clocks.setRatePolled(2, 200e6);
    expect(clocks.getRatePolled(2)).toBe(200e6);
    expect(machine.platform.clock.rate(2)).toBe(200e6);
    expect(machine.clock.now()).toBe(0);
    await agent.close();
    expectNothingLeft(machine);
  });

  test("take their time where the TEE does, and cannot be polled then", async () => {
    const machine = new OpteeMachine({ latencyMs: 2 });
    const { agent, clocks } = await machine.drive(machine.openClock(form));
    expect(() => clocks.getRatePolled(2)).toThrow(UnsupportedError);
    const before = machine.clock.now();
    const rates = await machine.drive(Promise.all([clocks.getRate(2), clocks.getRate(2)]));
    expect(rates).toEqual([200e6, 200e6]);
    expect(machine.clock.now() - before).toBe(2 * 2e6); // one after the other
    await machine.drive(agent.close());
    expectNothingLeft(machine);
  });

  test("that are too long for OP-TEE's server fail by themselves", async () => {
    const machine = new OpteeMachine();
    const { agent, clocks } = await machine.openClock(form);
    const raw = agent.raw((0x10 << 10) | 2, new Uint8Array(96));
    await expect(raw).rejects.toThrow(form === "msg" ? TeeError : ChannelError);
    await raw.catch((reason) =>
      expect(reason).toMatchObject(form === "msg" ? { result: TEE_RESULT.BAD_PARAMETERS } : { reason: "errorFlag" }),
    );
    expect(await clocks.getRate(2)).toBe(200e6);
    await agent.close();
    expectNothingLeft(machine);
  });

  test("that SCP-firmware's server drops without a word are not taken for their own answers", async () => {
    if (form === "smt") return; // that server does not know the command
    const machine = new OpteeMachine({ server: "scp-firmware" });
    const { agent, clocks } = await machine.openClock(form);
    // Longer than its buffer, and the first word would be SUCCESS
    const raw = agent.raw((0x14 << 10) | 5, new Uint8Array(96));
    const reason = form === "msg" ? "undelivered" : "errorFlag";
    await expect(raw).rejects.toThrow(expect.objectContaining({ name: "ChannelError", reason }));
    expect(await clocks.getRate(2)).toBe(200e6);
    await agent.close();
    expectNothingLeft(machine);
  });

  test("fail at once when the service has panicked, and a new session finds it alive", async () => {
    const machine = new OpteeMachine();
    const { agent, clocks } = await machine.openClock(form);
    machine.optee.panic(SCMI_PTA_UUID);
    const dead = expect.objectContaining({ result: TEE_RESULT.TARGET_DEAD });
    expect(() => clocks.getRatePolled(2)).toThrow(expect.objectContaining({ reason: "closed", cause: dead }));
    await expect(clocks.getRate(2)).rejects.toThrow(expect.objectContaining({ reason: "closed", cause: dead }));
    await agent.close();
    expectNothingLeft(machine);
    const again = await machine.openClock(form);
    expect(await again.clocks.getRate(2)).toBe(200e6);
    await again.agent.close();
    expectNothingLeft(machine);
  });

  test("fail one at a time where single invocations fail", async () => {
    const machine = new OpteeMachine();
    const { agent, clocks } = await machine.openClock(form);
    machine.optee.interfere = ({ operation }) =>
      operation === "invoke" ? { result: TEE_RESULT.BUSY, origin: "trustedApp" } : undefined;
    const busy = expect.objectContaining({ name: "TeeError", result: TEE_RESULT.BUSY, origin: "trustedApp" });
    await expect(clocks.getRate(2)).rejects.toThrow(busy);
    expect(() => clocks.getRatePolled(2)).toThrow(busy);
    expect(machine.core.leaks().tokens).toBe(0);
    machine.optee.interfere = undefined;
    expect(clocks.getRatePolled(2)).toBe(200e6);
    await agent.close();
    expectNothingLeft(machine);
  });

  test("go through one session, and use the handle after the channel's id was told once", async () => {
    const machine = new OpteeMachine();
    const commands: (number | undefined)[] = [];
    machine.optee.interfere = ({ operation, command }) => {
      if (operation === "openSession") commands.push(undefined);
      if (operation === "invoke") commands.push(command);
      return undefined;
    };
    const { agent, clocks } = await machine.openClock(form);
    const process = form === "msg" ? 4 : form === "smt" ? 2 : 1;
    // Capabilities in a session of their own, the channel in the next one; all else by the handle, which is no id
    expect(commands.slice(0, 4)).toEqual([undefined, 0, undefined, 3]);
    expect(new Set(commands.slice(4))).toEqual(new Set([process]));
    expect(HANDLE).not.toBe(CHANNEL_ID);
    expect(await clocks.getRate(2)).toBe(200e6);
    await agent.close();
  });
});

test("the channel error status is looked at", async () => {
  const machine = new OpteeMachine();
  const { agent, clocks } = await machine.openClock("static");
  const area = machine.area();
  machine.optee.interfere = ({ operation, command }) => {
    if (operation === "invoke" && command === 1) area[layout.SMT_STATUS] = layout.SMT_STATUS_ERROR; // the server refuses that
    return undefined;
  };
  await expect(clocks.getRate(2)).rejects.toThrow(expect.objectContaining({ reason: "errorFlag" }));
  machine.optee.interfere = undefined;
  expect(await clocks.getRate(2)).toBe(200e6);
  await agent.close();
  expectNothingLeft(machine);
});

test("an area that does not come back with the invocation is waited for no longer", async () => {
  const machine = new OpteeMachine({ quirks: ["staysBusyAfterRefusal"] });
  const { agent, clocks } = await machine.openClock("static");
  await expect(agent.raw((0x10 << 10) | 2, new Uint8Array(96))).rejects.toThrow(ChannelError);
  // From here on the server says SUCCESS and does nothing
  const busy = expect.objectContaining({ name: "ChannelError", reason: "busy" });
  expect(() => clocks.getRatePolled(2)).toThrow(busy);
  await expect(clocks.getRate(2)).rejects.toThrow(busy);
  expect(machine.clock.now()).toBe(0);
  await agent.close();
  expectNothingLeft(machine);
});

describe("what the service cannot do", () => {
  test.each([
    [SCMI_PTA_CAPS.SMT_HEADER, "msg"],
    [SCMI_PTA_CAPS.MSG_HEADER, "smt"],
    [SCMI_PTA_CAPS.MSG_HEADER, "static"],
  ] as const)(
    "with capabilities %i is messages in %s: refused, and nothing is left behind",
    async (capabilities, form) => {
      const machine = new OpteeMachine({ capabilities });
      await expect(machine.open(form)).rejects.toThrow(UnsupportedError);
      expectNothingLeft(machine);
    },
  );

  test.each([
    [SCMI_PTA_CAPS.SMT_HEADER, 2],
    [SCMI_PTA_CAPS.MSG_HEADER, 4],
    [3, 4],
  ])("with capabilities %i is not asked for where any form will do: command %i", async (capabilities, expected) => {
    const machine = new OpteeMachine({ capabilities });
    const commands = new Set<number | undefined>();
    machine.optee.interfere = ({ command }) => void commands.add(command);
    const options = { tees: [machine.optee], channelId: CHANNEL_ID };
    const agent = await Agent.open(machine.core, optee(options), { clock: machine.clock });
    expect([...commands].at(-1)).toBe(expected);
    await agent.close();
    expectNothingLeft(machine);
  });

  test("is a channel that it does not have", async () => {
    const machine = new OpteeMachine();
    const opening = machine.open("msg", { channelId: 99 });
    await expect(opening).rejects.toThrow(expect.objectContaining({ result: TEE_RESULT.BAD_PARAMETERS }));
    expectNothingLeft(machine);
  });
});

test("protocols have channels of their own, each with session and memory, or share one", async () => {
  const machine = new OpteeMachine();
  const second = machine.optionsFor("smt", 1);
  const protocols = new Map([
    [0x13, second],
    [0x14, second],
  ]);
  const { agent, clocks } = await machine.openClock("msg", { protocols });
  expect(machine.optee.leaks).toEqual({ ...NO_LEAKS, contexts: 1, sessions: 2, sharedMemory: 2 });
  const rates: number[] = [];
  machine.platform.on("rateChanged", ({ agentId }) => rates.push(agentId));
  await clocks.setRate(2, 300e6);
  expect(rates).toEqual([2]); // the second channel is the second agent's
  await agent.close();
  expectNothingLeft(machine);
});

test("several TEEs with the same channel ids do not meet", async () => {
  const [one, two] = [new OpteeMachine(), new OpteeMachine()];
  const core = Core.createSync();
  const tees = [one.optee, two.optee];
  const open = (name: SimulatedOptee) =>
    Agent.open(core, optee({ tees: tees.filter((it) => it === name), channelId: CHANNEL_ID }), { clock: one.clock });
  const [first, second] = [await open(one.optee), await open(two.optee)];
  await (await first.protocol(Clock)).setRate(2, 300e6);
  expect(await (await second.protocol(Clock)).getRate(2)).toBe(200e6);
  expect([one.platform.clock.rate(2), two.platform.clock.rate(2)]).toEqual([300e6, 200e6]);
  await first.close();
  expect(two.optee.leaks.sessions).toBe(1);
  await second.close();
  expect([one.optee.leaks, two.optee.leaks]).toEqual([NO_LEAKS, NO_LEAKS]);
});

test("a thread is kept for each channel's session, where the TEE can keep one", async () => {
  const asked: string[] = [];
  const platform = { connectMessages: () => ({ receive() {}, close() {} }) };
  const pta = new ScmiPta({ channels: [{ id: 0, platform, agentId: 1 }] });
  for (const options of [{}, { hasSystemSessions: false }, { threads: 1 }]) {
    const tee = new SimulatedOptee({ apps: [pta], ...options });
    tee.interfere = ({ operation }) => void asked.push(operation);
    const opening = Agent.open(Core.createSync(), optee({ tees: [tee], channelId: 0 }));
    await expect(opening).rejects.toThrow(expect.objectContaining({ result: TEE_RESULT.COMMUNICATION }));
    expect(tee.leaks).toEqual(NO_LEAKS);
  }
  expect(asked.filter((it) => it === "systemSession").length).toBe(2);
});

describe("limits", () => {
  test("of commands in flight hold over all channels", async () => {
    for (const [maxMessages, calls] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const machine = new OpteeMachine({ latencyMs: 2 });
      const protocols = new Map([[0x14, machine.optionsFor("msg", 1)]]);
      const { agent, clocks } = await machine.drive(machine.openClock("msg", { maxMessages, protocols }));
      const before = machine.clock.now();
      await machine.drive(Promise.all([agent.raw(0x10 << 10, new Uint8Array()), clocks.getRate(2)]));
      expect(machine.clock.now() - before).toBe(calls * 2e6);
      await machine.drive(agent.close());
      expectNothingLeft(machine);
    }
  });

  test("of latencies are told to whoever cannot wait", async () => {
    const machine = new OpteeMachine();
    const thresholds: (number | undefined)[] = [];
    for (const options of [{}, { atomicThresholdUs: 30 }]) {
      const { kind, open } = optee({ ...machine.optionsFor("msg"), ...options });
      const watched = {
        kind,
        async open(...args: Parameters<typeof open>) {
          const link = await open(...args);
          thresholds.push(link.a2p.traits.atomicThresholdUs);
          return link;
        },
      };
      await (await Agent.open(machine.core, watched, { clock: machine.clock })).close();
    }
    expect(thresholds).toEqual([0, 30]);
  });

  test.each([
    { timeoutMs: 0 },
    { maxMessages: 0 },
    { maxMessages: 1025 },
    { maxPayload: 7 },
    { maxPayload: 8.5 },
    { atomicThresholdUs: -1 },
  ])("that are none are refused: %j", (limits) => {
    const [name] = Object.keys(limits);
    expect(() => optee({ tees: [], channelId: 0, ...limits })).toThrow(RangeError);
    expect(() => optee({ tees: [], channelId: 0, ...limits })).toThrow(`"${name}" expected`);
  });
});

test("commands wait for a TEE that does not come back, but not without end", async () => {
  const machine = new OpteeMachine({ latencyMs: 1000 });
  const maxMessages = 3;
  const { agent, clocks } = await machine.drive(machine.openClock("msg", { timeoutMs: 1500, maxMessages }));
  const outcomes: string[] = [];
  for (let i = 0; i < maxMessages + 2; i++) {
    const controller = new AbortController();
    const call = clocks.getRate(2, { signal: controller.signal });
    const noted = call.then(
      () => outcomes.push("answered"),
      (reason) => outcomes.push(reason instanceof ChannelError ? reason.reason : "gave up"),
    );
    controller.abort(new RangeError("enough"));
    await noted;
  }
  expect(outcomes).toEqual(["gave up", "gave up", "gave up", "gave up", "busy"]);
  await machine.drive(agent.close());
  expectNothingLeft(machine);
});

test("the area of a channel that closes is free for the next agent, wherever its command was", async () => {
  for (const [atMs, how] of [
    [0, "closed"],
    [1, "closed"],
    [1, "refused"],
    [1, "panicked"],
  ] as const) {
    const machine = new OpteeMachine({ latencyMs: 2 });
    const { agent, clocks } = await machine.drive(machine.openClock("static"));
    machine.optee.interfere = ({ operation }) =>
      how === "refused" && operation === "invoke" ? { result: TEE_RESULT.BUSY } : undefined;
    const lost = clocks.getRate(2).catch((reason: unknown) => reason);
    if (atMs > 0 && how !== "refused") machine.clock.advance(atMs);
    if (how === "panicked") machine.optee.panic(SCMI_PTA_UUID);
    await machine.drive(agent.close());
    expect(await lost).toMatchObject({ name: "ChannelError", reason: "closed" });
    machine.optee.interfere = undefined;
    const next = await machine.drive(machine.openClock("static"));
    expect(await machine.drive(next.clocks.getRate(2))).toBe(200e6);
    await machine.drive(next.agent.close());
    expectNothingLeft(machine);
  }
});
