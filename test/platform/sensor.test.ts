import { describe, expect, test } from "vitest";
import { RELEASE_NAMES, type Release } from "../../src/protocols/index.ts";
import { boardFile, boardOf, exampleWith, PROTOCOL, rig } from "./kit.ts";

const { BASE, SENSOR: S } = PROTOCOL;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, BUSY, HARDWARE_ERROR] = [-1, -2, -3, -4, -6, -9] as const;
const PROTOCOL_ERROR = -10;

// Sensors of examples/boards/example.yaml
const [CPU, VDD, , , ACCEL, HUMIDITY, BATTERY, SECURE] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const COUNT = 8;
/** Whose thermal sensor the guest may only read. */
const READ_ONLY_CPU = exampleWith(["sensor", "sensors", CPU, "readOnly"], ["GUEST"]);
/** From which SCMI 3.0 has the sensor protocol 2.0. */
const isV2 = (profile: Release) => RELEASE_NAMES.indexOf(profile) >= RELEASE_NAMES.indexOf("3.0");

describe("two faults at once", () => {
  test.each([
    [COUNT, NOT_FOUND],
    [0x10000, NOT_FOUND],
    [0xffffffff, NOT_FOUND],
    [SECURE, DENIED],
  ])("a sensor that is not there or denied (%i) comes first", (sensor, status) => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x4, sensor, 0xff],
      [0x5, sensor, 0xffffffff, 0, 0],
      [0x6, sensor, 0xff],
      [0x6, sensor, 1],
      [0x7, sensor, 999],
      [0x8, sensor, 999],
      [0x9, sensor],
      [0xa, sensor, 0xffffffff],
      [0xb, sensor, 0xff],
      [0xc, sensor],
      [0xd, sensor, 999],
    ] as const) {
      expect(agent(3).status(S, id, ...words), `0x${id.toString(16)}`).toBe(status);
    }
  });

  test("then rights, but behind the words of trip points, then illegal words, then abilities", () => {
    const { agent } = rig(READ_ONLY_CPU);
    expect(agent(3).status(S, 0x5, CPU, 0xffffffff, 0, 0)).toBe(INVALID_PARAMETERS); // as Arm's tests have it
    expect(agent(3).status(S, 0x5, CPU, 0x3, 0, 0)).toBe(DENIED);
    expect(agent(3).status(S, 0xa, CPU, 0x1fc)).toBe(DENIED);
    expect(agent(1).status(S, 0x5, VDD, 0xffffffff, 0, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0xa, VDD, 0x1fe)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0xa, VDD, 0x2)).toBe(NOT_SUPPORTED);
    // A sensor without trip points or updates, and reserved bits: as Arm's tests have it
    expect(agent(1).status(S, 0x4, VDD, 2)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0x4, VDD, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, 0x5, VDD, 0, 0, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0xb, VDD, 2)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0xb, VDD, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, 0x6, VDD, 3)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0x6, VDD, 1)).toBe(NOT_SUPPORTED);
    // Off, and asked for what it cannot
    expect(agent(1).status(S, 0x6, ACCEL, 2)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0x6, ACCEL, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(S, 0x6, ACCEL, 0)).toBe(PROTOCOL_ERROR);
  });

  test("who may only read reads, and may listen", () => {
    const { agent } = rig(READ_ONLY_CPU);
    expect(agent(3).status(S, 0x6, CPU, 0)).toBe(0);
    expect(agent(3).status(S, 0x4, CPU, 1)).toBe(0);
    expect(agent(3).status(S, 0xa, BATTERY, 1)).toBe(0);
  });
});

