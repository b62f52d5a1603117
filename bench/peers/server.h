/* The platform half by hand: claims a command by copying it out of its area, judges the copy, writes the answer back. The flat
 * and the structured peer share it. Rules and order of checks as docs/abi.md section 6 has them. */
#ifndef PEERS_SERVER_H
#define PEERS_SERVER_H

#include "handlers.h"

/* What the command in the claim gets, written to `reply`. The channel carries `room` bytes of it; every area has 8. */
INLINE int32_t answer_of(uint8_t *core, uint8_t *channel, uint8_t *instance, const uint8_t *request, uint32_t header, uint32_t request_bytes,
                       uint8_t *reply, uint32_t room, double now) {
  if (UNLIKELY(header & SCMI_HEADER_TYPE_MASK)) return SCMI_STATUS_PROTOCOL_ERROR;
  uint32_t at = U32(instance + SCMI_INSTANCE_DESCRIPTION);
  if (UNLIKELY(!at)) return SCMI_STATUS_NOT_SUPPORTED;
  uint8_t *description = core + at;
  uint32_t row = U8(description + SCMI_DESCRIPTION_MAP + ((header & SCMI_HEADER_PROTOCOL_MASK) >> SCMI_HEADER_PROTOCOL_SHIFT));
  if (UNLIKELY(!row)) return SCMI_STATUS_NOT_SUPPORTED;
  uint32_t mask = U32(core + U32(instance + SCMI_INSTANCE_PROTOCOL_MASK));
  if (UNLIKELY(!(mask >> (row - 1) & 1))) return SCMI_STATUS_DENIED;
  uint8_t *protocol = description + SCMI_DESCRIPTION_PROTOCOL_TABLE + (row - 1) * SCMI_PROTOCOL_BYTES;
  uint32_t id = header & SCMI_HEADER_MESSAGE_MASK;
  if (UNLIKELY(id >= U32(protocol + SCMI_PROTOCOL_MESSAGE_COUNT))) return SCMI_STATUS_NOT_FOUND;
  uint8_t *message = description + U32(protocol + SCMI_PROTOCOL_MESSAGES) + id * SCMI_MESSAGE_BYTES;
  uint32_t handler = U16(message + SCMI_MESSAGE_HANDLER), expected = U16(message + SCMI_MESSAGE_REQUEST_BYTES);
  if (UNLIKELY(handler == SCMI_HANDLER_NONE)) return SCMI_STATUS_NOT_FOUND;
  if (UNLIKELY(handler == SCMI_HANDLER_HOST)) not_part_of_this_peer("a command that the host answers");
  if (UNLIKELY(expected != request_bytes && expected != SCMI_MESSAGE_ANY_BYTES)) return SCMI_STATUS_PROTOCOL_ERROR;
  uint8_t *state = core + U32(instance + SCMI_INSTANCE_STATE);
  uint32_t agent = U32(instance + SCMI_INSTANCE_AGENT) - 1;
#define HERE description, protocol, state, agent, request, reply, room
  switch (handler) {
    case SCMI_HANDLER_PERFORMANCE_LEVEL_SET:
      return level_set(core, channel, now, HERE);
    case SCMI_HANDLER_PERFORMANCE_LEVEL_GET:
      return read_word(HERE, SCMI_PERFORMANCE_STATE_LEVEL);
    case SCMI_HANDLER_CONSTANT: {
      uint32_t bytes = U32(message + SCMI_MESSAGE_REPLY_BYTES);
      if (UNLIKELY(SCMI_STATUS_BYTES + bytes > room)) return SCMI_STATUS_PROTOCOL_ERROR;
      U32(reply) = SCMI_STATUS_SUCCESS;
      copy_bytes(reply + SCMI_STATUS_BYTES, description + U32(message + SCMI_MESSAGE_REPLY), bytes);
      return (int32_t)(SCMI_STATUS_BYTES + bytes);
    }
    case SCMI_HANDLER_PROTOCOL_VERSION:
      return one_word(reply, U32(protocol + SCMI_PROTOCOL_VERSION_WORD));
    case SCMI_HANDLER_CLOCK_RATE_SET:
      return rate_set(core, channel, now, HERE);
    case SCMI_HANDLER_CLOCK_RATE_GET:
      return rate_get(HERE);
    case SCMI_HANDLER_PERFORMANCE_LIMITS_SET:
      return limits_set(core, channel, now, HERE);
    case SCMI_HANDLER_PERFORMANCE_LIMITS_GET:
      return limits_get(HERE);
    case SCMI_HANDLER_POWER_STATE_SET:
      return state_set(core, channel, now, HERE);
    case SCMI_HANDLER_POWER_STATE_GET:
      return read_word(HERE, SCMI_POWER_STATE);
    case SCMI_HANDLER_VOLTAGE_LEVEL_SET:
      return voltage_set(core, channel, now, HERE);
    case SCMI_HANDLER_VOLTAGE_LEVEL_GET:
      return read_word(HERE, SCMI_VOLTAGE_STATE_LEVEL);
    case SCMI_HANDLER_SENSOR_READING_GET:
      return reading_get(HERE);
    case SCMI_HANDLER_POWERCAP_CAP_GET:
      return read_word(HERE, SCMI_POWERCAP_STATE_CAP);
    case SCMI_HANDLER_POWERCAP_MEASUREMENTS_GET:
      return measurements_get(HERE);
  }
#undef HERE
  not_part_of_this_peer("a handler of a newer core");
}

