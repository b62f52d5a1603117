/* The agent half and the batch by hand, flat: one memory, the core's own layout, everything inlinable. The work of one exchange is
 * that of the core, check for check (docs/abi.md sections 3 to 7); what a healthy exchange never touches stands in COLD functions. */
#ifndef PEERS_FLAT_H
#define PEERS_FLAT_H

#include "server.h"

INLINE bool is_in_flight(uint32_t state) { return state == SCMI_XFER_POSTED || state == SCMI_XFER_AWAITING_DELAYED; }
INLINE uint32_t token_of(uint32_t header) { return header >> SCMI_HEADER_TOKEN_SHIFT & (SCMI_TOKEN_COUNT - 1); }
INLINE uint32_t command_of(uint32_t header) { return header & ~(uint32_t)SCMI_HEADER_TYPE_MASK; }
INLINE uint8_t *xfer_at(uint8_t *core, uint32_t index) { return AT(core, SCMI_CORE_XFERS, index); }
INLINE uint8_t *channel_at(uint8_t *core, uint32_t index) { return AT(core, SCMI_CORE_CHANNELS, index); }

/* Tokens: the small space. Nothing but the instance's line is touched while nobody gives up. */

COLD uint32_t find_live(uint8_t *core, uint8_t *instance, uint32_t token) {
  uint32_t first = U32(instance + SCMI_INSTANCE_XFER_FIRST), end = first + U32(instance + SCMI_INSTANCE_XFER_COUNT);
  for (uint32_t i = first; i < end; i++) {
    uint8_t *xfer = xfer_at(core, i);
    if (is_in_flight(U32(xfer + SCMI_XFER_STATE)) && token_of(U32(xfer + SCMI_XFER_HEADER)) == token) return i;
  }
  return SCMI_NO_INDEX;
}

COLD uint8_t *find_quarantined(uint8_t *core, uint8_t *instance, uint32_t token) {
  uint8_t *list = core + U32(instance + SCMI_INSTANCE_QUARANTINE);
  for (uint32_t i = 0; i < U32(instance + SCMI_INSTANCE_QUARANTINED); i++, list += SCMI_QUARANTINE_BYTES)
    if (token_of(U32(list + SCMI_QUARANTINE_HEADER)) == token) return list;
  return NULL;
}

COLD void forgive(uint8_t *core, uint8_t *instance, uint8_t *record) {
  uint8_t *end = core + U32(instance + SCMI_INSTANCE_QUARANTINE) + U32(instance + SCMI_INSTANCE_QUARANTINED) * SCMI_QUARANTINE_BYTES;
  memmove(record, record + SCMI_QUARANTINE_BYTES, (size_t)(end - record) - SCMI_QUARANTINE_BYTES);
  U32(instance + SCMI_INSTANCE_QUARANTINED)--;
}

COLD int32_t take_token_among_others(uint8_t *core, uint8_t *instance, uint8_t *channel, uint32_t next) {
  uint32_t live = U32(instance + SCMI_INSTANCE_LIVE), held = U32(instance + SCMI_INSTANCE_QUARANTINED);
  if (live + held >= SCMI_SMALL_SLOTS) {
    if (!held) return -1;
    forgive(core, instance, core + U32(instance + SCMI_INSTANCE_QUARANTINE));
    COUNT(core, channel, SCMI_COUNTER_RECYCLED);
  }
  uint32_t token = next;
  while (find_live(core, instance, token) != SCMI_NO_INDEX || find_quarantined(core, instance, token))
    token = (token + 1) & (SCMI_TOKEN_COUNT - 1);
  U32(instance + SCMI_INSTANCE_LIVE) = live + 1;
  U32(instance + SCMI_INSTANCE_TOKEN_NEXT) = (token + 1) & (SCMI_TOKEN_COUNT - 1);
  return (int32_t)token;
}

INLINE int32_t take_token(uint8_t *core, uint8_t *instance, uint8_t *channel) {
  uint32_t next = U32(instance + SCMI_INSTANCE_TOKEN_NEXT) & (SCMI_TOKEN_COUNT - 1);
  if (UNLIKELY(U32(instance + SCMI_INSTANCE_TOKEN_SPACE))) not_part_of_this_peer("a full token space");
  if (UNLIKELY(U32(instance + SCMI_INSTANCE_LIVE) | U32(instance + SCMI_INSTANCE_QUARANTINED)))
    return take_token_among_others(core, instance, channel, next);
  U32(instance + SCMI_INSTANCE_LIVE) = 1;
  U32(instance + SCMI_INSTANCE_TOKEN_NEXT) = (next + 1) & (SCMI_TOKEN_COUNT - 1);
  return (int32_t)next;
}

