// POWER_STATE_SET and POWER_STATE_GET (spec 11-power-domain sections 6 and 7).

import {
  EVENT_POWER_STATE_CHANGED,
  PERMISSION_HOST_SET,
  PERMISSION_SET,
  PERMISSION_USE,
  POWER_ASYNC,
  POWER_LEGAL,
  POWER_LEGAL_COUNT,
  POWER_MODES,
  POWER_STATE,
  POWER_STATE_AGENT,
  POWER_STATE_BITS,
  POWER_SYNC,
  STATE_SET_ASYNC,
  STATUS_INVALID_PARAMETERS,
  STATUS_NOT_SUPPORTED,
} from "./layout";
import { NEEDS_HOST, success } from "./reply";
import * as resource from "./resource";

export function stateSet(
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
  // Unlike elsewhere, flags come before the domain
  const flags = load<u32>(request);
  const domain = load<u32>(request, 4);
  const needed = PERMISSION_USE | PERMISSION_SET;
  const admitted = resource.admit(protocol, state, agent, domain, needed, PERMISSION_HOST_SET);
  if (admitted != resource.ADMITTED) return admitted;
  const described = resource.descriptionOf(description, protocol, domain);
  const wanted = load<u32>(request, 8);
  if (flags & ~STATE_SET_ASYNC || !isLegal(description, described, wanted)) return STATUS_INVALID_PARAMETERS;
  const modes = load<u32>(described, POWER_MODES);
  if (flags) return modes & POWER_ASYNC ? NEEDS_HOST : STATUS_NOT_SUPPORTED;
  if (!(modes & POWER_SYNC)) return STATUS_NOT_SUPPORTED;

  const current = resource.stateOf(protocol, state, domain);
  const before = load<u32>(current, POWER_STATE);
  store<u32>(current, wanted, POWER_STATE);
  store<u32>(current, agent + 1, POWER_STATE_AGENT);
  if (resource.isObserved(core)) {
    resource.changed(core, channel, EVENT_POWER_STATE_CHANGED, domain, before, wanted, now);
  }
  return success(reply);
}

function isLegal(description: usize, domain: usize, state: u32): bool {
  const count = load<u32>(domain, POWER_LEGAL_COUNT);
  if (!count) return !(state & ~POWER_STATE_BITS);
  return resource.isListed(description + load<u32>(domain, POWER_LEGAL), count, state);
}
