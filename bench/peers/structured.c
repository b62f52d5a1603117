/* Peer: C in the structure of a kernel driver, our own code: a free list of xfers, a bitmap of tokens, a hash table of pending xfers
 * found by token, and a lock at each of the four places where the kernel takes one (uncontended here). Every command takes an xfer,
 * registers it, sends, polls, fetches and puts it back. The platform is the flat peer's (server.h), over the same areas. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

#include "server.h"

#define PEER_TAKES_AN_XFER_EACH_TIME
#define NOINLINE __attribute__((noinline))
#define HASH_BITS 9
#define PAYLOAD_ROOM 128

typedef pthread_spinlock_t lock_t;
#define LOCK(lock) pthread_spin_lock(lock)
#define UNLOCK(lock) pthread_spin_unlock(lock)

/* Intrusive lists whose nodes can be taken out from the middle. */
struct node {
  struct node *next, **link;
};
static inline void list_add(struct node **head, struct node *node) {
  node->next = *head;
  if (*head) (*head)->link = &node->next;
  node->link = head;
  *head = node;
}
static inline void list_remove(struct node *node) {
  *node->link = node->next;
  if (node->next) node->next->link = node->link;
}
#define XFER_OF(node) ((struct xfer *)((uint8_t *)(node) - offsetof(struct xfer, node)))

struct agent;
struct channel {
  struct agent *agent;
  uint8_t *record, *area; /* the platform's view, and the memory both share */
  struct xfer *posted;
  uint32_t max_payload, area_payload, outstanding, stray, sent, responses;
  uint32_t timeouts, unexpected, malformed, recycled, late, aborted, errors;
  double timeout, delayed_timeout;
};

struct xfer {
  struct node node; /* in the free list, or in the table of pending xfers */
  struct agent *agent;
  struct channel *channel;
  uint32_t index, state, header, length, transfer_id;
  int32_t fault;
  bool is_pending, is_async;
  double deadline;
  uint8_t payload[PAYLOAD_ROOM];
};

/* A token whose caller gave up, and which answers may still come. Oldest first. */
struct held {
  uint32_t header, owes;
};

struct agent {
  lock_t lock;
  uint64_t tokens[SCMI_TOKEN_COUNT / 64];
  uint32_t last_token, live, held_count, slots, index;
  struct node *free;
  struct node *pending[1 << HASH_BITS];
  struct held held[SCMI_SMALL_SLOTS];
};

static uint8_t *core;
static struct agent *agents;
static struct channel *channels;
static struct xfer *xfers;
static uint32_t agent_count, channel_count, xfer_count;

static inline bool is_in_flight(const struct xfer *x) { return x->state == SCMI_XFER_POSTED || x->state == SCMI_XFER_AWAITING_DELAYED; }
static inline uint32_t token_of(uint32_t header) { return header >> SCMI_HEADER_TOKEN_SHIFT & (SCMI_TOKEN_COUNT - 1); }
static inline struct node **bucket(struct agent *a, uint32_t token) { return &a->pending[token * 0x61c88647u >> (32 - HASH_BITS)]; }
static inline void set_token(struct agent *a, uint32_t token) { a->tokens[token >> 6] |= 1ull << (token & 63); }
static inline void clear_token(struct agent *a, uint32_t token) { a->tokens[token >> 6] &= ~(1ull << (token & 63)); }

static NOINLINE uint32_t next_free_token(const struct agent *a, uint32_t from) {
  uint32_t word = from >> 6;
  uint64_t free = ~a->tokens[word] & ~0ull << (from & 63);
  while (!free) {
    if (++word == SCMI_TOKEN_COUNT / 64) return SCMI_TOKEN_COUNT;
    free = ~a->tokens[word];
  }
  return (word << 6) + (uint32_t)__builtin_ctzll(free);
}

static NOINLINE struct xfer *find_pending(struct agent *a, uint32_t token) {
  if (!(a->tokens[token >> 6] >> (token & 63) & 1)) return NULL;
  for (struct node *node = *bucket(a, token); node; node = node->next)
    if (token_of(XFER_OF(node)->header) == token) return XFER_OF(node);
  return NULL;
}

