// How two threads wake each other. Only the threads build sleeps; elsewhere nothing can change during a call.

import * as areas from "./area";
import {
  CHANNEL_AREA,
  CORE_CHANNELS,
  DOORBELL_AGENT,
  DOORBELL_AGENT_WAITERS,
  DOORBELL_PLATFORM,
  DOORBELL_PLATFORM_WAITERS,
  FAULT_CHANNEL_KIND,
  FAULT_INDEX,
  RING_PLATFORM,
} from "./layout";
import { channelAt, countersOf, isRow } from "./table";
import { increment } from "./words";

export function ring(core: usize, channelIndex: u32, side: u32): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const bells = countersOf(core, channelAt(core, channelIndex));
  const bell = bells + (side == RING_PLATFORM ? DOORBELL_PLATFORM : DOORBELL_AGENT);
  if (ASC_FEATURE_THREADS) {
    atomic.add<u32>(bell, 1);
    const waiters = bells + (side == RING_PLATFORM ? DOORBELL_PLATFORM_WAITERS : DOORBELL_AGENT_WAITERS);
    if (atomic.load<u32>(waiters)) atomic.notify(bell, -1);
  } else {
    increment(bell);
  }
  return 0;
}

export function awaitCommand(core: usize, channelIndex: u32, spins: u32, timeoutNs: f64): i32 {
  return awaitTurn(core, channelIndex, false, DOORBELL_PLATFORM, DOORBELL_PLATFORM_WAITERS, spins, timeoutNs);
}

export function awaitAnswer(core: usize, channelIndex: u32, spins: u32, timeoutNs: f64): i32 {
  return awaitTurn(core, channelIndex, true, DOORBELL_AGENT, DOORBELL_AGENT_WAITERS, spins, timeoutNs);
}

/** 1 once the area is the waiting side's. The agent's turn is an area that is free, or in error. */
function awaitTurn(
  core: usize,
  channelIndex: u32,
  isAgent: bool,
  bell: u32,
  waiters: u32,
  spins: u32,
  timeoutNs: f64,
): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (!load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  const area = areas.at(core, channel);
  if (isTurn(channel, area, isAgent)) return 1;
  if (ASC_FEATURE_THREADS) {
    for (let i: u32 = 0; i < spins; i++) {
      if (isTurn(channel, area, isAgent)) return 1;
    }
    if (!(timeoutNs > 0)) return 0;
    const bells = countersOf(core, channel);
    // Announced before the last look: who rings after it sees the waiter
    atomic.add<u32>(bells + waiters, 1);
    const seen = atomic.load<u32>(bells + bell);
    if (!isTurn(channel, area, isAgent)) {
      atomic.wait<i32>(bells + bell, seen, <i64>min(timeoutNs, 9e15));
    }
    atomic.sub<u32>(bells + waiters, 1);
    return isTurn(channel, area, isAgent) ? 1 : 0;
  }
  return 0;
}

function isTurn(channel: usize, area: usize, isAgent: bool): bool {
  return isAgent ? areas.answeredBits(channel, area) != 0 : !areas.isFree(channel, area);
}
