import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { encodeDescription, type PlatformDescription, type ProtocolDescription } from "../../src/core/description.ts";
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
    const offset = core.describe(description);
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
    ],
  };
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
    ["does not know protocols that are not described", 1, commandWord(0x11, 0), [], [STATUS.NOT_SUPPORTED]],
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
  ];

  test.each(answers)("%s", (_what, agentId, command, request, answer) => {
    expect(ask(everything, agentId, command, request)).toEqual(answer);
  });
});
