/* The hot commands by hand: a handler gives the bytes of status and return values that it wrote, or a negative status that is the
 * whole answer. Rules and order of checks as docs/abi.md section 6 has them; a command that it leaves to the host ends the peer. */
#ifndef PEERS_HANDLERS_H
#define PEERS_HANDLERS_H

#include "layout.h"

/* Where a command came from, and what it is about. */
#define GIVEN \
  uint8_t *description, uint8_t *protocol, uint8_t *state, uint32_t agent, const uint8_t *request, uint8_t *reply, uint32_t room
#define GIVEN_AND_FROM uint8_t *core, uint8_t *channel, double now, GIVEN

COLD uint8_t *event_write(uint8_t *core, uint32_t kind, uint8_t *channel, uint32_t domain, uint64_t old, uint64_t new, double now) {
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
  U64(entry + SCMI_EVENT_OLD_LEVEL) = 0;
  return entry;
}

INLINE bool is_observed(uint8_t *core) { return U32(core + SCMI_CORE_OBSERVE) & SCMI_OBSERVE_EVENTS; }

INLINE int32_t success(uint8_t *reply) {
  U32(reply) = SCMI_STATUS_SUCCESS;
  return SCMI_STATUS_BYTES;
}

INLINE int32_t one_word(uint8_t *reply, uint32_t word) {
  U32(reply) = SCMI_STATUS_SUCCESS;
  U32(reply + SCMI_STATUS_BYTES) = word;
  return SCMI_STATUS_BYTES + 4;
}

INLINE int32_t two_words(uint8_t *reply, uint32_t room, uint32_t first, uint32_t second) {
  if (UNLIKELY(room < SCMI_STATUS_BYTES + 8)) return SCMI_STATUS_PROTOCOL_ERROR;
  U32(reply) = SCMI_STATUS_SUCCESS;
  U32(reply + SCMI_STATUS_BYTES) = first;
  U32(reply + SCMI_STATUS_BYTES + 4) = second;
  return SCMI_STATUS_BYTES + 8;
}

INLINE uint32_t permission_of(uint8_t *protocol, uint8_t *state, uint32_t agent, uint32_t domain) {
  return U8(state + U32(protocol + SCMI_PROTOCOL_PERMISSIONS) + agent * U32(protocol + SCMI_PROTOCOL_DOMAINS) + domain);
}

INLINE uint8_t *state_of(uint8_t *protocol, uint8_t *state, uint32_t domain) {
  return state + U32(protocol + SCMI_PROTOCOL_STATE) + domain * SCMI_DOMAIN_STATE_BYTES;
}

INLINE uint8_t *description_of(uint8_t *description, uint8_t *protocol, uint32_t domain) {
  return description + U32(protocol + SCMI_PROTOCOL_DOMAIN_TABLE) + domain * SCMI_DOMAIN_BYTES;
}

#define ADMITTED 1

/* Whether the agent may do what takes all bits of `needed`, and the host does not: ADMITTED, or the answer it gets. */
INLINE int32_t admit(uint8_t *protocol, uint8_t *state, uint32_t agent, uint32_t domain, uint32_t needed, uint32_t host) {
  if (UNLIKELY(domain >= U32(protocol + SCMI_PROTOCOL_DOMAINS))) return SCMI_STATUS_NOT_FOUND;
  uint32_t bits = permission_of(protocol, state, agent, domain) & (needed | host);
  if (LIKELY(bits == needed)) return ADMITTED;
  if ((bits & needed) != needed) return SCMI_STATUS_DENIED;
  not_part_of_this_peer("a command that the host answers");
}

#define ADMIT(needed, host) \
  do { \
    int32_t admitted = admit(protocol, state, agent, domain, needed, host); \
    if (UNLIKELY(admitted != ADMITTED)) return admitted; \
  } while (0)
#define ADMIT_GET() ADMIT(SCMI_PERMISSION_USE, SCMI_PERMISSION_HOST_GET)
#define ADMIT_SET() ADMIT(SCMI_PERMISSION_USE | SCMI_PERMISSION_SET, SCMI_PERMISSION_HOST_SET)

INLINE bool is_listed(const uint8_t *list, uint32_t count, uint32_t word) {
  for (const word_t *at = (const word_t *)list, *end = at + count; at != end; at++)
    if (*at == word) return true;
  return false;
}

