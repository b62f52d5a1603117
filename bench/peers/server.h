/* The platform half by hand: claims a command by copying it out of its area, judges the copy, writes the answer back. The flat
 * and the structured peer share it. Rules and order of checks as docs/abi.md section 6 has them. */
#ifndef PEERS_SERVER_H
#define PEERS_SERVER_H

#include "layout.h"

COLD void event_write(uint8_t *core, uint32_t kind, uint8_t *channel, uint32_t domain, uint64_t old, uint64_t new, double now) {
  uint8_t *ring = core + SCMI_CORE_EVENTS;
  uint32_t number = U32(ring + SCMI_RING_TAIL)++;
  uint8_t *entry =
      core + U32(ring + SCMI_RING_OFFSET) + (number & (U32(ring + SCMI_RING_CAPACITY) - 1)) * U32(ring + SCMI_RING_STRIDE);
  F64(entry + SCMI_EVENT_TIME) = now;
  U32(entry + SCMI_EVENT_KIND) = kind;
  U32(entry + SCMI_EVENT_CHANNEL) = U32(channel + SCMI_CHANNEL_INDEX);
  U32(entry + SCMI_EVENT_AGENT) = U32(core + U32(channel + SCMI_CHANNEL_INSTANCE) + SCMI_INSTANCE_AGENT);
  U32(entry + SCMI_EVENT_DOMAIN) = domain;
  U64(entry + SCMI_EVENT_OLD) = old;
  U64(entry + SCMI_EVENT_NEW) = new;
}

/* Handlers give the bytes of status and return values that they wrote, or a negative status that is the whole answer. */
INLINE int32_t success(uint8_t *reply) {
  U32(reply) = SCMI_STATUS_SUCCESS;
  return SCMI_STATUS_BYTES;
}

INLINE uint32_t permission_of(uint8_t *protocol, uint8_t *state, uint32_t agent, uint32_t domain) {
  return U8(state + U32(protocol + SCMI_PROTOCOL_PERMISSIONS) + agent * U32(protocol + SCMI_PROTOCOL_DOMAINS) + domain);
}

INLINE uint8_t *state_of(uint8_t *protocol, uint8_t *state, uint32_t domain) {
  return state + U32(protocol + SCMI_PROTOCOL_STATE) + domain * SCMI_DOMAIN_STATE_BYTES;
}

INLINE int32_t level_set(uint8_t *core, uint8_t *channel, uint8_t *description, uint8_t *protocol, uint8_t *state, uint32_t agent,
                          uint8_t *request, uint8_t *reply, double now) {
  uint32_t domain = U32(request), level = U32(request + 4);
  if (UNLIKELY(domain >= U32(protocol + SCMI_PROTOCOL_DOMAINS))) return SCMI_STATUS_NOT_FOUND;
  uint32_t needed = SCMI_PERMISSION_USE | SCMI_PERMISSION_SET;
  if (UNLIKELY((permission_of(protocol, state, agent, domain) & needed) != needed)) return SCMI_STATUS_DENIED;
  uint8_t *current = state_of(protocol, state, domain);
  if (UNLIKELY(level < U32(current + SCMI_PERFORMANCE_STATE_MIN) || level > U32(current + SCMI_PERFORMANCE_STATE_MAX)))
    return SCMI_STATUS_OUT_OF_RANGE;
  uint8_t *described = description + U32(protocol + SCMI_PROTOCOL_DOMAIN_TABLE) + domain * SCMI_DOMAIN_BYTES;
  uint32_t count = U32(described + SCMI_PERFORMANCE_LEVEL_COUNT);
  if (count) {
    const word_t *at = (const word_t *)(description + U32(described + SCMI_PERFORMANCE_LEVELS)), *end = at + count;
    while (*at != level)
      if (UNLIKELY(++at == end)) return SCMI_STATUS_OUT_OF_RANGE;
  }
  uint32_t before = U32(current + SCMI_PERFORMANCE_STATE_LEVEL);
  U32(current + SCMI_PERFORMANCE_STATE_LEVEL) = level;
  if (UNLIKELY(U32(core + SCMI_CORE_OBSERVE) & SCMI_OBSERVE_EVENTS))
    event_write(core, SCMI_EVENT_LEVEL_CHANGED, channel, domain, before, level, now);
  return success(reply);
}

INLINE int32_t level_get(uint8_t *protocol, uint8_t *state, uint32_t agent, uint8_t *request, uint8_t *reply) {
  uint32_t domain = U32(request);
  if (UNLIKELY(domain >= U32(protocol + SCMI_PROTOCOL_DOMAINS))) return SCMI_STATUS_NOT_FOUND;
  if (UNLIKELY(!(permission_of(protocol, state, agent, domain) & SCMI_PERMISSION_USE))) return SCMI_STATUS_DENIED;
  U32(reply) = SCMI_STATUS_SUCCESS;
  U32(reply + SCMI_STATUS_BYTES) = U32(state_of(protocol, state, domain) + SCMI_PERFORMANCE_STATE_LEVEL);
  return SCMI_STATUS_BYTES + 4;
}

#define NO_RATE UINT64_MAX

