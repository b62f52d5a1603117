import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

function scmi(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("dist/cli/scmi.js", root)), ...args],
    {
      encoding: "utf8",
    },
  );
  return { status, stdout, stderr };
}

test("--version prints the version of the package", () => {
  expect(scmi("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help names every command and the exit codes", () => {
  const { status, stdout } = scmi("--help");
  expect(status).toBe(0);
  for (const name of ["boot", "info", "serve", "call", "self-check", "completion"]) expect(stdout).toContain(name);
  expect(stdout).toContain("Exit codes: 0");
});

test.each([
  ["an unknown command", ["boil"]],
  ["an unknown option", ["self-check", "--fast"]],
  ["seconds that are no number", ["self-check", "--seconds", "soon"]],
  ["negative seconds", ["self-check", "--seconds=-1"]],
  ["empty seconds", ["self-check", "--seconds", ""]],
])("%s exits with 2 and says so on stderr only", (_what, args) => {
  const { status, stdout, stderr } = scmi(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^error: /);
});

test("self-check --json prints one document whose ok agrees with the exit code", () => {
  const { status, stdout } = scmi("self-check", "--seconds", "0", "--json");
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ checks: expect.any(Array), measurements: expect.any(Array) });
  expect(status).toBe(report.ok ? 0 : 1);
});
