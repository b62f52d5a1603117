import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

// The pages of a user against what they point at: files, headings, and the options of the command.

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", "test/vectors/README.md"],
  ...["examples/embed/c", "examples/traces", "examples/vendor"].map((folder) => `${folder}/README.md`),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** A heading's anchor, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

function anchors(path: string): ReadonlySet<string> {
  return new Set([...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
}

function isBroken(page: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = file === "" ? page : join(dirname(page), file);
  if (!existsSync(join(root, path))) return true;
  return anchor !== undefined && !anchors(path).has(anchor);
}

test.each(pages)("%s links to files and headings that are there", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  expect(links.filter((link) => !/^https?:/.test(link) && isBroken(page, link))).toEqual([]);
});

describe("docs/cli.md", () => {
  const help = (...words: string[]) =>
    execFileSync(process.execPath, [join(root, "dist/cli/scmi.js"), ...words, "--help"], { encoding: "utf8" });
  const subcommands = [...help().matchAll(/^ {2}([a-z-]+) (?:\[|<)/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "help");
  const sections = read("docs/cli.md").split(/^## /m);

  test("has a section for every subcommand", () => {
    expect(subcommands.length).toBeGreaterThan(5);
    for (const name of subcommands) {
      expect(
        sections.filter((section) => section.startsWith(`\`scmi ${name}`)),
        name,
      ).toHaveLength(1);
    }
  });

  test.each(subcommands)("has every option of scmi %s in its section, and none that it lacks", (name) => {
    const section = sections.find((it) => it.startsWith(`\`scmi ${name}`)) ?? "";
    // Options of other commands stand in prose as part of a line to type: `scmi serve BOARD --vhost-user PATH`
    const prose = section.replace(/`(?!scmi )([^`\n]+)`|`scmi [^`\n]+`/g, (_, own?: string) => own ?? "");
    const told = new Set([...prose.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option));
    const known = new Set([...help(name).matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = ""]) => option));
    expect([...told].filter((option) => !known.has(option))).toEqual([]);
    known.delete("--help");
    expect([...known].filter((option) => !told.has(option))).toEqual([]);
  });
});
