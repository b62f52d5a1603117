// The agent half: commands out, answers in. What each export does stands in docs/abi.md section 2.

import * as answers from "./answer";
import * as areas from "./area";
import * as claims from "./claim";
import * as header from "./header";
import {
  CHANNEL_AREA,
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CHANNEL_KIND,
  CHANNEL_MAX_PAYLOAD,
  CHANNEL_OUTSTANDING,
  CHANNEL_POSTED,
  CHANNEL_SENT,
  CHANNEL_STRAY,
  CHANNEL_TIMEOUT,
  COMMAND_ASYNC,
  COMMAND_INTERRUPT,
  CORE_CHANNELS,
  CORE_INSTANCES,
  CORE_NEXT_DEADLINE,
  CORE_TICK_CURSOR,
  CORE_TICK_EARLIEST,
  CORE_XFERS,
  COUNTER_ABORTED,
  COUNTER_ERRORS,
  COUNTER_RECYCLED,
  COUNTER_TIMEOUTS,
  FAULT_ABORTED,
  FAULT_BUSY,
  FAULT_CHANNEL_ERROR,
  FAULT_CHANNEL_KIND,
  FAULT_CHANNEL_RESET,
  FAULT_DELAYED_TIMEOUT,
  FAULT_INDEX,
  FAULT_LENGTH,
  FAULT_NO_TOKEN,
  FAULT_NOTHING,
  FAULT_RESPONSE_TIMEOUT,
  FAULT_STATE,
  INSTANCE_XFER_COUNT,
  INSTANCE_XFER_FIRST,
  KIND_P2A,
  MSG_PAYLOAD,
  NO_HEADER,
  NO_INDEX,
  OUTSTANDING_ENDED,
  SMT_FLAGS_INTERRUPT,
  SMT_STATUS_ERROR,
  SMT_STATUS_FREE,
  TABLE_COUNT,
  TOKEN_COUNT,
  TRACE_MALFORMED,
  TRACE_TIMEOUT,
  TYPE_COMMAND,
  TYPE_DELAYED_RESPONSE,
  TYPE_NOTIFICATION,
  XFER_ABORTED,
  XFER_CHANNEL,
  XFER_DEADLINE,
  XFER_FAULT,
  XFER_FLAGS,
  XFER_FLAGS_ASYNC,
  XFER_HEADER,
  XFER_IDLE,
  XFER_LENGTH,
  XFER_PAYLOAD,
  XFER_POSTED,
  XFER_STATE,
  XFER_TIMED_OUT,
} from "./layout";
import * as p2a from "./p2a";
import { channelAt, countersOf, instanceAt, isRow, xferAt } from "./table";
import * as tokens from "./token";
import * as trace from "./trace";
import { increment } from "./words";
import * as xfers from "./xfer";

export function acquire(core: usize, instance: u32): i32 {
  if (!isRow(core, CORE_INSTANCES, instance)) return FAULT_INDEX;
  return xfers.take(core, instanceAt(core, instance));
}

export function release(core: usize, index: u32): i32 {
  if (!isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const xfer = xferAt(core, index);
  const state = load<u32>(xfer, XFER_STATE);
  if (state == XFER_IDLE || xfers.isInFlight(state)) return FAULT_STATE;
  xfers.put(xfers.instanceOf(core, xfer), xfer, index);
  return 0;
}

export function post(core: usize, channelIndex: u32, index: u32, command: u32, byteLength: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex) || !isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const xfer = xferAt(core, index);
  const state = load<u32>(xfer, XFER_STATE);
  if (state == XFER_IDLE || xfers.isInFlight(state)) return FAULT_STATE;
  const channel = channelAt(core, channelIndex);
  const instance = xfers.instanceOf(core, xfer);
  if (core + load<u32>(channel, CHANNEL_INSTANCE) != instance) return FAULT_CHANNEL_KIND;
  return send(core, channel, instance, xfer, index, command, xfer + XFER_PAYLOAD, byteLength, now);
}

