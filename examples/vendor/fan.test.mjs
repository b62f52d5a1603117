// node --test examples/vendor
import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, Core, SimulatedClock } from "scmi-wasm";
import { parseBoard } from "scmi-wasm/board";
import { Platform } from "scmi-wasm/platform";
import { loopback } from "scmi-wasm/transport/loopback";
import { Fan } from "./fan-agent.mjs";
import { fanControl } from "./fan-platform.mjs";

const FANS = [
  { name: "case", maxRpm: 2000 },
  { name: "cpu", maxRpm: 4000 },
];

async function world({ vendor = "ACME", version } = {}) {
  const board = parseBoard({ vendor, agents: [{ name: "OSPM" }] }, { file: "inline" });
  const options = { vendorProtocols: [fanControl(FANS, version)] };
  const clock = new SimulatedClock();
  const core = await Core.open({ capacity: Platform.capacityFor(board, options) });
  const platform = Platform.open(core, board, { ...options, clock });
  const agent = await Agent.open(core, loopback(platform.connect(1)), { clock });
  return { agent, clock };
}

test("an agent finds the fans and sets their speed", async () => {
  const { agent } = await world();
  const fan = await agent.protocol(Fan);
  assert.deepEqual(
    (await fan.fans()).map(({ name, maxRpm }) => [name, maxRpm]),
    [
      ["case", 2000],
      ["cpu", 4000],
    ],
  );
  await fan.setSpeed(1, 3000);
  assert.deepEqual(await fan.speeds(), [0, 3000]);
  await agent.close();
});

test("a speed above the maximum is OUT_OF_RANGE, an unknown fan NOT_FOUND", async () => {
  const { agent } = await world();
  const fan = await agent.protocol(Fan);
  await assert.rejects(fan.setSpeed(0, 2001), (error) => error.is("OUT_OF_RANGE"));
  await assert.rejects(fan.setSpeed(2, 0), (error) => error.is("NOT_FOUND"));
  await agent.close();
});

test("an asynchronous change ends with its delayed response, and watchers hear of it", async () => {
  const { agent, clock } = await world();
  const fan = await agent.protocol(Fan);
  const watch = fan.watchSpeed(0);
  await watch.ready;
  const turning = fan.setSpeedAsync(0, 1500, { timeoutMs: 1000 });
  await new Promise(setImmediate);
  clock.advance(200);
  assert.equal(await turning, 1500);
  for await (const { agentId, rpm } of watch) {
    assert.deepEqual([agentId, rpm], [1, 1500]);
    break;
  }
  await agent.close();
});

test("version 1.0 has no FAN_SPEEDS_GET", async () => {
  const { agent } = await world({ version: 0x10000 });
  const fan = await agent.protocol(Fan);
  await assert.rejects(fan.speeds(), { code: "SCMI_UNSUPPORTED" });
  await agent.close();
});

test("the table is refused on a board of another vendor", async () => {
  await assert.rejects(world({ vendor: "other" }), /"fan" expected a board of acme, got other/);
});
