// Messages from platform to agent: the platform writes them, the agent takes them out.

import * as answers from "./answer";
import * as areas from "./area";
import * as header from "./header";
import {
  CHANNEL_AREA,
  CHANNEL_INDEX,
  CHANNEL_KIND,
  CHANNEL_MAX_PAYLOAD,
  CORE_CHANNELS,
  CORE_P2A,
  COUNTER_DROPPED,
  COUNTER_NOTIFICATIONS,
  COUNTER_P2A_BUSY,
  FAULT_BUSY,
  FAULT_CHANNEL_KIND,
  FAULT_INDEX,
  FAULT_LENGTH,
  HEADER_BYTES,
  KIND_P2A,
  P2A_CHANNEL,
  P2A_HEADER,
  P2A_LENGTH,
  P2A_PAYLOAD,
  RING_TAIL,
  SMT_FLAGS,
  SMT_FLAGS_INTERRUPT,
  TRACE_NOTIFICATION,
  TRACE_P2A_SENT,
  TYPE_DELAYED_RESPONSE,
  TYPE_NOTIFICATION,
} from "./layout";
import { channelAt, countersOf, isRow, ringEntry, ringIsFull } from "./table";
import * as trace from "./trace";
import { copy, increment } from "./words";

/** Takes the message out of a P2A area: bit 0 = there was one, bit 1 = its sender wants an acknowledge. */
export function drain(core: usize, channel: usize, now: f64): i32 {
  const area = areas.at(core, channel);
  if (areas.isFree(channel, area)) return 0;
  const isMsg = areas.isMsg(channel);
  // Before the area goes back: the platform may write its next message at once
  const wantsAcknowledge = !isMsg && (load<u32>(area, SMT_FLAGS) & SMT_FLAGS_INTERRUPT) != 0;
  const bytes = areas.commandBytes(channel, area);
  const word = areas.header(channel, area);
  const type = header.type(word);
  const from = areas.payload(channel, area);
  const capacity = areas.capacity(channel);
  const isReadable = bytes >= <u32>HEADER_BYTES;
  if (isReadable && type == TYPE_NOTIFICATION) {
    notification(core, channel, word, from, bytes, capacity, now);
  } else if (isReadable && type == TYPE_DELAYED_RESPONSE) {
    answers.take(core, channel, word, from, bytes, capacity, now);
  } else {
    answers.refuse(core, channel, word, bytes, from, capacity, now);
  }
  areas.free(channel, area);
  return wantsAcknowledge ? 3 : 1;
}

/** Queues a notification for the host, or drops and counts it when the ring is full. */
export function notification(
  core: usize,
  channel: usize,
  word: u32,
  from: usize,
  bytes: u32,
  capacity: u32,
  now: f64,
): void {
  const byteLength = bytes - HEADER_BYTES;
  if (byteLength > load<u32>(channel, CHANNEL_MAX_PAYLOAD) || byteLength > capacity) {
    answers.refuse(core, channel, word, bytes, from, capacity, now);
    return;
  }
  const ring = core + CORE_P2A;
  if (ringIsFull(ring)) {
    increment(countersOf(core, channel) + COUNTER_DROPPED);
    return;
  }
  const tail = load<u32>(ring, RING_TAIL);
  const entry = ringEntry(core, ring, tail);
  store<u32>(entry, load<u32>(channel, CHANNEL_INDEX), P2A_CHANNEL);
  store<u32>(entry, word, P2A_HEADER);
  store<u32>(entry, byteLength, P2A_LENGTH);
  copy(entry + P2A_PAYLOAD, from, byteLength);
  store<u32>(ring, tail + 1, RING_TAIL);
  answers.count(core, channel, COUNTER_NOTIFICATIONS, TRACE_NOTIFICATION, word, byteLength, from, byteLength, now);
}

/** Platform half: writes a notification or delayed response into a P2A area. */
export function sendP2a(core: usize, channelIndex: u32, word: u32, payload: usize, byteLength: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (!(load<u32>(channel, CHANNEL_KIND) & KIND_P2A) || !load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  if (byteLength > load<u32>(channel, CHANNEL_MAX_PAYLOAD)) return FAULT_LENGTH;
  const area = areas.at(core, channel);
  if (!areas.isFree(channel, area)) {
    increment(countersOf(core, channel) + COUNTER_P2A_BUSY);
    return FAULT_BUSY;
  }
  areas.post(channel, area, 0, word, payload, byteLength);
  if (trace.isOn(core)) trace.write(core, TRACE_P2A_SENT, channel, word, 0, byteLength, payload, byteLength, now);
  return 0;
}
