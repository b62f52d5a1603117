/* Hosts core.wasm from C with nothing but docs/abi.md: wasm2c has made C of the binary, wasm-rt.c is its memory. Builds a platform
 * in linear memory, drives both halves over SMT and MSG with the trace ring on, checks the golden bytes of the SCMI texts, and
 * prints a hash over the trace. run.mjs does the same in JavaScript, step by step; both print the same line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h" /* written by wasm2c -n core */
#define SCMI_CORE_WASM2C
#include "scmi_core.h"

enum {
  CONFIG = 64,    /* the memory below the first core is the host's */
  MAILBOX = 512,  /* here the host keeps messages on their way */
  BASE = 1024,    /* the core */
  AREA_BYTES = 128,
  MAX_PAYLOAD = 100,
  MS = 1000000, /* ns */
};

static w2c_core host;
static int32_t core, description, a2p, p2a, msg;

/* Linear memory is little-endian, and so are the machines this example is for. */
static uint8_t *at(int32_t address) { return w2c_core_memory(&host)->data + address; }
static uint32_t get(int32_t address) {
  uint32_t word;
  memcpy(&word, at(address), 4);
  return word;
}
static void set(int32_t address, uint32_t word) { memcpy(at(address), &word, 4); }
static void set16(int32_t address, uint16_t half) { memcpy(at(address), &half, 2); }

static void expect(const char *what, int64_t got, int64_t wanted) {
  if (got == wanted) return;
  fprintf(stderr, "%s: expected %" PRId64 ", got %" PRId64 "\n", what, wanted, got);
  exit(1);
}
static int32_t good(const char *what, int32_t result) {
  if (result < 0) {
    fprintf(stderr, "%s: expected a result, got fault %" PRId32 "\n", what, result);
    exit(1);
  }
  return result;
}

/* Tables and rings are described in the core header. */
static int32_t row(int32_t table, int32_t index) {
  return core + (int32_t)(get(core + table + SCMI_TABLE_OFFSET) + (uint32_t)index * get(core + table + SCMI_TABLE_STRIDE));
}
static int32_t entry(int32_t ring, uint32_t number) {
  uint32_t index = number & (get(core + ring + SCMI_RING_CAPACITY) - 1);
  return core + (int32_t)(get(core + ring + SCMI_RING_OFFSET) + index * get(core + ring + SCMI_RING_STRIDE));
}
static int32_t area_of(int32_t channel) { return core + (int32_t)get(row(SCMI_CORE_CHANNELS, channel) + SCMI_CHANNEL_AREA); }
static int32_t payload_of(int32_t xfer) { return row(SCMI_CORE_XFERS, xfer) + SCMI_XFER_PAYLOAD; }
static int32_t command(int32_t protocol, int32_t message) { return protocol << SCMI_HEADER_PROTOCOL_SHIFT | message; }
static void expect_done(const char *what, int32_t xfer, int32_t fault, uint32_t length, int32_t status) {
  int32_t record = row(SCMI_CORE_XFERS, xfer);
  expect(what, get(record + SCMI_XFER_STATE), SCMI_XFER_DONE);
  expect(what, (int32_t)get(record + SCMI_XFER_FAULT), fault);
  expect(what, get(record + SCMI_XFER_LENGTH), length);
  if (!fault) expect(what, (int32_t)get(record + SCMI_XFER_PAYLOAD), status);
}

/* Golden bytes of the SCMI texts: rows of vectors.inc, made by build.mjs from test/vectors. */
struct golden_area {
  const char *id;
  uint32_t bytes;
  const char *data;
};
static const struct golden_area GOLDEN_AREAS[] = {
#define HEADER(word, token, protocol, type, message)
#define AREA(id, bytes, data) {id, bytes, data},
#include "vectors.inc"
#undef HEADER
#undef AREA
};
static void check_headers(void) {
#define AREA(id, bytes, data)
#define HEADER(word, token, protocol, type, message) \
  expect("token", ((word) & SCMI_HEADER_TOKEN_MASK) >> SCMI_HEADER_TOKEN_SHIFT, token); \
  expect("protocol", ((word) & SCMI_HEADER_PROTOCOL_MASK) >> SCMI_HEADER_PROTOCOL_SHIFT, protocol); \
  expect("type", ((word) & SCMI_HEADER_TYPE_MASK) >> SCMI_HEADER_TYPE_SHIFT, type); \
  expect("message", (word) & SCMI_HEADER_MESSAGE_MASK, message);
#include "vectors.inc"
#undef HEADER
#undef AREA
}
static void expect_area(const char *id, int32_t channel) {
  for (size_t i = 0; i < sizeof GOLDEN_AREAS / sizeof *GOLDEN_AREAS; i++) {
    const struct golden_area *golden = &GOLDEN_AREAS[i];
    if (strcmp(golden->id, id) != 0) continue;
    expect(id, memcmp(at(area_of(channel)), golden->data, golden->bytes), 0);
    return;
  }
  expect(id, 0, 1);
}

