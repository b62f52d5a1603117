import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Core } from "../../src/core/core.ts";
import { Agent } from "../../src/index.ts";
import { Platform } from "../../src/platform/index.ts";
import { Powercap, type Release } from "../../src/protocols/index.ts";
import { loopback } from "../../src/transport/loopback.ts";
import { boardFile, boardOf, hex, PROTOCOL, type Rig, rig, unhex, words } from "./kit.ts";

const P = PROTOCOL.POWERCAP;
const [NOT_SUPPORTED, INVALID_PARAMETERS, DENIED, NOT_FOUND, BUSY, PROTOCOL_ERROR] = [-1, -2, -3, -4, -6, -10] as const;

const VECTORS = new Map<string, string>(
  (
    JSON.parse(readFileSync(new URL("../vectors/18-powercap.json", import.meta.url), "utf8")) as {
      messages: { id: string; payload: string }[];
    }
  ).messages.map(({ id, payload }) => [id, payload]),
);

const golden = (id: string) => VECTORS.get(id) as string;

/** A board that matches the worked examples. */
function worked() {
  const channel = {
    address: 0x0620_0100,
    rateLimitUs: 1000,
    doorbell: { address: 0x0630_0040, widthBits: 32, set: 4, preserve: 0xfffffffb },
  };
  return rig(
    boardOf({
      powercap: {
        domains: [
          { name: "root", caps: { lowest: 1, highest: 99_999 }, paisUs: { lowest: 1, highest: 1 } },
          {
            name: "pcap-cpu",
            parent: "root",
            caps: { lowest: 1000, highest: 20_000, step: 500 },
            paisUs: { lowest: 10_000, highest: 1_000_000, step: 10_000 },
            paiUs: 100_000,
            sustainablePower: 15_000,
            accuracy: 2500,
            demand: 7421,
            notifyCap: true,
            notifyMeasurements: true,
            asyncLatencyUs: 100,
            fastChannels: { capSet: channel },
          },
        ],
      },
    }),
  );
}

function exchange({ agent }: Rig, message: number, example: string, suffix = ""): void {
  const answer = agent(1).bytes(P, message, unhex(golden(`${example}-request${suffix}`)));
  expect(hex(answer), example).toBe(golden(`${example}-response${suffix}`));
}

describe("the worked examples", () => {
  test.each([
    ["18-10.1", 0x3, ""],
    ["18-10.3", 0x5, "-1"],
    ["18-10.3", 0x9, "-2"],
    ["18-10.5", 0xc, ""],
  ])("%s is answered byte for byte", (example, message, suffix) => {
    exchange(worked(), message, example, suffix);
  });

  test("18-10.2: the delayed response follows, with the cap in force", () => {
    const made = worked();
    exchange(made, 0x5, "18-10.2");
    expect(made.agent(1).takeP2a()).toEqual([]);
    expect(made.platform.powercap.cap(1)).toBe(20_000);
    made.clock.advance(0.1);
    const [delayed] = made.agent(1).takeP2a();
    expect(delayed).toMatchObject({ type: 2, protocolId: P, messageId: 0x5 });
    expect(hex(delayed?.payload ?? words())).toBe(golden("18-10.2-delayed"));
  });

  test("18-10.4: a measurement above the threshold is told", () => {
    const made = worked();
    exchange(made, 0xb, "18-10.4");
    made.agent(1).takeP2a();
    made.platform.powercap.setDemand(1, 15_123);
    made.clock.advance(200);
    const told = made.agent(1).takeP2a();
    expect(told.map(({ payload }) => hex(payload))).toEqual([golden("18-10.4-notification")]);
    made.clock.advance(1000);
    expect(made.agent(1).takeP2a()).toEqual([]);
  });
});

// Of examples/boards/example.yaml: 0 package, 1 cores, 2 memory…, 3 board (for reading only), 4 fan, 5 storage; agents 1 OSPM, 2 MANAGEMENT, 3 GUEST.

function example(profile: Release = "3.2") {
  return rig(boardFile("example"), { profile });
}

