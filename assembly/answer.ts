// What an answer means: which xfer it belongs to, or which counter (docs/abi.md sections 3 and 4).

import * as header from "./header";
import {
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CHANNEL_MAX_PAYLOAD,
  CHANNEL_RESPONSES,
  COUNTER_DELAYED,
  COUNTER_LATE,
  COUNTER_MALFORMED,
  COUNTER_UNEXPECTED,
  FAULT_LENGTH,
  FAULT_MALFORMED,
  FAULT_NOTHING,
  NO_INDEX,
  QUARANTINE_CHANNEL,
  QUARANTINE_HEADER,
  QUARANTINE_OWES_DELAYED,
  QUARANTINE_OWES_RESPONSE,
  STATUS_BYTES,
  STATUS_PROTOCOL_ERROR,
  TRACE_DELAYED_RESPONSE,
  TRACE_LATE,
  TRACE_MALFORMED,
  TRACE_RESPONSE,
  TRACE_UNEXPECTED,
  TYPE_COMMAND,
  XFER_AWAITING_DELAYED,
  XFER_DONE,
  XFER_FLAGS,
  XFER_FLAGS_ASYNC,
  XFER_HEADER,
  XFER_PAYLOAD,
  XFER_POSTED,
  XFER_STATE,
} from "./layout";
import { countersOf, xferAt } from "./table";
import * as tokens from "./token";
import * as trace from "./trace";
import { copy, increment } from "./words";
import * as xfers from "./xfer";

/** True when `bytes` (header and payload) cannot be an answer on this channel: no status, or more than it carries. */
export function breaksLength(channel: usize, bytes: u32, capacity: u32): bool {
  const payload = bytes - 4;
  return bytes < 8 || payload > load<u32>(channel, CHANNEL_MAX_PAYLOAD) || payload > capacity;
}

/** Ends or moves on the xfer that a matching response belongs to. The answer goes to `to`, if its `room` suffices. */
export function respond(
  core: usize,
  channel: usize,
  xfer: usize,
  to: usize,
  room: u32,
  from: usize,
  byteLength: u32,
  now: f64,
): void {
  const fits = byteLength <= room;
  if (fits) copy(to, from, byteLength);
  increment(channel + CHANNEL_RESPONSES);
  // Judged from the copy: the peer may have changed the area since
  const status = load<i32>(fits ? to : from);
  if (trace.isOn(core)) {
    trace.write(
      core,
      TRACE_RESPONSE,
      channel,
      load<u32>(xfer, XFER_HEADER),
      status,
      byteLength,
      fits ? to : from,
      byteLength,
      now,
    );
  }
  if (fits && status == 0 && load<u32>(xfer, XFER_FLAGS) & XFER_FLAGS_ASYNC) {
    xfers.awaitDelayed(core, channel, xfer, byteLength, now);
  } else {
    xfers.finish(core, xfers.instanceOf(core, xfer), xfer, fits ? 0 : FAULT_LENGTH, fits ? byteLength : 0);
  }
}

/** Ends an xfer whose own answer cannot be read. */
export function malformed(
  core: usize,
  channel: usize,
  xfer: usize,
  bytes: u32,
  from: usize,
  capacity: u32,
  now: f64,
): void {
  increment(countersOf(core, channel) + COUNTER_MALFORMED);
  if (trace.isOn(core)) {
    const word = load<u32>(xfer, XFER_HEADER);
    trace.write(core, TRACE_MALFORMED, channel, word, FAULT_MALFORMED, bytes, from, readable(bytes, capacity), now);
  }
  xfers.finish(core, xfers.instanceOf(core, xfer), xfer, FAULT_MALFORMED, 0);
}

/** Judges an answer that no area vouches for: a delayed response, or a response that the host brought.
 *  `capacity` bytes stand at `from`, `bytes` is what its sender claims, header included.
 *  Returns the index of the xfer that made progress, or FAULT_NOTHING. */