/* A platform in one piece: Base with its version, Performance with one domain of three levels, Reset answered by the host. */
static void describe(int32_t base) {
  enum { PROTOCOLS = 3, MESSAGES = SCMI_DESCRIPTION_PROTOCOL_TABLE + PROTOCOLS * SCMI_PROTOCOL_BYTES, ROWS = 9 };
  enum { DOMAIN = MESSAGES + PROTOCOLS * ROWS * SCMI_MESSAGE_BYTES, LEVELS = DOMAIN + SCMI_DOMAIN_BYTES };
  enum { STATE = LEVELS + 16, MASKS = SCMI_DOMAIN_STATE_BYTES, PERMISSIONS = MASKS + 4, STATE_BYTES = PERMISSIONS + 4 };
  static const struct {
    uint8_t id;
    uint32_t version, domains;
  } protocols[PROTOCOLS] = {{0x10, 0x20001, 0}, {0x13, 0x40000, 1}, {0x16, 0x30001, 0}};
  static const struct {
    uint8_t protocol, message, handler;
    uint16_t request_bytes;
  } messages[] = {
      {0, 0, SCMI_HANDLER_PROTOCOL_VERSION, 0},     {0, 3, SCMI_HANDLER_HOST, 0},
      {1, 0, SCMI_HANDLER_PROTOCOL_VERSION, 0},     {1, 7, SCMI_HANDLER_PERFORMANCE_LEVEL_SET, 8},
      {1, 8, SCMI_HANDLER_PERFORMANCE_LEVEL_GET, 4}, {2, 4, SCMI_HANDLER_HOST, 0},
  };
  set(base + SCMI_DESCRIPTION_STATE_BYTES, STATE_BYTES);
  set(base + SCMI_DESCRIPTION_INITIAL_STATE, STATE);
  set(base + SCMI_DESCRIPTION_AGENTS, 1);
  set(base + SCMI_DESCRIPTION_PROTOCOLS, PROTOCOLS);
  set(base + SCMI_DESCRIPTION_PROTOCOL_MASKS, MASKS);
  set(base + SCMI_DESCRIPTION_TOTAL_BYTES, STATE + STATE_BYTES);
  for (int32_t i = 0; i < PROTOCOLS; i++) {
    int32_t protocol = base + SCMI_DESCRIPTION_PROTOCOL_TABLE + i * SCMI_PROTOCOL_BYTES;
    *at(base + SCMI_DESCRIPTION_MAP + protocols[i].id) = (uint8_t)(i + 1);
    set(protocol + SCMI_PROTOCOL_ID, protocols[i].id);
    set(protocol + SCMI_PROTOCOL_VERSION_WORD, protocols[i].version);
    set(protocol + SCMI_PROTOCOL_DOMAINS, protocols[i].domains);
    set(protocol + SCMI_PROTOCOL_DOMAIN_TABLE, DOMAIN);
    set(protocol + SCMI_PROTOCOL_MESSAGES, (uint32_t)(MESSAGES + i * ROWS * SCMI_MESSAGE_BYTES));
    set(protocol + SCMI_PROTOCOL_MESSAGE_COUNT, ROWS);
    set(protocol + SCMI_PROTOCOL_STATE, 0);
    set(protocol + SCMI_PROTOCOL_PERMISSIONS, PERMISSIONS);
  }
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
    int32_t message = base + MESSAGES + (messages[i].protocol * ROWS + messages[i].message) * SCMI_MESSAGE_BYTES;
    set16(message + SCMI_MESSAGE_HANDLER, messages[i].handler);
    set16(message + SCMI_MESSAGE_REQUEST_BYTES, messages[i].request_bytes);
  }
  set(base + DOMAIN + SCMI_PERFORMANCE_LEVEL_COUNT, 3);
  set(base + DOMAIN + SCMI_PERFORMANCE_LEVELS, LEVELS);
  for (int32_t i = 0; i < 3; i++) set(base + LEVELS + i * 4, (uint32_t)(500 * (i + 1)));
  set(base + STATE + SCMI_PERFORMANCE_STATE_LEVEL, 500);
  set(base + STATE + SCMI_PERFORMANCE_STATE_MIN, 500);
  set(base + STATE + SCMI_PERFORMANCE_STATE_MAX, 1500);
  set(base + STATE + MASKS, (1 << PROTOCOLS) - 1);
  *at(base + STATE + PERMISSIONS) = SCMI_PERMISSION_USE | SCMI_PERMISSION_SET;
}

