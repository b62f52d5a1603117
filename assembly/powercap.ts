// POWERCAP_CAP_GET and POWERCAP_MEASUREMENTS_GET (spec 18-powercap sections 5.2 and 5.8), protocol versions 1.0 and 2.0.

import {
  PERMISSION_HOST_GET,
  PERMISSION_USE,
  POWERCAP_HAS_MONITORING,
  POWERCAP_STATE_INTERVAL,
  POWERCAP_STATE_POWER,
  STATUS_BYTES,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "./layout";
import * as resource from "./resource";

export function measurementsGet(
  description: usize,
  protocol: usize,
  state: usize,
  agent: u32,
  request: usize,
  reply: usize,
): i32 {
  const domain = load<u32>(request);
  const admitted = resource.admit(protocol, state, agent, domain, PERMISSION_USE, PERMISSION_HOST_GET);
  if (admitted != resource.ADMITTED) return admitted;
  const described = resource.descriptionOf(description, protocol, domain);
  if (!load<u32>(described, POWERCAP_HAS_MONITORING)) return STATUS_NOT_SUPPORTED;
  const current = resource.stateOf(protocol, state, domain);
  store<i32>(reply, STATUS_SUCCESS);
  store<u32>(reply, load<u32>(current, POWERCAP_STATE_POWER), STATUS_BYTES);
  store<u32>(reply, load<u32>(current, POWERCAP_STATE_INTERVAL), STATUS_BYTES + 4);
  return STATUS_BYTES + 8;
}
