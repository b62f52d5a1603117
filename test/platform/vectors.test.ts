import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Release } from "../../src/protocols/index.ts";
import { boardOf, type Client, type Heard, hex, PROTOCOL, rig, unhex, words } from "./kit.ts";

// The worked examples of the reference texts, answered byte for byte by a platform built to match. test/vectors/README.md has
// their origin. What is left out is listed below, with the reason.

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly protocol: number;
  readonly message: number;
  readonly payload: string;
}

const VECTORS = new Map<string, Vector>(
  ["10-base", "13-performance", "14-clock", "16-reset-domain", "17-voltage", "notifications"].flatMap((name) => {
    const file = new URL(`../vectors/${name}.json`, import.meta.url);
    const { messages } = JSON.parse(readFileSync(file, "utf8")) as { messages: Vector[] };
    return messages.map((vector) => [vector.id, vector] as const);
  }),
);

/** Not to be had from this platform, which lists no more protocols than its board has. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "10-15.2-response": "6 protocols",
  "10-15.4-response-1": "6 protocols",
  "10-15.4-response-2": "6 protocols",
  "10-15.4-response-3": "6 protocols",
  "10-15.4-request-1": "6 protocols",
  "10-15.4-request-2": "6 protocols",
  "10-15.2-request": "6 protocols",
};

const used = new Set<string>();

function vector(id: string): Vector {
  const found = VECTORS.get(id);
  if (!found) throw new Error(`no vector ${id}`);
  used.add(id);
  return found;
}

/** Sends one worked command, and compares the answer with the worked response. */
function exchange(client: Client, request: string, response: string): void {
  const { protocol, message, payload } = vector(request);
  expect(hex(client.bytes(protocol, message, unhex(payload))), response).toBe(vector(response).payload);
}

function heard({ words: payload }: Heard): string {
  return hex(words(...payload));
}

const AGENTS = [{ name: "PSCI" }, { name: "OSPM" }, { name: "MANAGEMENT", trusted: true }];

describe("the worked examples of Base", () => {
  const board = boardOf({ agents: AGENTS, devices: [{ id: 5 }] });
  const { agent, platform } = rig(board, { profile: "3.2" });

  test.each([
    ["10-15.1-request", "10-15.1-response"],
    ["10-15.3-request", "10-15.3-response"],
    ["10-15.5-request-1", "10-15.5-response-1"],
    ["10-15.5-request-2", "10-15.5-response-2"],
    ["10-15.6-request", "10-15.6-response"],
    ["10-15.7-request", "10-15.7-response"],
  ])("%s", (request, response) => {
    exchange(agent(2), request, response);
  });

  test("10-15.8-notification", () => {
    agent(2).call(PROTOCOL.BASE, 0x8, 1);
    agent(2).takeP2a();
    platform.reportErrors(2, [{ header: 0x00844404, status: -9 }]);
    expect(agent(2).takeP2a().map(heard)).toEqual([vector("10-15.8-notification").payload]);
  });
});

const CPU_BIG = {
  name: "cpu-big",
  levels: [
    { level: 600, power: 150000, latencyUs: 50 },
    { level: 1400, power: 480000, latencyUs: 50 },
    { level: 2000, power: 1100000, latencyUs: 60 },
  ],
  sustained: { level: 2000, frequencyKhz: 2000000 },
  rateLimitUs: 1000,
  level: 600,
  setLevel: "OSPM",
  setLimits: ["OSPM"],
  notifyLimits: true,
  fastChannels: {
    levelSet: {
      address: 0x06200100,
      rateLimitUs: 200,
      doorbell: { address: 0x2c400010, widthBits: 32, set: 8, preserve: 0xfffffff7 },
    },
  },
};

function performance(profile: Release, statistics?: object) {
  return rig(
    boardOf({
      agents: [{ name: "OSPM" }],
      performance: {
        powerUnit: "microwatt",
        ...(statistics ? { statistics } : {}),
        domains: [
          CPU_BIG,
          {
            name: "indexed",
            levelIndexing: true,
            levels: [
              { level: 100, power: 150000, latencyUs: 50, frequencyKhz: 600000, index: 1 },
              { level: 412, power: 1100000, latencyUs: 60, frequencyKhz: 2000000, index: 2 },
            ],
            setLevel: "OSPM",
          },
        ],
      },
    }),
    { profile, maxPayload: 48 },
  );
}