COLD void quarantine(uint8_t *core, uint8_t *instance, uint8_t *channel, uint32_t header, uint32_t owes) {
  U32(instance + SCMI_INSTANCE_LIVE)--;
  uint32_t held = U32(instance + SCMI_INSTANCE_QUARANTINED)++;
  uint8_t *record = core + U32(instance + SCMI_INSTANCE_QUARANTINE) + held * SCMI_QUARANTINE_BYTES;
  U32(record + SCMI_QUARANTINE_HEADER) = header | owes;
  U32(record + SCMI_QUARANTINE_CHANNEL) = U32(channel + SCMI_CHANNEL_INDEX);
}

/* Xfers */

INLINE int32_t take_xfer(uint8_t *core, uint8_t *instance) {
  uint32_t index = U32(instance + SCMI_INSTANCE_XFER_FREE);
  if (UNLIKELY(index == SCMI_NO_INDEX)) return SCMI_FAULT_NO_XFER;
  uint8_t *xfer = xfer_at(core, index);
  U32(instance + SCMI_INSTANCE_XFER_FREE) = U32(xfer + SCMI_XFER_FLAGS);
  U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_ACQUIRED;
  U32(xfer + SCMI_XFER_FLAGS) = 0;
  U32(xfer + SCMI_XFER_FAULT) = 0;
  return (int32_t)index;
}

INLINE void put_xfer(uint8_t *instance, uint8_t *xfer, uint32_t index) {
  U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_IDLE;
  U32(xfer + SCMI_XFER_FLAGS) = U32(instance + SCMI_INSTANCE_XFER_FREE);
  U32(instance + SCMI_INSTANCE_XFER_FREE) = index;
}

INLINE void set_deadline(uint8_t *core, uint8_t *xfer, double at) {
  F64(xfer + SCMI_XFER_DEADLINE) = at;
  if (UNLIKELY(at < F64(core + SCMI_CORE_NEXT_DEADLINE))) F64(core + SCMI_CORE_NEXT_DEADLINE) = at;
}

/* The xfer's command got its last answer: its token is free at once. */
INLINE void finish(uint8_t *instance, uint8_t *xfer, int32_t fault, uint32_t bytes) {
  U32(instance + SCMI_INSTANCE_LIVE)--;
  U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_DONE;
  U32(xfer + SCMI_XFER_LENGTH) = bytes;
  if (fault) U32(xfer + SCMI_XFER_FAULT) = (uint32_t)fault; /* `send` cleared it */
}

COLD uint32_t owed(uint8_t *xfer) {
  if (U32(xfer + SCMI_XFER_STATE) == SCMI_XFER_AWAITING_DELAYED) return SCMI_QUARANTINE_OWES_DELAYED;
  bool is_async = U32(xfer + SCMI_XFER_FLAGS) & SCMI_XFER_FLAGS_ASYNC;
  return SCMI_QUARANTINE_OWES_RESPONSE | (is_async ? SCMI_QUARANTINE_OWES_DELAYED : 0);
}

COLD void give_up(uint8_t *core, uint8_t *xfer, uint32_t state, int32_t fault) {
  uint8_t *channel = core + U32(xfer + SCMI_XFER_CHANNEL), *instance = core + U32(xfer + SCMI_XFER_INSTANCE);
  uint32_t posted = U32(channel + SCMI_CHANNEL_POSTED);
  if (posted != SCMI_NO_INDEX && xfer_at(core, posted) == xfer) U32(channel + SCMI_CHANNEL_POSTED) = SCMI_NO_INDEX;
  quarantine(core, instance, channel, U32(xfer + SCMI_XFER_HEADER), owed(xfer));
  U32(xfer + SCMI_XFER_STATE) = state;
  U32(xfer + SCMI_XFER_FAULT) = (uint32_t)fault;
  U32(xfer + SCMI_XFER_LENGTH) = 0;
}

COLD void expire(uint8_t *core, uint8_t *xfer, double now) {
  uint8_t *channel = core + U32(xfer + SCMI_XFER_CHANNEL);
  bool is_posted = U32(xfer + SCMI_XFER_STATE) == SCMI_XFER_POSTED;
  int32_t fault = is_posted ? SCMI_FAULT_RESPONSE_TIMEOUT : SCMI_FAULT_DELAYED_TIMEOUT;
  COUNT(core, channel, SCMI_COUNTER_TIMEOUTS);
  TRACE(core, SCMI_TRACE_TIMEOUT, channel, U32(xfer + SCMI_XFER_HEADER), fault, 0, now);
  give_up(core, xfer, SCMI_XFER_TIMED_OUT, fault);
}

