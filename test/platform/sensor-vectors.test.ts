import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { PlatformOptions } from "../../src/platform/platform.ts";
import { boardOf, type Client, type Heard, hex, PROTOCOL, rig, unhex, words } from "./kit.ts";

// The worked examples of the sensor text, answered byte for byte. What is asked first, and what the sensors measure, is chosen to match.

const S = PROTOCOL.SENSOR;

const VECTORS = new Map<string, { readonly id: string; readonly message: number; readonly payload: string }>(
  ["15-sensor", "notifications"].flatMap((name) => {
    const { messages } = JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
    return messages
      .filter(({ protocol }: { protocol: number }) => protocol === S)
      .map((vector: { id: string }) => [vector.id, vector]);
  }),
);

const used = new Set<string>();

function payloadOf(id: string): string {
  const found = VECTORS.get(id);
  if (!found) throw new Error(`no vector ${id}`);
  used.add(id);
  return found.payload;
}

function exchange(client: Client, request: string, response: string): void {
  const payload = payloadOf(request);
  expect(hex(client.bytes(S, VECTORS.get(request)?.message ?? -1, unhex(payload))), response).toBe(payloadOf(response));
}

/** For a response whose request the text leaves out. */
function answers(client: Client, messageId: number, request: readonly number[], response: string): void {
  expect(hex(client.bytes(S, messageId, words(...request)))).toBe(payloadOf(response));
}

function heard({ words: payload }: Heard): string {
  return hex(words(...payload));
}

const SOC_TEMP = {
  name: "soc_temp",
  type: "celsius",
  exponent: -3,
  tripPoints: 2,
  intervalsUs: [500000],
  signal: 20000,
};
const VDD_CORE = {
  ...{ name: "vdd_core", type: "volt", exponent: -3, tripPoints: 1, signal: 915 },
  ...{ timestampExponent: -6, continuousUpdates: true, intervalsUs: [10000, 100000, 1000000] },
  ...{ powerUw: 350, resolution: { magnitude: 1, exponent: -3 }, range: { min: 0, max: 1500 } },
};
const ACCEL = {
  ...{ name: "accel", type: "metre-per-second-squared", exponent: -3, asyncLatencyUs: 500 },
  axes: [
    { name: "x", signal: 12 },
    { name: "y", signal: -7 },
    { name: "z", signal: 9806 },
  ],
};

function build(sensors: readonly object[], options: Omit<PlatformOptions, "clock"> = {}) {
  return rig(boardOf({ sensor: { asyncDepth: 1, sensors } }), options);
}

test("12.1: protocol attributes", () => {
  const sensors = [SOC_TEMP, { name: "a" }, { name: "b" }, { name: "c" }];
  exchange(build(sensors).agent(1), "15-12.1-request", "15-12.1-response");
});

test("12.2: a description of version 1.0, with its interval", () => {
  exchange(build([SOC_TEMP], { profile: "2.0" }).agent(1), "15-12.2-request", "15-12.2-response");
});

test("12.3: a scalar sensor with extended attributes", () => {
  answers(build([VDD_CORE]).agent(1), 0x3, [0], "15-12.3-response");
});

test("12.4: a sensor with axes, and these in two parts, over a channel with room for two", () => {
  const { agent } = build([VDD_CORE, ACCEL], { maxPayload: 64 });
  answers(agent(1), 0x3, [1], "15-12.4-response-1");
  exchange(agent(1), "15-12.4-request-1", "15-12.4-response-2");
  exchange(agent(1), "15-12.4-request-2", "15-12.4-response-3");
});

test("12.5: update intervals, a list and a segment", () => {
  const list = { name: "list", intervalsUs: [10_000, 1_000_000] };
  const segment = { name: "segment", intervalsUs: { lowest: 10_000, highest: 1_000_000, step: 10_000 } };
  const { agent } = build([list, segment]);
  answers(agent(1), 0x8, [0, 0], "15-12.5-response-1");
  answers(agent(1), 0x8, [1, 0], "15-12.5-response-2");
});

test("12.6: a configuration that is set, and read back", () => {
  const { agent } = build([VDD_CORE]);
  exchange(agent(1), "15-12.6-request-1", "15-12.6-response-1");
  exchange(agent(1), "15-12.6-request-2", "15-12.6-response-2");
});

test("12.7: readings of both layouts", () => {
  exchange(build([{ name: "a", signal: -1500 }], { profile: "1.0" }).agent(1), "15-12.7-request", "15-12.7-response-1");
  const { agent, clock } = build([VDD_CORE]);
  clock.advance(1_234_567.89);
  exchange(agent(1), "15-12.7-request", "15-12.7-response-2");
});

test("12.8: an asynchronous reading of three axes", () => {
  const { agent, clock } = build([VDD_CORE, ACCEL]);
  exchange(agent(1), "15-12.8-request", "15-12.8-response");
  const { token } = agent(1).heard[0] as Heard;
  agent(1).takeP2a();
  clock.advance(0.5);
  const [delayed] = agent(1).takeP2a();
  expect(delayed && [delayed.type, delayed.messageId, delayed.token, heard(delayed)]).toEqual([
    ...[2, 0x6, token],
    payloadOf("15-12.8-delayed"),
  ]);
});

test("12.9: a trip point at 95 °C and its event", () => {
  const { agent, platform } = build([SOC_TEMP]);
  exchange(agent(1), "15-12.9-request-1", "15-12.9-response-1");
  exchange(agent(1), "15-12.9-request-2", "15-12.9-response-2");
  agent(1).takeP2a();
  platform.sensor.setReading(0, 95_000);
  expect(
    agent(1)
      .takeP2a()
      .map((it) => [it.type, it.messageId, it.token, heard(it)]),
  ).toEqual([[3, 0x0, 0, payloadOf("15-12.9-notification")]]);
});

test("12.10: continuous updates", () => {
  const { agent, clock, platform } = build([{ ...VDD_CORE, intervalUs: 100_000 }]);
  clock.advance(1_234_567.89);
  exchange(agent(1), "15-12.10-request", "15-12.10-response");
  agent(1).takeP2a();
  platform.sensor.setReading(0, 921);
  clock.advance(100);
  expect(agent(1).takeP2a().map(heard)).toEqual([payloadOf("15-12.10-notification")]);
});

test("12.11: a long name", () => {
  const { agent } = build([{ name: "vdd_core_cluster0_sense" }]);
  exchange(agent(1), "15-12.11-request", "15-12.11-response");
});

test("notifications 6.3: trip point 2 of sensor 12", () => {
  const sensors = Array.from({ length: 13 }, (_, i) => ({ name: `s${i}`, tripPoints: 3 }));
  const { agent, platform } = build(sensors);
  agent(1).call(S, 0x5, 12, (2 << 4) | 1, 7, 0);
  agent(1).call(S, 0x4, 12, 1);
  agent(1).takeP2a();
  platform.sensor.setReading(12, 8);
  expect(agent(1).takeP2a().map(heard)).toEqual([payloadOf("notifications-6.3-notification")]);
});

test("no worked example is forgotten", () => {
  expect([...VECTORS.keys()].filter((id) => !used.has(id))).toEqual([]);
});
