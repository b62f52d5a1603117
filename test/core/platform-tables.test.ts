import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { describePlatform } from "../../src/core/describe.ts";
import type { ProtocolDescription } from "../../src/core/description.ts";
import { hotMessages } from "../../src/core/description-encoder.ts";
import { PlatformTables } from "../../src/core/platform-tables.ts";
import { Core, commandWord, STATUS, XFER } from "../../src/index.ts";

const RESET = 0x16;
const VENDOR = 0x80;

function open(protocols: readonly ProtocolDescription[], agents = 2): PlatformTables {
  const core = Core.createSync();
  const description = describePlatform(core, { agents, protocols });
  return new PlatformTables(core, description, core.openState(description));
}

describe("the words of a domain's state", () => {
  const tables = () =>
    open([
      { id: RESET, version: 0x30000, domains: [{}, { state: [7, -1] }, { state: [1, 2, 3, 4] }] },
      { id: VENDOR, version: 1, domains: [{ state: [9, 9, 9, 9] }] },
    ]);
  const words = (it: PlatformTables, domain: number) => [0, 1, 2, 3].map((index) => it.word(RESET, domain, index));

  test("start as described, and with 0 where nothing is", () => {
    const it = tables();
    expect([0, 1, 2].map((domain) => words(it, domain))).toEqual([
      [0, 0, 0, 0],
      [7, 0xffff_ffff, 0, 0],
      [1, 2, 3, 4],
    ]);
  });

  test("are written one by one, and touch no other domain or protocol", () => {
    const it = tables();
    for (let index = 0; index < 4; index++) it.setWord(RESET, 1, index, -index);
    expect(words(it, 0)).toEqual([0, 0, 0, 0]);
    expect(words(it, 1)).toEqual([0, 0xffff_ffff, 0xffff_fffe, 0xffff_fffd]);
    expect(words(it, 2)).toEqual([1, 2, 3, 4]);
    expect([0, 1, 2, 3].map((index) => it.word(VENDOR, 0, index))).toEqual([9, 9, 9, 9]);
  });

  test("are two of 64 bits, low word first, signed or not", () => {
    const it = tables();
    expect([it.word64(RESET, 2, 0), it.word64(RESET, 2, 1)]).toEqual([0x2_0000_0001n, 0x4_0000_0003n]);
    it.setWord64(RESET, 2, 0, -1500n);
    it.setWord64(RESET, 2, 1, 0xffff_ffff_ffff_ffffn);
    expect(BigInt.asIntN(64, it.word64(RESET, 2, 0))).toBe(-1500n);
    expect(words(it, 2)).toEqual([0xffff_fa24, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff]);
    expect(it.word64(RESET, 2, 1)).toBe(0xffff_ffff_ffff_ffffn);
  });

  test("are of one state only: another SoC of the same description has its own", () => {
    const core = Core.createSync();
    const description = describePlatform(core, {
      agents: 1,
      protocols: [{ id: RESET, version: 1, domains: [{ state: [5] }] }],
    });
    const [first, second] = [0, 1].map(() => new PlatformTables(core, description, core.openState(description)));
    first?.setWord(RESET, 0, 0, 6);
    expect([first?.word(RESET, 0, 0), second?.word(RESET, 0, 0)]).toEqual([6, 5]);
  });

  test("are refused for indices, domains and protocols that are not there", () => {
    const it = tables();
    expect(() => it.word(RESET, 0, 4)).toThrow('"index" expected integer 0 to 3, got 4');
    expect(() => it.setWord(RESET, 0, -1, 0)).toThrow(RangeError);
    expect(() => it.word(RESET, 0, 0.5)).toThrow(RangeError);
    expect(() => it.word64(RESET, 0, 2)).toThrow('"index" expected integer 0 to 1, got 2');
    expect(() => it.setWord64(RESET, 0, 2, 0n)).toThrow(RangeError);
    expect(() => it.word(RESET, 3, 0)).toThrow('"domain" expected integer 0 to 2, got 3');
    expect(() => it.word(0x18, 0, 0)).toThrow('"protocolId" expected a protocol of the description, got 24');
  });
});

