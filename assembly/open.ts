// Set-up: platform states, SCMI instances, channels. Rows are taken once and never given back.

import * as areas from "./area";
import {
  CHANNEL_AREA,
  CHANNEL_AREA_BYTES,
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CHANNEL_KIND,
  CHANNEL_MAX_PAYLOAD,
  CHANNEL_TIMEOUT,
  CORE_AREA_BYTES,
  CORE_AREAS,
  CORE_CHANNELS,
  CORE_COUNTERS,
  CORE_INSTANCES,
  CORE_MAX_PAYLOAD,
  CORE_QUARANTINES,
  CORE_STATE_BYTES,
  CORE_STATES,
  CORE_TOKEN_SPACES,
  CORE_XFERS,
  COUNTERS_DELAYED_TIMEOUT,
  DEFAULT_DELAYED_TIMEOUT_NS,
  DEFAULT_TIMEOUT_NS,
  DESCRIPTION_AGENTS,
  DESCRIPTION_INITIAL_STATE,
  DESCRIPTION_PROTOCOL_MASKS,
  DESCRIPTION_STATE_BYTES,
  FAULT_CHANNEL_KIND,
  FAULT_CONFIG,
  FAULT_INDEX,
  FAULT_LENGTH,
  FAULT_NO_ROOM,
  INSTANCE_AGENT,
  INSTANCE_DESCRIPTION,
  INSTANCE_INDEX,
  INSTANCE_PROTOCOL_MASK,
  INSTANCE_QUARANTINE,
  INSTANCE_STATE,
  INSTANCE_TOKEN_SPACE,
  INSTANCE_XFER_COUNT,
  INSTANCE_XFER_FIRST,
  INSTANCE_XFER_FREE,
  KIND_FOREIGN,
  KIND_HOLD,
  KIND_MSG,
  KIND_P2A,
  MSG_PAYLOAD,
  NO_INDEX,
  SMALL_SLOTS,
  SMT_MINIMUM_BYTES,
  SMT_PAYLOAD,
  TABLE_CAPACITY,
  TABLE_COUNT,
  TOKEN_COUNT,
  TOKENS_FULL,
  TOKENS_SMALL,
  XFER_FLAGS,
  XFER_INSTANCE,
} from "./layout";
import { isInMemory, takeBytes, takeRows } from "./map";
import { channelAt, countersOf, instanceAt, isRow, rowAt, xferAt } from "./table";
import * as tokens from "./token";

/** `area` of `openChannel`: the host carries the messages itself. */
const NO_AREA: u32 = 0xffffffff;

export function openState(core: usize, description: u32): i32 {
  const at = core + description;
  const bytes = load<u32>(at, DESCRIPTION_STATE_BYTES);
  const state = takeBytes(core, CORE_STATES, load<u32>(core, CORE_STATE_BYTES), bytes);
  if (state >= 0) memory.copy(core + state, at + load<u32>(at, DESCRIPTION_INITIAL_STATE), bytes);
  return state;
}

