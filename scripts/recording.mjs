// Records `scmi boot` of our own board as docs/boot.svg, from what the built command really prints. With --check it writes nothing.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { emit } from "./emit.mjs";

const COMMAND = "npx scmi boot examples/boards/demo.dtb";
/** As many lines as a terminal shows at once: of the first instance, and the end. */
const FIRST_LINES = 42;
const LAST_LINES = 9;
const WIDTH = 1000;
const LINE_HEIGHT = 17;
const MARGIN = 18;
const BAR = 30;
const SECONDS_PER_LINE = 0.05;
const MOST_COLUMNS = 118;

/** By the codes of ANSI. */
const STYLES = { 1: "b", 2: "d", 31: "r", 32: "g", 36: "c" };
const ENDS = { 22: ["b", "d"], 39: ["r", "g", "c"] };

const root = fileURLToPath(new URL("..", import.meta.url));
const printed = execFileSync(process.execPath, ["dist/cli/scmi.js", "boot", "examples/boards/demo.dtb"], {
  cwd: root,
  encoding: "utf8",
  env: { ...process.env, FORCE_COLOR: "1", NO_COLOR: "" },
});
const all = printed.trimEnd().split("\n");
const lines = [`$ ${COMMAND}`, ...all.slice(0, FIRST_LINES), "  …", ...all.slice(-LAST_LINES)];
const height = BAR + 2 * MARGIN + lines.length * LINE_HEIGHT;
const rows = lines.map((line, i) => {
  const y = BAR + MARGIN + (i + 1) * LINE_HEIGHT - 5;
  return `<text x="${MARGIN}" y="${y}" style="animation-delay:${(i * SECONDS_PER_LINE).toFixed(2)}s">${spans(line)}</text>`;
});
emit(
  "docs/boot.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="A terminal: ${COMMAND}">
<style>
text{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#d4d8de;white-space:pre;animation:show .01s both}
.b{font-weight:700;fill:#fff}.d{fill:#8b93a0}.r{fill:#ff7b72}.g{fill:#7ee787}.c{fill:#79c0ff}
@keyframes show{from{opacity:0}to{opacity:1}}
@media(prefers-reduced-motion:reduce){text{animation:none}}
</style>
<rect width="${WIDTH}" height="${height}" rx="9" fill="#14181f"/>
<circle cx="20" cy="17" r="5.5" fill="#ff5f57"/><circle cx="38" cy="17" r="5.5" fill="#febc2e"/><circle cx="56" cy="17" r="5.5" fill="#28c840"/>
${rows.join("\n")}
</svg>
`,
);

/** A line with its colours, cut where a terminal would end. */
function spans(line) {
  const on = new Set();
  let left = MOST_COLUMNS;
  let text = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  for (const [, code, plain] of `\u001b[0m${line}`.matchAll(/\u001b\[(\d+)m([^\u001b]*)/g)) {
    if (STYLES[code]) on.add(STYLES[code]);
    for (const style of ENDS[code] ?? []) on.delete(style);
    const shown = plain.length > left ? `${plain.slice(0, Math.max(0, left - 1))}…` : plain;
    left -= plain.length;
    if (shown === "" || (shown === "…" && left + plain.length <= 0)) continue;
    const safe = shown.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    text += on.size === 0 ? safe : `<tspan class="${[...on].join(" ")}">${safe}</tspan>`;
  }
  return text;
}
