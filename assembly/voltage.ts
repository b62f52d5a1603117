// VOLTAGE_LEVEL_SET and VOLTAGE_LEVEL_GET (spec 17-voltage sections 5.5 and 5.6).

import {
  EVENT_VOLTAGE_CHANGED,
  PERMISSION_HOST_SET,
  PERMISSION_SET,
  PERMISSION_USE,
  PROTOCOL_VERSION_WORD,
  STATUS_INVALID_PARAMETERS,
  STATUS_NOT_SUPPORTED,
  VOLTAGE_ASYNC_SINCE,
  VOLTAGE_FORMAT,
  VOLTAGE_FORMAT_LIST,
  VOLTAGE_HAS_ASYNC,
  VOLTAGE_LEVEL_COUNT,
  VOLTAGE_LEVELS,
  VOLTAGE_SET_ASYNC,
  VOLTAGE_STATE_LEVEL,
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
  const needed = PERMISSION_USE | PERMISSION_SET;
  const admitted = resource.admit(protocol, state, agent, domain, needed, PERMISSION_HOST_SET);
  if (admitted != resource.ADMITTED) return admitted;
  const flags = load<u32>(request, 4);
  const hasFlags = load<u32>(protocol, PROTOCOL_VERSION_WORD) >= <u32>VOLTAGE_ASYNC_SINCE;
  if (flags & ~(hasFlags ? VOLTAGE_SET_ASYNC : 0)) return STATUS_INVALID_PARAMETERS;
  const described = resource.descriptionOf(description, protocol, domain);
  if (flags) return load<u32>(described, VOLTAGE_HAS_ASYNC) ? NEEDS_HOST : STATUS_NOT_SUPPORTED;
  const level = load<i32>(request, 8);
  if (!isLevel(description, described, level)) return STATUS_INVALID_PARAMETERS;

  const current = resource.stateOf(protocol, state, domain);
  const before = load<u32>(current, VOLTAGE_STATE_LEVEL);
  store<i32>(current, level, VOLTAGE_STATE_LEVEL);
  if (resource.isObserved(core)) {
    resource.changed(core, channel, EVENT_VOLTAGE_CHANGED, domain, before, <u32>level, now);
  }
  return success(reply);
}

/** True for a level of the list, or on the grid of the range. */
function isLevel(description: usize, domain: usize, level: i32): bool {
  const at = description + load<u32>(domain, VOLTAGE_LEVELS);
  if (load<u32>(domain, VOLTAGE_FORMAT) == VOLTAGE_FORMAT_LIST) {
    return resource.isListed(at, load<u32>(domain, VOLTAGE_LEVEL_COUNT), level);
  }
  const lowest = load<i32>(at);
  const step = load<u32>(at, 8);
  if (level < lowest || level > load<i32>(at, 4)) return false;
  // Unsigned: the two may lie further apart than a signed word can say
  return !step || <u32>(level - lowest) % step == 0;
}
