import { describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { StatusError, UnsupportedError } from "../../src/errors.ts";
import { Platform } from "../../src/platform/index.ts";
import { RELEASES, type Release, Sensor, type SensorConfigChange } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile } from "../platform/kit.ts";

// Sensors of examples/boards/example.yaml
const [CPU, VDD, , POWER, ACCEL, HUMIDITY, BATTERY, SECURE] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

async function opened(
  options: { readonly profile?: Release; readonly board?: string; readonly agentId?: number } = {},
) {
  const { profile = "3.2", board: name = "example", agentId = 1 } = options;
  const board = boardFile(name);
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: Platform.capacityFor(board, { profile, connections: 8 }) });
  const platform = Platform.open(core, board, { profile, clock });
  const join = async (id: number) => {
    const agent = await Agent.open(core, loopback(platform.connect(id)), { clock, versions: RELEASES[profile] });
    return { agent, sensor: await agent.protocol(Sensor) };
  };
  return { platform, clock, core, join, ...(await join(agentId)) };
}

/** Lets the clock run until a promise is settled. */
async function until<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = promise.finally(() => {
    isSettled = true;
  });
  done.catch(() => {});
  for (let turns = 0; !isSettled && turns < 1000; turns++) {
    await Promise.resolve();
    if (turns % 20 === 19) clock.advanceToNext();
  }
  return done;
}

describe("descriptions", () => {
  test("hold all that the board says, in the units of the sensors", async () => {
    const { sensor } = await opened();
    const infos = await sensor.describeAll();
    expect(infos.map(({ sensorId, name, unit }) => [sensorId, name, unit])).toEqual([
      [0, "cpu-thermal", "celsius"],
      [1, "vdd-cpu", "volt"],
      [2, "soc-current", "ampere"],
      [3, "soc-power", "watt"],
      [4, "accelerometer", "metre-per-second-squared"],
      [5, "humidity", "percent"],
      [6, "battery-thermal-of-the-second-pack", "celsius"],
      [7, "secure-thermal", "celsius"],
    ]);
    expect(infos[VDD]).toMatchObject({
      ...{ exponent: -3, lowest: 0, highest: 1.5, resolution: 0.001, powerUw: 350, tripPointCount: 0 },
      ...{ isAsync: false, hasContinuousUpdates: false, timestampExponent: undefined, axes: [] },
    });
    expect(infos[CPU]).toMatchObject({ tripPointCount: 2, intervals: { kind: "list", intervalsS: [0.1, 1] } });
    expect(infos[ACCEL]).toMatchObject({
      ...{ timestampExponent: -6, powerUw: 1200, hasContinuousUpdates: true, lowest: undefined },
      intervals: { kind: "range", lowestS: 0.01, highestS: 1, stepS: 0.01 },
      axes: [
        { axisId: 0, name: "along_X", lowest: -16, highest: 16, resolution: 0.001 },
        { axisId: 1, name: "across_Y", lowest: undefined },
        { axisId: 2, name: "up_Z-perpendicular-to-the-board", unit: "metre-per-second-squared" },
      ],
    });
    expect(infos[HUMIDITY]?.isAsync).toBe(true);
    expect(await sensor.describe(VDD)).toBe(infos[VDD]);
  });

  test("of one sensor need no others", async () => {
    const { sensor } = await opened();
    expect(await sensor.describe(BATTERY)).toMatchObject({ sensorId: BATTERY, exponent: -2 });
    await expect(sensor.describe(8)).rejects.toThrow("SENSOR_DESCRIPTION_GET: platform returned INVALID_PARAMETERS");
  });

  test("of version 1.0 have neither axes nor long names, and one interval", async () => {
    const { sensor } = await opened({ profile: "2.0" });
    const infos = await sensor.describeAll();
    expect(infos[BATTERY]?.name).toBe("battery-thermal");
    expect(infos[ACCEL]?.axes).toEqual([]);
    expect(infos[CPU]?.intervals).toEqual({ kind: "list", intervalsS: [0.1] });
    expect(infos[VDD]?.intervals).toEqual({ kind: "list", intervalsS: [] });
    await expect(sensor.describeAxes(ACCEL)).rejects.toBeInstanceOf(UnsupportedError);
    await expect(sensor.getConfig(VDD)).rejects.toBeInstanceOf(UnsupportedError);
    await sensor.enable(VDD);
  });

  test("of 256 sensors come in as many messages as their sizes need", async () => {
    const { sensor } = await opened({ board: "large" });
    const infos = await sensor.describeAll();
    expect(infos.map(({ sensorId }) => sensorId)).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(infos[255]).toMatchObject({ name: "power-of-tile-63-at-the-edge-of-the-mesh", unit: "watt" });
  });
});

