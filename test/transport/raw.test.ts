import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { join, ScriptedPlatform, words } from "../../src/compliance/script.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { codeOf } from "../../src/transport/raw/files.ts";
import { nodeFiles } from "../../src/transport/raw/node-files.node.ts";
import { type RawOptions, raw } from "../../src/transport/raw.node.ts";
import { RawKernel, type RawKernelOptions } from "../compliance/raw-kernel.ts";

const ECHO = (0x80 << 10) | 0x1;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function drive<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  for (let i = 0; i < 1000 && !isOver; i++) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    if (!isOver && !clock.advanceToNext()) break;
  }
  return promise;
}

async function open(kernelOptions: RawKernelOptions = {}, options: Partial<RawOptions> = {}) {
  const core = Core.createSync();
  const clock = new SimulatedClock();
  const platform = new ScriptedPlatform();
  platform.on(0x80, 0x1, ({ payload }) => join(words(0), payload));
  const kernel = new RawKernel({ core, clock, platform }, kernelOptions);
  const anomalies: AnomalyEvent[] = [];
  const openAgent = () => {
    const transport = raw({ instance: 0, clock, files: kernel, ...options });
    return drive(clock, Agent.open(core, transport, { clock, onAnomaly: (event) => anomalies.push(event) }));
  };
  closers.push(() => kernel.close());
  return { core, clock, platform, kernel, anomalies, openAgent };
}

async function opened(kernelOptions: RawKernelOptions = {}, options: Partial<RawOptions> = {}) {
  const world = await open(kernelOptions, options);
  const agent = await world.openAgent();
  closers.push(() => agent.close());
  world.kernel.written.length = 0;
  return { ...world, agent };
}

describe("commands", () => {
  test("are written to the file that says what the kernel waits for", async () => {
    const { agent, clock, kernel, platform } = await opened();
    await drive(clock, agent.raw(ECHO, words(1)));
    platform.isManual = true;
    const delayed = agent.raw(ECHO, words(2), { isAsync: true });
    platform.reply(words(0));
    platform.delayed(words(0, 7));
    expect(new DataView((await drive(clock, delayed)).payload.buffer).getUint32(4, true)).toBe(7);
    expect(kernel.written).toEqual(["message", "message_async"]);
  });

  test("are written to the polling files when the kernel is to poll", async () => {
    const { agent, clock, kernel } = await opened({}, { isPolled: true });
    await drive(clock, agent.raw(ECHO, words(1)));
    expect(kernel.written).toEqual(["message_poll"]);
  });

  test("are answered from inside of the call when the firmware is quick: no timer passes", async () => {
    const { agent, clock } = await opened();
    const before = clock.now();
    await agent.raw(ECHO, words(1));
    expect(clock.now()).toBe(before);
  });

  test("wait while the kernel has no room, and are sent in order when it has", async () => {
    const { agent, clock, kernel, platform } = await opened();
    kernel.writeFault = "ENOMEM";
    const calls = [1, 2, 3].map((i) => agent.raw(ECHO, words(i)));
    platform.received.length = 0;
    clock.advance(5);
    expect(platform.received).toHaveLength(0);
    kernel.writeFault = undefined;
    await drive(clock, Promise.all(calls));
    expect(platform.received.map(({ payload }) => payload[0])).toEqual([1, 2, 3]);
  });

  test.each([
    ["ENOSPC", "payloadTooLong"],
    ["EBUSY", "busy"],
    ["EINVAL", "undelivered"],
    ["EIO", "undelivered"],
  ])("that the kernel refuses with %s fail as %s, and the next one goes through", async (code, reason) => {
    const { agent, clock, kernel } = await opened();
    kernel.writeFault = code;
    await expect(agent.raw(ECHO, words(1))).rejects.toMatchObject({ name: "ChannelError", reason });
    kernel.writeFault = undefined;
    await expect(drive(clock, agent.raw(ECHO, words(1)))).resolves.toBeDefined();
  });

  test("are no more at once than the kernel takes", async () => {
    const { agent, platform, clock } = await opened({ maxMessages: 2 });
    platform.isManual = true;
    platform.received.length = 0;
    const calls = [1, 2, 3].map((i) => agent.raw(ECHO, words(i)));
    expect(platform.received).toHaveLength(2);
    for (let i = 0; i < 3; i++) {
      platform.reply(words(0), platform.received[i]);
      clock.advance(2);
    }
    await drive(clock, Promise.all(calls));
  });
});

describe("what the kernel cannot assign", () => {
  test("is read from the error queue: an answer after the kernel gave up still finds its caller", async () => {
    const { agent, clock, platform } = await opened({ timeoutMs: 30 });
    platform.isManual = true;
    const call = agent.raw(ECHO, words(1));
    clock.advance(35);
    platform.reply(words(0, 5));
    clock.advance(10);
    expect((await call).payload.byteLength).toBe(8);
  });

  test("counts as late when nobody waits any more", async () => {
    const { agent, clock, platform, anomalies } = await opened({ timeoutMs: 30 });
    platform.isManual = true;
    await expect(drive(clock, agent.raw(ECHO, words(1)))).rejects.toMatchObject({
      name: "DeadlineError",
      timeoutMs: 50,
    });
    platform.reply(words(0, 5));
    clock.advance(30);
    expect(anomalies.map(({ kind }) => kind)).toEqual(["late"]);
  });
});