static uint64_t rounded(uint8_t *description, uint8_t *clock, uint64_t wanted, uint32_t flags) {
  loose_double_word_t *rates = (loose_double_word_t *)(description + U32(clock + SCMI_CLOCK_RATES));
  uint64_t below, above;
  if (U32(clock + SCMI_CLOCK_FORMAT) == SCMI_CLOCK_FORMAT_RANGE) {
    uint64_t lowest = rates[0], highest = rates[1], step = rates[2];
    if (wanted < lowest || wanted > highest) return NO_RATE;
    if (!step) return wanted;
    below = wanted - (wanted - lowest) % step;
    above = below == wanted ? below : highest - below >= step ? below + step : NO_RATE;
  } else {
    uint32_t count = U32(clock + SCMI_CLOCK_RATE_COUNT), i = 0;
    while (i < count && rates[i] < wanted) i++;
    if (i == count) return NO_RATE;
    if (rates[i] == wanted) return wanted;
    if (i == 0) return NO_RATE;
    below = rates[i - 1];
    above = rates[i];
  }
  if (flags & SCMI_RATE_SET_CLOSEST) return above == NO_RATE || wanted - below <= above - wanted ? below : above;
  return flags & SCMI_RATE_SET_ROUND_UP ? above : below;
}

static int32_t rate_set(uint8_t *core, uint8_t *channel, uint8_t *description, uint8_t *protocol, uint8_t *state, uint32_t agent,
                         uint8_t *request, uint8_t *reply, double now) {
  uint32_t flags = U32(request), clock = U32(request + 4);
  if (clock >= U32(protocol + SCMI_PROTOCOL_DOMAINS)) return SCMI_STATUS_NOT_FOUND;
  uint32_t permission = permission_of(protocol, state, agent, clock);
  if (!(permission & SCMI_PERMISSION_USE)) return SCMI_STATUS_NOT_FOUND;
  if (flags & ~(uint32_t)SCMI_RATE_SET_FLAGS) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *described = description + U32(protocol + SCMI_PROTOCOL_DOMAIN_TABLE) + clock * SCMI_DOMAIN_BYTES;
  if (flags & SCMI_RATE_SET_ASYNC) {
    if (U32(described + SCMI_CLOCK_ASYNC_DEPTH)) not_part_of_this_peer("a command that the host answers");
    return SCMI_STATUS_NOT_SUPPORTED;
  }
  if (!(permission & SCMI_PERMISSION_SET)) return SCMI_STATUS_DENIED;
  uint64_t rate = rounded(description, described, *(loose_double_word_t *)(request + 8), flags);
  if (rate == NO_RATE) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *current = state_of(protocol, state, clock);
  uint64_t before = *(loose_double_word_t *)(current + SCMI_CLOCK_STATE_RATE);
  *(loose_double_word_t *)(current + SCMI_CLOCK_STATE_RATE) = rate;
  if (U32(core + SCMI_CORE_OBSERVE) & SCMI_OBSERVE_EVENTS)
    event_write(core, SCMI_EVENT_RATE_CHANGED, channel, clock, before, rate, now);
  return success(reply);
}

static int32_t rate_get(uint8_t *protocol, uint8_t *state, uint32_t agent, uint8_t *request, uint8_t *reply) {
  uint32_t clock = U32(request);
  if (clock >= U32(protocol + SCMI_PROTOCOL_DOMAINS)) return SCMI_STATUS_NOT_FOUND;
  if (!(permission_of(protocol, state, agent, clock) & SCMI_PERMISSION_USE)) return SCMI_STATUS_NOT_FOUND;
  U32(reply) = SCMI_STATUS_SUCCESS;
  *(loose_double_word_t *)(reply + SCMI_STATUS_BYTES) = *(loose_double_word_t *)(state_of(protocol, state, clock) + SCMI_CLOCK_STATE_RATE);
  return SCMI_STATUS_BYTES + 8;
}

/* What the command in the claim gets, written to `reply`. The channel carries `room` bytes of it; every area has 8. */
INLINE int32_t answer_of(uint8_t *core, uint8_t *channel, uint8_t *instance, uint8_t *request, uint32_t header, uint32_t request_bytes,
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
  if (handler == SCMI_HANDLER_PERFORMANCE_LEVEL_SET)
    return level_set(core, channel, description, protocol, state, agent, request, reply, now);
  if (handler == SCMI_HANDLER_PERFORMANCE_LEVEL_GET) return level_get(protocol, state, agent, request, reply);
  if (handler == SCMI_HANDLER_CONSTANT) {
    uint32_t bytes = U32(message + SCMI_MESSAGE_REPLY_BYTES);
    if (UNLIKELY(SCMI_STATUS_BYTES + bytes > room)) return SCMI_STATUS_PROTOCOL_ERROR;
    U32(reply) = SCMI_STATUS_SUCCESS;
    copy_bytes(reply + SCMI_STATUS_BYTES, description + U32(message + SCMI_MESSAGE_REPLY), bytes);
    return (int32_t)(SCMI_STATUS_BYTES + bytes);
  }
  if (handler == SCMI_HANDLER_PROTOCOL_VERSION) {
    U32(reply) = SCMI_STATUS_SUCCESS;
    U32(reply + SCMI_STATUS_BYTES) = U32(protocol + SCMI_PROTOCOL_VERSION_WORD);
    return SCMI_STATUS_BYTES + 4;
  }
  if (handler == SCMI_HANDLER_CLOCK_RATE_SET)
    return rate_set(core, channel, description, protocol, state, agent, request, reply, now);
  if (handler == SCMI_HANDLER_CLOCK_RATE_GET)
    return room < SCMI_STATUS_BYTES + 8 ? SCMI_STATUS_PROTOCOL_ERROR : rate_get(protocol, state, agent, request, reply);
  not_part_of_this_peer("a handler of a newer core");
}

/* Answers the command in the claim into the area; the bytes of the answer. */
INLINE uint32_t answer(uint8_t *core, uint8_t *channel, uint8_t *instance, uint8_t *request, uint32_t header, uint32_t request_bytes,
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