describe("statuses, in the order of their checks", () => {
  test.each<readonly [string, number, number, readonly number[], number]>([
    ["a domain that is not there, before everything", 1, 0x5, [6, 0xffffffff, 0], NOT_FOUND],
    ["a denied domain, before its flags", 3, 0x5, [0, 0xffffffff, 0], DENIED],
    ["reserved flags, before what is configurable", 1, 0x5, [3, 4, 1], INVALID_PARAMETERS],
    ["asynchronous where there is none, before the right", 1, 0x5, [4, 2, 0xffff], NOT_SUPPORTED],
    ["a cap that cannot be set", 1, 0x5, [3, 0, 60_000_000], NOT_SUPPORTED],
    ["a right that is missing, before the value", 1, 0x5, [4, 0, 9999], DENIED],
    ["a cap below the lowest", 1, 0x5, [0, 0, 4500], INVALID_PARAMETERS],
    ["a cap above the highest", 1, 0x5, [0, 0, 40_500], INVALID_PARAMETERS],
    ["a cap off the grid", 1, 0x5, [0, 0, 5001], INVALID_PARAMETERS],
    ["the lowest cap", 1, 0x5, [0, 0, 5000], 0],
    ["bit 0 without bit 1, which means nothing", 1, 0x5, [0, 1, 40_000], 0],
    ["disabling", 1, 0x5, [0, 0, 0], 0],
    ["an interval of a domain that is not there", 1, 0x7, [6, 0, 1000], NOT_FOUND],
    ["an interval with flags", 1, 0x7, [0, 1, 1000], INVALID_PARAMETERS],
    ["an interval that cannot be set", 1, 0x7, [2, 0, 50_000], NOT_SUPPORTED],
    ["an interval of 0", 1, 0x7, [0, 0, 0], INVALID_PARAMETERS],
    ["an interval off the grid", 1, 0x7, [0, 0, 1500], INVALID_PARAMETERS],
    ["the longest interval", 1, 0x7, [0, 0, 1_000_000], 0],
    ["measurements of nowhere", 1, 0x9, [6], NOT_FOUND],
    ["measurements where nothing is measured", 1, 0x9, [4], NOT_SUPPORTED],
    ["notifications with reserved bits, before what is possible", 1, 0xa, [4, 2], INVALID_PARAMETERS],
    ["notifications that a domain has not", 1, 0xa, [4, 1], NOT_SUPPORTED],
    ["switching off what is off", 1, 0xa, [0, 0], 0],
    ["measurement notifications with reserved bits", 1, 0xb, [0, 3, 1, 2], INVALID_PARAMETERS],
    ["measurement notifications that a domain has not, before thresholds", 1, 0xb, [2, 1, 2, 1], NOT_SUPPORTED],
    ["thresholds the wrong way around", 1, 0xb, [0, 1, 2, 1], INVALID_PARAMETERS],
    ["thresholds that are equal", 1, 0xb, [0, 1, 2, 2], 0],
    ["thresholds that switching off ignores", 1, 0xb, [0, 0, 2, 1], 0],
    ["the long name of a short one", 1, 0x8, [0], NOT_SUPPORTED],
    ["a FastChannel for a message that is none", 1, 0xc, [1, 0xd], NOT_FOUND],
    ["a FastChannel for a message that has none", 1, 0xc, [1, 0x9], NOT_SUPPORTED],
    ["a FastChannel of a domain without", 1, 0xc, [0, 0x5], NOT_SUPPORTED],
    ["an unknown message", 1, 0xd, [], NOT_FOUND],
    ["a message of another size", 1, 0x4, [], PROTOCOL_ERROR],
  ])("%s", (_, agentId, message, parameters, status) => {
    expect(
      example()
        .agent(agentId)
        .status(P, message, ...parameters),
    ).toBe(status);
  });

  test("no command reaches a domain that is denied with its device", () => {
    const { agent, platform } = example();
    const requests: readonly (readonly [number, readonly number[]])[] = [
      ...[0x3, 0x4, 0x6, 0x8, 0x9].map((id) => [id, []] as const),
      [0x5, [0, 5000]],
      [0x7, [0, 20_000]],
      [0xa, [1]],
      [0xb, [1, 0, 1]],
      [0xc, [0x5]],
    ];
    for (const domain of [0, 1]) {
      for (const [id, rest] of requests) {
        expect(agent(3).call(P, id, domain, ...rest), `0x${id.toString(16)}`).toEqual([DENIED]);
      }
    }
    expect(agent(3).status(P, 0x5, 2, 0, 2000)).toBe(0);
    expect(platform.powercap.cap(2)).toBe(2000);
    expect([platform.powercap.cap(0), platform.powercap.cap(1)]).toEqual([40_000, 15_000]);
    agent(2).status(0x10, 0x9, 3, 24, 1);
    expect(agent(3).status(P, 0x4, 0)).toBe(0);
  });
});

