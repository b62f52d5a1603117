import { describe, expect, test } from "vitest";
import { RELEASE_NAMES } from "../../src/protocols/index.ts";
import { boardFile, boardOf, PROTOCOL, rig } from "./kit.ts";

const { BASE, PERFORMANCE, CLOCK } = PROTOCOL;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND] = [-1, -2, -3, -4] as const;
const OWN = 0xffffffff;

function text(words: readonly number[]): string {
  return words
    .flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff))
    .filter((code) => code !== 0)
    .map((code) => String.fromCharCode(code))
    .join("");
}

/** Whatever else our boards come to have. */
const TWO_PROTOCOLS = boardOf({
  performance: { domains: [{ name: "cpu", levels: [{ level: 1 }] }] },
  clock: { clocks: [{ name: "osc", rates: [1] }] },
});

describe("discovery", () => {
  test("names the platform", () => {
    const { agent } = rig(boardFile("example"));
    expect(text(agent(1).call(BASE, 0x3).slice(1))).toBe("scmi-wasm");
    expect(text(agent(1).call(BASE, 0x4).slice(1))).toBe("example");
    expect(agent(1).call(BASE, 0x5)).toEqual([0, 0x10000]);
  });

  test("has no sub-vendor where the board has none, and says so twice", () => {
    const { agent } = rig(boardOf({}));
    expect(agent(1).status(BASE, 0x4)).toBe(NOT_FOUND);
    expect(agent(1).status(BASE, 0x2, 0x4)).toBe(NOT_FOUND);
    expect(agent(1).call(BASE, 0x1)).toEqual([0, 0x0100]);
    expect(agent(1).call(BASE, 0x6, 0)).toEqual([0, 0]);
  });

  test("lists protocols: all, some, none, and too many", () => {
    const { agent } = rig(TWO_PROTOCOLS);
    expect(agent(1).call(BASE, 0x6, 0)).toEqual([0, 2, 0x1413]);
    expect(agent(1).call(BASE, 0x6, 1)).toEqual([0, 1, 0x14]);
    expect(agent(1).call(BASE, 0x6, 2)).toEqual([0, 0]);
    expect(agent(1).status(BASE, 0x6, 3)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(BASE, 0x6, OWN)).toBe(INVALID_PARAMETERS);
  });

  test("lists four protocols in a word, and says so when there is no room for one", () => {
    const narrow = rig(TWO_PROTOCOLS, { maxPayload: 12 });
    expect(narrow.agent(1).call(BASE, 0x6, 0)).toEqual([0, 2, 0x1413]);
    const none = rig(TWO_PROTOCOLS, { maxPayload: 8 });
    expect(none.agent(1).call(BASE, 0x6, 0)).toEqual([-10]);
    expect(none.agent(1).call(BASE, 0x6, 2)).toEqual([0, 0]);
  });

  test.each(RELEASE_NAMES)("names agents in the layout of release %s", (profile) => {
    const { agent } = rig(boardFile("example"), { profile });
    const isFirst = profile === "1.0";
    const names = [0, 1, 2, 3].map((id) => {
      const [status, ...rest] = agent(3).call(BASE, 0x7, id);
      expect(rest).toHaveLength(isFirst ? 4 : 5);
      if (!isFirst) expect(rest.shift()).toBe(id);
      return [status, text(rest)];
    });
    expect(names).toEqual([
      [0, "platform"],
      [0, "OSPM"],
      [0, "MANAGEMENT"],
      [0, "GUEST"],
    ]);
    expect(agent(3).status(BASE, 0x7, 4)).toBe(NOT_FOUND);
    if (isFirst) expect(agent(3).status(BASE, 0x7, OWN)).toBe(NOT_FOUND);
    else expect(agent(3).call(BASE, 0x7, OWN).slice(0, 2)).toEqual([0, 3]);
  });
});

describe("BASE_NOTIFY_ERRORS", () => {
  test("is off at first, concerns one agent, and takes no reserved bits", () => {
    const { agent, platform } = rig(boardFile("example"));
    const failed = [{ header: 0x1234, status: -9 }];
    platform.reportErrors(1, failed);
    expect(agent(1).takeP2a()).toEqual([]);
    expect(agent(1).status(BASE, 0x8, 0xf)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(BASE, 0x8, 1)).toBe(0);
    agent(1).takeP2a();
    platform.reportErrors(2, failed);
    platform.reportErrors(1, failed, { isFatal: true });
    expect(
      agent(1)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[1, 0x80000001, 0x1234, 0xfffffff7]]);
    expect(agent(2).takeP2a()).toEqual([]);
    expect(agent(1).status(BASE, 0x8, 0)).toBe(0);
    agent(1).takeP2a();
    platform.reportErrors(1, failed);
    expect(agent(1).takeP2a()).toEqual([]);
  });
});

