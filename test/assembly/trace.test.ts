import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { describePlatform } from "../../src/core/describe.ts";
import { type CoreTraceEntry, TraceRing } from "../../src/core/trace-ring.ts";
import { COMMAND, Core, type CoreCapacity, commandWord, type PlatformDescription } from "../../src/index.ts";
import { BUILDS, type Build, compiledModule, importedMemoryLimits } from "../support/core.ts";

const PLATFORM: PlatformDescription = {
  agents: 1,
  protocols: [
    { id: 0x10, version: 0x20001, messages: [{ id: 8 }] },
    { id: 0x13, version: 0x40000, performanceDomains: [{ levels: [], level: 5, max: 1000, min: 1 }] },
  ],
};
const LEVEL_SET = commandWord(0x13, 7);
const AREA_BYTES = 128;

function openTraced(build: Build, capacity: Partial<CoreCapacity> = {}) {
  const memory = new WebAssembly.Memory({ ...importedMemoryLimits(new Uint8Array()), maximum: 32767, shared: true });
  const module = compiledModule(build);
  const core = Core.createSync({ module, capacity, ...(build === "threads" ? { memory } : {}) });
  const description = describePlatform(core, PLATFORM);
  const instance = core.openInstance({ description, state: core.openState(description) });
  const channel = core.openChannel(instance, { areaBytes: AREA_BYTES, timeoutMs: 5 });
  const ring = new TraceRing(core);
  ring.isOn = true;
  return { core, instance, channel, ring };
}

/** Payloads are lent. */
function takeAll(ring: TraceRing): CoreTraceEntry[] {
  const entries: CoreTraceEntry[] = [];
  for (let entry = ring.take(); entry; entry = ring.take()) entries.push({ ...entry, payload: entry.payload.slice() });
  return entries;
}

function post(core: Core, instance: number, channel: number, words: readonly number[], command = LEVEL_SET): number {
  const xfer = core.acquire(instance);
  for (const [i, word] of words.entries()) core.memory.setU32(core.payloadAt(xfer) + 4 * i, word);
  core.post(channel, xfer, command, 4 * words.length, 10);
  return xfer;
}

function wordsOf({ payload }: CoreTraceEntry): number[] {
  return [...new Uint32Array(payload.slice().buffer)];
}

