import type { DomainReport, KindReport } from "../sim/index.ts";
import type { SimDocument } from "./sim-document.ts";

/** Units of power: how many make a watt, and the names of power and energy from there on; abstract ones stay as they are. */
const UNITS = {
  milliwatt: { perWatt: 1e3, power: "mW", energy: "mJ" },
  microwatt: { perWatt: 1e6, power: "µW", energy: "µJ" },
  abstract: { perWatt: Number.POSITIVE_INFINITY, power: "", energy: "" },
} as const;

/** A power or an energy with its unit, in W or J where that reads better. */
export function amount(
  value: number,
  powerUnit: keyof typeof UNITS,
  what: "power" | "energy",
): readonly [string, string] {
  const { perWatt, ...units } = UNITS[powerUnit];
  if (value < 10 * perWatt) return [number(value), units[what]];
  return [number(value / perWatt), what === "power" ? "W" : "J"];
}

/** A run as text for people. */
export function asText({ isPartial, plan, kinds, latency, socSeconds, run }: SimDocument): string {
  const load = plan.trace ?? plan.load?.map(({ kind, domain }) => (domain ? `${domain}@${kind}` : kind)).join(", ");
  const lines = [
    `${plan.socs} SoCs, ${plan.seconds} s, governor ${plan.governor}, load ${load}, seed ${plan.seed}`,
    ...kinds.flatMap((kind) => [
      "",
      `${kind.board}: ${kind.socs} SoCs`,
      ...kind.domains.flatMap((it) => domainText(kind, it)),
    ]),
    "",
    `latency        ${latency.count === 0 ? "no switches" : latencyText(latency)}`,
    `run            ${number(socSeconds)} SoC seconds in ${number(run.elapsedMs / 1000)} s, ${number(run.messagesPerSecond)} messages/s, ${run.workers} workers`,
  ];
  if (isPartial)
    lines.push(`PARTIAL: interrupted after ${share(socSeconds / (plan.socs * plan.seconds))} of the simulated time`);
  return lines.join("\n");
}

function domainText({ powerUnit, socs }: KindReport, it: DomainReport): string[] {
  const energy = amount(it.energy, powerUnit, "energy").join(" ");
  const residency = it.levels.map(({ level, residency }) => `${level}: ${share(residency)}`).join("  ");
  const odd = [
    ...([
      ["late", it.late],
      ["superseded", it.superseded],
      ["unfinished", it.unfinished],
    ] as const),
    ...([
      ["refused", it.refused],
      ["faults", it.faults],
    ] as const),
  ].filter(([, count]) => count > 0);
  return [
    `  ${it.name}`,
    `    energy     ${energy}, ${amount(it.power, powerUnit, "power").join(" ")} a SoC`,
    `    residency  ${residency}`,
    `    switches   ${it.switches} of ${it.messages} messages, ${number(it.switches / Math.max(1, socs))} a SoC${odd.map(([name, count]) => `, ${count} ${name}`).join("")}`,
    `    unserved   ${share(it.unservedShare)} of the work`,
  ];
}

function latencyText({ p50Us, p90Us, p99Us, maxUs, meanUs }: SimDocument["latency"]): string {
  return `mean ${number(meanUs)} µs, p50 ${p50Us}, p90 ${p90Us}, p99 ${p99Us}, max ${maxUs} µs`;
}

/** A share for people. */
export function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** A number for people. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 });
}