/** Posts a command of an owned xfer of the channel's instance, with its parameters at `from`. */
export function send(
  core: usize,
  channel: usize,
  instance: usize,
  xfer: usize,
  index: u32,
  command: u32,
  from: usize,
  byteLength: u32,
  now: f64,
): i32 {
  if (load<u32>(channel, CHANNEL_KIND) & KIND_P2A) return FAULT_CHANNEL_KIND;
  if (byteLength > load<u32>(channel, CHANNEL_MAX_PAYLOAD)) return FAULT_LENGTH;
  const offset = load<u32>(channel, CHANNEL_AREA);
  const area = core + offset;
  if (offset) {
    if (load<u32>(channel, CHANNEL_POSTED) != NO_INDEX || !areas.isFree(channel, area)) return FAULT_BUSY;
    if (load<u32>(channel, CHANNEL_OUTSTANDING) != NO_HEADER) takeBack(core, channel, area, now);
  }
  const taken = tokens.take(core, instance, index);
  if (taken < 0) return FAULT_NO_TOKEN;
  if (taken & tokens.RECYCLED) increment(countersOf(core, channel) + COUNTER_RECYCLED);
  const word = header.pack(command, taken & (TOKEN_COUNT - 1));

  store<u32>(xfer, XFER_POSTED, XFER_STATE);
  store<u32>(xfer, byteLength, XFER_LENGTH);
  store<u32>(xfer, <u32>(channel - core), XFER_CHANNEL);
  store<u32>(xfer, command & COMMAND_ASYNC ? XFER_FLAGS_ASYNC : 0, XFER_FLAGS);
  store<i32>(xfer, 0, XFER_FAULT);
  store<u32>(xfer, word, XFER_HEADER);
  xfers.setDeadline(core, xfer, now + load<f64>(channel, CHANNEL_TIMEOUT));
  increment(channel + CHANNEL_SENT);
  if (trace.isOn(core)) trace.posted(core, channel, word, !(command & COMMAND_INTERRUPT), from, byteLength, now);

  if (offset) {
    store<u32>(channel, index, CHANNEL_POSTED);
    store<u32>(channel, word, CHANNEL_OUTSTANDING);
    store<u32>(channel, word, CHANNEL_STRAY);
    areas.post(channel, area, command & COMMAND_INTERRUPT ? SMT_FLAGS_INTERRUPT : 0, word, from, byteLength);
  }
  return 0;
}