describe("the queues", () => {
  test("are flushed when an agent opens: what others left unread is not for it", async () => {
    const { kernel, openAgent, anomalies } = await open();
    kernel.queues.message.push(join(words(0x44000), words(0)));
    kernel.queues.notification.push(join(words(0x300), words(0)));
    const agent = await openAgent();
    expect(anomalies).toEqual([]);
    await agent.close();
  });

  test("are looked at seldom when nothing happens, and often when something does", async () => {
    const { agent, clock, platform, anomalies } = await opened();
    clock.advance(1000);
    platform.notify(0x80, 0x9, words(0));
    clock.advance(20);
    expect(anomalies).toHaveLength(1);
    platform.notify(0x80, 0x9, words(0));
    clock.advance(1);
    expect(anomalies).toHaveLength(2);
    expect(clock.pending).toBe(1);
    await agent.close();
    expect(clock.pending).toBe(0);
  });

  test("that fail end the agent, with the cause", async () => {
    const { agent, clock, kernel } = await opened();
    kernel.readFault = "ENODEV";
    clock.advance(20);
    await expect(agent.raw(ECHO, words(1))).rejects.toMatchObject({ name: "ChannelError", reason: "closed" });
    await agent.close();
    expect(kernel.descriptors).toBe(0);
  });
});

describe("what is missing is said", () => {
  const folders: string[] = [];
  const root = (...files: readonly string[]) => {
    const folder = mkdtempSync(joinPath(tmpdir(), "scmi-raw-"));
    folders.push(folder);
    for (const file of files) {
      mkdirSync(joinPath(folder, file, ".."), { recursive: true });
      if (file.endsWith("/")) mkdirSync(joinPath(folder, file), { recursive: true });
      else writeFileSync(joinPath(folder, file), file.endsWith("instance_name") ? "/firmware/scmi\n" : "");
    }
    return folder;
  };
  const failure = async (options: RawOptions) => {
    const opening = Agent.open(Core.createSync(), raw(options), { clock: new SimulatedClock() });
    return opening.then(
      () => "opened",
      (reason: unknown) => (reason instanceof Error ? `${reason.name}: ${reason.message}` : ""),
    );
  };
  afterAll(() => {
    for (const it of folders) rmSync(it, { recursive: true });
  });

  test("no debugfs", async () => {
    expect(await failure({ instance: 0, root: "/nowhere/debug" })).toBe(
      "UnsupportedError: raw mode: expected debugfs at /nowhere/debug: mount -t debugfs none /nowhere/debug, got no such folder",
    );
    const empty = root();
    expect(await failure({ instance: 0, root: empty })).toContain(
      `mount -t debugfs none ${empty}, got an empty folder`,
    );
  });

  test("no SCMI, or none with raw mode", async () => {
    expect(await failure({ instance: 0, root: root("clk/x") })).toContain(
      "needs CONFIG_ARM_SCMI_RAW_MODE_SUPPORT, Linux 6.3 or newer, and firmware that speaks SCMI",
    );
    const text = await failure({ instance: 0, root: root("scmi/0/instance_name") });
    expect(text).toMatch(/scmi\/0\/raw, which needs CONFIG_ARM_SCMI_RAW_MODE_SUPPORT, Linux 6.3 or newer/);
  });

  test("no such instance", async () => {
    const folder = root("scmi/0/instance_name", "scmi/1/transport/", "scmi/10/raw/");
    expect(await failure({ instance: 2, root: folder })).toBe(
      "UnsupportedError: raw mode: expected SCMI instance 2, got none of that name: there are 0 (/firmware/scmi), 1, 10",
    );
    expect(await failure({ instance: "/firmware/scmi", root: folder })).toMatch(/scmi\/0\/raw, which needs/);
  });

  test("not root", async () => {
    const files = {
      ...nodeFiles,
      list: () => {
        throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
      },
    };
    expect(await failure({ instance: 0, files })).toBe(
      "UnsupportedError: raw mode: expected to be root, got EACCES for /sys/kernel/debug",
    );
  });

  test("no polling files", async () => {
    const { openAgent } = await open({ hasPolling: false }, { isPolled: true });
    await expect(openAgent()).rejects.toThrow("message_poll, which needs Linux 6.16 or newer, got no such file");
  });

  test("options out of range", () => {
    expect(() => raw({ instance: -1 })).toThrow('"instance" expected integer >= 0, got -1');
    expect(() => raw({ instance: 0, maxInFlight: 0 })).toThrow('"maxInFlight" expected integer >= 1, got 0');
    expect(() => raw({ instance: 0, timeoutMs: 0 })).toThrow('"timeoutMs" expected number > 0, got 0');
  });
});

test("files of this machine are read without waiting, and written whole", () => {
  const folder = mkdtempSync(joinPath(tmpdir(), "scmi-raw-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const path = joinPath(folder, "message");
  execFileSync("mkfifo", [path]);
  const reader = nodeFiles.open(path, "read");
  const writer = nodeFiles.open(path, "write");
  const into = new Uint8Array(16);
  expect(reader.read(into)).toBeUndefined();
  writer.write(words(0x44000, 3));
  expect(reader.read(into)).toBe(8);
  expect(into.subarray(0, 8)).toEqual(words(0x44000, 3));
  writer.close();
  expect(reader.read(into)).toBe(0);
  reader.close();
  let code: string | undefined;
  try {
    nodeFiles.open(joinPath(folder, "none"), "read");
  } catch (reason) {
    code = codeOf(reason);
  }
  expect(code).toBe("ENOENT");
});