describe("readings", () => {
  test("are in the unit, with what came and when", async () => {
    const { sensor, clock, platform } = await opened();
    expect(await sensor.read(VDD)).toEqual({ value: 0.9, raw: 900, timestampS: undefined });
    await sensor.setConfig(ACCEL, { isEnabled: true, hasTimestamps: true });
    clock.advance(500);
    expect(await sensor.readAxes(ACCEL)).toEqual([
      { value: 0.12, raw: 120, timestampS: 0.5 },
      { value: -0.007, raw: -7, timestampS: 0.5 },
      { value: 9.806, raw: 9806, timestampS: 0.5 },
    ]);
    clock.advance(500);
    expect(await sensor.read(POWER)).toEqual({ value: 4.2, raw: 4200000, timestampS: undefined });
    platform.sensor.setReading(VDD, 2n ** 62n);
    expect(await sensor.read(VDD)).toMatchObject({ raw: 2n ** 62n });
  });

  test("of a slow sensor come with a delayed response, unless asked otherwise", async () => {
    const { sensor, clock, platform } = await opened();
    await sensor.describe(HUMIDITY);
    const reading = sensor.read(HUMIDITY);
    platform.sensor.setReading(HUMIDITY, 555);
    expect(await until(clock, reading)).toMatchObject({ value: 55.5 });
    expect(clock.now()).toBe(2e6);
    expect(await sensor.read(HUMIDITY, { isAsync: false })).toMatchObject({ value: 55.5 });
    await expect(sensor.read(VDD, { isAsync: true })).rejects.toThrow("NOT_SUPPORTED");
  });

  test("polled need neither promise nor description", async () => {
    const { sensor, platform } = await opened();
    expect(sensor.readPolled(VDD)).toBe(900);
    platform.sensor.setReading(VDD, -5);
    expect(sensor.readPolled(VDD)).toBe(-5);
    expect(() => sensor.readPolled(99)).toThrow(StatusError);
  });

  test("of a sensor that is off or broken say so", async () => {
    const { sensor, platform } = await opened();
    await expect(sensor.read(ACCEL)).rejects.toThrow("PROTOCOL_ERROR");
    await sensor.enable(ACCEL);
    expect(await sensor.readAxes(ACCEL)).toHaveLength(3);
    await sensor.disable(ACCEL);
    await expect(sensor.read(ACCEL)).rejects.toThrow("PROTOCOL_ERROR");
    platform.sensor.setFault(VDD, true);
    await expect(sensor.read(VDD)).rejects.toThrow("HARDWARE_ERROR");
  });
});

