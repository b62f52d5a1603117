import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { describePlatform } from "../../src/core/describe.ts";
import { EXPORT_NAMES } from "../../src/core/exports.ts";
import { Core, commandWord, type ModuleSource, UnsupportedError, XFER } from "../../src/index.ts";

const BUILD = new URL("../../build/", import.meta.url);
const RELEASE = new Uint8Array(readFileSync(new URL("release.wasm", BUILD)));
const DEBUG = new Uint8Array(readFileSync(new URL("debug.wasm", BUILD)));
const THREADS = new Uint8Array(readFileSync(new URL("threads.wasm", BUILD)));
const CAPACITY = { regionBytes: 4096, traceEntries: 0, batchEntries: 0 };

/** That a core is there: one exchange with a platform that knows one version. */
function expectWorking(core: Core): void {
  const description = describePlatform(core, { agents: 1, protocols: [{ id: 0x10, version: 0x20001 }] });
  const instance = core.openInstance({ description, state: core.openState(description) });
  const channel = core.openChannel(instance);
  const xfer = core.acquire(instance);
  expect(core.exchange(channel, xfer, commandWord(0x10, 0), 0, 0)).toBe(XFER.DONE);
  expect(core.memory.u32(core.payloadAt(xfer) + 4)).toBe(0x20001);
  core.release(xfer);
}

function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 32767, shared: true });
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** A module whose exports all give one number, whatever they are asked. */
function fakeCore(names: readonly string[], result: number): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content];
  const text = (name: string) => [...leb(name.length), ...new TextEncoder().encode(name)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 1, 0x7f]), // () → i32
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [
      ...leb(names.length + 1),
      ...names.flatMap((name) => [...text(name), 0, 0]),
      ...text("memory"),
      ...[2, 0],
    ]),
    ...section(10, [1, 4, 0, 0x41, result, 0x0b]),
  ]);
}

/** A module that wants a function from its host. */
const IMPORTING = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x78, 0, 0],
]);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the embedded module", () => {
  test("is there without asking, with and without waiting", async () => {
    expectWorking(await Core.open({ capacity: CAPACITY }));
    expectWorking(Core.createSync({ capacity: CAPACITY }));
    expectWorking(Core.createSync());
  });

  test("is compiled once, and every core has its own memory", async () => {
    const [one, other] = [await Core.open({ capacity: CAPACITY }), Core.createSync({ capacity: CAPACITY })];
    expect(other.module).toBe(one.module);
    expect(other.memory.memory).not.toBe(one.memory.memory);
  });

  test.each(["sync", "async", "both at once"])("is compiled once when the first to ask is %s", async (first) => {
    vi.resetModules();
    const fresh = await import("../../src/index.ts");
    const open = () => fresh.Core.open({ capacity: CAPACITY });
    const create = () => fresh.Core.createSync({ capacity: CAPACITY });
    const [one, other] =
      first === "sync"
        ? [create(), await open()]
        : first === "async"
          ? [await open(), create()]
          : await Promise.all([open(), open()]);
    expect(other?.module).toBe(one?.module);
  });
});

describe("a module of one's own", () => {
  const sources: readonly (readonly [what: string, source: Exclude<ModuleSource, URL>])[] = [
    ["a compiled module", new WebAssembly.Module(RELEASE)],
    ["bytes", RELEASE],
    ["an ArrayBuffer", RELEASE.slice().buffer],
    ["a part of a larger buffer", Uint8Array.from([0, ...RELEASE, 0]).subarray(1, 1 + RELEASE.length)],
    ["the debug build", DEBUG],
  ];

  test.each(sources)("may be %s", async (_what, module) => {
    expectWorking(await Core.open({ module, capacity: CAPACITY }));
    expectWorking(Core.createSync({ module, capacity: CAPACITY }));
  });

  test("is the one that the core hands on", async () => {
    const module = new WebAssembly.Module(RELEASE);
    expect((await Core.open({ module, capacity: CAPACITY })).module).toBe(module);
    expect(Core.createSync({ module, capacity: CAPACITY }).module).toBe(module);
  });

  test("may be fetched", async () => {
    const module = new URL(`data:application/wasm;base64,${Buffer.from(RELEASE).toString("base64")}`);
    expectWorking(await Core.open({ module, capacity: CAPACITY }));
  });

  test("at a file URL is either opened, or refused by an error that says what is wrong", async () => {
    const opened = Core.open({ module: new URL("release.wasm", BUILD), capacity: CAPACITY });
    const outcome = await opened.catch((error: unknown) => error);
    if (outcome instanceof Core) expectWorking(outcome);
    else expect(outcome).toBeInstanceOf(UnsupportedError);
  });

  test("that is not found is refused with the status of the answer", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    const opened = Core.open({ module: new URL("https://example.invalid/core.wasm") });
    await expect(opened).rejects.toMatchObject({ name: "UnsupportedError", got: "HTTP 404" });
  });

  test("that cannot be fetched at all is refused, and keeps the cause", async () => {
    const cause = new TypeError("fetch failed");
    vi.stubGlobal("fetch", async () => {
      throw cause;
    });
    const opened = Core.open({ module: new URL("https://example.invalid/core.wasm") });
    await expect(opened).rejects.toMatchObject({ name: "UnsupportedError", cause });
  });

  test("that is no WebAssembly is refused", async () => {
    const module = new Uint8Array(16);
    const accepted = (error: unknown) => error instanceof WebAssembly.CompileError || error instanceof UnsupportedError;
    expect(accepted(await Core.open({ module }).catch((error: unknown) => error))).toBe(true);
    expect(() => Core.createSync({ module })).toThrow();
  });
});

