import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import type { AnomalyEvent } from "../../src/agent/anomaly.ts";
import { Base } from "../../src/protocols/base-agent.ts";
import { Clock } from "../../src/protocols/clock-agent.ts";
import { Performance } from "../../src/protocols/performance-agent.ts";
import { join, Scripted, settle, text, words } from "./scripted.ts";

const NOTIFY = 0x9;

async function watching() {
  const platform = new Scripted().withBase(0x20000, { 19: 0x40000, 20: 0x30000 }, 1);
  for (const id of [0x9, 0xa]) platform.on(0x14, id, words(0)).on(0x13, id, words(0));
  platform.on(0x10, 0x8, words(0));
  const anomalies: AnomalyEvent[] = [];
  const agent = await Agent.open(platform.core, platform, {
    clock: platform.clock,
    onAnomaly: (event) => anomalies.push(event),
  });
  const clock = await agent.protocol(Clock);
  /** Switching so far: `[clock, on]`. */
  const switched = () =>
    platform.received
      .filter(({ fields }) => fields.protocolId === 0x14 && fields.messageId === NOTIFY)
      .map(({ payload }) => [payload[0], payload[4]]);
  const changed = (clockId: number, rate: number) => platform.notify(0x14, 0, words(0, clockId, rate, 0));
  const close = async () => {
    await agent.close();
    expect(platform.core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(platform.clock.pending).toBe(0);
  };
  return { platform, agent, clock, anomalies, switched, changed, close };
}

test("the first watcher of a clock switches notifications on, the last one off", async () => {
  const { clock, switched, changed, close } = await watching();
  const first = clock.watchRate(4);
  const second = clock.watchRate(4);
  await Promise.all([first.ready, second.ready]);
  expect(switched()).toEqual([[4, 1]]);
  changed(4, 100);
  const event = { agentId: 0, clockId: 4, rateHz: 100 };
  expect(await first.next()).toEqual({ value: event, done: false });
  expect(await second.next()).toEqual({ value: event, done: false });
  await first.return();
  expect(switched()).toEqual([[4, 1]]);
  await second.return();
  expect(switched()).toEqual([
    [4, 1],
    [4, 0],
  ]);
  expect(await second.next()).toEqual({ value: undefined, done: true });
  await close();
});

test("a watch of no clock at all is refused without asking the platform", async () => {
  const { clock, switched, close } = await watching();
  await expect(clock.watchRate([]).ready).rejects.toThrow(
    /CLOCK_RATE_CHANGED: expected a source that can notify, got none/,
  );
  expect(switched()).toEqual([]);
  await close();
});

test("leaving the loop switches off, and a new watcher switches on again", async () => {
  const { clock, switched, changed, close } = await watching();
  for (let round = 0; round < 2; round++) {
    const watch = clock.watchRate(1);
    await watch.ready;
    changed(1, 5);
    for await (const { rateHz } of watch) {
      expect(rateHz).toBe(5);
      break;
    }
  }
  expect(switched()).toEqual([
    [1, 1],
    [1, 0],
    [1, 1],
    [1, 0],
  ]);
  await close();
});

test("a watcher that leaves before the platform agreed leaves nothing on", async () => {
  const { clock, switched, close } = await watching();
  const watch = clock.watchRate(1);
  await watch.return();
  await settle();
  const last = switched().at(-1);
  expect(last === undefined || last[1] === 0).toBe(true);
  await close();
});

test("an abort ends the wait with its reason and switches off", async () => {
  const { clock, switched, close } = await watching();
  const controller = new AbortController();
  const watch = clock.watchRate(2, { signal: controller.signal });
  await watch.ready;
  const next = watch.next();
  next.catch(() => {});
  const reason = new RangeError("enough");
  controller.abort(reason);
  await expect(next).rejects.toBe(reason);
  expect(await watch.next()).toEqual({ value: undefined, done: true });
  await settle();
  expect(switched()).toEqual([
    [2, 1],
    [2, 0],
  ]);
  const aborted = clock.watchRate(2, { signal: controller.signal });
  await expect(aborted.next()).rejects.toBe(reason);
  expect(switched().length).toBe(2);
  await close();
});

test("a slow reader loses the oldest, and knows how many", async () => {
  const { clock, changed, close } = await watching();
  const watch = clock.watchRate(0, { capacity: 3 });
  await watch.ready;
  for (let rate = 1; rate <= 5; rate++) changed(0, rate);
  expect(watch.dropped).toBe(2);
  const rates = [];
  for (let i = 0; i < 3; i++) rates.push((await watch.next()).value?.rateHz);
  expect(rates).toEqual([3, 4, 5]);
  expect(() => clock.watchRate(0, { capacity: 0 })).toThrow(RangeError);
  await watch.return();
  await close();
});

test("a refusal ends the watch with its status", async () => {
  const { platform, clock, close } = await watching();
  platform.on(0x14, NOTIFY, words(-1));
  const watch = clock.watchRate(0);
  await expect(watch.next()).rejects.toMatchObject({ name: "StatusError", statusName: "NOT_SUPPORTED" });
  expect(await watch.next()).toEqual({ value: undefined, done: true });
  await close();
});

test("of several clocks one success is enough, and only what was switched on is switched off", async () => {
  const { platform, clock, changed, switched, close } = await watching();
  platform.on(0x14, NOTIFY, ([id]) => words(id === 1 ? -1 : 0));
  const watch = clock.watchRate([0, 1, 2]);
  await watch.ready;
  changed(1, 1);
  changed(2, 2);
  expect((await watch.next()).value?.clockId).toBe(1); // delivered all the same: it is one of ours
  expect((await watch.next()).value?.clockId).toBe(2);
  await watch.return();
  expect(switched()).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    [0, 0],
    [2, 0],
  ]);
  await close();
});