static NOINLINE struct xfer *xfer_get(struct agent *a) {
  LOCK(&a->lock);
  struct node *node = a->free;
  if (!node) {
    UNLOCK(&a->lock);
    return NULL;
  }
  list_remove(node);
  struct xfer *x = XFER_OF(node);
  x->state = SCMI_XFER_ACQUIRED;
  x->fault = 0;
  UNLOCK(&a->lock);
  return x;
}

static void forget_pending(struct agent *a, struct xfer *x) {
  list_remove(&x->node);
  x->is_pending = false;
  a->live--;
}

static void forgive(struct agent *a, uint32_t i) {
  clear_token(a, token_of(a->held[i].header));
  memmove(&a->held[i], &a->held[i + 1], (a->held_count - i - 1) * sizeof *a->held);
  a->held_count--;
}

/* Registers the xfer under a fresh token; false when all are in use. */
static NOINLINE bool pending_set(struct agent *a, struct xfer *x, struct channel *c, uint32_t command) {
  LOCK(&a->lock);
  if (a->live + a->held_count >= a->slots) {
    if (!a->held_count) {
      UNLOCK(&a->lock);
      return false;
    }
    forgive(a, 0);
    c->recycled++;
  }
  uint32_t token = next_free_token(a, a->last_token);
  if (token == SCMI_TOKEN_COUNT) token = next_free_token(a, 0);
  a->last_token = (token + 1) & (SCMI_TOKEN_COUNT - 1);
  set_token(a, token);
  x->header = (command & SCMI_HEADER_COMMAND_MASK) | token << SCMI_HEADER_TOKEN_SHIFT;
  list_add(bucket(a, token), &x->node);
  x->is_pending = true;
  a->live++;
  UNLOCK(&a->lock);
  return true;
}

/* The last answer came: the token is free again. The agent's lock is held. */
static void retire(struct agent *a, struct xfer *x, int32_t fault, uint32_t length) {
  clear_token(a, token_of(x->header));
  forget_pending(a, x);
  x->fault = fault;
  x->length = length;
  x->state = SCMI_XFER_DONE;
}

static NOINLINE void xfer_put(struct agent *a, struct xfer *x) {
  LOCK(&a->lock);
  x->state = SCMI_XFER_IDLE;
  list_add(&a->free, &x->node);
  UNLOCK(&a->lock);
}

static void trace(struct channel *c, uint32_t kind, uint32_t header, int32_t result, uint32_t bytes, double now) {
  TRACE(core, kind, c->record, header, result, bytes, now);
}

static NOINLINE void give_up(struct xfer *x, uint32_t state, int32_t fault) {
  struct agent *a = x->agent;
  bool is_posted = x->state == SCMI_XFER_POSTED;
  uint32_t owes = is_posted ? SCMI_QUARANTINE_OWES_RESPONSE | (x->is_async ? SCMI_QUARANTINE_OWES_DELAYED : 0u) : SCMI_QUARANTINE_OWES_DELAYED;
  LOCK(&a->lock);
  forget_pending(a, x);
  a->held[a->held_count++] = (struct held){x->header, owes};
  UNLOCK(&a->lock);
  if (x->channel->posted == x) x->channel->posted = NULL;
  x->state = state;
  x->fault = fault;
  x->length = 0;
}

