// The trace ring: free when off but for one load and one branch at each call site.

import {
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CORE_OBSERVE,
  CORE_TRACE,
  INSTANCE_LIVE,
  OBSERVE_TRACE,
  RING_CAPACITY,
  RING_STRIDE,
  RING_TAIL,
  TRACE_BYTES,
  TRACE_CAPTURED,
  TRACE_CHANNEL,
  TRACE_HEADER,
  TRACE_KIND,
  TRACE_LENGTH,
  TRACE_LIVE,
  TRACE_PAYLOAD,
  TRACE_POLLED,
  TRACE_POSTED,
  TRACE_RESULT,
  TRACE_TIME,
} from "./layout";
import { ringEntry } from "./table";
import { copy } from "./words";

export function isOn(core: usize): bool {
  return (load<u32>(core, CORE_OBSERVE) & OBSERVE_TRACE) != 0;
}

/** Appends an entry; the oldest makes room. Both halves may write at once. Of the `held` bytes at `from` it keeps what
 *  fits. Returns the entry, or 0 when there is no ring. */
export function write(
  core: usize,
  kind: u32,
  channel: usize,
  header: u32,
  result: i32,
  byteLength: u32,
  from: usize,
  held: u32,
  now: f64,
): usize {
  const ring = core + CORE_TRACE;
  if (!load<u32>(ring, RING_CAPACITY)) return 0;
  let number: u32;
  if (ASC_FEATURE_THREADS) {
    number = atomic.add<u32>(ring + RING_TAIL, 1);
  } else {
    number = load<u32>(ring, RING_TAIL);
    store<u32>(ring, number + 1, RING_TAIL);
  }
  const entry = ringEntry(core, ring, number);
  store<f64>(entry, now, TRACE_TIME);
  store<u32>(entry, kind, TRACE_KIND);
  store<u32>(entry, load<u32>(channel, CHANNEL_INDEX), TRACE_CHANNEL);
  store<u32>(entry, header, TRACE_HEADER);
  store<i32>(entry, result, TRACE_RESULT);
  store<u32>(entry, byteLength, TRACE_LENGTH);
  const captured = min(held, load<u32>(ring, RING_STRIDE) - TRACE_BYTES);
  store<u16>(entry, <u16>captured, TRACE_CAPTURED);
  store<u16>(entry, <u16>load<u32>(core + load<u32>(channel, CHANNEL_INSTANCE), INSTANCE_LIVE), TRACE_LIVE);
  copy(entry + TRACE_PAYLOAD, from, captured);
  return entry;
}

/** Appends the entry of a command. */
export function posted(
  core: usize,
  channel: usize,
  header: u32,
  isPolled: bool,
  from: usize,
  byteLength: u32,
  now: f64,
): void {
  const entry = write(core, TRACE_POSTED, channel, header, 0, byteLength, from, byteLength, now);
  if (isPolled && entry) store<u16>(entry, load<u16>(entry, TRACE_LIVE) | TRACE_POLLED, TRACE_LIVE);
}
