// The memory map: where `create` places the tables, and who takes room from them. Nothing is allocated later.
//
//   core header │ claims │ tables, or rows │ counters │ quarantines │ token spaces │ FastChannels │ rings │ region
//
// With CONFIG_FLAGS_ROWS the hot tables share one stride, so that all of an instance stands together:
//
//   instance (64) │ channel (64) │ state │ xfer │ area        one row an instance

import {
  ABI_VERSION,
  CHANNEL_BYTES,
  CLAIM_NEXT,
  CLAIM_REQUEST,
  CONFIG_AREA_BYTES,
  CONFIG_AREAS,
  CONFIG_BATCH_ENTRIES,
  CONFIG_BATCH_PAYLOAD,
  CONFIG_BYTES,
  CONFIG_CHANNELS,
  CONFIG_CLAIMS,
  CONFIG_EVENT_ENTRIES,
  CONFIG_FASTCHANNELS,
  CONFIG_FLAGS,
  CONFIG_FLAGS_ROWS,
  CONFIG_INSTANCES,
  CONFIG_MAX_PAYLOAD,
  CONFIG_P2A_ENTRIES,
  CONFIG_REGION_BYTES,
  CONFIG_STATE_BYTES,
  CONFIG_STATES,
  CONFIG_TOKEN_SPACES,
  CONFIG_TRACE_ENTRIES,
  CONFIG_TRACE_PAYLOAD,
  CONFIG_XFERS,
  CORE_ABI_VERSION,
  CORE_ALIGN,
  CORE_AREA_BYTES,
  CORE_AREAS,
  CORE_BATCH_PAYLOAD,
  CORE_CHANNELS,
  CORE_CLAIM_FREE,
  CORE_CLAIM_REPLY,
  CORE_CLAIMS,
  CORE_COMPLETIONS,
  CORE_COUNTERS,
  CORE_EVENTS,
  CORE_FASTCHANNELS,
  CORE_HEADER_BYTES,
  CORE_INSTANCES,
  CORE_MAGIC,
  CORE_MAGIC_WORD,
  CORE_MAX_PAYLOAD,
  CORE_NEXT_DEADLINE,
  CORE_P2A,
  CORE_QUARANTINES,
  CORE_REGION_END,
  CORE_REGION_NEXT,
  CORE_RUN_XFER,
  CORE_SCRATCH_CLAIM,
  CORE_STATE_BYTES,
  CORE_STATES,
  CORE_SUBMISSIONS,
  CORE_TOKEN_SPACES,
  CORE_TOTAL_BYTES,
  CORE_TRACE,
  CORE_XFERS,
  COUNTERS_BYTES,
  EVENT_BYTES,
  FASTCHANNEL_BYTES,
  FAULT_CONFIG,
  FAULT_NO_CORE,
  FAULT_NO_ROOM,
  HEADER_BYTES,
  INSTANCE_BYTES,
  LINE,
  NO_INDEX,
  P2A_PAYLOAD,
  QUARANTINE_LIST_BYTES,
  RING_CAPACITY,
  RING_OFFSET,
  RING_STRIDE,
  SUBMISSION_PAYLOAD,
  TABLE_CAPACITY,
  TABLE_COUNT,
  TABLE_OFFSET,
  TABLE_STRIDE,
  TOKENS_BYTES,
  TRACE_BYTES,
  TRACE_MOST_PAYLOAD,
  XFER_PAYLOAD,
} from "./layout";
import { claimAt } from "./table";

const PAGE_SHIFT = 16;
/** Addresses stay positive as i32. */
const MEMORY_LIMIT: u64 = 0x7fff0000;
const CONFIG_LIMIT: u32 = 0x40000000;

export function coreBytes(config: usize): i32 {
  if (!isConfig(config)) return FAULT_CONFIG;
  const total = measure(config);
  return total > MEMORY_LIMIT ? FAULT_NO_ROOM : <i32>total;
}

