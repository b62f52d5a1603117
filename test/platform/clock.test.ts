import { describe, expect, test } from "vitest";
import { roundRate } from "../../src/platform/rates.ts";
import { RELEASE_NAMES } from "../../src/protocols/index.ts";
import { boardFile, boardOf, exampleWith, PROTOCOL, rig } from "./kit.ts";

const C = PROTOCOL.CLOCK;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, OUT_OF_RANGE, BUSY] = [-1, -2, -3, -4, -5, -6] as const;
const PROTOCOL_ERROR = -10;
const UNKNOWN = 6;
/** Kept from agent 3. */
const HIDDEN = 5;

/** The guest may look at the display's clock, and that is all. */
function boardWhereTheGuestSetsNothing() {
  return exampleWith(["clock", "clocks", 4, "permissions"], { GUEST: { state: false, parent: false, rate: false } });
}

describe("two faults at once", () => {
  test.each([UNKNOWN, HIDDEN, 0x10000, 0xffffffff])("a clock that is not there (%i) comes first", (clock) => {
    const { agent } = rig(boardFile("example"));
    for (const [id, ...words] of [
      [0x3, clock],
      [0x4, clock, 999],
      [0x5, 0xf0, clock, 1, 0],
      [0x5, 0x1, clock, 1, 0],
      [0x6, clock],
      [0x7, clock, 0xffffffff, 0],
      [0x8, clock],
      [0x9, clock, 0xff],
      [0xa, clock, 0xff],
      [0xb, clock, 0xffff],
      [0xc, clock, 999],
      [0xd, clock, clock],
      [0xe, clock],
      [0xf, clock],
    ] as const) {
      expect(agent(3).status(C, id, ...words), `0x${id.toString(16)}`).toBe(NOT_FOUND);
    }
  });

  test("then illegal words, rates among them, then rights", () => {
    const { agent, platform } = rig(boardWhereTheGuestSetsNothing());
    expect(agent(3).status(C, 0x5, 0x10, 4, 30e6, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(3).status(C, 0x5, 0, 4, 30e6, 0)).toBe(DENIED);
    expect(agent(3).status(C, 0x5, 1, 4, 30e6, 0)).toBe(DENIED);
    expect(agent(3).status(C, 0x5, 0, 4, 1, 0)).toBe(INVALID_PARAMETERS); // as Arm's tests have it
    expect(platform.clock.rate(4)).not.toBe(30e6);
    expect(agent(3).status(C, 0x7, 4, 2, 0)).toBe(INVALID_PARAMETERS);
    expect(agent(3).status(C, 0x7, 4, 1, 0)).toBe(DENIED);
    expect(agent(3).status(C, 0xd, 2, 3)).toBe(INVALID_PARAMETERS);
    expect(agent(3).status(C, 0xd, 2, 0)).toBe(DENIED);
    expect(agent(3).status(C, 0xd, 2, HIDDEN)).toBe(NOT_FOUND);
  });
});

describe("CLOCK_DESCRIBE_RATES", () => {
  test.each(RELEASE_NAMES)("gives a range whole, and a list in parts, in release %s", (profile) => {
    const { agent } = rig(boardFile("example"), { profile, maxPayload: 32 });
    const range = [0, 0x1003, 600e6, 0, 2800e6, 0, 25e6, 0];
    expect(agent(1).call(C, 0x4, 1, 0)).toEqual(range);
    expect(agent(1).call(C, 0x4, 1, 7)).toEqual(range);
    expect(agent(1).call(C, 0x4, 3, 0)).toEqual([0, 3 | (3 << 16), 1843200, 0, 3686400, 0, 7372800, 0]);
    expect(agent(1).call(C, 0x4, 3, 2).slice(0, 3)).toEqual([0, 3 | (1 << 16), 7372800]);
    expect(agent(1).call(C, 0x4, 3, 5)).toEqual([0, 1, 48e6, 0]);
    expect(agent(1).call(C, 0x4, 3, 6)).toEqual([OUT_OF_RANGE]);
    expect(agent(1).call(C, 0x4, HIDDEN, 2)).toEqual([0, 1, 705032704, 1]);
  });

  test("never sends half of a range, or an empty page", () => {
    const { agent } = rig(boardFile("example"), { maxPayload: 28 });
    expect(agent(1).call(C, 0x4, 1, 0)).toEqual([PROTOCOL_ERROR]);
    expect(agent(1).call(C, 0x4, 3, 0)).toHaveLength(2 + 4);
    const { agent: narrow } = rig(boardFile("example"), { maxPayload: 12 });
    expect(narrow(1).call(C, 0x4, 3, 0)).toEqual([PROTOCOL_ERROR]);
    expect(narrow(1).call(C, 0xc, 2, 0)).toEqual([0, 1 | (1 << 24), 0]);
    expect(narrow(1).call(C, 0xc, 2, 1)).toEqual([0, 1, 1]);
  });
});

describe("CLOCK_RATE_SET", () => {
  test("rounds as asked", () => {
    const { agent, platform } = rig(boardFile("example"));
    const set = (flags: number, clock: number, rate: number) => {
      const status = agent(1).status(C, 0x5, flags, clock, rate >>> 0, Math.floor(rate / 2 ** 32));
      return status === 0 ? platform.clock.rate(clock) : status;
    };
    expect(set(0, 2, 299e6)).toBe(200e6);
    expect(set(4, 2, 201e6)).toBe(300e6);
    expect(set(8, 2, 251e6)).toBe(300e6);
    expect(set(8, 2, 250e6)).toBe(200e6);
    expect(set(12, 2, 240e6)).toBe(200e6);
    expect(set(0, 2, 601e6)).toBe(INVALID_PARAMETERS);
    expect(set(8, 2, 99e6)).toBe(INVALID_PARAMETERS);
    expect(set(0, 1, 624e6)).toBe(600e6);
    expect(set(4, 1, 601e6)).toBe(625e6);
    expect(set(0, HIDDEN, 5e9)).toBe(5e9);
    expect(agent(1).status(C, 0x5, 0, 2, 1, 0xffffffff)).toBe(INVALID_PARAMETERS);
    expect(agent(1).call(C, 0x6, HIDDEN)).toEqual([0, 705032704, 1]);
  });

  test("is queued up to the depth of an agent, and answered later, in order", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    const one = agent(1);
    expect(one.status(C, 0x5, 1, 1, 599e6, 0)).toBe(INVALID_PARAMETERS);
    expect(one.status(C, 0x5, 1, 1, 700e6, 0)).toBe(0);
    expect(one.status(C, 0x5, 9, 1, 812e6, 0)).toBe(0);
    expect(one.status(C, 0x5, 1, 1, 900e6, 0)).toBe(BUSY);
    expect(agent(2).status(C, 0x5, 1, 1, 1000e6, 0)).toBe(0); // with a depth of its own
    const tokens = one.heard.slice(1, 3).map(({ token }) => token);
    one.takeP2a();
    clock.advance(0.5);
    expect(platform.clock.rate(1)).toBe(700e6);
    clock.advance(0.5);
    expect(platform.clock.rate(1)).toBe(800e6);
    expect(one.takeP2a()).toMatchObject([
      { type: 2, protocolId: C, messageId: 5, token: tokens[0], words: [0, 1, 700e6, 0] },
      { type: 2, protocolId: C, messageId: 5, token: tokens[1], words: [0, 1, 800e6, 0] },
    ]);
    expect(one.status(C, 0x5, 1, 1, 900e6, 0)).toBe(0);
    clock.advance(1);
    expect(
      agent(2)
        .takeP2a()
        .map(({ words }) => words),
    ).toEqual([[0, 1, 1000e6, 0]]);
    expect(platform.clock.rate(1)).toBe(900e6);
  });

  test("is there for every clock where the protocol has it: who takes no time is done at once", () => {
    const { agent, platform } = rig(boardFile("example"));
    expect(agent(1).status(C, 0x5, 1, 2, 300e6, 0)).toBe(0);
    expect(platform.clock.rate(2)).toBe(300e6);
    const [delayed] = agent(1).takeP2a();
    expect([delayed?.type, ...(delayed?.words ?? [])]).toEqual([2, 0, 2, 300e6, 0]);
    const sync = rig(boardOf({ clock: { clocks: [{ name: "c", rates: [1, 2] }] } })).agent(1);
    expect(sync.status(C, 0x5, 1, 0, 2, 0)).toBe(NOT_SUPPORTED);
  });

  test("waits for changes of the same clock only", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(C, 0x5, 1, 1, 700e6, 0);
    agent(1).status(C, 0x5, 1, 3, 48e6, 0);
    expect([platform.clock.rate(1), platform.clock.rate(3)]).toEqual([1000e6, 48e6]);
  });

  test("comes before a synchronous change that follows, whoever asks for it", () => {
    const { agent, platform, clock } = rig(boardFile("example"));
    const rates: number[] = [];
    platform.on("rateChanged", ({ rateHz }) => void rates.push(rateHz));
    for (const [id, wanted] of [
      [1, 1000e6],
      [2, 1200e6],
    ] as const) {
      agent(1).status(C, 0x5, 1, 1, 700e6, 0);
      agent(1).takeP2a();
      expect(agent(id).status(C, 0x5, 0, 1, wanted, 0)).toBe(0);
      expect(platform.clock.rate(1)).toBe(wanted);
      expect(agent(1).takeP2a()).toMatchObject([{ type: 2, words: [0, 1, 700e6, 0] }]);
      clock.advance(10);
      expect(platform.clock.rate(1)).toBe(wanted);
    }
    expect(rates).toEqual([700e6, 1000e6, 700e6, 1200e6]);
    expect(clock.pending).toBe(0);
  });

  test("sends no delayed response where that is waived, and sooner than the response where it takes no time", () => {
    const { agent, clock, platform } = rig(boardFile("example"));
    const one = agent(1);
    expect(one.status(C, 0x5, 3, 1, 700e6, 0)).toBe(0);
    one.takeP2a();
    clock.advance(10);
    expect(one.takeP2a()).toEqual([]);
    expect(platform.clock.rate(1)).toBe(700e6);
    one.status(C, 0x5, 1, 3, 24e6, 0);
    expect(one.heard.map(({ type, words }) => [type, ...words])).toEqual([
      [2, 0, 3, 24e6, 0],
      [0, 0],
    ]);
    expect(one.status(C, 0x5, 2, 3, 48e6, 0)).toBe(0); // bit 1 says nothing without bit 0
  });

  test("is finished, not forgotten, when its agent is reset", () => {
    const { agent, clock } = rig(boardFile("example"));
    const one = agent(1);
    one.status(C, 0x5, 1, 1, 700e6, 0);
    one.takeP2a();
    one.status(PROTOCOL.BASE, 0xb, 1, 0);
    expect(one.takeP2a().map(({ words }) => words)).toEqual([[0, 1, 700e6, 0]]);
    expect(clock.pending).toBe(0);
  });
});