describe("BASE_ERROR_EVENT", () => {
  const reports = (count: number) => Array.from({ length: count }, (_, i) => ({ header: 0x1000 + i, status: -9 }));

  function heard(count: number, maxPayload: number) {
    const { agent, platform } = rig(boardFile("example"), { maxPayload });
    const dropped: number[] = [];
    platform.on("notificationDropped", ({ header }) => dropped.push(header & 0xff));
    agent(1).status(BASE, 0x8, 1);
    agent(1).takeP2a();
    platform.reportErrors(1, reports(count));
    const events = agent(1).takeP2a();
    return { events: events.map(({ words }) => words), dropped };
  }

  test("comes as often as the reports need to fit the channel, and none is lost", () => {
    const { events } = heard(25, 100);
    expect(events.map((words) => [words[0], words[1], words.length])).toEqual([
      [1, 11, 2 + 2 * 11],
      [1, 11, 2 + 2 * 11],
      [1, 3, 2 + 2 * 3],
    ]);
    expect(events.flatMap((words) => words.slice(2).filter((_, i) => i % 2 === 0))).toEqual(
      reports(25).map(({ header }) => header),
    );
  });

  test("has at most 1023 reports, and may have none", () => {
    expect(heard(1030, 16_384).events.map((words) => words[1])).toEqual([1023, 7]);
    expect(heard(0, 100).events).toEqual([[1, 0]]);
  });

  test("that fits no channel is told to who observes", () => {
    expect(heard(1, 12)).toEqual({ events: [], dropped: [0] });
  });
});

