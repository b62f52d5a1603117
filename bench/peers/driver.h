/* What every native peer can be asked on its standard input, one line a request:
 *
 *   load FILE BASE            takes a core's bytes (a snapshot) as if they stood at address BASE
 *   script FILE               answers a script of vectors, a line a command (bench/peers/vectors.mjs says which)
 *   sample CASE OPS N ARGS…   runs a case N times and prints the nanoseconds of each, then a checksum of all results
 *
 * A peer defines, before it includes this file, the functions named peer_… below. */
#ifndef PEERS_DRIVER_H
#define PEERS_DRIVER_H

#include <time.h>

#include "layout.h"

#define FREE_RUNNING_NOW_STEP 100.0
#define HANDLES 26
/* A function of its own, so that its loop has the registers to itself. */
#define TIMED static __attribute__((noinline))

static uint8_t *core; /* where the core's bytes stand */
static uint32_t handles[HANDLES];
static char line[1 << 16];

static uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint8_t *area_of(uint32_t channel) { return core + U32(AT(core, SCMI_CORE_CHANNELS, channel) + SCMI_CHANNEL_AREA); }

static uint32_t read_hex(const char *text, uint8_t *to, uint32_t room) {
  uint32_t n = 0;
  unsigned byte;
  for (; n < room && sscanf(text, "%2x", &byte) == 1; text += 2) to[n++] = (uint8_t)byte;
  return n;
}

static void print_hex(const uint8_t *from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++) printf("%02x", from[i]);
}

static void print_handle(int32_t index) {
  for (int i = 0; index >= 0 && i < HANDLES; i++)
    if (handles[i] == (uint32_t)index) {
      printf("%c\n", 'a' + i);
      return;
    }
  printf("%d\n", index);
}

static void print_retired(double now) {
  bool is_retired[HANDLES] = {false};
  for (int32_t index; (index = peer_tick(now)) >= 0;)
    for (int i = 0; i < HANDLES; i++)
      if (handles[i] == (uint32_t)index) is_retired[i] = true;
  printf("retired ");
  for (int i = 0; i < HANDLES; i++)
    if (is_retired[i]) putchar('a' + i);
  putchar('\n');
}

static void print_level(uint32_t channel, uint32_t domain) {
  uint8_t *instance = core + U32(AT(core, SCMI_CORE_CHANNELS, channel) + SCMI_CHANNEL_INSTANCE);
  uint8_t *description = core + U32(instance + SCMI_INSTANCE_DESCRIPTION), *state = core + U32(instance + SCMI_INSTANCE_STATE);
  uint32_t row = U8(description + SCMI_DESCRIPTION_MAP + 0x13);
  uint8_t *protocol = description + SCMI_DESCRIPTION_PROTOCOL_TABLE + (row - 1) * SCMI_PROTOCOL_BYTES;
  printf("%u\n", U32(state + U32(protocol + SCMI_PROTOCOL_STATE) + domain * SCMI_DOMAIN_STATE_BYTES));
}

