import { describe, expect, test } from "vitest";
import { RELEASE_NAMES, type Release } from "../../src/protocols/index.ts";
import { asWords, boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

// Request bytes of every command, from the tables of the reference texts and not from ours: [id, since release, bytes…].

const SIZES: Readonly<Record<number, readonly (readonly [id: number, since: Release, ...bytes: number[]])[]>> = {
  [PROTOCOL.BASE]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 0],
    [0x4, "1.0", 0],
    [0x5, "1.0", 0],
    [0x6, "1.0", 4],
    [0x7, "1.0", 4],
    [0x8, "1.0", 4],
    [0x9, "2.0", 12],
    [0xa, "2.0", 16],
    [0xb, "2.0", 8],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.POWER]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 4],
    [0x4, "1.0", 12],
    [0x5, "1.0", 4],
    [0x6, "1.0", 8],
    [0x7, "2.0", 8],
    [0x8, "3.1", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.SYSTEM_POWER]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 8],
    [0x4, "1.0", 0],
    [0x5, "1.0", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.PERFORMANCE]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 4],
    [0x4, "1.0", 8],
    [0x5, "1.0", 12],
    [0x6, "1.0", 4],
    [0x7, "1.0", 8],
    [0x8, "1.0", 4],
    [0x9, "1.0", 8],
    [0xa, "1.0", 8],
    [0xb, "2.0", 8],
    [0xc, "3.1", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.CLOCK]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 4],
    [0x4, "1.0", 8],
    [0x5, "1.0", 16],
    [0x6, "1.0", 4],
    [0x7, "1.0", 8],
    [0x8, "3.1", 4],
    [0x9, "3.1", 8],
    [0xa, "3.1", 8],
    [0xb, "3.2", 8],
    [0xc, "3.2", 8],
    [0xd, "3.2", 8],
    [0xe, "3.2", 4],
    [0xf, "3.2", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.SENSOR]: [
    [0x0, "1.0", 0],
    [0x1, "1.0", 0],
    [0x2, "1.0", 4],
    [0x3, "1.0", 4],
    [0x4, "1.0", 8],
    [0x5, "1.0", 16],
    [0x6, "1.0", 8],
    [0x7, "3.0", 8],
    [0x8, "3.0", 8],
    [0x9, "3.0", 4],
    [0xa, "3.0", 8],
    [0xb, "3.0", 8],
    [0xc, "3.1", 4],
    [0xd, "3.1", 8],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.RESET]: [
    [0x0, "2.0", 0],
    [0x1, "2.0", 0],
    [0x2, "2.0", 4],
    [0x3, "2.0", 4],
    [0x4, "2.0", 12],
    [0x5, "2.0", 8],
    [0x6, "3.1", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.VOLTAGE]: [
    [0x0, "3.0", 0],
    [0x1, "3.0", 0],
    [0x2, "3.0", 4],
    [0x3, "3.0", 4],
    [0x4, "3.0", 8],
    [0x5, "3.0", 8],
    [0x6, "3.0", 4],
    [0x7, "3.0", 12],
    [0x8, "3.0", 4],
    [0x9, "3.1", 4],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.POWERCAP]: [
    [0x0, "3.1", 0],
    [0x1, "3.1", 0],
    [0x2, "3.1", 4],
    [0x3, "3.1", 4],
    [0x4, "3.1", 4],
    [0x5, "3.1", 12],
    [0x6, "3.1", 4],
    [0x7, "3.1", 12],
    [0x8, "3.1", 4],
    [0x9, "3.1", 4],
    [0xa, "3.1", 8],
    [0xb, "3.1", 16],
    [0xc, "3.1", 8],
    [0x10, "3.2", 4],
  ],
  [PROTOCOL.PINCTRL]: [
    [0x0, "3.2", 0],
    [0x1, "3.2", 0],
    [0x2, "3.2", 4],
    [0x3, "3.2", 8],
    [0x4, "3.2", 12],
    [0x5, "3.2", 8],
    [0x6, "3.2", 12], // of zeros: without settings
    [0x7, "3.2", 8],
    [0x8, "3.2", 8],
    [0x9, "3.2", 8],
    [0xa, "3.2", 12],
    [0x10, "3.2", 4],
  ],
};

