import { afterEach, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { TeeError } from "../../src/errors.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Scripted, type ScriptOptions, settle, words } from "./scripted.ts";

interface Stage {
  readonly platform: Scripted;
  readonly agent: Agent;
  readonly clock: Clock;
  readonly anomalies: AnomalyEvent[];
}

let stages: Stage[] = [];

/** A platform that from now on is answered by hand, with a clock protocol that has room for asynchronous changes. */
async function staged(options: ScriptOptions = {}): Promise<Stage> {
  const platform = new Scripted(options).withBase(0x20000, { 20: 0x30000 });
  platform.on(0x14, 0x1, words(0, 1 | (8 << 16)));
  const anomalies: AnomalyEvent[] = [];
  const { clock: time, core } = platform;
  const agent = await Agent.open(core, platform, { clock: time, onAnomaly: (event) => anomalies.push(event) });
  const clock = await agent.protocol(Clock);
  await clock.getProtocolAttributes();
  platform.isManual = true;
  platform.received.length = 0;
  const stage = { platform, agent, clock, anomalies };
  stages.push(stage);
  return stage;
}

afterEach(async () => {
  for (const { agent, platform } of stages) {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
  }
  stages = [];
});

test("a serial channel takes one command after the other, in order", async () => {
  const { platform, clock } = await staged();
  const rates = [clock.getRate(0), clock.getRate(1), clock.getRate(2)];
  expect(platform.received.length).toBe(1);
  for (let i = 0; i < 3; i++) {
    expect(platform.last.payload).toEqual(words(i));
    platform.reply(words(0, 100 + i, 0));
  }
  expect(await Promise.all(rates)).toEqual([100, 101, 102]);
});

test("where the platform may hold several, answers find their callers in any order", async () => {
  const { platform, clock } = await staged({ maxInFlight: 4 });
  const rates = [0, 1, 2, 3, 4, 5].map((id) => clock.getRate(id));
  expect(platform.received.length).toBe(4);
  const [a, b, c, d] = platform.received;
  for (const it of [d, b, c, a]) platform.reply(words(0, 1000 + (it?.payload[0] ?? 0), 0), it);
  for (const it of platform.received.slice(4)) platform.reply(words(0, 1000 + (it.payload[0] ?? 0), 0), it);
  expect(await Promise.all(rates)).toEqual([1000, 1001, 1002, 1003, 1004, 1005]);
});

test("more callers than xfers wait their turn", async () => {
  const { platform, clock } = await staged({ maxInFlight: 1024 });
  const rates = Array.from({ length: 50 }, (_, id) => clock.getRate(id));
  const flights = platform.received.length;
  expect(flights).toBeGreaterThan(7);
  expect(flights).toBeLessThan(50);
  for (let i = 0; i < 50; i++) platform.reply(words(0, i, 0), platform.received[i]);
  expect(await Promise.all(rates)).toEqual(Array.from({ length: 50 }, (_, id) => id));
});

test("values are written down when the call is made, and judged then", async () => {
  const { platform, clock } = await staged();
  const first = clock.getRate(0);
  await expect(clock.getRate(-1)).rejects.toThrow(RangeError);
  const ids = { clockId: 7 };
  const second = clock.setParent(ids.clockId, 1);
  platform.reply(words(0, 1, 0));
  expect(platform.last.payload).toEqual(words(7, 1));
  platform.reply(words(0));
  expect(await Promise.all([first, second])).toEqual([1, undefined]);
});

test("a command is given up at the channel's deadline, with one appointment for all of them", async () => {
  const { platform, clock } = await staged({ maxInFlight: 8 });
  const results = Promise.allSettled([clock.getRate(0), clock.getRate(1), clock.getRate(2)]);
  expect(platform.clock.pending).toBe(1);
  platform.clock.advance(29.9);
  platform.reply(words(0, 7, 0), platform.received[1]);
  platform.clock.advance(0.1);
  expect(await results).toMatchObject([
    { reason: { name: "DeadlineError", phase: "response", timeoutMs: 30 } },
    { value: 7 },
    { reason: { phase: "response" } },
  ]);
  for (const it of platform.received) if (it !== platform.received[1]) platform.reply(words(0, 1, 0), it);
});

test("a caller's own time-out holds for everything, the queue included", async () => {
  const { platform, clock } = await staged();
  const first = clock.getRate(0, { timeoutMs: 500 });
  const queued = clock.getRate(1, { timeoutMs: 10 });
  queued.catch(() => {});
  platform.clock.advance(10);
  await expect(queued).rejects.toMatchObject({ phase: "channel", timeoutMs: 10 });
  platform.clock.advance(400);
  expect(platform.received.length).toBe(1);
  platform.reply(words(0, 4, 0));
  expect(await first).toBe(4);
});

test.each([0, -5])("a time-out of %i is over at once, and named as it was given", async (timeoutMs) => {
  const { clock, platform } = await staged();
  const inFlight = clock.getRate(0, { timeoutMs });
  platform.clock.advanceToNext();
  await expect(inFlight).rejects.toMatchObject({ name: "DeadlineError", phase: "response", timeoutMs });
  const first = clock.getRate(0);
  const queued = clock.getRate(1, { timeoutMs });
  platform.clock.advanceToNext();
  await expect(queued).rejects.toMatchObject({ name: "DeadlineError", phase: "channel", timeoutMs });
  platform.reply(words(0, 4, 0));
  expect(await first).toBe(4);
});

test("a caller with an infinite time-out waits beyond the limits of the channel", async () => {
  const { clock, platform } = await staged();
  const set = clock.setRateAsync(1, 700, { timeoutMs: Number.POSITIVE_INFINITY });
  await settle();
  platform.clock.advance(60_000);
  platform.reply(words(0));
  platform.clock.advance(60_000);
  platform.delayed(words(0, 1, 700, 0));
  expect(await set).toBe(700);
});

test.each([Number.NaN, null, "5", 5n])("a time-out that is no number, %s, is the caller's mistake", async (value) => {
  const { agent, clock, platform } = await staged();
  const options = { timeoutMs: value as number };
  const message = `"timeoutMs" expected number, got ${value}`;
  for (let i = 0; i < 25; i++) await expect(clock.getRate(0, options)).rejects.toThrow(new RangeError(message));
  await expect(agent.raw(0x5006, words(0), options)).rejects.toThrow(RangeError);
  expect(platform.received).toEqual([]);
  const rate = clock.getRate(0); // no xfer was lost
  platform.reply(words(0, 7, 0));
  expect(await rate).toBe(7);
});

test("a late answer is counted, reported with its header, and frees its token", async () => {
  const { platform, agent, clock, anomalies } = await staged();
  const lost = clock.getRate(0);
  lost.catch(() => {});
  platform.clock.advance(30);
  await expect(lost).rejects.toMatchObject({ phase: "response" });
  const { header } = platform.last;
  expect(platform.core.leaks().tokens).toBe(1);
  platform.reply(words(0, 1, 0));
  expect(platform.core.leaks().tokens).toBe(0);
  expect(anomalies.map(({ kind, header: of }) => [kind, of])).toEqual([["late", header]]);
  expect(agent.counters).toMatchObject({ late: 1, timeouts: 1 });
});

test("stray and broken answers fail nobody and are reported", async () => {
  const { platform, clock, anomalies } = await staged();
  const rate = clock.getRate(0);
  const { header } = platform.last;
  platform.play("a2p", words(header ^ (5 << 18), 0)); // another token
  platform.play("a2p", words(header ^ 1, 0)); // another command
  platform.play("a2p", words(header | 0x100, 0)); // reserved type
  platform.play("a2p", Uint8Array.of(1, 2, 3)); // no header at all
  platform.play("p2a", words(header | 0x200, 0)); // a delayed response that nobody asked for
  expect(anomalies.map(({ kind }) => kind)).toEqual(["unexpected", ...Array<string>(4).fill("malformed")]);
  expect(anomalies.map(({ header: of }) => of)).toEqual([
    header ^ (5 << 18),
    header ^ 1,
    header | 0x100,
    undefined,
    header | 0x200,
  ]);
  platform.reply(words(0, 3, 0));
  expect(await rate).toBe(3);
});

test("an abort frees the caller in the queue, in flight, and while the delayed response is due", async () => {
  const { platform, clock } = await staged();
  const reason = new TypeError("changed my mind");
  const [early, inFlight, queued] = [new AbortController(), new AbortController(), new AbortController()];
  early.abort(reason);
  await expect(clock.getRate(0, { signal: early.signal })).rejects.toBe(reason);
  expect(platform.received.length).toBe(0);

  const posted = clock.getRate(0, { signal: inFlight.signal });
  const waiting = clock.getRate(1, { signal: queued.signal });
  const third = clock.getRate(2);
  queued.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  inFlight.abort(reason);
  await expect(posted).rejects.toBe(reason);
  // The message transport carries on with the next; the first one's token waits for its answer.
  expect(platform.last.payload).toEqual(words(2));
  expect(platform.core.leaks().tokens).toBe(2);
  platform.reply(words(0, 2, 0));
  platform.reply(words(0, 9, 0), platform.received[0]);
  expect(await third).toBe(2);
  expect(platform.core.leaks().tokens).toBe(0);

  const delayed = new AbortController();
  const slow = clock.setRateAsync(0, 5, { signal: delayed.signal });
  slow.catch(() => {});
  await settle();
  platform.reply(words(0));
  delayed.abort(reason);
  await expect(slow).rejects.toBe(reason);
  platform.delayed(words(0, 0, 5, 0));
  expect(platform.core.leaks().tokens).toBe(0);
});

test("after an answer the signal is no longer listened to", async () => {
  const { platform, clock } = await staged();
  const controller = new AbortController();
  const rate = clock.getRate(0, { signal: controller.signal });
  platform.reply(words(0, 3, 0));
  controller.abort();
  expect(await rate).toBe(3);
});

test("asynchronous commands give the channel back and resolve with their delayed responses, in any order", async () => {
  const { platform, clock } = await staged();
  const first = clock.setRateAsync(0, 1000);
  const second = clock.setRateAsync(1, 2000);
  await settle();
  const [a] = platform.received;
  platform.reply(words(0), a); // accepted: the next one may go out
  const [, b] = platform.received;
  platform.reply(words(0), b);
  platform.delayed(words(0, 1, 2001, 0), b);
  platform.delayed(words(0, 0, 1001, 0), a);
  expect(await Promise.all([first, second])).toEqual([1001, 2001]);
});

test("a delayed response may overtake its response", async () => {
  const { platform, clock } = await staged();
  const rate = clock.setRateAsync(0, 1000);
  await settle();
  platform.delayed(words(0, 0, 1000, 0));
  expect(await rate).toBe(1000);
  platform.reply(words(0));
  expect(platform.core.leaks().tokens).toBe(0);
});

test("a delayed response says no, never comes, or is another clock's", async () => {
  const { platform, clock } = await staged();
  const refused = clock.setRateAsync(0, 1000);
  refused.catch(() => {});
  await settle();
  platform.reply(words(0));
  platform.delayed(words(-9));
  await expect(refused).rejects.toMatchObject({ name: "StatusError", statusName: "HARDWARE_ERROR" });

  const lost = clock.setRateAsync(0, 1000);
  lost.catch(() => {});
  await settle();
  platform.reply(words(0));
  platform.clock.advance(2000);
  await expect(lost).rejects.toMatchObject({ phase: "delayedResponse", timeoutMs: 2000 });
  platform.delayed(words(0, 0, 1, 0));

  const other = clock.setRateAsync(0, 1000);
  other.catch(() => {});
  await settle();
  platform.reply(words(0));
  platform.delayed(words(0, 3, 1000, 0));
  await expect(other).rejects.toMatchObject({ name: "MessageError", field: "delayedResponse.clockId" });

  const rejected = clock.setRateAsync(0, 1000);
  rejected.catch(() => {});
  await settle();
  platform.reply(words(-6));
  await expect(rejected).rejects.toMatchObject({ statusName: "BUSY" });
});

test("closing while commands queue and fly ends them with a closed channel", async () => {
  const { platform, agent, clock } = await staged();
  const results = Promise.allSettled([clock.getRate(0), clock.getRate(1), clock.setRateAsync(0, 1)]);
  await settle();
  const closing = agent.close();
  expect(agent.close()).toBe(closing);
  await closing;
  for (const result of await results) {
    expect(result).toMatchObject({ status: "rejected", reason: { name: "ChannelError", reason: "closed" } });
  }
  await expect(clock.getRate(0)).rejects.toMatchObject({ reason: "closed" });
  await expect(agent.protocol(Clock)).rejects.toMatchObject({ reason: "closed" });
  await expect(agent.raw(0x5006, words(0))).rejects.toMatchObject({ reason: "closed" });
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ reason: "closed" }));
  platform.reply(words(0, 1, 0)); // too late for anything
});

