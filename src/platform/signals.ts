import type { BoardSignal } from "../board/board-sensor.ts";

/** What a sensor measures at a time, in the scale of its readings; fractions are rounded. The time is the platform's, in nanoseconds. */
export type Signal = (timeNs: number) => number | bigint;

const NS_PER_MS = 1e6;

/** A board's signal over time. The same time always has the same value, noise included. */
export function signalFrom(signal: BoardSignal): Signal {
  switch (signal.kind) {
    case "constant":
      return () => signal.value;
    case "ramp": {
      const { from, to, durationMs, isRepeated } = signal;
      return (timeNs) => {
        const turns = timeNs / NS_PER_MS / durationMs;
        return from + (to - from) * (isRepeated ? turns - Math.floor(turns) : Math.min(turns, 1));
      };
    }
    case "sine": {
      const { mean, amplitude, periodMs } = signal;
      return (timeNs) => mean + amplitude * Math.sin((2 * Math.PI * timeNs) / NS_PER_MS / periodMs);
    }
    case "noise": {
      const { mean, amplitude, stepMs, seed } = signal;
      return (timeNs) => mean + amplitude * (2 * scattered(seed, Math.floor(timeNs / NS_PER_MS / stepMs)) - 1);
    }
    case "points":
      return throughPoints(signal.points, signal.isHeld);
  }
}

/** Whether a signal is the same at all times. */
export function isConstant({ kind }: BoardSignal): boolean {
  return kind === "constant";
}

function throughPoints(points: Extract<BoardSignal, { kind: "points" }>["points"], isHeld: boolean): Signal {
  return (timeNs) => {
    const timeMs = timeNs / NS_PER_MS;
    const next = points.findIndex((it) => it.timeMs > timeMs);
    const after = points[next];
    const before = after ? points[next - 1] : points.at(-1);
    if (!after || !before) return (before ?? after)?.value ?? 0;
    if (isHeld) return before.value;
    return before.value + ((after.value - before.value) * (timeMs - before.timeMs)) / (after.timeMs - before.timeMs);
  };
}

/** A number from 0 to 1 that depends on seed and step alone: the finaliser of MurmurHash3, of both halves of the step. */
function scattered(seed: number, step: number): number {
  let hash = seed ^ Math.imul(step, 0x9e3779b1) ^ Math.imul(Math.floor(step / 0x1_0000_0000), 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
