// Prints "passed failed skipped" of a vitest JSON report, then each failure on a line: node scripts/test-totals.mjs REPORT EXIT_CODE
import { readFileSync } from "node:fs";

const [report, exitCode] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

for (const { name, status, message, assertionResults } of testFiles()) {
  for (const result of assertionResults) {
    totals[result.status === "passed" || result.status === "failed" ? result.status : "skipped"] += 1;
    if (result.status === "failed") failures.push(`${result.fullName}: ${firstLineOf(result.failureMessages?.[0])}`);
  }
  // A file that failed to load has no tests to count, and one that failed in a hook may have none that failed.
  if (status === "failed" && !assertionResults.some((result) => result.status === "failed")) {
    totals.failed += 1;
    failures.push(`${name}: ${firstLineOf(message)}`);
  }
}
// A build that broke, a type error, a rejection that nobody caught: red without a red test.
if (exitCode !== "0" && totals.failed === 0) {
  totals.failed = 1;
  failures.push(`no test failed, but vitest exited with ${exitCode}`);
}
console.log(totals.passed, totals.failed, totals.skipped);
for (const failure of failures) console.log(failure);

function firstLineOf(text) {
  return /\S.*/.exec(text ?? "")?.[0] ?? "no message";
}

function testFiles() {
  try {
    return JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    return [{ status: "failed", name: report, message: "no report", assertionResults: [] }];
  }
}
