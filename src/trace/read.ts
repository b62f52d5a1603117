import type { Decoded, TraceSummary } from "./decoded.ts";
import { type ReaderOptions, TraceReader } from "./reader.ts";

/** A whole trace. */
export interface DecodedTrace {
  readonly decoded: readonly Decoded[];
  /** What could not be read. */
  readonly skipped: readonly { readonly line: number; readonly reason: string; readonly text: string }[];
  readonly summary: TraceSummary;
}

/** Reads a trace that is there as a whole. For long ones and live ones there is {@link TraceReader}.
 *  @param input its text, or its bytes */
export function decodeTrace(
  input: string | Uint8Array,
  options: Omit<ReaderOptions, "onDecoded" | "onSkipped"> = {},
): DecodedTrace {
  const decoded: Decoded[] = [];
  const skipped: { line: number; reason: string; text: string }[] = [];
  const reader = new TraceReader({
    ...options,
    onDecoded: (it) => void decoded.push(it),
    onSkipped: (line, reason, text) => void skipped.push({ line, reason, text }),
  });
  reader.push(typeof input === "string" ? new TextEncoder().encode(input) : input);
  reader.endInput();
  return { decoded, skipped, summary: reader.summary() };
}
