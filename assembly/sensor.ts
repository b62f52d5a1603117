// SENSOR_READING_GET of a sensor with one value (spec 15-sensor section 5.4).

import {
  PERMISSION_HOST_GET,
  PERMISSION_USE,
  PROTOCOL_VERSION_WORD,
  READING_GET_ASYNC,
  SENSOR_HAS_ASYNC,
  SENSOR_STATE_READING,
  SENSOR_STATE_TIMESTAMP,
  SENSOR_TIMESTAMP_SINCE,
  STATUS_BYTES,
  STATUS_INVALID_PARAMETERS,
  STATUS_NOT_SUPPORTED,
  STATUS_PROTOCOL_ERROR,
  STATUS_SUCCESS,
} from "./layout";
import { NEEDS_HOST } from "./reply";
import * as resource from "./resource";

export function readingGet(
  description: usize,
  protocol: usize,
  state: usize,
  agent: u32,
  request: usize,
  reply: usize,
  limit: u32,
): i32 {
  const sensor = load<u32>(request);
  const admitted = resource.admit(protocol, state, agent, sensor, PERMISSION_USE, PERMISSION_HOST_GET);
  if (admitted != resource.ADMITTED) return admitted;
  const flags = load<u32>(request, 4);
  if (flags & ~READING_GET_ASYNC) return STATUS_INVALID_PARAMETERS;
  if (flags) {
    const hasAsync = load<u32>(resource.descriptionOf(description, protocol, sensor), SENSOR_HAS_ASYNC);
    return hasAsync ? NEEDS_HOST : STATUS_NOT_SUPPORTED;
  }
  const hasTimestamp = load<u32>(protocol, PROTOCOL_VERSION_WORD) >= <u32>SENSOR_TIMESTAMP_SINCE;
  const bytes: u32 = hasTimestamp ? STATUS_BYTES + 16 : STATUS_BYTES + 8;
  // The one answer of fixed length that is above REPLY_ROOM
  if (bytes > limit) return STATUS_PROTOCOL_ERROR;
  const current = resource.stateOf(protocol, state, sensor);
  store<i32>(reply, STATUS_SUCCESS);
  store<u64>(reply, load<u64>(current, SENSOR_STATE_READING), STATUS_BYTES);
  if (hasTimestamp) store<u64>(reply, load<u64>(current, SENSOR_STATE_TIMESTAMP), STATUS_BYTES + 8);
  return bytes;
}