/** From 3.2 on CLOCK_CONFIG_SET has a third word, that may be missing where its type is 0. */
function sizesOf(profile: Release, protocolId: number, id: number): readonly number[] | undefined {
  const [, since, ...bytes] = SIZES[protocolId]?.find(([it]) => it === id) ?? [];
  if (since === undefined || RELEASE_NAMES.indexOf(profile) < RELEASE_NAMES.indexOf(since)) return undefined;
  return protocolId === PROTOCOL.CLOCK && id === 0x7 && profile === "3.2" ? [8, 12] : bytes;
}

const NOT_FOUND = -4;
const PROTOCOL_ERROR = -10;

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  const present = Object.entries(PROTOCOL).filter(([, id]) => sizesOf(profile, id, 0x0) !== undefined);

  test.each(present)("judges message ids, then sizes: %s", (_, protocolId) => {
    const { agent } = rig(boardFile("example"), { profile });
    const client = agent(2);
    const wrong: string[] = [];
    for (let id = 0; id <= 0xff; id++) {
      const sizes = sizesOf(profile, protocolId, id);
      // What nobody knows, in a few lengths; what somebody knows, in all
      const lengths = id <= 0x12 ? Array.from({ length: 101 }, (_, i) => i) : [0, 4, 100];
      for (const byteLength of lengths) {
        const payload = new Uint8Array(byteLength);
        const [status] = asWords(client.bytes(protocolId, id, payload));
        const expected = sizes === undefined ? NOT_FOUND : sizes.includes(byteLength) ? "another" : PROTOCOL_ERROR;
        const isRight = expected === "another" ? status !== PROTOCOL_ERROR : status === expected;
        if (!isRight) wrong.push(`0x${id.toString(16)} with ${byteLength} bytes: ${expected}, got ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each(present)("says in PROTOCOL_MESSAGE_ATTRIBUTES what it has: %s", (_, protocolId) => {
    const { agent } = rig(boardFile("example"), { profile });
    for (let id = 0; id <= 0x1ff; id++) {
      const expected = id <= 0xff && sizesOf(profile, protocolId, id) !== undefined ? 0 : NOT_FOUND;
      expect(agent(1).status(protocolId, 0x2, id), `message 0x${id.toString(16)}`).toBe(expected);
    }
  });

  test("answers a failure with the status alone", () => {
    const { agent } = rig(boardFile("example"), { profile });
    expect(agent(1).bytes(PROTOCOL.PERFORMANCE, 0x3, new Uint8Array(5)).byteLength).toBe(4);
    expect(agent(1).call(PROTOCOL.PERFORMANCE, 0x3, 99)).toEqual([NOT_FOUND]);
    expect(agent(1).call(PROTOCOL.CLOCK, 0x4, 99, 0)).toEqual([NOT_FOUND]);
  });
});

describe("an optional command is there when a resource needs it, and not found else", () => {
  const levels = [{ level: 1 }];
  const domain = { name: "a", levels };
  const clock = { name: "a", rates: [1] };
  const long = "a-name-that-is-too-long-for-a-short-field";

  test.each<[command: string, id: number, domain: object]>([
    ["PERFORMANCE_NOTIFY_LIMITS", 0x9, { notifyLimits: true }],
    ["PERFORMANCE_NOTIFY_LEVEL", 0xa, { notifyLevel: true }],
    ["PERFORMANCE_DESCRIBE_FASTCHANNEL", 0xb, { fastChannels: { levelGet: {} } }],
    ["PERFORMANCE_DOMAIN_NAME_GET", 0xc, { name: long }],
  ])("%s", (_, id, more) => {
    const optional = [0x9, 0xa, 0xb, 0xc];
    const { agent } = rig(boardOf({ performance: { domains: [domain, { ...domain, name: "b", ...more }] } }));
    const found = optional.filter((it) => agent(1).status(PROTOCOL.PERFORMANCE, 0x2, it) === 0);
    expect(found).toEqual([id]);
    const answered = optional.filter((it) => agent(1).status(PROTOCOL.PERFORMANCE, it, 1, 8) !== NOT_FOUND);
    expect(answered).toEqual([id]);
  });

  test.each<[command: string, id: number, domain: object]>([
    ["POWER_STATE_NOTIFY", 0x6, { notifyChanged: true }],
    ["POWER_STATE_CHANGE_REQUESTED_NOTIFY", 0x7, { notifyRequested: true }],
    ["POWER_DOMAIN_NAME_GET", 0x8, { name: long }],
  ])("%s", (_, id, more) => {
    const optional = [0x6, 0x7, 0x8];
    const { agent } = rig(boardOf({ power: { domains: [{ name: "a" }, { name: "b", ...more }] } }));
    const found = optional.filter((it) => agent(1).status(PROTOCOL.POWER, 0x2, it) === 0);
    expect(found).toEqual([id]);
    const answered = optional.filter((it) => agent(1).status(PROTOCOL.POWER, it, 1, 8) !== NOT_FOUND);
    expect(answered).toEqual([id]);
  });

  test.each<[command: string, id: number, domain: object]>([
    ["POWERCAP_CAP_SET", 0x5, { caps: { lowest: 1, highest: 2 } }],
    ["POWERCAP_PAI_SET", 0x7, { paisUs: { lowest: 1, highest: 2 } }],
    ["POWERCAP_DOMAIN_NAME_GET", 0x8, { name: long }],
    ["POWERCAP_CAP_NOTIFY", 0xa, { notifyCap: true }],
    ["POWERCAP_MEASUREMENTS_NOTIFY", 0xb, { notifyMeasurements: true }],
    ["POWERCAP_DESCRIBE_FASTCHANNEL", 0xc, { fastChannels: { capGet: {} } }],
  ])("%s", (_, id, more) => {
    const optional = [0x5, 0x7, 0x8, 0xa, 0xb, 0xc];
    const fixed = { name: "a", caps: { lowest: 1, highest: 1 }, paisUs: { lowest: 1, highest: 1 } };
    const { agent } = rig(boardOf({ powercap: { domains: [fixed, { ...fixed, name: "b", ...more }] } }));
    const found = optional.filter((it) => agent(1).status(PROTOCOL.POWERCAP, 0x2, it) === 0);
    expect(found).toEqual([id]);
  });

  test.each<[command: string, id: number, more: object]>([
    ["PINCTRL_LIST_ASSOCIATIONS", 0x4, { groups: [{ name: "g", pins: ["a"] }] }],
    ["PINCTRL_NAME_GET", 0x9, { pins: [{ name: "a" }, { name: long }] }],
  ])("%s", (_, id, more) => {
    const { agent } = rig(boardOf({ pinctrl: { pins: [{ name: "a" }], ...more } }));
    const found = [0x4, 0x9].filter((it) => agent(1).status(PROTOCOL.PINCTRL, 0x2, it) === 0);
    expect(found).toEqual([id]);
  });

  test.each<[command: string, ids: readonly number[], clock: object]>([
    ["CLOCK_NAME_GET", [0x8], { name: long }],
    ["CLOCK_RATE_NOTIFY", [0x9], { notifyChanged: true }],
    ["CLOCK_RATE_CHANGE_REQUESTED_NOTIFY", [0xa], { notifyRequested: true }],
    ["CLOCK_POSSIBLE_PARENTS_GET, CLOCK_PARENT_SET, CLOCK_PARENT_GET", [0xc, 0xd, 0xe], { parents: ["a"] }],
    ["CLOCK_GET_PERMISSIONS", [0xf], { permissions: { OSPM: { rate: false } } }],
  ])("%s", (_, ids, more) => {
    const optional = [0x8, 0x9, 0xa, 0xc, 0xd, 0xe, 0xf];
    const { agent } = rig(boardOf({ clock: { clocks: [clock, { ...clock, name: "b", ...more }] } }));
    const found = optional.filter((it) => agent(1).status(PROTOCOL.CLOCK, 0x2, it) === 0);
    expect(found).toEqual(ids);
    const answered = optional.filter((it) => agent(1).status(PROTOCOL.CLOCK, it, 1, 0) !== NOT_FOUND);
    expect(answered).toEqual(ids);
  });
});

describe("an optional command of sensors is there when a sensor needs it", () => {
  test.each<[command: string, ids: readonly number[], sensor: object]>([
    ["SENSOR_TRIP_POINT_NOTIFY, SENSOR_TRIP_POINT_CONFIG", [0x4, 0x5], { tripPoints: 1 }],
    ["SENSOR_AXIS_DESCRIPTION_GET", [0x7], { axes: [{ name: "x" }] }],
    ["SENSOR_LIST_UPDATE_INTERVALS", [0x8], { intervalsUs: [1000] }],
    ["SENSOR_CONTINUOUS_UPDATE_NOTIFY", [0xb], { continuousUpdates: true }],
    ["SENSOR_NAME_GET", [0xc], { name: "a-name-that-is-too-long-for-a-short-field" }],
    ["SENSOR_AXIS_NAME_GET", [0x7, 0xd], { axes: [{ name: "a-name-that-is-too-long-for-a-short-field" }] }],
  ])("%s", (_, ids, more) => {
    const optional = [0x4, 0x5, 0x7, 0x8, 0xb, 0xc, 0xd];
    const { agent } = rig(boardOf({ sensor: { sensors: [{ name: "a" }, { name: "b", ...more }] } }));
    const found = optional.filter((it) => agent(1).status(PROTOCOL.SENSOR, 0x2, it) === 0);
    expect(found).toEqual(ids);
  });
});

describe("an optional command of reset and voltage domains, too", () => {
  const long = "a-name-that-is-too-long-for-a-short-field";

  test.each<[command: string, id: number, domain: object]>([
    ["RESET_NOTIFY", 0x5, { notify: true }],
    ["RESET_DOMAIN_NAME_GET", 0x6, { name: long }],
  ])("%s", (_, id, more) => {
    const { agent } = rig(boardOf({ reset: { domains: [{ name: "a" }, { name: "b", ...more }] } }));
    expect([0x5, 0x6].filter((it) => agent(1).status(PROTOCOL.RESET, 0x2, it) === 0)).toEqual([id]);
    expect([0x5, 0x6].filter((it) => agent(1).status(PROTOCOL.RESET, it, 1, 8) !== NOT_FOUND)).toEqual([id]);
  });

  test("VOLTAGE_DOMAIN_NAME_GET", () => {
    for (const name of ["b", long]) {
      const levelsUv = [1];
      const domains = [
        { name: "a", levelsUv },
        { name, levelsUv },
      ];
      const { agent } = rig(boardOf({ voltage: { domains } }));
      expect(agent(1).status(PROTOCOL.VOLTAGE, 0x2, 0x9)).toBe(name === long ? 0 : NOT_FOUND);
      expect(agent(1).status(PROTOCOL.VOLTAGE, 0x9, 1)).toBe(name === long ? 0 : NOT_FOUND);
    }
  });
});

test("judges types and protocols before everything else", () => {
  const { agent } = rig(boardFile("example"));
  expect(agent(1).status(0x1f, 0)).toBe(-1);
  expect(agent(1).status(0x7f, 0x77, 1, 2)).toBe(-1);
  for (const type of [1, 2, 3]) {
    agent(1).takeP2a();
    agent(1).port.receive(Uint8Array.of(0, 0x40 | type, 0, 0));
    expect(agent(1).heard.map(({ type, words }) => [type, words.map((it) => it | 0)])).toEqual([[type, [-10]]]);
  }
});

test("refuses what is longer than its channel, and ignores what has no header", () => {
  const { agent } = rig(boardFile("example"));
  expect(agent(1).port.maxPayload).toBe(100);
  expect(asWords(agent(1).bytes(PROTOCOL.BASE, 0, new Uint8Array(101)))).toEqual([PROTOCOL_ERROR]);
  expect(asWords(agent(1).bytes(PROTOCOL.BASE, 0, new Uint8Array(5000)))).toEqual([PROTOCOL_ERROR]);
  agent(1).takeP2a();
  for (let length = 0; length < 4; length++) agent(1).port.receive(new Uint8Array(length));
  expect(agent(1).heard).toEqual([]);
  expect(agent(1).port.headerless).toBe(4);
  expect(agent(1).call(PROTOCOL.BASE, 0)).toEqual([0, 0x20001]);
});