describe("the two versions", () => {
  test("a cap of 0 disables from 2.0 on, and is none of the caps before", () => {
    const old = example("3.1");
    expect(old.agent(1).call(P, 0)).toEqual([0, 0x10000]);
    expect(old.agent(1).status(P, 0x5, 0, 0, 0)).toBe(INVALID_PARAMETERS);
    expect(old.agent(1).status(P, 0x10, 0x10000)).toBe(NOT_FOUND);
    const { agent } = example();
    expect(agent(1).call(P, 0)).toEqual([0, 0x20000]);
    expect(agent(1).status(P, 0x5, 0, 0, 0)).toBe(0);
    expect(agent(1).call(P, 0x4, 0)).toEqual([0, 0]);
    expect(agent(1).status(P, 0x10, 0x10000)).toBe(0);
    expect(agent(1).status(P, 0x5, 0, 0, 0)).toBe(INVALID_PARAMETERS);
  });

  test.each(["3.1", "3.2"] as const)("release %s tells the same of a domain, in 60 bytes", (profile) => {
    const { agent } = example(profile);
    expect(agent(1).bytes(P, 0x3, words(2))).toHaveLength(60);
    expect(agent(1).call(P, 0x3, 0)[1]).toBe(0xcf000000); // notifications, cap, measurements, interval; milliwatts
    expect(agent(1).call(P, 0x3, 1)[1]).toBe(0xef400000); // asynchronous, FastChannels, too
    expect(agent(2).call(P, 0x3, 1)[1]).toBe(0xef400000);
    expect(agent(1).call(P, 0x3, 2)[1]).toBe(0x9d000000); // a long name; the interval is fixed
    expect(agent(1).call(P, 0x3, 3)[1]).toBe(0x04800000); // microwatts
    expect(agent(1).call(P, 0x3, 4)[1]).toBe(0x08000000); // abstract, and not measured
    const name = Buffer.from(agent(1).bytes(P, 0x8, words(2)).subarray(8)).toString("latin1");
    expect(name).toBe("memory-controllers-and-their-channels".padEnd(64, "\0"));
    const fast = Array.from({ length: 0xd }, (_, id) => agent(1).call(P, 0x2, id)[1]);
    expect(fast).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
  });

  test.each(["2.0", "3.0"] as const)("release %s has no powercaps", (profile) => {
    expect(example(profile).agent(1).status(P, 0)).toBe(NOT_SUPPORTED);
  });

  test.each(["example", "large"])("the board %s keeps to the rules that Linux checks", (name) => {
    const { agent } = rig(boardFile(name));
    const [, count = 0] = agent(1).call(P, 0x1);
    expect(count).toBeGreaterThan(0);
    for (let domain = 0; domain < count; domain++) {
      const [status, attributes = 0, , , , , ...it] = agent(1).call(P, 0x3, domain);
      const [minPai = 0, maxPai = 0, paiStep = 0, minCap = 0, maxCap = 0, capStep = 0, , , parent = 0] = it;
      expect(status).toBe(0);
      expect([minPai, maxPai, minCap, maxCap]).not.toContain(0);
      expect((attributes & (1 << 25)) !== 0, "interval configurable").toBe(minPai !== maxPai);
      expect((attributes & (1 << 27)) !== 0, "cap configurable").toBe(minCap !== maxCap);
      if (minPai !== maxPai) expect(paiStep).not.toBe(0);
      if (minCap !== maxCap) expect(capStep).not.toBe(0);
      expect(attributes & (3 << 26)).not.toBe(0);
      expect(parent === 0xffffffff || (parent < count && parent !== domain)).toBe(true);
      expect(agent(1).status(P, 0x4, domain), "CAP_GET on every domain").toBe(0);
    }
  });
});