describe("the worked examples of Performance", () => {
  test("13-15.1: the statistics lie where the board says; their length is ours", () => {
    const { agent } = performance("3.2", { address: 0x1_8040_0000 });
    const { payload } = vector("13-15.1-request");
    const answer = hex(agent(1).bytes(PROTOCOL.PERFORMANCE, 0x1, unhex(payload)));
    // Head of 24 bytes for two offsets, blocks of 16, five levels of 24
    const length = hex(words(24 + 2 * 16 + 5 * 24));
    expect(answer).toBe(vector("13-15.1-response").payload.slice(0, 32) + length);
  });

  test("13-15.2: domain attributes, of a platform with FastChannels but without level notifications", () => {
    exchange(performance("2.0").agent(1), "13-15.2-request", "13-15.2-response");
  });

  test("13-15.3: levels in two parts, over a channel with room for two", () => {
    const { agent } = rig(
      boardOf({ agents: [{ name: "OSPM" }], performance: { powerUnit: "milliwatt", domains: [CPU_BIG] } }),
      { profile: "2.0", maxPayload: 40 },
    );
    exchange(agent(1), "13-15.3-request-1", "13-15.3-response-1");
    exchange(agent(1), "13-15.3-request-2", "13-15.3-response-2");
  });

  test("13-15.4: five words a level, and a level by its index", () => {
    const { agent, platform } = performance("3.2");
    const answer = hex(agent(1).bytes(PROTOCOL.PERFORMANCE, 0x4, words(1, 0)));
    expect(answer).toBe(vector("13-15.4-response").payload);
    platform.performance.setLevel(1, 1);
    const { message, payload } = vector("13-15.4-request");
    expect(agent(1).bytes(PROTOCOL.PERFORMANCE, message, unhex(payload))).toEqual(words(0));
    expect(platform.performance.level(1)).toBe(2);
  });

  test("13-15.5 to 15.7: limits, a level outside of them, and what is told", () => {
    const { agent, platform } = performance("3.1");
    exchange(agent(1), "13-15.7-request", "13-15.7-response");
    exchange(agent(1), "13-15.5-request-1", "13-15.5-response-1");
    exchange(agent(1), "13-15.6-request", "13-15.6-response");
    exchange(agent(1), "13-15.5-request-2", "13-15.5-response-2");
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 1400 });
    platform.performance.setLimits(0, { max: 1400, min: 600 });
    expect(agent(1).takeP2a().map(heard).at(-1)).toBe(vector("13-15.7-notification").payload);
  });

  test("13-15.8: a FastChannel with a doorbell", () => {
    const { agent } = performance("3.2");
    exchange(agent(1), "13-15.8-request-1", "13-15.8-response-1");
    exchange(agent(1), "13-15.8-request-2", "13-15.8-response-2");
  });
});

describe("the worked examples of Clock", () => {
  const clocks = [
    { name: "root", rates: { lowest: 24e6, highest: 1.2e9, step: 1e6 }, enabled: true },
    {
      name: "gpu_clk",
      rates: { lowest: 6.25e6, highest: 1e9, step: 6.25e6 },
      enabled: true,
      enableDelayUs: 250,
      parents: ["root", "other"],
      asyncLatencyUs: 1000,
      notifyChanged: true,
      extendedConfig: { dutyCycle: 0 },
      permissions: { OSPM: { parent: false } },
    },
    { name: "other", rates: [1e8, 2e8, 5e9] },
  ];
  const build = (maxPayload?: number) =>
    rig(boardOf({ agents: AGENTS, clock: { asyncDepth: 2, clocks } }), maxPayload === undefined ? {} : { maxPayload });

  test.each([
    ["14-11.1-request", "14-11.1-response"],
    ["14-11.2-request", "14-11.2-response"],
    ["14-11.3-request", "14-11.3-response"],
    ["14-11.8-request-1", "14-11.8-response-1"],
    ["14-11.8-request-2", "14-11.8-response-2"],
    ["14-11.10-request", "14-11.10-response"],
  ])("%s", (request, response) => {
    exchange(build().agent(2), request, response);
  });

  test("14-11.4: a list in two parts, over a channel with room for two", () => {
    const { agent } = build(24);
    const answers = [0, 2].map((index) => hex(agent(2).bytes(PROTOCOL.CLOCK, 0x4, words(2, index))));
    expect(answers).toEqual([vector("14-11.4-response-1").payload, vector("14-11.4-response-2").payload]);
  });

  test("14-11.5 and 14-11.9: an asynchronous rate, and what is told", () => {
    const { agent, clock } = build();
    exchange(agent(2), "14-11.9-request", "14-11.9-response");
    exchange(agent(2), "14-11.5-request", "14-11.5-response");
    agent(2).takeP2a();
    clock.advance(1);
    const [changed, delayed] = agent(2).takeP2a();
    expect([changed, delayed].map((it) => it && [it.type, heard(it)])).toEqual([
      [3, vector("14-11.9-notification").payload],
      [2, vector("14-11.5-delayed").payload],
    ]);
  });

  test("14-11.6 and 14-11.7: configurations in both formats", () => {
    const { agent } = build();
    for (const id of ["14-11.6-request-1", "14-11.6-request-2", "14-11.6-request-3"]) {
      exchange(agent(2), id, "14-11.6-response");
    }
    exchange(agent(2), "14-11.7-request", "14-11.7-response");
  });
});