/* Answers the command in the claim into the area; the bytes of the answer. */
INLINE uint32_t answer(uint8_t *core, uint8_t *channel, uint8_t *instance, const uint8_t *request, uint32_t header, uint32_t request_bytes,
                       uint8_t *reply, uint32_t room, double now) {
  int32_t bytes = answer_of(core, channel, instance, request, header, request_bytes, reply, room, now);
  if (LIKELY(bytes >= 0 && (uint32_t)bytes <= room)) return (uint32_t)bytes;
  U32(reply) = (uint32_t)(bytes < 0 ? bytes : SCMI_STATUS_PROTOCOL_ERROR);
  return SCMI_STATUS_BYTES;
}

COLD int32_t refuse_command(uint8_t *core, uint8_t *channel, uint8_t *area, uint32_t bytes) {
  COUNT(core, channel, SCMI_COUNTER_BAD_COMMANDS);
  if (bytes >= SCMI_HEADER_BYTES) {
    U32(area + SCMI_SMT_PAYLOAD) = (uint32_t)SCMI_STATUS_PROTOCOL_ERROR;
    U32(area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + SCMI_STATUS_BYTES;
  }
  RELEASE(area + SCMI_SMT_STATUS, SCMI_SMT_STATUS_FREE | SCMI_SMT_STATUS_ERROR);
  return 0;
}

/* Answers the command in an SMT area: 0, or a fault. */
INLINE int32_t serve_area(uint8_t *core, uint8_t *channel, double now) {
  uint8_t *area = core + U32(channel + SCMI_CHANNEL_AREA);
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_KIND) & (SCMI_KIND_MSG | SCMI_KIND_HOLD))) not_part_of_this_peer("a MSG or held channel");
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_CLAIM))) return SCMI_FAULT_BUSY;
  if (UNLIKELY(ACQUIRE(area + SCMI_SMT_STATUS) & SCMI_SMT_STATUS_FREE)) {
    COUNT(core, channel, SCMI_COUNTER_SPURIOUS);
    return SCMI_FAULT_NOTHING;
  }
  if (UNLIKELY(U32(core + SCMI_CORE_OBSERVE) & SCMI_OBSERVE_EVENTS)) {
    uint8_t *ring = core + SCMI_CORE_EVENTS;
    if (U32(ring + SCMI_RING_TAIL) - U32(ring + SCMI_RING_HEAD) >= U32(ring + SCMI_RING_CAPACITY)) return SCMI_FAULT_EVENTS_FULL;
  }
  uint32_t bytes = ONCE(area + SCMI_SMT_LENGTH), header = ONCE(area + SCMI_SMT_HEADER);
  uint32_t request_bytes = bytes - SCMI_HEADER_BYTES;
  if (UNLIKELY(bytes < SCMI_HEADER_BYTES || request_bytes > U32(channel + SCMI_CHANNEL_AREA_BYTES) - SCMI_SMT_PAYLOAD ||
               request_bytes > U32(core + SCMI_CORE_MAX_PAYLOAD)))
    return refuse_command(core, channel, area, bytes);
  /* The scratch claim: what was copied is judged, never what stands in the area. Its head is for commands that have to wait. */
  uint8_t *request = core + U32(core + SCMI_CORE_CLAIMS + SCMI_TABLE_OFFSET) + SCMI_CLAIM_REQUEST;
  uint8_t *reply = area + SCMI_SMT_PAYLOAD;
  copy_bytes(request, area + SCMI_SMT_PAYLOAD, request_bytes);
  uint8_t *instance = core + U32(channel + SCMI_CHANNEL_INSTANCE);
  uint32_t room = U32(channel + SCMI_CHANNEL_MAX_PAYLOAD);
  uint32_t reply_bytes = answer(core, channel, instance, request, header, request_bytes, reply, room, now);
  U32(area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + reply_bytes;
  U32(area + SCMI_SMT_HEADER) = header;
  TRACE(core, SCMI_TRACE_SERVED, channel, header, 0, request_bytes, now);
  TRACE(core, SCMI_TRACE_PUBLISHED, channel, header, (int32_t)U32(reply), reply_bytes, now);
  RELEASE(area + SCMI_SMT_STATUS, SCMI_SMT_STATUS_FREE);
  return 0;
}

#endif
