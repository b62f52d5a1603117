// PERFORMANCE_LEVEL_SET and PERFORMANCE_LEVEL_GET (spec 13-performance sections 5.5 and 5.6); for the limits see limits.ts.

import {
  EVENT_LEVEL_CHANGED,
  PERFORMANCE_LEVEL_COUNT,
  PERFORMANCE_LEVELS,
  PERFORMANCE_STATE_LEVEL,
  PERFORMANCE_STATE_MAX,
  PERFORMANCE_STATE_MIN,
  PERMISSION_HOST_SET,
  PERMISSION_SET,
  PERMISSION_USE,
  PROTOCOL_DOMAINS,
  STATUS_DENIED,
  STATUS_NOT_FOUND,
  STATUS_OUT_OF_RANGE,
} from "./layout";
import { NEEDS_HOST, success } from "./reply";
import * as resource from "./resource";

export function levelSet(
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
  if (domain >= load<u32>(protocol, PROTOCOL_DOMAINS)) return STATUS_NOT_FOUND;
  const needed: u32 = PERMISSION_USE | PERMISSION_SET;
  const permission = resource.permission(protocol, state, agent, domain);
  if ((permission & (needed | PERMISSION_HOST_SET)) != needed) {
    return (permission & needed) == needed ? NEEDS_HOST : STATUS_DENIED;
  }
  const level = load<u32>(request, 4);
  const current = resource.stateOf(protocol, state, domain);
  if (level < load<u32>(current, PERFORMANCE_STATE_MIN) || level > load<u32>(current, PERFORMANCE_STATE_MAX)) {
    return STATUS_OUT_OF_RANGE;
  }
  if (!isDescribed(description, resource.descriptionOf(description, protocol, domain), level)) {
    return STATUS_OUT_OF_RANGE;
  }
  const before = load<u32>(current, PERFORMANCE_STATE_LEVEL);
  store<u32>(current, level, PERFORMANCE_STATE_LEVEL);
  if (resource.isObserved(core)) resource.changed(core, channel, EVENT_LEVEL_CHANGED, domain, before, level, now);
  return success(reply);
}

/** True for one of the described levels; of a domain without a list every level within the limits is one. */
function isDescribed(description: usize, domain: usize, level: u32): bool {
  const count = load<u32>(domain, PERFORMANCE_LEVEL_COUNT);
  if (!count) return true;
  let at = description + load<u32>(domain, PERFORMANCE_LEVELS);
  const end = at + count * 4;
  while (at < end) {
    if (load<u32>(at) == level) return true;
    at += 4;
  }
  return false;
}