/* {domain} gives the word at `offset` of its state. */
INLINE int32_t read_word(GIVEN, uint32_t offset) {
  (void)description, (void)room;
  uint32_t domain = U32(request);
  ADMIT_GET();
  return one_word(reply, U32(state_of(protocol, state, domain) + offset));
}

/* Performance */

INLINE int32_t level_set(GIVEN_AND_FROM) {
  (void)room;
  uint32_t domain = U32(request), level = U32(request + 4);
  ADMIT_SET();
  uint8_t *current = state_of(protocol, state, domain);
  if (UNLIKELY(level < U32(current + SCMI_PERFORMANCE_STATE_MIN) || level > U32(current + SCMI_PERFORMANCE_STATE_MAX)))
    return SCMI_STATUS_OUT_OF_RANGE;
  uint8_t *described = description_of(description, protocol, domain);
  uint32_t count = U32(described + SCMI_PERFORMANCE_LEVEL_COUNT);
  if (count) {
    const word_t *at = (const word_t *)(description + U32(described + SCMI_PERFORMANCE_LEVELS)), *end = at + count;
    while (*at != level)
      if (UNLIKELY(++at == end)) return SCMI_STATUS_OUT_OF_RANGE;
  }
  uint32_t before = U32(current + SCMI_PERFORMANCE_STATE_LEVEL);
  U32(current + SCMI_PERFORMANCE_STATE_LEVEL) = level;
  if (UNLIKELY(is_observed(core))) event_write(core, SCMI_EVENT_LEVEL_CHANGED, channel, domain, before, level, now);
  return success(reply);
}

/* What may limit a domain: exactly its levels. */
INLINE bool is_limit(uint8_t *description, uint8_t *described, uint32_t level) {
  uint32_t count = U32(described + SCMI_PERFORMANCE_LEVEL_COUNT);
  if (count) return is_listed(description + U32(described + SCMI_PERFORMANCE_LEVELS), count, level);
  return level >= U32(described + SCMI_PERFORMANCE_LOWEST) && level <= U32(described + SCMI_PERFORMANCE_HIGHEST);
}

INLINE int32_t limits_set(GIVEN_AND_FROM) {
  (void)room;
  uint32_t domain = U32(request), highest = U32(request + 4), lowest = U32(request + 8);
  ADMIT(SCMI_PERMISSION_USE | SCMI_PERMISSION_LIMITS, SCMI_PERMISSION_HOST_LIMITS);
  uint8_t *current = state_of(protocol, state, domain);
  if (U32(protocol + SCMI_PROTOCOL_VERSION_WORD) >= SCMI_PERFORMANCE_ZERO_KEEPS_SINCE) {
    if (UNLIKELY(!(highest | lowest))) return SCMI_STATUS_OUT_OF_RANGE;
    if (!highest) highest = U32(current + SCMI_PERFORMANCE_STATE_MAX);
    if (!lowest) lowest = U32(current + SCMI_PERFORMANCE_STATE_MIN);
  }
  if (UNLIKELY(lowest > highest)) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *described = description_of(description, protocol, domain);
  if (UNLIKELY(!is_limit(description, described, highest) || !is_limit(description, described, lowest)))
    return SCMI_STATUS_OUT_OF_RANGE;
  uint32_t max = U32(current + SCMI_PERFORMANCE_STATE_MAX), min = U32(current + SCMI_PERFORMANCE_STATE_MIN);
  uint32_t level = U32(current + SCMI_PERFORMANCE_STATE_LEVEL);
  uint32_t inside = level < lowest ? lowest : level > highest ? highest : level;
  U32(current + SCMI_PERFORMANCE_STATE_LEVEL) = inside;
  U32(current + SCMI_PERFORMANCE_STATE_MAX) = highest;
  U32(current + SCMI_PERFORMANCE_STATE_MIN) = lowest;
  U32(current + SCMI_PERFORMANCE_STATE_LIMITS_AGENT) = agent + 1;
  if (UNLIKELY(is_observed(core))) {
    uint64_t before = max | (uint64_t)min << 32, after = highest | (uint64_t)lowest << 32;
    uint8_t *entry = event_write(core, SCMI_EVENT_LIMITS_CHANGED, channel, domain, before, after, now);
    U32(entry + SCMI_EVENT_OLD_LEVEL) = level;
    U32(entry + SCMI_EVENT_NEW_LEVEL) = inside;
  }
  return success(reply);
}