describe("who answers a hot command", () => {
  const POWER = 0x11;
  const PERFORMANCE = 0x13;
  const protocols: readonly ProtocolDescription[] = [
    {
      id: POWER,
      version: 0x30001,
      messages: [{ id: 3 }],
      powerDomains: [{ state: 0 }, { state: 0, hostAnswers: ["set"] }],
    },
    {
      id: PERFORMANCE,
      version: 0x40000,
      performanceDomains: [{ levels: [1, 2], level: 1, max: 2, min: 1 }],
    },
  ];

  function machine() {
    const core = Core.createSync();
    const description = describePlatform(core, { agents: 1, protocols });
    const state = core.openState(description);
    const instance = core.openInstance({ description, state, agentId: 1 });
    const channel = core.openChannel(instance);
    const xfer = core.acquire(instance);
    /** The words of the answer; none when the host is to answer. */
    const ask = (protocolId: number, messageId: number, ...words: readonly number[]) => {
      for (const [i, word] of words.entries()) core.memory.setU32(core.payloadAt(xfer) + i * 4, word);
      const state = core.exchange(channel, xfer, commandWord(protocolId, messageId), words.length * 4, 0);
      if (state !== XFER.POSTED) {
        return Array.from({ length: core.byteLengthOf(xfer) / 4 }, (_, i) =>
          core.memory.i32(core.payloadAt(xfer) + i * 4),
        );
      }
      core.resetChannel(channel);
      return [];
    };
    return { ask, tables: new PlatformTables(core, description, state), description };
  }

  test("is the core, or the host where the description says so for a domain", () => {
    const { ask } = machine();
    expect(ask(POWER, 4, 0, 0, 0x4000_0000)).toEqual([0]);
    expect(ask(POWER, 5, 0)).toEqual([0, 0x4000_0000]);
    expect(ask(POWER, 4, 0, 1, 0x4000_0000)).toEqual([]);
    expect(ask(POWER, 5, 1)).toEqual([0, 0]);
    expect(ask(POWER, 3, 0)).toEqual([]);
  });

  test("changes by domain and agent, whatever the agent may do there", () => {
    const { ask, tables } = machine();
    tables.setHostAnswers(1, POWER, 0, ["get"]);
    tables.setHostAnswers(1, POWER, 1, []);
    expect([ask(POWER, 5, 0), ask(POWER, 4, 0, 0, 0), ask(POWER, 4, 0, 1, 0)]).toEqual([[], [0], [0]]);
    tables.setPermission(1, POWER, 0, { use: true, set: false });
    expect([ask(POWER, 5, 0), ask(POWER, 4, 0, 0, 0)]).toEqual([[], [STATUS.DENIED]]);
    expect([tables.mayUse(1, POWER, 0), tables.maySet(1, POWER, 0), tables.mayLimit(1, POWER, 0)]).toEqual([
      true,
      false,
      false,
    ]);
    tables.setHostAnswers(1, PERFORMANCE, 0, ["limits"]);
    expect([ask(PERFORMANCE, 5, 0, 2, 1), ask(PERFORMANCE, 7, 0, 2)]).toEqual([[], [0]]);
    tables.setHostAnswers(1, PERFORMANCE, 0, ["get", "set"]);
    expect([ask(PERFORMANCE, 5, 0, 2, 2), ask(PERFORMANCE, 7, 0, 2), ask(PERFORMANCE, 8, 0)]).toEqual([[0], [], []]);
    expect(tables.limitsAgent(PERFORMANCE, 0)).toBe(1);
    tables.setLimits(PERFORMANCE, 0, 2, 1, 0);
    expect(tables.limitsAgent(PERFORMANCE, 0)).toBe(0);
    tables.setPermission(1, PERFORMANCE, 0, { use: true, set: true });
    expect(ask(PERFORMANCE, 5, 0, 2, 2)).toEqual([STATUS.DENIED]);
  });

  test("changes for a message as a whole, and back; one that never was hot stays the host's", () => {
    const { ask, tables, description } = machine();
    tables.setHot(description, POWER, 5, false);
    expect(ask(POWER, 5, 0)).toEqual([]);
    tables.setHot(description, POWER, 5, true);
    expect(ask(POWER, 5, 0)).toEqual([0, 0]);
    tables.setHot(description, POWER, 3, true);
    expect(ask(POWER, 3, 0)).toEqual([]);
  });

  test("is told by the tables: how many domains there are, and which messages they make hot", () => {
    const { tables } = machine();
    expect([tables.domainCount(POWER), tables.domainCount(PERFORMANCE)]).toEqual([2, 1]);
    expect(hotMessages({ powerDomains: [{ state: 0 }] })).toEqual([4, 5]);
    expect(hotMessages({ performanceDomains: [], clocks: [{ rates: [], rate: 1n }] })).toEqual([5, 6]);
    expect(hotMessages({ voltages: [{ levelsUv: [1], levelUv: 1 }] })).toEqual([7, 8]);
    expect(hotMessages({ sensors: [{}] })).toEqual([6]);
    expect(hotMessages({ powercaps: [{ cap: 1 }] })).toEqual([4, 9]);
    expect(hotMessages({ domains: [{}] })).toEqual([]);
    expect(hotMessages({})).toEqual([]);
  });
});