static void answer_line(char *text) {
  char verb[16] = "", letter = 0, hex[4096] = "";
  uint32_t a = 0, b = 0, c = 0, d = 0;
  double now = 0;
  sscanf(text, "%15s", verb);
  text += strlen(verb);
#define IS(name) (strcmp(verb, name) == 0)
#define H(l) handles[(l) - 'a']
  if (IS("acquire") && sscanf(text, "%u %c", &a, &letter) == 2) {
    int32_t index = peer_acquire(a);
    if (index >= 0) H(letter) = (uint32_t)index;
    printf("%d\n", index < 0 ? index : 0);
  } else if (IS("release") && sscanf(text, " %c", &letter) == 1) {
    int32_t result = peer_release(H(letter));
    if (!result) H(letter) = SCMI_NO_INDEX;
    printf("%d\n", result);
  } else if ((IS("set") || IS("xfer")) && sscanf(text, " %c", &letter) == 1 && H(letter) == SCMI_NO_INDEX) {
    puts("no xfer");
  } else if (IS("set") && sscanf(text, " %c %4095s", &letter, hex) == 2) {
    printf("%u\n", read_hex(hex, peer_payload(H(letter)), U32(core + SCMI_CORE_MAX_PAYLOAD)));
  } else if (IS("post") && sscanf(text, "%u %c %x %u %lf", &a, &letter, &b, &c, &now) == 5) {
    int32_t result = peer_post(a, H(letter), b, c, now);
    if (result) printf("%d\n", result);
    else printf("%08x\n", peer_xfer(H(letter)).header);
  } else if (IS("exchange") && sscanf(text, "%u %c %x %u %lf", &a, &letter, &b, &c, &now) == 5) {
    printf("%d\n", peer_exchange(a, H(letter), b, c, now));
  } else if (IS("serve") && sscanf(text, "%u %lf", &a, &now) == 2) {
    printf("%d\n", peer_serve(a, now));
  } else if (IS("settle") && sscanf(text, "%u %lf", &a, &now) == 2) {
    print_handle(peer_settle(a, now));
  } else if (IS("abort") && sscanf(text, " %c", &letter) == 1) {
    printf("%d\n", peer_abort(H(letter)));
  } else if (IS("tick") && sscanf(text, "%lf", &now) == 1) {
    print_retired(now);
  } else if (IS("xfer") && sscanf(text, " %c", &letter) == 1) {
    struct xfer_view x = peer_xfer(H(letter));
    printf("%u %d %u ", x.state, x.fault, x.length);
    print_hex(peer_payload(H(letter)), x.state == SCMI_XFER_DONE || x.state == SCMI_XFER_AWAITING_DELAYED ? x.length : 0);
    putchar('\n');
  } else if (IS("area") && sscanf(text, "%u %u", &a, &b) == 2) {
    print_hex(area_of(a), b);
    putchar('\n');
  } else if (IS("poke") && sscanf(text, "%u %u %4095s", &a, &b, hex) == 3) {
    printf("%u\n", read_hex(hex, area_of(a) + b, 4096));
  } else if (IS("token") && sscanf(text, "%u %u", &a, &b) == 2) {
    peer_set_token(a, b);
    printf("%u\n", b);
  } else if (IS("observe") && sscanf(text, "%u", &a) == 1) {
    printf("%u\n", U32(core + SCMI_CORE_OBSERVE) = a);
  } else if (IS("counters") && sscanf(text, "%u", &a) == 1) {
    static const uint32_t cold[] = {SCMI_COUNTER_TIMEOUTS, SCMI_COUNTER_UNEXPECTED, SCMI_COUNTER_MALFORMED, SCMI_COUNTER_RECYCLED,
                                    SCMI_COUNTER_LATE,     SCMI_COUNTER_ABORTED,    SCMI_COUNTER_ERRORS,    SCMI_COUNTER_SPURIOUS,
                                    SCMI_COUNTER_BAD_COMMANDS};
    uint8_t *channel = AT(core, SCMI_CORE_CHANNELS, a);
#ifdef PEER_SHOW_COUNTERS
    PEER_SHOW_COUNTERS(a);
#endif
    printf("%u %u", U32(channel + SCMI_CHANNEL_SENT), U32(channel + SCMI_CHANNEL_RESPONSES));
    for (size_t i = 0; i < sizeof cold / sizeof *cold; i++) printf(" %u", U32(AT_COUNTERS(core, channel) + cold[i]));
    putchar('\n');
  } else if (IS("level") && sscanf(text, "%u %u", &a, &b) == 2) {
    print_level(a, b);
  } else if (IS("events")) {
    printf("%u %u\n", U32(core + SCMI_CORE_EVENTS + SCMI_RING_TAIL), U32(core + SCMI_CORE_TRACE + SCMI_RING_TAIL));
  } else if (IS("submit") && sscanf(text, "%u %x %u %u %4095s", &a, &b, &c, &d, hex) >= 4) {
    uint8_t *ring = core + SCMI_CORE_SUBMISSIONS;
    uint32_t tail = U32(ring + SCMI_RING_TAIL)++, stride = U32(ring + SCMI_RING_STRIDE);
    uint8_t *entry = core + U32(ring + SCMI_RING_OFFSET) + (tail & (U32(ring + SCMI_RING_CAPACITY) - 1)) * stride;
    U32(entry + SCMI_SUBMISSION_CHANNEL) = a;
    U32(entry + SCMI_SUBMISSION_COMMAND) = b;
    U32(entry + SCMI_SUBMISSION_LENGTH) = c;
    U32(entry + SCMI_SUBMISSION_TAG) = d;
    printf("%u\n", read_hex(hex, entry + SCMI_SUBMISSION_PAYLOAD, stride - SCMI_SUBMISSION_PAYLOAD));
  } else if (IS("run") && sscanf(text, "%u %lf", &a, &now) == 2) {
    int32_t done = peer_run(a, now);
    printf("%d %d\n", done, (int32_t)U32(core + SCMI_CORE_RUN_STOP));
  } else if (IS("complete")) {
    uint8_t *ring = core + SCMI_CORE_COMPLETIONS;
    uint32_t head = U32(ring + SCMI_RING_HEAD)++;
    uint8_t *entry =
        core + U32(ring + SCMI_RING_OFFSET) + (head & (U32(ring + SCMI_RING_CAPACITY) - 1)) * U32(ring + SCMI_RING_STRIDE);
    printf("%u %d %u %08x ", U32(entry + SCMI_COMPLETION_TAG), (int32_t)U32(entry + SCMI_COMPLETION_FAULT),
           U32(entry + SCMI_COMPLETION_LENGTH), U32(entry + SCMI_COMPLETION_HEADER));
    print_hex(entry + SCMI_COMPLETION_PAYLOAD, U32(entry + SCMI_COMPLETION_LENGTH));
    putchar('\n');
  } else {
    printf("? %s\n", verb);
  }
#undef IS
#undef H
}