describe.each(BUILDS)("%s: the trace ring", (build) => {
  test("keeps the payload of what is posted, served, published and answered", () => {
    const { core, instance, channel, ring } = openTraced(build);
    const xfer = post(core, instance, channel, [0, 700]);
    core.serve(channel, 20);
    core.settle(channel, 30);
    const entries = takeAll(ring);
    expect(entries.map((it) => [it.kind, it.time, wordsOf(it)])).toEqual([
      ["posted", 10, [0, 700]],
      ["served", 20, [0, 700]],
      ["published", 20, [0]],
      ["response", 30, [0]],
    ]);
    expect(entries.map(({ inFlight }) => inFlight)).toEqual([1, 1, 1, 1]);
    expect(entries.every(({ isCut }) => !isCut)).toBe(true);
    core.release(xfer);
  });

  test("tells commands that are polled from those that asked for an interrupt", () => {
    const { core, instance, channel, ring } = openTraced(build);
    post(core, instance, channel, [0, 1]);
    const second = core.openChannel(instance, { areaBytes: AREA_BYTES });
    post(core, instance, second, [0, 1], LEVEL_SET | COMMAND.INTERRUPT);
    expect(takeAll(ring).map(({ isPolled, inFlight }) => [isPolled, inFlight])).toEqual([
      [true, 1],
      [false, 2],
    ]);
  });

  test.each([0, 1, 8, 12, 65_528])("keeps as many bytes as it was given room for: %i", (tracePayload) => {
    const { core, instance, channel, ring } = openTraced(build, { tracePayload, traceEntries: 8 });
    post(core, instance, channel, [1, 2, 3, 4]);
    const room = Math.ceil(tracePayload / 8) * 8;
    const [entry] = takeAll(ring);
    expect(entry?.payload.byteLength).toBe(Math.min(16, room));
    expect(entry?.isCut).toBe(room < 16);
    expect(entry && wordsOf(entry)).toEqual([1, 2, 3, 4].slice(0, room / 4));
  });

  test("refuses room for more than 65,528 bytes", () => {
    expect(() => openTraced(build, { tracePayload: 65_529 })).toThrow(RangeError);
  });

  test.each([0, 3, 4, 8, 104, 105, 0x7fff_ffff, 0xffff_ffff])(
    "reads no further than the area, whatever length a stray answer claims: %i",
    (claimed) => {
      const { core, instance, channel, ring } = openTraced(build);
      post(core, instance, channel, [0, 1]);
      const area = core.areaAt(channel);
      core.memory.setU32(area + layout.SMT_LENGTH, claimed);
      core.memory.setU32(area + layout.SMT_HEADER, 0x0fc0_4c07); // of a token that nobody waits for
      core.memory.setU32(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
      core.settle(channel, 20);
      const [, stray] = takeAll(ring);
      expect(stray?.kind).toBe("unexpected");
      const held = AREA_BYTES - layout.SMT_PAYLOAD;
      expect(stray?.payload.byteLength).toBe(claimed < 4 ? 0 : Math.min(claimed - 4, held));
      expect(stray?.isCut).toBe(claimed > held + 4);
    },
  );

  test("shows what broke the wire format, and a time-out without a payload", () => {
    const { core, instance, channel, ring } = openTraced(build);
    const xfer = post(core, instance, channel, [0, 1]);
    const area = core.areaAt(channel);
    core.memory.setU32(area + layout.SMT_LENGTH, 6); // not even a status
    core.memory.setU32(area + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    core.settle(channel, 20);
    post(core, instance, core.openChannel(instance, { areaBytes: AREA_BYTES, timeoutMs: 1 }), [0, 1]);
    core.tick(2e6);
    const kinds = takeAll(ring).map(({ kind, payload }) => [kind, payload.byteLength]);
    expect(kinds).toEqual([
      ["posted", 8],
      ["malformed", 2],
      ["posted", 8],
      ["timeout", 0],
    ]);
    core.release(xfer);
  });

  test("has notifications as they were sent and as they came, and what a host sends by itself", () => {
    const { core, instance, channel, ring } = openTraced(build);
    const p2a = core.openChannel(instance, { p2a: true, areaBytes: AREA_BYTES });
    const at = core.base + core.reserve(8);
    core.memory.setU32(at, 11);
    core.memory.setU32(at + 4, 12);
    const header = 0x0000_4f01; // PERFORMANCE_LEVEL_CHANGED
    core.sendP2a(p2a, header, at, 8, 1);
    core.drain(p2a, 2);
    ring.noteSent(channel, header, Uint8Array.of(1, 2, 3, 4), 3);
    ring.isOn = false;
    ring.noteSent(channel, header, Uint8Array.of(1, 2, 3, 4), 4);
    expect(takeAll(ring).map((it) => [it.kind, it.channel, it.header, wordsOf(it)])).toEqual([
      ["p2aSent", p2a, header, [11, 12]],
      ["notification", p2a, header, [11, 12]],
      ["p2aSent", channel, header, [0x0403_0201]],
    ]);
  });

  test("counts what was overwritten", () => {
    const { core, instance, channel, ring } = openTraced(build, { traceEntries: 4 });
    for (let i = 0; i < 3; i++) {
      const xfer = post(core, instance, channel, [0, i + 1]);
      core.serve(channel, 0);
      core.settle(channel, 0);
      core.release(xfer);
    }
    expect(ring.pending).toBe(12);
    expect(ring.skipLost()).toBe(8);
    expect(takeAll(ring).map(({ kind }) => kind)).toEqual(["posted", "served", "published", "response"]);
    expect(ring.skipLost()).toBe(0);
  });
});

test("events and tracing are switched apart", () => {
  const core = Core.createSync();
  core.observe({ events: true });
  const ring = new TraceRing(core);
  ring.isOn = true;
  ring.isOn = false;
  expect(core.memory.u32(core.base + layout.CORE_OBSERVE)).toBe(layout.OBSERVE_EVENTS);
});