static void open_core(void) {
  expect("abiVersion", scmi_abi_version(&host), SCMI_ABI_VERSION);
  memset(at(CONFIG), 0, SCMI_CONFIG_BYTES);
  set(CONFIG + SCMI_CONFIG_INSTANCES, 1);
  set(CONFIG + SCMI_CONFIG_CHANNELS, 3);
  set(CONFIG + SCMI_CONFIG_XFERS, 4);
  set(CONFIG + SCMI_CONFIG_STATES, 1);
  set(CONFIG + SCMI_CONFIG_STATE_BYTES, 64);
  set(CONFIG + SCMI_CONFIG_AREAS, 2);
  set(CONFIG + SCMI_CONFIG_AREA_BYTES, AREA_BYTES);
  set(CONFIG + SCMI_CONFIG_MAX_PAYLOAD, MAX_PAYLOAD);
  set(CONFIG + SCMI_CONFIG_CLAIMS, 2);
  set(CONFIG + SCMI_CONFIG_BATCH_ENTRIES, 8);
  set(CONFIG + SCMI_CONFIG_BATCH_PAYLOAD, 16);
  set(CONFIG + SCMI_CONFIG_P2A_ENTRIES, 4);
  set(CONFIG + SCMI_CONFIG_EVENT_ENTRIES, 16);
  set(CONFIG + SCMI_CONFIG_TRACE_ENTRIES, 256);
  set(CONFIG + SCMI_CONFIG_REGION_BYTES, 2048);
  core = good("create", scmi_create(&host, BASE, CONFIG));
  description = good("reserve", scmi_reserve(&host, core, 1536));
  describe(core + description);
  int32_t state = good("openState", scmi_open_state(&host, core, description));
  int32_t instance = good("openInstance", scmi_open_instance(&host, core, description, state, 1, 4, SCMI_TOKENS_SMALL));
  a2p = good("openChannel", scmi_open_channel(&host, core, instance, 0, 0, AREA_BYTES, MAX_PAYLOAD));
  p2a = good("openChannel", scmi_open_channel(&host, core, instance, SCMI_KIND_P2A, 0, AREA_BYTES, MAX_PAYLOAD));
  msg = good("openChannel", scmi_open_channel(&host, core, instance, SCMI_KIND_MSG, -1, 0, MAX_PAYLOAD));
  set(core + SCMI_CORE_OBSERVE, SCMI_OBSERVE_TRACE | SCMI_OBSERVE_EVENTS);
}

static void golden_exchange(int32_t xfer) {
  int32_t version = command(0x10, 0) | SCMI_COMMAND_INTERRUPT;
  set(row(SCMI_CORE_INSTANCES, 0) + SCMI_INSTANCE_TOKEN_NEXT, 42);
  good("post", scmi_post(&host, core, a2p, xfer, version, 0, 1 * MS));
  expect_area("00-8.8-1", a2p);
  expect("serve", scmi_serve(&host, core, a2p, 2 * MS), 0);
  expect_area("00-8.8-2", a2p);
  expect("settle", scmi_settle(&host, core, a2p, 3 * MS), xfer);
  expect_done("PROTOCOL_VERSION", xfer, 0, 8, SCMI_STATUS_SUCCESS);
  set(row(SCMI_CORE_INSTANCES, 0) + SCMI_INSTANCE_TOKEN_NEXT, 42);
  good("post", scmi_post(&host, core, a2p, xfer, version, 4, 4 * MS));
  expect("serve", scmi_serve(&host, core, a2p, 5 * MS), 0);
  expect_area("00-8.8-3", a2p);
  expect("settle", scmi_settle(&host, core, a2p, 6 * MS), xfer);
  expect_done("PROTOCOL_VERSION with parameters", xfer, 0, 4, SCMI_STATUS_PROTOCOL_ERROR);
}

