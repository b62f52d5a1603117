// Where the arrays of a fleet stand.

import {
  ASK_BYTES,
  BOUND_BYTES,
  HEAD_ASKED_AT,
  HEAD_ASKS,
  HEAD_BOUNDS,
  HEAD_BYTES,
  HEAD_CAPACITIES,
  HEAD_DOMAINS,
  HEAD_MOST_ASKS,
  HEAD_RATE_LIMITS,
  HEAD_REQUESTED,
  HEAD_SLOTS,
  HEAD_UTILISATIONS,
} from "./layout";

const PAGE_BYTES: u32 = 0x10000;

/** Lays out a fresh memory for a fleet, and grows it once and for all; all arrays are zero. 0, or -1 when there is no such memory. */
export function open(slots: u32, domains: u32, levels: u32, mostAsks: u32): i32 {
  store<u32>(HEAD_SLOTS, slots);
  store<u32>(HEAD_MOST_ASKS, mostAsks);
  // Those of f64 first, so that all are aligned; in u64, as a fleet that is too large must not look small
  let at: u64 = HEAD_BYTES;
  at = place(HEAD_ASKED_AT, at, slots, 8);
  at = place(HEAD_RATE_LIMITS, at, domains, 8);
  at = place(HEAD_ASKS, at, mostAsks, ASK_BYTES);
  at = place(HEAD_REQUESTED, at, slots, 4);
  at = place(HEAD_BOUNDS, at, levels, BOUND_BYTES);
  at = place(HEAD_UTILISATIONS, at, slots, 2);
  at = place(HEAD_DOMAINS, at, slots, 2);
  at = place(HEAD_CAPACITIES, at, levels, 2);
  if (at > 0x7fff0000) return -1;
  const pages = <i32>((<u32>at + PAGE_BYTES - 1) / PAGE_BYTES) - memory.size();
  return pages > 0 && memory.grow(pages) < 0 ? -1 : 0;
}

function place(head: u32, at: u64, count: u32, stride: u32): u64 {
  store<u32>(head, <u32>at);
  return at + <u64>count * stride;
}