/* An answer that is not the one waited for. */
static NOINLINE void judge(struct channel *c, uint32_t header, double now) {
  struct agent *a = c->agent;
  uint32_t bytes = ONCE(c->area + SCMI_SMT_LENGTH), token = token_of(header), i = 0;
  bool is_known = find_pending(a, token) != NULL;
  while (i < a->held_count && token_of(a->held[i].header) != token) i++;
  bool is_held = i < a->held_count;
  if (header & SCMI_HEADER_TYPE_MASK || is_known ||
      (is_held && (header != a->held[i].header || !(a->held[i].owes & SCMI_QUARANTINE_OWES_RESPONSE)))) {
    c->malformed++;
    trace(c, SCMI_TRACE_MALFORMED, header, 0, bytes, now);
  } else if (!is_held) {
    c->unexpected++;
    trace(c, SCMI_TRACE_UNEXPECTED, header, 0, bytes, now);
  } else {
    c->late++;
    trace(c, SCMI_TRACE_LATE, header, 0, bytes, now);
    uint32_t status = bytes >= 8 ? ONCE(c->area + SCMI_SMT_PAYLOAD) : 1;
    a->held[i].owes = status ? 0 : a->held[i].owes & ~(uint32_t)SCMI_QUARANTINE_OWES_RESPONSE;
    if (!a->held[i].owes) forgive(a, i);
  }
}

static NOINLINE void take_back(struct channel *c, double now) {
  uint32_t header = ONCE(c->area + SCMI_SMT_HEADER), outstanding = c->outstanding;
  uint32_t known = outstanding & SCMI_OUTSTANDING_ENDED ? outstanding ^ SCMI_OUTSTANDING_ENDED : c->stray;
  c->outstanding = SCMI_NO_HEADER;
  if (header == outstanding || header != known) judge(c, header, now);
}

static NOINLINE int32_t tx_prepare(struct channel *c, struct xfer *x, uint32_t command, uint32_t bytes, double now) {
  if (bytes > c->max_payload) return SCMI_FAULT_LENGTH;
  if (c->posted || !(ACQUIRE(c->area + SCMI_SMT_STATUS) & SCMI_SMT_STATUS_FREE)) return SCMI_FAULT_BUSY;
  if (c->outstanding != SCMI_NO_HEADER) take_back(c, now);
  if (!pending_set(c->agent, x, c, command)) return SCMI_FAULT_NO_TOKEN;
  x->channel = c;
  x->is_async = command & SCMI_COMMAND_ASYNC;
  x->fault = 0;
  x->length = bytes;
  x->state = SCMI_XFER_POSTED;
  x->deadline = now + c->timeout;
  c->sent++;
  trace(c, SCMI_TRACE_POSTED, x->header, 0, bytes, now);
  c->posted = x;
  c->outstanding = x->header;
  c->stray = x->header;
  U32(c->area + SCMI_SMT_FLAGS) = command & SCMI_COMMAND_INTERRUPT ? SCMI_SMT_FLAGS_INTERRUPT : 0;
  U32(c->area + SCMI_SMT_LENGTH) = SCMI_HEADER_BYTES + bytes;
  U32(c->area + SCMI_SMT_HEADER) = x->header;
  copy_bytes(c->area + SCMI_SMT_PAYLOAD, x->payload, bytes);
  RELEASE(c->area + SCMI_SMT_STATUS, 0);
  return 0;
}

static NOINLINE uint32_t poll_done(struct channel *c) {
  return ACQUIRE(c->area + SCMI_SMT_STATUS) & (SCMI_SMT_STATUS_FREE | SCMI_SMT_STATUS_ERROR);
}