describe("CLOCK_CONFIG_SET", () => {
  test.each(["1.0", "2.0", "3.0", "3.1"] as const)("has one bit in release %s", (profile) => {
    const { agent, platform } = rig(boardFile("example"), { profile });
    expect(agent(1).status(C, 0x7, 2, 1)).toBe(0);
    expect(platform.clock.isEnabled(2)).toBe(true);
    expect((agent(1).call(C, 0x3, 2)[1] as number) & 1).toBe(1);
    expect(agent(1).status(C, 0x7, 2, 2)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(C, 0x7, 2, 3)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(C, 0x7, 2, 0x10000)).toBe(INVALID_PARAMETERS);
    expect(agent(1).status(C, 0x7, 2, 0)).toBe(0);
    expect(platform.clock.isEnabled(2)).toBe(false);
    expect(agent(1).status(C, 0x7, 2, 0, 0)).toBe(PROTOCOL_ERROR);
  });

  test("has a state, a type and a value in release 3.2", () => {
    const { agent, platform } = rig(boardFile("example"));
    const set = (...words: number[]) => agent(1).status(C, 0x7, 2, ...words);
    const value = (type: number) => agent(1).call(C, 0xb, 2, type)[3];
    expect(set(1, 77)).toBe(0); // nobody looks at the value
    expect(set(3, 0)).toBe(INVALID_PARAMETERS);
    expect(set(2, 0)).toBe(INVALID_PARAMETERS);
    expect(set(4, 0)).toBe(INVALID_PARAMETERS);
    expect(set(0x10003)).toBe(PROTOCOL_ERROR); // the value's word is missing
    expect(set(1)).toBe(0); // and not missed
    expect(set(0x10003, 100)).toBe(0);
    expect(set(0x10003, 101)).toBe(INVALID_PARAMETERS);
    expect(set(0x20000, 5)).toBe(0);
    expect(platform.clock.isEnabled(2)).toBe(false);
    expect(set(0x800001, 9)).toBe(0);
    expect(set(0x810003, 9)).toBe(INVALID_PARAMETERS);
    expect(set(0x30003, 9)).toBe(INVALID_PARAMETERS);
    expect([value(1), value(2), value(0x80), value(0)]).toEqual([100, 5, 9, 0]);
    expect(agent(1).call(C, 0xb, 2, 0x80)).toEqual([0, 0, 1, 9]);
    expect(agent(1).call(C, 0xb, 2, 3)).toEqual([INVALID_PARAMETERS]);
    expect(agent(1).call(C, 0xb, 2, 0x100)).toEqual([INVALID_PARAMETERS]);
    expect(agent(1).call(C, 0xb, 3, 1)).toEqual([INVALID_PARAMETERS]);
  });

  test("runs a clock while any agent wants it", () => {
    const { agent, platform } = rig(boardFile("example"));
    const switched: unknown[] = [];
    platform.on("clockSwitched", ({ agentId, isEnabled }) => switched.push([agentId, isEnabled]));
    agent(1).status(C, 0x7, 2, 1, 0);
    agent(2).status(C, 0x7, 2, 1, 0);
    expect(agent(1).status(C, 0x7, 2, 0, 0)).toBe(0);
    expect(platform.clock.isEnabled(2)).toBe(true);
    expect(agent(2).status(C, 0x7, 2, 0, 0)).toBe(0);
    expect(platform.clock.isEnabled(2)).toBe(false);
    expect(agent(1).status(C, 0x7, 1, 0, 0)).toBe(0); // runs from the start, for nobody
    expect(platform.clock.isEnabled(1)).toBe(false);
    expect(switched).toEqual([
      [1, true],
      [2, false],
      [1, false],
    ]);
  });
});

