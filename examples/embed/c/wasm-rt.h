/* The runtime that C made by wasm2c expects, as small as core.wasm allows: one unshared 32-bit memory, no tables that are ever
 * filled, no imports, no exceptions. POSIX and C11.
 *
 * Every access is checked against the size of the memory. With SCMI_RT_GUARD_PAGES the whole 32-bit index space is reserved
 * instead and the hardware checks: faster, and what JavaScript engines do, but a bad access is then a signal, not a trap. */
#ifndef WASM_RT_H
#define WASM_RT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef __has_builtin
#define __has_builtin(x) 0
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define WABT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define WASM_RT_USE_SEGUE 0
#define WASM_RT_SEGUE_FREE_SEGMENT 0
#define WASM_RT_SANITY_CHECKS 0
/* The core does not recurse. */
#define WASM_RT_STACK_DEPTH_COUNT 0
#ifdef SCMI_RT_GUARD_PAGES
#define WASM_RT_MEMCHECK_GUARD_PAGES 1
#else
#define WASM_RT_MEMCHECK_GUARD_PAGES 0
#endif

#define wasm_rt_memcpy memcpy

typedef enum {
  WASM_RT_TRAP_NONE,
  WASM_RT_TRAP_OOB,
  WASM_RT_TRAP_INT_OVERFLOW,
  WASM_RT_TRAP_DIV_BY_ZERO,
  WASM_RT_TRAP_INVALID_CONVERSION,
  WASM_RT_TRAP_UNREACHABLE,
  WASM_RT_TRAP_CALL_INDIRECT,
  WASM_RT_TRAP_EXHAUSTION,
  WASM_RT_TRAP_UNALIGNED,
} wasm_rt_trap_t;

typedef enum { WASM_RT_I32, WASM_RT_I64, WASM_RT_F32, WASM_RT_F64, WASM_RT_V128, WASM_RT_FUNCREF, WASM_RT_EXTERNREF } wasm_rt_type_t;

typedef struct {
  uint8_t *data;
  uint64_t pages, max_pages;
  uint64_t size; /* bytes */
} wasm_rt_memory_t;

/* Tables are named by helpers that wasm2c always writes out, and by nothing else. */
typedef void (*wasm_rt_function_ptr_t)(void);
typedef const char *wasm_rt_func_type_t;
typedef struct wasm_rt_tailcallee_t {
  void (*fn)(void **instance, void *stack, struct wasm_rt_tailcallee_t *next);
} wasm_rt_tailcallee_t;
typedef struct {
  wasm_rt_func_type_t func_type;
  wasm_rt_function_ptr_t func;
  wasm_rt_tailcallee_t func_tailcallee;
  void *module_instance;
} wasm_rt_funcref_t;
typedef void *wasm_rt_externref_t;
typedef struct {
  wasm_rt_funcref_t *data;
  uint32_t max_size, size;
} wasm_rt_funcref_table_t;
typedef struct {
  wasm_rt_externref_t *data;
  uint32_t max_size, size;
} wasm_rt_externref_table_t;
#define wasm_rt_externref_null_value ((wasm_rt_externref_t)0)
extern const wasm_rt_funcref_t wasm_rt_funcref_null_value;

static inline bool wasm_rt_is_initialized(void) { return true; }

/* A trap is a bug: of the host, when it passes a bad address, else of the core. It jumps to where wasm_rt_trap_return points, if
 * that is set, with the trap as setjmp's result; else it ends the program. */
extern jmp_buf *wasm_rt_trap_return;
_Noreturn void wasm_rt_trap(wasm_rt_trap_t trap);
const char *wasm_rt_trap_name(wasm_rt_trap_t trap);

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size);
/* The size before, in pages, or 2^32 − 1. The data never move: pointers into the memory stay valid. */
uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint64_t pages);
void wasm_rt_free_memory(wasm_rt_memory_t *memory);

#endif