static void levels(int32_t xfer) {
  set(payload_of(xfer), 0);
  set(payload_of(xfer) + 4, 1000);
  expect("exchange", scmi_exchange(&host, core, a2p, xfer, command(0x13, 7), 8, 10 * MS), SCMI_XFER_DONE);
  expect_done("PERFORMANCE_LEVEL_SET", xfer, 0, 4, SCMI_STATUS_SUCCESS);
  set(payload_of(xfer), 0);
  expect("exchange", scmi_exchange(&host, core, a2p, xfer, command(0x13, 8), 4, 11 * MS), SCMI_XFER_DONE);
  expect_done("PERFORMANCE_LEVEL_GET", xfer, 0, 8, SCMI_STATUS_SUCCESS);
  expect("level", get(payload_of(xfer) + 4), 1000);
  set(payload_of(xfer), 0);
  set(payload_of(xfer) + 4, 1001);
  expect("exchange", scmi_exchange(&host, core, a2p, xfer, command(0x13, 7), 8, 12 * MS), SCMI_XFER_DONE);
  expect_done("PERFORMANCE_LEVEL_SET of no level", xfer, 0, 4, SCMI_STATUS_OUT_OF_RANGE);
  expect("events", get(core + SCMI_CORE_EVENTS + SCMI_RING_TAIL), 1);
  expect("event", get(entry(SCMI_CORE_EVENTS, 0) + SCMI_EVENT_NEW), 1000);
}

/* The host answers: reads the claim, writes status and return values, stages and publishes. */
static void answer(int32_t claim, int32_t status, const char *name, int32_t bytes, double now) {
  int32_t record = row(SCMI_CORE_CLAIMS, claim), reply = record + (int32_t)get(core + SCMI_CORE_CLAIM_REPLY);
  expect("claim", get(record + SCMI_CLAIM_STATE), SCMI_CLAIM_CLAIMED);
  set(reply, (uint32_t)status);
  memcpy(at(reply + 4), name, (size_t)bytes);
  good("stage", scmi_stage(&host, core, claim, 4 + bytes));
  good("publish", scmi_publish(&host, core, claim, now));
}

static void host_answers(int32_t xfer) {
  static const char vendor[16] = "embedded";
  expect("exchange", scmi_exchange(&host, core, a2p, xfer, command(0x10, 3), 0, 20 * MS), SCMI_XFER_POSTED);
  answer((int32_t)get(row(SCMI_CORE_CHANNELS, a2p) + SCMI_CHANNEL_CLAIM), SCMI_STATUS_SUCCESS, vendor, 16, 21 * MS);
  expect("poll", scmi_poll(&host, core, xfer, 22 * MS), SCMI_XFER_DONE);
  expect_done("BASE_DISCOVER_VENDOR", xfer, 0, 20, SCMI_STATUS_SUCCESS);
  expect("vendor", memcmp(at(payload_of(xfer) + 4), vendor, 16), 0);
}

/* RESET, asynchronous: a response at once, a delayed response over P2A later. */
static void delayed_response(int32_t xfer) {
  good("post", scmi_post(&host, core, a2p, xfer, command(0x16, 4) | (int32_t)SCMI_COMMAND_ASYNC, 12, 30 * MS));
  answer(good("serve", scmi_serve(&host, core, a2p, 31 * MS)), SCMI_STATUS_SUCCESS, "", 0, 31 * MS);
  expect("settle", scmi_settle(&host, core, a2p, 32 * MS), xfer);
  expect("state", get(row(SCMI_CORE_XFERS, xfer) + SCMI_XFER_STATE), SCMI_XFER_AWAITING_DELAYED);
  uint32_t header = get(row(SCMI_CORE_XFERS, xfer) + SCMI_XFER_HEADER);
  set(MAILBOX, SCMI_STATUS_SUCCESS);
  set(MAILBOX + 4, 7);
  header |= SCMI_TYPE_DELAYED_RESPONSE << SCMI_HEADER_TYPE_SHIFT;
  good("sendP2a", scmi_send_p2a(&host, core, p2a, (int32_t)header, MAILBOX, 8, 40 * MS));
  expect("drain", scmi_drain(&host, core, p2a, 41 * MS), 1);
  expect_done("RESET_COMPLETE", xfer, 0, 8, SCMI_STATUS_SUCCESS);
}

