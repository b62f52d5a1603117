import { type LabChange, type LabReport, MEANING, number, textOfChanges } from "./lab.ts";

/** The report as one page that needs nothing else: bars on a logarithmic scale, with p99 as a line.
 *  @param changes since an older report */
export function htmlOfReport(report: LabReport, changes?: readonly LabChange[]): string {
  const { environment, cases, warnings, isPartial } = report;
  const most = Math.max(10, ...cases.map(({ p99Ns, medianNs }) => Math.max(p99Ns, medianNs)));
  const at = (ns: number) => ((100 * Math.log10(Math.max(1, ns))) / Math.log10(most)).toFixed(2);
  const rows = cases.map(({ id, title, medianNs, p99Ns, madNs, ratios }) => {
    const cells = Object.values(ratios).map((it) => `<td>${it === null ? "–" : it.toFixed(2)}</td>`);
    return `<tr><th title="${escaped(title)}">${escaped(id)}</th><td>${number(medianNs)}</td><td>${number(p99Ns)}</td><td>${number(madNs)}</td>
<td class="bar"><i style="width:${at(medianNs)}%"></i><b style="left:${at(p99Ns)}%"></b></td>${cells.join("")}</tr>`;
  });
  const facts = Object.entries(environment).map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(String(value ?? "unknown"))}</dd>`,
  );
  const notes = [...warnings, ...(isPartial ? ["interrupted before the last case"] : [])];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>scmi bench</title>
<style>
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c2733}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:500}td{text-align:right;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;border-bottom:1px solid #e3e8ee}thead th{border-bottom:2px solid #b8c4d0;text-align:right}thead th:first-child{text-align:left}
.bar{position:relative;width:18rem;background:linear-gradient(90deg,#f2f5f8,#f2f5f8) center/100% 1px no-repeat}
.bar i{position:absolute;left:0;top:30%;height:40%;background:#2f7ebb;border-radius:2px}.bar b{position:absolute;top:20%;height:60%;width:2px;background:#c8553d}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;color:#52606d}dd{margin:0}.note{background:#fff4e0;padding:.5rem 1rem;border-left:4px solid #e0a030}
</style>
<h1>scmi bench</h1>
${notes.map((it) => `<p class="note">${escaped(it)}</p>`).join("\n")}
<p>${MEANING.map(escaped).join(" ")} Bars are medians, lines p99, on a logarithmic scale.</p>
<table><thead><tr><th>case</th><th>median</th><th>p99</th><th>MAD</th><th>1 … ${most.toFixed(0)} ns</th><th>wasm2c</th><th>flat C</th><th>structured C</th><th>best JS</th><th>usual JS</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>
${changes ? `<h2>Since the older report</h2><pre>${escaped(textOfChanges(changes).join("\n").trim())}</pre>\n` : ""}<h2>Environment</h2><dl>${facts.join("")}</dl>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`);
}