static void answer_script(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) {
    printf("? %s\nend\n", path);
    return;
  }
  for (int i = 0; i < HANDLES; i++) handles[i] = SCMI_NO_INDEX;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0] && line[0] != '#') answer_line(line);
  }
  fclose(file);
  puts("end");
}

static uint8_t *read_image(const char *path, uint64_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  *bytes = (uint64_t)ftell(file);
  rewind(file);
  uint8_t *image = malloc(*bytes);
  if (!image || fread(image, 1, *bytes, file) != *bytes) {
    perror(path);
    exit(2);
  }
  fclose(file);
  return image;
}

/* The cases. Levels that the bench's description allows; bench/cases.mjs has the same. */
static const uint32_t LEVELS[8] = {300, 600, 900, 1200, 1500, 1800, 2100, 2400};

struct command {
  uint32_t word, request_bytes, reply_bytes;
};

static struct command command_named(const char *name) {
  if (strcmp(name, "set") == 0) return (struct command){0x13 << 10 | 7, 8, 0};
  if (strcmp(name, "get") == 0) return (struct command){0x13 << 10 | 8, 4, 4};
  if (strcmp(name, "constant") == 0) return (struct command){0x13 << 10 | 4, 8, 88};
  fprintf(stderr, "expected set, get or constant, got %s\n", name);
  exit(2);
}

static uint32_t sum, bad;
static double now_ns;

TIMED uint64_t sample_exchange(uint32_t ops, struct command command) {
#ifndef PEER_TAKES_AN_XFER_EACH_TIME
  uint32_t x = (uint32_t)peer_acquire(0);
  uint8_t *payload = peer_payload(x);
#endif
  double now = now_ns;
  uint32_t words = 0, wrong = 0;
  uint64_t start = clock_ns();
  for (uint32_t i = 0; i < ops; i++) {
    now += FREE_RUNNING_NOW_STEP;
#ifdef PEER_TAKES_AN_XFER_EACH_TIME
    uint32_t x = (uint32_t)peer_acquire(0);
    uint8_t *payload = peer_payload(x);
#endif
    U32(payload) = i & 1;
    U32(payload + 4) = LEVELS[i & 7];
    wrong |= (uint32_t)peer_exchange(0, x, command.word, command.request_bytes, now) ^ SCMI_XFER_DONE;
    wrong |= U32(payload);
    words += U32(payload + command.reply_bytes);
#ifdef PEER_TAKES_AN_XFER_EACH_TIME
    peer_release(x);
#endif
  }
  uint64_t end = clock_ns();
  now_ns = now;
  sum += words;
  bad |= wrong;
#ifndef PEER_TAKES_AN_XFER_EACH_TIME
  peer_release(x);
#endif
  return end - start;
}