static void notification(void) {
  static const uint32_t words[] = {2, 3, 0x40000000};
  for (int32_t i = 0; i < 3; i++) set(MAILBOX + i * 4, words[i]);
  good("sendP2a", scmi_send_p2a(&host, core, p2a, 0x4700, MAILBOX, 12, 50 * MS));
  expect_area("00-8.8-p2a", p2a);
  expect("drain", scmi_drain(&host, core, p2a, 51 * MS), 1);
  expect("drain", scmi_drain(&host, core, p2a, 51 * MS), 0);
  int32_t ring = core + SCMI_CORE_P2A, taken = entry(SCMI_CORE_P2A, get(ring + SCMI_RING_HEAD));
  expect("notifications", get(ring + SCMI_RING_TAIL) - get(ring + SCMI_RING_HEAD), 1);
  expect("header", get(taken + SCMI_P2A_HEADER), 0x4700);
  expect("length", get(taken + SCMI_P2A_LENGTH), 12);
  expect("payload", memcmp(at(taken + SCMI_P2A_PAYLOAD), words, 12), 0);
  set(ring + SCMI_RING_HEAD, get(ring + SCMI_RING_HEAD) + 1);
}

/* MSG without an area: the host carries the messages. Two in flight, answered in reverse. */
static void messages_by_hand(int32_t first, int32_t second) {
  int32_t xfers[] = {first, second}, answers[] = {MAILBOX, MAILBOX + 128};
  for (int32_t i = 0; i < 2; i++) {
    set(payload_of(xfers[i]), 0);
    good("post", scmi_post(&host, core, msg, xfers[i], command(0x13, 8), 4, 60 * MS));
  }
  for (int32_t i = 0; i < 2; i++) {
    int32_t sent = row(SCMI_CORE_XFERS, xfers[i]) + SCMI_XFER_HEADER;
    expect("serveStaged", scmi_serve_staged(&host, core, msg, sent, 8, 61 * MS), 0);
    int32_t claim = row(SCMI_CORE_CLAIMS, 0);
    expect("answer", get(claim + SCMI_CLAIM_REPLY_BYTES), 8);
    memcpy(at(answers[i]), at(claim + (int32_t)get(core + SCMI_CORE_CLAIM_REPLY) - SCMI_HEADER_BYTES), 12);
  }
  expect("deliver", scmi_deliver(&host, core, msg, answers[1], 12, 62 * MS), second);
  expect("deliver", scmi_deliver(&host, core, msg, answers[0], 12, 63 * MS), first);
  expect("deliver", scmi_deliver(&host, core, msg, answers[0], 12, 64 * MS), SCMI_FAULT_NOTHING);
  expect_done("PERFORMANCE_LEVEL_GET over MSG", first, 0, 8, SCMI_STATUS_SUCCESS);
  expect_done("PERFORMANCE_LEVEL_GET over MSG", second, 0, 8, SCMI_STATUS_SUCCESS);
}

/* The caller gives up after 30 ms, the answer comes later and is counted. */
static void late_answer(int32_t xfer) {
  set(payload_of(xfer), 0);
  good("post", scmi_post(&host, core, a2p, xfer, command(0x13, 8), 4, 70 * MS));
  expect("tick", scmi_tick(&host, core, 99 * MS), SCMI_FAULT_NOTHING);
  expect("tick", scmi_tick(&host, core, 100 * MS), xfer);
  expect("state", get(row(SCMI_CORE_XFERS, xfer) + SCMI_XFER_STATE), SCMI_XFER_TIMED_OUT);
  expect("serve", scmi_serve(&host, core, a2p, 101 * MS), 0);
  expect("settle", scmi_settle(&host, core, a2p, 102 * MS), SCMI_FAULT_NOTHING);
  expect("quarantine", get(row(SCMI_CORE_INSTANCES, 0) + SCMI_INSTANCE_QUARANTINED), 0);
}

static void batch(void) {
  int32_t in = core + SCMI_CORE_SUBMISSIONS, out = core + SCMI_CORE_COMPLETIONS;
  for (uint32_t i = 0; i < 8; i++) {
    int32_t submission = entry(SCMI_CORE_SUBMISSIONS, get(in + SCMI_RING_TAIL));
    set(submission + SCMI_SUBMISSION_CHANNEL, (uint32_t)a2p);
    set(submission + SCMI_SUBMISSION_COMMAND, (uint32_t)command(0x13, i & 1 ? 8 : 7));
    set(submission + SCMI_SUBMISSION_LENGTH, i & 1 ? 4 : 8);
    set(submission + SCMI_SUBMISSION_TAG, 100 + i);
    set(submission + SCMI_SUBMISSION_PAYLOAD, 0);
    set(submission + SCMI_SUBMISSION_PAYLOAD + 4, 500 * (1 + i % 3));
    set(in + SCMI_RING_TAIL, get(in + SCMI_RING_TAIL) + 1);
  }
  expect("run", scmi_run(&host, core, 100, 110 * MS), 8);
  expect("stop", get(core + SCMI_CORE_RUN_STOP), 0);
  for (uint32_t i = 0; i < 8; i++) {
    int32_t completion = entry(SCMI_CORE_COMPLETIONS, get(out + SCMI_RING_HEAD));
    expect("tag", get(completion + SCMI_COMPLETION_TAG), 100 + i);
    expect("fault", get(completion + SCMI_COMPLETION_FAULT), 0);
    expect("status", get(completion + SCMI_COMPLETION_PAYLOAD), SCMI_STATUS_SUCCESS);
    if (i & 1) expect("level", get(completion + SCMI_COMPLETION_PAYLOAD + 4), 500 * (1 + (i - 1) % 3));
    set(out + SCMI_RING_HEAD, get(out + SCMI_RING_HEAD) + 1);
  }
}

