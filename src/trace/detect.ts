import { areaLikeness } from "./area.ts";
import { bytesOfDump } from "./area-dump.ts";
import { parseHexLine } from "./hex-text.ts";

/** The kinds of input that a {@link TraceReader} knows. */
export const TRACE_FORMATS = ["hex", "ftrace", "dmesg", "smt", "raw"] as const;

/** A kind of input. */
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/** The head of a trace, and lines of the six events. Drivers of a log are called `scmi_…` too. */
const FTRACE = /:\s*scmi_(?:xfer_[a-z_]+|rx_done|msg_dump|fc_call):|^# tracer:|^cpus=\d+$/;

/** Time stamps of logs: the kernel's, those of `dmesg -T`, of syslog and journalctl, and of `-o short-iso`. */
const LOG_TIMES: readonly RegExp[] = [
  /\[\s*\d+\.\d{6}\](?:\s|\[)/,
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\]\s/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?\s/,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\s/,
];

/** An event of a trace, of whichever system: its processor and its time. Task names may speak of SCMI, and it need not come first. */
const EVENT = /\[\d{3,}\]\s.*?\s?\d+\.\d{6,9}:\s/;

/** Fewest signs of an area that make bytes one. */
const AREA_LIKENESS = 5;

/** What the beginning of the input is.
 *  @param isWhole nothing follows
 *  @returns `undefined` while more has to be seen */
export function detectFormat(bytes: Uint8Array, isWhole: boolean): TraceFormat | undefined {
  if (isBinary(bytes)) {
    if (!isWhole) return undefined;
    return areaLikeness(bytes) >= AREA_LIKENESS ? "smt" : "raw";
  }
  const text = new TextDecoder().decode(bytes);
  const lines = text.split(/\r?\n/);
  if (!isWhole) lines.pop(); // it may go on
  for (const line of lines) {
    if (FTRACE.test(line)) return "ftrace";
    if (LOG_TIMES.some((it) => it.test(line))) return "dmesg";
    if (EVENT.test(line)) return "ftrace";
    if (/\bscmi(?:_[a-z]+)?\b.*[:\]]\s/i.test(line)) return "dmesg";
  }
  if (!isWhole) return undefined;
  const dump = lines.filter((line) => line.trim() !== "");
  const isDump = dump.length > 0 && dump.every((line) => line.trim() === "*" || parseHexLine(line) !== undefined);
  const area = isDump ? bytesOfDump(dump) : undefined;
  return area && areaLikeness(area) >= AREA_LIKENESS ? "smt" : "hex";
}

/** Text has no control characters but those of lines. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 1024).some((it) => it < 0x09 || (it > 0x0d && it < 0x20 && it !== 0x1b));
}
