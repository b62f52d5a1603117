// Which answer a command gets, in the order of checks of docs/abi.md section 6. Inlined where a command is served:
// calls in between cost a third of an exchange, for every value alive has to go through the stack (bench/README.md).

import * as clock from "./clock";
import {
  DESCRIPTION_MAP,
  DESCRIPTION_PROTOCOL_TABLE,
  HANDLER_CLOCK_RATE_GET,
  HANDLER_CLOCK_RATE_SET,
  HANDLER_CONSTANT,
  HANDLER_HOST,
  HANDLER_NONE,
  HANDLER_PERFORMANCE_LEVEL_GET,
  HANDLER_PERFORMANCE_LEVEL_SET,
  HANDLER_PERFORMANCE_LIMITS_GET,
  HANDLER_PERFORMANCE_LIMITS_SET,
  HANDLER_POWER_STATE_GET,
  HANDLER_POWER_STATE_SET,
  HANDLER_POWERCAP_CAP_GET,
  HANDLER_POWERCAP_MEASUREMENTS_GET,
  HANDLER_PROTOCOL_VERSION,
  HANDLER_SENSOR_READING_GET,
  HANDLER_VOLTAGE_LEVEL_GET,
  HANDLER_VOLTAGE_LEVEL_SET,
  HEADER_MESSAGE_MASK,
  HEADER_PROTOCOL_MASK,
  HEADER_PROTOCOL_SHIFT,
  HEADER_TYPE_MASK,
  INSTANCE_AGENT,
  INSTANCE_DESCRIPTION,
  INSTANCE_PROTOCOL_MASK,
  INSTANCE_STATE,
  MESSAGE_ANY_BYTES,
  MESSAGE_BYTES,
  MESSAGE_HANDLER,
  MESSAGE_REPLY,
  MESSAGE_REPLY_BYTES,
  MESSAGE_REQUEST_BYTES,
  PROTOCOL_BYTES,
  PROTOCOL_MESSAGE_COUNT,
  PROTOCOL_MESSAGES,
  PROTOCOL_VERSION_WORD,
  STATUS_BYTES,
  STATUS_DENIED,
  STATUS_NOT_FOUND,
  STATUS_NOT_SUPPORTED,
  STATUS_PROTOCOL_ERROR,
  STATUS_SUCCESS,
} from "./layout";
import * as limits from "./limits";
import * as performance from "./performance";
import * as power from "./power";
import * as powercap from "./powercap";
import { NEEDS_HOST } from "./reply";
import * as resource from "./resource";
import * as sensor from "./sensor";
import * as voltage from "./voltage";
import { copyInline } from "./words";

/** Answers the command `word` with its parameters at `request`. The reply has room for `limit` bytes, at least
 *  REPLY_ROOM. Nothing has changed when the host is needed. */
