import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { describePlatform } from "../../src/core/describe.ts";
import type { PlatformDescription, ProtocolDescription } from "../../src/core/description.ts";
import { encodeDescription } from "../../src/core/description-encoder.ts";
import { Core, commandWord, STATUS, XFER } from "../../src/index.ts";

const PERFORMANCE: ProtocolDescription = {
  id: 0x13,
  version: 0x40000,
  performanceDomains: [{ levels: [100, 200, 400], level: 200, max: 400, min: 100 }],
};
const CLOCK: ProtocolDescription = { id: 0x14, version: 0x30000, clocks: [{ rates: [1n, 2n], rate: 1n }] };

const platform = (...protocols: ProtocolDescription[]): PlatformDescription => ({ agents: 2, protocols });
const withMessage = (message: object): PlatformDescription =>
  platform({ id: 0x10, version: 1, messages: [message as never] });
const withDomain = (change: object): PlatformDescription =>
  platform({ ...PERFORMANCE, performanceDomains: [{ levels: [], level: 1, max: 1, min: 1, ...change }] });
const withClock = (change: object): PlatformDescription =>
  platform({ ...CLOCK, clocks: [{ rates: [1n, 2n], rate: 1n, ...change }] });

describe("a description is refused", () => {
  const outOfRange: readonly (readonly [what: string, platform: PlatformDescription])[] = [
    ["no agents", { agents: 0, protocols: [] }],
    ["256 agents", { agents: 256, protocols: [] }],
    ["half an agent", { agents: 1.5, protocols: [] }],
    ["33 protocols", platform(...Array.from({ length: 33 }, (_, id) => ({ id, version: 1 })))],
    ["a protocol id above 255", platform({ id: 256, version: 1 })],
    ["a protocol id below 0", platform({ id: -1, version: 1 })],
    ["a protocol id that is no integer", platform({ id: 16.5, version: 1 })],
    ["the same protocol twice", platform(PERFORMANCE, { id: 0x13, version: 1 })],
    ["performance domains and clocks in one protocol", platform({ ...PERFORMANCE, ...CLOCK })],
    ["a message id above 255", withMessage({ id: 256 })],
    ["a message id below 0", withMessage({ id: -1 })],
    ["a message id that is no integer", withMessage({ id: 1.5 })],
    [
      "a constant of parameters longer than a message",
      withMessage({ id: 1, requestBytes: 0x10004, reply: new Uint8Array(4) }),
    ],
    ["a constant of fewer than no parameters", withMessage({ id: 1, requestBytes: -4, reply: new Uint8Array(4) })],
    ["a protocol denied to an agent that is not there", platform({ id: 1, version: 1, deniedAgents: [3] })],
    ["a protocol denied to the platform itself", platform({ id: 1, version: 1, deniedAgents: [0] })],
    ["a domain denied to an agent that is not there", withDomain({ deniedAgents: [3] })],
    ["a domain read by an agent that is not there", withDomain({ readOnlyAgents: [-1] })],
    ["a level that is no u32", withDomain({ levels: [2 ** 32] })],
    ["a level below 0", withDomain({ level: -1 })],
    ["a limit that is no integer", withDomain({ max: 1.5 })],
    ["a rate that is no u64", withClock({ rates: [1n, 2n ** 64n] })],
    ["a rate below 0", withClock({ rate: -1n })],
    ["a number of pending changes below 0", withClock({ asyncDepth: -1 })],
    ["a power state that is no u32", platform({ id: 0x11, version: 1, powerDomains: [{ state: -1 }] })],
    [
      "a legal power state that is no u32",
      platform({ id: 0x11, version: 1, powerDomains: [{ states: [0.5], state: 0 }] }),
    ],
    ["a voltage that is no i32", platform({ id: 0x17, version: 1, voltages: [{ levelsUv: [2 ** 31], levelUv: 0 }] })],
    [
      "steps of voltage below 0",
      platform({ id: 0x17, version: 1, voltages: [{ levelsUv: { lowest: 0, highest: 1, step: -1 }, levelUv: 0 }] }),
    ],
    ["a reading that is no i64", platform({ id: 0x15, version: 1, sensors: [{ reading: 2n ** 63n }] })],
    ["a timestamp below 0", platform({ id: 0x15, version: 1, sensors: [{ timestamp: -1n }] })],
    ["a cap that is no u32", platform({ id: 0x18, version: 1, powercaps: [{ cap: 2 ** 32 }] })],
  ];

  test.each(outOfRange)("with %s", (_what, description) => {
    expect(() => encodeDescription(description)).toThrow(RangeError);
  });

  test("with the name of what is wrong and what came instead", () => {
    expect(() => encodeDescription({ agents: 0, protocols: [] })).toThrow('"agents" expected integer 1 … 255, got 0');
    expect(() => encodeDescription(platform(PERFORMANCE, PERFORMANCE))).toThrow(/19 twice/);
  });
});

