import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import {
  checked,
  command,
  compiledModule,
  createCore,
  faultName,
  instantiate,
  type TestCore,
} from "../support/core.ts";
import { installPlatform } from "../support/description.ts";
import { expectHome } from "../support/home.ts";
import { pattern } from "./bytes.ts";

const BASE = 0x10;
const PERFORMANCE = 0x13;
const DOMAINS = 5;
const TOP_LEVEL = 0xf0000;
const BULK = [...pattern(88, 9)];
/**
 * Looks at the area before a thread sleeps: for longer than waking the other takes, or both sleep at every message. Each thread
 * still sleeps at once at some messages, to have its doorbell tried.
 */
const SPINS = 20_000;
/** One processor in place of two makes each message wait for a switch of threads. */
const LIMIT_MS = 300_000;

interface AgentReport {
  readonly set: number;
  readonly get: number;
  readonly bulk: number;
  readonly refused: number;
  readonly sleeps: number;
  readonly levels: readonly number[];
}

/** A core in shared memory with one channel, nobody at work on it yet. */
function openShared(kind: number): { core: TestCore; channel: number; control: number } {
  const core = createCore(
    "threads",
    { instances: 1, channels: 1, xfers: 2, maxPayload: 128, claims: 1, regionBytes: 8192 },
    { host: instantiate("threads") },
  );
  const { exports, base } = core;
  const { description, state } = installPlatform(core, {
    agents: 1,
    protocols: [
      { id: BASE, version: 0x20001, messages: { 2: { kind: "constant", reply: BULK } } },
      {
        id: PERFORMANCE,
        version: 0x40000,
        messages: { 7: { kind: "levelSet" }, 8: { kind: "levelGet" } },
        performance: Array.from({ length: DOMAINS }, () => ({ levels: [], level: 0, minimum: 0, maximum: TOP_LEVEL })),
      },
    ],
  });
  checked("openInstance", exports.openInstance(base, description, state, 1, 2, layout.TOKENS_SMALL));
  const channel = checked("openChannel", exports.openChannel(base, 0, kind, 0, 128, 0xffff));
  return { core, channel, control: (base + core.reserve(64)) >> 2 };
}

function start(role: "agent" | "platform", data: Record<string, unknown>): { done: Promise<unknown>; worker: Worker } {
  const worker = new Worker(new URL("./ping-pong.mjs", import.meta.url), { workerData: { role, ...data } });
  const done = once(worker, "message").then(([report]) => report as unknown);
  return { done, worker };
}

/** Lets an agent send `messages` to a platform in another worker. */
async function pingPong(kind: number, messages: number) {
  const { core, channel, control } = openShared(kind);
  const { exports, base } = core;
  const xfer = checked("acquire", exports.acquire(base, 0));
  const record = base + core.xfer(xfer);
  const shared = {
    module: compiledModule("threads"),
    memory: core.host.memory,
    base,
    channel,
    control,
    messages,
    spins: SPINS,
    seed: 12345,
    at: {
      xfer,
      payload: (record + layout.XFER_PAYLOAD) >> 2,
      length: (record + layout.XFER_LENGTH) >> 2,
      header: (record + layout.XFER_HEADER) >> 2,
      commands: { set: command(PERFORMANCE, 7), get: command(PERFORMANCE, 8), bulk: command(BASE, 2) },
      domains: DOMAINS,
      topLevel: TOP_LEVEL,
      bulk: BULK,
    },
  };
  const platform = start("platform", shared);
  const agent = start("agent", shared);
  try {
    const [sent, served] = await Promise.all([agent.done, platform.done]);
    return { core, channel, xfer, agent: sent as AgentReport, platform: served as { served: number } };
  } finally {
    await Promise.all([agent.worker.terminate(), platform.worker.terminate()]);
  }
}

describe("threads: an agent and a platform in two workers", () => {
  test.each([
    ["SMT", 0, 1_000_000],
    ["MSG", layout.KIND_MSG, 250_000],
  ])(
    "exchange messages over a %s area, and every payload is right",
    async (_framing, kind, messages) => {
      const { core, channel, xfer, agent, platform } = await pingPong(kind, messages);
      const { set, get, bulk, refused, levels } = agent;
      expect(set + get + bulk + refused).toBe(messages);
      for (const count of [set, get, bulk, refused]) expect(count).toBeGreaterThan(messages / 100);
      expect(platform.served).toBe(messages);
      // No doorbell was for nothing, none was lost
      expect(core.counted(channel)).toEqual({ sent: messages, responses: messages });
      expect(core.tokenNext(0)).toBe(messages % 1024);
      checked("release", core.exports.release(core.base, xfer));
      expectHome(core);
      const last = checked("acquire", core.exports.acquire(core.base, 0));
      for (const [domain, level] of levels.entries()) {
        core.setXferPayload(last, [domain, 0, 0, 0]);
        core.exports.exchange(core.base, channel, last, command(PERFORMANCE, 8), 4, 0);
        expect(core.u32(core.xfer(last) + layout.XFER_PAYLOAD + 4)).toBe(level);
      }
      checked("release", core.exports.release(core.base, last));
      const counters = core.counters(channel);
      expect(core.u32(counters + layout.DOORBELL_PLATFORM_WAITERS)).toBe(0);
      expect(core.u32(counters + layout.DOORBELL_AGENT_WAITERS)).toBe(0);
    },
    LIMIT_MS,
  );
});

describe("threads: waiting for a turn", () => {
  test("ends at once when it is there, and after its time when it is not", () => {
    const { core, channel } = openShared(0);
    const { exports, base } = core;
    const look = () => [
      exports.awaitCommand(base, channel, 10, 1000),
      exports.awaitAnswer(base, channel, 10, 1000),
      exports.awaitCommand(base, channel, 0, 0),
      exports.awaitAnswer(base, channel, 0, 0),
    ];
    expect(look()).toEqual([0, 1, 0, 1]); // a free area is the agent's
    const xfer = checked("acquire", exports.acquire(base, 0));
    checked("post", exports.post(base, channel, xfer, command(BASE, 2), 0, 0));
    expect(look()).toEqual([1, 0, 1, 0]);
    checked("serve", exports.serve(base, channel, 0));
    expect(look()).toEqual([0, 1, 0, 1]);
    core.setU32(core.area(channel) + layout.SMT_STATUS, layout.SMT_STATUS_ERROR);
    expect(look()).toEqual([1, 1, 1, 1]); // ERROR without FREE is an answer, and the platform's area
  });

  test("is for channels that are there, and a doorbell counts how often it was rung", () => {
    const { core, channel } = openShared(0);
    const { exports, base } = core;
    const bells = core.counters(channel);
    for (const call of [exports.awaitCommand, exports.awaitAnswer]) {
      expect(faultName(call(base, 7, 0, 0))).toBe("FAULT_INDEX (-2)");
    }
    expect(faultName(exports.ring(base, 7, 0))).toBe("FAULT_INDEX (-2)");
    core.setU32(bells + layout.DOORBELL_AGENT, 0xffff_ffff);
    for (const side of [layout.RING_PLATFORM, layout.RING_AGENT, layout.RING_PLATFORM])
      exports.ring(base, channel, side);
    expect(core.u32(bells + layout.DOORBELL_PLATFORM)).toBe(2);
    expect(core.u32(bells + layout.DOORBELL_AGENT)).toBe(0);
  });
});
