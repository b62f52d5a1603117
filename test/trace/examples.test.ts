import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeTrace } from "../../src/trace/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${root}examples/traces/`;
const names = readdirSync(folder).filter((name) => !name.endsWith(".expected") && name !== "README.md");
const page = readFileSync(`${root}docs/reading-a-problem.md`, "utf8");
const read = (name: string) => readFileSync(folder + name, "utf8");

describe("example traces", () => {
  test("are of every kind, and each is in the list", () => {
    expect(names.sort()).toEqual([
      ...["late.ftrace", "message.raw", "miscounted.hex", "refused.log", "stuck-channel.txt", "unanswered.dmesg"],
    ]);
    for (const name of names) expect(read("README.md")).toContain(`\`${name}\``);
  });

  test.each(names)("%s decodes to what stands beside it", (name) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [`${root}dist/cli/scmi.js`, "decode", folder + name],
      {
        encoding: "utf8",
      },
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(read(`${name}.expected`));
  });

  test.each(names)("%s is explained: the page quotes what it decodes to, word for word", (name) => {
    const section = page.split(/^## /m).find((it) => it.includes(`scmi decode examples/traces/${name}`));
    const [, quoted = ""] = /```text\n([\s\S]*?)```/.exec(section ?? "") ?? [];
    const expected = read(`${name}.expected`)
      .split("\n")
      .map((it) => it.trim());
    const lines = quoted
      .split("\n")
      .map((it) => it.trim())
      .filter((it) => it !== "" && it !== "…");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(expected).toContain(line);
  });

  test("have nothing that could not be read", () => {
    for (const name of names) expect([name, decodeTrace(readFileSync(folder + name)).skipped]).toEqual([name, []]);
  });
});
