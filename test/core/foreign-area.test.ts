import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { Core, commandWord, FAULT, XFER } from "../../src/index.ts";
import { BUILDS, compiledModule, importedMemoryLimits } from "../support/core.ts";

const COMMAND = commandWord(0x10, 1);

describe.each(BUILDS)("an area that somebody else initialises, in the %s build", (build) => {
  const openCore = () => {
    const module = compiledModule(build);
    if (build !== "threads") return Core.createSync({ module });
    const limits = importedMemoryLimits(new Uint8Array());
    return Core.createSync({ module, memory: new WebAssembly.Memory({ ...limits, maximum: 32767, shared: true }) });
  };
  const opened = (framing: "smt" | "msg" = "smt") => {
    const core = openCore();
    const instance = core.openInstance();
    const area = core.reserve(64);
    const at = core.base + area;
    core.memory.bytes.fill(0xa4, at, at + 64);
    const before = core.memory.bytes.slice(at, at + 64);
    const channel = core.openChannel(instance, { area, areaBytes: 64, framing, isForeign: true });
    const xfer = core.acquire(instance);
    const bytes = () => core.memory.bytes.slice(at, at + 64);
    return { core, channel, xfer, at, before, bytes };
  };

  test("is left alone when its channel is opened and reset", () => {
    const { core, channel, xfer, before, bytes } = opened();
    expect(bytes()).toEqual(before);
    expect(() => core.post(channel, xfer, COMMAND, 0, 0)).toThrow(expect.objectContaining({ reason: "busy" }));
    core.resetChannel(channel);
    expect(bytes()).toEqual(before);
  });

  test("is written from its head to its payload, and no further", () => {
    const { core, channel, xfer, at, bytes } = opened();
    expect(core.maxPayloadOf(channel)).toBe(36);
    core.memory.setU32(at + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    core.post(channel, xfer, COMMAND, 36, 0);
    expect(core.memory.bytes[at + 64]).toBe(0);
    expect(() => core.post(channel, xfer, COMMAND, 37, 0)).toThrow();
    expect(bytes()[layout.SMT_STATUS]).toBe(0);
  });

  test("is taken back from a platform that never heard of the command, and its token with it", () => {
    const { core, channel, xfer, at } = opened();
    core.memory.setU32(at + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    core.post(channel, xfer, COMMAND, 4, 0);
    expect(core.recall(channel, 0)).toBe(xfer);
    expect([core.stateOf(xfer), core.faultOf(xfer)]).toEqual([XFER.DONE, FAULT.CHANNEL_ERROR]);
    expect(core.memory.u32(at + layout.SMT_STATUS)).toBe(layout.SMT_STATUS_FREE | layout.SMT_STATUS_ERROR);
    expect(core.leaks().tokens).toBe(0);
    core.post(channel, xfer, COMMAND, 4, 0);
    expect(core.memory.u32(at + layout.SMT_STATUS)).toBe(0);
  });

  test("keeps an answer that is there when the command is taken back", () => {
    const { core, channel, xfer, at } = opened();
    core.memory.setU32(at + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    core.post(channel, xfer, COMMAND, 4, 0);
    core.memory.setU32(at + layout.SMT_LENGTH, 8);
    core.memory.setU32(at + layout.SMT_STATUS, layout.SMT_STATUS_FREE);
    expect(core.recall(channel, 0)).toBe(xfer);
    expect([core.stateOf(xfer), core.faultOf(xfer)]).toEqual([XFER.DONE, 0]);
    expect(core.recall(channel, 0)).toBe(-1);
  });

  test("is taken back in MSG framing, too", () => {
    const { core, channel, xfer } = opened("msg");
    core.post(channel, xfer, COMMAND, 4, 0);
    expect(core.recall(channel, 0)).toBe(xfer);
    expect([core.stateOf(xfer), core.faultOf(xfer)]).toEqual([XFER.DONE, FAULT.MALFORMED]);
    core.post(channel, xfer, COMMAND, 4, 0);
  });
});
