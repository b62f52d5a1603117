// CLOCK_RATE_SET and CLOCK_RATE_GET (spec 14-clock sections 5.3 and 5.4).

import {
  CLOCK_ASYNC_DEPTH,
  CLOCK_FORMAT,
  CLOCK_FORMAT_RANGE,
  CLOCK_RATE_COUNT,
  CLOCK_RATES,
  CLOCK_STATE_RATE,
  EVENT_RATE_CHANGED,
  PERMISSION_HOST_GET,
  PERMISSION_HOST_SET,
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
  if (permission & PERMISSION_HOST_SET) return NEEDS_HOST;
  if (flags & ~RATE_SET_FLAGS) return STATUS_INVALID_PARAMETERS;
  const rates = resource.descriptionOf(description, protocol, clock);
  if (flags & RATE_SET_ASYNC) {
    return load<u32>(rates, CLOCK_ASYNC_DEPTH) ? NEEDS_HOST : STATUS_NOT_SUPPORTED;
  }
  if (!(permission & PERMISSION_SET)) return STATUS_DENIED;
  const current = resource.stateOf(protocol, state, clock);
  const before = load<u64>(current, CLOCK_STATE_RATE);
  if (!round(description, rates, load<u64>(request, 8), flags, current + CLOCK_STATE_RATE)) {
    return STATUS_INVALID_PARAMETERS;
  }
  if (resource.isObserved(core)) {
    const rate = load<u64>(current, CLOCK_STATE_RATE);
    resource.changed(core, channel, EVENT_RATE_CHANGED, clock, before, rate, now);
  }
  return success(reply);
}

export function rateGet(protocol: usize, state: usize, agent: u32, request: usize, reply: usize): i32 {
  const clock = load<u32>(request);
  if (clock >= load<u32>(protocol, PROTOCOL_DOMAINS)) return STATUS_NOT_FOUND;
  const permission = resource.permission(protocol, state, agent, clock);
  if (!(permission & PERMISSION_USE)) return STATUS_NOT_FOUND;
  if (permission & PERMISSION_HOST_GET) return NEEDS_HOST;
  store<i32>(reply, STATUS_SUCCESS);
  store<u64>(reply, load<u64>(resource.stateOf(protocol, state, clock), CLOCK_STATE_RATE), STATUS_BYTES);
  return STATUS_BYTES + 8;
}

/** Writes the rate that the clock has for `wanted`, rounded as the flags ask, to `to`; false when it has none. */
function round(description: usize, rates: usize, wanted: u64, flags: u32, to: usize): bool {
  const at = description + load<u32>(rates, CLOCK_RATES);
  let below: u64;
  let above: u64 = 0;
  let hasAbove: bool;
  if (load<u32>(rates, CLOCK_FORMAT) == CLOCK_FORMAT_RANGE) {
    const lowest = load<u64>(at);
    const highest = load<u64>(at, 8);
    const step = load<u64>(at, 16);
    if (wanted < lowest || wanted > highest) return false;
    if (!step) {
      store<u64>(to, wanted);
      return true;
    }
    below = wanted - ((wanted - lowest) % step);
    hasAbove = highest - below >= step;
    if (hasAbove) above = below + step;
  } else {
    const count = load<u32>(rates, CLOCK_RATE_COUNT);
    if (!count || wanted < load<u64>(at) || wanted > load<u64>(at + ((count - 1) << 3))) return false;
    let i: u32 = 0;
    while (i + 1 < count && load<u64>(at + ((i + 1) << 3)) <= wanted) i++;
    below = load<u64>(at + (i << 3));
    hasAbove = i + 1 < count;
    if (hasAbove) above = load<u64>(at + ((i + 1) << 3));
  }
  if (below == wanted) {
    store<u64>(to, wanted);
    return true;
  }
  let isUp = (flags & RATE_SET_ROUND_UP) != 0;
  if (flags & RATE_SET_CLOSEST) isUp = hasAbove && wanted - below > above - wanted;
  if (isUp && !hasAbove) return false;
  store<u64>(to, isUp ? above : below);
  return true;
}