test("a transport that breaks ends everything, with its cause", async () => {
  const { platform, clock } = await staged();
  const rate = clock.getRate(0);
  rate.catch(() => {});
  const cause = new Error("wire cut");
  platform.host?.fail(cause);
  await expect(rate).rejects.toMatchObject({ reason: "closed", cause });
  await expect(clock.getRate(0)).rejects.toMatchObject({ reason: "closed", cause });
});

test("every length of a response but the right one is a broken message or a refusal", async () => {
  const { platform, clock } = await staged();
  const whole = words(0, 1, 0);
  for (let length = 0; length <= 16; length++) {
    const rate = clock.getRate(0);
    rate.catch(() => {});
    platform.reply(Uint8Array.from({ length }, (_, i) => whole[i] ?? 0));
    if (length === 12) expect(await rate).toBe(1);
    else await expect(rate).rejects.toMatchObject({ name: "MessageError" });
  }
});

test.each([
  [-1, "NOT_SUPPORTED", "EOPNOTSUPP"],
  [-2, "INVALID_PARAMETERS", "EINVAL"],
  [-3, "DENIED", "EACCES"],
  [-4, "NOT_FOUND", "ENOENT"],
  [-5, "OUT_OF_RANGE", "ERANGE"],
  [-6, "BUSY", "EBUSY"],
  [-7, "COMMS_ERROR", "ECOMM"],
  [-8, "GENERIC_ERROR", "EIO"],
  [-9, "HARDWARE_ERROR", "EREMOTEIO"],
  [-10, "PROTOCOL_ERROR", "EPROTO"],
  [-50, "RESERVED", "EIO"],
  [-128, "VENDOR", "EIO"],
  [1, "RESERVED", "EIO"],
])("status %i becomes %s, with %s", async (status, statusName, errno) => {
  const { platform, clock } = await staged();
  const rate = clock.getRate(0);
  rate.catch(() => {});
  platform.reply(words(status, 1, 2)); // words behind a failing status do not count
  const token = platform.last.fields.token;
  await expect(rate).rejects.toMatchObject({ status, statusName, errno, protocolId: 0x14, messageId: 6, token });
});