test("all clocks are those that can notify", async () => {
  const { platform, clock, switched, changed, close } = await watching();
  platform.on(0x14, 0x1, words(0, 3)).on(0x14, 0x4, words(0, 0));
  platform.on(0x14, 0x3, ([id]) => (id === 1 ? words(-4) : join(words(0, 0x80000000), text("clk"), words(0))));
  const watch = clock.watchRate();
  await watch.ready;
  expect(switched()).toEqual([
    [0, 1],
    [2, 1],
  ]);
  changed(0, 9);
  expect((await watch.next()).value?.rateHz).toBe(9);
  await watch.return();
  await close();
});

test("watchers of other clocks see nothing, and what nobody watches is reported", async () => {
  const { clock, changed, anomalies, close } = await watching();
  const watch = clock.watchRate(1);
  await watch.ready;
  changed(2, 5);
  changed(1, 6);
  expect((await watch.next()).value?.rateHz).toBe(6);
  expect(anomalies.map(({ kind }) => kind)).toEqual(["unwatched"]);
  await watch.return();
  await close();
});

test("a notification of a wrong length, of an unknown event or of no protocol is reported and dropped", async () => {
  const { platform, clock, anomalies, close } = await watching();
  const watch = clock.watchRate(1);
  await watch.ready;
  for (const length of [0, 4, 8, 12, 20]) platform.notify(0x14, 0, new Uint8Array(length));
  platform.notify(0x14, 0x55, words(1));
  platform.notify(0x77, 0, words(1));
  expect(anomalies.map(({ kind }) => kind)).toEqual([...Array(5).fill("malformed"), "unwatched", "unwatched"]);
  await watch.return();
  await close();
});

test("closing the agent ends the loop quietly and switches off what is on; a broken transport says why", async () => {
  const one = await watching();
  const watch = one.clock.watchRate(1);
  await watch.ready;
  const next = watch.next();
  await one.close();
  expect(await next).toEqual({ value: undefined, done: true });
  expect(one.switched()).toEqual([
    [1, 1],
    [1, 0],
  ]);

  const other = await watching();
  const broken = other.clock.watchRate(1);
  await broken.ready;
  other.platform.host?.fail(new Error("gone"));
  await expect(broken.next()).rejects.toMatchObject({ name: "ChannelError", reason: "closed" });
  await other.close();
});

test("every notification of Base and performance has its watch", async () => {
  const { platform, agent, close } = await watching();
  const base = await agent.protocol(Base);
  const performance = await agent.protocol(Performance);
  const errors = base.watchErrors();
  const limits = performance.watchLimits(0);
  const levels = performance.watchLevel(0);
  await Promise.all([errors.ready, limits.ready, levels.ready]);
  platform.notify(0x10, 0, words(2, 0x80000001, 0x844404, -9));
  platform.notify(0x13, 0, words(0, 0, 1400, 600));
  platform.notify(0x13, 1, words(1, 0, 1400));
  const reports = [{ header: 0x844404, status: -9 }];
  expect((await errors.next()).value).toEqual({ agentId: 2, isFatal: true, reports });
  expect((await limits.next()).value).toEqual({ agentId: 0, domainId: 0, rangeMax: 1400, rangeMin: 600 });
  expect((await levels.next()).value).toEqual({ agentId: 1, domainId: 0, performanceLevel: 1400 });
  for (const watch of [errors, limits, levels]) await watch.return();
  await close();
});

test("without a platform-to-agent channel nothing can be watched", async () => {
  const platform = new Scripted({ hasP2a: false }).withBase(0x20000, { 20: 0x30000 });
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  const clock = await agent.protocol(Clock);
  await expect(clock.watchRate(0).next()).rejects.toMatchObject({ name: "UnsupportedError" });
  await agent.close();
});
