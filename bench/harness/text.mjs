/** Names of contestants as tables show them. */
export const LABELS = {
  core: "core",
  api: "core by its class",
  wasm2c: "wasm2c twin",
  flat: "flat C",
  structured: "structured C, locks",
  best: "best JS",
  usual: "usual JS",
  prototype: "first flat twin",
  pthreads: "pthreads",
};

/** The tables for a terminal. */
export function asText(report) {
  const lines = [];
  for (const { title, names, rows } of report.questions) {
    lines.push("", title);
    lines.push(...columns(tableOf(names, rows)));
  }
  lines.push("", "Targets (ratios of medians)");
  for (const { text, values, met } of report.targets) {
    lines.push(`  ${met === undefined ? "not measured" : met ? "met   " : "MISSED"}  ${text}`);
    if (met !== undefined)
      for (const { name, figure, met } of values) lines.push(`            ${met ? " " : "!"} ${name}: ${figure}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Rows of cells, head first. Times are medians in ns an operation; in brackets how often the first contestant's that is. */
export function tableOf(names, rows) {
  const present = names.filter((who) => rows.some(({ results }) => results?.[who]));
  const head = ["", ...present.map((who) => LABELS[who])];
  return [
    head,
    ...rows.map(({ name, results, value, unit }) => {
      if (!results) return [name, `${value.toLocaleString("en")} ${unit}`];
      const base = results[present[0]];
      return [
        name,
        ...present.map((who) => {
          const it = results[who];
          if (!it) return "";
          return it === base || !base ? `${it.median}` : `${it.median} (${(it.median / base.median).toFixed(2)})`;
        }),
      ];
    }),
  ];
}

function columns(cells) {
  const widths = [];
  for (const row of cells) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return cells.map((row) =>
    `  ${row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ")}`.trimEnd(),
  );
}