export function create(base: usize, config: usize): i32 {
  if (!base || base & (CORE_ALIGN - 1) || !isConfig(config)) return FAULT_CONFIG;
  const total = measure(config);
  if (!provide(base, total)) return FAULT_NO_ROOM;
  if (config < base + <usize>total && base < config + CONFIG_BYTES) return FAULT_CONFIG;
  memory.fill(base, 0, <usize>total);
  place(base, config);
  store<u32>(base, CORE_MAGIC, CORE_MAGIC_WORD);
  store<u32>(base, ABI_VERSION, CORE_ABI_VERSION);
  store<u32>(base, <u32>total, CORE_TOTAL_BYTES);
  store<u32>(base, NO_INDEX, CORE_RUN_XFER);
  store<f64>(base, Infinity, CORE_NEXT_DEADLINE);
  linkClaims(base);
  return <i32>base;
}

export function attach(base: usize): i32 {
  return isCore(base) ? <i32>base : FAULT_NO_CORE;
}

export function fork(core: usize, base: usize): i32 {
  const total = load<u32>(core, CORE_TOTAL_BYTES);
  if (!base || base & (CORE_ALIGN - 1)) return FAULT_CONFIG;
  if (base < core + total && core < base + total) return FAULT_CONFIG;
  if (!provide(base, total)) return FAULT_NO_ROOM;
  memory.copy(base, core, total);
  return <i32>base;
}

export function restore(core: usize, image: usize): i32 {
  if (!isCore(image) || load<u32>(image, CORE_TOTAL_BYTES) != load<u32>(core, CORE_TOTAL_BYTES)) return FAULT_NO_CORE;
  memory.copy(core, image, load<u32>(core, CORE_TOTAL_BYTES));
  return 0;
}

/** Takes bytes from the region, on a cache line of their own; their offset, or FAULT_NO_ROOM. */
export function reserve(core: usize, bytes: u32): i32 {
  const at = load<u32>(core, CORE_REGION_NEXT);
  const end = load<u32>(core, CORE_REGION_END);
  if (bytes > end - at) return FAULT_NO_ROOM;
  store<u32>(core, min(at + align(bytes), end), CORE_REGION_NEXT);
  return at;
}

/** Takes the next row of a table; its index, or FAULT_NO_ROOM. */
export function takeRows(core: usize, table: usize, count: u32): i32 {
  const at = load<u32>(core + table, TABLE_COUNT);
  if (count > load<u32>(core + table, TABLE_CAPACITY) - at) return FAULT_NO_ROOM;
  store<u32>(core + table, at + count, TABLE_COUNT);
  return at;
}

/** Takes bytes from a table whose rows suffice, else from the region; their offset, or FAULT_NO_ROOM. */
export function takeBytes(core: usize, table: usize, rowBytes: u32, bytes: u32): i32 {
  if (bytes <= rowBytes) {
    const index = takeRows(core, table, 1);
    if (index >= 0) return load<u32>(core + table, TABLE_OFFSET) + <u32>index * load<u32>(core + table, TABLE_STRIDE);
  }
  return reserve(core, bytes);
}

/** True when the bytes lie in the memory, on a multiple of `alignment`. */
export function isInMemory(at: usize, bytes: u32, alignment: u32): bool {
  if (at & (alignment - 1)) return false;
  return <u64>at + bytes <= (<u64>memory.size()) << PAGE_SHIFT;
}

function isCore(base: usize): bool {
  if (base & (CORE_ALIGN - 1) || !isInMemory(base, CORE_HEADER_BYTES, CORE_ALIGN)) return false;
  if (load<u32>(base, CORE_MAGIC_WORD) != CORE_MAGIC || load<u32>(base, CORE_ABI_VERSION) != ABI_VERSION) return false;
  return isInMemory(base, load<u32>(base, CORE_TOTAL_BYTES), CORE_ALIGN);
}

