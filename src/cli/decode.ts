import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { Release } from "../protocols/index.ts";
import { type Decoded, type ReaderOptions, TRACE_FORMATS, type TraceFormat, TraceReader } from "../trace/index.ts";
import { type CliContext, EXIT, UsageError } from "./context.ts";
import { decodedLine, decodedText, summaryText } from "./decode-text.ts";
import { parseProfile } from "./platform-options.ts";

interface DecodeOptions {
  readonly format: TraceFormat | "auto";
  readonly profile: Release;
  readonly vendor?: string;
  readonly summary?: true;
  readonly json?: true;
}

const HELP = `
FILE may be - for standard input, which is also what is read without one: a live trace_pipe, or the output of another program.

  hex     messages as hexadecimal digits, header first, one a line or as a dump; < or > in front of one says response or command
  smt     a shared-memory area, as bytes, or as text of hexdump, xxd, od or U-Boot's md
  ftrace  the scmi events of Linux: trace, trace_pipe, trace-cmd report
  dmesg   kernel logs with lines of arm-scmi, and logs of servers that print token, protocol and message numbers
  raw     bytes read from, or written to, the raw-mode files of debugfs

What cannot be read is skipped, and said on stderr. SIGINT ends a live trace with its summary.

Examples:
  scmi decode examples/traces/late.ftrace
  cat /sys/kernel/tracing/trace_pipe | scmi decode
  dmesg | scmi decode --format dmesg --summary
  echo "05 50 04 00  00 00 00 00 02 00 00 00 00 84 d7 17 00 00 00 00" | scmi decode`;

/** Lines that were skipped and are shown; the summary has the number of all. */
const MOST_COMPLAINTS = 20;

/** Characters that are collected before they are written, so that a long trace costs few writes. */
const BATCH = 1 << 16;

/** `scmi decode` */
export function addDecode(program: Command, context: CliContext): void {
  program
    .command("decode")
    .description("read messages, shared memory, kernel traces and logs")
    .argument("[files...]", "files to read one after the other; - is standard input")
    .option("--format <format>", `auto, ${TRACE_FORMATS.join(", ")}`, parseFormat, "auto")
    .option("--profile <release>", "release assumed until the platform reports its versions", parseProfile, "3.2")
    .option("--vendor <name>", "whose vendor protocols they are, NXP for example")
    .option("--summary", "print the summary only")
    .option("--json", "print NDJSON: one object a message, the summary last")
    .addHelpText("after", HELP)
    .action((files: readonly string[], options: DecodeOptions) =>
      decode(files.length === 0 ? ["-"] : files, options, context),
    );
}

async function decode(files: readonly string[], options: DecodeOptions, context: CliContext): Promise<void> {
  const { format, profile, vendor, summary: summaryOnly, json } = options;
  for (const file of files) if (file !== "-") await checkFile(file);
  const output = new Output(context);
  let skipped = 0;
  const reader = openReader({
    profile,
    ...(format === "auto" ? {} : { format }),
    ...(vendor === undefined ? {} : { vendor }),
    onDecoded: (decoded: Decoded) => {
      if (!summaryOnly) output.write(json ? decodedLine(decoded) : decodedText(decoded));
    },
    onSkipped: (line, reason, text) => {
      skipped++;
      const what = line === 0 ? `skipped: ${reason}` : `line ${line} skipped: ${reason}: ${shortened(text)}`;
      if (skipped <= MOST_COMPLAINTS) context.complain(`scmi: ${what}`);
      else if (skipped === MOST_COMPLAINTS + 1) context.complain("scmi: further skipped lines are only counted");
    },
  });
  for (const file of files) {
    await read(file, reader, output, context.signal);
    if (context.signal.aborted) {
      reader.cutInput();
      break;
    }
    reader.endInput();
  }
  output.write(json ? decodedLine(reader.summary()) : summaryText(reader.summary()));
  output.flush();
  context.exitWith(EXIT.ok);
}

function openReader(options: ReaderOptions): TraceReader {
  try {
    return new TraceReader(options);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Feeds one file to the reader until it ends or the signal fires. */
async function read(file: string, reader: TraceReader, output: Output, signal: AbortSignal): Promise<void> {
  const stream = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: BATCH });
  const stop = () => void stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const bytes of stream) {
      reader.push(bytes as Uint8Array);
      output.flush(); // what came is shown at once: the trace may be live
      await output.drained();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Text on its way to stdout. */
class Output {
  readonly #context: CliContext;
  #lines: string[] = [];
  #characters = 0;

  constructor(context: CliContext) {
    this.#context = context;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= BATCH) this.flush();
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    this.#context.print(this.#lines.join("\n"));
    this.#lines = [];
    this.#characters = 0;
  }

  /** Resolves once stdout has taken what was printed, so that a slow reader does not fill the memory. */
  drained(): Promise<void> {
    const { stdout } = process;
    if (!stdout.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stdout.off("drain", done);
        stdout.off("close", done);
        resolve();
      };
      stdout.on("drain", done);
      stdout.on("close", done);
    });
  }
}

async function checkFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw new UsageError(`FILE: expected a file, got the directory ${file}`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`FILE: expected a file that can be read, got ${file}: ${(error as Error).message}`);
  }
}

function parseFormat(text: string): TraceFormat | "auto" {
  const format = text === "auto" ? text : TRACE_FORMATS.find((it) => it === text);
  if (!format) throw new InvalidArgumentError(`expected auto, ${TRACE_FORMATS.join(", ")}, got ${text}`);
  return format;
}

function shortened(text: string): string {
  const clean = text.trim().replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
