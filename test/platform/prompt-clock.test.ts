import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { PromptClock } from "../../src/platform/prompt-clock.ts";
import { boardFile, PROTOCOL, rig } from "./kit.ts";

/** A clock whose time moves, but whose timers never come by themselves. */
function lateClock(): Clock & { at: number; readonly timers: Set<() => void> } {
  const timers = new Set<() => void>();
  return {
    at: 0,
    timers,
    now() {
      return this.at;
    },
    after(_, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
  };
}

describe("a prompt clock", () => {
  test("keeps what is due when it is asked to, in the order of time, and once", () => {
    const late = lateClock();
    const clock = new PromptClock(late);
    const seen: string[] = [];
    clock.after(2, () => seen.push("second"));
    clock.after(1, () => seen.push("first"));
    clock.after(1, () => seen.push("first, too"));
    const cancel = clock.after(1, () => seen.push("never"));
    clock.after(3, () => seen.push("later"));
    cancel();
    clock.settle();
    expect(seen).toEqual([]);
    late.at = 2e6;
    clock.settle();
    clock.settle();
    expect(seen).toEqual(["first", "first, too", "second"]);
    expect(late.timers.size).toBe(1);
    for (const run of [...late.timers]) run();
    expect(seen.at(-1)).toBe("later");
  });

  test("leaves the errors of what it keeps to the clock below, and keeps the rest", () => {
    const late = lateClock();
    const clock = new PromptClock(late);
    const seen: string[] = [];
    clock.after(1, () => {
      throw new RangeError("mine");
    });
    clock.after(1, () => seen.push("next"));
    late.at = 1e6;
    clock.settle();
    expect(seen).toEqual(["next"]);
    expect([...late.timers].map((run) => run)).toHaveLength(1);
    expect([...late.timers][0]).toThrow("mine");
  });

  test("changes nothing where time is simulated", () => {
    const simulated = new SimulatedClock();
    const clock = new PromptClock(simulated);
    const seen: number[] = [];
    clock.after(1, () => seen.push(clock.now()));
    simulated.advance(5);
    clock.settle();
    expect([seen, simulated.pending]).toEqual([[1e6], 0]);
  });
});

test("a level is in force for whoever asks after its transition time, however late the timer is", () => {
  const late = lateClock();
  const { agent } = rig(boardFile("example"), {}, {}, late);
  const P = PROTOCOL.PERFORMANCE;
  expect(agent(1).status(P, 0x7, 1, 1600)).toBe(0);
  late.at += 9_999;
  expect(agent(1).call(P, 0x8, 1)).toEqual([0, 800]);
  late.at += 1;
  expect(agent(1).call(P, 0x8, 1)).toEqual([0, 1600]);
});