export function settle(core: usize, channelIndex: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (load<u32>(channel, CHANNEL_KIND) & KIND_P2A || !load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  return settleArea(core, channel, 0, 0, now);
}

/** Looks for the answer in an A2P area. It goes to `to`, which has room for `room` bytes, or to the xfer when `to`
 *  is 0. Returns the xfer that made progress, or FAULT_NOTHING. */
export function settleArea(core: usize, channel: usize, to: usize, room: u32, now: f64): i32 {
  if (load<u32>(channel, CHANNEL_OUTSTANDING) == NO_HEADER) return FAULT_NOTHING;
  const area = areas.at(core, channel);
  const bits = areas.answeredBits(channel, area);
  if (!bits) return FAULT_NOTHING;
  const index = load<u32>(channel, CHANNEL_POSTED);
  if (index == NO_INDEX) {
    if (bits & SMT_STATUS_FREE) takeBack(core, channel, area, now);
    return FAULT_NOTHING;
  }
  const xfer = xferAt(core, index);
  const word = areas.header(channel, area);
  if (word != load<u32>(xfer, XFER_HEADER)) {
    if (load<u32>(channel, CHANNEL_STRAY) != word) {
      store<u32>(channel, word, CHANNEL_STRAY);
      judge(core, channel, area, word, now);
    }
    return FAULT_NOTHING;
  }
  store<u32>(channel, NO_INDEX, CHANNEL_POSTED);
  store<u32>(channel, bits & SMT_STATUS_FREE ? NO_HEADER : word | OUTSTANDING_ENDED, CHANNEL_OUTSTANDING);
  if (bits & SMT_STATUS_ERROR) {
    answers.count(core, channel, COUNTER_ERRORS, TRACE_MALFORMED, word, 0, 0, 0, now);
    xfers.finish(core, xfers.instanceOf(core, xfer), xfer, FAULT_CHANNEL_ERROR, 0);
    return index;
  }
  const bytes = areas.answerBytes(channel, area);
  if (answers.breaksLength(channel, bytes, areas.capacity(channel))) {
    answers.malformed(core, channel, xfer, bytes, areas.payload(channel, area), areas.capacity(channel), now);
  } else {
    if (!to) {
      to = xfer + XFER_PAYLOAD;
      room = bytes;
    }
    answers.respond(core, channel, xfer, to, room, areas.payload(channel, area), bytes - 4, now);
  }
  return index;
}

export function poll(core: usize, index: u32, now: f64): i32 {
  if (!isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const xfer = xferAt(core, index);
  let state = load<u32>(xfer, XFER_STATE);
  if (xfers.isInFlight(state)) {
    const channel = xfers.channelOf(core, xfer);
    if (load<u32>(channel, CHANNEL_AREA)) settleArea(core, channel, 0, 0, now);
    state = load<u32>(xfer, XFER_STATE);
  }
  if (!xfers.isInFlight(state) || now < load<f64>(xfer, XFER_DEADLINE)) return state;
  expire(core, xfer, now);
  return XFER_TIMED_OUT;
}

export function drain(core: usize, channelIndex: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (!(load<u32>(channel, CHANNEL_KIND) & KIND_P2A) || !load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  return p2a.drain(core, channel, now);
}

export function deliver(core: usize, channelIndex: u32, at: usize, byteLength: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  const isReadable = byteLength >= <u32>MSG_PAYLOAD;
  const word: u32 = isReadable ? load<u32>(at) : NO_HEADER;
  const type = header.type(word);
  const from = at + MSG_PAYLOAD;
  const capacity = byteLength - MSG_PAYLOAD;
  const isResponse = type == TYPE_COMMAND && !(load<u32>(channel, CHANNEL_KIND) & KIND_P2A);
  if (isReadable && (isResponse || type == TYPE_DELAYED_RESPONSE)) {
    return answers.take(core, channel, word, from, byteLength, capacity, now);
  }
  if (isReadable && type == TYPE_NOTIFICATION) p2a.notification(core, channel, word, from, byteLength, capacity, now);
  else answers.refuse(core, channel, word, byteLength, isReadable ? from : 0, isReadable ? capacity : 0, now);
  return FAULT_NOTHING;
}

export function abort(core: usize, index: u32): i32 {
  if (!isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const xfer = xferAt(core, index);
  if (!xfers.isInFlight(load<u32>(xfer, XFER_STATE))) return FAULT_STATE;
  increment(countersOf(core, xfers.channelOf(core, xfer)) + COUNTER_ABORTED);
  xfers.giveUp(core, xfer, XFER_ABORTED, xfers.owed(xfer), FAULT_ABORTED, 0);
  return 0;
}

export function setDeadline(core: usize, index: u32, at: f64): i32 {
  if (!isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const xfer = xferAt(core, index);
  if (!xfers.isInFlight(load<u32>(xfer, XFER_STATE))) return FAULT_STATE;
  xfers.setDeadline(core, xfer, at);
  return 0;
}

/** A full look at all xfers happens only when the earliest known deadline has passed, not a message. */
export function tick(core: usize, now: f64): i32 {
  let i = load<u32>(core, CORE_TICK_CURSOR);
  let earliest = load<f64>(core, CORE_TICK_EARLIEST);
  const count = load<u32>(core, CORE_XFERS + TABLE_COUNT);
  while (true) {
    if (!i) {
      if (now < load<f64>(core, CORE_NEXT_DEADLINE)) return FAULT_NOTHING;
      // Commands posted while the look is under way start from here
      store<f64>(core, Infinity, CORE_NEXT_DEADLINE);
      earliest = Infinity;
    }
    for (; i < count; i++) {
      const xfer = xferAt(core, i);
      if (!xfers.isInFlight(load<u32>(xfer, XFER_STATE))) continue;
      const deadline = load<f64>(xfer, XFER_DEADLINE);
      if (now < deadline) {
        earliest = min(earliest, deadline);
        continue;
      }
      expire(core, xfer, now);
      store<u32>(core, i + 1, CORE_TICK_CURSOR);
      store<f64>(core, earliest, CORE_TICK_EARLIEST);
      return i;
    }
    // What was posted behind the look's back may have expired, too: then it starts anew, once
    if (earliest < load<f64>(core, CORE_NEXT_DEADLINE)) store<f64>(core, earliest, CORE_NEXT_DEADLINE);
    store<u32>(core, 0, CORE_TICK_CURSOR);
    i = 0;
  }
}

export function resetChannel(core: usize, channelIndex: u32): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  let failed = 0;
  const first = load<u32>(instance, INSTANCE_XFER_FIRST);
  const end = first + load<u32>(instance, INSTANCE_XFER_COUNT);
  for (let i = first; i < end; i++) {
    const xfer = xferAt(core, i);
    if (!xfers.isInFlight(load<u32>(xfer, XFER_STATE)) || xfers.channelOf(core, xfer) != channel) continue;
    xfers.finish(core, instance, xfer, FAULT_CHANNEL_RESET, 0);
    failed++;
  }
  tokens.forgiveChannel(core, instance, load<u32>(channel, CHANNEL_INDEX));
  claims.dropChannel(core, channel);
  areas.reset(core, channel);
  return failed;
}

/** The deadline has passed: the caller is freed, the token waits for what may still come. */
function expire(core: usize, xfer: usize, now: f64): void {
  const channel = xfers.channelOf(core, xfer);
  const fault = load<u32>(xfer, XFER_STATE) == XFER_POSTED ? FAULT_RESPONSE_TIMEOUT : FAULT_DELAYED_TIMEOUT;
  increment(countersOf(core, channel) + COUNTER_TIMEOUTS);
  if (trace.isOn(core)) trace.write(core, TRACE_TIMEOUT, channel, load<u32>(xfer, XFER_HEADER), fault, 0, 0, 0, now);
  xfers.giveUp(core, xfer, XFER_TIMED_OUT, xfers.owed(xfer), fault, 0);
}

/** The platform has given back an area whose caller gave up: its answer is taken in now. */
function takeBack(core: usize, channel: usize, area: usize, now: f64): void {
  const word = areas.header(channel, area);
  const outstanding = load<u32>(channel, CHANNEL_OUTSTANDING);
  const known = outstanding & OUTSTANDING_ENDED ? outstanding ^ OUTSTANDING_ENDED : load<u32>(channel, CHANNEL_STRAY);
  store<u32>(channel, NO_HEADER, CHANNEL_OUTSTANDING);
  if (word == outstanding || word != known) judge(core, channel, area, word, now);
}

/** An answer in an A2P area that is not the one waited for. */
function judge(core: usize, channel: usize, area: usize, word: u32, now: f64): void {
  const bytes = areas.answerBytes(channel, area);
  if (header.type(word) != TYPE_COMMAND) {
    answers.refuse(core, channel, word, bytes, areas.payload(channel, area), areas.capacity(channel), now);
  } else {
    answers.take(core, channel, word, areas.payload(channel, area), bytes, areas.capacity(channel), now);
  }
}
