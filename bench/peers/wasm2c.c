/* Peer: the core's own binary through wasm2c and cc. What is left between it and the same binary in a JavaScript engine is the
 * engine and the border. Guard pages instead of bounds checks, as engines do it. */
#define _DEFAULT_SOURCE
#include "core.h" /* written by wasm2c */
#define SCMI_CORE_WASM2C
#include "layout.h"

struct xfer_view {
  uint32_t state, length, header;
  int32_t fault;
};

static uint8_t *core;
static w2c_core host;
static int32_t base_address;

static void peer_load(const uint8_t *image, uint64_t bytes, uint64_t base) {
  static bool is_instantiated;
  if (is_instantiated) wasm2c_core_free(&host);
  wasm2c_core_instantiate(&host);
  is_instantiated = true;
  wasm_rt_memory_t *memory = w2c_core_memory(&host);
  uint64_t pages = (base + bytes + 65535) / 65536;
  if (pages > memory->pages) wasm_rt_grow_memory(memory, pages - memory->pages);
  core = memory->data + base;
  memcpy(core, image, bytes);
  base_address = scmi_attach(&host, (int32_t)base);
  if (base_address != (int32_t)base) {
    fprintf(stderr, "attach: expected the core's address, got %d\n", base_address);
    exit(2);
  }
}

static inline uint8_t *peer_payload(uint32_t x) { return AT(core, SCMI_CORE_XFERS, x) + SCMI_XFER_PAYLOAD; }
static inline int32_t peer_acquire(uint32_t instance) { return scmi_acquire(&host, base_address, (int32_t)instance); }
static inline int32_t peer_release(uint32_t x) { return scmi_release(&host, base_address, (int32_t)x); }
static inline int32_t peer_serve(uint32_t channel, double now) { return scmi_serve(&host, base_address, (int32_t)channel, now); }
static inline int32_t peer_settle(uint32_t channel, double now) { return scmi_settle(&host, base_address, (int32_t)channel, now); }
static inline int32_t peer_abort(uint32_t x) { return scmi_abort(&host, base_address, (int32_t)x); }
static inline int32_t peer_tick(double now) { return scmi_tick(&host, base_address, now); }
static inline int32_t peer_run(uint32_t budget, double now) { return scmi_run(&host, base_address, (int32_t)budget, now); }
static inline int32_t peer_post(uint32_t channel, uint32_t x, uint32_t command, uint32_t bytes, double now) {
  return scmi_post(&host, base_address, (int32_t)channel, (int32_t)x, (int32_t)command, (int32_t)bytes, now);
}
static inline int32_t peer_exchange(uint32_t channel, uint32_t x, uint32_t command, uint32_t bytes, double now) {
  return scmi_exchange(&host, base_address, (int32_t)channel, (int32_t)x, (int32_t)command, (int32_t)bytes, now);
}
static inline void peer_set_token(uint32_t instance, uint32_t token) {
  U32(AT(core, SCMI_CORE_INSTANCES, instance) + SCMI_INSTANCE_TOKEN_NEXT) = token;
}
static inline struct xfer_view peer_xfer(uint32_t x) {
  uint8_t *xfer = AT(core, SCMI_CORE_XFERS, x);
  return (struct xfer_view){U32(xfer + SCMI_XFER_STATE), U32(xfer + SCMI_XFER_LENGTH), U32(xfer + SCMI_XFER_HEADER),
                            (int32_t)U32(xfer + SCMI_XFER_FAULT)};
}

#include "driver.h"
