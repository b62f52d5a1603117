import { expect, test } from "vitest";
import { RELEASE_NAMES } from "../../src/protocols/index.ts";
import { boardFile, PROTOCOL, rig } from "./kit.ts";

const { PERFORMANCE: P, POWERCAP: C } = PROTOCOL;
const [NOT_FOUND] = [-4] as const;
const HAS_FAST_CHANNEL = 1 << 27;
const HAS_CAP_FAST_CHANNEL = 1 << 22;

test.each(RELEASE_NAMES)("agents without a way to the memory are offered nothing there, in release %s", (profile) => {
  const { agent } = rig(boardFile("example"), { profile, sharesMemory: false });
  for (const it of [agent(1), agent(2), agent(3)]) {
    const [, attributes, ...statistics] = it.call(P, 0x1) as [number, number, number, number, number];
    expect(statistics).toEqual([0, 0, 0]);
    for (const message of [0x5, 0x6, 0x7, 0x8]) expect(it.call(P, 0x2, message)).toEqual([0, 0]);
    expect(it.call(P, 0x2, 0xb)).toEqual([NOT_FOUND]);
    expect(it.call(P, 0xb, 0, 0x7)).toEqual([NOT_FOUND]);
    for (let domain = 0; domain < (attributes & 0xffff); domain++) {
      expect((it.call(P, 0x3, domain)[1] as number) & HAS_FAST_CHANNEL).toBe(0);
    }
  }
  // The rest is as it was: a level is set and read
  expect(agent(1).status(P, 0x7, 0, 1400)).toBe(0);
  expect(agent(1).call(P, 0x8, 0)).toEqual([0, 1400]);
  if (profile !== "3.2") return;
  expect((agent(1).call(C, 0x3, 1)[1] as number) & HAS_CAP_FAST_CHANNEL).toBe(0);
  expect(agent(1).call(C, 0x2, 0xc)).toEqual([NOT_FOUND]);
});

test("needs no room for FastChannels in the core", () => {
  const { platform } = rig(boardFile("example"), { sharesMemory: false }, { fastChannels: 0 });
  expect(platform.board.performance?.statistics).toBeUndefined();
});
