import type { KindReport } from "../../sim/index.ts";

/** Curves of power that share an axis. */
export interface PowerAxis {
  /** What the axis counts; empty for abstract power alone. */
  readonly unit: string;
  readonly curves: readonly { readonly unit: string; readonly values: readonly (number | null)[] }[];
}

const UNITS = { milliwatt: "mW", microwatt: "µW", abstract: "" } as const;
const MICRO_PER_MILLI = 1000;

/** Puts the power of all kinds on one axis: microwatts beside milliwatts become such. What abstract power is worth nobody knows. */
export function powerAxis(kinds: readonly Pick<KindReport, "powerUnit" | "series">[]): PowerAxis {
  const isMixed = kinds.some(({ powerUnit }) => powerUnit === "milliwatt");
  const curves = kinds.map(({ powerUnit, series }) => {
    if (!isMixed || powerUnit !== "microwatt") return { unit: UNITS[powerUnit], values: series };
    return { unit: UNITS.milliwatt, values: series.map((it) => (it === null ? null : it / MICRO_PER_MILLI)) };
  });
  const units = [...new Set(curves.map(({ unit }) => unit))].map(
    (it, _, all) => it || (all.length > 1 ? "abstract" : ""),
  );
  return { unit: units.join(" · "), curves };
}
