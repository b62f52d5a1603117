import { closeSync, openSync, writeSync } from "node:fs";
import type { Clock } from "../index.ts";
import {
  EXPORT_EXTENSIONS,
  type ExportFormat,
  exportFormatOf,
  type Traceable,
  Tracer,
  traceExporter,
} from "../trace/index.ts";
import { type CliContext, UsageError } from "./context.ts";

/** For `--trace <file>`; every subcommand says the same of it. */
export const TRACE_OPTION = {
  flags: "--trace <file>",
  description: `write what goes over the channels, as the extension says: ${EXPORT_EXTENSIONS.map((it) => `.${it}`).join(" ")}`,
} as const;

/** What a core needs for a trace, on top of its capacity. */
export const TRACE_CAPACITY = { traceEntries: 32_768, tracePayload: 128 } as const;

/** How a machine is traced. */
export interface TraceAttachment {
  /** `platform` where agents are elsewhere; default `agent`. */
  readonly side?: "agent" | "platform";
  /** A real clock, to look at the ring now and then. Under a simulated clock leave it out and call {@link TraceFile.drain}. */
  readonly clock?: Clock;
}

/** A trace that is being written. */
export interface TraceFile {
  /** Traces one more core; its capacity should have had {@link TRACE_CAPACITY}. */
  attach(target: Traceable, options?: TraceAttachment): void;
  /** Writes what has happened since the last time. */
  drain(): void;
  /** Writes the rest and says on stderr how much it was, and what was lost. */
  close(): void;
}

/** Bytes that are written at once. */
const CHUNK_BYTES = 1 << 16;

/** Finds out before anything is started whether {@link openTraceFile} will be able to.
 *  @throws UsageError as that does */
export function expectTraceFile(path: string): void {
  expectTraceFormat(path);
  new BufferedFile(path).close();
}

/** What the extension of a file says.
 *  @throws UsageError for one that says nothing */
export function expectTraceFormat(path: string): ExportFormat {
  const format = exportFormatOf(path);
  if (format !== undefined) return format;
  const known = EXPORT_EXTENSIONS.map((it) => `.${it}`).join(", ");
  throw new UsageError(`--trace ${path}: expected a file name with one of the extensions ${known}`);
}

/** Opens the file of `--trace`; its extension says the format.
 *  @throws UsageError for an extension that says none, or a file that cannot be written */
export function openTraceFile(path: string, { complain }: Pick<CliContext, "complain">): TraceFile {
  const format = expectTraceFormat(path);
  const file = new BufferedFile(path);
  const exporter = traceExporter(format, (bytes) => file.write(bytes));
  const tracers: Tracer[] = [];
  return {
    attach(target, { side = "agent", clock } = {}) {
      const onEvent = exporter.write.bind(exporter);
      tracers.push(Tracer.attach(target, { side, onEvent, ...(clock ? { clock } : {}) }));
    },
    drain() {
      for (const tracer of tracers) tracer.drain();
    },
    close() {
      for (const tracer of tracers) tracer.close();
      exporter.end();
      file.close();
      const sum = (of: (tracer: Tracer) => number) => tracers.reduce((all, it) => all + of(it), 0);
      const lost = sum((it) => it.lost);
      const loss = lost === 0 ? "" : `; ${lost} were overwritten before they could be written`;
      complain(`scmi: ${path}: ${sum((it) => it.events)} events${loss}`);
    },
  };
}

/** Written synchronously, a chunk at a time: nobody has to wait for it. */
class BufferedFile {
  readonly #descriptor: number;
  #pieces: Uint8Array[] = [];
  #byteLength = 0;

  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, "w");
    } catch (cause) {
      throw new UsageError(`--trace ${path}: cannot be written: ${cause instanceof Error ? cause.message : cause}`);
    }
  }

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#byteLength += bytes.byteLength;
    if (this.#byteLength >= CHUNK_BYTES) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pieces);
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(this.#descriptor, bytes, at);
    this.#pieces = [];
    this.#byteLength = 0;
  }
}