describe("caps of several agents", () => {
  test("the lowest holds, until it is taken back", () => {
    const { agent, platform } = example();
    const caps = () => [1, 2].map((id) => agent(id).call(P, 0x4, 0)[1]);
    agent(1).status(P, 0x5, 0, 0, 20_000);
    agent(2).status(P, 0x5, 0, 0, 30_000);
    expect(caps()).toEqual([20_000, 20_000]);
    agent(2).status(P, 0x5, 0, 0, 10_000);
    expect(caps()).toEqual([10_000, 10_000]);
    agent(2).status(P, 0x5, 0, 0, 0);
    expect(caps()).toEqual([20_000, 20_000]);
    agent(1).status(P, 0x5, 0, 0, 0);
    expect(caps()).toEqual([0, 0]);
    platform.powercap.setCap(0, 6000);
    agent(1).status(P, 0x5, 0, 0, 7000);
    expect(caps()).toEqual([6000, 6000]);
    platform.powercap.setCap(0, 0);
    expect(caps()).toEqual([7000, 7000]);
    expect(() => platform.powercap.setCap(0, 1)).toThrow(RangeError);
    expect(() => platform.powercap.setCap(0, 6001)).toThrow('"cap" expected 0, or 5000 to 40000 by 500, got 6001');
    platform.powercap.setCap(3, 60_000_000); // the one that it has
    expect(() => platform.powercap.setCap(3, 1)).toThrow('"cap" expected 0, or 60000000, got 1');
    expect(() => platform.powercap.cap(6)).toThrow(RangeError);
  });

  test("a reset takes back caps and interval of one agent", () => {
    const { agent, platform } = example();
    agent(1).status(P, 0x5, 0, 0, 10_000);
    agent(2).status(P, 0x5, 0, 0, 20_000);
    agent(1).status(P, 0x7, 0, 0, 20_000);
    expect(agent(2).status(PROTOCOL.BASE, 0xb, 1, 0)).toBe(0);
    expect([platform.powercap.cap(0), platform.powercap.paiUs(0)]).toEqual([20_000, 10_000]);
    expect(agent(2).status(PROTOCOL.BASE, 0xb, 2, 0)).toBe(0);
    expect(platform.powercap.cap(0)).toBe(40_000);
  });

  test("changes are told to all who asked, with the agent that made them", () => {
    const { agent, platform } = example();
    const seen: unknown[] = [];
    platform.on("powercapChanged", ({ agentId, powerCap, paiUs }) => seen.push([agentId, powerCap, paiUs]));
    for (const id of [1, 2]) agent(id).status(P, 0xa, 0, 1);
    const told = (id: number) =>
      agent(id)
        .takeP2a()
        .map(({ messageId, words: payload }) => [messageId, ...payload]);
    agent(1).status(P, 0x5, 0, 0, 10_000);
    agent(2).status(P, 0x5, 0, 0, 20_000); // nothing changes
    agent(2).status(P, 0x7, 0, 0, 5000);
    const expected = [
      [0, 1, 0, 10_000, 10_000],
      [0, 2, 0, 10_000, 5000],
    ];
    expect(told(1)).toEqual(expected);
    expect(told(2)).toEqual(expected);
    agent(2).status(P, 0xa, 0, 0);
    platform.powercap.setCap(0, 5000);
    expect(told(1)).toEqual([[0, 0, 0, 5000, 5000]]);
    expect(told(2)).toEqual([]);
    expect(seen).toEqual([
      [1, 10_000, 10_000],
      [2, 10_000, 5000],
      [0, 5000, 5000],
    ]);
  });
});

