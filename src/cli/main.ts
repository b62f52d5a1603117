import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { runSelfCheck, type SelfCheckReport } from "./self-check.ts";

/** Documented in `scmi --help`. 130 is what shells expect of a program that SIGINT ended. */
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const EXIT_HELP = `
Exit codes: ${EXIT.ok} all well, ${EXIT.failed} something failed, ${EXIT.usage} wrong usage, ${EXIT.interrupted} interrupted.`;

/** What the numbers of a self-check are, and are not. */
const CAVEAT =
  "These are medians of this machine, now: post, framing, serve and settle in one call of the public API, without any\n" +
  "transport. Compare machines by the ratios that `npm run bench` measures against native and JavaScript peers.";

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSigint = () => interrupt.abort();
  process.once("SIGINT", onSigint); // once: a second one ends a command that does not listen

  let exitCode: number = EXIT.ok;
  const program = new Command("scmi")
    .description("The Arm System Control and Management Interface: agent, platform and transports")
    .version(packageVersion())
    .addHelpText("after", EXIT_HELP)
    .exitOverride();
  program
    .command("self-check")
    .description("check the installed core, then measure it")
    .option("--seconds <n>", "how long to measure; 0 only checks", parseSeconds, 5)
    .option("--json", "print one JSON document")
    .action(async ({ seconds, json }: { seconds: number; json?: true }) => {
      const report = await runSelfCheck({ seconds, signal: interrupt.signal });
      const ok = report.checks.length > 0 && report.checks.every((check) => check.ok);
      process.stdout.write(json ? `${JSON.stringify({ ok, ...report }, null, 2)}\n` : asText(ok, report));
      exitCode = interrupt.signal.aborted ? EXIT.interrupted : ok ? EXIT.ok : EXIT.failed;
    });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // Commander has printed its message; --help and --version arrive here, too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`scmi: ${error instanceof Error ? error.message : String(error)}\n`);
    return interrupt.signal.aborted ? EXIT.interrupted : EXIT.failed;
  } finally {
    process.removeListener("SIGINT", onSigint);
  }
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
  return `${lines.join("\n")}\n`;
}

function asNumber(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError("expected seconds from 0 to 3600");
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return version;
}