/* Answers that are not the one waited for: judged, counted, and never an xfer's end on a channel with an area. */

COLD void count_answer(uint8_t *core, uint8_t *channel, uint32_t counter, uint32_t kind, uint32_t header, uint32_t bytes, double now) {
  COUNT(core, channel, counter);
  TRACE(core, kind, channel, header, 0, bytes, now);
}

COLD void judge(uint8_t *core, uint8_t *channel, uint8_t *area, uint32_t header, double now) {
  uint8_t *instance = core + U32(channel + SCMI_CHANNEL_INSTANCE);
  uint32_t bytes = ONCE(area + SCMI_SMT_LENGTH), token = token_of(header);
  uint8_t *record = NULL;
  bool is_response = !(header & SCMI_HEADER_TYPE_MASK), is_malformed = !is_response;
  if (is_response && find_live(core, instance, token) != SCMI_NO_INDEX) is_malformed = true;
  if (is_response && !is_malformed) {
    record = find_quarantined(core, instance, token);
    if (!record) {
      count_answer(core, channel, SCMI_COUNTER_UNEXPECTED, SCMI_TRACE_UNEXPECTED, header, bytes, now);
      return;
    }
  }
  uint32_t owes = 0, held = 0;
  if (record) {
    held = U32(record + SCMI_QUARANTINE_HEADER);
    owes = held & (SCMI_QUARANTINE_OWES_RESPONSE | SCMI_QUARANTINE_OWES_DELAYED);
    is_malformed = header != (held ^ owes) || !(owes & SCMI_QUARANTINE_OWES_RESPONSE);
  }
  if (is_malformed) {
    count_answer(core, channel, SCMI_COUNTER_MALFORMED, SCMI_TRACE_MALFORMED, header, bytes, now);
    return;
  }
  count_answer(core, channel, SCMI_COUNTER_LATE, SCMI_TRACE_LATE, header, bytes, now);
  int32_t status = bytes >= SCMI_HEADER_BYTES + SCMI_STATUS_BYTES ? (int32_t)ONCE(area + SCMI_SMT_PAYLOAD) : SCMI_STATUS_PROTOCOL_ERROR;
  uint32_t left = status ? 0 : owes & ~(uint32_t)SCMI_QUARANTINE_OWES_RESPONSE;
  if (left) U32(record + SCMI_QUARANTINE_HEADER) = (held ^ owes) | left;
  else forgive(core, instance, record);
}

COLD void take_back(uint8_t *core, uint8_t *channel, uint8_t *area, double now) {
  uint32_t header = ONCE(area + SCMI_SMT_HEADER), outstanding = U32(channel + SCMI_CHANNEL_OUTSTANDING);
  bool has_ended = outstanding & SCMI_OUTSTANDING_ENDED;
  uint32_t known = has_ended ? outstanding ^ SCMI_OUTSTANDING_ENDED : U32(channel + SCMI_CHANNEL_STRAY);
  U32(channel + SCMI_CHANNEL_OUTSTANDING) = SCMI_NO_HEADER;
  if (header == outstanding || header != known) judge(core, channel, area, header, now);
}

COLD int32_t foreign_answer(uint8_t *core, uint8_t *channel, uint8_t *area, uint32_t header, double now) {
  if (U32(channel + SCMI_CHANNEL_STRAY) != header) {
    U32(channel + SCMI_CHANNEL_STRAY) = header;
    judge(core, channel, area, header, now);
  }
  return SCMI_FAULT_NOTHING;
}

/* post, settle and the calls around them */

INLINE int32_t acquire(uint8_t *core, uint32_t instance) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_INSTANCES, instance))) return SCMI_FAULT_INDEX;
  return take_xfer(core, AT(core, SCMI_CORE_INSTANCES, instance));
}

INLINE int32_t release(uint8_t *core, uint32_t index) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_XFERS, index))) return SCMI_FAULT_INDEX;
  uint8_t *xfer = xfer_at(core, index);
  uint32_t state = U32(xfer + SCMI_XFER_STATE);
  if (UNLIKELY(state == SCMI_XFER_IDLE || is_in_flight(state))) return SCMI_FAULT_STATE;
  put_xfer(core + U32(xfer + SCMI_XFER_INSTANCE), xfer, index);
  return 0;
}