export function take(core: usize, channel: usize, word: u32, from: usize, bytes: u32, capacity: u32, now: f64): i32 {
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  const index = tokens.find(core, instance, header.token(word));
  if (index == NO_INDEX) {
    stray(core, channel, word, from, bytes, capacity, now);
    return FAULT_NOTHING;
  }
  const xfer = xferAt(core, index);
  const state = load<u32>(xfer, XFER_STATE);
  const isDelayed = header.type(word) != TYPE_COMMAND;
  const isAsync = (load<u32>(xfer, XFER_FLAGS) & XFER_FLAGS_ASYNC) != 0;
  const isMatch = header.commandOf(word) == load<u32>(xfer, XFER_HEADER);
  const isDue = isDelayed ? isAsync : state == XFER_POSTED && xfers.channelOf(core, xfer) == channel;
  if (!isMatch || !isDue) {
    refuse(core, channel, word, bytes, from, capacity, now);
    return FAULT_NOTHING;
  }
  if (!isDelayed) {
    if (breaksLength(channel, bytes, capacity)) malformed(core, channel, xfer, bytes, from, capacity, now);
    else respond(core, channel, xfer, xfer + XFER_PAYLOAD, capacity, from, bytes - 4, now);
    return index;
  }
  let fault: i32 = 0;
  let byteLength: u32 = 0;
  if (breaksLength(channel, bytes, capacity)) {
    fault = FAULT_MALFORMED;
    refuse(core, channel, word, bytes, from, capacity, now);
  } else {
    byteLength = bytes - 4;
    copy(xfer + XFER_PAYLOAD, from, byteLength);
    count(core, channel, COUNTER_DELAYED, TRACE_DELAYED_RESPONSE, word, byteLength, from, byteLength, now);
  }
  if (state == XFER_AWAITING_DELAYED) {
    xfers.finish(core, instance, xfer, fault, byteLength);
  } else {
    // It overtook its response, which the platform still owes, and with it the area
    xfers.giveUp(core, xfer, XFER_DONE, QUARANTINE_OWES_RESPONSE, fault, byteLength);
  }
  return index;
}

/** Judges an answer that no xfer in flight has a claim on: late, malformed or unexpected. */
export function stray(core: usize, channel: usize, word: u32, from: usize, bytes: u32, capacity: u32, now: f64): void {
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  const token = header.token(word);
  const record = tokens.quarantined(core, instance, token);
  if (!record) {
    count(core, channel, COUNTER_UNEXPECTED, TRACE_UNEXPECTED, word, bytes, from, readable(bytes, capacity), now);
    return;
  }
  const held = load<u32>(record, QUARANTINE_HEADER);
  const isDelayed = header.type(word) != TYPE_COMMAND;
  const due: u32 = isDelayed ? QUARANTINE_OWES_DELAYED : QUARANTINE_OWES_RESPONSE;
  const owes = held & (QUARANTINE_OWES_DELAYED | QUARANTINE_OWES_RESPONSE);
  // A response comes on the command's own channel
  const isOwn = isDelayed || load<u32>(record, QUARANTINE_CHANNEL) == load<u32>(channel, CHANNEL_INDEX);
  if (header.commandOf(word) != (held ^ owes) || !(owes & due) || !isOwn) {
    refuse(core, channel, word, bytes, from, capacity, now);
    return;
  }
  count(core, channel, COUNTER_LATE, TRACE_LATE, word, bytes, from, readable(bytes, capacity), now);
  const status = bytes >= 8 && capacity >= <u32>STATUS_BYTES ? load<i32>(from) : STATUS_PROTOCOL_ERROR;
  const left = tokens.owedAfter(owes, isDelayed, status);
  if (left) store<u32>(record, (held ^ owes) | left, QUARANTINE_HEADER);
  else tokens.forgive(core, instance, token);
}

/** Counts a message that breaks the wire format and ends no xfer. */
export function refuse(core: usize, channel: usize, word: u32, bytes: u32, from: usize, capacity: u32, now: f64): void {
  count(core, channel, COUNTER_MALFORMED, TRACE_MALFORMED, word, bytes, from, readable(bytes, capacity), now);
}

/** Counts a message that ends no xfer; `held` bytes of its payload stand at `from`. */
export function count(
  core: usize,
  channel: usize,
  counter: u32,
  kind: u32,
  word: u32,
  bytes: u32,
  from: usize,
  held: u32,
  now: f64,
): void {
  increment(countersOf(core, channel) + counter);
  if (trace.isOn(core)) trace.write(core, kind, channel, word, 0, bytes, from, held, now);
}

/** Payload bytes that are really there, of a message whose sender claims `bytes` with its header. */
function readable(bytes: u32, capacity: u32): u32 {
  return bytes < 4 ? 0 : min(bytes - 4, capacity);
}
