import type { TraceDecoder } from "./decoder.ts";
import { viewOf } from "./payload.ts";

const HEADER_BYTES = 4;

/** Bytes of one message at most, header included. */
const MOST_BYTES = 4096;

/** Cuts what was read from, or written to, the raw-mode files of Linux's debugfs into messages. The files have no lengths: a message ends
 *  where its layout says so and something like a header follows.
 *  @returns messages, header first; what is left over in the end is one that no layout fits */
export function splitRecords(decoder: TraceDecoder, bytes: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = recordLength(decoder, bytes, at);
    records.push(bytes.subarray(at, at + length));
    at += length;
  }
  return records;
}

function recordLength(decoder: TraceDecoder, bytes: Uint8Array, at: number): number {
  const left = bytes.byteLength - at;
  if (left < HEADER_BYTES) return left;
  const view = viewOf(bytes);
  const header = view.getUint32(at, true);
  let unsure: number | undefined;
  for (let length = HEADER_BYTES; length <= Math.min(left, MOST_BYTES); length += 4) {
    const isLast = length === left;
    if (!isLast && (left - length < HEADER_BYTES || decoder.likeness(view.getUint32(at + length, true)) < 2)) continue;
    unsure ??= length;
    if (decoder.fitsAny(header, bytes.subarray(at + HEADER_BYTES, at + length))) return length;
  }
  return unsure ?? left;
}