describe.each(RELEASE_NAMES)("SENSOR_DESCRIPTION_GET of release %s", (profile) => {
  /** All records, as words, by walking them one by one as Linux does. */
  function recordsOf(agentId: number, name: string): number[][] {
    const { agent } = rig(boardFile(name), { profile });
    const records: number[][] = [];
    for (let remaining = 1; remaining > 0; ) {
      const [status, flags = 0, ...rest] = agent(agentId).call(S, 0x3, records.length);
      expect(status).toBe(0);
      expect(flags & 0xf000).toBe(0);
      remaining = flags >>> 16;
      const returned = flags & 0xfff;
      expect(returned).toBeGreaterThan(0);
      expect(2 + rest.length).toBeLessThanOrEqual(25);
      for (let i = 0; i < returned; i++) {
        const [, low = 0, high = 0] = rest;
        const isExtended = (low & 0x100) !== 0;
        records.push(rest.splice(0, isExtended ? ((high & 0x100) !== 0 ? 8 : 13) : 7));
      }
      expect(rest).toEqual([]);
    }
    return records;
  }

  test("lists every sensor in its place, in pages of 100 bytes", () => {
    const records = recordsOf(1, "example");
    expect(records.map(([id]) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const sizes = isV2(profile) ? [7, 13, 7, 7, 8, 7, 7, 7] : [7, 7, 7, 7, 7, 7, 7, 7];
    expect(records.map(({ length }) => length)).toEqual(sizes);
    expect(recordsOf(1, "large")).toHaveLength(256);
  });

  test("sets only the bits that its version has", () => {
    const records = recordsOf(1, "example");
    const union = (index: number) => records.reduce((all, words) => (all | (words[index] as number)) >>> 0, 0);
    if (!isV2(profile)) {
      // Bits 30:8 are zero; bit 8, 10:9 and 21:16 of the other word
      expect(union(1) & 0x7fffff00).toBe(0);
      expect(union(2) & 0x003f0700).toBe(0);
      expect((records[CPU]?.[2] as number) >>> 22).toBe((10 << 5) | 0b11110); // 10 × 10^-2 s
    } else {
      expect(union(1) & 0x1fff8000).toBe(0);
      expect(union(2) & 0xffc00600).toBe(0);
      expect((union(1) & 0x20000000) !== 0).toBe(profile === "3.1" || profile === "3.2");
    }
  });

  test("ends with what an agent may use, keeps the place of what it may not use before, and says nothing of it", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect((agent(3).call(S, 0x1)[1] as number) & 0xffff).toBe(COUNT - 1);
    expect(recordsOf(3, "example")).toHaveLength(COUNT - 1);
    expect(agent(3).call(S, 0x3, SECURE)).toEqual([INVALID_PARAMETERS]);
    if (profile === "1.0") return; // without permissions that change
    agent(2).status(PROTOCOL.BASE, 0x9, 3, 0, 0); // device 0 has sensors 0 and 1
    expect(agent(3).call(S, 0x3, CPU).slice(2, 9)).toEqual([CPU, 0, 0, 0, 0, 0, 0]);
  });

  test("past the end is INVALID_PARAMETERS", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).call(S, 0x3, COUNT)).toEqual([INVALID_PARAMETERS]);
    expect(agent(1).call(S, 0x3, 0xffffffff)).toEqual([INVALID_PARAMETERS]);
  });
});

test("a channel without room for a single record says so", () => {
  const { agent } = rig(boardFile("example"), { maxPayload: 56 });
  expect(agent(1).call(S, 0x3, 0)).toHaveLength(2 + 7);
  expect(agent(1).call(S, 0x3, VDD)).toEqual([PROTOCOL_ERROR]);
  expect(agent(1).call(S, 0x7, ACCEL, 1)).toHaveLength(2 + 7);
  expect(rig(boardFile("example"), { maxPayload: 60 }).agent(1).call(S, 0x3, VDD)).toHaveLength(2 + 13);
});