/* Writes a command into a free area and hands it over. */
INLINE void frame(uint8_t *area, uint32_t command, uint32_t header, const uint8_t *from, uint32_t bytes) {
  U32(area + SCMI_SMT_FLAGS) = command & SCMI_COMMAND_INTERRUPT ? SCMI_SMT_FLAGS_INTERRUPT : 0;
  U32(area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + bytes;
  U32(area + SCMI_SMT_HEADER) = header;
  copy_bytes(area + SCMI_SMT_PAYLOAD, from, bytes);
  RELEASE(area + SCMI_SMT_STATUS, 0);
}

/* Takes an answer out of an area. Its status was written as a word, so it is read as one. */
INLINE void fetch(uint8_t *to, const uint8_t *area, uint32_t bytes) {
  U32(to) = *(const word_t *)(area + SCMI_SMT_PAYLOAD);
  copy_bytes(to + SCMI_STATUS_BYTES, area + SCMI_SMT_PAYLOAD + SCMI_STATUS_BYTES, bytes - SCMI_STATUS_BYTES);
}

INLINE int32_t send(uint8_t *core, uint8_t *channel, uint8_t *instance, uint8_t *xfer, uint32_t index, uint32_t command,
                    const uint8_t *from, uint32_t bytes, double now) {
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_KIND) & SCMI_KIND_P2A)) return SCMI_FAULT_CHANNEL_KIND;
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_KIND) & SCMI_KIND_MSG)) not_part_of_this_peer("a MSG channel");
  if (UNLIKELY(bytes > U32(channel + SCMI_CHANNEL_MAX_PAYLOAD))) return SCMI_FAULT_LENGTH;
  uint8_t *area = core + U32(channel + SCMI_CHANNEL_AREA);
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_POSTED) != SCMI_NO_INDEX || !(ACQUIRE(area + SCMI_SMT_STATUS) & SCMI_SMT_STATUS_FREE)))
    return SCMI_FAULT_BUSY;
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_OUTSTANDING) != SCMI_NO_HEADER)) take_back(core, channel, area, now);
  int32_t token = take_token(core, instance, channel);
  if (UNLIKELY(token < 0)) return SCMI_FAULT_NO_TOKEN;
  uint32_t header = (command & SCMI_HEADER_COMMAND_MASK) | (uint32_t)token << SCMI_HEADER_TOKEN_SHIFT;

  U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_POSTED;
  U32(xfer + SCMI_XFER_LENGTH) = bytes;
  U32(xfer + SCMI_XFER_CHANNEL) = (uint32_t)(channel - core);
  U32(xfer + SCMI_XFER_FLAGS) = command & SCMI_COMMAND_ASYNC ? SCMI_XFER_FLAGS_ASYNC : 0;
  U32(xfer + SCMI_XFER_FAULT) = 0;
  U32(xfer + SCMI_XFER_HEADER) = header;
  set_deadline(core, xfer, now + F64(channel + SCMI_CHANNEL_TIMEOUT));
  U32(channel + SCMI_CHANNEL_SENT)++;
  TRACE(core, SCMI_TRACE_POSTED, channel, header, 0, bytes, now);

  U32(channel + SCMI_CHANNEL_POSTED) = index;
  U32(channel + SCMI_CHANNEL_OUTSTANDING) = header;
  U32(channel + SCMI_CHANNEL_STRAY) = header;
  frame(area, command, header, from, bytes);
  return 0;
}

INLINE int32_t post(uint8_t *core, uint32_t channel_index, uint32_t index, uint32_t command, uint32_t bytes, double now) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_CHANNELS, channel_index) || !IS_ROW(core, SCMI_CORE_XFERS, index))) return SCMI_FAULT_INDEX;
  uint8_t *xfer = xfer_at(core, index), *channel = channel_at(core, channel_index);
  uint32_t state = U32(xfer + SCMI_XFER_STATE);
  if (UNLIKELY(state == SCMI_XFER_IDLE || is_in_flight(state))) return SCMI_FAULT_STATE;
  uint32_t instance = U32(xfer + SCMI_XFER_INSTANCE);
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_INSTANCE) != instance)) return SCMI_FAULT_CHANNEL_KIND;
  return send(core, channel, core + instance, xfer, index, command, xfer + SCMI_XFER_PAYLOAD, bytes, now);
}

