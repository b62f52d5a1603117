/* Peer: hand-written flat C. The core's work, layout, checks and rules, as fast as the language lets it be. */
#define _DEFAULT_SOURCE
#include <sys/mman.h>

#include "flat.h"

struct xfer_view {
  uint32_t state, length, header;
  int32_t fault;
};

static uint8_t *core;

static void peer_load(const uint8_t *image, uint64_t bytes, uint64_t base) {
  static uint8_t *memory;
  static uint64_t size;
  if (memory) munmap(memory, size);
  size = base + bytes;
  memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(2);
  core = memory + base;
  memcpy(core, image, bytes);
}

INLINE uint8_t *peer_payload(uint32_t x) { return xfer_at(core, x) + SCMI_XFER_PAYLOAD; }
INLINE int32_t peer_acquire(uint32_t instance) { return acquire(core, instance); }
INLINE int32_t peer_release(uint32_t x) { return release(core, x); }
INLINE int32_t peer_serve(uint32_t channel, double now) { return serve(core, channel, now); }
INLINE int32_t peer_settle(uint32_t channel, double now) { return settle(core, channel, now); }
INLINE int32_t peer_abort(uint32_t x) { return abort_xfer(core, x); }
INLINE int32_t peer_tick(double now) { return tick(core, now); }
INLINE int32_t peer_run(uint32_t budget, double now) { return run(core, budget, now); }
INLINE int32_t peer_post(uint32_t channel, uint32_t x, uint32_t command, uint32_t bytes, double now) {
  return post(core, channel, x, command, bytes, now);
}
INLINE int32_t peer_exchange(uint32_t channel, uint32_t x, uint32_t command, uint32_t bytes, double now) {
  return exchange(core, channel, x, command, bytes, now);
}
INLINE void peer_set_token(uint32_t instance, uint32_t token) {
  U32(AT(core, SCMI_CORE_INSTANCES, instance) + SCMI_INSTANCE_TOKEN_NEXT) = token;
}
INLINE struct xfer_view peer_xfer(uint32_t x) {
  uint8_t *xfer = xfer_at(core, x);
  return (struct xfer_view){U32(xfer + SCMI_XFER_STATE), U32(xfer + SCMI_XFER_LENGTH), U32(xfer + SCMI_XFER_HEADER),
                            (int32_t)U32(xfer + SCMI_XFER_FAULT)};
}

static __attribute__((noinline)) uint64_t sample_transport(const char *name, uint32_t ops, const char *kind);
#define PEER_SAMPLE_MORE sample_transport
#include "driver.h"

/* The work of the first flat twin (prototype.c), put together from the pieces of this one: the agent alone, against a responder that
 * only writes a length and a status. Not slower than that one, or this peer is no yardstick. */
TIMED uint64_t sample_transport(const char *name, uint32_t ops, const char *kind) {
  if (strcmp(name, "transport") != 0) {
    fprintf(stderr, "expected a case, got %s\n", name);
    exit(2);
  }
  struct command command = command_named(kind);
  uint8_t *const at = core, *channel = channel_at(at, 0), *area = area_of(0), *instance = AT(at, SCMI_CORE_INSTANCES, 0);
  uint32_t wrong = 0;
  uint64_t start = clock_ns();
  for (uint32_t i = 0; i < ops; i++) {
    int32_t index = take_xfer(at, instance);
    int32_t token = take_token(at, instance, channel);
    if (UNLIKELY(index < 0 || token < 0)) exit(2);
    uint8_t *xfer = xfer_at(at, (uint32_t)index), *payload = xfer + SCMI_XFER_PAYLOAD;
    U32(payload) = i & 3;
    U32(payload + 4) = i;
    uint32_t header = command.word | (uint32_t)token << SCMI_HEADER_TOKEN_SHIFT;
    U32(xfer + SCMI_XFER_STATE) = SCMI_XFER_POSTED;
    U32(xfer + SCMI_XFER_LENGTH) = command.request_bytes;
    U32(xfer + SCMI_XFER_HEADER) = header;
    if (UNLIKELY(!(ACQUIRE(area + SCMI_SMT_STATUS) & SCMI_SMT_STATUS_FREE))) exit(2);
    frame(area, command.word, header, payload, command.request_bytes);

    U32(area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + SCMI_STATUS_BYTES + command.reply_bytes;
    U32(area + SCMI_SMT_PAYLOAD) = SCMI_STATUS_SUCCESS;
    RELEASE(area + SCMI_SMT_STATUS, SCMI_SMT_STATUS_FREE);

    while (!(ACQUIRE(area + SCMI_SMT_STATUS) & 3) || ONCE(area + SCMI_SMT_HEADER) != U32(xfer + SCMI_XFER_HEADER)) continue;
    uint32_t bytes = ONCE(area + SCMI_SMT_LENGTH) - SCMI_HEADER_BYTES;
    if (UNLIKELY(bytes < SCMI_STATUS_BYTES || bytes > U32(channel + SCMI_CHANNEL_MAX_PAYLOAD))) exit(2);
    fetch(payload, area, bytes);
    finish(instance, xfer, 0, bytes);
    wrong |= U32(payload);
    put_xfer(instance, xfer, (uint32_t)index);
  }
  uint64_t end = clock_ns();
  bad |= wrong;
  return end - start;
}