test("raw messages carry any bytes and any status, and tokens of our own", async () => {
  const { platform, agent } = await staged();
  const answer = agent.raw(0x0fffc8ff & ~0x300, words(1, 2, 3));
  expect(platform.last.fields).toMatchObject({ protocolId: 0xf2, messageId: 0xff });
  expect(platform.last.payload).toEqual(words(1, 2, 3));
  platform.reply(words(-3, 9));
  expect(await answer).toEqual({ header: platform.last.header, payload: words(-3, 9) });
  await expect(agent.raw(0x5306, words())).rejects.toThrow(RangeError);
  await expect(agent.raw(0xf0005006, words())).rejects.toThrow(RangeError);
  await expect(agent.raw(0x5006, new Uint8Array(4096))).rejects.toThrow(RangeError);
});

test("polled calls answer at once, are refused while the channel is busy, and move simulated time", async () => {
  const { platform, clock } = await staged();
  platform.isManual = false;
  platform.on(0x14, 0x6, words(0, 77, 0)).on(0x14, 0x5, words(-3));
  expect(clock.getRatePolled(3)).toBe(77);
  expect(() => clock.setRatePolled(0, 1, "closest")).toThrow(expect.objectContaining({ statusName: "DENIED" }));
  expect(platform.last.payload).toEqual(words(8, 0, 1, 0));

  platform.on(0x14, 0x6, (_, received) => {
    platform.clock.after(5, () => platform.reply(words(0, 5, 0), received));
    return undefined;
  });
  expect(clock.getRatePolled(0)).toBe(5);
  expect(platform.clock.now()).toBe(5e6);

  platform.on(0x14, 0x6, () => undefined);
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ name: "DeadlineError", timeoutMs: 30 }));
  expect(platform.clock.now()).toBe(35e6);

  const awaited = clock.getRate(0);
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ name: "ChannelError", reason: "busy" }));
  platform.reply(words(0, 6, 0));
  expect(await awaited).toBe(6);
});