/* A permutation of all channels, the same in every peer: Fisher–Yates over xorshift32. */
static uint32_t *order, order_count, order_next;
static bool is_scattered;

static void make_order(bool scatter) {
  uint32_t n = U32(core + SCMI_CORE_CHANNELS + SCMI_TABLE_COUNT), r = 2463534242u;
  if (order && order_count == n && is_scattered == scatter) return;
  free(order);
  order = malloc(n * sizeof *order);
  order_count = n;
  order_next = 0;
  is_scattered = scatter;
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  for (uint32_t i = n - 1; scatter && i > 0; i--) {
    r ^= r << 13, r ^= r >> 17, r ^= r << 5;
    uint32_t j = r % (i + 1), swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
}

/* Fills the submission ring, times `run` alone, reads all completions. Over channel 0, or over all in `order`. */
TIMED uint64_t sample_batch(uint32_t ops, struct command command, uint32_t size, bool over_all) {
  uint8_t *in = core + SCMI_CORE_SUBMISSIONS, *out = core + SCMI_CORE_COMPLETIONS;
  uint32_t mask = U32(in + SCMI_RING_CAPACITY) - 1, stride = U32(in + SCMI_RING_STRIDE), tail = U32(in + SCMI_RING_TAIL);
  uint8_t *entries = core + U32(in + SCMI_RING_OFFSET), *results = core + U32(out + SCMI_RING_OFFSET);
  for (uint32_t i = 0; i < ops; i++) {
    uint8_t *entry = entries + ((tail + i) & mask) * stride;
    U32(entry + SCMI_SUBMISSION_CHANNEL) = over_all ? order[order_next] : 0;
    if (over_all && ++order_next == order_count) order_next = 0;
    U32(entry + SCMI_SUBMISSION_COMMAND) = command.word;
    U32(entry + SCMI_SUBMISSION_LENGTH) = command.request_bytes;
    U32(entry + SCMI_SUBMISSION_TAG) = i;
    U32(entry + SCMI_SUBMISSION_PAYLOAD) = over_all ? 0 : i & 1;
    U32(entry + SCMI_SUBMISSION_PAYLOAD + 4) = LEVELS[i & 7];
  }
  U32(in + SCMI_RING_TAIL) = tail + ops;
  uint64_t start = clock_ns();
  for (uint32_t done = 0; done < ops; done += size) {
    now_ns += FREE_RUNNING_NOW_STEP;
    bad |= (uint32_t)peer_run(size, now_ns) ^ size;
  }
  uint64_t end = clock_ns();
  uint32_t head = U32(out + SCMI_RING_HEAD);
  for (uint32_t i = 0; i < ops; i++) {
    uint8_t *result = results + ((head + i) & mask) * stride;
    bad |= U32(result + SCMI_COMPLETION_TAG) ^ i;
    bad |= U32(result + SCMI_COMPLETION_FAULT) | U32(result + SCMI_COMPLETION_PAYLOAD);
    bad |= U32(result + SCMI_COMPLETION_LENGTH) ^ (command.reply_bytes + SCMI_STATUS_BYTES);
    sum += U32(result + SCMI_COMPLETION_PAYLOAD + command.reply_bytes);
  }
  U32(out + SCMI_RING_HEAD) = head + ops;
  return end - start;
}

/* A batch over all hot commands in turn, each with two requests that differ; bench/harness/mix.mjs has the same. */
struct mixed {
  uint32_t word, request_words, reply_words, requests[2][4];
};
static const struct mixed MIX[] = {
    {0x10 << 10 | 0, 0, 1, {{0}, {0}}},
    {0x11 << 10 | 4, 3, 0, {{0, 0, 0}, {0, 0, 0x40000000}}},
    {0x11 << 10 | 5, 1, 1, {{0}, {0}}},
    {0x13 << 10 | 5, 3, 0, {{1, 2400, 300}, {1, 2100, 600}}},
    {0x13 << 10 | 6, 1, 2, {{1}, {1}}},
    {0x13 << 10 | 7, 2, 0, {{0, 600}, {0, 2100}}},
    {0x13 << 10 | 8, 1, 1, {{0}, {0}}},
    {0x14 << 10 | 5, 4, 0, {{0, 0, 24000000, 0}, {0, 0, 200000000, 0}}},
    {0x14 << 10 | 6, 1, 2, {{0}, {0}}},
    {0x15 << 10 | 6, 2, 4, {{0, 0}, {0, 0}}},
    {0x17 << 10 | 7, 3, 0, {{0, 0, 800000}, {0, 0, 1000000}}},
    {0x17 << 10 | 8, 1, 1, {{0}, {0}}},
    {0x18 << 10 | 4, 1, 1, {{0}, {0}}},
    {0x18 << 10 | 9, 1, 2, {{0}, {0}}},
};
#define MIXED (sizeof MIX / sizeof *MIX)

TIMED uint64_t sample_mixed(uint32_t ops, uint32_t size) {
  uint8_t *in = core + SCMI_CORE_SUBMISSIONS, *out = core + SCMI_CORE_COMPLETIONS;
  uint32_t mask = U32(in + SCMI_RING_CAPACITY) - 1, stride = U32(in + SCMI_RING_STRIDE), tail = U32(in + SCMI_RING_TAIL);
  uint8_t *entries = core + U32(in + SCMI_RING_OFFSET), *results = core + U32(out + SCMI_RING_OFFSET);
  for (uint32_t i = 0; i < ops; i++) {
    const struct mixed *it = &MIX[i % MIXED];
    const uint32_t *request = it->requests[i / MIXED & 1];
    uint8_t *entry = entries + ((tail + i) & mask) * stride;
    U32(entry + SCMI_SUBMISSION_CHANNEL) = 0;
    U32(entry + SCMI_SUBMISSION_COMMAND) = it->word;
    U32(entry + SCMI_SUBMISSION_LENGTH) = it->request_words * 4;
    U32(entry + SCMI_SUBMISSION_TAG) = i;
    for (uint32_t w = 0; w < it->request_words; w++) U32(entry + SCMI_SUBMISSION_PAYLOAD + w * 4) = request[w];
  }
  U32(in + SCMI_RING_TAIL) = tail + ops;
  uint64_t start = clock_ns();
  for (uint32_t done = 0; done < ops; done += size) {
    now_ns += FREE_RUNNING_NOW_STEP;
    bad |= (uint32_t)peer_run(size, now_ns) ^ size;
  }
  uint64_t end = clock_ns();
  uint32_t head = U32(out + SCMI_RING_HEAD);
  for (uint32_t i = 0; i < ops; i++) {
    uint32_t reply_bytes = MIX[i % MIXED].reply_words * 4;
    uint8_t *result = results + ((head + i) & mask) * stride;
    bad |= U32(result + SCMI_COMPLETION_TAG) ^ i;
    bad |= U32(result + SCMI_COMPLETION_FAULT) | U32(result + SCMI_COMPLETION_PAYLOAD);
    bad |= U32(result + SCMI_COMPLETION_LENGTH) ^ (reply_bytes + SCMI_STATUS_BYTES);
    sum += U32(result + SCMI_COMPLETION_PAYLOAD + reply_bytes);
  }
  U32(out + SCMI_RING_HEAD) = head + ops;
  return end - start;
}

/* One command on each of `ops` channels. Times the posting, or the settling, of all of them. Messages 4 to 7 of protocol 0x80
 * take any parameters and give 0, 8, 32 or 96 bytes back. */
TIMED uint64_t sample_half(uint32_t ops, uint32_t bytes, bool is_post) {
  static uint32_t xfers[1024];
  uint32_t message = bytes == 0 ? 4 : bytes == 8 ? 5 : bytes == 32 ? 6 : 7;
  uint32_t word = 0x80 << 10 | (is_post ? 4 : message), request = is_post ? bytes : 0, reply = is_post ? 0 : bytes;
  if (ops > 1024) exit(2);
  for (uint32_t i = 0; i < ops; i++) {
    xfers[i] = (uint32_t)peer_acquire(i);
    memset(peer_payload(xfers[i]), (int)i, bytes);
  }
  now_ns += FREE_RUNNING_NOW_STEP;
  uint64_t start = clock_ns();
  for (uint32_t i = 0; i < ops; i++) bad |= (uint32_t)peer_post(i, xfers[i], word, request, now_ns);
  uint64_t middle = clock_ns();
  for (uint32_t i = 0; i < ops; i++) bad |= (uint32_t)peer_serve(i, now_ns);
  uint64_t third = clock_ns();
  for (uint32_t i = 0; i < ops; i++) bad |= (uint32_t)peer_settle(i, now_ns) ^ xfers[i];
  uint64_t end = clock_ns();
  for (uint32_t i = 0; i < ops; i++) {
    bad |= peer_xfer(xfers[i]).length ^ (reply + SCMI_STATUS_BYTES);
    sum += U32(peer_payload(xfers[i]) + reply);
    bad |= (uint32_t)peer_release(xfers[i]);
  }
  return is_post ? middle - start : end - third;
}

TIMED uint64_t sample_acquire(uint32_t ops) {
  uint64_t start = clock_ns();
  for (uint32_t i = 0; i < ops; i++) {
    int32_t x = peer_acquire(0);
    bad |= (uint32_t)peer_release((uint32_t)x);
    sum += (uint32_t)x;
    __asm__ volatile("" ::: "memory");
  }
  return clock_ns() - start;
}

TIMED uint64_t sample_header(uint32_t ops) {
  uint64_t start = clock_ns();
  for (uint32_t i = 0; i < ops; i++) {
    uint32_t header = (i & 0xff) | (i >> 5 & 0xff) << SCMI_HEADER_PROTOCOL_SHIFT | (i & 1023) << SCMI_HEADER_TOKEN_SHIFT;
    __asm__ volatile("" : "+r"(header));
    sum += (header & 0xff) + (header >> SCMI_HEADER_PROTOCOL_SHIFT & 0xff) + (header >> SCMI_HEADER_TOKEN_SHIFT & 1023);
    __asm__ volatile("" : "+r"(sum));
  }
  return clock_ns() - start;
}

static uint64_t sample(const char *name, uint32_t ops, const char *first, const char *second) {
  if (strcmp(name, "exchange") == 0) return sample_exchange(ops, command_named(first));
  if (strcmp(name, "batch") == 0) return sample_batch(ops, command_named(first), (uint32_t)atoi(second), false);
  if (strcmp(name, "mixed") == 0) return sample_mixed(ops, (uint32_t)atoi(first));
  if (strcmp(name, "scale") == 0) {
    make_order(strcmp(first, "scattered") == 0);
    return sample_batch(ops, command_named("set"), ops, true);
  }
  if (strcmp(name, "post") == 0) return sample_half(ops, (uint32_t)atoi(first), true);
  if (strcmp(name, "settle") == 0) return sample_half(ops, (uint32_t)atoi(first), false);
  if (strcmp(name, "acquire") == 0) return sample_acquire(ops);
  if (strcmp(name, "header") == 0) return sample_header(ops);
#ifdef PEER_SAMPLE_MORE
  return PEER_SAMPLE_MORE(name, ops, first);
#else
  fprintf(stderr, "expected a case, got %s\n", name);
  exit(2);
#endif
}

int main(void) {
  char name[32], first[512], second[32];
  while (fgets(line, sizeof line, stdin)) {
    uint32_t ops, count;
    unsigned long base;
    first[0] = second[0] = 0;
    if (sscanf(line, "load %511s %lu", first, &base) == 2) {
      uint64_t bytes;
      uint8_t *image = read_image(first, &bytes);
      peer_load(image, bytes, base);
      free(image);
      free(order);
      order = NULL;
      now_ns = 0;
      puts("loaded");
    } else if (sscanf(line, "script %511s", first) == 1) {
      answer_script(first);
    } else if (sscanf(line, "sample %31s %u %u %511s %31s", name, &ops, &count, first, second) >= 3) {
      sum = bad = 0;
      for (uint32_t i = 0; i < count; i++) printf("%llu ", (unsigned long long)sample(name, ops, first, second));
      printf("%u %u\n", sum, bad);
    } else {
      printf("? %s", line);
    }
    fflush(stdout);
  }
  return 0;
}

#endif