describe("parents and permissions", () => {
  test("are those of the agent that asks", () => {
    const { agent, platform } = rig(boardFile("example"));
    const parents: unknown[] = [];
    platform.on("parentChanged", ({ agentId, parentId }) => parents.push([agentId, parentId]));
    expect(agent(1).call(C, 0xc, 2, 0)).toEqual([0, 2, 0, 1]);
    expect(agent(1).status(C, 0xc, 2, 2)).toBe(OUT_OF_RANGE);
    expect(agent(1).status(C, 0xc, 0, 0)).toBe(NOT_SUPPORTED);
    expect(agent(1).call(C, 0xe, 2)).toEqual([0, 1]);
    expect(agent(1).status(C, 0xe, 0)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(C, 0xd, 0, 1)).toBe(NOT_SUPPORTED);
    expect(agent(1).status(C, 0xd, 2, 99)).toBe(NOT_FOUND);
    agent(1).status(C, 0x9, 2, 1);
    agent(1).takeP2a();
    expect(agent(1).status(C, 0xd, 2, 0)).toBe(0);
    expect(agent(1).call(C, 0xe, 2)).toEqual([0, 0]);
    expect(platform.clock.rate(2)).toBe(200e6); // what is configured stays, and so nobody is told
    expect(agent(1).takeP2a()).toEqual([]);
    expect(parents).toEqual([[1, 0]]);
    const bits = (id: number, clock: number) => (agent(id).call(C, 0xf, clock)[1] as number) >>> 29;
    expect([bits(1, 2), bits(3, 2), bits(3, 4), bits(1, 4)]).toEqual([7, 5, 5, 7]);
    const { agent: other } = rig(boardWhereTheGuestSetsNothing());
    expect(other(3).call(C, 0xf, 4)).toEqual([0, 0]);
    const isRestricted = (id: number, clock: number) => ((agent(id).call(C, 0x3, clock)[1] as number) >>> 1) & 1;
    expect([isRestricted(1, 2), isRestricted(3, 2), isRestricted(2, 0)]).toEqual([0, 1, 0]);
  });

  test("two agents with different permissions share one clock", () => {
    const { agent, platform } = rig(boardWhereTheGuestSetsNothing());
    expect(agent(3).status(C, 0x5, 0, 4, 30e6, 0)).toBe(DENIED);
    expect(agent(3).status(C, 0x7, 4, 1, 0)).toBe(DENIED);
    expect(agent(1).status(C, 0x5, 0, 4, 30e6, 0)).toBe(0);
    expect(agent(3).call(C, 0x6, 4)).toEqual([0, 30e6, 0]);
    expect(agent(1).status(C, 0x7, 4, 1, 0)).toBe(0);
    expect(agent(3).call(C, 0xb, 4, 0)).toEqual([0, 0, 1, 0]);
    expect(platform.clock.isEnabled(4)).toBe(true);
  });

  test("do not show a parent that the agent may not use", () => {
    const { agent } = rig(
      boardOf({
        agents: [{ name: "A" }, { name: "B" }],
        devices: [{ id: 1, clocks: ["p0"], deniedAgents: ["B"] }],
        clock: {
          clocks: [
            { name: "p0", rates: [1] },
            { name: "p1", rates: [1] },
            { name: "c", rates: [1], parents: ["p1", "p0"] },
          ],
        },
      }),
    );
    expect(agent(1).call(C, 0xc, 2, 0)).toEqual([0, 2, 0, 1]);
    expect(agent(2).call(C, 0xc, 2, 0)).toEqual([0, 1, 1]);
    expect(agent(2).status(C, 0xd, 2, 0)).toBe(NOT_FOUND);
    expect(agent(2).call(C, 0xe, 2)).toEqual([0, 1]);
    expect(agent(1).status(C, 0xd, 2, 0)).toBe(0);
    expect(agent(1).call(C, 0xe, 2)).toEqual([0, 0]);
    expect(agent(2).call(C, 0xe, 2)).toEqual([DENIED]);
  });

  test("are not announced where the agent sees none of them", () => {
    const { agent } = rig(
      boardOf({
        agents: [{ name: "A" }, { name: "B" }],
        devices: [{ id: 1, clocks: ["p"], deniedAgents: ["B"] }],
        clock: {
          clocks: [
            { name: "c", rates: [1], parents: ["p"] },
            { name: "p", rates: [1] },
          ],
        },
      }),
    );
    const announces = (id: number) => ((agent(id).call(C, 0x3, 0)[1] as number) >>> 28) & 1;
    expect([announces(1), announces(2)]).toEqual([1, 0]);
    expect(agent(2).call(C, 0xc, 0, 0)).toEqual([DENIED]);
    expect(agent(2).call(C, 0xe, 0)).toEqual([DENIED]);
  });
});