test("a channel that cannot be polled refuses polled calls", async () => {
  const { clock } = await staged({ canPoll: false });
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ name: "UnsupportedError" }));
});

test("two agents share one core, with one clock", async () => {
  const { platform, clock } = await staged();
  const other = new Scripted({}, platform.core).withBase(0x20000, { 20: 0x30000 });
  await expect(Agent.open(platform.core, other, { clock: new SimulatedClock() })).rejects.toThrow(TypeError);
  other.on(0x14, 0x6, () => undefined);
  const agent = await Agent.open(platform.core, other, { clock: platform.clock });
  const theirs = (await agent.protocol(Clock)).getRate(0);
  theirs.catch(() => {});
  const ours = clock.getRate(0);
  platform.reply(words(0, 1, 0));
  expect(await ours).toBe(1);
  platform.clock.advance(30);
  await expect(theirs).rejects.toMatchObject({ phase: "response" });
  await agent.close();
});

test("an answer that breaks off ends its caller, is reported with its header, and leaves the channel usable", async () => {
  const { platform, clock, anomalies } = await staged();
  const rate = clock.getRate(0);
  rate.catch(() => {});
  const { header } = platform.last;
  platform.play("a2p", Uint8Array.of(...words(header), 0, 0));
  await expect(rate).rejects.toMatchObject({ name: "MessageError" });
  expect(anomalies.map(({ kind, header: of }) => [kind, of])).toEqual([["malformed", header]]);
  const next = clock.getRate(0);
  platform.reply(words(0, 2, 0));
  expect(await next).toBe(2);
});