describe("asynchronous caps", () => {
  test("are in force after their time, one at a time, and answer with what is in force", () => {
    const { agent, platform, clock } = example();
    agent(2).status(P, 0x5, 1, 0, 5000);
    expect(agent(1).status(P, 0x5, 1, 2, 8000)).toBe(0);
    expect(agent(1).status(P, 0x5, 1, 2, 4000)).toBe(BUSY);
    expect(agent(2).status(P, 0x5, 1, 0, 4000)).toBe(BUSY);
    expect(agent(1).status(P, 0x5, 1, 2, 1)).toBe(INVALID_PARAMETERS);
    clock.advance(0.499);
    expect(agent(1).takeP2a()).toEqual([]);
    clock.advance(0.002);
    expect(agent(1).takeP2a()).toMatchObject([{ type: 2, messageId: 5, words: [0, 1, 5000] }]);
    expect(agent(1).status(P, 0x5, 1, 2, 4000)).toBe(0);
    clock.advance(1);
    expect(platform.powercap.cap(1)).toBe(4000);
  });

  test("without a delayed response show at once, as Linux reads them back", () => {
    const { agent } = example();
    expect(agent(1).status(P, 0x5, 1, 3, 0)).toBe(0);
    expect(agent(1).call(P, 0x4, 1)).toEqual([0, 0]);
    expect(agent(1).takeP2a()).toEqual([]);
  });

  test("a platform that is closed has none left", () => {
    const { agent, platform, clock } = example();
    agent(1).status(P, 0x5, 1, 2, 8000);
    platform.powercap.setDemand(1, 1);
    agent(1).call(P, 0xc, 1, 0x5);
    platform.close();
    expect(clock.pending).toBe(0);
  });
});

describe("measured power", () => {
  test("is the average over each interval", () => {
    // Intervals of 10 ms; 12000 mW until 4 ms, 2000 from there on: (4 × 12000 + 6 × 2000) / 10
    const { platform, clock, agent } = example();
    const power = () => agent(1).call(P, 0x9, 1).slice(1);
    clock.advance(4);
    platform.powercap.setDemand(1, 2000);
    expect(power()).toEqual([12_000, 10_000]);
    clock.advance(6);
    expect(power()).toEqual([6000, 10_000]);
    clock.advance(9);
    expect(power()).toEqual([6000, 10_000]);
    clock.advance(1);
    expect(power()).toEqual([2000, 10_000]);
    expect(clock.pending).toBe(0); // nothing changes: no timer
  });

  test("follows the cap, and another interval once that is over", () => {
    const { platform, clock, agent } = example();
    agent(1).status(P, 0x5, 1, 0, 3000);
    agent(1).status(P, 0x7, 1, 0, 20_000);
    expect(agent(1).call(P, 0x6, 1)).toEqual([0, 20_000]);
    expect(agent(1).call(P, 0x9, 1)).toEqual([0, 12_000, 10_000]); // still the old one
    clock.advance(20);
    expect(agent(1).call(P, 0x9, 1)).toEqual([0, 3000, 20_000]);
    agent(1).status(P, 0x7, 1, 0, 30_000);
    expect(agent(1).call(P, 0x9, 1)).toEqual([0, 3000, 30_000]); // steady: the same over any
    expect(platform.powercap.demand(1)).toBe(12_000);
  });

  test("of a tree is shared where a parent is capped", () => {
    // Package: 2000 of its own, 12000 of the cores, 3000 of the memory; half of that
    const { platform, clock, agent } = example();
    expect(platform.powercap.power(0)).toBe(17_000);
    agent(1).status(P, 0x5, 0, 0, 8500);
    clock.advance(100);
    expect([0, 1, 2].map((id) => platform.powercap.power(id))).toEqual([8500, 6000, 1500]);
    agent(1).status(P, 0x5, 1, 0, 1000); // the cores want 1000 only: 6000 in all, and nothing is cut
    clock.advance(200);
    expect([0, 1, 2].map((id) => platform.powercap.power(id))).toEqual([6000, 1000, 3000]);
  });

  test("is told when it crosses a threshold, either way, and once", () => {
    const { platform, clock, agent } = example();
    const observed: number[] = [];
    platform.on("powerMeasured", ({ domainId, power }) => domainId === 1 && observed.push(power));
    agent(1).status(P, 0xb, 1, 1, 5000, 14_000);
    agent(2).status(P, 0xb, 1, 1, 0, 20_000);
    const told = (id: number) =>
      agent(id)
        .takeP2a()
        .map(({ messageId, words: payload }) => [messageId, ...payload]);
    told(1);
    for (const demand of [14_000, 14_500, 14_800, 5000, 4999, 4000, 9000]) {
      platform.powercap.setDemand(1, demand);
      clock.advance(20);
    }
    expect(told(1)).toEqual([
      [1, 0, 1, 14_500],
      [1, 0, 1, 4999],
    ]);
    expect(told(2)).toEqual([]);
    expect(observed).toEqual([14_000, 14_500, 14_800, 5000, 4999, 4000, 9000]);
    agent(1).status(P, 0xb, 1, 1, 9500, 20_000); // again: new thresholds
    platform.powercap.setDemand(1, 9600);
    clock.advance(20);
    platform.powercap.setDemand(1, 9400);
    clock.advance(20);
    expect(told(1)).toEqual([[1, 0, 1, 9400]]);
    agent(1).status(P, 0xb, 1, 0, 0, 0);
    platform.powercap.setDemand(1, 0);
    clock.advance(20);
    expect(told(1)).toEqual([]);
  });
});

