import { type Command, InvalidArgumentError } from "commander";
import { type CliContext, EXIT } from "./context.ts";
import { runSelfCheck, type SelfCheckReport } from "./self-check.ts";

/** What the numbers of a self-check are, and are not. */
const CAVEAT =
  "These are medians of this machine, now: post, framing, serve and settle in one call of the public API, without any\n" +
  "transport. Compare machines by the ratios that `npm run bench` measures against native and JavaScript peers.";

/** `scmi self-check` */
export function addSelfCheck(program: Command, context: CliContext): void {
  program
    .command("self-check")
    .description("check the installed core, then measure it")
    .option("--seconds <n>", "how long to measure; 0 only checks", parseSeconds, 5)
    .option("--json", "print one JSON document")
    .action(async ({ seconds, json }: { seconds: number; json?: true }) => {
      const report = await runSelfCheck({ seconds, signal: context.signal });
      const ok = report.checks.length > 0 && report.checks.every((check) => check.ok);
      context.print(json ? JSON.stringify({ ok, ...report }, null, 2) : asText(ok, report));
      context.exitWith(context.signal.aborted ? EXIT.interrupted : ok ? EXIT.ok : EXIT.failed);
    });
}

function asText(ok: boolean, { checks, measurements }: SelfCheckReport): string {
  const lines = checks.map(
    ({ ok, name, detail }) => `${ok ? "ok    " : "FAILED"}  ${name}${detail ? `: ${detail}` : ""}`,
  );
  const width = Math.max(0, ...measurements.map(({ name }) => name.length));
  for (const { name, value, unit, p99, samples } of measurements) {
    lines.push(`${name.padEnd(width)}  ${asNumber(value)} ${unit} (p99 ${asNumber(p99)}, ${samples} samples)`);
  }
  if (measurements.length > 0) lines.push(CAVEAT);
  // A self-check without a check has shown nothing, and must not look like success.
  const passed = checks.filter((check) => check.ok).length;
  lines.push(`self-check ${ok ? "passed" : "failed"}: ${passed} of ${checks.length} checks passed`);
  return lines.join("\n");
}

function asNumber(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError("expected seconds from 0 to 3600");
}
