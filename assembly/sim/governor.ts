// The built-in governors. What each of them wants goes by the utilisation alone, so each comes down to bounds: from which to which
// utilisation a level is the one that is wanted.

import {
  ASK_BYTES,
  ASK_LEVEL,
  ASK_SLOT,
  BOUND_BYTES,
  BOUND_LEAST,
  BOUND_MOST,
  FULL,
  GOVERNOR_PERFORMANCE,
  GOVERNOR_POWERSAVE,
  HEAD_ASKED_AT,
  HEAD_ASKS,
  HEAD_BOUNDS,
  HEAD_CAPACITIES,
  HEAD_DOMAINS,
  HEAD_MOST_ASKS,
  HEAD_NEXT,
  HEAD_RATE_LIMITS,
  HEAD_REQUESTED,
  HEAD_SLOTS,
  HEAD_UTILISATIONS,
} from "./layout";

/** Works out the bounds of the `count` levels of a domain, the first of which is `first`, from their capacities. */
export function govern(governor: u32, first: u32, count: u32): void {
  let bound = load<u32>(HEAD_BOUNDS) + first * BOUND_BYTES;
  let capacity = load<u32>(HEAD_CAPACITIES) + first * 2;
  // The highest utilisation that is served so far; a level that serves no more than a lower one is never wanted
  let most = -1;
  for (let level: u32 = 1; level <= count; level++) {
    store<i16>(bound, <i16>(most + 1), BOUND_LEAST);
    if (level == count || governor == GOVERNOR_POWERSAVE) most = FULL;
    // A quarter of head room, as Linux leaves it: no more than four fifths are used
    else if (governor != GOVERNOR_PERFORMANCE) most = max<i32>(most, (<i32>load<u16>(capacity) * 4) / 5);
    store<i16>(bound, <i16>most, BOUND_MOST);
    bound += BOUND_BYTES;
    capacity += 2;
  }
}

/** Looks at all slots from `from` on, at `now` in µs, and lists those that are to be asked for another level, with that level; how many.
 *  A full list ends it before its time: `HEAD_NEXT` says where to go on. Who is listed has asked now. */
export function look(from: u32, now: f64): u32 {
  const slots = load<u32>(HEAD_SLOTS);
  const bounds = load<u32>(HEAD_BOUNDS);
  const list = load<u32>(HEAD_ASKS);
  const end = list + load<u32>(HEAD_MOST_ASKS) * ASK_BYTES;
  let ask = list;
  let slot = from;
  let utilisation = load<u32>(HEAD_UTILISATIONS) + slot * 2;
  let requested = load<u32>(HEAD_REQUESTED) + slot * 4;
  for (; slot < slots && ask < end; slot++) {
    const used = <i32>load<u16>(utilisation);
    const bound = bounds + load<u32>(requested) * BOUND_BYTES;
    if ((used < load<i16>(bound, BOUND_LEAST) || used > load<i16>(bound, BOUND_MOST)) && mayAsk(slot, now)) {
      store<u32>(ask, slot, ASK_SLOT);
      store<u32>(ask, (find(used, bound) - bounds) / BOUND_BYTES, ASK_LEVEL);
      ask += ASK_BYTES;
    }
    utilisation += 2;
    requested += 4;
  }
  store<u32>(HEAD_NEXT, slot);
  return (ask - list) / ASK_BYTES;
}

/** Whether the rate limit of its domain lets a slot ask; then it has. */
function mayAsk(slot: u32, now: f64): bool {
  const domain = <u32>load<u16>(load<u32>(HEAD_DOMAINS) + slot * 2);
  const askedAt = load<u32>(HEAD_ASKED_AT) + slot * 8;
  if (now - load<f64>(askedAt) < load<f64>(load<u32>(HEAD_RATE_LIMITS) + domain * 8)) return false;
  store<f64>(askedAt, now);
  return true;
}

/** The level that is wanted, seen from another one of its domain. The outer bounds of a domain hold every utilisation, so it is never left. */
function find(used: i32, bound: u32): u32 {
  while (used > load<i16>(bound, BOUND_MOST)) bound += BOUND_BYTES;
  while (used < load<i16>(bound, BOUND_LEAST)) bound -= BOUND_BYTES;
  return bound;
}