describe("a module that is no core", () => {
  test("is refused with the first export that it lacks", async () => {
    const module = fakeCore([], 1);
    await expect(Core.open({ module })).rejects.toBeInstanceOf(UnsupportedError);
    expect(() => Core.createSync({ module })).toThrow(UnsupportedError);
    for (const missing of EXPORT_NAMES) {
      const lacking = fakeCore(
        EXPORT_NAMES.filter((name) => name !== missing),
        1,
      );
      expect(() => Core.createSync({ module: lacking })).toThrow(`"${missing}"`);
    }
  });

  test("is refused when it wants more from its host than a memory", () => {
    expect(() => Core.createSync({ module: IMPORTING })).toThrow(UnsupportedError);
  });

  test.each([0, 2, 63])("is refused when its ABI version is %i", (version) => {
    const module = fakeCore(EXPORT_NAMES, version);
    expect(() => Core.createSync({ module })).toThrow(UnsupportedError);
    expect(() => Core.createSync({ module })).toThrow(`got ${version}`);
  });
});

describe("a memory of one's own", () => {
  test("is what the threads build needs", async () => {
    expectWorking(await Core.open({ module: THREADS, memory: sharedMemory(), capacity: CAPACITY }));
    expectWorking(Core.createSync({ module: THREADS, memory: sharedMemory(), capacity: CAPACITY }));
    expect(() => Core.createSync({ module: THREADS })).toThrow(TypeError);
    await expect(Core.open({ module: THREADS })).rejects.toBeInstanceOf(TypeError);
  });

  test("is what other builds have no use for", async () => {
    const memory = sharedMemory();
    expect(() => Core.createSync({ memory })).toThrow(TypeError);
    await expect(Core.open({ module: DEBUG, memory })).rejects.toBeInstanceOf(TypeError);
    await expect(Core.attach({ memory })).rejects.toBeInstanceOf(TypeError);
  });

  test("that is not shared, or may grow further than 2 GiB, is refused", () => {
    const wrong = [
      new WebAssembly.Memory({ initial: 1 }),
      new WebAssembly.Memory({ initial: 1, maximum: 32767 }),
      new WebAssembly.Memory({ initial: 1, maximum: 32768, shared: true }),
    ];
    for (const memory of wrong) expect(() => Core.createSync({ module: THREADS, memory })).toThrow(UnsupportedError);
  });

  test("may be joined where a core is, and nowhere else", async () => {
    const memory = sharedMemory();
    const module = new WebAssembly.Module(THREADS);
    await expect(Core.attach({ module, memory })).rejects.toBeInstanceOf(RangeError);
    const one = Core.createSync({ module, memory, capacity: CAPACITY });
    const other = await Core.attach({ module, memory });
    expect([other.base, other.totalBytes]).toEqual([one.base, one.totalBytes]);
    const instance = one.openInstance();
    const xfer = other.acquire(instance);
    expect(one.stateOf(xfer)).toBe(XFER.ACQUIRED);
    for (const base of [one.base + 64, 0, 64, 4, 65536 * 1000]) {
      await expect(Core.attach({ module, memory }, base)).rejects.toBeInstanceOf(RangeError);
    }
    const fork = one.fork();
    const joined = await Core.attach({ module, memory }, fork.base);
    joined.release(xfer);
    expect([one.stateOf(xfer), fork.stateOf(xfer)]).toEqual([XFER.ACQUIRED, XFER.IDLE]);
  });
});