/* The answer goes to `to`, which has `room` bytes, or to the xfer when `to` is NULL. */
INLINE int32_t settle_area(uint8_t *core, uint8_t *channel, uint8_t *to, uint32_t room, double now) {
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_OUTSTANDING) == SCMI_NO_HEADER)) return SCMI_FAULT_NOTHING;
  uint8_t *area = core + U32(channel + SCMI_CHANNEL_AREA);
  uint32_t bits = ACQUIRE(area + SCMI_SMT_STATUS) & (SCMI_SMT_STATUS_FREE | SCMI_SMT_STATUS_ERROR);
  if (UNLIKELY(!bits)) return SCMI_FAULT_NOTHING;
  uint32_t index = U32(channel + SCMI_CHANNEL_POSTED);
  if (UNLIKELY(index == SCMI_NO_INDEX)) {
    if (bits & SCMI_SMT_STATUS_FREE) take_back(core, channel, area, now);
    return SCMI_FAULT_NOTHING;
  }
  uint8_t *xfer = xfer_at(core, index), *instance = core + U32(xfer + SCMI_XFER_INSTANCE);
  uint32_t header = ONCE(area + SCMI_SMT_HEADER);
  if (UNLIKELY(header != U32(xfer + SCMI_XFER_HEADER))) return foreign_answer(core, channel, area, header, now);
  U32(channel + SCMI_CHANNEL_POSTED) = SCMI_NO_INDEX;
  U32(channel + SCMI_CHANNEL_OUTSTANDING) = bits & SCMI_SMT_STATUS_FREE ? SCMI_NO_HEADER : header | SCMI_OUTSTANDING_ENDED;
  if (UNLIKELY(bits & SCMI_SMT_STATUS_ERROR)) {
    count_answer(core, channel, SCMI_COUNTER_ERRORS, SCMI_TRACE_MALFORMED, header, 0, now);
    finish(instance, xfer, SCMI_FAULT_CHANNEL_ERROR, 0);
    return (int32_t)index;
  }
  uint32_t bytes = ONCE(area + SCMI_SMT_LENGTH), payload = bytes - SCMI_HEADER_BYTES;
  if (UNLIKELY(bytes < SCMI_HEADER_BYTES + SCMI_STATUS_BYTES || payload > U32(channel + SCMI_CHANNEL_MAX_PAYLOAD) ||
               payload > U32(channel + SCMI_CHANNEL_AREA_BYTES) - SCMI_SMT_PAYLOAD)) {
    COUNT(core, channel, SCMI_COUNTER_MALFORMED);
    TRACE(core, SCMI_TRACE_MALFORMED, channel, header, SCMI_FAULT_MALFORMED, bytes, now);
    finish(instance, xfer, SCMI_FAULT_MALFORMED, 0);
    return (int32_t)index;
  }
  if (to && UNLIKELY(payload > room)) {
    U32(channel + SCMI_CHANNEL_RESPONSES)++;
    TRACE(core, SCMI_TRACE_RESPONSE, channel, header, (int32_t)U32(area + SCMI_SMT_PAYLOAD), payload, now);
    finish(instance, xfer, SCMI_FAULT_LENGTH, 0);
    return (int32_t)index;
  }
  if (!to) to = xfer + SCMI_XFER_PAYLOAD;
  fetch(to, area, payload);
  uint32_t status = U32(to);
  U32(channel + SCMI_CHANNEL_RESPONSES)++;
  TRACE(core, SCMI_TRACE_RESPONSE, channel, header, (int32_t)status, payload, now);
  if (UNLIKELY(!status && U32(xfer + SCMI_XFER_FLAGS) & SCMI_XFER_FLAGS_ASYNC)) {
    U32(xfer + SCMI_XFER_LENGTH) = payload;
    U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_AWAITING_DELAYED;
    set_deadline(core, xfer, now + F64(AT_COUNTERS(core, channel) + SCMI_COUNTERS_DELAYED_TIMEOUT));
  } else {
    finish(instance, xfer, 0, payload);
  }
  return (int32_t)index;
}

INLINE int32_t settle(uint8_t *core, uint32_t channel_index, double now) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_CHANNELS, channel_index))) return SCMI_FAULT_INDEX;
  uint8_t *channel = channel_at(core, channel_index);
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_KIND) & SCMI_KIND_P2A || !U32(channel + SCMI_CHANNEL_AREA))) return SCMI_FAULT_CHANNEL_KIND;
  return settle_area(core, channel, NULL, 0, now);
}