test("anomalies can be listened to as events", async () => {
  const { platform, agent } = await staged();
  const heard: number[] = [];
  agent.addEventListener("anomaly", ({ header = 0 }) => heard.push(header));
  platform.play("a2p", words(0x5006, 0));
  expect(heard).toEqual([0x5006]);
});

test("no more changes are pending than the platform has room for", async () => {
  const { platform, clock } = await staged({ maxInFlight: 16 });
  const changes = Array.from({ length: 9 }, (_, id) => clock.setRateAsync(id, 100));
  await settle();
  const flags = platform.received.map(({ payload }) => payload[0]);
  expect(flags).toEqual([...Array<number>(8).fill(1), 0]);
  const [...all] = platform.received;
  for (const it of all) platform.reply(words(0), it);
  for (const it of all.slice(0, 8)) platform.delayed(words(0, it.payload[4] ?? 0, 100, 0), it);
  await settle();
  platform.reply(words(0, 99, 0)); // the ninth was asked in the ordinary way, and then for the rate
  expect(await Promise.all(changes)).toEqual([...Array<number>(8).fill(100), 99]);
});

test("a protocol with a channel of its own does not wait for the others", async () => {
  const platform = new Scripted().withBase(0x20000, { 20: 0x30000 });
  const base = platform.open.bind(platform);
  const rung: Uint8Array[] = [];
  let row = -1;
  platform.open = async (host) => {
    const link = await base(host);
    row = host.openRow(link.instance, { framing: "msg", areaBytes: 0 }).row;
    const ring = (message?: Uint8Array) => {
      if (message) rung.push(message.slice());
    };
    return { ...link, protocols: new Map([[0x14, { traits: link.a2p.traits, row, ring }]]) };
  };
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const opening = agent.protocol(Clock);
  const version = words(0, 0x30000);
  platform.host?.receive(row, Uint8Array.of(...(rung[0]?.subarray(0, 4) ?? []), ...version));
  const clock = await opening;
  platform.isManual = true;
  const slow = agent.raw(0x4001, words()); // Base, on the default channel
  const rate = clock.getRate(0);
  platform.host?.receive(row, Uint8Array.of(...(rung[1]?.subarray(0, 4) ?? []), ...words(0, 5, 0)));
  expect(await rate).toBe(5);
  platform.reply(words(0, 0));
  expect((await slow).payload).toEqual(words(0, 0));
  await agent.close();
  expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
});