describe("axes", () => {
  test("come in pages, with their sizes, and their long names for every axis", () => {
    const { agent } = rig(boardFile("example"));
    const first = agent(1).call(S, 0x7, ACCEL, 0);
    expect(first.slice(0, 2)).toEqual([0, 2 | (1 << 26)]);
    expect(first).toHaveLength(2 + 12 + 7);
    expect(agent(1).call(S, 0x7, ACCEL, 2).slice(0, 4)).toEqual([0, 1, 2, 0x200]);
    for (const index of [3, 64, 0xffffffff]) expect(agent(1).status(S, 0x7, ACCEL, index)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(S, 0x7, VDD, 0)).toBe(NOT_SUPPORTED);
    for (const axis of [0, 1, 2]) {
      const names = agent(1).call(S, 0xd, ACCEL, axis);
      expect(names.slice(0, 3)).toEqual([0, 1 | ((2 - axis) << 26), axis]);
      expect(names).toHaveLength(3 + 16);
    }
    expect(agent(1).status(S, 0xd, ACCEL, 3)).toBe(NOT_FOUND);
    expect(agent(1).status(S, 0xd, VDD, 0)).toBe(NOT_SUPPORTED);
  });

  test("long names are for sensors that have one", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).call(S, 0xc, BATTERY)).toHaveLength(2 + 16);
    expect(agent(1).status(S, 0xc, VDD)).toBe(NOT_SUPPORTED);
  });
});

describe("update intervals", () => {
  const board = (intervalsUs: unknown) => boardOf({ sensor: { sensors: [{ name: "a", intervalsUs }] } });
  const word = (seconds: number, exponent: number) => (seconds << 5) | (exponent & 0x1f);
  const config = (seconds: number, exponent: number, rounding = 0) =>
    ((seconds << 16) | ((exponent & 0x1f) << 11) | rounding | 1) >>> 0;

  test("come in pages", () => {
    const { agent } = rig(board([1000, 2000, 3000, 4000, 5000]), { maxPayload: 16 });
    expect(agent(1).call(S, 0x8, 0, 0)).toEqual([0, 2 | (3 << 16), word(1, -3), word(2, -3)]);
    expect(agent(1).call(S, 0x8, 0, 4)).toEqual([0, 1, word(5, -3)]);
    expect(agent(1).status(S, 0x8, 0, 5)).toBe(INVALID_PARAMETERS);
  });

  test.each<[string, unknown, wanted: readonly [number, number], rounding: number, got: readonly [number, number]]>([
    ["the same", [1000, 10_000], [10, -3], 0, [10, -3]],
    ["the same, said otherwise", [1000, 10_000], [1, -2], 0, [10, -3]],
    ["down", [1000, 10_000, 100_000], [99, -3], 0, [10, -3]],
    ["up", [1000, 10_000, 100_000], [11, -3], 0x200, [100, -3]],
    ["closest, which overrules up", [1000, 10_000, 100_000], [11, -3], 0x600, [10, -3]],
    ["closest", [1000, 10_000, 100_000], [60, -3], 0x400, [100, -3]],
    ["down below the lowest", [1000, 10_000], [1, -4], 0, [1, -3]],
    ["up above the highest", [1000, 10_000], [1, 0], 0x200, [10, -3]],
    ["down in a range", { lowest: 10_000, highest: 1e6, step: 10_000 }, [119, -3], 0, [110, -3]],
    ["up in a range", { lowest: 10_000, highest: 1e6, step: 10_000 }, [111, -3], 0x200, [120, -3]],
    ["closest in a range", { lowest: 10_000, highest: 1e6, step: 10_000 }, [114, -3], 0x400, [110, -3]],
    ["on a step of a range", { lowest: 10_000, highest: 1e6, step: 10_000 }, [3, -1], 0, [300, -3]],
    ["beyond a range", { lowest: 10_000, highest: 1e6, step: 10_000 }, [5, 1], 0x200, [1000, -3]],
  ])("are rounded: %s", (_name, intervalsUs, [seconds, exponent], rounding, got) => {
    const { agent } = rig(board(intervalsUs));
    expect(agent(1).status(S, 0xa, 0, config(seconds, exponent, rounding))).toBe(0);
    expect(agent(1).call(S, 0x9, 0)).toEqual([0, config(...got)]);
    expect(agent(1).status(S, 0xa, 0, 1), "0 leaves it alone").toBe(0);
    expect(agent(1).call(S, 0x9, 0)).toEqual([0, config(...got)]);
  });

  test("of 0 seconds are illegal, and those of a sensor without any are not supported", () => {
    const { agent } = rig(board([1000]));
    expect(agent(1).status(S, 0xa, 0, config(0, -3))).toBe(INVALID_PARAMETERS);
    const { agent: other } = rig(boardOf({ sensor: { sensors: [{ name: "a" }, { name: "b", intervalsUs: [1000] }] } }));
    expect(other(1).status(S, 0xa, 0, config(1, 0))).toBe(NOT_SUPPORTED);
    expect(other(1).status(S, 0x8, 0, 0)).toBe(NOT_SUPPORTED);
    expect(other(1).call(S, 0x9, 0)).toEqual([0, 1]);
  });
});

