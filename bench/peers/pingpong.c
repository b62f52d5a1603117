/* Peer: agent and platform in two threads, the flat peer's code, and the wait strategy of the core's threads build: look at the
 * status word a number of times, then announce oneself and sleep on the doorbell. Linux (futex). */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "flat.h"

#define CHANNEL 0

static uint8_t *core;
static uint32_t spins = 1000;
static atomic_bool is_stopping;
static const uint32_t LEVELS[8] = {300, 600, 900, 1200, 1500, 1800, 2100, 2400};

static void ring(uint8_t *channel, uint32_t bell, uint32_t waiters) {
  uint8_t *bells = AT_COUNTERS(core, channel);
  __atomic_add_fetch((word_t *)(bells + bell), 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n((word_t *)(bells + waiters), __ATOMIC_SEQ_CST))
    syscall(SYS_futex, bells + bell, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* The agent's turn is an area that is free, or in error. */
INLINE bool is_turn(const uint8_t *area, bool is_agent) {
  uint32_t status = ACQUIRE(area + SCMI_SMT_STATUS);
  return is_agent ? (status & 3) != 0 : !(status & SCMI_SMT_STATUS_FREE);
}

INLINE bool await_turn(uint8_t *channel, bool is_agent, uint32_t bell, uint32_t waiters) {
  uint8_t *area = core + U32(channel + SCMI_CHANNEL_AREA), *bells = AT_COUNTERS(core, channel);
  for (uint32_t i = 0; i <= spins; i++)
    if (is_turn(area, is_agent)) return true;
  __atomic_add_fetch((word_t *)(bells + waiters), 1, __ATOMIC_SEQ_CST);
  uint32_t seen = __atomic_load_n((word_t *)(bells + bell), __ATOMIC_SEQ_CST);
  if (!is_turn(area, is_agent)) {
    struct timespec timeout = {0, 100000000};
    syscall(SYS_futex, bells + bell, FUTEX_WAIT_PRIVATE, seen, &timeout, NULL, 0);
  }
  __atomic_sub_fetch((word_t *)(bells + waiters), 1, __ATOMIC_SEQ_CST);
  return is_turn(area, is_agent);
}

static bool is_pinned;

static void pin(int home) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(home, &set);
  if (is_pinned) sched_setaffinity(0, sizeof set, &set);
}

static void *platform(void *unused) {
  pin(1);
  uint8_t *channel = channel_at(core, CHANNEL);
  while (!atomic_load(&is_stopping)) {
    if (!await_turn(channel, false, SCMI_DOORBELL_PLATFORM, SCMI_DOORBELL_PLATFORM_WAITERS)) continue;
    serve(core, CHANNEL, 0);
    ring(channel, SCMI_DOORBELL_AGENT, SCMI_DOORBELL_AGENT_WAITERS);
  }
  return unused;
}

static uint32_t sum, bad;

static __attribute__((noinline)) uint64_t sample(uint32_t ops) {
  struct timespec start, end;
  uint8_t *channel = channel_at(core, CHANNEL);
  uint32_t x = (uint32_t)acquire(core, 0);
  uint8_t *payload = xfer_at(core, x) + SCMI_XFER_PAYLOAD;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (uint32_t i = 0; i < ops; i++) {
    U32(payload) = i & 1;
    U32(payload + 4) = LEVELS[i & 7];
    bad |= (uint32_t)post(core, CHANNEL, x, 0x13 << 10 | 7, 8, 0);
    ring(channel, SCMI_DOORBELL_PLATFORM, SCMI_DOORBELL_PLATFORM_WAITERS);
    while (!await_turn(channel, true, SCMI_DOORBELL_AGENT, SCMI_DOORBELL_AGENT_WAITERS)) continue;
    bad |= (uint32_t)settle(core, CHANNEL, 0) ^ x;
    bad |= U32(payload) | U32(payload - SCMI_XFER_PAYLOAD + SCMI_XFER_FAULT);
    sum += U32(payload);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  bad |= (uint32_t)release(core, x);
  return (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)end.tv_nsec - (uint64_t)start.tv_nsec;
}

int main(void) {
  static char line[1024], path[1000];
  unsigned long base;
  unsigned ops, count;
  pthread_t thread;
  while (fgets(line, sizeof line, stdin)) {
    if (strcmp(line, "pin\n") == 0) {
      is_pinned = true;
      pin(0);
      puts("pinned");
    } else if (sscanf(line, "load %999s %lu", path, &base) == 2 && !core) {
      FILE *file = fopen(path, "rb");
      if (!file) return 2;
      fseek(file, 0, SEEK_END);
      size_t bytes = (size_t)ftell(file);
      rewind(file);
      uint8_t *memory = mmap(NULL, base + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED || fread(memory + base, 1, bytes, file) != bytes) return 2;
      fclose(file);
      core = memory + base;
      if (pthread_create(&thread, NULL, platform, NULL)) return 2;
      puts("loaded");
    } else if (core && sscanf(line, "sample pingpong %u %u %u", &ops, &count, &spins) == 3) {
      sum = bad = 0;
      for (unsigned i = 0; i < count; i++) printf("%llu ", (unsigned long long)sample(ops));
      printf("%u %u\n", sum, bad);
    } else {
      printf("? %s", line);
    }
    fflush(stdout);
  }
  if (core) {
    atomic_store(&is_stopping, true);
    pthread_join(thread, NULL);
  }
  return 0;
}