/* Finds the xfer by the token in the area and fetches its answer. */
static NOINLINE struct xfer *fetch_response(struct channel *c, double now) {
  if (c->outstanding == SCMI_NO_HEADER) return NULL;
  uint32_t bits = poll_done(c);
  if (!bits) return NULL;
  if (!c->posted) {
    if (bits & SCMI_SMT_STATUS_FREE) take_back(c, now);
    return NULL;
  }
  uint32_t header = ONCE(c->area + SCMI_SMT_HEADER);
  LOCK(&c->agent->lock);
  struct xfer *x = find_pending(c->agent, token_of(header));
  if (!x || x != c->posted || header != x->header) {
    UNLOCK(&c->agent->lock);
    if (c->stray != header) {
      c->stray = header;
      judge(c, header, now);
    }
    return NULL;
  }
  c->posted = NULL;
  c->outstanding = bits & SCMI_SMT_STATUS_FREE ? SCMI_NO_HEADER : header | SCMI_OUTSTANDING_ENDED;
  if (bits & SCMI_SMT_STATUS_ERROR) {
    c->errors++;
    trace(c, SCMI_TRACE_MALFORMED, header, 0, 0, now);
    retire(c->agent, x, SCMI_FAULT_CHANNEL_ERROR, 0);
    UNLOCK(&c->agent->lock);
    return x;
  }
  uint32_t bytes = ONCE(c->area + SCMI_SMT_LENGTH), payload = bytes - SCMI_HEADER_BYTES;
  if (bytes < SCMI_HEADER_BYTES + SCMI_STATUS_BYTES || payload > c->max_payload || payload > c->area_payload) {
    c->malformed++;
    trace(c, SCMI_TRACE_MALFORMED, header, SCMI_FAULT_MALFORMED, bytes, now);
    retire(c->agent, x, SCMI_FAULT_MALFORMED, 0);
    UNLOCK(&c->agent->lock);
    return x;
  }
  U32(x->payload) = U32(c->area + SCMI_SMT_PAYLOAD);
  copy_bytes(x->payload + SCMI_STATUS_BYTES, c->area + SCMI_SMT_PAYLOAD + SCMI_STATUS_BYTES, payload - SCMI_STATUS_BYTES);
  int32_t status = (int32_t)U32(x->payload);
  c->responses++;
  trace(c, SCMI_TRACE_RESPONSE, header, status, payload, now);
  if (status == 0 && x->is_async) {
    x->length = payload;
    x->state = SCMI_XFER_AWAITING_DELAYED;
    x->deadline = now + c->delayed_timeout;
  } else {
    retire(c->agent, x, 0, payload);
  }
  UNLOCK(&c->agent->lock);
  return x;
}

static void peer_load(const uint8_t *image, uint64_t bytes, uint64_t base) {
  static uint8_t *memory;
  static uint64_t size;
  if (memory) munmap(memory, size);
  free(agents);
  free(channels);
  free(xfers);
  size = base + bytes;
  memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(2);
  core = memory + base;
  memcpy(core, image, bytes);
  agent_count = U32(core + SCMI_CORE_INSTANCES + SCMI_TABLE_COUNT);
  channel_count = U32(core + SCMI_CORE_CHANNELS + SCMI_TABLE_COUNT);
  xfer_count = U32(core + SCMI_CORE_XFERS + SCMI_TABLE_COUNT);
  agents = calloc(agent_count, sizeof *agents);
  channels = calloc(channel_count, sizeof *channels);
  xfers = calloc(xfer_count, sizeof *xfers);
  if (!agents || !channels || !xfers) exit(2);
  for (uint32_t i = 0; i < agent_count; i++) {
    uint8_t *instance = AT(core, SCMI_CORE_INSTANCES, i);
    struct agent *a = &agents[i];
    pthread_spin_init(&a->lock, PTHREAD_PROCESS_PRIVATE);
    a->slots = SCMI_SMALL_SLOTS;
    uint32_t first = U32(instance + SCMI_INSTANCE_XFER_FIRST), count = U32(instance + SCMI_INSTANCE_XFER_COUNT);
    for (uint32_t x = first + count; x-- > first;) {
      xfers[x].agent = a;
      xfers[x].index = x;
      list_add(&a->free, &xfers[x].node);
    }
  }
  for (uint32_t i = 0; i < channel_count; i++) {
    uint8_t *record = AT(core, SCMI_CORE_CHANNELS, i);
    uint32_t instance = U32(core + U32(record + SCMI_CHANNEL_INSTANCE) + SCMI_INSTANCE_INDEX);
    channels[i] = (struct channel){
        .agent = &agents[instance],
        .record = record,
        .area = core + U32(record + SCMI_CHANNEL_AREA),
        .max_payload = U32(record + SCMI_CHANNEL_MAX_PAYLOAD),
        .area_payload = U32(record + SCMI_CHANNEL_AREA_BYTES) - SCMI_SMT_PAYLOAD,
        .outstanding = SCMI_NO_HEADER,
        .stray = SCMI_NO_HEADER,
        .timeout = F64(record + SCMI_CHANNEL_TIMEOUT),
        .delayed_timeout = F64(AT_COUNTERS(core, record) + SCMI_COUNTERS_DELAYED_TIMEOUT),
    };
  }
}