describe("SENSOR_READING_GET", () => {
  test.each(RELEASE_NAMES)("answers in the layout of release %s", (profile) => {
    const { agent, platform } = rig(boardFile("example"), { profile });
    expect(agent(1).call(S, 0x6, VDD, 0)).toEqual(isV2(profile) ? [0, 900, 0, 0, 0] : [0, 900, 0]);
    platform.sensor.setReading(VDD, -1500);
    expect(agent(1).call(S, 0x6, VDD, 0).slice(0, 3)).toEqual([0, 0xfffffa24, 0xffffffff]);
    platform.sensor.setReading(VDD, -(2n ** 63n));
    expect(agent(1).call(S, 0x6, VDD, 0).slice(0, 3)).toEqual([0, 0, 0x80000000]);
    // Before 3.0 there are neither axes nor sensors that are off
    const accel = agent(1).call(S, 0x6, ACCEL, 0);
    if (isV2(profile)) expect(accel).toEqual([PROTOCOL_ERROR]);
    else expect(accel).toHaveLength(3);
  });

  test("gives every axis its value and the time", () => {
    const { agent, clock } = rig(boardFile("example"));
    expect(agent(1).status(S, 0xa, ACCEL, 3)).toBe(0);
    clock.advance(500); // a quarter of the sine's period
    const time = [500_000, 0];
    expect(agent(1).call(S, 0x6, ACCEL, 0)).toEqual([
      0,
      120,
      0,
      ...time,
      0xfffffff9,
      0xffffffff,
      ...time,
      9806,
      0,
      ...time,
    ]);
    // Timestamps are each agent's own
    expect(agent(2).status(S, 0xa, ACCEL, 1)).toBe(0);
    expect(agent(2).call(S, 0x6, ACCEL, 0).slice(3, 5)).toEqual([0, 0]);
    expect(agent(1).call(S, 0x6, ACCEL, 0).slice(3, 5)).toEqual(time);
  });

  test("is on while any agent wants it", () => {
    const { agent, platform } = rig(boardFile("example"));
    const switched: unknown[] = [];
    platform.on("sensorSwitched", ({ agentId, sensorId, isEnabled }) => switched.push([agentId, sensorId, isEnabled]));
    agent(1).status(S, 0xa, ACCEL, 1);
    agent(2).status(S, 0xa, ACCEL, 1);
    agent(1).status(S, 0xa, ACCEL, 0);
    expect(agent(1).status(S, 0x6, ACCEL, 0)).toBe(0);
    agent(2).status(S, 0xa, ACCEL, 0);
    expect(agent(1).status(S, 0x6, ACCEL, 0)).toBe(PROTOCOL_ERROR);
    expect(switched).toEqual([
      [1, ACCEL, true],
      [2, ACCEL, false],
    ]);
  });

  test("of a constant is the core's to answer, of anything else the host's", () => {
    const { agent, platform } = rig(boardFile("example"));
    const seen: unknown[] = [];
    const value = (sensor: number) => agent(1).call(S, 0x6, sensor, 0)[1];
    const stop = platform.on("sensorRead", ({ agentId, sensorId, values }) => seen.push([agentId, sensorId, values]));
    expect(value(VDD)).toBe(900);
    expect(seen).toEqual([[1, VDD, [900]]]);
    stop();
    platform.sensor.setSignal(VDD, () => 901);
    expect(value(VDD)).toBe(901);
    platform.sensor.setReading(VDD, 902);
    expect(value(VDD)).toBe(902);
    agent(1).status(S, 0xa, VDD, 0);
    expect(agent(1).status(S, 0x6, VDD, 0)).toBe(PROTOCOL_ERROR);
    agent(1).status(S, 0xa, VDD, 1);
    expect(value(VDD)).toBe(902);
    platform.sensor.setFault(VDD, true);
    expect(agent(1).status(S, 0x6, VDD, 0)).toBe(HARDWARE_ERROR);
    platform.sensor.setFault(VDD, false);
    expect(value(VDD)).toBe(902);
  });
});

