import { ownerFindings } from "./area.ts";
import { areaOfBytes, bytesOfDump } from "./area-dump.ts";
import type { Decoded, TraceSummary } from "./decoded.ts";
import { type DecoderOptions, TraceDecoder } from "./decoder.ts";
import { detectFormat, type TraceFormat } from "./detect.ts";
import { LogParser } from "./dmesg.ts";
import type { TraceEvent } from "./event.ts";
import { FtraceParser } from "./ftrace.ts";
import { HexParser, messageOf } from "./hex.ts";
import { Lines } from "./lines.ts";
import { splitRecords } from "./raw-records.ts";
import type { EventSink, LineParser } from "./source.ts";

/** What a {@link TraceReader} is told. */
export interface ReaderOptions extends DecoderOptions {
  /** Kind of the input; looked for in its beginning unless said. */
  readonly format?: TraceFormat;
  /** Takes what was decoded, in the order of the trace. */
  readonly onDecoded: (decoded: Decoded) => void;
  /** Takes what was skipped: the line's number from 1 (0 for what has no lines), and why. */
  readonly onSkipped?: (line: number, reason: string, text: string) => void;
}

/** Bytes after which the kind of the input has to be known. */
const MOST_UNKNOWN = 1 << 16;

const NO_BYTES = "expected bytes, or a dump of them with a line of digits, got other text";

/** Bytes of a shared-memory area or of raw records at most. */
const MOST_BINARY = 1 << 24;

/** Reads a trace of any kind in pieces as they come, in bounded memory. Several inputs may follow each other; pairs and versions carry
 *  over from one to the next. */
export class TraceReader {
  readonly #options: ReaderOptions;
  readonly #decoder: TraceDecoder;
  readonly #sink: EventSink;
  #input = new Input();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#decoder = new TraceDecoder(options);
    this.#sink = {
      event: (event) => this.#take(event),
      skip: (reason) => {
        const { line, text } = this.#input;
        this.#decoder.skip(line, reason);
        this.#options.onSkipped?.(line, reason, text);
      },
    };
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    const input = this.#input;
    if (input.parser) {
      this.#lines(input.parser, input.lines.push(bytes));
      return;
    }
    input.keep(bytes);
    const format = this.#options.format ?? input.format ?? detectFormat(input.head(), false);
    if (format) this.#start(format);
    else if (input.byteLength > MOST_UNKNOWN) this.#start(detectFormat(input.head(), true) ?? "hex");
    if (input.byteLength > MOST_BINARY) input.drop();
  }

  /** The input has ended; another may follow. */
  endInput(): void {
    const input = this.#input;
    if (!input.parser && input.byteLength > 0) {
      this.#start(this.#options.format ?? input.format ?? detectFormat(input.head(), true) ?? "hex");
    }
    if (input.parser) {
      this.#lines(input.parser, input.lines.end());
      input.parser.end(this.#sink);
    } else if (input.format === "smt") this.#area(input.head());
    else if (input.format === "raw") this.#raw(input.head());
    this.#input = new Input();
  }

  /** The input was cut off where it is, perhaps in the middle of a line, which is not damaged. */
  cutInput(): void {
    const input = this.#input;
    if (!input.parser && input.byteLength > 0) {
      const bytes = input.head();
      const lines = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
      const format = this.#options.format ?? input.format ?? detectFormat(lines, true);
      if (lines.byteLength > 0 && format) this.#start(format);
    }
    input.parser?.end(this.#sink);
    this.#input = new Input();
  }

  /** What there is to say about everything so far. */
  summary(): TraceSummary {
    return this.#decoder.summary();
  }

  #take(event: TraceEvent): void {
    const decoded = this.#decoder.take(event);
    if (decoded) this.#options.onDecoded(decoded);
  }

  #start(format: TraceFormat): void {
    const input = this.#input;
    input.format = format;
    input.parser = this.#parserOf(format);
    if (input.parser) this.#lines(input.parser, input.lines.push(input.release()));
  }

  /** `undefined` for what is only read when it is whole. */
  #parserOf(format: TraceFormat): LineParser | undefined {
    if (format === "ftrace") return new FtraceParser();
    if (format === "dmesg") return new LogParser();
    return format === "hex" ? new HexParser(this.#decoder) : undefined;
  }

  #lines(parser: LineParser, lines: readonly string[]): void {
    const input = this.#input;
    for (const line of lines) {
      input.line++;
      input.text = line;
      parser.line(line, this.#sink);
    }
  }

  #area(bytes: Uint8Array): void {
    const binary = this.#binaryOf(bytes);
    const area = binary ? areaOfBytes(binary) : NO_BYTES;
    if (typeof area === "string") {
      this.#sink.skip(area);
      return;
    }
    const { report, message } = area;
    const likelier = report.channelStatus.free ? "response" : "command";
    const event = message && messageOf(this.#decoder, message, undefined, undefined, likelier);
    const findings = event ? [...report.findings, ...ownerFindings(report, event.role)] : report.findings;
    this.#options.onDecoded({ kind: "area", ...report, findings });
    for (const finding of findings) this.#decoder.note(`shared memory: ${finding}`);
    if (event) this.#take(event);
  }

  #raw(bytes: Uint8Array): void {
    const binary = this.#binaryOf(bytes);
    if (!binary) {
      this.#sink.skip(NO_BYTES);
      return;
    }
    for (const record of splitRecords(this.#decoder, binary)) {
      if (record.byteLength < 4) this.#sink.skip(`expected a message, got ${record.byteLength} bytes at the end`);
      else this.#take(messageOf(this.#decoder, record));
    }
  }

  /** Bytes as they are, or those of a dump; `undefined` for text that is none. */
  #binaryOf(bytes: Uint8Array): Uint8Array | undefined {
    const isText = bytes.every((it) => (it >= 0x20 && it < 0x7f) || (it >= 0x09 && it <= 0x0d));
    return isText ? bytesOfDump(new TextDecoder().decode(bytes).split(/\r?\n/)) : bytes;
  }
}

/** One input as far as it came. */
class Input {
  readonly lines = new Lines();
  format: TraceFormat | undefined;
  parser: LineParser | undefined;
  /** Number of the line at hand, from 1. */
  line = 0;
  text = "";
  #pieces: Uint8Array[] = [];
  #byteLength = 0;

  /** Bytes that were kept. */
  get byteLength(): number {
    return this.#byteLength;
  }

  keep(bytes: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(bytes));
    this.#byteLength += bytes.byteLength;
  }

  /** Everything that was kept. */
  head(): Uint8Array {
    if (this.#pieces.length > 1) this.#pieces = [joined(this.#pieces, this.#byteLength)];
    return this.#pieces[0] ?? new Uint8Array();
  }

  /** Everything that was kept, which is let go. */
  release(): Uint8Array {
    const bytes = this.head();
    this.drop();
    return bytes;
  }

  drop(): void {
    this.#pieces = [];
    this.#byteLength = 0;
  }
}

function joined(pieces: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
