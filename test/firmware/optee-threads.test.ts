import { expect, test } from "vitest";
import { SimulatedOptee, type TrustedApp } from "../../src/firmware/index.ts";
import { SCMI_PTA_UUID, TEE_RESULT, TeeContext, type TeeSession } from "../../src/tee/index.ts";

const UUID = "11111111-2222-3333-4444-555555555555";

/** An application whose commands end when the test says so. */
class Patient implements TrustedApp {
  readonly uuid = UUID;
  readonly isEnumerated = false;
  /** Commands inside, by number. */
  readonly inside = new Map<number, (result: number) => void>();

  openSession(): number {
    return TEE_RESULT.SUCCESS;
  }

  start(command: number, _types: number, _params: unknown, done: (result: number) => void): () => void {
    this.inside.set(command, done);
    return () => this.end(command, TEE_RESULT.CANCEL);
  }

  end(command: number, result: number = TEE_RESULT.SUCCESS): void {
    const done = this.inside.get(command);
    this.inside.delete(command);
    done?.(result);
  }
}

async function rig(threads: number, sessions: number) {
  const app = new Patient();
  const optee = new SimulatedOptee({ apps: [app], threads, isSync: false });
  const context = await TeeContext.open([optee], () => true);
  const opened: TeeSession[] = [];
  for (let i = 0; i < sessions; i++) opened.push(await context.openSession(UUID));
  const ended: string[] = [];
  const invoke = (session: number, command: number) => {
    const call = opened[session]?.invoke(command) ?? Promise.reject(new RangeError("no such session"));
    call.then(
      () => ended.push(`${command}`),
      (reason: { result: number }) => ended.push(`${command} ${reason.result.toString(16)}`),
    );
  };
  const inside = async () => {
    await settle();
    return [...app.inside.keys()];
  };
  return { app, optee, context, sessions: opened, ended, invoke, inside };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

test("as many calls are inside as there are threads; the others sleep and come in order, without an error", async () => {
  const { app, invoke, inside, ended, optee } = await rig(2, 4);
  for (const i of [0, 1, 2, 3]) invoke(i, i);
  expect(await inside()).toEqual([0, 1]);
  expect(optee.busyThreads).toBe(2);
  app.end(1);
  expect(await inside()).toEqual([0, 2]);
  app.end(0);
  expect(await inside()).toEqual([2, 3]);
  app.end(3);
  app.end(2);
  await settle();
  expect(ended).toEqual(["1", "0", "3", "2"]);
  expect(optee.busyThreads).toBe(0);
});

test("a session has one command inside at a time", async () => {
  const { app, invoke, inside, ended } = await rig(3, 2);
  invoke(0, 1);
  invoke(0, 2);
  invoke(1, 3);
  expect(await inside()).toEqual([1, 3]);
  app.end(1);
  expect(await inside()).toEqual([3, 2]);
  app.end(2);
  app.end(3);
  await settle();
  expect(ended).toEqual(["1", "2", "3"]);
});

test("one thread is kept for system sessions, for as long as there is one", async () => {
  const { app, invoke, inside, sessions } = await rig(2, 3);
  await sessions[0]?.makeSystem();
  await sessions[0]?.makeSystem();
  invoke(1, 1);
  invoke(2, 2);
  expect(await inside()).toEqual([1]);
  invoke(0, 3);
  expect(await inside()).toEqual([1, 3]);
  app.end(3);
  expect(await inside()).toEqual([1]);
  await sessions[0]?.close();
  expect(await inside()).toEqual([1, 2]);
});

test("no thread can be kept where there is one only, or the driver cannot", async () => {
  for (const options of [{ threads: 1 }, { hasSystemSessions: false }]) {
    const optee = new SimulatedOptee({ apps: [new Patient()], ...options });
    const session = await (await TeeContext.open([optee], () => true)).openSession(UUID);
    await expect(session.makeSystem()).rejects.toMatchObject({ result: TEE_RESULT.NOT_SUPPORTED, origin: "api" });
  }
});

test("a command that is given up ends with CANCEL, and its session can be closed", async () => {
  const { invoke, inside, ended, sessions, optee, context } = await rig(2, 1);
  invoke(0, 1);
  expect(await inside()).toEqual([1]);
  sessions[0]?.cancel();
  const closing = sessions[0]?.close();
  await settle();
  expect(ended).toEqual(["1 ffff0002"]);
  await closing;
  sessions[0]?.cancel();
  await context.close();
  expect(optee.leaks).toEqual({ contexts: 0, sessions: 0, sharedMemory: 0, strays: 0, abandoned: 0 });
});

test("closing waits for the command inside", async () => {
  const { app, invoke, inside, ended, sessions } = await rig(2, 1);
  invoke(0, 1);
  await inside();
  let isClosed = false;
  void sessions[0]?.close().then(() => {
    isClosed = true;
  });
  await settle();
  expect(isClosed).toBe(false);
  app.end(1);
  await settle();
  expect([isClosed, ended]).toEqual([true, ["1"]]);
});

test("commands inside end with TARGET_DEAD when their application panics, or the TEE goes", async () => {
  for (const strike of [(optee: SimulatedOptee) => optee.panic(UUID), (optee: SimulatedOptee) => optee.remove()]) {
    const { invoke, inside, ended, optee } = await rig(2, 1);
    invoke(0, 1);
    await inside();
    strike(optee);
    await settle();
    expect(ended).toEqual(["1 ffff3024"]);
  }
});

test("a synchronous TEE refuses what would have to wait for what is further up the stack", async () => {
  let nested: unknown;
  const app: TrustedApp = {
    uuid: UUID,
    isEnumerated: false,
    openSession: () => TEE_RESULT.SUCCESS,
    start(command, _types, _params, done) {
      try {
        if (command === 1) session.invokeSync(2);
      } catch (reason) {
        nested = reason;
      }
      done(TEE_RESULT.SUCCESS);
      return () => {};
    },
  };
  const optee = new SimulatedOptee({ apps: [app] });
  const session = await (await TeeContext.open([optee], () => true)).openSession(UUID);
  session.invokeSync(1);
  expect(nested).toMatchObject({ result: TEE_RESULT.BUSY, origin: "tee" });
  session.invokeSync(2);
  expect(() => optee.panic(SCMI_PTA_UUID)).toThrow(RangeError);
});
