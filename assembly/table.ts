// Tables and rings: where they are stands in the core header.

import {
  CHANNEL_INDEX,
  CORE_CHANNELS,
  CORE_CLAIMS,
  CORE_COUNTERS,
  CORE_FASTCHANNELS,
  CORE_INSTANCES,
  CORE_XFERS,
  COUNTERS_BYTES,
  RING_CAPACITY,
  RING_HEAD,
  RING_OFFSET,
  RING_STRIDE,
  RING_TAIL,
  TABLE_COUNT,
  TABLE_OFFSET,
  TABLE_STRIDE,
} from "./layout";

export function rowAt(core: usize, table: usize, index: u32): usize {
  return core + load<u32>(core + table, TABLE_OFFSET) + index * load<u32>(core + table, TABLE_STRIDE);
}

export function isRow(core: usize, table: usize, index: u32): bool {
  return index < load<u32>(core + table, TABLE_COUNT);
}

export function instanceAt(core: usize, index: u32): usize {
  return core + load<u32>(core, CORE_INSTANCES + TABLE_OFFSET) + index * load<u32>(core, CORE_INSTANCES + TABLE_STRIDE);
}

export function channelAt(core: usize, index: u32): usize {
  if (!ASC_NO_ASSERT) assert(isRow(core, CORE_CHANNELS, index), "channel index");
  return core + load<u32>(core, CORE_CHANNELS + TABLE_OFFSET) + index * load<u32>(core, CORE_CHANNELS + TABLE_STRIDE);
}

export function xferAt(core: usize, index: u32): usize {
  if (!ASC_NO_ASSERT) assert(isRow(core, CORE_XFERS, index), "xfer index");
  return core + load<u32>(core, CORE_XFERS + TABLE_OFFSET) + index * load<u32>(core, CORE_XFERS + TABLE_STRIDE);
}

export function claimAt(core: usize, index: u32): usize {
  if (!ASC_NO_ASSERT) assert(isRow(core, CORE_CLAIMS, index), "claim index");
  return core + load<u32>(core, CORE_CLAIMS + TABLE_OFFSET) + index * load<u32>(core, CORE_CLAIMS + TABLE_STRIDE);
}

export function fastChannelAt(core: usize, index: u32): usize {
  return rowAt(core, CORE_FASTCHANNELS, index);
}

/** The counters of a channel record. */
export function countersOf(core: usize, channel: usize): usize {
  return core + load<u32>(core, CORE_COUNTERS + TABLE_OFFSET) + load<u32>(channel, CHANNEL_INDEX) * COUNTERS_BYTES;
}

export function ringIsFull(ring: usize): bool {
  return load<u32>(ring, RING_TAIL) - load<u32>(ring, RING_HEAD) >= load<u32>(ring, RING_CAPACITY);
}

/** The entry with this free-running number. Capacities are powers of two. */
export function ringEntry(core: usize, ring: usize, number: u32): usize {
  if (!ASC_NO_ASSERT) assert(load<u32>(ring, RING_CAPACITY) != 0, "ring without entries");
  const index = number & (load<u32>(ring, RING_CAPACITY) - 1);
  return core + load<u32>(ring, RING_OFFSET) + index * load<u32>(ring, RING_STRIDE);
}