INLINE int32_t serve(uint8_t *core, uint32_t channel_index, double now) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_CHANNELS, channel_index))) return SCMI_FAULT_INDEX;
  uint8_t *channel = channel_at(core, channel_index);
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_KIND) & SCMI_KIND_P2A || !U32(channel + SCMI_CHANNEL_AREA))) return SCMI_FAULT_CHANNEL_KIND;
  return serve_area(core, channel, now);
}

static inline int32_t abort_xfer(uint8_t *core, uint32_t index) {
  if (!IS_ROW(core, SCMI_CORE_XFERS, index)) return SCMI_FAULT_INDEX;
  uint8_t *xfer = xfer_at(core, index);
  if (!is_in_flight(U32(xfer + SCMI_XFER_STATE))) return SCMI_FAULT_STATE;
  COUNT(core, core + U32(xfer + SCMI_XFER_CHANNEL), SCMI_COUNTER_ABORTED);
  give_up(core, xfer, SCMI_XFER_ABORTED, SCMI_FAULT_ABORTED);
  return 0;
}

static inline int32_t tick(uint8_t *core, double now) {
  uint32_t i = U32(core + SCMI_CORE_TICK_CURSOR), count = U32(core + SCMI_CORE_XFERS + SCMI_TABLE_COUNT);
  double earliest = __builtin_inf();
  if (i) {
    earliest = F64(core + SCMI_CORE_TICK_EARLIEST);
  } else {
    if (now < F64(core + SCMI_CORE_NEXT_DEADLINE)) return SCMI_FAULT_NOTHING;
    F64(core + SCMI_CORE_NEXT_DEADLINE) = earliest;
  }
  for (; i < count; i++) {
    uint8_t *xfer = xfer_at(core, i);
    if (!is_in_flight(U32(xfer + SCMI_XFER_STATE))) continue;
    double deadline = F64(xfer + SCMI_XFER_DEADLINE);
    if (now < deadline) {
      if (deadline < earliest) earliest = deadline;
      continue;
    }
    expire(core, xfer, now);
    U32(core + SCMI_CORE_TICK_CURSOR) = i + 1;
    F64(core + SCMI_CORE_TICK_EARLIEST) = earliest;
    return (int32_t)i;
  }
  U32(core + SCMI_CORE_TICK_CURSOR) = 0;
  if (earliest < F64(core + SCMI_CORE_NEXT_DEADLINE)) F64(core + SCMI_CORE_NEXT_DEADLINE) = earliest;
  return SCMI_FAULT_NOTHING;
}

/* The ordinary exchange in one piece: a plain SMT area, nothing in flight, nobody watching. It leaves behind what send, serve_area
 * and settle_area leave behind one after the other. The payload bytes of the answer, which stands in the area, or -1 and nothing
 * is done. */
