import type { DecoderOptions } from "../decoder.ts";
import type { ByteListener, TraceExporter } from "./exporter.ts";
import { FtraceExporter } from "./ftrace.ts";
import { NdjsonExporter } from "./ndjson.ts";
import { PcapngExporter } from "./pcapng.ts";
import { PerfettoExporter } from "./perfetto.ts";

/** What traces can be written as. */
export const EXPORT_FORMATS = ["ftrace", "ndjson", "perfetto", "pcapng"] as const;

/** A format that traces are written in. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, ExportFormat>> = {
  ...{ ftrace: "ftrace", txt: "ftrace", ndjson: "ndjson", jsonl: "ndjson" },
  ...{ perfetto: "perfetto", "perfetto-trace": "perfetto", pftrace: "perfetto", pcapng: "pcapng" },
};

/** Extensions of file names, each with what it stands for. */
export const EXPORT_EXTENSIONS: readonly string[] = /* @__PURE__ */ Object.keys(BY_EXTENSION);

/** The format that a file's name asks for; `undefined` when its extension is none of {@link EXPORT_EXTENSIONS}. */
export function exportFormatOf(path: string): ExportFormat | undefined {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : BY_EXTENSION[extension];
}

/** Makes an exporter.
 *  @param onBytes takes the file, in pieces
 *  @param options what decoders are told: the release to assume until the trace tells versions, vendor protocols */
export function traceExporter(
  format: ExportFormat,
  onBytes: ByteListener,
  options: DecoderOptions = {},
): TraceExporter {
  switch (format) {
    case "ftrace":
      return new FtraceExporter(onBytes);
    case "ndjson":
      return new NdjsonExporter(onBytes, options);
    case "perfetto":
      return new PerfettoExporter(onBytes, options);
    case "pcapng":
      return new PcapngExporter(onBytes, options);
  }
}
