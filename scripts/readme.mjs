// Puts three examples and the latest bench results into README.md. With --check it writes nothing and exits 1 when they differ.
import { readFileSync } from "node:fs";
import { emit } from "./emit.mjs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

let text = read("README.md");
text = between(text, "example", `\`\`\`js\n${read("examples/first-exchange.mjs").trim()}\n\`\`\``);
text = between(text, "boot", `\`\`\`js\n${read("examples/boot.mjs").trim()}\n\`\`\``);
text = between(text, "server", `\`\`\`js\n${read("examples/server.mjs").trim()}\n\`\`\``);
text = between(
  text,
  "benchmarks",
  `${section(read("bench/README.md"), "## Targets")}\n\nAll numbers: [bench/README.md](bench/README.md).`,
);
emit("README.md", text);

/** What stands below a heading, down to the next one of its rank. */
function section(markdown, heading) {
  const [, rest] = markdown.split(`${heading}\n`);
  if (rest === undefined) throw new Error(`readme: expected ${heading} in bench/README.md`);
  return rest.split("\n## ")[0].trim();
}

function between(text, name, content) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`readme: expected ${begin} and ${end} in README.md`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}
