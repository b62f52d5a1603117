// PERFORMANCE_LIMITS_SET and PERFORMANCE_LIMITS_GET (spec 13-performance sections 5.3 and 5.4).

import {
  EVENT_LIMITS_CHANGED,
  EVENT_NEW_LEVEL,
  EVENT_OLD_LEVEL,
  PERFORMANCE_HIGHEST,
  PERFORMANCE_LEVEL_COUNT,
  PERFORMANCE_LEVELS,
  PERFORMANCE_LOWEST,
  PERFORMANCE_STATE_LEVEL,
  PERFORMANCE_STATE_LIMITS_AGENT,
  PERFORMANCE_STATE_MAX,
  PERFORMANCE_STATE_MIN,
  PERFORMANCE_ZERO_KEEPS_SINCE,
  PERMISSION_HOST_GET,
  PERMISSION_HOST_LIMITS,
  PERMISSION_LIMITS,
  PERMISSION_USE,
  PROTOCOL_VERSION_WORD,
  STATUS_BYTES,
  STATUS_INVALID_PARAMETERS,
  STATUS_OUT_OF_RANGE,
  STATUS_SUCCESS,
} from "./layout";
import { success } from "./reply";
import * as resource from "./resource";

export function limitsSet(
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
  const domain = load<u32>(request);
  const needed = PERMISSION_USE | PERMISSION_LIMITS;
  const admitted = resource.admit(protocol, state, agent, domain, needed, PERMISSION_HOST_LIMITS);
  if (admitted != resource.ADMITTED) return admitted;
  const current = resource.stateOf(protocol, state, domain);
  let highest = load<u32>(request, 4);
  let lowest = load<u32>(request, 8);
  if (load<u32>(protocol, PROTOCOL_VERSION_WORD) >= <u32>PERFORMANCE_ZERO_KEEPS_SINCE) {
    if (!(highest | lowest)) return STATUS_OUT_OF_RANGE;
    // The limit in force first: a minimum above the 0 of "unchanged" is no fault
    if (!highest) highest = load<u32>(current, PERFORMANCE_STATE_MAX);
    if (!lowest) lowest = load<u32>(current, PERFORMANCE_STATE_MIN);
  }
  if (lowest > highest) return STATUS_INVALID_PARAMETERS;
  const described = resource.descriptionOf(description, protocol, domain);
  if (!isLimit(description, described, highest) || !isLimit(description, described, lowest)) return STATUS_OUT_OF_RANGE;

  const before = pair(load<u32>(current, PERFORMANCE_STATE_MAX), load<u32>(current, PERFORMANCE_STATE_MIN));
  const level = load<u32>(current, PERFORMANCE_STATE_LEVEL);
  const inside = min(highest, max(lowest, level));
  store<u32>(current, inside, PERFORMANCE_STATE_LEVEL);
  store<u32>(current, highest, PERFORMANCE_STATE_MAX);
  store<u32>(current, lowest, PERFORMANCE_STATE_MIN);
  store<u32>(current, agent + 1, PERFORMANCE_STATE_LIMITS_AGENT);
  if (resource.isObserved(core)) {
    const after = pair(highest, lowest);
    const entry = resource.changed(core, channel, EVENT_LIMITS_CHANGED, domain, before, after, now);
    store<u32>(entry, level, EVENT_OLD_LEVEL);
    store<u32>(entry, inside, EVENT_NEW_LEVEL);
  }
  return success(reply);
}

export function limitsGet(protocol: usize, state: usize, agent: u32, request: usize, reply: usize): i32 {
  const domain = load<u32>(request);
  const admitted = resource.admit(protocol, state, agent, domain, PERMISSION_USE, PERMISSION_HOST_GET);
  if (admitted != resource.ADMITTED) return admitted;
  const current = resource.stateOf(protocol, state, domain);
  store<i32>(reply, STATUS_SUCCESS);
  // Word by word, as they were written: a wider read would wait for both stores
  store<u32>(reply, load<u32>(current, PERFORMANCE_STATE_MAX), STATUS_BYTES);
  store<u32>(reply, load<u32>(current, PERFORMANCE_STATE_MIN), STATUS_BYTES + 4);
  return STATUS_BYTES + 8;
}

function pair(low: u32, high: u32): u64 {
  return ((<u64>high) << 32) | low;
}

/** True for what may limit a domain: exactly its levels, as agents look limits up in their tables. */
function isLimit(description: usize, domain: usize, level: u32): bool {
  const count = load<u32>(domain, PERFORMANCE_LEVEL_COUNT);
  if (count) return resource.isListed(description + load<u32>(domain, PERFORMANCE_LEVELS), count, level);
  return level >= load<u32>(domain, PERFORMANCE_LOWEST) && level <= load<u32>(domain, PERFORMANCE_HIGHEST);
}
