import { describe, expect, test } from "vitest";
import { SimulatedOptee, type TrustedApp } from "../../src/firmware/index.ts";
import {
  SCMI_PTA_UUID,
  TEE_IMPLEMENTATION,
  TEE_LOGIN,
  TEE_RESULT,
  type Tee,
  TeeBus,
  TeeContext,
  type TeeSharedMemory,
  teeMemref,
  teeValue,
} from "../../src/tee/index.ts";

const ECHO_UUID = "11111111-2222-3333-4444-555555555555";
const isOptee = ({ implementation }: { readonly implementation: number }) =>
  implementation === TEE_IMPLEMENTATION.OPTEE;
const NOTHING = { contexts: 0, sessions: 0, sharedMemory: 0, strays: 0, abandoned: 0 };

/** Adds one to values, turns bytes around; command 9 panics where it is asked to, command 8 fails after it has written. */
const echo: TrustedApp = {
  uuid: ECHO_UUID,
  isEnumerated: true,
  openSession: (login) => (login === TEE_LOGIN.USER ? TEE_RESULT.ACCESS_DENIED : TEE_RESULT.SUCCESS),
  start(command, types, params, done) {
    for (const param of params) {
      param.a = (param.a + 1) >>> 0;
      param.buffer?.reverse();
      if (param.buffer) param.size = param.buffer.byteLength >> 1;
    }
    const [first] = params;
    if (command === 7 && first) first.a = types;
    done(command === 8 ? TEE_RESULT.BAD_STATE : TEE_RESULT.SUCCESS);
    return () => {};
  },
};

function tee(options: Partial<ConstructorParameters<typeof SimulatedOptee>[0]> = {}): SimulatedOptee {
  return new SimulatedOptee({ apps: [echo], ...options });
}

const refusal = (name: keyof typeof TEE_RESULT, origin: string) =>
  expect.objectContaining({ name: "TeeError", result: TEE_RESULT[name], origin });

describe("a context", () => {
  test("is one of the first TEE that matches and opens", async () => {
    const other: Tee = { ...other0(), version: { implementation: 2, implementationCapabilities: 0, capabilities: 0 } };
    const broken = tee({ name: "broken" });
    broken.interfere = () => ({ result: TEE_RESULT.BUSY });
    const good = tee({ name: "good" });
    const context = await TeeContext.open([other, broken, good], isOptee);
    expect(context.tee).toBe(good);
    expect(good.leaks).toEqual({ ...NOTHING, contexts: 1 });
    await context.close();
    await context.close();
    expect(good.leaks).toEqual(NOTHING);
  });

  test("is refused where no TEE matches, with the last refusal as the cause, and at once when memory is out", async () => {
    await expect(TeeContext.open([], isOptee)).rejects.toThrow(refusal("ITEM_NOT_FOUND", "api"));
    const broken = tee();
    broken.interfere = () => ({ result: TEE_RESULT.BUSY });
    await expect(TeeContext.open([broken], isOptee)).rejects.toThrow(
      expect.objectContaining({ result: TEE_RESULT.ITEM_NOT_FOUND, cause: refusal("BUSY", "tee") }),
    );
    broken.interfere = () => ({ result: TEE_RESULT.OUT_OF_MEMORY });
    await expect(TeeContext.open([broken, tee()], isOptee)).rejects.toThrow(refusal("OUT_OF_MEMORY", "tee"));
  });

  test("keeps its connection while shared memory lives, and closes what is left then", async () => {
    const optee = tee();
    const context = await TeeContext.open([optee], isOptee);
    const session = await context.openSession(ECHO_UUID);
    const [one, two] = [await context.allocate(8), await context.allocate(5000)];
    await context.close();
    expect(optee.leaks).toEqual({ contexts: 1, sessions: 1, sharedMemory: 2, strays: 0, abandoned: 0 });
    const value = teeValue("inout", 41);
    await session.invoke(1, [value]);
    expect(value.a).toBe(42);
    await one.release();
    await one.release();
    expect(optee.leaks).toEqual({ contexts: 1, sessions: 1, sharedMemory: 1, strays: 0, abandoned: 0 });
    await two.release();
    expect(optee.leaks).toEqual(NOTHING);
    await expect(session.invoke(1)).rejects.toThrow(refusal("BAD_STATE", "api"));
    await expect(context.openSession(ECHO_UUID)).rejects.toThrow(refusal("BAD_STATE", "api"));
    await expect(context.allocate(1)).rejects.toThrow(refusal("BAD_STATE", "api"));
  });

  test("that failed to get memory is not kept by it", async () => {
    const optee = tee({ memoryBytes: 4096 });
    const context = await TeeContext.open([optee], isOptee);
    await expect(context.allocate(4097)).rejects.toThrow(refusal("OUT_OF_MEMORY", "api"));
    await context.close();
    expect(optee.leaks).toEqual(NOTHING);
  });
});

