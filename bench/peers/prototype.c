/* Peer: the work of the first flat twin, kept so that the flat peer can show that it is not slower: an agent with a free list, a
 * bitmap of tokens and a table of waiters, against a responder that only writes a length and a status. No checks but FREE, no
 * counters, no deadlines, fixed addresses; copies in words or in pairs of words, whichever is quicker at that length. */
#define _DEFAULT_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AREA = 1024, SENT = 2048, RECEIVED = 3072, BITMAP = 4096, WAITERS = 8192, XFERS = 16384, XFER_BYTES = 64, XFER_COUNT = 20 };

typedef uint32_t __attribute__((may_alias)) word_t;
typedef uint64_t __attribute__((may_alias)) pair_t;
static uint8_t memory[1 << 18] __attribute__((aligned(4096)));
#define U32(at) (*(word_t *)(memory + (at)))
#define U64(at) (*(pair_t *)(memory + (at)))
#define BARRIER __asm__ volatile("" ::: "memory")
#define INLINE static inline __attribute__((always_inline))

static uint32_t last_token, first_free, reply_bytes, status;

static void reset(void) {
  memset(memory + BITMAP, 0, 128);
  memset(memory + WAITERS, 0, 4096);
  first_free = last_token = 0;
  for (int i = XFER_COUNT - 1; i >= 0; i--) {
    U32(XFERS + i * XFER_BYTES) = first_free;
    first_free = XFERS + i * XFER_BYTES;
  }
  U32(AREA + 4) = 1;
}

INLINE void copy(uint32_t to, uint32_t from, uint32_t bytes, bool in_pairs) {
  uint32_t i = 0;
  if (in_pairs) {
    for (; i < (bytes & ~7u); i += 8) U64(to + i) = U64(from + i);
    if (bytes & 4) U32(to + i) = U32(from + i);
  } else {
    for (; i < bytes; i += 4) {
      U32(to + i) = U32(from + i);
      BARRIER;
    }
  }
}

INLINE uint32_t next_free_token(uint32_t from) {
  uint32_t word = from >> 6;
  uint64_t free = ~U64(BITMAP + (word << 3)) & ~0ull << (from & 63);
  while (!free) {
    if (++word >= 16) return 1024;
    free = ~U64(BITMAP + (word << 3));
  }
  return (word << 6) + (uint32_t)__builtin_ctzll(free);
}

INLINE int take_token(uint32_t xfer) {
  uint32_t wanted = ++last_token & 1023, token = next_free_token(wanted);
  if (token == 1024 && (token = next_free_token(0)) == 1024) return -1;
  if (token != wanted) last_token += token - wanted;
  U64(BITMAP + (token >> 6 << 3)) |= 1ull << (token & 63);
  U32(WAITERS + (token << 2)) = xfer;
  BARRIER;
  return (int)token;
}

INLINE void put_token(uint32_t token) {
  U64(BITMAP + (token >> 6 << 3)) &= ~(1ull << (token & 63));
  U32(WAITERS + (token << 2)) = 0;
  BARRIER;
}

INLINE int transact(uint32_t bytes, bool in_pairs) {
  uint32_t xfer = first_free;
  if (!xfer) return -1;
  first_free = U32(xfer);
  int token = take_token(xfer);
  if (token < 0) return -1;
  U32(xfer + 4) = (uint32_t)token;
  U32(xfer + 8) = 0;
  U32(xfer + 12) = 0;
  U32(xfer + 16) = bytes;
  U32(xfer + 20) = 104;
  U32(xfer + 24) = 1;
  U32(xfer + 28) = 1;
  BARRIER;
  if (!(U32(AREA + 4) & 1)) return -1;
  U32(AREA + 4) = 0;
  BARRIER;
  U32(AREA + 16) = 0;
  U32(AREA + 20) = 4 + bytes;
  U32(AREA + 24) = 7 | 0x13 << 10 | ((uint32_t)token & 0x3ff) << 18;
  BARRIER;
  copy(AREA + 28, SENT, bytes, in_pairs);

  U32(AREA + 20) = reply_bytes;
  U32(AREA + 28) = 0;
  BARRIER;
  U32(AREA + 4) |= 1;
  BARRIER;

  while ((U32(AREA + 24) >> 18 & 0x3ff) != (uint32_t)token || !(U32(AREA + 4) & 3)) BARRIER;
  uint32_t length = U32(AREA + 20), values = length > 8 ? length - 8 : 0;
  if (values > U32(xfer + 20)) values = U32(xfer + 20);
  status = U32(AREA + 28);
  copy(RECEIVED, AREA + 32, values, in_pairs);
  U32(xfer + 20) = values;
  U32(xfer + 8) = status;
  U32(xfer + 12) = 1;
  BARRIER;
  put_token((uint32_t)token);
  U32(xfer + 28) = 0;
  U32(xfer + 24) = 0;
  U32(xfer) = first_free;
  first_free = xfer;
  BARRIER;
  return (int)U32(xfer + 8);
}

static uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int bad;

static __attribute__((noinline)) uint64_t sample(uint32_t ops, uint32_t request, uint32_t reply) {
  int wrong = 0;
  reply_bytes = 8 + reply;
  uint64_t start = clock_ns();
  if (reply > 32) {
    for (uint32_t i = 0; i < ops; i++) {
      U32(SENT) = i & 3;
      U32(SENT + 4) = i;
      BARRIER;
      wrong |= transact(request, true);
    }
  } else {
    for (uint32_t i = 0; i < ops; i++) {
      U32(SENT) = i & 3;
      U32(SENT + 4) = i;
      BARRIER;
      wrong |= transact(request, false);
    }
  }
  uint64_t end = clock_ns();
  bad |= wrong;
  return end - start;
}

int main(void) {
  char line[256], kind[32];
  unsigned ops, count;
  reset();
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "sample transport %u %u %31s", &ops, &count, kind) == 3) {
      uint32_t request = kind[0] == 'g' ? 4 : 8, reply = kind[0] == 'g' ? 4 : kind[0] == 's' ? 0 : 88;
      bad = 0;
      for (unsigned i = 0; i < count; i++) printf("%llu ", (unsigned long long)sample(ops, request, reply));
      printf("0 %d\n", bad);
    } else {
      printf("? %s", line);
    }
    fflush(stdout);
  }
  return 0;
}