describe("permissions", () => {
  const SET_DEVICE = 0x9;
  const SET_PROTOCOL = 0xa;

  test("are for trusted agents to change, whatever else is wrong", () => {
    const { agent } = rig(boardFile("example"));
    for (const id of [1, 3]) {
      expect(agent(id).status(BASE, SET_DEVICE, 1, 1, 0)).toBe(DENIED);
      expect(agent(id).status(BASE, SET_DEVICE, 99, 99, 0xff)).toBe(DENIED);
      expect(agent(id).status(BASE, SET_PROTOCOL, 99, 99, 99, 0xff)).toBe(DENIED);
    }
  });

  test("name an agent, a device, and then legal flags", () => {
    const { agent } = rig(boardFile("example"));
    const status = (...words: number[]) => agent(2).status(BASE, SET_DEVICE, ...words);
    expect(status(0, 1, 0)).toBe(NOT_FOUND); // the platform is no agent to deny
    expect(status(4, 1, 2)).toBe(NOT_FOUND);
    expect(status(1, 4, 2)).toBe(NOT_FOUND);
    expect(status(1, 1, 2)).toBe(INVALID_PARAMETERS);
    expect(status(1, 1, 0x80000001)).toBe(INVALID_PARAMETERS);
    expect(status(1, 1, 1)).toBe(0);
    const ofProtocol = (...words: number[]) => agent(2).status(BASE, SET_PROTOCOL, ...words);
    expect(ofProtocol(1, 1, BASE, 0)).toBe(NOT_FOUND);
    expect(ofProtocol(1, 1, 0x15, 0)).toBe(NOT_FOUND);
    expect(ofProtocol(1, 2, PERFORMANCE, 0)).toBe(NOT_FOUND); // a device with clocks only
    expect(ofProtocol(1, 1, PERFORMANCE | 0x100, 0)).toBe(INVALID_PARAMETERS);
    expect(ofProtocol(1, 1, PERFORMANCE, 2)).toBe(INVALID_PARAMETERS);
    expect(ofProtocol(1, 1, PERFORMANCE, 1)).toBe(0);
  });

  test("take a device's resources away, and give them back", () => {
    const { agent } = rig(boardFile("example"));
    const reach = () => [
      agent(1).status(PERFORMANCE, 0x3, 3),
      agent(1).status(PERFORMANCE, 0x8, 3),
      agent(1).status(CLOCK, 0x3, 2),
      agent(1).status(CLOCK, 0x6, 2),
      agent(1).status(PERFORMANCE, 0x8, 0),
      agent(3).status(PERFORMANCE, 0x8, 3),
    ];
    const all = [0, 0, 0, 0, 0, 0];
    expect(reach()).toEqual(all);
    expect(agent(2).status(BASE, SET_DEVICE, 1, 1, 0)).toBe(0);
    expect(reach()).toEqual([DENIED, DENIED, NOT_FOUND, NOT_FOUND, 0, 0]);
    expect(agent(2).status(BASE, SET_DEVICE, 1, 1, 1)).toBe(0);
    expect(reach()).toEqual(all);
  });

  test("take one protocol of a device away", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(2).status(BASE, SET_PROTOCOL, 1, 1, CLOCK, 0)).toBe(0);
    expect(agent(1).status(CLOCK, 0x6, 2)).toBe(NOT_FOUND);
    expect(agent(1).status(PERFORMANCE, 0x8, 3)).toBe(0);
    // The device has its own permission, and this one stays
    expect(agent(2).status(BASE, SET_DEVICE, 1, 1, 1)).toBe(0);
    expect(agent(1).status(CLOCK, 0x6, 2)).toBe(NOT_FOUND);
    expect(agent(2).status(BASE, SET_PROTOCOL, 1, 1, CLOCK, 1)).toBe(0);
    expect(agent(1).status(CLOCK, 0x6, 2)).toBe(0);
  });

  test("deny the protocol when none of its resources is left, and no longer list it", () => {
    const { agent } = rig(
      boardOf({
        agents: [{ name: "OSPM", trusted: true }],
        devices: [
          { id: 7, clocks: ["a"] },
          { id: 8, clocks: ["b"] },
        ],
        clock: {
          clocks: [
            { name: "a", rates: [1] },
            { name: "b", rates: [2] },
          ],
        },
      }),
    );
    expect(agent(1).status(BASE, SET_DEVICE, 1, 7, 0)).toBe(0);
    expect(agent(1).status(CLOCK, 0x0)).toBe(0);
    expect(agent(1).status(BASE, SET_DEVICE, 1, 8, 0)).toBe(0);
    for (const id of [0x0, 0x1, 0x77]) expect(agent(1).status(CLOCK, id)).toBe(DENIED);
    expect(agent(1).call(BASE, 0x1)).toEqual([0, 0x0100]);
    expect(agent(1).call(BASE, 0x6, 0)).toEqual([0, 0]);
    expect(agent(1).status(BASE, SET_DEVICE, 1, 8, 1)).toBe(0);
    expect(agent(1).status(CLOCK, 0x0)).toBe(0);
    expect(agent(1).call(BASE, 0x6, 0)).toEqual([0, 1, CLOCK]);
  });

  test("of the board hold from the start", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(CLOCK, 0x6, 5)).toBe(0);
    expect(agent(3).status(CLOCK, 0x6, 5)).toBe(NOT_FOUND);
    expect(agent(2).status(BASE, SET_DEVICE, 3, 3, 1)).toBe(0);
    expect(agent(3).status(CLOCK, 0x6, 5)).toBe(0);
  });

  test("are not for somebody to give whom the board keeps from the device", () => {
    const { agent } = rig(
      boardOf({
        agents: [{ name: "A", trusted: true }, { name: "B" }],
        devices: [{ id: 1, clocks: ["a"], deniedAgents: ["A"] }],
        clock: {
          clocks: [
            { name: "a", rates: [1] },
            { name: "b", rates: [1] },
          ],
        },
      }),
    );
    expect(agent(1).status(BASE, SET_DEVICE, 2, 1, 0)).toBe(NOT_FOUND);
    expect(agent(1).status(BASE, SET_DEVICE, 1, 1, 1)).toBe(NOT_FOUND);
    expect(agent(2).status(CLOCK, 0x6, 0)).toBe(0);
  });

  test("keep a protocol from an agent altogether", () => {
    const { agent } = rig(
      boardOf({
        agents: [{ name: "A" }, { name: "B", deniedProtocols: ["clock"] }],
        clock: { clocks: [{ name: "a", rates: [1] }] },
      }),
    );
    expect(agent(1).call(BASE, 0x6, 0)).toEqual([0, 1, CLOCK]);
    expect(agent(2).call(BASE, 0x6, 0)).toEqual([0, 0]);
    expect(agent(2).status(CLOCK, 0)).toBe(DENIED);
    expect(agent(2).status(PERFORMANCE, 0)).toBe(NOT_SUPPORTED);
  });
});

