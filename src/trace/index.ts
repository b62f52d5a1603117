/** The entry point `scmi-wasm/trace`: reads what people already have. {@link decodeTrace} and, for streams, {@link TraceReader} take hex,
 *  dumps of shared memory, ftrace text, kernel logs and raw-mode records; {@link TraceDecoder} takes {@link TraceEvent}s from anywhere. Runs
 *  in browsers.
 *  @module */

export { type Area, type AreaReport, areaLikeness, readArea } from "./area.ts";
export type {
  Decoded,
  DecodedArea,
  DecodedFastChannel,
  DecodedLine,
  DecodedLog,
  DecodedMessage,
  MessageFigures,
  Pairing,
  TraceSummary,
} from "./decoded.ts";
export { type DecoderOptions, TraceDecoder } from "./decoder.ts";
export { detectFormat, TRACE_FORMATS, type TraceFormat } from "./detect.ts";
export type {
  FastChannelEvent,
  LogCount,
  LogEvent,
  MessageEvent,
  MessageKind,
  Refusal,
  ResponseWaitEvent,
  RxDoneEvent,
  TraceEvent,
  XferBeginEvent,
  XferEndEvent,
} from "./event.ts";
export type { ByteListener, TraceExporter } from "./export/exporter.ts";
export {
  EXPORT_EXTENSIONS,
  EXPORT_FORMATS,
  type ExportFormat,
  exportFormatOf,
  traceExporter,
} from "./export/formats.ts";
export { DIRECTION, FRAMING, LINKTYPE_USER0, PSEUDO, REFUSALS, ROLE } from "./export/pcapng-pseudo.ts";
export type { LatencyFigures } from "./latency.ts";
export { type DecodedTrace, decodeTrace } from "./read.ts";
export { type ReaderOptions, TraceReader } from "./reader.ts";
export { type Traceable, type TraceListener, Tracer, type TracerOptions } from "./tracer.ts";