describe("a description is laid out", () => {
  test("with ids, counts and offsets where the layout says", () => {
    const bytes = encodeDescription(platform(PERFORMANCE, CLOCK));
    const data = new DataView(bytes.buffer);
    expect(data.getUint32(layout.DESCRIPTION_TOTAL_BYTES, true)).toBe(bytes.length);
    expect(bytes.length % 8).toBe(0);
    expect(data.getUint32(layout.DESCRIPTION_AGENTS, true)).toBe(2);
    expect(data.getUint32(layout.DESCRIPTION_PROTOCOLS, true)).toBe(2);
    const map = bytes.subarray(layout.DESCRIPTION_MAP, layout.DESCRIPTION_MAP + 256);
    expect([...map].flatMap((row, id) => (row === 0 ? [] : [[id, row]]))).toEqual([
      [0x13, 1],
      [0x14, 2],
    ]);
    const record = layout.DESCRIPTION_PROTOCOL_TABLE;
    expect(data.getUint32(record + layout.PROTOCOL_VERSION_WORD, true)).toBe(0x40000);
    const domain = data.getUint32(record + layout.PROTOCOL_DOMAIN_TABLE, true);
    const levels = data.getUint32(domain + layout.PERFORMANCE_LEVELS, true);
    expect(data.getUint32(domain + layout.PERFORMANCE_LEVEL_COUNT, true)).toBe(3);
    expect([0, 4, 8].map((step) => data.getUint32(levels + step, true))).toEqual([100, 200, 400]);
    const image = data.getUint32(layout.DESCRIPTION_INITIAL_STATE, true);
    expect(image + data.getUint32(layout.DESCRIPTION_STATE_BYTES, true)).toBeLessThanOrEqual(bytes.length);
    const state = image + data.getUint32(record + layout.PROTOCOL_STATE, true);
    const at = [layout.PERFORMANCE_STATE_LEVEL, layout.PERFORMANCE_STATE_MAX, layout.PERFORMANCE_STATE_MIN];
    expect(at.map((offset) => data.getUint32(state + offset, true))).toEqual([200, 400, 100]);
  });

  test("the same each time, and large ones as well as small", () => {
    const large = platform({
      ...PERFORMANCE,
      performanceDomains: Array.from({ length: 200 }, (_, index) => ({
        levels: Array.from({ length: 32 }, (_, level) => index * 100 + level),
        level: index * 100,
        max: index * 100 + 31,
        min: index * 100,
      })),
    });
    expect(encodeDescription(large)).toEqual(encodeDescription(large));
    expect(encodeDescription(large).length).toBeGreaterThan(200 * 32 * 4);
    expect(encodeDescription({ agents: 1, protocols: [] }).length).toBeGreaterThan(0);
  });
});