describe("shared memory", () => {
  test("is zeroed whole pages, or the caller's own bytes", async () => {
    const context = await TeeContext.open([tee()], isOptee);
    const memory = await context.allocate(104);
    expect(memory.byteLength).toBe(4096);
    expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
    const mine = Uint8Array.of(1, 2, 3);
    const registered = await context.register(mine);
    expect(registered.bytes).toBe(mine);
    await expect(context.allocate(0)).rejects.toThrow(refusal("BAD_PARAMETERS", "api"));
    await expect(context.register(new Uint8Array())).rejects.toThrow(refusal("BAD_PARAMETERS", "api"));
    await registered.release();
    expect(() => registered.bytes).toThrow(refusal("BAD_STATE", "api"));
  });
});

describe("a session", () => {
  test("has ids from 1 on, never one twice in a row", async () => {
    const context = await TeeContext.open([tee()], isOptee);
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) {
      const session = await context.openSession(ECHO_UUID);
      ids.push(session.id);
      await session.close();
    }
    expect(ids).toEqual([1, 2, 3]);
  });

  test("is refused by who refuses it", async () => {
    const optee = tee({ maxSessions: 1 });
    const context = await TeeContext.open([optee], isOptee);
    await expect(context.openSession(SCMI_PTA_UUID)).rejects.toThrow(refusal("ITEM_NOT_FOUND", "tee"));
    await expect(context.openSession(ECHO_UUID, { login: 3 })).rejects.toThrow(refusal("BAD_PARAMETERS", "tee"));
    await expect(context.openSession(ECHO_UUID, { login: TEE_LOGIN.USER })).rejects.toThrow(
      refusal("ACCESS_DENIED", "trustedApp"),
    );
    await expect(context.openSession("no uuid")).rejects.toThrow(TypeError);
    await context.openSession(ECHO_UUID.toUpperCase());
    await expect(context.openSession(ECHO_UUID)).rejects.toThrow(refusal("OVERFLOW", "tee"));
  });

  test("of user space may not log in as the kernel", async () => {
    const context = await TeeContext.open([tee()], isOptee, { isUserSpace: true });
    for (const login of [0x8000_0000, 0xbfff_ffff]) {
      await expect(context.openSession(ECHO_UUID, { login })).rejects.toThrow(refusal("ACCESS_DENIED", "api"));
    }
    await context.openSession(ECHO_UUID, { login: TEE_LOGIN.PUBLIC });
  });

  test("carries up to four typed parameters, in, out and both ways, also when the command fails", async () => {
    const context = await TeeContext.open([tee()], isOptee);
    const session = await context.openSession(ECHO_UUID);
    const memory = await context.allocate(16);
    memory.bytes.set([1, 2, 3, 4]);
    const value = teeValue("inout", 7, 8);
    const out = teeValue("out", 99, 98);
    const bytes = teeMemref("inout", memory, { byteLength: 4 });
    const constant = teeValue("in", 5);
    await expect(session.invoke(8, [value, out, bytes, constant])).rejects.toThrow(refusal("BAD_STATE", "trustedApp"));
    expect([value.a, value.b, out.a, out.b, bytes.byteLength, constant.a]).toEqual([8, 8, 1, 0, 2, 5]);
    expect([...memory.bytes.subarray(0, 5)]).toEqual([4, 3, 2, 1, 0]);
    const types = teeValue("inout");
    session.invokeSync(7, [types, teeMemref("out", memory)]);
    expect(types.a).toBe(0x63);
  });

  test("refuses memory that it does not know, and what lies outside of it", async () => {
    const optee = tee();
    const context = await TeeContext.open([optee], isOptee);
    const stranger = await TeeContext.open([optee], isOptee);
    const session = await context.openSession(ECHO_UUID);
    const memory = await context.allocate(16);
    const foreign: TeeSharedMemory = await stranger.allocate(16);
    const invoke = (...params: Parameters<typeof session.invoke>[1] & object) => session.invoke(1, params);
    await expect(invoke(teeMemref("in", foreign))).rejects.toThrow(refusal("BAD_PARAMETERS", "tee"));
    for (const part of [{ byteLength: 4097 }, { offset: 4096, byteLength: 1 }, { offset: -1, byteLength: 4 }]) {
      await expect(invoke(teeMemref("in", memory, part))).rejects.toThrow(refusal("SECURITY", "tee"));
    }
    await invoke(teeMemref("in", memory, { offset: 4096, byteLength: 0 }), teeMemref("in", undefined));
    const value = teeValue("in");
    await expect(invoke(value, value, value, value, value)).rejects.toThrow(refusal("BAD_PARAMETERS", "tee"));
    await expect(invoke(...Array.from({ length: 7 }, () => value))).rejects.toThrow(refusal("BAD_PARAMETERS", "api"));
  });

  test("is closed once, and is gone also when the TEE complains", async () => {
    const optee = tee();
    const context = await TeeContext.open([optee], isOptee);
    const session = await context.openSession(ECHO_UUID);
    optee.interfere = ({ operation }) => (operation === "closeSession" ? { result: TEE_RESULT.BUSY } : undefined);
    await expect(session.close()).rejects.toThrow(refusal("BUSY", "tee"));
    await expect(session.close()).rejects.toThrow(refusal("BUSY", "tee"));
    expect(optee.leaks).toEqual({ ...NOTHING, contexts: 1 });
    await expect(session.invoke(1)).rejects.toThrow(refusal("BAD_STATE", "api"));
  });

  test("of a panicked application is dead until the last one is closed", async () => {
    const optee = tee();
    const context = await TeeContext.open([optee], isOptee);
    const session = await context.openSession(ECHO_UUID);
    optee.panic(ECHO_UUID);
    await expect(session.invoke(1)).rejects.toThrow(refusal("TARGET_DEAD", "tee"));
    await expect(context.openSession(ECHO_UUID)).rejects.toThrow(refusal("TARGET_DEAD", "tee"));
    await session.close();
    await (await context.openSession(ECHO_UUID)).invoke(1);
  });
});

