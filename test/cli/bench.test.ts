import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { compareReports, doubtsOf, type LabReport } from "../../src/cli/lab.ts";
import { htmlOfReport } from "../../src/cli/lab-html.ts";

const scmi = fileURLToPath(new URL("../../dist/cli/scmi.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "scmi-bench-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: readonly string[]) {
  const env = { ...process.env, SCMI_BENCH_SIZE: "tiny" };
  return spawnSync(process.execPath, [scmi, "bench", ...args], { encoding: "utf8", env });
}

function report(id: string, medianNs: number, madNs: number): LabReport {
  const ratios = { wasm2c: null, flatC: null, structuredC: null, bestJs: null, usualJs: null };
  const cases = [{ id, title: id, medianNs, p99Ns: medianNs, madNs, samples: 1, ratios }];
  return { environment: {}, cases, warnings: [], isPartial: false };
}

/** Every way whose calls can be polled. */
const WAYS = ["loopback", "mailbox", "smc", "optee-static", "optee-smt", "optee-msg", "virtio"];

describe("scmi bench", () => {
  test("prints one JSON document with the cases that others rely on, writes a page, and compares with itself", () => {
    const page = join(folder, "bench.html");
    const { stdout, stderr, status } = run("--json", "--report", page);
    expect([status, stderr]).toEqual([0, `report: ${page}\n`]);
    const found = JSON.parse(stdout) as LabReport;
    const ids = found.cases.map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining([
        ...["exchange.call.8-0", "exchange.batch.8-0", "exchange.call.8-88", "mixed.batch"],
        ...["perf.setLevelPolled.loopback", "perf.setLevel.loopback", "perf.fastChannel.set"],
        ...WAYS.flatMap((way) => [`perf.setLevelPolled.${way}`, `perf.setLevel.${way}`, `perf.setLimitsPolled.${way}`]),
        ...WAYS.flatMap((way) => [`clock.setRatePolled.${way}`, `voltage.setLevelPolled.${way}`]),
        ...[
          "perf.setLevel.batch.loopback",
          "perf.fastChannel.get",
          ...WAYS.map((way) => `perf.setLevel.${way}`),
        ].flatMap((id) => [id, `${id}.8`, `${id}.64`]),
        ...WAYS.flatMap((way) => [`perf.setLevelPolled.${way}.8`, `perf.setLevelPolled.${way}.64`]),
      ]),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const { medianNs, p99Ns, samples, ratios } of found.cases) {
      expect(samples).toBeGreaterThan(0);
      expect(medianNs).toBeGreaterThan(0);
      expect(p99Ns).toBeGreaterThanOrEqual(medianNs);
      expect(Object.keys(ratios)).toEqual(["wasm2c", "flatC", "structuredC", "bestJs", "usualJs"]);
    }
    expect(readFileSync(page, "utf8")).toContain("perf.setLevelPolled.loopback");
    expect(readFileSync(page, "utf8")).toContain("without a real transport");

    const before = join(folder, "before.json");
    writeFileSync(before, stdout);
    expect(run("--compare", before, "--report", page).stdout).toMatch(/ of \d+ cases moved beyond noise/);
    expect(readFileSync(page, "utf8")).toMatch(/<pre>\d+ of \d+ cases moved beyond noise/);
  });

  test("refuses a page that cannot be written before it measures anything", () => {
    const { stdout, stderr, status } = run("--report", join(folder, "no", "such.html"));
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/--report .*such\.html: cannot be written: ENOENT/);
  });

  test("refuses another document to compare with before it measures anything", () => {
    const other = join(folder, "other.json");
    writeFileSync(other, "{}");
    const { stderr, status } = run("--compare", other);
    expect(status).toBe(2);
    expect(stderr).toContain("expected a report of scmi bench --json, got another document");
  });
});

test("a page tells long times in digits", () => {
  expect(htmlOfReport(report("a", 4191, 232))).toContain("<td>4191</td><td>4191</td><td>232</td>");
});

describe("a comparison", () => {
  test("calls a case moved only beyond both reports' noise", () => {
    const verdict = (before: LabReport, after: LabReport) => compareReports(before, after)[0]?.verdict;
    expect(verdict(report("a", 100, 1), report("a", 104, 1))).toBe("same"); // under 5 %
    expect(verdict(report("a", 100, 10), report("a", 130, 10))).toBe("same"); // 3 × 20
    expect(verdict(report("a", 100, 1), report("a", 107, 1))).toBe("slower");
    expect(verdict(report("a", 100, 1), report("a", 90, 1))).toBe("faster");
  });

  test("takes reports that have no more than a case's contract", () => {
    const { madNs: _, ...bare } = report("a", 100, 0).cases[0] ?? {};
    const before = JSON.parse(JSON.stringify({ environment: {}, cases: [bare] }));
    expect(compareReports(before, report("a", 104, 0))[0]?.verdict).toBe("same");
    expect(doubtsOf(before, report("a", 104, 0))).toEqual([]);
  });

  test("doubts what was measured elsewhere, or in noise", () => {
    const here = { cpu: "A", cores: 2, node: "v20", compiler: "cc", governor: null, budget: "default", commit: "1" };
    const after = { ...report("a", 1, 0), environment: here };
    expect(doubtsOf({ ...after, environment: { ...here, commit: "2" } }, after)).toEqual([]);
    const before = { ...after, environment: { ...here, cpu: "B", budget: "quick" }, warnings: ["too noisy"] };
    expect(doubtsOf(before, after)).toEqual([
      "the report to compare with was made in other circumstances: cpu B, now A; budget quick, now default",
      "the report to compare with says: too noisy",
    ]);
  });

  test("leaves out what only one of them has", () => {
    expect(compareReports(report("a", 1, 0), report("b", 1, 0))).toEqual([]);
  });
});