function provide(base: usize, bytes: u64): bool {
  if (bytes > MEMORY_LIMIT) return false;
  const end = <u64>base + bytes;
  if (end > MEMORY_LIMIT) return false;
  const pages = <i32>((end + ((1 << PAGE_SHIFT) - 1)) >> PAGE_SHIFT);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

function isConfig(config: usize): bool {
  if (!isInMemory(config, CONFIG_BYTES, 4)) return false;
  const instances = load<u32>(config, CONFIG_INSTANCES);
  const maxPayload = load<u32>(config, CONFIG_MAX_PAYLOAD);
  const batchPayload = load<u32>(config, CONFIG_BATCH_PAYLOAD);
  if (maxPayload < 8 || maxPayload > 0x10000 || maxPayload & 3) return false;
  if (batchPayload > 0x10000 || batchPayload & 3) return false;
  if (load<u32>(config, CONFIG_TRACE_PAYLOAD) > <u32>TRACE_MOST_PAYLOAD) return false;
  if (load<u32>(config, CONFIG_FLAGS) & ~CONFIG_FLAGS_ROWS) return false;
  if (load<u32>(config, CONFIG_FLAGS) & CONFIG_FLAGS_ROWS) {
    for (let at: usize = CONFIG_CHANNELS; at <= <usize>CONFIG_AREAS; at += 4) {
      if (at == CONFIG_STATE_BYTES) continue;
      if (load<u32>(config + at) != instances) return false;
    }
  }
  return (
    isRingSize(load<u32>(config, CONFIG_BATCH_ENTRIES)) &&
    isRingSize(load<u32>(config, CONFIG_P2A_ENTRIES)) &&
    isRingSize(load<u32>(config, CONFIG_EVENT_ENTRIES)) &&
    isRingSize(load<u32>(config, CONFIG_TRACE_ENTRIES))
  );
}

/** 0, or a power of two that keeps free-running counters apart. */
function isRingSize(entries: u32): bool {
  return (entries & (entries - 1)) == 0 && entries <= 0x1000000;
}

/** The bytes of a core, or more than there can be. No word is so large that sums and products could wrap. */
function measure(config: usize): u64 {
  for (let at: usize = 0; at < <usize>CONFIG_FLAGS; at += 4) {
    if (load<u32>(config + at) > CONFIG_LIMIT) return u64.MAX_VALUE;
  }
  return place(0, config);
}

/** Places everything one after the other and returns the total; writes the core header when `core` is not 0. */
function place(core: usize, config: usize): u64 {
  const instances = load<u32>(config, CONFIG_INSTANCES);
  const channels = load<u32>(config, CONFIG_CHANNELS);
  const xfers = load<u32>(config, CONFIG_XFERS);
  const states = load<u32>(config, CONFIG_STATES);
  const areas = load<u32>(config, CONFIG_AREAS);
  const maxPayload = load<u32>(config, CONFIG_MAX_PAYLOAD);
  const stateBytes = align(load<u32>(config, CONFIG_STATE_BYTES));
  const areaBytes = align(load<u32>(config, CONFIG_AREA_BYTES));
  const xferBytes = align(XFER_PAYLOAD + maxPayload);
  const replyOffset = (CLAIM_REQUEST + maxPayload + HEADER_BYTES + 7) & ~7;
  // Claims come first, so that the scratch claim, one more than asked for, stands at a fixed place
  const claimBytes = align(replyOffset + maxPayload);
  let at = table(core, CORE_CLAIMS, CORE_SCRATCH_CLAIM, claimBytes, <u64>load<u32>(config, CONFIG_CLAIMS) + 1);

  if (load<u32>(config, CONFIG_FLAGS) & CONFIG_FLAGS_ROWS) {
    const row = INSTANCE_BYTES + CHANNEL_BYTES + stateBytes + xferBytes + areaBytes;
    table(core, CORE_INSTANCES, at, row, instances);
    table(core, CORE_CHANNELS, at + INSTANCE_BYTES, row, instances);
    table(core, CORE_STATES, at + INSTANCE_BYTES + CHANNEL_BYTES, row, instances);
    table(core, CORE_XFERS, at + INSTANCE_BYTES + CHANNEL_BYTES + stateBytes, row, instances);
    table(core, CORE_AREAS, at + INSTANCE_BYTES + CHANNEL_BYTES + stateBytes + xferBytes, row, instances);
    at += <u64>row * instances;
  } else {
    at = table(core, CORE_INSTANCES, at, INSTANCE_BYTES, instances);
    at = table(core, CORE_CHANNELS, at, CHANNEL_BYTES, channels);
    at = table(core, CORE_STATES, at, stateBytes, states);
    at = table(core, CORE_XFERS, at, xferBytes, xfers);
    at = table(core, CORE_AREAS, at, areaBytes, areas);
  }
  at = table(core, CORE_COUNTERS, at, COUNTERS_BYTES, channels);
  at = table(core, CORE_QUARANTINES, at, QUARANTINE_LIST_BYTES, instances);
  at = table(core, CORE_TOKEN_SPACES, at, TOKENS_BYTES, load<u32>(config, CONFIG_TOKEN_SPACES));
  at = table(core, CORE_FASTCHANNELS, at, FASTCHANNEL_BYTES, load<u32>(config, CONFIG_FASTCHANNELS));
  const batchEntry = SUBMISSION_PAYLOAD + load<u32>(config, CONFIG_BATCH_PAYLOAD);
  at = ring(core, CORE_SUBMISSIONS, at, batchEntry, load<u32>(config, CONFIG_BATCH_ENTRIES));
  at = ring(core, CORE_COMPLETIONS, at, batchEntry, load<u32>(config, CONFIG_BATCH_ENTRIES));
  at = ring(core, CORE_P2A, at, P2A_PAYLOAD + maxPayload, load<u32>(config, CONFIG_P2A_ENTRIES));
  at = ring(core, CORE_EVENTS, at, EVENT_BYTES, load<u32>(config, CONFIG_EVENT_ENTRIES));
  const traceEntry = TRACE_BYTES + load<u32>(config, CONFIG_TRACE_PAYLOAD);
  at = ring(core, CORE_TRACE, at, traceEntry, load<u32>(config, CONFIG_TRACE_ENTRIES));
  const end = (at + load<u32>(config, CONFIG_REGION_BYTES) + (LINE - 1)) & ~(LINE - 1);
  if (core) {
    store<u32>(core, maxPayload, CORE_MAX_PAYLOAD);
    store<u32>(core, load<u32>(config, CONFIG_BATCH_PAYLOAD), CORE_BATCH_PAYLOAD);
    store<u32>(core, stateBytes, CORE_STATE_BYTES);
    store<u32>(core, areaBytes, CORE_AREA_BYTES);
    store<u32>(core, replyOffset, CORE_CLAIM_REPLY);
    store<u32>(core, <u32>at, CORE_REGION_NEXT);
    store<u32>(core, <u32>end, CORE_REGION_END);
  }
  return end;
}

function table(core: usize, which: usize, at: u64, stride: u32, capacity: u64): u64 {
  if (core) {
    store<u32>(core + which, <u32>at, TABLE_OFFSET);
    store<u32>(core + which, stride, TABLE_STRIDE);
    store<u32>(core + which, <u32>capacity, TABLE_CAPACITY);
  }
  return at + capacity * stride;
}

/** Entries are multiples of 8 bytes; the ring starts and ends on a cache line. */
function ring(core: usize, which: usize, at: u64, entryBytes: u32, capacity: u32): u64 {
  const stride = (entryBytes + 7) & ~7;
  if (core) {
    store<u32>(core + which, <u32>at, RING_OFFSET);
    store<u32>(core + which, stride, RING_STRIDE);
    store<u32>(core + which, capacity, RING_CAPACITY);
  }
  return (at + <u64>capacity * stride + (LINE - 1)) & ~(LINE - 1);
}

function linkClaims(core: usize): void {
  const claims = core + CORE_CLAIMS;
  const count = load<u32>(claims, TABLE_CAPACITY);
  store<u32>(claims, count, TABLE_COUNT);
  for (let i: u32 = 1; i < count; i++) store<u32>(claimAt(core, i), i + 1 < count ? i + 1 : 0, CLAIM_NEXT);
  store<u32>(core, count > 1 ? 1 : 0, CORE_CLAIM_FREE);
}

function align(bytes: u32): u32 {
  return (bytes + (LINE - 1)) & ~(LINE - 1);
}
