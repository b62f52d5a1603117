// FastChannels: a cell, and maybe a doorbell register, past header, status and answer (spec 00-transport 13.1).

import {
  CORE_CHANNELS,
  CORE_FASTCHANNELS,
  FASTCHANNEL_ATTRIBUTES,
  FASTCHANNEL_CELL,
  FASTCHANNEL_CELL_BYTES,
  FASTCHANNEL_CHANNEL,
  FASTCHANNEL_DOORBELL,
  FASTCHANNEL_HAS_DOORBELL,
  FASTCHANNEL_LAST_WRITE,
  FASTCHANNEL_PRESERVE,
  FASTCHANNEL_RATE_LIMIT,
  FASTCHANNEL_SET,
  FASTCHANNEL_VALUE,
  FASTCHANNEL_WIDTH_SHIFT,
  FASTCHANNEL_WRITES,
  FAULT_CONFIG,
  FAULT_INDEX,
  FAULT_NO_ROOM,
  FAULT_RATE_LIMITED,
  TABLE_CAPACITY,
  TABLE_COUNT,
  TRACE_FASTCHANNEL,
} from "./layout";
import { isInMemory } from "./map";
import { channelAt, fastChannelAt, isRow } from "./table";
import * as trace from "./trace";
import { increment } from "./words";

export function openFastChannel(
  core: usize,
  channel: u32,
  cell: u32,
  cellBytes: u32,
  doorbell: u32,
  attributes: u32,
): i32 {
  if (!isRow(core, CORE_CHANNELS, channel)) return FAULT_INDEX;
  if (cellBytes != 4 && cellBytes != 8) return FAULT_CONFIG;
  if (!isInMemory(core + cell, cellBytes, 4)) return FAULT_CONFIG;
  if (attributes & FASTCHANNEL_HAS_DOORBELL) {
    const width = widthOf(attributes);
    if (!isInMemory(core + doorbell, width, width)) return FAULT_CONFIG;
  }
  const table = core + CORE_FASTCHANNELS;
  const index = load<u32>(table, TABLE_COUNT);
  if (index >= load<u32>(table, TABLE_CAPACITY)) return FAULT_NO_ROOM;
  store<u32>(table, index + 1, TABLE_COUNT);
  const fast = fastChannelAt(core, index);
  store<u32>(fast, cell, FASTCHANNEL_CELL);
  store<u32>(fast, cellBytes, FASTCHANNEL_CELL_BYTES);
  store<u32>(fast, attributes, FASTCHANNEL_ATTRIBUTES);
  store<u32>(fast, doorbell, FASTCHANNEL_DOORBELL);
  store<u32>(fast, channel, FASTCHANNEL_CHANNEL);
  // So that the first write is never too early
  store<f64>(fast, -Infinity, FASTCHANNEL_LAST_WRITE);
  return index;
}

export function writeFastChannel(core: usize, index: u32, first: u32, second: u32, now: f64): i32 {
  if (!isRow(core, CORE_FASTCHANNELS, index)) return FAULT_INDEX;
  const fast = fastChannelAt(core, index);
  const limitUs = load<u32>(fast, FASTCHANNEL_RATE_LIMIT);
  if (limitUs && now - load<f64>(fast, FASTCHANNEL_LAST_WRITE) < <f64>limitUs * 1000) return FAULT_RATE_LIMITED;
  store<f64>(fast, now, FASTCHANNEL_LAST_WRITE);
  const cell = core + load<u32>(fast, FASTCHANNEL_CELL);
  const isPair = load<u32>(fast, FASTCHANNEL_CELL_BYTES) == 8;
  if (ASC_FEATURE_THREADS) {
    atomic.store<u32>(cell, first);
    if (isPair) atomic.store<u32>(cell, second, 4);
  } else {
    store<u32>(cell, first);
    if (isPair) store<u32>(cell, second, 4);
  }
  // The cell is complete before the register says so
  const attributes = load<u32>(fast, FASTCHANNEL_ATTRIBUTES);
  if (attributes & FASTCHANNEL_HAS_DOORBELL) ringRegister(core, fast, widthOf(attributes));
  increment(fast + FASTCHANNEL_WRITES);
  if (trace.isOn(core)) traceAccess(core, index, cell, first, isPair ? 8 : 4, now);
  return 0;
}

export function readFastChannel(core: usize, index: u32, now: f64): i32 {
  if (!isRow(core, CORE_FASTCHANNELS, index)) return FAULT_INDEX;
  const fast = fastChannelAt(core, index);
  const cell = core + load<u32>(fast, FASTCHANNEL_CELL);
  const first = ASC_FEATURE_THREADS ? atomic.load<u32>(cell) : load<u32>(cell);
  store<u32>(fast, first, FASTCHANNEL_VALUE);
  const isPair = load<u32>(fast, FASTCHANNEL_CELL_BYTES) == 8;
  if (isPair)
    store<u32>(fast, ASC_FEATURE_THREADS ? atomic.load<u32>(cell, 4) : load<u32>(cell, 4), FASTCHANNEL_VALUE + 4);
  if (trace.isOn(core)) traceAccess(core, index, fast + FASTCHANNEL_VALUE, first, isPair ? 8 : 4, now);
  return 0;
}

function widthOf(attributes: u32): u32 {
  return 1 << ((attributes >>> FASTCHANNEL_WIDTH_SHIFT) & 3);
}

/** new = set | (preserve ? old & preserve : 0), in the register's width. */
function ringRegister(core: usize, fast: usize, width: u32): void {
  const register = core + load<u32>(fast, FASTCHANNEL_DOORBELL);
  const set = load<u64>(fast, FASTCHANNEL_SET);
  const preserve = load<u64>(fast, FASTCHANNEL_PRESERVE);
  switch (width) {
    case 1:
      storeRegister<u8>(register, <u8>set, <u8>preserve);
      break;
    case 2:
      storeRegister<u16>(register, <u16>set, <u16>preserve);
      break;
    case 4:
      storeRegister<u32>(register, <u32>set, <u32>preserve);
      break;
    default:
      storeRegister<u64>(register, set, preserve);
  }
}

function storeRegister<T>(register: usize, set: T, preserve: T): void {
  if (ASC_FEATURE_THREADS) {
    const kept = preserve ? atomic.load<T>(register) & preserve : 0;
    atomic.store<T>(register, <T>(set | kept));
  } else {
    const kept = preserve ? load<T>(register) & preserve : 0;
    store<T>(register, <T>(set | kept));
  }
}

function traceAccess(core: usize, index: u32, from: usize, first: u32, bytes: u32, now: f64): void {
  const channel = channelAt(core, load<u32>(fastChannelAt(core, index), FASTCHANNEL_CHANNEL));
  trace.write(core, TRACE_FASTCHANNEL, channel, index, first, bytes, from, bytes, now);
}