INLINE int32_t ordinary_exchange(uint8_t *core, uint8_t *channel, uint8_t *area, uint8_t *instance, uint32_t command,
                                 const uint8_t *from, uint32_t bytes, double now) {
  uint32_t limit = U32(channel + SCMI_CHANNEL_MAX_PAYLOAD), next = U32(instance + SCMI_INSTANCE_TOKEN_NEXT);
  if (UNLIKELY(U32(core + SCMI_CORE_OBSERVE) | U32(channel + SCMI_CHANNEL_KIND) | U32(channel + SCMI_CHANNEL_CLAIM) |
               (U32(channel + SCMI_CHANNEL_OUTSTANDING) ^ SCMI_NO_HEADER) | U32(instance + SCMI_INSTANCE_LIVE) |
               U32(instance + SCMI_INSTANCE_QUARANTINED) | U32(instance + SCMI_INSTANCE_TOKEN_SPACE) |
               (command & SCMI_COMMAND_ASYNC)))
    return -1;
  if (UNLIKELY(!(U32(area + SCMI_SMT_STATUS) & SCMI_SMT_STATUS_FREE) || bytes > limit)) return -1;
  next &= SCMI_TOKEN_COUNT - 1;
  uint32_t header = (command & SCMI_HEADER_COMMAND_MASK) | next << SCMI_HEADER_TOKEN_SHIFT;
  /* Nobody looks before the answer is there: only what it leaves behind is written, and the parameters are judged where they are. */
  uint8_t *reply = area + SCMI_SMT_PAYLOAD;
  copy_bytes(reply, from, bytes);
  uint32_t reply_bytes = answer(core, channel, instance, from, header, bytes, reply, limit, now);
  U32(area + SCMI_SMT_FLAGS) = command & SCMI_COMMAND_INTERRUPT ? SCMI_SMT_FLAGS_INTERRUPT : 0;
  U32(area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + reply_bytes;
  U32(area + SCMI_SMT_HEADER) = header;
  RELEASE(area + SCMI_SMT_STATUS, SCMI_SMT_STATUS_FREE);

  U32(instance + SCMI_INSTANCE_TOKEN_NEXT) = (next + 1) & (SCMI_TOKEN_COUNT - 1);
  U32(channel + SCMI_CHANNEL_SENT)++;
  U32(channel + SCMI_CHANNEL_RESPONSES)++;
  return (int32_t)reply_bytes;
}

COLD int32_t unusual_exchange(uint8_t *core, uint8_t *channel, uint8_t *instance, uint8_t *xfer, uint32_t index, uint32_t command,
                              uint32_t bytes, double now) {
  int32_t fault = send(core, channel, instance, xfer, index, command, xfer + SCMI_XFER_PAYLOAD, bytes, now);
  if (fault < 0) return fault;
  serve_area(core, channel, now);
  settle_area(core, channel, NULL, 0, now);
  return (int32_t)U32(xfer + SCMI_XFER_STATE);
}

INLINE int32_t exchange(uint8_t *core, uint32_t channel_index, uint32_t index, uint32_t command, uint32_t bytes, double now) {
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_CHANNELS, channel_index) || !IS_ROW(core, SCMI_CORE_XFERS, index))) return SCMI_FAULT_INDEX;
  uint8_t *xfer = xfer_at(core, index), *channel = channel_at(core, channel_index);
  uint32_t state = U32(xfer + SCMI_XFER_STATE), instance_at = U32(xfer + SCMI_XFER_INSTANCE);
  if (UNLIKELY(state == SCMI_XFER_IDLE || is_in_flight(state))) return SCMI_FAULT_STATE;
  if (UNLIKELY(U32(channel + SCMI_CHANNEL_INSTANCE) != instance_at)) return SCMI_FAULT_CHANNEL_KIND;
  uint8_t *instance = core + instance_at, *area = core + U32(channel + SCMI_CHANNEL_AREA), *payload = xfer + SCMI_XFER_PAYLOAD;
  int32_t answered = ordinary_exchange(core, channel, area, instance, command, payload, bytes, now);
  if (UNLIKELY(answered < 0)) return unusual_exchange(core, channel, instance, xfer, index, command, bytes, now);
  fetch(payload, area, (uint32_t)answered);
  U32(xfer + SCMI_XFER_HEADER) = U32(area + SCMI_SMT_HEADER);
  U32(xfer + SCMI_XFER_LENGTH) = (uint32_t)answered;
  U32(xfer + SCMI_XFER_FAULT) = 0;
  U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_DONE;
  return SCMI_XFER_DONE;
}

INLINE void complete(uint8_t *entry, uint8_t *completion, int32_t fault, uint32_t bytes, uint32_t header) {
  U32(completion + SCMI_COMPLETION_TAG) = U32(entry + SCMI_SUBMISSION_TAG);
  U32(completion + SCMI_COMPLETION_FAULT) = (uint32_t)fault;
  U32(completion + SCMI_COMPLETION_LENGTH) = bytes;
  U32(completion + SCMI_COMPLETION_HEADER) = header;
}

/* An entry that is not ordinary: 0 when its completion is written, else the fault that stops the batch before it. */
COLD int32_t run_unusual(uint8_t *core, uint8_t *channel, uint8_t *entry, uint8_t *completion, uint32_t room, double now) {
  uint32_t command = U32(entry + SCMI_SUBMISSION_COMMAND), bytes = U32(entry + SCMI_SUBMISSION_LENGTH);
  uint32_t index = U32(core + SCMI_CORE_RUN_XFER);
  uint8_t *instance = core + U32(channel + SCMI_CHANNEL_INSTANCE);
  int32_t fault = 0;
  if (index == SCMI_NO_INDEX) {
    if (!U32(channel + SCMI_CHANNEL_AREA) || command & SCMI_COMMAND_ASYNC) fault = SCMI_FAULT_CHANNEL_KIND;
    else if (bytes > room) fault = SCMI_FAULT_LENGTH;
    else fault = take_xfer(core, instance);
    if (fault < 0) return complete(entry, completion, fault, 0, 0), 0;
    index = (uint32_t)fault;
    fault = send(core, channel, instance, xfer_at(core, index), index, command, entry + SCMI_SUBMISSION_PAYLOAD, bytes, now);
    if (fault < 0) {
      put_xfer(instance, xfer_at(core, index), index);
      return complete(entry, completion, fault, 0, 0), 0;
    }
  }
  uint8_t *xfer = xfer_at(core, index);
  /* The host may have published meanwhile: then there is nothing to serve. */
  settle_area(core, channel, completion + SCMI_COMPLETION_PAYLOAD, room, now);
  if (is_in_flight(U32(xfer + SCMI_XFER_STATE))) {
    int32_t served = serve_area(core, channel, now);
    settle_area(core, channel, completion + SCMI_COMPLETION_PAYLOAD, room, now);
    if (is_in_flight(U32(xfer + SCMI_XFER_STATE))) {
      U32(core + SCMI_CORE_RUN_XFER) = index;
      return served == SCMI_FAULT_EVENTS_FULL ? SCMI_FAULT_EVENTS_FULL : SCMI_FAULT_HOST_NEEDED;
    }
  }
  U32(core + SCMI_CORE_RUN_XFER) = SCMI_NO_INDEX;
  complete(entry, completion, (int32_t)U32(xfer + SCMI_XFER_FAULT), U32(xfer + SCMI_XFER_LENGTH), U32(xfer + SCMI_XFER_HEADER));
  put_xfer(instance, xfer, index);
  return 0;
}