describe("a domain of any protocol", () => {
  test("has permissions by agent, as described and as written later", () => {
    const it = open(
      [{ id: RESET, version: 1, domains: [{}, { readOnlyAgents: [2] }, { deniedAgents: [2] }], deniedAgents: [3] }],
      3,
    );
    const may = (agent: number) =>
      [0, 1, 2].map((domain) => [it.mayUse(agent, RESET, domain), it.maySet(agent, RESET, domain)]);
    const everything = [true, true];
    expect(may(1)).toEqual([everything, everything, everything]);
    expect(may(2)).toEqual([everything, [true, false], [false, false]]);
    expect([1, 2, 3].map((agent) => it.mayUseProtocol(agent, RESET))).toEqual([true, true, false]);
    it.setPermission(2, RESET, 2, { use: true, set: true });
    it.allowProtocol(3, RESET, true);
    expect(may(2)[2]).toEqual(everything);
    expect(it.mayUseProtocol(3, RESET)).toBe(true);
  });

  test("is refused beside a performance domain or a clock, and with words that no state has", () => {
    const protocol = { id: RESET, version: 1 };
    const performanceDomains = [{ levels: [1], level: 1, max: 1, min: 1 }];
    expect(() => open([{ ...protocol, domains: [{}], performanceDomains }])).toThrow(/domains of one kind/);
    expect(() => open([{ ...protocol, domains: [{ state: [0, 0, 0, 0, 0] }] }])).toThrow(/0 … 4, got 5/);
    for (const word of [2 ** 32, -(2 ** 31) - 1, 0.5]) {
      expect(() => open([{ ...protocol, domains: [{ state: [word] }] }])).toThrow(RangeError);
    }
    expect(() => open([{ ...protocol, domains: [{ deniedAgents: [3] }] }])).toThrow(RangeError);
  });

  test("has a state of 16 bytes, the words that docs/memory-map.md names", () => {
    expect(layout.DOMAIN_STATE_BYTES).toBe(16);
    const { POWER_STATE, VOLTAGE_STATE_LEVEL, VOLTAGE_STATE_CONFIG } = layout;
    expect([POWER_STATE, VOLTAGE_STATE_LEVEL, VOLTAGE_STATE_CONFIG]).toEqual([0, 0, 4]);
    expect([layout.SENSOR_STATE_READING, layout.SENSOR_STATE_TIMESTAMP]).toEqual([0, 8]);
    const { POWERCAP_STATE_CAP, POWERCAP_STATE_POWER, POWERCAP_STATE_PAI, POWERCAP_STATE_INTERVAL } = layout;
    expect([POWERCAP_STATE_CAP, POWERCAP_STATE_POWER, POWERCAP_STATE_PAI, POWERCAP_STATE_INTERVAL]).toEqual([
      0, 4, 8, 12,
    ]);
  });
});
