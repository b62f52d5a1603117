/* How the native peers reach the core's records: the same bytes at the same offsets, read and written in plain C. */
#ifndef PEERS_LAYOUT_H
#define PEERS_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scmi_core.h"

#define INLINE static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline, cold, unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Records overlap in memory with bytes of every kind. */
typedef uint32_t __attribute__((may_alias)) word_t;
typedef uint64_t __attribute__((may_alias)) double_word_t;
typedef uint16_t __attribute__((may_alias)) half_t;
typedef double __attribute__((may_alias)) time_ns_t;
typedef struct {
  uint64_t low, high;
} __attribute__((may_alias, packed, aligned(4))) block_t;
typedef uint64_t __attribute__((may_alias, aligned(4))) loose_double_word_t;

#define U8(at) (*(uint8_t *)(at))
#define U16(at) (*(half_t *)(at))
#define U32(at) (*(word_t *)(at))
#define U64(at) (*(double_word_t *)(at))
#define F64(at) (*(time_ns_t *)(at))
/* A word of an area: the other side may change it at any time, so it is read exactly once. */
#define ONCE(at) (*(volatile word_t *)(at))
/* The word that hands an area over. On x86-64 these are plain loads and stores; they only keep the compiler honest. */
#define ACQUIRE(at) __atomic_load_n((word_t *)(at), __ATOMIC_ACQUIRE)
#define RELEASE(at, value) __atomic_store_n((word_t *)(at), (value), __ATOMIC_RELEASE)

#define AT(core, table, index) ((core) + U32((core) + (table) + SCMI_TABLE_OFFSET) + (index) * U32((core) + (table) + SCMI_TABLE_STRIDE))
#define IS_ROW(core, table, index) ((index) < U32((core) + (table) + SCMI_TABLE_COUNT))
#define COUNT(core, channel, counter) (U32(AT_COUNTERS(core, channel) + (counter))++)
#define AT_COUNTERS(core, channel) \
  ((core) + U32((core) + SCMI_CORE_COUNTERS + SCMI_TABLE_OFFSET) + U32((channel) + SCMI_CHANNEL_INDEX) * SCMI_COUNTERS_BYTES)

/* Copies between regions that do not overlap. The lengths of the hot commands come first, and go word by word, as they were
 * written: a wider load of words just stored one by one would wait until they have left the store buffer. (ONCE also keeps the
 * compiler from joining them again.) */
INLINE void copy_bytes(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  if (bytes == 8) {
    ONCE(to) = ONCE(from);
    ONCE(to + 4) = ONCE(from + 4);
  } else if (bytes == 4) {
    U32(to) = ONCE(from);
  } else {
    for (; bytes >= 32; bytes -= 32, to += 32, from += 32) {
      *(block_t *)to = *(const block_t *)from;
      *(block_t *)(to + 16) = *(const block_t *)(from + 16);
    }
    if (bytes & 16) {
      *(block_t *)to = *(const block_t *)from;
      to += 16, from += 16;
    }
    if (bytes & 8) {
      ONCE(to) = ONCE(from);
      ONCE(to + 4) = ONCE(from + 4);
      to += 8, from += 8;
    }
    if (bytes & 4) {
      ONCE(to) = ONCE(from);
      to += 4, from += 4;
    }
    for (bytes &= 3; UNLIKELY(bytes); bytes--) *to++ = *from++;
  }
}

COLD _Noreturn void not_part_of_this_peer(const char *what) {
  fprintf(stderr, "peer: %s is not part of the work that is compared\n", what);
  exit(3);
}

COLD void trace_write(uint8_t *core, uint32_t kind, uint8_t *channel, uint32_t header, int32_t result, uint32_t bytes, double now) {
  uint8_t *ring = core + SCMI_CORE_TRACE;
  uint32_t capacity = U32(ring + SCMI_RING_CAPACITY);
  if (!capacity) return;
  uint32_t number = U32(ring + SCMI_RING_TAIL)++;
  uint8_t *entry = core + U32(ring + SCMI_RING_OFFSET) + (number & (capacity - 1)) * U32(ring + SCMI_RING_STRIDE);
  F64(entry + SCMI_TRACE_TIME) = now;
  U32(entry + SCMI_TRACE_KIND) = kind;
  U32(entry + SCMI_TRACE_CHANNEL) = U32(channel + SCMI_CHANNEL_INDEX);
  U32(entry + SCMI_TRACE_HEADER) = header;
  U32(entry + SCMI_TRACE_RESULT) = (uint32_t)result;
  U32(entry + SCMI_TRACE_LENGTH) = bytes;
}

#define TRACE(core, kind, channel, header, result, bytes, now) \
  do { \
    if (UNLIKELY(U32((core) + SCMI_CORE_OBSERVE) & SCMI_OBSERVE_TRACE)) trace_write(core, kind, channel, header, result, bytes, now); \
  } while (0)

#endif