/* A copy of the core is a core. */
static void fork_and_restore(int32_t xfer) {
  int32_t original = core, copy = (BASE + (int32_t)get(core + SCMI_CORE_TOTAL_BYTES) + 63) & ~63;
  core = good("fork", scmi_fork(&host, original, copy));
  set(payload_of(xfer), 0);
  set(payload_of(xfer) + 4, 1500);
  expect("exchange", scmi_exchange(&host, core, a2p, xfer, command(0x13, 7), 8, 120 * MS), SCMI_XFER_DONE);
  uint32_t tail = get(core + SCMI_CORE_TRACE + SCMI_RING_TAIL);
  core = original;
  expect("trace", tail - get(core + SCMI_CORE_TRACE + SCMI_RING_TAIL), 4);
  good("restore", scmi_restore(&host, core, copy));
  expect("trace", get(core + SCMI_CORE_TRACE + SCMI_RING_TAIL), tail);
  expect("attach", scmi_attach(&host, copy), copy);
}

static void print_trace(void) {
  uint32_t hash = 2166136261u, count = get(core + SCMI_CORE_TRACE + SCMI_RING_TAIL);
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *bytes = at(entry(SCMI_CORE_TRACE, i));
    for (int j = 0; j < SCMI_TRACE_BYTES; j++) hash = (hash ^ bytes[j]) * 16777619u;
  }
  uint32_t sent = 0, responses = 0, delayed = 0, notifications = 0, timeouts = 0, late = 0, unexpected = 0, malformed = 0;
  for (int32_t i = 0; i < 3; i++) {
    int32_t channel = row(SCMI_CORE_CHANNELS, i), cold = row(SCMI_CORE_COUNTERS, i);
    sent += get(channel + SCMI_CHANNEL_SENT);
    responses += get(channel + SCMI_CHANNEL_RESPONSES);
    delayed += get(cold + SCMI_COUNTER_DELAYED);
    notifications += get(cold + SCMI_COUNTER_NOTIFICATIONS);
    timeouts += get(cold + SCMI_COUNTER_TIMEOUTS);
    late += get(cold + SCMI_COUNTER_LATE);
    unexpected += get(cold + SCMI_COUNTER_UNEXPECTED);
    malformed += get(cold + SCMI_COUNTER_MALFORMED);
  }
  printf("trace %08" PRIx32 " of %" PRIu32 " entries; sent %" PRIu32 " responses %" PRIu32 " delayed %" PRIu32 " notifications %" PRIu32
         " timeouts %" PRIu32 " late %" PRIu32 " unexpected %" PRIu32 " malformed %" PRIu32 "\n",
         hash, count, sent, responses, delayed, notifications, timeouts, late, unexpected, malformed);
}

int main(void) {
  jmp_buf trap;
  wasm_rt_trap_return = &trap;
  int trapped = setjmp(trap);
  if (trapped) {
    fprintf(stderr, "trap: %s\n", wasm_rt_trap_name((wasm_rt_trap_t)trapped));
    return 1;
  }
  wasm2c_core_instantiate(&host);
  check_headers();
  open_core();
  int32_t first = good("acquire", scmi_acquire(&host, core, 0)), second = good("acquire", scmi_acquire(&host, core, 0));
  golden_exchange(first);
  levels(first);
  host_answers(first);
  delayed_response(first);
  notification();
  messages_by_hand(first, second);
  late_answer(second);
  good("release", scmi_release(&host, core, second));
  batch();
  fork_and_restore(first);
  good("release", scmi_release(&host, core, first));
  print_trace();
  wasm2c_core_free(&host);
  return 0;
}
