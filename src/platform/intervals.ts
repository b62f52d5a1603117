import type { BoardInterval, BoardIntervalRange } from "../board/board-sensor.ts";

/** How an update interval that a sensor has not is replaced. */
export type IntervalRounding = "down" | "up" | "closest";

/** In seconds. */
export function secondsOf({ seconds, exponent }: BoardInterval): number {
  return exponent < 0 ? seconds / 10 ** -exponent : seconds * 10 ** exponent;
}

/** The interval of a sensor that comes nearest to what is wanted; the shortest or longest where rounding leads beyond them. */
export function roundInterval(
  intervals: readonly BoardInterval[] | BoardIntervalRange,
  wanted: BoardInterval,
  rounding: IntervalRounding,
): BoardInterval {
  const wantedS = secondsOf(wanted);
  if ("lowest" in intervals) return inRange(intervals, wantedS, rounding);
  const below = intervals.filter((it) => secondsOf(it) <= wantedS).at(-1);
  const above = intervals.find((it) => secondsOf(it) >= wantedS);
  return pick(below, above, wantedS, rounding) ?? wanted;
}

/** The three of a range have one exponent. */
function inRange({ lowest, highest, step }: BoardIntervalRange, wantedS: number, rounding: IntervalRounding) {
  const { exponent } = lowest;
  const wanted = exponent < 0 ? wantedS * 10 ** -exponent : wantedS / 10 ** exponent;
  // What is a step but for the last bit of a fraction is that step
  const steps = Math.round(((wanted - lowest.seconds) / step.seconds) * 1e6) / 1e6;
  const most = Math.floor((highest.seconds - lowest.seconds) / step.seconds);
  const at = (k: number) => ({
    seconds: lowest.seconds + Math.min(Math.max(k, 0), most) * step.seconds,
    exponent,
  });
  return pick(at(Math.floor(steps)), at(Math.ceil(steps)), wantedS, rounding) ?? lowest;
}

function pick(
  below: BoardInterval | undefined,
  above: BoardInterval | undefined,
  wantedS: number,
  rounding: IntervalRounding,
): BoardInterval | undefined {
  if (!below || !above) return below ?? above;
  if (rounding === "up") return above;
  if (rounding === "down") return below;
  return secondsOf(above) - wantedS < wantedS - secondsOf(below) ? above : below;
}

/** The same or nearly the same interval in the 5 bits of seconds that version 1.0 has. */
export function shortInterval({ seconds, exponent }: BoardInterval): BoardInterval {
  if (seconds <= MAX_SHORT_SECONDS) return { seconds, exponent };
  return shortInterval({ seconds: Math.round(seconds / 10), exponent: exponent + 1 });
}

const MAX_SHORT_SECONDS = 31;