test("notifications are refused where the clock has none", () => {
  const { agent } = rig(boardFile("example"));
  expect(agent(1).status(C, 0x9, 3, 1)).toBe(NOT_SUPPORTED);
  expect(agent(1).status(C, 0xa, 2, 1)).toBe(NOT_SUPPORTED);
  expect(agent(1).status(C, 0x9, 2, 2)).toBe(INVALID_PARAMETERS);
  expect(agent(1).status(C, 0x9, 2, 0)).toBe(0);
});

describe("rounding", () => {
  const DOWN = 0;
  const UP = 4;
  const CLOSEST = 8;

  test.each([
    [{ lowest: 10n, highest: 30n, step: 10n }, 25n, [20n, 30n, 20n]],
    [{ lowest: 10n, highest: 30n, step: 10n }, 26n, [20n, 30n, 30n]],
    [{ lowest: 10n, highest: 30n, step: 10n }, 30n, [30n, 30n, 30n]],
    [{ lowest: 10n, highest: 35n, step: 10n }, 34n, [30n, undefined, 30n]],
    [{ lowest: 10n, highest: 35n, step: 0n }, 34n, [34n, 34n, 34n]],
    [{ lowest: 10n, highest: 35n, step: 10n }, 36n, [undefined, undefined, undefined]],
    [[10n, 20n], 9n, [undefined, undefined, undefined]],
    [[10n, 20n], 15n, [10n, 20n, 10n]],
    [[10n, 20n], 20n, [20n, 20n, 20n]],
    [[10n, 20n], 21n, [undefined, undefined, undefined]],
  ] as const)("of %o for %o", (rates, wanted, expected) => {
    expect([DOWN, UP, CLOSEST].map((flags) => roundRate(rates, wanted, flags))).toEqual(expected);
  });
});
