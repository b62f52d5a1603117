import { describe, expect, test } from "vitest";
import { Core } from "../../src/core/core.ts";
import {
  type Decoded,
  decodeTrace,
  TraceDecoder,
  type TraceEvent,
  Tracer,
  traceExporter,
} from "../../src/trace/index.ts";
import { CPU_LITTLE, livelyTrace, openTraced } from "./traced-machine.ts";

function countsOf(events: readonly TraceEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function textOf(events: readonly TraceEvent[]): string {
  let text = "";
  const decoder = new TextDecoder();
  const exporter = traceExporter("ftrace", (bytes) => {
    text += decoder.decode(bytes);
  });
  for (const event of events) exporter.write(event);
  exporter.end();
  return text;
}

function decodedOf(events: readonly TraceEvent[]): Decoded[] {
  const decoder = new TraceDecoder();
  return events.map((event) => decoder.take(event)).filter((it) => it !== undefined);
}

describe("what the tracer tells", () => {
  test("are the six events of Linux, in the order of an exchange there", async () => {
    const { events, tracer, agent } = await openTraced();
    tracer.drain();
    await agent.close();
    // As a kernel's own trace of its first exchange: begin, dump, wait, dump, received, end
    const [begin, command, wait, response, received, end] = events;
    const message = { protocolId: 0x10, messageId: 0, token: 0, instance: 0, timeUs: 0 };
    expect(begin).toEqual({ kind: "xferBegin", ...message, transferId: 1, isPolled: expect.any(Boolean), inFlight: 1 });
    expect(command).toMatchObject({ kind: "message", role: "command", ...message, framing: "smt" });
    expect(wait).toMatchObject({ kind: "responseWait", ...message, transferId: 1, timeoutMs: 30 });
    // SUCCESS, version 2.1 of Base (spec 10-base)
    const payload = Uint8Array.of(0, 0, 0, 0, 1, 0, 2, 0);
    expect(response).toMatchObject({ kind: "message", role: "response", ...message, payload });
    expect(received).toEqual({ kind: "rxDone", ...message, transferId: 1, messageType: 0 });
    expect(end).toEqual({ kind: "xferEnd", ...message, transferId: 1, status: 0, inFlight: 1 });
  });

  test("has delayed responses, notifications, refusals and FastChannels", async () => {
    const events = await livelyTrace();
    const roles = new Set(events.map((event) => (event.kind === "message" ? event.role : event.kind)));
    expect([...roles].sort()).toEqual(
      ["command", "response", "delayedResponse", "notification"]
        .concat(["xferBegin", "responseWait", "xferEnd", "rxDone", "fastChannel"])
        .sort(),
    );
    const statuses = events.flatMap((event) => (event.kind === "xferEnd" ? [event.status] : []));
    expect(statuses).toContain(-4); // NOT_FOUND: there is no clock 9999
    const calls = events.filter((event) => event.kind === "fastChannel");
    // PERFORMANCE_LEVEL_SET and _GET of cpu-little, which has FastChannels for both (spec 13-performance)
    expect(
      new Set(calls.map(({ protocolId, messageId, domainId }) => `${protocolId} ${messageId} ${domainId}`)),
    ).toEqual(new Set(["19 7 0", "19 8 0"]));
  });

  test("begins and ends each exchange once", async () => {
    const counts = countsOf(await livelyTrace());
    expect(counts.xferBegin).toBeGreaterThan(20);
    expect(counts.responseWait).toBe(counts.xferBegin);
    expect(counts.xferEnd).toBe(counts.xferBegin);
  });

  test("is the same run after run under a simulated clock", async () => {
    expect(await livelyTrace()).toEqual(await livelyTrace());
  });

  test("shows commands and answers alone from the platform's side, and the same bytes", async () => {
    const platform = await livelyTrace("platform");
    const agent = await livelyTrace("agent");
    const messages = (events: readonly TraceEvent[]) =>
      events
        .filter((event) => event.kind === "message")
        .map(({ role, protocolId, messageId, token, payload }) => ({ role, protocolId, messageId, token, payload }));
    expect(countsOf(platform)).toEqual({ message: platform.length });
    const inOrder = (events: readonly TraceEvent[]) =>
      messages(events)
        .map((it) => JSON.stringify(it))
        .sort();
    expect(inOrder(platform)).toEqual(inOrder(agent));
  });

  test("has what a platform sends of its own accord to an agent elsewhere", async () => {
    const { platform, events, tracer, agent } = await openTraced("platform");
    await agent.close();
    const sent: number[] = [];
    const port = platform.connectMessages(1, { send: (message) => void sent.push(message.byteLength) });
    // PERFORMANCE_NOTIFY_LEVEL of domain 0, token 0 (spec 13-performance)
    port.receive(Uint8Array.from([0x0a, 0x4c, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]));
    tracer.drain();
    events.length = 0;
    platform.performance.setLevel(CPU_LITTLE, platform.performance.level(CPU_LITTLE) === 600 ? 1000 : 600);
    tracer.close();
    expect(sent).toEqual([8, 16]);
    expect(events).toMatchObject([
      { kind: "message", role: "notification", protocolId: 0x13, messageId: 1, framing: "msg" },
    ]);
  });

  test("says that a command's time is over as Linux does", async () => {
    const core = Core.createSync();
    const events: TraceEvent[] = [];
    const tracer = Tracer.attach(core, { onEvent: (event) => void events.push(event) });
    const channel = core.openChannel(core.openInstance(), { timeoutMs: 5 });
    const xfer = core.acquire(0);
    core.post(channel, xfer, 0x14 << 10, 0, 1e6);
    expect(core.tick(7e6)).toBe(xfer);
    tracer.close();
    expect(events.at(-1)).toMatchObject({ kind: "xferEnd", timeUs: 7000, status: -110, protocolId: 0x14 });
    expect(events).toContainEqual(expect.objectContaining({ kind: "responseWait", timeoutMs: 5, isPolled: true }));
  });
});

describe("a tracer", () => {
  test("writes ftrace text that the decoder reads back to the same messages", async () => {
    const events = await livelyTrace();
    const { decoded, skipped, summary } = decodeTrace(textOf(events));
    expect(skipped).toEqual([]);
    expect(decoded).toEqual(decodedOf(events));
    expect(decoded.length).toBeGreaterThan(80);
    expect(summary.counts).toMatchObject({ delayedResponse: 1 });
  });

  test("counts what was overwritten before it was drained, and says so in the trace", async () => {
    const { events, tracer, agent } = await openTraced("agent", { traceEntries: 4 });
    tracer.drain();
    expect(tracer.lost).toBeGreaterThan(4);
    expect(events[0]).toMatchObject({ kind: "log", count: "dropped", text: `CPU:0 [LOST ${tracer.lost} EVENTS]` });
    const { summary, skipped } = decodeTrace(textOf(events));
    expect(skipped).toEqual([]);
    expect(summary.counts).toMatchObject({ log: 1 });
    await agent.close();
  });

  test("keeps as much of a payload as the core's capacity says, and marks the rest as cut", async () => {
    const { events, tracer, agent } = await openTraced("agent", { tracePayload: 8 });
    tracer.close();
    await agent.close();
    const vendor = events.find((it) => it.kind === "message" && it.role === "response" && it.messageId === 3);
    expect(vendor).toMatchObject({ mayBeCut: true, payload: expect.objectContaining({ byteLength: 8 }) });
  });

  test("is silent after close, and its core can be traced again", async () => {
    const { platform, events, tracer, agent } = await openTraced();
    tracer.close();
    const { length } = events;
    await agent.close();
    tracer.drain();
    tracer.close();
    expect(events).toHaveLength(length);
    using again = Tracer.attach(platform, { onEvent: () => {} });
    expect(again.events).toBe(0);
  });

  test("looks at the ring by itself when it has a clock", async () => {
    const { core, clock, tracer, agent } = await openTraced();
    tracer.close();
    const events: TraceEvent[] = [];
    const timed = Tracer.attach(core, { clock, everyMs: 10, onEvent: (event) => void events.push(event) });
    await agent.raw(0x10 << 10, new Uint8Array());
    expect(events).toEqual([]);
    clock.advance(10);
    expect(events.length).toBe(6);
    timed.close();
    await agent.close();
    expect(clock.pending).toBe(0);
  });

  test("refuses a core without a ring, and one that is traced already", () => {
    const onEvent = () => {};
    const none = Core.createSync({ capacity: { traceEntries: 0 } });
    expect(() => Tracer.attach(none, { onEvent })).toThrow(RangeError);
    const core = Core.createSync();
    Tracer.attach(core, { onEvent });
    expect(() => Tracer.attach(core, { onEvent })).toThrow(TypeError);
  });
});