INLINE int32_t run_entry(uint8_t *core, uint8_t *entry, uint8_t *completion, uint32_t room, double now) {
  uint32_t channel_index = U32(entry + SCMI_SUBMISSION_CHANNEL), bytes = U32(entry + SCMI_SUBMISSION_LENGTH);
  if (UNLIKELY(!IS_ROW(core, SCMI_CORE_CHANNELS, channel_index))) return complete(entry, completion, SCMI_FAULT_INDEX, 0, 0), 0;
  uint8_t *channel = channel_at(core, channel_index), *area = core + U32(channel + SCMI_CHANNEL_AREA);
  uint8_t *instance = core + U32(channel + SCMI_CHANNEL_INSTANCE);
  if (UNLIKELY(U32(core + SCMI_CORE_RUN_XFER) != SCMI_NO_INDEX || bytes > room ||
               U32(instance + SCMI_INSTANCE_XFER_FREE) == SCMI_NO_INDEX))
    return run_unusual(core, channel, entry, completion, room, now);
  uint32_t command = U32(entry + SCMI_SUBMISSION_COMMAND);
  int32_t answered = ordinary_exchange(core, channel, area, instance, command, entry + SCMI_SUBMISSION_PAYLOAD, bytes, now);
  if (UNLIKELY(answered < 0)) return run_unusual(core, channel, entry, completion, room, now);
  uint32_t header = U32(area + SCMI_SMT_HEADER);
  if (UNLIKELY((uint32_t)answered > room)) return complete(entry, completion, SCMI_FAULT_LENGTH, 0, header), 0;
  fetch(completion + SCMI_COMPLETION_PAYLOAD, area, (uint32_t)answered);
  complete(entry, completion, 0, (uint32_t)answered, header);
  return 0;
}

INLINE int32_t run(uint8_t *core, uint32_t budget, double now) {
  uint8_t *submissions = core + SCMI_CORE_SUBMISSIONS, *completions = core + SCMI_CORE_COMPLETIONS;
  uint32_t mask = U32(submissions + SCMI_RING_CAPACITY) - 1, stride = U32(submissions + SCMI_RING_STRIDE);
  uint32_t head = U32(submissions + SCMI_RING_HEAD), tail = U32(completions + SCMI_RING_TAIL), done = 0;
  uint32_t count = U32(submissions + SCMI_RING_TAIL) - head, room = mask + 1 - (tail - U32(completions + SCMI_RING_HEAD));
  uint8_t *entries = core + U32(submissions + SCMI_RING_OFFSET), *results = core + U32(completions + SCMI_RING_OFFSET);
  int32_t stop = 0;
  if (count > budget) count = budget;
  if (UNLIKELY(count > room)) {
    count = room;
    stop = SCMI_FAULT_COMPLETIONS_FULL;
  }
  for (; done < count; done++, head++, tail++) {
    int32_t fault =
        run_entry(core, entries + (head & mask) * stride, results + (tail & mask) * stride, stride - SCMI_SUBMISSION_PAYLOAD, now);
    if (UNLIKELY(fault)) {
      stop = fault;
      break;
    }
  }
  U32(submissions + SCMI_RING_HEAD) = head;
  U32(completions + SCMI_RING_TAIL) = tail;
  U32(core + SCMI_CORE_RUN_STOP) = (uint32_t)stop;
  return (int32_t)done;
}

#endif
