// CLOCK_RATE_SET and CLOCK_RATE_GET (spec 14-clock sections 5.3 and 5.4).

import {
  CLOCK_ASYNC_DEPTH,
  CLOCK_FORMAT,
  CLOCK_FORMAT_RANGE,
  CLOCK_RATE_COUNT,
  CLOCK_RATES,
  CLOCK_STATE_RATE,
  EVENT_RATE_CHANGED,
  PERMISSION_SET,
  PERMISSION_USE,
  PROTOCOL_DOMAINS,
  RATE_SET_ASYNC,
  RATE_SET_CLOSEST,
  RATE_SET_FLAGS,
  RATE_SET_ROUND_UP,
  STATUS_BYTES,
  STATUS_DENIED,
  STATUS_INVALID_PARAMETERS,
  STATUS_NOT_FOUND,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "./layout";
import { NEEDS_HOST, success } from "./reply";
import * as resource from "./resource";

/** No rate to round to. */
const NO_RATE: u64 = u64.MAX_VALUE;

export function rateSet(
  core: usize,
  channel: usize,
  description: usize,
  protocol: usize,
  state: usize,
  agent: u32,
  request: usize,
  reply: usize,
  now: f64,
): i32 {
  const flags = load<u32>(request);
  const clock = load<u32>(request, 4);
  if (clock >= load<u32>(protocol, PROTOCOL_DOMAINS)) return STATUS_NOT_FOUND;
  const permission = resource.permission(protocol, state, agent, clock);
  if (!(permission & PERMISSION_USE)) return STATUS_NOT_FOUND;
  if (flags & ~RATE_SET_FLAGS) return STATUS_INVALID_PARAMETERS;
  const rates = resource.descriptionOf(description, protocol, clock);
  if (flags & RATE_SET_ASYNC) {
    return load<u32>(rates, CLOCK_ASYNC_DEPTH) ? NEEDS_HOST : STATUS_NOT_SUPPORTED;
  }
  if (!(permission & PERMISSION_SET)) return STATUS_DENIED;
  const rate = round(description, rates, load<u64>(request, 8), flags);
  if (rate == NO_RATE) return STATUS_INVALID_PARAMETERS;
  const current = resource.stateOf(protocol, state, clock);
  const before = load<u64>(current, CLOCK_STATE_RATE);
  store<u64>(current, rate, CLOCK_STATE_RATE);
  if (resource.isObserved(core)) resource.changed(core, channel, EVENT_RATE_CHANGED, clock, before, rate, now);
  return success(reply);
}

export function rateGet(protocol: usize, state: usize, agent: u32, request: usize, reply: usize): i32 {
  const clock = load<u32>(request);
  if (clock >= load<u32>(protocol, PROTOCOL_DOMAINS)) return STATUS_NOT_FOUND;
  if (!(resource.permission(protocol, state, agent, clock) & PERMISSION_USE)) return STATUS_NOT_FOUND;
  store<i32>(reply, STATUS_SUCCESS);
  store<u64>(reply, load<u64>(resource.stateOf(protocol, state, clock), CLOCK_STATE_RATE), STATUS_BYTES);
  return STATUS_BYTES + 8;
}

/** The rate of the clock that `wanted` becomes, rounded as the flags ask; NO_RATE when there is none. */
function round(description: usize, rates: usize, wanted: u64, flags: u32): u64 {
  const at = description + load<u32>(rates, CLOCK_RATES);
  let below: u64;
  let above: u64;
  if (load<u32>(rates, CLOCK_FORMAT) == CLOCK_FORMAT_RANGE) {
    const lowest = load<u64>(at);
    const step = load<u64>(at, 16);
    if (wanted < lowest || wanted > load<u64>(at, 8)) return NO_RATE;
    if (!step) return wanted;
    below = wanted - ((wanted - lowest) % step);
    above = below;
    if (below != wanted) above = load<u64>(at, 8) - below >= step ? below + step : NO_RATE;
  } else {
    const count = load<u32>(rates, CLOCK_RATE_COUNT);
    if (!count || wanted < load<u64>(at)) return NO_RATE;
    let i: u32 = 0;
    while (i + 1 < count && load<u64>(at + ((i + 1) << 3)) <= wanted) i++;
    below = load<u64>(at + (i << 3));
    above = below;
    if (below != wanted) above = i + 1 < count ? load<u64>(at + ((i + 1) << 3)) : NO_RATE;
    // Above the highest rate there is nothing to round between
    if (above == NO_RATE) return NO_RATE;
  }
  if (flags & RATE_SET_CLOSEST) return above == NO_RATE || wanted - below <= above - wanted ? below : above;
  return flags & RATE_SET_ROUND_UP ? above : below;
}