describe("configurations", () => {
  test("change what is said, and keep the rest", async () => {
    const { sensor } = await opened();
    expect(await sensor.getConfig(ACCEL)).toEqual({ isEnabled: false, hasTimestamps: true, intervalS: 0.01 });
    await sensor.setConfig(ACCEL, { intervalS: 0.114, round: "closest" });
    expect(await sensor.getConfig(ACCEL)).toEqual({ isEnabled: false, hasTimestamps: true, intervalS: 0.11 });
    await sensor.setConfig(ACCEL, { isEnabled: true });
    await sensor.setConfig(ACCEL, { hasTimestamps: false });
    expect(await sensor.getConfig(ACCEL)).toEqual({ isEnabled: true, hasTimestamps: false, intervalS: 0.11 });
    // As JavaScript may say it; the type does not allow it
    const untold = { isEnabled: undefined, hasTimestamps: true } as unknown as SensorConfigChange;
    await sensor.setConfig(ACCEL, untold);
    expect(await sensor.getConfig(ACCEL)).toEqual({ isEnabled: true, hasTimestamps: true, intervalS: 0.11 });
    expect(await sensor.getConfig(VDD)).toEqual({ isEnabled: true, hasTimestamps: false, intervalS: undefined });
    await expect(sensor.setConfig(VDD, { intervalS: 1 })).rejects.toThrow("NOT_SUPPORTED");
    await expect(sensor.setConfig(ACCEL, { intervalS: -1 })).rejects.toThrow(RangeError);
  });
});

describe("a story: a sensor crosses a trip point both ways while two agents watch", () => {
  test.each(["1.0", "2.0", "3.0", "3.1", "3.2"] as const)("in release %s", async (profile) => {
    const { sensor, clock, join, agent, platform, core } = await opened({ profile });
    const other = await join(2);
    const watch = sensor.watchTripPoints(BATTERY);
    const all = other.sensor.watchTripPoints();
    await Promise.all([watch.ready, all.ready]);
    // Agent 1 places the point: 30 °C of a battery that goes from 20 to 45 °C in ten seconds, again and again
    await sensor.setTripPoint(BATTERY, 1, { value: 30, direction: "both" });
    await expect(sensor.setTripPoint(BATTERY, 3, { value: 30, direction: "both" })).rejects.toThrow(StatusError);
    clock.advance(10_500);
    for (const isRising of [true, false]) {
      const trip = { agentId: 0, sensorId: BATTERY, tripPointId: 1, isRising };
      expect((await watch.next()).value).toEqual(trip);
      expect((await all.next()).value).toEqual(trip);
    }
    await watch.return();
    await all.return();
    clock.advance(20_000);
    await other.agent.close();
    await agent.close();
    platform.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(clock.pending).toBe(0);
  });
});

test("a story: a guest may watch what it may not set, and not see what is kept from it", async () => {
  const { sensor, platform } = await opened({ agentId: 3 });
  expect((await sensor.describeAll()).map(({ sensorId }) => sensorId)).not.toContain(SECURE);
  await expect(sensor.read(SECURE)).rejects.toThrow("SENSOR_DESCRIPTION_GET: platform returned INVALID_PARAMETERS"); // past what it has
  await expect(sensor.setConfig(ACCEL, { isEnabled: true, hasTimestamps: false })).rejects.toThrow("DENIED");
  const watch = sensor.watchTripPoints([CPU]);
  await watch.ready;
  await watch.return();
  platform.close();
});

test("a story: continuous updates come as fast as asked for, and stop with the listener", async () => {
  const { sensor, clock, agent, platform } = await opened();
  const watch = sensor.watchUpdates(ACCEL);
  await watch.ready;
  await sensor.setConfig(ACCEL, { isEnabled: true, intervalS: 0.25 });
  clock.advance(1000);
  const times: (number | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    const { value } = await watch.next();
    expect(value.readings).toHaveLength(3);
    expect(value.readings[2]).toMatchObject({ value: 9.806 });
    times.push(value.readings[0]?.timestampS);
  }
  expect(times).toEqual([0.25, 0.5, 0.75, 1]);
  await watch.return();
  clock.advance(1000);
  expect(clock.pending).toBe(0);
  await expect(sensor.watchUpdates(VDD).ready).rejects.toThrow("NOT_SUPPORTED");
  await agent.close();
  platform.close();
});
