import { describe, expect, test } from "vitest";
import { RELEASE_NAMES, type Release } from "../../src/protocols/index.ts";
import { boardFile, PROTOCOL, rig } from "./kit.ts";

const { BASE, PERFORMANCE: P, CLOCK: C } = PROTOCOL;

/** What tells one release from another, from the version tables of the reference texts. Payload bytes, status included. */
const LOOKS: Readonly<Record<Release, Readonly<Record<string, number>>>> = {
  "1.0": look([0x10000, 0x10000, 0x10000], { agent: 20, level: 12, clock: 24, performanceBits: 0, clockBits: 0 }),
  "2.0": look([0x20000, 0x20000, 0x10000], { agent: 24, level: 12, clock: 24, performanceBits: 1, clockBits: 0 }),
  "3.0": look([0x20000, 0x20000, 0x10000], { agent: 24, level: 12, clock: 24, performanceBits: 1, clockBits: 0 }),
  "3.1": look([0x20000, 0x30000, 0x20000], { agent: 24, level: 12, clock: 28, performanceBits: 3, clockBits: 0b111 }),
  "3.2": look([0x20001, 0x40000, 0x30000], {
    agent: 24,
    level: 20,
    clock: 28,
    performanceBits: 7,
    clockBits: 0b111111,
  }),
};

function look(
  [base, performance, clock]: readonly [number, number, number],
  sizes: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return { base, performance, clockVersion: clock, ...sizes };
}

describe.each(RELEASE_NAMES)("a platform of release %s", (profile) => {
  test("looks exactly like one", () => {
    const { agent } = rig(boardFile("example"), { profile });
    const call = (protocol: number, id: number, ...words: number[]) => agent(3).call(protocol, id, ...words);
    const bytes = (words: readonly number[]) => words.length * 4;
    const domains = [0, 1, 2, 3, 4].map((domain) => call(P, 0x3, domain)[1] as number);
    const clocks = [0, 1, 2, 3, 4].map((clock) => call(C, 0x3, clock)[1] as number);
    const union = (words: readonly number[]) => words.reduce((all, word) => (all | word) >>> 0, 0);
    const performance = union(domains);
    const clock = union(clocks);
    expect({
      base: call(BASE, 0)[1],
      performance: call(P, 0)[1],
      clockVersion: call(C, 0)[1],
      agent: bytes(call(BASE, 0x7, 1)),
      level: (bytes(call(P, 0x4, 4, 0)) - 8) / 2,
      clock: bytes(call(C, 0x3, 0)),
      // FastChannel 27, long name 26, level indices 25
      performanceBits:
        ((performance >>> 27) & 1) | (((performance >>> 26) & 1) << 1) | (((performance >>> 25) & 1) << 2),
      // 31, 30, 29 from 3.1 on; 28, 27, 1 from 3.2 on
      clockBits:
        ((clock >>> 31) & 1) |
        (((clock >>> 30) & 1) << 1) |
        (((clock >>> 29) & 1) << 2) |
        (((clock >>> 28) & 1) << 3) |
        (((clock >>> 27) & 1) << 4) |
        (((clock >>> 1) & 1) << 5),
    }).toEqual(LOOKS[profile]);
    // Nothing beyond what is listed above and bits 31 to 28 of a domain, bit 0 of a clock
    expect(performance & 0x01ffffff).toBe(0);
    expect(clock & 0x07fffffc).toBe(0);
    if (profile === "1.0" || profile === "2.0" || profile === "3.0") expect(clock & ~1).toBe(0);
  });

  test("says of FastChannels what its version knows", () => {
    const { agent } = rig(boardFile("example"), { profile });
    const attributes = Array.from({ length: 0xb }, (_, id) => agent(1).call(P, 0x2, id)[1]);
    const fast = profile === "1.0" ? 0 : 1;
    expect(attributes).toEqual([0, 0, 0, 0, 0, fast, fast, fast, fast, 0, 0]);
  });

  test("takes negotiation from release 3.2 on", () => {
    const { agent } = rig(boardFile("example"), { profile });
    for (const protocol of [BASE, P, C]) {
      expect(agent(1).status(protocol, 0x10, 0x10000)).toBe(profile === "3.2" ? 0 : -4);
    }
  });
});

describe("negotiation", () => {
  test("takes every version up to the platform's own, and no other", () => {
    const { agent } = rig(boardFile("example"));
    const answers = (protocol: number, versions: readonly number[]) =>
      versions.map((version) => agent(1).status(protocol, 0x10, version));
    expect(answers(BASE, [0x10000, 0x20000, 0x20001, 0x20002, 0x30000, 0])).toEqual([0, 0, 0, -1, -1, -1]);
    expect(answers(P, [0x10000, 0x20000, 0x30000, 0x40000, 0x40001, 0x50000])).toEqual([0, 0, 0, 0, -1, -1]);
    expect(answers(C, [0x10000, 0x20000, 0x20001, 0x30000, 0xffffffff])).toEqual([0, 0, -1, 0, -1]);
  });

  test("concerns one agent and one protocol, and leaves PROTOCOL_VERSION alone", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(1).status(C, 0x10, 0x10000)).toBe(0);
    expect(agent(1).call(C, 0x3, 2)).toHaveLength(6);
    expect((agent(1).call(C, 0x3, 2)[1] as number) & ~1).toBe(0);
    expect(agent(2).call(C, 0x3, 2)).toHaveLength(7);
    expect(agent(1).call(P, 0x4, 0, 0)).toHaveLength(2 + 4 * 5);
    expect(agent(1).call(C, 0)).toEqual([0, 0x30000]);
    for (const id of [0x8, 0x9, 0xb, 0xf]) expect(agent(1).status(C, id, 2, 0)).toBe(-4);
    expect(agent(1).status(C, 0x2, 0x9)).toBe(-4);
    expect(agent(1).status(C, 0x7, 2, 1, 0)).toBe(-10);
    expect(agent(1).status(C, 0x7, 2, 1)).toBe(0);
    // Whoever agreed on an old version can still agree on another, and a failure changes nothing
    expect(agent(1).status(C, 0x2, 0x10)).toBe(0);
    expect(agent(1).status(C, 0x10, 0x99999)).toBe(-1);
    expect(agent(1).call(C, 0x3, 2)).toHaveLength(6);
    expect(agent(1).status(C, 0x10, 0x20000)).toBe(0);
    expect(agent(1).call(C, 0x3, 2)).toHaveLength(7);
    expect(agent(1).status(C, 0x9, 2, 1)).toBe(0);
  });

  test("of Base changes what it says of agents, and takes messages away", () => {
    const { agent } = rig(boardFile("example"));
    expect(agent(2).status(BASE, 0x10, 0x10000)).toBe(0);
    expect(agent(2).call(BASE, 0x7, 1)).toHaveLength(5);
    expect(agent(2).status(BASE, 0x7, 0xffffffff)).toBe(-4);
    expect(agent(2).status(BASE, 0x9, 1, 1, 0)).toBe(-4);
  });

  test("is over when the agent is gone", () => {
    const { agent, platform } = rig(boardFile("example"));
    agent(1).status(C, 0x10, 0x10000);
    agent(1).status(P, 0xa, 0, 1);
    agent(1).port.close();
    const heard: Uint8Array[] = [];
    const port = platform.connectMessages(1, { send: (message) => heard.push(message) });
    port.receive(Uint8Array.of(3, 0x50, 0, 0, 2, 0, 0, 0));
    expect(heard[0]).toHaveLength(4 + 28);
    platform.performance.setLevel(0, 600);
    expect(heard).toHaveLength(1);
  });
});
