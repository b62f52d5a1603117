#define _DEFAULT_SOURCE
#include "wasm-rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 65536ull
#ifdef SCMI_RT_GUARD_PAGES
/* An address is a 32-bit index plus a 32-bit offset: none can leave this. */
#define RESERVED (2ull << 32)
#else
#define RESERVED (memory->max_pages * PAGE)
#endif

const wasm_rt_funcref_t wasm_rt_funcref_null_value = {0};
jmp_buf *wasm_rt_trap_return;

static const char *const TRAPS[] = {
    "no trap",     "access out of bounds", "integer overflow",        "division by zero",     "invalid conversion",
    "unreachable", "bad indirect call",    "call stack is exhausted", "unaligned atomic access",
};

const char *wasm_rt_trap_name(wasm_rt_trap_t trap) { return TRAPS[trap]; }

_Noreturn void wasm_rt_trap(wasm_rt_trap_t trap) {
  if (wasm_rt_trap_return) longjmp(*wasm_rt_trap_return, (int)trap);
  fprintf(stderr, "wasm trap: %s\n", TRAPS[trap]);
  abort();
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size) {
  (void)is64;
  (void)page_size;
  memory->pages = pages;
  memory->max_pages = max_pages;
  memory->size = pages * PAGE;
  /* Address space only; the kernel gives pages as they are touched, zeroed as wasm wants them. */
  memory->data = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory->data == MAP_FAILED || (pages && mprotect(memory->data, memory->size, PROT_READ | PROT_WRITE))) {
    perror("wasm memory");
    abort();
  }
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint64_t pages) {
  uint64_t before = memory->pages;
  if (pages > memory->max_pages - before) return UINT32_MAX;
  if (pages && mprotect(memory->data + memory->size, pages * PAGE, PROT_READ | PROT_WRITE)) return UINT32_MAX;
  memory->pages = before + pages;
  memory->size = memory->pages * PAGE;
  return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) {
  munmap(memory->data, RESERVED);
  memory->data = NULL;
  memory->pages = memory->size = 0;
}
