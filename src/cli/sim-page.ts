import { readFileSync } from "node:fs";
import type { DomainReport, KindReport } from "../sim/index.ts";
import type { SimDocument } from "./sim-document.ts";
import { amount, number, share } from "./sim-text.ts";

/** A run as one HTML file that needs nothing else: numbers as text, and charts that a script draws from the same numbers. */
export function simPage(document: SimDocument): string {
  const { plan, isPartial, kinds } = document;
  const title = `${plan.governor} on ${plan.socs.toLocaleString("en")} SoCs`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="scmi sim">
<title>${escaped(title)}</title>
<style>
${part("page/charts.css")}
${STYLE}
</style>
</head>
<body>
<main>
<header>
<h1>${escaped(title)}</h1>
<p class="sub">${escaped(plan.boards.join(", "))} · ${escaped(loadText(plan))} · ${simulatedText(document)} · seed ${plan.seed}</p>
${isPartial ? '<p class="partial">Partial: the run was interrupted. Times that nobody simulated are left out.</p>' : ""}
</header>
<section class="tiles">${tiles(document)}</section>
<section class="card"><h2>Power over time</h2><p class="note">Mean of one SoC${kinds.length > 1 ? " of each board" : ""}.</p><div class="chart" data-chart="power"></div></section>
${kinds.map((kind, i) => kind.domains.map((domain, j) => domainCard(kind, domain, i, j)).join("\n")).join("\n")}
<section class="card"><h2>Latency of a switch</h2><p class="note">From request to level in force: share of the switches that took at most so long.
p50 ${document.latency.p50Us} µs · p90 ${document.latency.p90Us} µs · p99 ${document.latency.p99Us} µs · longest ${document.latency.maxUs} µs</p>
${document.latency.count > 0 ? '<div class="chart" data-chart="latency"></div>' : '<p class="note">No switches.</p>'}</section>
<section class="card"><h2>How it was simulated</h2>${planTable(document)}</section>
</main>
<script type="application/json" id="document">${JSON.stringify(document).replaceAll("<", "\\u003c")}</script>
<script>${part("page/charts.js").replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}

function tiles({ kinds, latency, run, socSeconds }: SimDocument): string {
  const domains = kinds.flatMap((it) => it.domains);
  const sum = (of: (it: DomainReport) => number) => domains.reduce((total, it) => total + of(it), 0);
  const [first] = kinds;
  const isOneUnit = kinds.every((it) => it.powerUnit === first?.powerUnit);
  const unit = first?.powerUnit ?? "abstract";
  const lost = Math.max(0, ...domains.map((it) => it.unservedShare));
  const power = kinds.reduce((total, it) => total + it.socs * it.domains.reduce((p, d) => p + d.power, 0), 0);
  const socs = kinds.reduce((total, it) => total + it.socs, 0);
  return [
    ...(isOneUnit && socs > 0 ? [tile("Power of a SoC", ...amount(power / socs, unit, "power"))] : []),
    ...(isOneUnit
      ? [
          tile(
            "Energy of the fleet",
            ...amount(
              sum((it) => it.energy),
              unit,
              "energy",
            ),
          ),
        ]
      : []),
    tile("Switches", number(sum((it) => it.switches)), `${number(sum((it) => it.late))} late`),
    tile("Work lost at most", (lost * 100).toFixed(1), "% of a domain"),
    tile("Latency p99", number(latency.p99Us), "µs"),
    tile("Speed", number(socSeconds / (run.elapsedMs / 1000)), "SoC s / s"),
  ].join("");
}

function tile(label: string, value: string, unit: string): string {
  return `<div class="tile"><span>${label}</span><strong>${value}</strong><em>${unit}</em></div>`;
}

function domainCard(kind: KindReport, domain: DomainReport, i: number, j: number): string {
  const count = domain.levels.length;
  const bars = domain.levels
    .map(({ residency }, level) => `<i style="flex:${residency};background:${shade(level, count)}"></i>`)
    .join("");
  const legend = domain.levels
    .map(
      ({ level, residency }, at) =>
        `<li><b style="background:${shade(at, count)}"></b>${level}<span>${(residency * 100).toFixed(1)} %</span></li>`,
    )
    .join("");
  const facts = [
    `${amount(domain.power, kind.powerUnit, "power").join(" ")} a SoC`,
    `${number(domain.switches)} switches`,
    `${number(domain.messages)} messages`,
    `${(domain.unservedShare * 100).toFixed(1)} % of the work lost`,
    ...(domain.late > 0 ? [`${number(domain.late)} late`] : []),
    ...(domain.superseded > 0 ? [`${number(domain.superseded)} superseded`] : []),
    ...(domain.refused + domain.faults > 0 ? [`${number(domain.refused + domain.faults)} failed`] : []),
  ];
  return `<section class="card"><h2>${escaped(domain.name)} <small>${escaped(kind.board)}</small></h2>
<p class="note">${facts.join(" · ")}</p>
<div class="bar">${bars}</div><ul class="legend">${legend}</ul>
<div class="chart" data-chart="residency" data-kind="${i}" data-domain="${j}"></div></section>`;
}

/** Levels from low to high, from pale to deep; charts.ts has the same. */
function shade(level: number, count: number): string {
  return `var(--level-${count < 2 ? 6 : Math.round((level * 6) / (count - 1))})`;
}

function planTable({ plan, run }: SimDocument): string {
  const rows = [
    ["Agent", `${plan.agent.id} (${plan.agent.name})`],
    ["Tick", `${number(plan.tickUs)} µs`],
    ["Message", `${number(plan.messageUs)} µs`],
    ["Latency", `${100 - plan.spreadPercent} to 100 % of what is stated`],
    ["Idle power", `${plan.idlePercent} % of the level's`],
    [
      "Run",
      `${number(run.elapsedMs / 1000)} s with ${run.workers} workers, ${number(run.messagesPerSecond)} messages/s`,
    ],
  ];
  return `<table>${rows.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value ?? "")}</td></tr>`).join("")}</table>`;
}

function simulatedText({ plan, isPartial, socSeconds }: SimDocument): string {
  const all = `${number(plan.seconds)} s`;
  return isPartial ? `${share(socSeconds / (plan.socs * plan.seconds))} of ${all} simulated` : `${all} simulated`;
}

function loadText({ trace, load }: SimDocument["plan"]): string {
  return trace ?? (load ?? []).map(({ kind, domain }) => (domain ? `${kind} on ${domain}` : kind)).join(", ");
}

/** What the build put beside the command. */
function part(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), "utf8").trim();
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2530;--soft:#5d6b7a;--line:#e3e7ec;--accent:#2563ae;--warn:#9a5b00;
--level-0:#d6e6f5;--level-1:#aed0ec;--level-2:#84b6df;--level-3:#5b9ad0;--level-4:#3a7dbb;--level-5:#245f9c;--level-6:#143f70}
@media(prefers-color-scheme:dark){:root{--bg:#12171d;--card:#1a2129;--ink:#e6ebf0;--soft:#9aa8b5;--line:#2c3640;--accent:#6fb0f0;--warn:#e0a64a;
--level-0:#1d3147;--level-1:#24486d;--level-2:#2b6093;--level-3:#387bb8;--level-4:#5597d3;--level-5:#86b8e6;--level-6:#c3def6}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;line-height:1.2;margin:0 0 4px;text-wrap:balance}h2{font-size:16px;margin:0}
h2 small{font-weight:400;color:var(--soft);font-size:13px;margin-left:6px}.sub,.note{color:var(--soft);margin:0}.note{font-size:13px}
.partial{margin:12px 0 0;padding:8px 12px;border-left:3px solid var(--warn);background:var(--card);color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:12px;margin:24px 0 12px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:10px}.tile{padding:12px 14px;display:flex;flex-direction:column}
.tile span{font-size:12px;color:var(--soft)}.tile strong{font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}.tile em{font-style:normal;font-size:12px;color:var(--soft)}
.card{padding:16px 18px 14px;margin:12px 0}.chart{margin-top:12px;min-height:220px}
.bar{display:flex;height:14px;border-radius:7px;overflow:hidden;margin:12px 0 8px;background:var(--line)}.bar i{min-width:0}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0;font-size:13px;font-variant-numeric:tabular-nums}
.legend b{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}.legend span{color:var(--soft);margin-left:6px}
table{border-collapse:collapse;font-size:13px;margin-top:8px}th{text-align:left;font-weight:400;color:var(--soft);padding:3px 24px 3px 0}td{font-variant-numeric:tabular-nums}
.u-legend{font-size:12px!important;color:var(--soft)}.u-legend .u-marker{border-radius:3px}
`.trim();
