import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { boardFile } from "../platform/kit.ts";
import { FrontEnd, packed, socketPath } from "./front-end.ts";
import { builtWorker } from "./modes.ts";

const FEATURES = { hasIndirect: true, hasEventIndex: true };
const MODULE = new URL("./thread.mjs", import.meta.url);
const board = boardFile("example");
/** VOLTAGE_LEVEL_SET of domain 1, asynchronous: 300 µs later. */
const LEVEL_SET_LATE = packed((0x17 << 10) | 7, 1, 1, 900_000);

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

/** A front end with both queues and one event buffer. */
async function connected(path: string) {
  const front = new FrontEnd(path);
  open.push(front);
  await front.negotiate(FEATURES);
  front.shareMemory();
  const cmdq = front.driver(0, FEATURES);
  const eventq = front.driver(1, FEATURES);
  front.startQueue(0, cmdq.addresses);
  front.startQueue(1, eventq.addresses);
  eventq.queue.add([], [{ address: eventq.buffers, byteLength: 136 }]);
  eventq.queue.publish();
  const send = (request: Uint8Array) => {
    front.write(cmdq.buffers, request);
    const room = { address: cmdq.buffers + 0x100, byteLength: 136 };
    cmdq.queue.add([{ address: cmdq.buffers, byteLength: request.byteLength }], [room]);
    cmdq.queue.publish();
    front.kick(0);
  };
  return { front, cmdq, eventq, send };
}

describe.skipIf(process.platform !== "linux")("a worker", () => {
  test("that was given a board makes its platform itself, and keeps time without an event loop", async () => {
    const { VhostUserWorker } = await builtWorker();
    const path = socketPath();
    const worker = await VhostUserWorker.listen({ board, profile: "3.1", agentId: 2 }, path);
    open.push(worker);
    const { front, eventq, send } = await connected(path);
    send(LEVEL_SET_LATE);
    await front.interrupted(0);
    await front.interrupted(1);
    const used = eventq.queue.take();
    expect([...front.read(eventq.buffers, used?.writtenBytes ?? 0)]).toEqual([
      ...packed((0x17 << 10) | 0x207, 0, 1, 900_000),
    ]);
    expect(await worker.counters()).toMatchObject({ frontEnds: 1, received: 1, responses: 1, delayedResponses: 1 });
    await worker.close();
    expect(await worker.counters()).toMatchObject({ frontEnds: 1, closed: 1, received: 1 });
    expect(existsSync(path)).toBe(false);
    worker.post("nobody hears this");
  });

  test("keeps appointments of its clock, and promises, while nobody kicks; and closes what its module opened", async () => {
    const { VhostUserWorker } = await builtWorker();
    const heard: unknown[] = [];
    let onNews = () => {};
    const worker = await VhostUserWorker.listen({ module: MODULE, data: { board } }, socketPath(), {
      onMessage: (message) => {
        heard.push(message);
        onNews();
      },
    });
    open.push(worker);
    const later = new Promise<void>((resolve) => {
      onNews = () => heard.length === 2 && resolve();
    });
    worker.post({ id: 0, act: "later", args: [3] });
    await later;
    expect(heard).toEqual([{ id: 0, result: undefined }, { later: 3 }]);
    await worker.close();
    expect(heard.at(-1)).toEqual({ closed: true });
  });

  test.each([
    ["cannot be set up", { module: MODULE, data: { board, trouble: "set-up" } }, /no set-up today/],
    ["is not there", { module: new URL("./nobody.mjs", import.meta.url) }, /nobody\.mjs/],
    ["serves nobody", { module: new URL("data:text/javascript,export {}") }, /expected a thread that serves/],
    ["has no such agent", { board, agentId: 9 }, /"agentId" expected integer 1 to 3, got 9/],
  ])("that %s says so, and leaves no socket behind", async (_, source, expected) => {
    const { VhostUserWorker } = await builtWorker();
    const path = socketPath();
    await expect(VhostUserWorker.listen(source, path)).rejects.toThrow(expected);
    expect(existsSync(path)).toBe(false);
  });

  test("that fails ends with that, and hangs up on its guests", async () => {
    const { VhostUserWorker } = await builtWorker();
    const path = socketPath();
    const worker = await VhostUserWorker.listen({ module: MODULE, data: { board } }, path);
    const { front } = await connected(path);
    worker.post({ id: 0, act: "fail", args: [] });
    await expect(worker.ended).rejects.toThrow("as asked for");
    expect(await front.gone()).toBe(true);
    expect(existsSync(path)).toBe(false);
    expect(await worker.counters()).toMatchObject({ frontEnds: 1, closed: 1 });
    await expect(worker.close()).rejects.toThrow("as asked for");
  });

  test("does not keep a process that wants to end", async () => {
    const dist = (name: string) => JSON.stringify(new URL(`../../dist/src/${name}`, import.meta.url));
    const program = `
      import { parseBoard } from ${dist("board/index.js")};
      import { VhostUserWorker } from ${dist("vhost-user/worker.node.js")};
      const board = parseBoard({ vendor: "ACME", agents: [{ name: "OSPM" }] }, { file: "inline" });
      await VhostUserWorker.listen({ board }, ${JSON.stringify(socketPath())});
      setTimeout(() => process.exit(7), 50); // by then the thread sleeps in the kernel, where nobody can look`;
    const file = `${socketPath()}.mjs`;
    writeFileSync(file, program);
    open.push({ close: () => rmSync(file) });
    const child = spawn(process.execPath, [file], { stdio: "inherit" });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(7);
  });
});
