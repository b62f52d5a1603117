import { closeSync, openSync, writeFileSync } from "node:fs";
import { type CliContext, UsageError } from "./context.ts";

/** Finds out before minutes of work whether {@link writeReport} will be able to. What is in the file stays there until then.
 *  @throws UsageError for a file that cannot be written */
export function expectReportFile(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (cause) {
    throw new UsageError(`--report ${path}: cannot be written: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** Writes what `--report` asked for, and says so. */
export function writeReport(path: string, page: string, { complain }: Pick<CliContext, "complain">): void {
  writeFileSync(path, page);
  complain(`report: ${path}`);
}