describe("BASE_RESET_AGENT_CONFIGURATION", () => {
  const RESET = 0xb;

  test("is for oneself, or for the trusted", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(BASE, RESET, 1, 0)).toBe(0);
    expect(agent(1).status(BASE, RESET, 3, 0)).toBe(DENIED);
    expect(agent(2).status(BASE, RESET, 3, 0)).toBe(0);
    expect(agent(1).status(BASE, RESET, 4, 0xf)).toBe(NOT_FOUND);
    expect(agent(1).status(BASE, RESET, 0, 0)).toBe(NOT_FOUND);
    expect(agent(1).status(BASE, RESET, 1, 0xf)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(BASE, RESET, 3, 0xf)).toBe(INVALID_PARAMETERS);
  });

  test("puts settings back, and permissions only when asked to", () => {
    const { agent } = rig(boardFile("example"));
    const one = agent(1);
    agent(2).status(BASE, 0x9, 1, 1, 0);
    one.status(PERFORMANCE, 0x7, 0, 1800);
    one.status(PERFORMANCE, 0x5, 0, 1800, 1400);
    one.status(PERFORMANCE, 0xa, 0, 1);
    one.status(CLOCK, 0x7, 4, 1, 0);
    one.status(PERFORMANCE, 0x10, 0x20000);
    expect(one.call(PERFORMANCE, 0x6, 0)).toEqual([0, 1800, 1400]);
    expect(one.status(BASE, RESET, 1, 0)).toBe(0);
    expect(one.call(PERFORMANCE, 0x6, 0)).toEqual([0, 1800, 600]);
    expect(one.call(PERFORMANCE, 0x8, 0)).toEqual([0, 1000]);
    expect(one.call(CLOCK, 0xb, 4, 0)).toEqual([0, 0, 0, 0]);
    expect(one.call(PERFORMANCE, 0x4, 0, 0)).toHaveLength(2 + 4 * 5);
    one.takeP2a();
    one.status(PERFORMANCE, 0x7, 0, 1800);
    expect(one.takeP2a()).toEqual([]);
    expect(one.status(PERFORMANCE, 0x8, 3)).toBe(DENIED);
    expect(one.status(BASE, RESET, 1, 1)).toBe(0);
    expect(one.status(PERFORMANCE, 0x8, 3)).toBe(0);
    expect(agent(2).status(BASE, RESET, 3, 1)).toBe(0);
    expect(agent(3).status(CLOCK, 0x6, 5)).toBe(NOT_FOUND);
  });

  test("puts the latest of the limits that are left into force", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(PERFORMANCE, 0x5, 0, 1400, 600);
    platform.performance.setLimits(0, { max: 1800, min: 1000 });
    agent(2).status(PERFORMANCE, 0x5, 0, 600, 600);
    agent(2).status(BASE, RESET, 2, 0);
    expect(platform.performance.limits(0)).toEqual({ max: 1800, min: 1000 });
    agent(1).status(PERFORMANCE, 0x5, 0, 1000, 600);
    agent(2).status(PERFORMANCE, 0x5, 0, 600, 600);
    agent(2).status(BASE, RESET, 2, 0);
    expect(platform.performance.limits(0)).toEqual({ max: 1000, min: 600 });
  });

  test("leaves what other agents asked for", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(PERFORMANCE, 0x5, 0, 1400, 600);
    agent(2).status(PERFORMANCE, 0x5, 0, 1000, 600);
    expect(platform.performance.limits(0)).toEqual({ max: 1000, min: 600 });
    agent(2).status(BASE, RESET, 2, 0);
    expect(platform.performance.limits(0)).toEqual({ max: 1400, min: 600 });
    agent(1).status(CLOCK, 0x7, 2, 1, 0);
    agent(2).status(CLOCK, 0x7, 2, 1, 0);
    agent(1).status(CLOCK, 0x5, 0, 2, 300e6, 0);
    agent(1).status(BASE, RESET, 1, 0);
    expect(platform.clock.isEnabled(2)).toBe(true);
    expect(platform.clock.rate(2)).toBe(300e6);
    agent(2).status(BASE, RESET, 2, 0);
    expect(platform.clock.isEnabled(2)).toBe(false);
  });
});