describe("an asynchronous reading", () => {
  test("completes after its time, with the value of then", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    expect(agent(1).call(S, 0x6, HUMIDITY, 1)).toEqual([0]);
    platform.sensor.setReading(HUMIDITY, 412);
    agent(1).takeP2a();
    clock.advance(1.999);
    expect(agent(1).takeP2a()).toEqual([]);
    clock.advance(0.001);
    expect(agent(1).takeP2a()).toMatchObject([{ type: 2, messageId: 0x6, words: [0, HUMIDITY, 412, 0, 0, 0] }]);
    expect(agent(1).call(S, 0x6, HUMIDITY, 0)[1]).toBe(412);
  });

  test("of version 1.0 completes with a value alone", () => {
    const { agent, clock } = rig(boardFile("example"), { profile: "2.0" });
    expect(agent(1).call(S, 0x6, HUMIDITY, 1)).toEqual([0]);
    agent(1).takeP2a();
    clock.advance(2);
    expect(agent(1).takeP2a()).toMatchObject([{ type: 2, words: [0, HUMIDITY, 350, 0] }]);
  });

  test("is BUSY while the sensor is read, and beyond the depth of the agent", () => {
    const sensors = [0, 1, 2].map((i) => ({ name: `s${i}`, asyncLatencyUs: 1000 }));
    const { agent, clock } = rig(
      boardOf({ agents: [{ name: "A" }, { name: "B" }], sensor: { asyncDepth: 2, sensors } }),
    );
    expect(agent(1).status(S, 0x6, 0, 1)).toBe(0);
    expect(agent(1).status(S, 0x6, 0, 1)).toBe(BUSY);
    expect(agent(2).status(S, 0x6, 0, 1)).toBe(BUSY);
    expect(agent(1).status(S, 0x6, 1, 1)).toBe(0);
    expect(agent(1).status(S, 0x6, 2, 1)).toBe(BUSY);
    expect(agent(2).status(S, 0x6, 2, 1)).toBe(0);
    clock.advance(1);
    expect(agent(1).takeP2a()).toHaveLength(2);
    expect(agent(1).status(S, 0x6, 0, 1)).toBe(0);
  });

  test("that fails on its way says so in its delayed response", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    agent(1).call(S, 0x6, HUMIDITY, 1);
    platform.sensor.setFault(HUMIDITY, true);
    agent(1).takeP2a();
    clock.advance(2);
    expect(
      agent(1)
        .takeP2a()
        .map(({ type, words }) => [type, words.map((it) => it | 0)]),
    ).toEqual([[2, [HARDWARE_ERROR]]]);
  });
});