export function openInstance(core: usize, description: u32, state: u32, agent: u32, xfers: u32, tokenSpace: u32): i32 {
  if (tokenSpace != TOKENS_SMALL && tokenSpace != TOKENS_FULL) return FAULT_CONFIG;
  if (!xfers || xfers > <u32>(tokenSpace == TOKENS_FULL ? TOKEN_COUNT : SMALL_SLOTS)) return FAULT_CONFIG;
  if (description && (!agent || agent > load<u32>(core + description, DESCRIPTION_AGENTS))) return FAULT_CONFIG;
  // All or nothing: look before taking
  if (room(core, CORE_INSTANCES) < 1 || room(core, CORE_XFERS) < xfers) return FAULT_NO_ROOM;
  if (tokenSpace == TOKENS_FULL && room(core, CORE_TOKEN_SPACES) < 1) return FAULT_NO_ROOM;

  const index = takeRows(core, CORE_INSTANCES, 1);
  const instance = instanceAt(core, index);
  const first = takeRows(core, CORE_XFERS, xfers);
  for (let i: u32 = 0; i < xfers; i++) {
    const xfer = xferAt(core, first + i);
    store<u32>(xfer, <u32>(instance - core), XFER_INSTANCE);
    store<u32>(xfer, i + 1 < xfers ? first + i + 1 : NO_INDEX, XFER_FLAGS);
  }
  store<u32>(instance, first, INSTANCE_XFER_FREE);
  store<u32>(instance, first, INSTANCE_XFER_FIRST);
  store<u32>(instance, xfers, INSTANCE_XFER_COUNT);
  store<u32>(instance, <u32>(rowAt(core, CORE_QUARANTINES, index) - core), INSTANCE_QUARANTINE);
  store<u32>(instance, description, INSTANCE_DESCRIPTION);
  store<u32>(instance, state, INSTANCE_STATE);
  store<u32>(instance, agent, INSTANCE_AGENT);
  store<u32>(instance, index, INSTANCE_INDEX);
  if (description) {
    const masks = load<u32>(core + description, DESCRIPTION_PROTOCOL_MASKS);
    store<u32>(instance, state + masks + (agent - 1) * 4, INSTANCE_PROTOCOL_MASK);
  }
  if (tokenSpace == TOKENS_FULL) {
    const space = rowAt(core, CORE_TOKEN_SPACES, takeRows(core, CORE_TOKEN_SPACES, 1));
    tokens.clear(space);
    store<u32>(instance, <u32>(space - core), INSTANCE_TOKEN_SPACE);
  }
  return index;
}

export function openChannel(
  core: usize,
  instanceIndex: u32,
  kind: u32,
  area: u32,
  areaBytes: u32,
  maxMessage: u32,
): i32 {
  if (!isRow(core, CORE_INSTANCES, instanceIndex)) return FAULT_INDEX;
  if (kind & ~(KIND_P2A | KIND_MSG | KIND_HOLD | KIND_FOREIGN)) return FAULT_CHANNEL_KIND;
  if (!room(core, CORE_CHANNELS)) return FAULT_NO_ROOM;
  const isMsg = (kind & KIND_MSG) != 0;
  let limit = min(maxMessage, load<u32>(core, CORE_MAX_PAYLOAD));
  if (area == NO_AREA) {
    if (!isMsg) return FAULT_CHANNEL_KIND;
    area = 0;
    areaBytes = 0;
  } else {
    const head: u32 = isMsg ? MSG_PAYLOAD : SMT_PAYLOAD;
    if (areaBytes < <u32>(isMsg ? MSG_PAYLOAD + 4 : SMT_MINIMUM_BYTES)) return FAULT_LENGTH;
    if (area) {
      if (!isInMemory(core + area, areaBytes, 4)) return FAULT_CONFIG;
    } else {
      const taken = takeBytes(core, CORE_AREAS, load<u32>(core, CORE_AREA_BYTES), areaBytes);
      if (taken < 0) return taken;
      area = taken;
    }
    limit = min(limit, areaBytes - head);
  }
  const index = takeRows(core, CORE_CHANNELS, 1);
  store<u32>(core + CORE_COUNTERS, index + 1, TABLE_COUNT);
  const channel = channelAt(core, index);
  store<u32>(channel, <u32>(instanceAt(core, instanceIndex) - core), CHANNEL_INSTANCE);
  store<u32>(channel, kind, CHANNEL_KIND);
  store<u32>(channel, area, CHANNEL_AREA);
  store<u32>(channel, areaBytes, CHANNEL_AREA_BYTES);
  store<u32>(channel, limit, CHANNEL_MAX_PAYLOAD);
  store<f64>(channel, DEFAULT_TIMEOUT_NS, CHANNEL_TIMEOUT);
  store<u32>(channel, index, CHANNEL_INDEX);
  store<f64>(countersOf(core, channel), DEFAULT_DELAYED_TIMEOUT_NS, COUNTERS_DELAYED_TIMEOUT);
  areas.reset(core, channel);
  return index;
}

function room(core: usize, table: usize): u32 {
  return load<u32>(core + table, TABLE_CAPACITY) - load<u32>(core + table, TABLE_COUNT);
}
