import { describe, expect, test } from "vitest";
import { BoardError } from "../../src/errors.ts";
import { boardOf, PROTOCOL, rig } from "./kit.ts";

/** What a sensor measures at some times, in milliseconds. */
function valuesAt(signal: unknown, ...timesMs: readonly number[]): number[] {
  const { platform, clock } = rig(boardOf({ sensor: { sensors: [{ name: "a", signal }] } }));
  return timesMs.map((timeMs) => {
    clock.advance(timeMs - clock.now() / 1e6);
    return Number(platform.sensor.reading(0));
  });
}

describe("a signal", () => {
  test("constant", () => {
    expect(valuesAt(-7, 0, 1e6)).toEqual([-7, -7]);
  });

  test("ramp: to its end, or again and again", () => {
    const ramp = { kind: "ramp", from: 100, to: 200, durationMs: 1000 };
    expect(valuesAt(ramp, 0, 250, 1000, 5000)).toEqual([100, 125, 200, 200]);
    expect(valuesAt({ ...ramp, repeat: true }, 0, 250, 999, 1000, 1500)).toEqual([100, 125, 200, 100, 150]);
  });

  test("sine", () => {
    const sine = { kind: "sine", mean: 10, amplitude: 100, periodMs: 400 };
    expect(valuesAt(sine, 0, 100, 200, 300, 400)).toEqual([10, 110, 10, -90, 10]);
  });

  test("noise: by its seed alone, within its amplitude, another value in every step", () => {
    const noise = { kind: "noise", mean: 1000, amplitude: 100, stepMs: 10, seed: 3 };
    const times = Array.from({ length: 300 }, (_, i) => i * 10);
    const values = valuesAt(noise, ...times);
    expect(valuesAt(noise, ...times)).toEqual(values);
    expect(valuesAt({ ...noise, seed: 4 }, ...times)).not.toEqual(values);
    expect(valuesAt(noise, 20, 29)).toEqual([values[2], values[2]]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(900);
    expect(Math.max(...values)).toBeLessThanOrEqual(1100);
    expect(new Set(values).size).toBeGreaterThan(100);
    const mean = values.reduce((sum, it) => sum + it, 0) / values.length;
    expect(Math.abs(mean - 1000)).toBeLessThan(20);
  });

  test("CSV: in lines between its points, or held", () => {
    const csv = "ms,value\n# a comment\n100, 10\n200;30\n\n400\t-10\r\n";
    expect(valuesAt({ kind: "csv", csv }, 0, 100, 150, 200, 300, 400, 9999)).toEqual([10, 10, 20, 30, 10, -10, -10]);
    expect(valuesAt({ kind: "csv", csv, hold: true }, 0, 150, 200, 399, 400)).toEqual([10, 10, 30, 30, -10]);
  });

  test("a function of time, from TypeScript", () => {
    const { platform, clock, agent } = rig(boardOf({ sensor: { sensors: [{ name: "a" }] } }));
    platform.sensor.setSignal(0, (timeNs) => timeNs / 1e6 / 2);
    clock.advance(10);
    expect(agent(1).call(PROTOCOL.SENSOR, 0x6, 0, 0)[1]).toBe(5);
    platform.sensor.setSignal(0, () => 2n ** 80n);
    expect(platform.sensor.reading(0)).toBe(2n ** 63n - 1n);
    platform.sensor.setSignal(0, () => Number.NaN);
    expect(platform.sensor.reading(0)).toBe(0);
  });
});

test.each<[path: string, sensor: object]>([
  ["sensor.sensors[0].signal.periodMs", { signal: { kind: "sine", mean: 1, amplitude: 1 } }],
  ["sensor.sensors[0].signal.csv[1]", { signal: { kind: "csv", csv: "0,1\nx,y" } }],
  ["sensor.sensors[0].signal.csv[1]", { signal: { kind: "csv", csv: "5,1\n5,2" } }],
  ["sensor.sensors[0].signal.csv", { signal: { kind: "csv", csv: "ms,value" } }],
  ["sensor.sensors[0].type", { type: "smoots" }],
  ["sensor.sensors[0].range", { range: { min: 2, max: 1 } }],
  ["sensor.sensors[0].asyncLatencyUs", { asyncLatencyUs: 1 }],
  ["sensor.sensors[0].signal", { signal: 1, axes: [{ name: "x" }] }],
  ["sensor.sensors[0].tripPoints", { tripPoints: 1, axes: [{ name: "x" }] }],
  ["sensor.sensors[0].intervalUs", { intervalUs: 1000 }],
  ["sensor.sensors[0].intervalUs", { intervalsUs: [1000], intervalUs: 2000 }],
  ["sensor.sensors[0].intervalsUs[1]", { intervalsUs: [2000, 1000] }],
  ["sensor.sensors[0].intervalsUs[0]", { intervalsUs: [1_000_001] }],
  ["sensor.sensors[0].readOnly[0]", { readOnly: ["NOBODY"] }],
])("a mistake in a board is named with its place: %s", (path, sensor) => {
  const board = () => boardOf({ sensor: { sensors: [{ name: "a", ...sensor }] } });
  expect(board).toThrow(BoardError);
  expect(board).toThrow(path);
});