describe("a platform of a description", () => {
  /** One exchange of one agent; the words of its answer. */
  function ask(
    description: PlatformDescription,
    agentId: number,
    command: number,
    request: readonly number[],
  ): number[] {
    const core = Core.createSync();
    const offset = describePlatform(core, description);
    const instance = core.openInstance({ description: offset, state: core.openState(offset), agentId });
    const channel = core.openChannel(instance);
    const xfer = core.acquire(instance);
    const at = core.payloadAt(xfer);
    for (const [index, word] of request.entries()) core.memory.setU32(at + index * 4, word);
    const state = core.exchange(channel, xfer, command, request.length * 4, 0);
    if (state === XFER.POSTED) return [];
    return Array.from({ length: core.byteLengthOf(xfer) / 4 }, (_, index) => core.memory.i32(at + index * 4));
  }

  const everything: PlatformDescription = {
    agents: 3,
    protocols: [
      {
        id: 0x10,
        version: 0x20001,
        messages: [
          { id: 1, reply: Uint8Array.of(1, 2, 3, 4) },
          { id: 3, requestBytes: 0, reply: new Uint8Array(16).fill(7) },
          { id: 4 },
        ],
      },
      {
        id: 0x13,
        version: 0x40000,
        deniedAgents: [3],
        performanceDomains: [
          { levels: [100, 200, 400], level: 200, max: 200, min: 100 },
          { levels: [], level: 5, max: 9, min: 1, readOnlyAgents: [2], deniedAgents: [3] },
          { levels: [], level: 6, max: 9, min: 1, deniedAgents: [2] },
        ],
      },
      {
        id: 0x14,
        version: 0x30000,
        clocks: [
          { rates: [1000n, 2n ** 40n], rate: 2n ** 40n },
          { rates: { lowest: 10n, highest: 2n ** 33n, step: 2n }, rate: 12n, readOnlyAgents: [1], asyncDepth: 1 },
          { rates: [5n], rate: 5n, deniedAgents: [1] },
        ],
      },
      {
        id: 0x11,
        version: 0x30001,
        powerDomains: [
          { states: [0, 7], state: 7, readOnlyAgents: [2] },
          { state: 1, hasSync: false, hasAsync: true },
          { states: [0], state: 0, hostAnswers: ["get"] },
        ],
      },
      {
        id: 0x17,
        version: 0x20001,
        voltages: [
          { levelsUv: [-5, 5], levelUv: -5, hasAsync: true },
          { levelsUv: { lowest: -10, highest: 10, step: 5 }, levelUv: 10 },
        ],
      },
      { id: 0x15, version: 0x20000, sensors: [{ reading: -1500n, timestamp: 2n ** 32n }, { hasAsync: true }] },
      { id: 0x95, version: 0x10000, sensors: [{ reading: 2n ** 32n + 1n, timestamp: 9n }] },
      {
        id: 0x18,
        version: 0x20000,
        powercaps: [
          { cap: 12_500, power: 7421, paiUs: 100_000, isMonitored: true },
          { cap: 1, paiUs: 1, intervalUs: 2, isMonitored: true },
          { cap: 3 },
        ],
      },
    ],
  };
  const POWER_SET = commandWord(0x11, 4);
  const POWER_GET = commandWord(0x11, 5);
  const VOLTAGE_SET = commandWord(0x17, 7);
  const VOLTAGE_GET = commandWord(0x17, 8);
  const READING = commandWord(0x15, 6);
  const CAP = commandWord(0x18, 4);
  const MEASUREMENTS = commandWord(0x18, 9);
  const LIMITS_SET = commandWord(0x13, 5);
  const LIMITS_GET = commandWord(0x13, 6);
  const LEVEL_SET = commandWord(0x13, 7);
  const LEVEL_GET = commandWord(0x13, 8);
  const RATE_SET = commandWord(0x14, 5);
  const RATE_GET = commandWord(0x14, 6);

  const answers: readonly (readonly [
    what: string,
    agentId: number,
    command: number,
    request: number[],
    answer: number[],
  ])[] = [
    ["gives its version", 1, commandWord(0x10, 0), [], [0, 0x20001]],
    ["gives the version of each protocol", 1, commandWord(0x14, 0), [], [0, 0x30000]],
    ["gives constants, for any parameters by default", 1, commandWord(0x10, 1), [1, 2], [0, 0x0403_0201]],
    ["wants the exact parameters of a constant that says so", 1, commandWord(0x10, 3), [1], [STATUS.PROTOCOL_ERROR]],
    ["leaves what has no constant to the host", 1, commandWord(0x10, 4), [], []],
    ["does not know messages that are not described", 1, commandWord(0x10, 2), [], [STATUS.NOT_FOUND]],
    ["does not know protocols that are not described", 1, commandWord(0x12, 0), [], [STATUS.NOT_SUPPORTED]],
    ["denies a protocol to an agent", 3, LEVEL_GET, [0], [STATUS.DENIED]],
    ["starts at the level described", 1, LEVEL_GET, [0], [0, 200]],
    ["takes a level of the list within the limits", 1, LEVEL_SET, [0, 100], [0]],
    ["does not take one above the limits", 1, LEVEL_SET, [0, 400], [STATUS.OUT_OF_RANGE]],
    ["does not take one that is not in the list", 1, LEVEL_SET, [0, 150], [STATUS.OUT_OF_RANGE]],
    ["takes any level without a list", 1, LEVEL_SET, [1, 8], [0]],
    ["lets a read-only agent read", 2, LEVEL_GET, [1], [0, 5]],
    ["does not let a read-only agent set", 2, LEVEL_SET, [1, 8], [STATUS.DENIED]],
    ["does not let a denied agent read", 2, LEVEL_GET, [2], [STATUS.DENIED]],
    ["starts at the rate described, in 64 bits", 1, RATE_GET, [0], [0, 0, 256]],
    ["takes a rate of the list", 1, RATE_SET, [0, 0, 1000, 0], [0]],
    ["does not show a clock to a denied agent", 1, RATE_GET, [2], [STATUS.NOT_FOUND]],
    ["does not let a read-only agent set a clock", 1, RATE_SET, [0, 1, 12, 0], [STATUS.DENIED]],
    ["takes a rate of a range", 2, RATE_SET, [0, 1, 14, 0], [0]],
    ["leaves asynchronous changes that it allows to the host", 2, RATE_SET, [1, 1, 14, 0], []],
    ["does not allow them by default", 2, RATE_SET, [1, 0, 1000, 0], [STATUS.NOT_SUPPORTED]],
    ["has the limits described", 1, LIMITS_GET, [1], [0, 9, 1]],
    ["limits a domain without a list to what is described", 1, LIMITS_SET, [1, 10, 1], [STATUS.OUT_OF_RANGE]],
    ["takes limits within that", 1, LIMITS_SET, [1, 9, 8], [0]],
    ["does not let a read-only agent limit", 2, LIMITS_SET, [1, 9, 8], [STATUS.DENIED]],
    ["starts in the power state described", 1, POWER_GET, [0], [0, 7]],
    ["takes a state of the list", 1, POWER_SET, [0, 0, 0], [0]],
    ["does not take any other", 1, POWER_SET, [0, 0, 1], [STATUS.INVALID_PARAMETERS]],
    ["does not let a read-only agent switch", 2, POWER_SET, [0, 0, 0], [STATUS.DENIED]],
    ["does not switch at once where it cannot", 1, POWER_SET, [0, 1, 1], [STATUS.NOT_SUPPORTED]],
    ["leaves a switch that takes its time to the host", 1, POWER_SET, [1, 1, 1], []],
    ["does not take its time by default", 1, POWER_SET, [1, 0, 0], [STATUS.NOT_SUPPORTED]],
    ["leaves what the description says to the host", 1, POWER_GET, [2], []],
    ["and nothing else of that domain", 1, POWER_SET, [0, 2, 0], [0]],
    ["starts at the voltage described, signed", 1, VOLTAGE_GET, [0], [0, -5]],
    ["takes a voltage of the list", 1, VOLTAGE_SET, [0, 0, 5], [0]],
    ["takes a negative one of a range", 1, VOLTAGE_SET, [1, 0, -10], [0]],
    ["does not take one off the steps", 1, VOLTAGE_SET, [1, 0, 1], [STATUS.INVALID_PARAMETERS]],
    ["leaves a ramp to the host", 1, VOLTAGE_SET, [0, 1, 5], []],
    ["has no ramps by default", 1, VOLTAGE_SET, [1, 1, 5], [STATUS.NOT_SUPPORTED]],
    ["has the reading described, with its timestamp", 1, READING, [0, 0], [0, -1500, -1, 0, 1]],
    ["has 0 where none is described", 1, READING, [1, 0], [0, 0, 0, 0, 0]],
    ["has no timestamp before version 2.0", 1, commandWord(0x95, 6), [0, 0], [0, 1, 1]],
    ["leaves a reading that takes its time to the host", 1, READING, [1, 1], []],
    ["has the cap described", 1, CAP, [0], [0, 12_500]],
    ["has measurements over the averaging interval", 1, MEASUREMENTS, [0], [0, 7421, 100_000]],
    ["or over another one", 1, MEASUREMENTS, [1], [0, 0, 2]],
    ["has no measurements by default", 1, MEASUREMENTS, [2], [STATUS.NOT_SUPPORTED]],
  ];

  test.each(answers)("%s", (_what, agentId, command, request, answer) => {
    expect(ask(everything, agentId, command, request)).toEqual(answer);
  });
});
