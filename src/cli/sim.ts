import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { BoardError, realClock } from "../index.ts";
import {
  GOVERNOR_NAMES,
  type GovernorName,
  type Load,
  parseLoad,
  parseTrace,
  planFleet,
  reportOf,
} from "../sim/index.ts";
import { EXPORT_EXTENSIONS, exportFormatOf } from "../trace/index.ts";
import { type CliContext, EXIT, UsageError } from "./context.ts";
import { collect, openBoard } from "./open-board.ts";
import { agentOf } from "./platform-options.ts";
import { ProgressBar } from "./progress-bar.ts";
import { expectReportFile, writeReport } from "./report-file.ts";
import type { SimDocument } from "./sim-document.ts";
import { simPage } from "./sim-page.ts";
import { runInPool } from "./sim-pool.ts";
import { asText } from "./sim-text.ts";
import { runTraced } from "./sim-traced.ts";
import { openTraceFile } from "./trace-file.ts";

interface SimOptions {
  readonly trace: readonly string[];
  readonly load: readonly Load[];
  readonly governor: GovernorName;
  readonly socs: number;
  readonly seconds: number;
  readonly workers: number;
  readonly agent: string;
  readonly tickUs: number;
  readonly messageUs: number;
  readonly spread: number;
  readonly idle: number;
  readonly seed: number;
  readonly report?: string;
  readonly json?: true;
}

const HELP = `
LOAD is [DOMAIN@]KIND[:setting=value,...], and may be given several times; shares in per cent, times in milliseconds:
  steady    high
  periodic  high, low, period, duty
  bursty    high, low, burst, pause
  idle      high, low, burst, pause
FILE is CSV: time in ms, name of the domain, utilisation in per cent. SoC number i is of board number i modulo their count.
The same plan and seed have the same result, whatever the number of workers. SIGINT ends a run early: what was done so far is
printed and marked as partial, and the exit code is 130. With a FILE to write, one thread does all of it; the result is the same.

Examples:
  scmi sim examples/boards/example.yaml --socs 1000 --seconds 10 --governor schedutil
  scmi sim examples/boards/example.yaml --load idle --load cpu-big@periodic:period=100,duty=25 --report out.html`;