test("a bus tells of services that come and go, those that are there already first", async () => {
  const bus = new TeeBus();
  const [one, two] = [tee({ name: "one" }), tee({ name: "two" })];
  one.enumerate(bus);
  const log: string[] = [];
  const context = await TeeContext.open(bus.tees, isOptee);
  const stop = bus.watch({
    added: ({ name, tee: from }) => log.push(`+${from.name} ${name}`),
    removed: ({ tee: from }) => log.push(`-${from.name} ${one.leaks.contexts}`),
  });
  two.enumerate(bus);
  one.remove();
  expect(bus.devices.map(({ tee: from }) => from)).toEqual([two]);
  stop();
  two.remove();
  // Told while the service still answers, so that its users can let go
  expect(log).toEqual([`+one optee-ta-${ECHO_UUID}`, `+two optee-ta-${ECHO_UUID}`, "-one 1"]);
  await expect(context.openSession(ECHO_UUID)).rejects.toThrow(refusal("TARGET_DEAD", "comms"));
  await context.close();
  expect(one.leaks).toEqual(NOTHING);
});

function other0(): Tee {
  return {
    name: "other",
    version: { implementation: 2, implementationCapabilities: 0, capabilities: 0 },
    isSync: true,
    open: () => Promise.reject(new TypeError("expected not to be opened")),
  };
}