describe("trip points", () => {
  const RISING = 1;
  const FALLING = 2;
  const place = (point: number, event: number) => (point << 4) | event;

  function tripped(...values: readonly number[]) {
    const { agent, platform } = rig(boardOf({ sensor: { sensors: [{ name: "a", tripPoints: 3, signal: 50 }] } }));
    agent(1).status(S, 0x4, 0, 1);
    agent(1).status(S, 0x5, 0, place(0, RISING), 60, 0);
    agent(1).status(S, 0x5, 0, place(1, FALLING), 60, 0);
    agent(1).status(S, 0x5, 0, place(2, RISING | FALLING), 80, 0);
    agent(1).takeP2a();
    return values.map((value) => {
      platform.sensor.setReading(0, value);
      return agent(1)
        .takeP2a()
        .map(({ words }) => words[2]);
    });
  }
  const up = (point: number) => point | 0x10000;

  test("fire when they are reached or crossed, in their direction, and only once", () => {
    expect(tripped(59, 60, 61, 60, 59, 60)).toEqual([[], [up(0)], [], [1], [], [up(0)]]);
    expect(tripped(60, 59)).toEqual([[up(0)], []]); // it stood on the point and went away from it
    expect(tripped(90, 90, 10)).toEqual([[up(0), up(2)], [], [1, 2]]);
  });

  test("of negative values go by the sign", () => {
    const { agent, platform } = rig(boardOf({ sensor: { sensors: [{ name: "a", tripPoints: 1 }] } }));
    agent(1).status(S, 0x4, 0, 1);
    agent(1).status(S, 0x5, 0, place(0, FALLING), -10, -1);
    agent(1).takeP2a();
    platform.sensor.setReading(0, -9);
    expect(agent(1).takeP2a()).toEqual([]);
    platform.sensor.setReading(0, -11);
    expect(agent(1).takeP2a()).toHaveLength(1);
  });

  test("are told to those who listen, and observers hear of them in any case", () => {
    const { agent, platform } = rig(boardFile("example"));
    const seen: unknown[] = [];
    platform.on("sensorTripped", ({ sensorId, tripPointId, isRising, value }) =>
      seen.push([sensorId, tripPointId, isRising, value]),
    );
    agent(1).status(S, 0x5, CPU, place(1, RISING), 90_000, 0);
    agent(2).status(S, 0x4, CPU, 1);
    for (const { heard } of [agent(1), agent(2)]) heard.length = 0;
    platform.sensor.setReading(CPU, 95_000);
    expect(seen).toEqual([[CPU, 1, true, 95_000]]);
    expect([agent(1), agent(2), agent(3)].map((it) => it.takeP2a().length)).toEqual([0, 1, 0]);
    agent(2).status(S, 0x4, CPU, 0);
    agent(2).takeP2a();
    platform.sensor.setReading(CPU, 1);
    platform.sensor.setReading(CPU, 95_000);
    expect(agent(2).takeP2a()).toEqual([]);
  });

  test("are looked at while time passes, at the sensor's interval, and not after they are off", () => {
    const { agent, clock } = rig(boardFile("example"));
    // 20.00 °C to 45.00 °C in ten seconds, again and again, looked at twice a second
    agent(1).status(S, 0x4, BATTERY, 1);
    agent(1).status(S, 0x5, BATTERY, place(2, RISING | FALLING), 3000, 0);
    agent(1).takeP2a();
    clock.advance(3_999);
    expect(agent(1).takeP2a()).toEqual([]);
    clock.advance(1);
    expect(agent(1).takeP2a()).toMatchObject([{ words: [0, BATTERY, up(2)] }]);
    clock.advance(6_000);
    expect(agent(1).takeP2a()).toMatchObject([{ words: [0, BATTERY, 2] }]);
    agent(1).status(S, 0x5, BATTERY, place(2, 0), 3000, 0);
    agent(1).takeP2a();
    clock.advance(20_000);
    expect(agent(1).takeP2a()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("are not crossed by what a sensor does while it is off", () => {
    const { agent, platform } = rig(boardOf({ sensor: { sensors: [{ name: "a", tripPoints: 1 }] } }));
    agent(1).status(S, 0x4, 0, 1);
    agent(1).status(S, 0x5, 0, place(0, RISING), 10, 0);
    agent(1).status(S, 0xa, 0, 0);
    platform.sensor.setReading(0, 20);
    agent(1).status(S, 0xa, 0, 1);
    expect(agent(1).takeP2a()).toEqual([]);
  });

  test("that do not exist, and reserved bits, are illegal", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(S, 0x5, CPU, place(1, 3), 0, 0)).toBe(0);
    for (const word of [place(2, 3), place(3, 0), place(255, 3), 4, 8, 0x1000, 0x80000000]) {
      expect(agent(1).status(S, 0x5, CPU, word, 0, 0), word.toString(16)).toBe(INVALID_PARAMETERS);
    }
  });
});

describe("continuous updates", () => {
  test("come at the configured interval, while the sensor is on, to those who listen", () => {
    const { agent, clock } = rig(boardFile("example"));
    expect(agent(1).status(S, 0xb, ACCEL, 1)).toBe(0);
    clock.advance(5000);
    expect(agent(1).takeP2a(), "off").toEqual([]);
    expect(clock.pending).toBe(0);
    agent(1).status(S, 0xa, ACCEL, ((50 << 16) | (0x1d << 11) | 3) >>> 0); // 50 ms
    agent(1).takeP2a();
    clock.advance(49);
    expect(agent(1).takeP2a()).toEqual([]);
    clock.advance(951);
    const updates = agent(1).takeP2a();
    expect(updates).toHaveLength(20);
    expect(updates[0]).toMatchObject({ type: 3, messageId: 0x1 });
    expect(updates[0]?.words.slice(0, 2)).toEqual([0, ACCEL]);
    expect(updates.map(({ words }) => words[4])).toEqual(updates.map((_, i) => 5_000_000 + 50_000 * (i + 1)));
    expect(updates[0]?.words).toHaveLength(2 + 3 * 4);
    agent(1).status(S, 0xb, ACCEL, 0);
    clock.advance(1000);
    expect(agent(1).takeP2a()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("a reset of the agent's configuration", () => {
  test("takes back votes, intervals, trip points and subscriptions", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    agent(1).status(S, 0xa, ACCEL, ((50 << 16) | (0x1d << 11) | 1) >>> 0);
    agent(1).status(S, 0xb, ACCEL, 1);
    agent(1).status(S, 0x4, CPU, 1);
    agent(1).status(S, 0x5, CPU, 0x13, 70_000, 0);
    expect(agent(1).status(BASE, 0xb, 1, 0)).toBe(0);
    agent(1).takeP2a();
    expect(agent(2).call(S, 0x9, ACCEL)).toEqual([0, ((10 << 16) | (0x1d << 11) | 2) >>> 0]);
    platform.sensor.setReading(CPU, 80_000);
    clock.advance(10_000);
    expect(agent(1).takeP2a()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  const updatesOf = (events: readonly { readonly messageId: number }[]) => events.filter((it) => it.messageId === 1);

  test("gives back a sensor that it switched off to those who listen", () => {
    const { agent, clock } = rig(boardFile("example"));
    expect(agent(2).status(S, 0xb, BATTERY, 1)).toBe(0);
    expect(agent(1).status(S, 0xa, BATTERY, 0)).toBe(0);
    agent(2).takeP2a();
    clock.advance(2000);
    expect(agent(2).takeP2a()).toEqual([]);
    expect(agent(1).status(BASE, 0xb, 1, 0)).toBe(0);
    clock.advance(1000); // every half second, as the board says
    expect(updatesOf(agent(2).takeP2a())).toHaveLength(2);
  });

  test("gives back the update interval at once", () => {
    const { agent, clock } = rig(boardFile("example"));
    expect(agent(1).status(S, 0xa, BATTERY, (1 << 16) | 1)).toBe(0); // 1 s
    expect(agent(2).status(S, 0xb, BATTERY, 1)).toBe(0);
    agent(2).takeP2a();
    clock.advance(1);
    expect(agent(1).status(BASE, 0xb, 1, 0)).toBe(0);
    clock.advance(500);
    expect(updatesOf(agent(2).takeP2a())).toHaveLength(1);
  });

  test("takes for no crossing what a sensor did while it was off", () => {
    const { agent, platform } = rig(boardFile("example"));
    platform.sensor.setReading(BATTERY, 2000);
    agent(2).status(S, 0x5, BATTERY, 3, 3000, 0);
    agent(2).status(S, 0x4, BATTERY, 1);
    agent(1).status(S, 0xa, BATTERY, 0);
    platform.sensor.setReading(BATTERY, 4000);
    agent(2).takeP2a();
    agent(1).status(BASE, 0xb, 1, 0);
    agent(2).status(S, 0x6, BATTERY, 0);
    expect(agent(2).takeP2a()).toEqual([]);
    platform.sensor.setReading(BATTERY, 2500);
    expect(agent(2).takeP2a()).toHaveLength(1);
  });
});

describe("negotiation", () => {
  test("to version 1.0 and back switches descriptions, readings and what there is, for one agent", () => {
    const { agent, clock } = rig(boardFile("example"));
    expect(agent(1).status(S, 0x10, 0x10000)).toBe(0);
    expect(agent(1).call(S, 0x6, VDD, 0)).toEqual([0, 900, 0]);
    expect(agent(1).call(S, 0x3, VDD).slice(2, 4)).toEqual([VDD, 0]);
    expect(agent(1).status(S, 0x9, VDD)).toBe(NOT_FOUND);
    expect(agent(1).call(S, 0x6, ACCEL, 0)).toHaveLength(3);
    expect(agent(2).call(S, 0x6, VDD, 0)).toEqual([0, 900, 0, 0, 0]);
    agent(1).call(S, 0x6, HUMIDITY, 1);
    agent(1).takeP2a();
    clock.advance(2);
    expect(agent(1).takeP2a()).toMatchObject([{ words: [0, HUMIDITY, 350, 0] }]);
    expect(agent(1).status(S, 0x10, 0x30001)).toBe(0);
    expect(agent(1).call(S, 0x6, VDD, 0)).toEqual([0, 900, 0, 0, 0]);
    expect(agent(1).status(S, 0x10, 0x30002)).toBe(NOT_SUPPORTED);
  });
});

describe("rights", () => {
  test("given and taken with a device decide who sees a sensor and hears of it", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(S, 0x4, SECURE, 1);
    agent(1).status(S, 0x5, SECURE, 1, 100, 0);
    expect(agent(3).status(S, 0x6, SECURE, 0)).toBe(DENIED);
    expect(agent(2).status(BASE, 0x9, 3, 3, 1)).toBe(0);
    expect(agent(3).call(S, 0x6, SECURE, 0)[1]).toBe(38);
    expect(agent(2).status(BASE, 0xa, 1, 3, S, 0)).toBe(0);
    expect(agent(1).status(S, 0x6, SECURE, 0)).toBe(DENIED);
    agent(1).takeP2a();
    platform.sensor.setReading(SECURE, 120);
    expect(agent(1).takeP2a()).toEqual([]);
  });
});

describe("the owner's side", () => {
  test("refuses sensors and axes that are not there, and what no reading can say", () => {
    const { platform } = rig(boardFile("example"));
    expect(platform.sensor.reading(ACCEL, 2)).toBe(9806);
    platform.sensor.setReading(ACCEL, 9000, 2);
    expect(platform.sensor.reading(ACCEL, 2)).toBe(9000);
    expect(() => platform.sensor.reading(COUNT)).toThrow(RangeError);
    expect(() => platform.sensor.setReading(ACCEL, 1, 3)).toThrow(RangeError);
    expect(() => platform.sensor.setReading(VDD, 0.5)).toThrow('"value" expected integer');
    expect(platform.sensor.isEnabled(ACCEL)).toBe(false);
  });
});