test("a transport that did not get through fails what is in flight with its cause, and the next command goes", async () => {
  const { platform, clock } = await staged({ maxInFlight: 2 });
  const rates = [0, 1, 2].map((id) => clock.getRate(id));
  const cause = new TeeError("invoke", 0xffff_000e, "comms");
  platform.host?.reset(platform.row, cause);
  await expect(rates[0]).rejects.toBe(cause);
  await expect(rates[1]).rejects.toBe(cause);
  expect(platform.received.length).toBe(3);
  platform.reply(words(0, 7, 0));
  expect(await rates[2]).toBe(7);
  expect(platform.core.leaks().tokens).toBe(0);
});

test("so it does to a polled call, from inside of ring", async () => {
  const { platform, clock } = await staged();
  const cause = new TeeError("invoke", 0xffff_000e, "comms");
  platform.isManual = false;
  platform.on(0x14, 0x6, () => {
    platform.host?.reset(platform.row, cause);
    return undefined;
  });
  expect(() => clock.getRatePolled(0)).toThrow(cause);
  platform.on(0x14, 0x6, words(0, 5, 0));
  expect(clock.getRatePolled(0)).toBe(5);
});

test("a polled call ends at once when the other side goes away meanwhile", async () => {
  const { platform, clock } = await staged();
  platform.isManual = false;
  const cause = new TeeError("invoke", 0xffff_3024, "tee");
  platform.on(0x14, 0x6, () => {
    platform.host?.fail(cause);
    return undefined;
  });
  const before = platform.clock.now();
  expect(() => clock.getRatePolled(0)).toThrow(expect.objectContaining({ reason: "closed", cause }));
  expect(platform.clock.now()).toBe(before);
});

test("a long queue before a platform that answers inside of ring is worked off without deep recursion", async () => {
  const { platform, clock } = await staged();
  const rates = Array.from({ length: 5000 }, () => clock.getRate(0));
  platform.on(0x14, 0x6, words(0, 9, 0));
  platform.isManual = false;
  platform.reply(words(0, 9, 0));
  expect(new Set(await Promise.all(rates))).toEqual(new Set([9]));
});

test("the area of a row is its own bytes, and a row without one is refused", async () => {
  const { platform } = await staged();
  const { host } = platform;
  if (!host) throw new Error("expected a host");
  const { row } = host.openRow(host.openInstance(), { framing: "smt", areaBytes: 128 });
  const area = host.areaOf(row);
  expect(area.byteLength).toBe(128);
  expect(area[4]).toBe(1); // FREE
  expect(() => host.areaOf(platform.row)).toThrow(TypeError);
  const shared = host.openRow(host.openInstance(), {
    ...{ framing: "smt", areaBytes: 128 },
    area: area.byteOffset - platform.core.base,
  } as const);
  expect(host.areaOf(shared.row).byteOffset).toBe(area.byteOffset);
});
