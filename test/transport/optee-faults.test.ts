import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { ChannelError, TeeError } from "../../src/errors.ts";
import type { OpteeCall } from "../../src/firmware/index.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { SCMI_PTA, TEE_RESULT } from "../../src/tee/index.ts";
import { optee } from "../../src/transport/optee.ts";
import { type Bug, withBug } from "./optee-bugs.ts";
import { CHANNEL_ID, FORMS, type FormName, NO_LEAKS, OpteeMachine } from "./optee-kit.ts";

const NOTHING_TAKEN = { xfers: 0, tokens: 0, claims: 0 };
const RESULTS = ["OUT_OF_MEMORY", "BUSY", "COMMUNICATION", "TARGET_DEAD"] as const;
/** What may fail without anybody being told: the kernel only warns, too. */
const OPTIONAL = "systemSession";

/** Two channels, one of them the clock protocol's own. */
function options(machine: OpteeMachine, form: FormName, bug?: Bug) {
  const { tees, ...own } = machine.optionsFor(form);
  const second = machine.optionsFor(form, 1);
  return {
    ...own,
    maxPayload: 100,
    tees: [...tees].map((tee) => withBug(tee, bug)),
    protocols: new Map([[0x14, second]]),
  };
}

/** Set-up, exchanges and tear-down; what was odd without failing. */
async function live(machine: OpteeMachine, form: FormName, bug?: Bug): Promise<string[]> {
  const odd: string[] = [];
  const agent = await Agent.open(machine.core, optee(options(machine, form, bug)), {
    clock: machine.clock,
    onAnomaly: ({ kind }) => odd.push(kind),
  });
  try {
    const clocks = await agent.protocol(Clock);
    await clocks.setRate(2, 300e6);
    if (clocks.getRatePolled(2) !== 300e6) throw new RangeError("expected the rate that was set");
  } finally {
    await agent.close();
  }
  return odd;
}

function expectNothingLeft(machine: OpteeMachine): void {
  expect(machine.optee.leaks).toEqual(NO_LEAKS);
  expect(machine.core.leaks()).toEqual(NOTHING_TAKEN);
  expect(machine.clock.pending).toBe(0);
}

/** The calls of one life, in order. */
async function callsOf(form: FormName): Promise<readonly OpteeCall[]> {
  const machine = new OpteeMachine();
  const calls: OpteeCall[] = [];
  machine.optee.interfere = (call) => {
    calls.push(call);
    return undefined;
  };
  await live(machine, form);
  return calls;
}

describe.each(FORMS)("every call of a life with messages in %s fails once", (form) => {
  test.each(RESULTS)("with %s: a clear error, nothing left behind, and the next attempt works", async (name) => {
    const calls = await callsOf(form);
    const kinds = new Set(calls.map(({ operation }) => operation));
    expect(kinds).toEqual(
      new Set([
        ...["openContext", "openSession", "systemSession", "invoke", "closeSession", "closeContext"],
        ...(form === "msg" || form === "smt" ? ["allocate", "release"] : []),
      ]),
    );
    for (const [failing, { operation }] of calls.entries()) {
      const machine = new OpteeMachine();
      let count = 0;
      machine.optee.interfere = () => (count++ === failing ? { result: TEE_RESULT[name] } : undefined);
      const outcome = await live(machine, form).catch((reason: unknown) => reason);
      const where = `call ${failing}, ${operation}`;
      expect(count, where).toBeGreaterThan(failing);
      if (Array.isArray(outcome)) {
        // An answer of the discovery that did not come is reported
        expect(operation === OPTIONAL || outcome.includes("discovery"), where).toBe(true);
      } else {
        expect(isClear(outcome, TEE_RESULT[name]), `${where}: ${outcome}`).toBe(true);
      }
      expectNothingLeft(machine);
      machine.optee.interfere = undefined;
      expect(await live(machine, form), where).toEqual([]);
      expectNothingLeft(machine);
    }
  });
});

/** The TEE's own result, or a closed channel because of it. */
function isClear(reason: unknown, result: number): boolean {
  if (reason instanceof TeeError && reason.result === TEE_RESULT.ITEM_NOT_FOUND) return isClear(reason.cause, result);
  if (reason instanceof TeeError) return reason.result === result;
  return reason instanceof ChannelError && reason.reason === "closed" && isClear(reason.cause, result);
}

/** What a bug leaves behind, or `undefined`. */
async function traceOf(
  bug: Bug | undefined,
  fails: (call: OpteeCall, index: number) => boolean = () => false,
): Promise<unknown> {
  const machine = new OpteeMachine();
  let index = 0;
  machine.optee.interfere = (call) => (fails(call, index++) ? { result: TEE_RESULT.OUT_OF_MEMORY } : undefined);
  await live(machine, "msg", bug).catch((reason: unknown) => expect(reason).toBeInstanceOf(TeeError));
  const left = machine.optee.leaks;
  return Object.values(left).some((count) => count > 0) ? left : undefined;
}

describe("a bug of Linux's first drafts", () => {
  /** Sessions are opened for the capabilities, the first channel and the second one, in this order. */
  const secondSession = () => {
    let sessions = 0;
    return ({ operation }: OpteeCall) => operation === "openSession" && ++sessions === 3;
  };
  const secondChannel = () => {
    let channels = 0;
    return ({ command }: OpteeCall) => command === SCMI_PTA.GET_CHANNEL_HANDLE.id && ++channels === 2;
  };

  test("shared memory leaked when a session cannot be opened", async () => {
    expect(await traceOf(undefined, secondSession())).toBeUndefined();
    expect(await traceOf("shared memory is not released", secondSession())).toMatchObject({ abandoned: 1 });
  });

  test("shared memory leaked when the channel is refused", async () => {
    expect(await traceOf(undefined, secondChannel())).toBeUndefined();
    expect(await traceOf("shared memory is not released", secondChannel())).toMatchObject({ abandoned: 1 });
  });

  test("shared memory leaked on free", async () => {
    expect(await traceOf("shared memory is not released")).toMatchObject({ abandoned: 2 });
  });

  test("session not closed on free", async () => {
    expect(await traceOf(undefined)).toBeUndefined();
    // The short one for the capabilities, and one for each channel
    expect(await traceOf("the session is not closed")).toMatchObject({ abandoned: 3 });
  });

  test("channel freed once for each protocol that shares it", async () => {
    const machine = new OpteeMachine();
    const shared = { channelId: CHANNEL_ID };
    const protocols = new Map([0x10, 0x13, 0x14].map((id) => [id, shared]));
    const agent = await machine.open("msg", { protocols });
    // One context, one session, one memory for all of them
    expect(machine.optee.leaks).toEqual({ ...NO_LEAKS, contexts: 1, sessions: 1, sharedMemory: 1 });
    await agent.protocol(Clock);
    await agent.close();
    expectNothingLeft(machine);
    expect(await traceOf("a shared channel is freed for each protocol")).toMatchObject({ strays: 1 });
  });
});
