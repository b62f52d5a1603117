/** One measured case; names are contract (docs/cli.md). */
export interface LabCase {
  readonly id: string;
  readonly title: string;
  readonly medianNs: number;
  /** Of the samples, each of which is a mean of many operations: the machine's disturbances, not the slowest operation. */
  readonly p99Ns: number;
  /** Median distance from the median. */
  readonly madNs: number;
  /** How many there are. */
  readonly samples: number;
  /** Median over that of each twin's exchange in the same run; `null` where that twin was not there, or cannot do it. */
  readonly ratios: Readonly<Record<"wasm2c" | "flatC" | "structuredC" | "bestJs" | "usualJs", number | null>>;
}

/** What the laboratory found. */
export interface LabReport {
  readonly environment: Readonly<Record<string, unknown>>;
  readonly cases: readonly LabCase[];
  readonly warnings: readonly string[];
  /** It was interrupted: later cases are missing. */
  readonly isPartial: boolean;
}

/** What a case became since an older report. */
export interface LabChange {
  readonly id: string;
  readonly beforeNs: number;
  readonly afterNs: number;
  /** After over before. */
  readonly ratio: number;
  readonly verdict: "faster" | "slower" | "same";
}

/** Of the sum of both distances: what is closer together may be chance. */
const BEYOND_NOISE = 3;
/** However steady: two runs of the same code differ by as much. */
const LEAST_CHANGE = 0.05;

/** Compares two reports, case by case; cases that only one of them has are left out. */
export function compareReports(before: LabReport, after: LabReport): readonly LabChange[] {
  const old = new Map(before.cases.map((it) => [it.id, it]));
  return after.cases.flatMap((it) => {
    const was = old.get(it.id);
    if (!was) return [];
    const distance = Math.abs(it.medianNs - was.medianNs);
    const noise = Math.max(BEYOND_NOISE * (it.madNs + (was.madNs ?? 0)), LEAST_CHANGE * was.medianNs);
    const verdict = distance <= noise ? "same" : it.medianNs < was.medianNs ? "faster" : "slower";
    return [{ id: it.id, beforeNs: was.medianNs, afterNs: it.medianNs, ratio: it.medianNs / was.medianNs, verdict }];
  });
}

/** What two reports have to have in common if only the code is to be between them. */
const CIRCUMSTANCES = ["cpu", "cores", "node", "compiler", "governor", "budget"] as const;

/** Why a comparison may say nothing about the code. */
export function doubtsOf(before: LabReport, after: LabReport): readonly string[] {
  const was = before.environment ?? {};
  const moved = CIRCUMSTANCES.filter((name) => name in was && was[name] !== after.environment[name]);
  const other = moved.map((name) => `${name} ${was[name] ?? "unknown"}, now ${after.environment[name] ?? "unknown"}`);
  return [
    ...(other.length > 0 ? [`the report to compare with was made in other circumstances: ${other.join("; ")}`] : []),
    ...(before.warnings ?? []).map((it) => `the report to compare with says: ${it}`),
  ];
}

/** Whether parsed JSON is a report, as far as comparing needs it. */
export function isReport(value: unknown): value is LabReport {
  if (typeof value !== "object" || value === null || !("cases" in value) || !Array.isArray(value.cases)) return false;
  return value.cases.every(
    (it: unknown) =>
      typeof it === "object" && it !== null && "id" in it && "medianNs" in it && typeof it.medianNs === "number",
  );
}

const TWINS = ["wasm2c", "flatC", "structuredC", "bestJs", "usualJs"] as const;

/** What a number says, and what not. */
export const MEANING = [
  "Nanoseconds an operation on this machine, now. An exchange is post, framing, serve and settle in memory, without a real transport or a",
  "context switch; a ratio is our median over that of the twin's exchange of 8 bytes and a status (of the same case, where it has twins) in this run.",
  "p99 is that of samples, each a mean of 1,024 operations or more, and not of single operations. docs/benchmarks.md says how all this is measured.",
] as const;

/** The report as lines of text. */
export function textOfReport({ environment, cases, warnings, isPartial }: LabReport): readonly string[] {
  const { cpu, cores, node, commit, compiler, governor } = environment;
  const width = Math.max(4, ...cases.map(({ id }) => id.length));
  const head = `${"case".padEnd(width)} ${"median ns".padStart(10)} ${"p99 ns".padStart(10)} ${"MAD".padStart(7)}  ${TWINS.map((it) => it.padStart(11)).join(" ")}`;
  return [
    `${cpu}, ${cores} cores; Node ${node}; commit ${commit ?? "unknown"}; ${compiler ?? "no C compiler"}; governor ${governor ?? "unknown"}`,
    "",
    head,
    ...cases.map(({ id, medianNs, p99Ns, madNs, ratios }) => {
      const times = `${number(medianNs).padStart(10)} ${number(p99Ns).padStart(10)} ${number(madNs).padStart(7)}`;
      const twins = TWINS.map((it) => (ratios[it] === null ? "–" : `${ratios[it].toFixed(2)} ×`).padStart(11));
      return `${id.padEnd(width)} ${times}  ${twins.join(" ")}`;
    }),
    "",
    ...MEANING,
    ...warnings.map((it) => `warning: ${it}`),
    ...(isPartial ? ["partial: interrupted before the last case"] : []),
  ];
}

/** The comparison as lines of text. */
export function textOfChanges(changes: readonly LabChange[]): readonly string[] {
  const width = Math.max(4, ...changes.map(({ id }) => id.length));
  const moved = changes.filter(({ verdict }) => verdict !== "same");
  return [
    "",
    `${moved.length} of ${changes.length} cases moved beyond noise`,
    ...moved.map(
      ({ id, beforeNs, afterNs, ratio, verdict }) =>
        `${id.padEnd(width)} ${number(beforeNs).padStart(10)} → ${number(afterNs).padStart(10)} ns  ${ratio.toFixed(2)} × (${verdict})`,
    ),
  ];
}

/** A time for people. */
export function number(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}
