// The trace ring: free when off but for one load and one branch at each call site.

import {
  CHANNEL_INDEX,
  CORE_OBSERVE,
  CORE_TRACE,
  OBSERVE_TRACE,
  RING_CAPACITY,
  RING_TAIL,
  TRACE_CHANNEL,
  TRACE_HEADER,
  TRACE_KIND,
  TRACE_LENGTH,
  TRACE_RESULT,
  TRACE_TIME,
} from "./layout";
import { ringEntry } from "./table";

export function isOn(core: usize): bool {
  return (load<u32>(core, CORE_OBSERVE) & OBSERVE_TRACE) != 0;
}

/** Appends an entry; the oldest makes room. Both halves may write at once. */
export function write(
  core: usize,
  kind: u32,
  channel: usize,
  header: u32,
  result: i32,
  byteLength: u32,
  now: f64,
): void {
  const ring = core + CORE_TRACE;
  if (!load<u32>(ring, RING_CAPACITY)) return;
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
}