/** `scmi sim` */
export function addSim(program: Command, context: CliContext): void {
  program
    .command("sim")
    .description("simulate a fleet of SoCs under a governor: energy, residency, latencies")
    .argument("<boards...>", "board files (YAML or JSON), or device tree blobs")
    .addOption(
      new Option(
        "--trace <file>",
        `utilisation of the domains over time (CSV); or, by its extension, where every message goes: ${EXPORT_EXTENSIONS.map((it) => `.${it}`).join(" ")}`,
      )
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--load <load>", "generated load").argParser(collectLoad).default([], "bursty"))
    .option("--governor <name>", GOVERNOR_NAMES.join(", "), parseGovernor, "schedutil")
    .option("--socs <n>", "SoCs", integer(1, 1_000_000), 100)
    .option("--seconds <t>", "simulated time", parseSeconds, 10)
    .addOption(
      new Option("--workers <n>", "worker threads")
        .argParser(integer(1, 256))
        .default(availableParallelism(), "one per core"),
    )
    .option("--agent <agent>", "agent that the governor speaks for, by number or name", "1")
    .option("--tick-us <us>", "time between two looks of the governor", integer(1, 1_000_000), 10_000)
    .option("--message-us <us>", "from a request until it is accepted", integer(0, 1_000_000), 10)
    .option("--spread <percent>", "transitions are up to so much faster than stated", integer(0, 100), 50)
    .option("--idle <percent>", "power without work, of the level's power", integer(0, 100), 20)
    .option("--seed <n>", "start of all dice", integer(0, 0xffffffff), 1)
    .option("--report <file>", "write an HTML page with charts")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((paths: string[], options: SimOptions) => sim(paths, options, context));
}

async function sim(paths: readonly string[], options: SimOptions, context: CliContext): Promise<void> {
  const { signal, print } = context;
  const { json, report } = options;
  const { input: trace, output } = tracesOf(options.trace);
  if (trace !== undefined && options.load.length > 0) throw new UsageError("expected --trace or --load, got both");
  const boards = paths.map((path) => openBoard(path));
  const agents = boards.map((board) => agentOf(board, options.agent));
  const [agent] = agents;
  if (!agent || agents.some(({ id }) => id !== agent.id)) {
    throw new UsageError(`--agent ${options.agent}: expected an agent with the same number on all boards`);
  }
  const loads = options.load.length > 0 ? options.load : [parseLoad("bursty")];
  const load = trace === undefined ? loads : parseTrace(readTrace(trace), trace);
  const { governor, socs, seconds, tickUs, messageUs, spread: spreadPercent, idle: idlePercent, seed } = options;
  const plan = usage(() =>
    planFleet(boards, {
      ...{ agentId: agent.id, load, governor, socs, seconds, tickUs, messageUs, spreadPercent, idlePercent, seed },
    }),
  );
  if (report !== undefined) expectReportFile(report);
  const workers = output === undefined ? options.workers : 1; // one thread writes the messages, in their order
  const bar = new ProgressBar(process.stderr, `${socs} SoCs`);
  const start = realClock.now();
  const watched = { signal, onProgress: (share: number) => bar.show(share) };
  const running = output
    ? runTraced(plan, { ...watched, file: openTraceFile(output, context) })
    : runInPool(plan, { ...watched, workers });
  const tally = await running.finally(() => bar.close());
  const elapsedMs = (realClock.now() - start) / 1e6;
  const result = reportOf(plan, tally);
  const messages = result.kinds.flatMap(({ domains }) => domains).reduce((sum, it) => sum + it.messages, 0);
  const { boards: _boards, agentId: _agentId, load: _load, ...settings } = plan;
  const document: SimDocument = {
    ...result,
    plan: {
      boards: boards.map(({ file }) => file),
      agent,
      trace: trace ?? null,
      load: trace === undefined ? loads : null,
      seconds: (plan.ticks * plan.tickUs) / 1e6,
      ...settings,
    },
    run: {
      workers,
      elapsedMs,
      messagesPerSecond: (messages * 1000) / elapsedMs,
      socSecondsPerSecond: (result.socSeconds * 1000) / elapsedMs,
    },
  };
  print(json ? JSON.stringify(document) : asText(document));
  if (report !== undefined) writeReport(report, simPage(document), context);
  context.exitWith(signal.aborted ? EXIT.interrupted : EXIT.ok);
}

/** One file is read, the other one is written: their extensions tell. */
function tracesOf(paths: readonly string[]): {
  readonly input: string | undefined;
  readonly output: string | undefined;
} {
  const outputs = paths.filter((path) => exportFormatOf(path) !== undefined);
  const inputs = paths.filter((path) => !outputs.includes(path));
  if (inputs.length > 1 || outputs.length > 1) {
    throw new UsageError(`--trace: expected one file to read and one to write at most, got ${paths.join(", ")}`);
  }
  return { input: inputs[0], output: outputs[0] };
}

function readTrace(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    const got = code === "ENOENT" ? "no such file" : String(code);
    throw new BoardError({ file: path, path: "/", expected: "a trace (CSV)", got }, { cause });
  }
}

/** A RangeError about the plan is about an option. */
function usage<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cause instanceof RangeError ? new UsageError(cause.message, { cause }) : cause;
  }
}

function collectLoad(text: string, loads: readonly Load[]): readonly Load[] {
  try {
    return [...loads, parseLoad(text)];
  } catch (cause) {
    throw new InvalidArgumentError(cause instanceof Error ? cause.message : String(cause));
  }
}

function parseGovernor(text: string): GovernorName {
  const name = GOVERNOR_NAMES.find((it) => it === text);
  if (name) return name;
  throw new InvalidArgumentError(`expected one of ${GOVERNOR_NAMES.join(", ")}`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 1e6) return seconds;
  throw new InvalidArgumentError("expected seconds above 0 and up to 1000000");
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected an integer from ${min} to ${max}`);
  };
}