struct xfer_view {
  uint32_t state, length, header;
  int32_t fault;
};

static inline uint8_t *peer_payload(uint32_t x) { return xfers[x].payload; }

static int32_t peer_acquire(uint32_t instance) {
  if (instance >= agent_count) return SCMI_FAULT_INDEX;
  struct xfer *x = xfer_get(&agents[instance]);
  return x ? (int32_t)x->index : SCMI_FAULT_NO_XFER;
}

static int32_t peer_release(uint32_t index) {
  if (index >= xfer_count) return SCMI_FAULT_INDEX;
  struct xfer *x = &xfers[index];
  if (x->state == SCMI_XFER_IDLE || is_in_flight(x)) return SCMI_FAULT_STATE;
  xfer_put(x->agent, x);
  return 0;
}

static int32_t peer_post(uint32_t channel, uint32_t index, uint32_t command, uint32_t bytes, double now) {
  if (channel >= channel_count || index >= xfer_count) return SCMI_FAULT_INDEX;
  struct xfer *x = &xfers[index];
  if (x->state == SCMI_XFER_IDLE || is_in_flight(x)) return SCMI_FAULT_STATE;
  if (channels[channel].agent != x->agent) return SCMI_FAULT_CHANNEL_KIND;
  return tx_prepare(&channels[channel], x, command, bytes, now);
}

static int32_t peer_serve(uint32_t channel, double now) {
  return channel < channel_count ? serve_area(core, channels[channel].record, now) : SCMI_FAULT_INDEX;
}

static int32_t peer_settle(uint32_t channel, double now) {
  if (channel >= channel_count) return SCMI_FAULT_INDEX;
  struct xfer *x = fetch_response(&channels[channel], now);
  return x ? (int32_t)x->index : SCMI_FAULT_NOTHING;
}

static int32_t peer_exchange(uint32_t channel, uint32_t index, uint32_t command, uint32_t bytes, double now) {
  int32_t fault = peer_post(channel, index, command, bytes, now);
  if (fault) return fault;
  struct channel *c = &channels[channel];
  serve_area(core, c->record, now);
  if (poll_done(c)) fetch_response(c, now);
  return (int32_t)xfers[index].state;
}

static int32_t peer_abort(uint32_t index) {
  if (index >= xfer_count) return SCMI_FAULT_INDEX;
  if (!is_in_flight(&xfers[index])) return SCMI_FAULT_STATE;
  xfers[index].channel->aborted++;
  give_up(&xfers[index], SCMI_XFER_ABORTED, SCMI_FAULT_ABORTED);
  return 0;
}

static int32_t peer_tick(double now) {
  for (uint32_t i = 0; i < xfer_count; i++) {
    struct xfer *x = &xfers[i];
    if (!is_in_flight(x) || now < x->deadline) continue;
    int32_t fault = x->state == SCMI_XFER_POSTED ? SCMI_FAULT_RESPONSE_TIMEOUT : SCMI_FAULT_DELAYED_TIMEOUT;
    x->channel->timeouts++;
    trace(x->channel, SCMI_TRACE_TIMEOUT, x->header, fault, 0, now);
    give_up(x, SCMI_XFER_TIMED_OUT, fault);
    return (int32_t)i;
  }
  return SCMI_FAULT_NOTHING;
}

