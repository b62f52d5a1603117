import type { BoardSignal } from "./board-sensor.ts";
import type { SignalSource } from "./source-sensor.ts";
import { type Place, within, wrong } from "./validate.ts";

/** Completes what a sensor measures.
 *  @throws BoardError when a field is missing that its kind needs, or a CSV text is none */
export function signalOf(source: SignalSource, place: Place): BoardSignal {
  if (typeof source === "number") return { kind: "constant", value: source };
  const needed = <Key extends keyof typeof source>(key: Key): NonNullable<(typeof source)[Key]> => {
    const value = source[key];
    if (value === undefined) throw wrong(within(place, key), `a value, as kind is ${source.kind}`, undefined);
    return value as NonNullable<(typeof source)[Key]>;
  };
  switch (source.kind) {
    case "ramp":
      return {
        ...{ kind: "ramp", from: needed("from"), to: needed("to"), durationMs: needed("durationMs") },
        isRepeated: source.repeat ?? false,
      };
    case "sine":
      return { kind: "sine", mean: needed("mean"), amplitude: needed("amplitude"), periodMs: needed("periodMs") };
    case "noise":
      return {
        ...{ kind: "noise", mean: needed("mean"), amplitude: needed("amplitude"), stepMs: needed("stepMs") },
        seed: source.seed ?? 0,
      };
    case "csv":
      return {
        kind: "points",
        points: pointsOf(needed("csv"), within(place, "csv")),
        isHeld: source.hold ?? false,
      };
  }
}

/** The points of a CSV text: time in milliseconds and value, one pair a line. Empty lines, lines that start with `#` and a head line
 *  count for nothing.
 *  @throws BoardError with the line */
export function pointsOf(csv: string, place: Place): readonly { readonly timeMs: number; readonly value: number }[] {
  const points: { readonly timeMs: number; readonly value: number }[] = [];
  let isFirst = true;
  for (const [i, line] of csv.split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const cells = text.split(/[,;\t]/).map((it) => it.trim());
    const [timeMs, value] = cells.map((it) => (it === "" ? Number.NaN : Number(it)));
    const isPair = cells.length === 2 && Number.isFinite(timeMs) && Number.isFinite(value);
    const isHead = isFirst && cells.length === 2;
    isFirst = false;
    if (!isPair || timeMs === undefined || value === undefined) {
      if (isHead) continue;
      throw wrong(within(place, i), "a line with time in ms and value", text);
    }
    const last = points.at(-1);
    if (last && timeMs <= last.timeMs) throw wrong(within(place, i), `a time after ${last.timeMs} ms`, text);
    points.push({ timeMs, value });
  }
  if (points.length === 0) throw wrong(place, "a line with time in ms and value", csv);
  return points;
}
