import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { asJson, type CliContext, EXIT, UsageError } from "./context.ts";
import { compareReports, doubtsOf, isReport, type LabReport, textOfChanges, textOfReport } from "./lab.ts";
import { htmlOfReport } from "./lab-html.ts";
import { expectReportFile, writeReport } from "./report-file.ts";

interface BenchOptions {
  readonly quick?: true;
  readonly json?: true;
  readonly compare?: string;
  readonly report?: string;
}

/** The laboratory, with the twins and what compiles them, stands beside the bundle, as in the sources. */
const LAB = new URL("../../bench/lab.mjs", import.meta.url);

interface Lab {
  runLab(options: {
    readonly size: "default" | "quick" | "tiny";
    readonly signal: AbortSignal;
    readonly log: (line: string) => void;
  }): Promise<LabReport>;
}

const HELP = `
Takes under a minute, ten seconds with --quick. The native twins need a C compiler, and are compiled once; without one their ratios are
left out. Ctrl-C prints what was measured so far and says that it is partial.

Examples:
  scmi bench --quick
  scmi bench --json > before.json
  scmi bench --compare before.json --report bench.html`;

/** `scmi bench` */
export function addBench(program: Command, context: CliContext): void {
  program
    .command("bench")
    .description("measure the fast-switch paths on this machine, beside twins in C and JavaScript")
    .option("--quick", "fewer samples: ten seconds")
    .option("--json", "print one JSON document")
    .option("--compare <file>", "say what moved beyond noise since a report of --json")
    .option("--report <file>", "write a page with the figures")
    .addHelpText("after", HELP)
    .action(async (options: BenchOptions) => {
      const before = options.compare === undefined ? undefined : reportIn(options.compare);
      if (options.report !== undefined) expectReportFile(options.report);
      // Not of the types: the module is found at run time, beside the bundle
      const lab = (await import(LAB.href)) as Lab;
      const size = options.quick ? "quick" : process.env.SCMI_BENCH_SIZE === "tiny" ? "tiny" : "default";
      const log = process.stderr.isTTY ? (line: string) => context.complain(line) : () => {};
      const measured = await lab.runLab({ size, signal: context.signal, log });
      const doubts = before ? doubtsOf(before, measured) : [];
      const report = { ...measured, warnings: [...measured.warnings, ...doubts] };
      const changes = before && compareReports(before, report);
      if (options.json) context.print(asJson(changes ? { ...report, changes } : report, 2));
      else
        for (const line of [...textOfReport(report), ...(changes ? textOfChanges(changes) : [])]) context.print(line);
      if (options.report !== undefined) writeReport(options.report, htmlOfReport(report, changes), context);
      if (report.isPartial) context.exitWith(EXIT.interrupted);
    });
}

function reportIn(file: string): LabReport {
  let report: unknown;
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`--compare ${file}: expected a report of scmi bench --json: ${(error as Error).message}`);
  }
  if (isReport(report)) return report;
  throw new UsageError(`--compare ${file}: expected a report of scmi bench --json, got another document`);
}