describe("the worked examples of Reset", () => {
  const domains = [
    ...["0", "1", "2", "3"].map((name) => ({ name })),
    { name: "usb0", asyncLatencyUs: 250, latencyUs: 250, notify: true },
  ];
  const build = (usb0: object = {}) =>
    rig(
      boardOf({
        agents: AGENTS,
        reset: { domains: [{ ...domains[4], name: "other" }, ...domains.slice(1, 4), { ...domains[4], ...usb0 }] },
      }),
    );

  test("16-12.1: domain attributes; the name is short, so that there is no long one", () => {
    const { payload } = vector("16-12.1-request");
    const answer = hex(build().agent(2).bytes(PROTOCOL.RESET, 0x3, unhex(payload)));
    expect(answer).toBe(vector("16-12.1-response").payload.replace("000000e0", "000000c0"));
  });

  test("16-12.2: explicit control", () => {
    const { agent, platform } = build();
    exchange(agent(2), "16-12.2-request-1", "16-12.2-response-1");
    expect(platform.reset.isAsserted(4)).toBe(true);
    exchange(agent(2), "16-12.2-request-2", "16-12.2-response-2");
    expect(platform.reset.isAsserted(4)).toBe(false);
  });

  test("16-12.3 and 16-12.4: an asynchronous reset, and what is told", () => {
    const { agent, clock } = build();
    exchange(agent(2), "16-12.5-request", "16-12.2-response-1");
    exchange(agent(2), "16-12.3-request", "16-12.3-response");
    agent(2).takeP2a();
    clock.advance(0.25);
    const [issued, delayed] = agent(2).takeP2a();
    expect([issued, delayed].map((it) => it && [it.type, heard(it)])).toEqual([
      [3, vector("16-12.4-notification").payload],
      [2, vector("16-12.3-delayed").payload],
    ]);
  });

  test("16-12.5 and 16-12.6: nothing to tell, and illegal flags", () => {
    const { agent } = build({ notify: false });
    exchange(agent(2), "16-12.5-request", "16-12.5-response");
    exchange(agent(2), "16-12.6-request", "16-12.6-response");
  });
});

describe("the worked examples of Voltage", () => {
  const domains = [
    { name: "0", levelsUv: { lowest: 600000, highest: 1200000, step: 12500 } },
    { name: "1", levelsUv: [800000, 850000, 900000, 950000, 1000000] },
    {
      name: "vdd_gpu_cluster_of_the_second_die",
      levelsUv: [800000, 900000],
      asyncLatencyUs: 300,
      mode: 0,
    },
  ];
  const build = (maxPayload = 100) => rig(boardOf({ agents: AGENTS, voltage: { domains } }), { maxPayload });

  test.each([
    ["17-9.1-request", "17-9.1-response"],
    ["17-9.2-request", "17-9.2-response"],
    ["17-9.4-request", "17-9.4-response"],
    ["17-9.6-request-1", "17-9.6-response-1"],
    ["17-9.6-request-2", "17-9.6-response-2"],
  ])("%s", (request, response) => {
    exchange(build().agent(2), request, response);
  });

  test("17-9.3: a list in two parts, over a channel with room for three", () => {
    const { agent } = build(20);
    exchange(agent(2), "17-9.3-request-1", "17-9.3-response-1");
    exchange(agent(2), "17-9.3-request-2", "17-9.3-response-2");
  });

  test("17-9.5: an asynchronous level, and its delayed response", () => {
    const { agent, clock, platform } = build();
    exchange(agent(2), "17-9.5-request", "17-9.5-response");
    agent(2).takeP2a();
    clock.advance(0.3);
    expect(
      agent(2)
        .takeP2a()
        .map((it) => [it.type, heard(it)]),
    ).toEqual([[2, vector("17-9.5-delayed").payload]]);
    expect(platform.voltage.level(2)).toBe(900000);
  });
});

test("notifications 6.1: the platform changes a watched clock", () => {
  const clocks = Array.from({ length: 5 }, (_, i) => ({ name: `clk${i}`, rates: [1e6, 4e8], notifyChanged: true }));
  const { agent, platform } = rig(boardOf({ clock: { clocks } }));
  const ids = [...VECTORS.keys()].filter((id) => id.startsWith("notifications-6.1"));
  const [request, response, changed] = ids as [string, string, string];
  exchange(agent(1), request, response);
  agent(1).takeP2a();
  platform.clock.setRate(4, 4e8);
  expect(agent(1).takeP2a().map(heard)).toEqual([vector(changed).payload]);
});

test("no worked example of these protocols is forgotten", () => {
  const own = [...VECTORS.values()].filter(({ id, protocol }) => {
    return !(id in LEFT_OUT) && [0x10, 0x13, 0x14, 0x16, 0x17].includes(protocol);
  });
  expect(own.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([]);
});