INLINE int32_t limits_get(GIVEN) {
  (void)description;
  uint32_t domain = U32(request);
  ADMIT_GET();
  uint8_t *current = state_of(protocol, state, domain);
  return two_words(reply, room, U32(current + SCMI_PERFORMANCE_STATE_MAX), U32(current + SCMI_PERFORMANCE_STATE_MIN));
}

/* Clocks */

#define NO_RATE UINT64_MAX

INLINE uint64_t rounded(uint8_t *description, uint8_t *clock, uint64_t wanted, uint32_t flags) {
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

INLINE int32_t rate_set(GIVEN_AND_FROM) {
  (void)room;
  uint32_t flags = U32(request), clock = U32(request + 4);
  if (UNLIKELY(clock >= U32(protocol + SCMI_PROTOCOL_DOMAINS))) return SCMI_STATUS_NOT_FOUND;
  uint32_t permission = permission_of(protocol, state, agent, clock);
  if (UNLIKELY(!(permission & SCMI_PERMISSION_USE))) return SCMI_STATUS_NOT_FOUND;
  if (UNLIKELY(permission & SCMI_PERMISSION_HOST_SET)) not_part_of_this_peer("a command that the host answers");
  if (UNLIKELY(flags & ~(uint32_t)SCMI_RATE_SET_FLAGS)) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *described = description_of(description, protocol, clock);
  if (UNLIKELY(flags & SCMI_RATE_SET_ASYNC)) {
    if (U32(described + SCMI_CLOCK_ASYNC_DEPTH)) not_part_of_this_peer("a command that the host answers");
    return SCMI_STATUS_NOT_SUPPORTED;
  }
  if (UNLIKELY(!(permission & SCMI_PERMISSION_SET))) return SCMI_STATUS_DENIED;
  uint64_t rate = rounded(description, described, *(loose_double_word_t *)(request + 8), flags);
  if (UNLIKELY(rate == NO_RATE)) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *current = state_of(protocol, state, clock);
  uint64_t before = *(loose_double_word_t *)(current + SCMI_CLOCK_STATE_RATE);
  *(loose_double_word_t *)(current + SCMI_CLOCK_STATE_RATE) = rate;
  if (UNLIKELY(is_observed(core))) event_write(core, SCMI_EVENT_RATE_CHANGED, channel, clock, before, rate, now);
  return success(reply);
}

INLINE int32_t rate_get(GIVEN) {
  (void)description;
  uint32_t clock = U32(request);
  if (UNLIKELY(clock >= U32(protocol + SCMI_PROTOCOL_DOMAINS))) return SCMI_STATUS_NOT_FOUND;
  uint32_t permission = permission_of(protocol, state, agent, clock);
  if (UNLIKELY(!(permission & SCMI_PERMISSION_USE))) return SCMI_STATUS_NOT_FOUND;
  if (UNLIKELY(permission & SCMI_PERMISSION_HOST_GET)) not_part_of_this_peer("a command that the host answers");
  uint64_t rate = *(loose_double_word_t *)(state_of(protocol, state, clock) + SCMI_CLOCK_STATE_RATE);
  return two_words(reply, room, (uint32_t)rate, (uint32_t)(rate >> 32));
}

/* Power domains */

INLINE int32_t state_set(GIVEN_AND_FROM) {
  (void)room;
  uint32_t flags = U32(request), domain = U32(request + 4), wanted = U32(request + 8);
  ADMIT_SET();
  uint8_t *described = description_of(description, protocol, domain);
  uint32_t count = U32(described + SCMI_POWER_LEGAL_COUNT);
  bool is_legal = count ? is_listed(description + U32(described + SCMI_POWER_LEGAL), count, wanted)
                        : !(wanted & ~(uint32_t)SCMI_POWER_STATE_BITS);
  if (UNLIKELY(flags & ~(uint32_t)SCMI_STATE_SET_ASYNC || !is_legal)) return SCMI_STATUS_INVALID_PARAMETERS;
  uint32_t modes = U32(described + SCMI_POWER_MODES);
  if (UNLIKELY(flags)) {
    if (modes & SCMI_POWER_ASYNC) not_part_of_this_peer("a command that the host answers");
    return SCMI_STATUS_NOT_SUPPORTED;
  }
  if (UNLIKELY(!(modes & SCMI_POWER_SYNC))) return SCMI_STATUS_NOT_SUPPORTED;
  uint8_t *current = state_of(protocol, state, domain);
  uint32_t before = U32(current + SCMI_POWER_STATE);
  U32(current + SCMI_POWER_STATE) = wanted;
  U32(current + SCMI_POWER_STATE_AGENT) = agent + 1;
  if (UNLIKELY(is_observed(core))) event_write(core, SCMI_EVENT_POWER_STATE_CHANGED, channel, domain, before, wanted, now);
  return success(reply);
}

/* Voltages */

/* A level of the list, or on the grid of the range. */
INLINE bool is_voltage(uint8_t *description, uint8_t *described, int32_t level) {
  const word_t *levels = (const word_t *)(description + U32(described + SCMI_VOLTAGE_LEVELS));
  if (U32(described + SCMI_VOLTAGE_FORMAT) == SCMI_VOLTAGE_FORMAT_LIST)
    return is_listed((const uint8_t *)levels, U32(described + SCMI_VOLTAGE_LEVEL_COUNT), (uint32_t)level);
  int32_t lowest = (int32_t)levels[0], highest = (int32_t)levels[1];
  if (level < lowest || level > highest) return false;
  return !levels[2] || ((uint32_t)level - (uint32_t)lowest) % levels[2] == 0;
}

INLINE int32_t voltage_set(GIVEN_AND_FROM) {
  (void)room;
  uint32_t domain = U32(request), flags = U32(request + 4), level = U32(request + 8);
  ADMIT_SET();
  uint32_t known = U32(protocol + SCMI_PROTOCOL_VERSION_WORD) >= SCMI_VOLTAGE_ASYNC_SINCE ? SCMI_VOLTAGE_SET_ASYNC : 0;
  if (UNLIKELY(flags & ~known)) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *described = description_of(description, protocol, domain);
  if (UNLIKELY(flags)) {
    if (U32(described + SCMI_VOLTAGE_HAS_ASYNC)) not_part_of_this_peer("a command that the host answers");
    return SCMI_STATUS_NOT_SUPPORTED;
  }
  if (UNLIKELY(!is_voltage(description, described, (int32_t)level))) return SCMI_STATUS_INVALID_PARAMETERS;
  uint8_t *current = state_of(protocol, state, domain);
  uint32_t before = U32(current + SCMI_VOLTAGE_STATE_LEVEL);
  U32(current + SCMI_VOLTAGE_STATE_LEVEL) = level;
  if (UNLIKELY(is_observed(core))) event_write(core, SCMI_EVENT_VOLTAGE_CHANGED, channel, domain, before, level, now);
  return success(reply);
}

/* Sensors */

INLINE int32_t reading_get(GIVEN) {
  uint32_t domain = U32(request), flags = U32(request + 4);
  ADMIT_GET();
  if (UNLIKELY(flags & ~(uint32_t)SCMI_READING_GET_ASYNC)) return SCMI_STATUS_INVALID_PARAMETERS;
  if (UNLIKELY(flags)) {
    if (U32(description_of(description, protocol, domain) + SCMI_SENSOR_HAS_ASYNC))
      not_part_of_this_peer("a command that the host answers");
    return SCMI_STATUS_NOT_SUPPORTED;
  }
  bool has_timestamp = U32(protocol + SCMI_PROTOCOL_VERSION_WORD) >= SCMI_SENSOR_TIMESTAMP_SINCE;
  uint32_t bytes = has_timestamp ? SCMI_STATUS_BYTES + 16 : SCMI_STATUS_BYTES + 8;
  if (UNLIKELY(bytes > room)) return SCMI_STATUS_PROTOCOL_ERROR;
  uint8_t *current = state_of(protocol, state, domain);
  U32(reply) = SCMI_STATUS_SUCCESS;
  loose_double_word_t *values = (loose_double_word_t *)(reply + SCMI_STATUS_BYTES);
  values[0] = U64(current + SCMI_SENSOR_STATE_READING);
  if (has_timestamp) values[1] = U64(current + SCMI_SENSOR_STATE_TIMESTAMP);
  return (int32_t)bytes;
}

/* Power caps */

INLINE int32_t measurements_get(GIVEN) {
  uint32_t domain = U32(request);
  ADMIT_GET();
  if (UNLIKELY(!U32(description_of(description, protocol, domain) + SCMI_POWERCAP_HAS_MONITORING))) return SCMI_STATUS_NOT_SUPPORTED;
  uint8_t *current = state_of(protocol, state, domain);
  return two_words(reply, room, U32(current + SCMI_POWERCAP_STATE_POWER), U32(current + SCMI_POWERCAP_STATE_INTERVAL));
}

#endif
