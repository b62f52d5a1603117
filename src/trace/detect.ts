import { areaLikeness } from "./area.ts";
import { bytesOfDump } from "./area-dump.ts";
import { parseHexLine } from "./hex-text.ts";

/** The kinds of input that a {@link TraceReader} knows. */
export const TRACE_FORMATS = ["hex", "ftrace", "dmesg", "smt", "raw"] as const;

/** A kind of input. */
export type TraceFormat = (typeof TRACE_FORMATS)[number];

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
    if (/:\s*scmi_[a-z]+_?[a-z_]*:|^# tracer:|^cpus=\d+$/.test(line)) return "ftrace";
    if (/\[\s*\d+\.\d{6}\]\s/.test(line) || /\bscmi\b.*[:\]]\s/i.test(line)) return "dmesg";
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
