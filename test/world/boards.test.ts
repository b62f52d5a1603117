import { describe, expect, test } from "vitest";
import { readDeviceTree } from "../../src/devicetree/index.ts";
import { type BootReport, boot, isWhole, messageName, planTree, type TraceEntry } from "../../src/world/index.ts";
import { BLOBS } from "../devicetree/boards.ts";
import { naiveConsumers, plainTree } from "../devicetree/naive.ts";

interface Run {
  readonly report: BootReport;
  readonly trace: readonly string[];
}

async function run(name: string, bytes: Uint8Array, seed: number): Promise<Run> {
  const trace: string[] = [];
  const onMessage = (it: TraceEntry) => {
    trace.push(`${it.at} ${it.node} ${it.role} ${messageName(it)} ${it.token} ${it.status} ${it.payload.join(" ")}`);
  };
  const report = await boot(planTree(readDeviceTree(bytes, { file: name })), { seed, onMessage });
  return { report, trace };
}

describe.each(BLOBS.map(({ name, bytes }) => [name, bytes] as const))("%s", (name, bytes) => {
  let first: Run | undefined;
  const once = async () => {
    first ??= await run(name, bytes, 7);
    return first;
  };

  test("comes up as a whole, and leaves nothing behind", async () => {
    const { report } = await once();
    expect(report.failures).toEqual([]);
    expect(report.leaks).toEqual({
      ...{ sessions: 0, sharedMemory: 0, channels: 0, xfers: 0, tokens: 0, timers: 0, devices: 0 },
    });
    expect(isWhole(report)).toBe(true);
  });

  test("finds the consumers that an independent walk over the blob finds, and resolves every one", async () => {
    const { report } = await once();
    const consumers = report.instances.flatMap((it) => it.consumers);
    const found = consumers.map(({ device, property, protocol, resource }) => {
      return `${device} ${property} ${protocol} ${resource ?? "pins"}`;
    });
    expect(found.sort()).toEqual(naiveConsumers(plainTree(bytes)));
    expect(consumers.filter(({ resolved }) => !resolved)).toEqual([]);
    expect(consumers.length).toBeGreaterThan(0);
  });

  test("has an answer to every command, and tries every protocol but Base", async () => {
    const { report } = await once();
    for (const { counters, protocols } of report.instances) {
      expect(counters).toMatchObject({ responses: counters.sent, timeouts: 0, unexpected: 0, malformed: 0 });
      expect(protocols.filter(({ exercise }) => !exercise).map(({ id }) => id)).toEqual([0x10]);
    }
  });

  test("sends the same messages at the same times for the same seed, and others for another", async () => {
    const { report, trace } = await once();
    const again = await run(name, bytes, 7);
    expect(again.trace).toEqual(trace);
    expect(again.report).toEqual(report);
    const other = await run(name, bytes, 8);
    expect(other.trace).not.toEqual(trace);
    expect(other.report.leaks).toEqual(report.leaks);
  });
});
