import { expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { Sensor } from "../../src/protocols/sensor-agent.ts";
import { join, Scripted, text, words } from "./scripted.ts";

/** Two sensors of version 2.0 in thousandths of a degree: a scalar one, and one with two axes; all that is optional is refused. */
async function opened() {
  const platform = new Scripted({ maxPayload: 256 }).withBase(0x20000, { 21: 0x20000 });
  const scalar = join(words(0, 0x40000000, 0xe802), text("die"));
  const triple = join(words(1, 0x40000000, 0x2e902), text("board"));
  platform.on(0x15, 0x1, words(0, 2, 0, 0, 0)).on(0x15, 0xb, words(0));
  platform.on(0x15, 0x3, ([index]) => (index === 0 ? join(words(0, 2), scalar, triple) : join(words(0, 1), triple)));
  const agent = await Agent.open(platform.core, platform, { clock: platform.clock });
  return { platform, agent, sensor: await agent.protocol(Sensor) };
}

test("a sensor whose axes the platform would not describe costs nobody the others", async () => {
  const { platform, agent, sensor } = await opened();
  expect(await sensor.describeAll()).toMatchObject([
    { name: "die", exponent: -3, axes: [] },
    { name: "board", exponent: -3, axes: [] },
  ]);
  platform.on(0x15, 0x6, words(0, 21_000, 0, 0, 0, 22_000, 0, 0, 0));
  expect((await sensor.readAxes(1)).map(({ value }) => value)).toEqual([21, 22]);
  await agent.close();
});

test("an update of a sensor that nobody described has no value in its unit, only a raw one", async () => {
  const { platform, agent, sensor } = await opened();
  const watch = sensor.watchUpdates();
  await watch.ready;
  platform.notify(0x15, 0x1, words(0, 0, 25_000, 0, 0, 0));
  platform.notify(0x15, 0x1, words(0, 9, 25_000, 0, 0, 0));
  expect((await watch.next()).value.readings).toMatchObject([{ value: 25, raw: 25_000 }]);
  expect((await watch.next()).value.readings).toMatchObject([{ value: Number.NaN, raw: 25_000 }]);
  await watch.return();
  await agent.close();
});