export function answer(
  core: usize,
  channel: usize,
  instance: usize,
  word: u32,
  request: usize,
  requestBytes: u32,
  reply: usize,
  limit: u32,
  now: f64,
): i32 {
  if (word & HEADER_TYPE_MASK) return STATUS_PROTOCOL_ERROR;

  // Without a description the agent half stands alone, and implements nothing
  const descriptionOffset = load<u32>(instance, INSTANCE_DESCRIPTION);
  if (!descriptionOffset) return STATUS_NOT_SUPPORTED;
  const description = core + descriptionOffset;
  const row: u32 = load<u8>(description + ((word & HEADER_PROTOCOL_MASK) >>> HEADER_PROTOCOL_SHIFT), DESCRIPTION_MAP);
  if (!row) return STATUS_NOT_SUPPORTED;
  const mask = load<u32>(core + load<u32>(instance, INSTANCE_PROTOCOL_MASK));
  if (!((mask >>> (row - 1)) & 1)) return STATUS_DENIED;

  const protocol = description + DESCRIPTION_PROTOCOL_TABLE + (row - 1) * PROTOCOL_BYTES;
  const id = word & HEADER_MESSAGE_MASK;
  if (id >= load<u32>(protocol, PROTOCOL_MESSAGE_COUNT)) return STATUS_NOT_FOUND;
  const message = description + load<u32>(protocol, PROTOCOL_MESSAGES) + id * MESSAGE_BYTES;
  // Handler and parameter bytes in one word
  const entry = load<u32>(message, MESSAGE_HANDLER);
  const handler = entry & 0xffff;
  if (handler <= <u32>HANDLER_HOST) return handler == HANDLER_NONE ? STATUS_NOT_FOUND : NEEDS_HOST;
  const expected = entry >>> ((MESSAGE_REQUEST_BYTES - MESSAGE_HANDLER) * 8);
  if (expected != requestBytes && expected != MESSAGE_ANY_BYTES) return STATUS_PROTOCOL_ERROR;

  const state = core + load<u32>(instance, INSTANCE_STATE);
  const agent = load<u32>(instance, INSTANCE_AGENT) - 1;
  if (handler == HANDLER_PERFORMANCE_LEVEL_SET) {
    return performance.levelSet(core, channel, description, protocol, state, agent, request, reply, now);
  }
  // A shift takes the low five bits of a handler only
  if ((READS_A_WORD >>> handler) & <u32>(handler < 32)) return resource.read(protocol, state, agent, request, reply);
  if (handler == HANDLER_CLOCK_RATE_GET) return clock.rateGet(protocol, state, agent, request, reply);
  if (handler == HANDLER_CLOCK_RATE_SET) {
    return clock.rateSet(core, channel, description, protocol, state, agent, request, reply, now);
  }
  if (handler == HANDLER_CONSTANT) {
    const bytes = load<u32>(message, MESSAGE_REPLY_BYTES);
    if (bytes > limit - STATUS_BYTES) return STATUS_PROTOCOL_ERROR;
    store<i32>(reply, STATUS_SUCCESS);
    copyInline(reply + STATUS_BYTES, description + load<u32>(message, MESSAGE_REPLY), bytes);
    return STATUS_BYTES + bytes;
  }
  if (handler == HANDLER_PROTOCOL_VERSION) {
    store<i32>(reply, STATUS_SUCCESS);
    store<u32>(reply, load<u32>(protocol, PROTOCOL_VERSION_WORD), STATUS_BYTES);
    return STATUS_BYTES + 4;
  }
  return answerFurther(handler, core, channel, description, protocol, state, agent, request, reply, limit, now);
}

/** Commands whose answer is the first word of a domain's state. */
const READS_A_WORD: u32 =
  (1 << HANDLER_PERFORMANCE_LEVEL_GET) |
  (1 << HANDLER_POWER_STATE_GET) |
  (1 << HANDLER_VOLTAGE_LEVEL_GET) |
  (1 << HANDLER_POWERCAP_CAP_GET);

/** The hot commands that are asked for less often, in a function of its own: inlined into every exchange, their code would
 *  stand in the way of the others. */
function answerFurther(
  handler: u32,
  core: usize,
  channel: usize,
  description: usize,
  protocol: usize,
  state: usize,
  agent: u32,
  request: usize,
  reply: usize,
  limit: u32,
  now: f64,
): i32 {
  switch (handler) {
    case HANDLER_PERFORMANCE_LIMITS_SET:
      return limits.limitsSet(core, channel, description, protocol, state, agent, request, reply, now);
    case HANDLER_PERFORMANCE_LIMITS_GET:
      return limits.limitsGet(protocol, state, agent, request, reply);
    case HANDLER_POWER_STATE_SET:
      return power.stateSet(core, channel, description, protocol, state, agent, request, reply, now);
    case HANDLER_VOLTAGE_LEVEL_SET:
      return voltage.levelSet(core, channel, description, protocol, state, agent, request, reply, now);
    case HANDLER_SENSOR_READING_GET:
      return sensor.readingGet(description, protocol, state, agent, request, reply, limit);
    case HANDLER_POWERCAP_MEASUREMENTS_GET:
      return powercap.measurementsGet(description, protocol, state, agent, request, reply);
    default:
      // A description made for a newer core
      return NEEDS_HOST;
  }
}