/** What a promise becomes while time goes by. */
async function settled<T>(promise: Promise<T>, clock: SimulatedClock): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  for (let turn = 0; !isOver && turn < 1000; turn++) {
    await Promise.resolve();
    clock.advance(0.01);
  }
  return promise;
}

test.each(["3.1", "3.2"] as const)(
  "story at %s: a cap is lowered through a FastChannel, another agent hears of it, and the power follows",
  async (profile) => {
    const board = boardFile("example");
    const clock = new SimulatedClock();
    const core = Core.createSync({
      capacity: { ...Platform.capacityFor(board, { profile, connections: 3 }), xfers: 64 },
    });
    const platform = Platform.open(core, board, { profile, clock });
    const open = async (id: number) => {
      const agent = await Agent.open(core, loopback(platform.connect(id)), { clock });
      return { agent, powercap: await agent.protocol(Powercap) };
    };
    const [os, management, guest] = [await open(1), await open(2), await open(3)];
    const infos = await os.powercap.describeAll();
    expect(infos.map(({ name }) => name)).toEqual([
      "package",
      "cores",
      "memory-controllers-and-their-channels",
      "board",
      "fan",
      "storage",
    ]);
    expect(infos[1]).toMatchObject({ parentId: 0, isAsync: true, caps: { lowest: 1000, highest: 20_000, step: 500 } });
    expect(Object.keys(infos[1]?.fastChannels ?? {})).toEqual(["setCap", "getCap", "setPai", "getPai"]);
    expect((await guest.powercap.describeAll()).map(({ domainId }) => domainId)).toEqual([2, 3, 4, 5]);

    const caps = management.powercap.watchCap(1);
    const power = management.powercap.watchMeasurements(1, { low: 5000, high: 15_000 });
    const [cap, measured] = [caps.next(), power.next()];
    await Promise.all([caps.ready, power.ready]);
    await os.powercap.setCap(1, 4000); // no message: a word and a doorbell
    clock.advance(5);
    expect((await cap).value).toEqual({ agentId: 1, domainId: 1, powerCap: 4000, paiUs: 10_000 });
    expect([os.powercap.getCapPolled(1), await os.powercap.getCap(1)]).toEqual([4000, 4000]);
    clock.advance(20);
    expect((await measured).value).toEqual({ agentId: 0, domainId: 1, power: 4000 });
    expect(os.powercap.getMeasurementsPolled(1, { power: 0, paiUs: 0 })).toEqual({ power: 4000, paiUs: 10_000 });
    await os.powercap.setPai(1, 30_000);
    clock.advance(4);
    expect(await os.powercap.getPai(1)).toBe(30_000);
    // Nothing comes of a cap that the domain has not
    await os.powercap.setCap(1, 4001);
    clock.advance(5);
    expect(platform.powercap.cap(1)).toBe(4000);
    expect(await settled(management.powercap.setCapAsync(1, 2500), clock)).toBe(2500);
    await expect(guest.powercap.setCap(1, 5000)).rejects.toMatchObject({ statusName: "DENIED" });

    for (const { agent } of [os, management, guest]) await agent.close();
    platform.close();
    expect(core.leaks()).toEqual({ xfers: 0, tokens: 0, claims: 0 });
    expect(clock.pending).toBe(0);
  },
);
