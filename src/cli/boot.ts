import { type Command, InvalidArgumentError } from "commander";
import { type Core, statusName } from "../index.ts";
import type { Release } from "../protocols/index.ts";
import { EXPORT_EXTENSIONS } from "../trace/index.ts";
import { type BootProgress, boot, isWhole, messageName, type TraceEntry } from "../world/index.ts";
import { shortfallsOf } from "./boot-shortfalls.ts";
import { bootText } from "./boot-text.ts";
import { asJson, type CliContext, EXIT, hexOf } from "./context.ts";
import { collect, openPlan } from "./open-board.ts";
import { paintFor } from "./paint.ts";
import { parseProfile } from "./platform-options.ts";
import { progressLine } from "./progress-line.ts";
import { expectTraceFormat, openTraceFile, TRACE_CAPACITY, type TraceFile } from "./trace-file.ts";

interface BootFlags {
  readonly profile: Release;
  readonly seed: number;
  readonly boardFile?: readonly string[];
  readonly trace?: true | string;
  readonly all?: true;
  readonly json?: true;
}

const HELP = `
BOARD is a device tree blob (.dtb): every SCMI instance in it gets a simulated platform that offers exactly what the tree refers to,
behind the mailboxes, SMC calls, OP-TEE or virtio device that the tree says. Or it is a board file (YAML or JSON): one platform in memory.
Then modules are loaded, agents probe (and wait for what is not there yet), ask for everything, try one resource of each protocol, and
all is unloaded again. Time is simulated: the same board, profile and seed give the same messages.

What a tree cannot say (rates, levels, limits) is invented and marked; --board-file FILE says it: each protocol in that file replaces the
derived one. FILE is for the first instance, NODE=FILE for another.

Exit code ${EXIT.failed}: some instance did not come up, a device did not find its resource, or something was left behind. What can come up still does.

Examples:
  scmi boot examples/boards/demo.dtb
  scmi boot board.dtb --profile 2.0 --all
  scmi boot board.dtb --trace boot.perfetto
  scmi boot board.dtb --json | jq '.instances[].consumers[] | select(.resolved | not)'
  scmi boot /sys/firmware/fdt`;

/** `scmi boot` */
export function addBoot(program: Command, context: CliContext): void {
  program
    .command("boot")
    .description("bring a machine up from its device tree, and report")
    .argument("<board>", "device tree blob, or board file (YAML or JSON)")
    .option("--profile <release>", "release of SCMI that the platforms look like", parseProfile, "3.2")
    .option("--seed <n>", "decides latencies and who arrives when", parseSeed, 1)
    .option("--board-file <[node=]file>", "what the tree cannot say; may be given for several instances", collect)
    .option(
      "--trace [file]",
      `print every message as it passes, with --json as \`trace\`; or write them, as the extension says: ${EXPORT_EXTENSIONS.map((it) => `.${it}`).join(" ")}`,
      parseTrace,
    )
    .option("--all", "show all resources and devices")
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action((path: string, flags: BootFlags) => run(path, flags, context));
}

async function run(path: string, flags: BootFlags, context: CliContext): Promise<void> {
  const { profile, seed, boardFile, json, all: isAll = false } = flags;
  const plan = openPlan(path, boardFile ? { boardFile } : {});
  const trace: TraceEntry[] = [];
  const onTrace = (entry: TraceEntry) => (json ? void trace.push(entry) : context.print(traceText(entry)));
  const progress = progressLine(process.stderr);
  const file = typeof flags.trace === "string" ? openTraceFile(flags.trace, context) : undefined;
  const isShown = flags.trace === true;
  const report = await boot(plan, {
    ...{ profile, seed, signal: context.signal },
    ...(isShown ? { onMessage: onTrace } : {}),
    ...(file ? { capacity: TRACE_CAPACITY, onCore: traceInto(file) } : {}),
    onProgress: ({ atMs, node, text }: BootProgress) => {
      file?.drain();
      progress.show(`${atMs.toFixed(3)} ms  ${node}  ${text}`);
    },
  }).finally(() => progress.clear());
  for (const { message } of report.failures) context.complain(`scmi: ${message}`);
  for (const message of shortfallsOf(report)) context.complain(`scmi: ${message}`);
  if (json) {
    context.print(asJson(isShown ? { ...report, trace: trace.map(traceData) } : report, 2));
  } else {
    const paint = paintFor({ isTerminal: process.stdout.isTTY ?? false, environment: process.env });
    context.print(`${isShown ? "\n" : ""}${bootText(report, { isAll, paint })}`);
  }
  context.exitWith(isWhole(report) ? EXIT.ok : EXIT.failed);
}

/** The trace ends before the machine's core does. */
function traceInto(file: TraceFile): (core: Core) => () => void {
  return (core) => {
    file.attach(core);
    return () => file.close();
  };
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^(\d+|0x[\da-f]+)$/i.test(text) && seed <= 0xffffffff) return seed;
  throw new InvalidArgumentError("expected an integer from 0 to 4294967295");
}

/** Told before anything else: in `--trace board.dtb` the board is missing only because it was taken for this.
 *  @throws UsageError for a name without a known extension */
function parseTrace(path: string): string {
  expectTraceFormat(path);
  return path;
}

function traceText(entry: TraceEntry): string {
  const { at, node, role, token, status, payload } = entry;
  const arrow = role === "command" ? ">" : "<";
  const kind = role === "delayedResponse" ? " delayed" : role === "notification" ? " notification" : "";
  const result = status === undefined ? "" : ` ${statusName(status)}`;
  const bytes = status === undefined ? payload : payload.subarray(4);
  const name = `${messageName(entry)}${kind}${result}`;
  return `${(at / 1e6).toFixed(6).padStart(12)} ms  ${node} ${arrow} ${name} [${token}] ${hexOf(bytes)}`.trimEnd();
}

function traceData(entry: TraceEntry): unknown {
  const { at, node, role, protocol, message, token, status, payload } = entry;
  return {
    ...{ atNs: at, node, role, protocol, message: { id: message, name: messageName(entry) }, token },
    ...(status === undefined ? {} : { status: { code: status, name: statusName(status) } }),
    payloadHex: hexOf(payload),
  };
}