/* A kernel has no batches: entries are sent one after the other. */
static int32_t peer_run(uint32_t budget, double now) {
  uint8_t *in = core + SCMI_CORE_SUBMISSIONS, *out = core + SCMI_CORE_COMPLETIONS;
  uint32_t capacity = U32(in + SCMI_RING_CAPACITY), stride = U32(in + SCMI_RING_STRIDE), room = stride - SCMI_SUBMISSION_PAYLOAD, done = 0;
  int32_t stop = 0;
  for (; done < budget && U32(in + SCMI_RING_HEAD) != U32(in + SCMI_RING_TAIL); done++) {
    if (U32(out + SCMI_RING_TAIL) - U32(out + SCMI_RING_HEAD) >= capacity) {
      stop = SCMI_FAULT_COMPLETIONS_FULL;
      break;
    }
    uint8_t *entry = core + U32(in + SCMI_RING_OFFSET) + (U32(in + SCMI_RING_HEAD) & (capacity - 1)) * stride;
    uint8_t *completion = core + U32(out + SCMI_RING_OFFSET) + (U32(out + SCMI_RING_TAIL) & (capacity - 1)) * stride;
    uint32_t channel = U32(entry + SCMI_SUBMISSION_CHANNEL), command = U32(entry + SCMI_SUBMISSION_COMMAND);
    uint32_t bytes = U32(entry + SCMI_SUBMISSION_LENGTH), length = 0, header = 0;
    int32_t fault = 0;
    struct xfer *x = NULL;
    if (channel >= channel_count) fault = SCMI_FAULT_INDEX;
    else if (command & SCMI_COMMAND_ASYNC) fault = SCMI_FAULT_CHANNEL_KIND;
    else if (bytes > room) fault = SCMI_FAULT_LENGTH;
    else if (!(x = xfer_get(channels[channel].agent))) fault = SCMI_FAULT_NO_XFER;
    if (x) {
      copy_bytes(x->payload, entry + SCMI_SUBMISSION_PAYLOAD, bytes < PAYLOAD_ROOM ? bytes : PAYLOAD_ROOM);
      int32_t state = peer_exchange(channel, x->index, command, bytes, now);
      if (state < 0) fault = state;
      else if (state != SCMI_XFER_DONE) not_part_of_this_peer("a batch that stops half-way");
      else fault = x->fault, length = x->length, header = x->header;
      if (length > room) fault = SCMI_FAULT_LENGTH, length = 0;
      copy_bytes(completion + SCMI_COMPLETION_PAYLOAD, x->payload, length);
      xfer_put(x->agent, x);
    }
    U32(completion + SCMI_COMPLETION_TAG) = U32(entry + SCMI_SUBMISSION_TAG);
    U32(completion + SCMI_COMPLETION_FAULT) = (uint32_t)fault;
    U32(completion + SCMI_COMPLETION_LENGTH) = length;
    U32(completion + SCMI_COMPLETION_HEADER) = header;
    U32(in + SCMI_RING_HEAD)++;
    U32(out + SCMI_RING_TAIL)++;
  }
  U32(core + SCMI_CORE_RUN_STOP) = (uint32_t)stop;
  return (int32_t)done;
}

static void peer_set_token(uint32_t instance, uint32_t token) { agents[instance].last_token = token & (SCMI_TOKEN_COUNT - 1); }

static struct xfer_view peer_xfer(uint32_t x) {
  return (struct xfer_view){xfers[x].state, xfers[x].length, xfers[x].header, xfers[x].fault};
}

/* What the agent counts is kept here, so that the driver finds it where the core has it. */
static void peer_show_counters(uint32_t channel) {
  struct channel *c = &channels[channel];
  uint8_t *cold = AT_COUNTERS(core, c->record);
  U32(c->record + SCMI_CHANNEL_SENT) = c->sent;
  U32(c->record + SCMI_CHANNEL_RESPONSES) = c->responses;
  U32(cold + SCMI_COUNTER_TIMEOUTS) = c->timeouts;
  U32(cold + SCMI_COUNTER_UNEXPECTED) = c->unexpected;
  U32(cold + SCMI_COUNTER_MALFORMED) = c->malformed;
  U32(cold + SCMI_COUNTER_RECYCLED) = c->recycled;
  U32(cold + SCMI_COUNTER_LATE) = c->late;
  U32(cold + SCMI_COUNTER_ABORTED) = c->aborted;
  U32(cold + SCMI_COUNTER_ERRORS) = c->errors;
}
#define PEER_SHOW_COUNTERS peer_show_counters

#include "driver.h"
