// Whole exchanges in one call, one by one or by the thousand (docs/abi.md section 7).

import * as agent from "./agent";
import * as areas from "./area";
import * as fast from "./fast";
import {
  CHANNEL_AREA,
  CHANNEL_INSTANCE,
  COMMAND_ASYNC,
  COMPLETION_FAULT,
  COMPLETION_HEADER,
  COMPLETION_LENGTH,
  COMPLETION_PAYLOAD,
  COMPLETION_TAG,
  CORE_BATCH_PAYLOAD,
  CORE_CHANNELS,
  CORE_COMPLETIONS,
  CORE_RUN_STOP,
  CORE_RUN_XFER,
  CORE_SUBMISSIONS,
  CORE_XFERS,
  FAULT_CHANNEL_KIND,
  FAULT_COMPLETIONS_FULL,
  FAULT_EVENTS_FULL,
  FAULT_HOST_NEEDED,
  FAULT_INDEX,
  FAULT_LENGTH,
  FAULT_STATE,
  INSTANCE_XFER_FREE,
  NO_INDEX,
  RING_CAPACITY,
  RING_HEAD,
  RING_OFFSET,
  RING_STRIDE,
  RING_TAIL,
  SMT_HEADER,
  SMT_PAYLOAD,
  SUBMISSION_CHANNEL,
  SUBMISSION_COMMAND,
  SUBMISSION_LENGTH,
  SUBMISSION_PAYLOAD,
  SUBMISSION_TAG,
  XFER_DONE,
  XFER_FAULT,
  XFER_HEADER,
  XFER_IDLE,
  XFER_LENGTH,
  XFER_PAYLOAD,
  XFER_STATE,
} from "./layout";
import * as platform from "./platform";
import { channelAt, isRow, xferAt } from "./table";
import * as xfers from "./xfer";

export function exchange(core: usize, channelIndex: u32, index: u32, command: u32, byteLength: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex) || !isRow(core, CORE_XFERS, index)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  const xfer = xferAt(core, index);
  const state = load<u32>(xfer, XFER_STATE);
  if (state == XFER_IDLE || xfers.isInFlight(state)) return FAULT_STATE;
  const instance = xfers.instanceOf(core, xfer);
  if (core + load<u32>(channel, CHANNEL_INSTANCE) != instance) return FAULT_CHANNEL_KIND;
  const payload = xfer + XFER_PAYLOAD;
  const bytes = fast.exchange(core, channel, instance, command, payload, byteLength, now);
  if (bytes >= 0) {
    const area = areas.at(core, channel);
    fast.moveAnswer(payload, area + SMT_PAYLOAD, bytes);
    store<u32>(xfer, load<u32>(area, SMT_HEADER), XFER_HEADER);
    store<u32>(xfer, bytes, XFER_LENGTH);
    store<i32>(xfer, 0, XFER_FAULT);
    store<u32>(xfer, XFER_DONE, XFER_STATE);
    return XFER_DONE;
  }
  const fault = agent.send(core, channel, instance, xfer, index, command, payload, byteLength, now);
  if (fault < 0) return fault;
  if (load<u32>(channel, CHANNEL_AREA)) {
    platform.serveArea(core, channel, now);
    agent.settleArea(core, channel, 0, 0, now);
  }
  return load<u32>(xfer, XFER_STATE);
}

export function run(core: usize, budget: u32, now: f64): i32 {
  const submissions = core + CORE_SUBMISSIONS;
  const completions = core + CORE_COMPLETIONS;
  const stride = load<u32>(submissions, RING_STRIDE);
  const capacity = load<u32>(submissions, RING_CAPACITY);
  const payload = load<u32>(core, CORE_BATCH_PAYLOAD);
  const entries = core + load<u32>(submissions, RING_OFFSET);
  const results = core + load<u32>(completions, RING_OFFSET);
  // Nobody else moves the rings during the call: how far it can go is known before the first step
  const head = load<u32>(submissions, RING_HEAD);
  const tail = load<u32>(completions, RING_TAIL);
  const wanted = min(budget, load<u32>(submissions, RING_TAIL) - head);
  const room = capacity - (tail - load<u32>(completions, RING_HEAD));
  const count = min(wanted, room);
  let stop = room < wanted ? FAULT_COMPLETIONS_FULL : 0;
  // Addresses that move on, not indices: fewer values are alive during a step, and the engine keeps them in registers
  const entriesEnd = entries + capacity * stride;
  const resultsEnd = results + capacity * stride;
  let entry = entries + (head & (capacity - 1)) * stride;
  let completion = results + (tail & (capacity - 1)) * stride;
  let left = count;
  while (left) {
    const fault = step(core, entry, completion, payload, now);
    if (fault) {
      stop = fault;
      break;
    }
    left--;
    entry += stride;
    if (entry == entriesEnd) entry = entries;
    completion += stride;
    if (completion == resultsEnd) completion = results;
  }
  const done = count - left;
  store<u32>(submissions, load<u32>(submissions, RING_HEAD) + done, RING_HEAD);
  store<u32>(completions, load<u32>(completions, RING_TAIL) + done, RING_TAIL);
  store<i32>(core, stop, CORE_RUN_STOP);
  return done;
}

/** Completes one entry, or returns the fault that stops the batch before it. Both entries have `room` payload bytes. */
function step(core: usize, entry: usize, completion: usize, room: u32, now: f64): i32 {
  const channelIndex = load<u32>(entry, SUBMISSION_CHANNEL);
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return complete(entry, completion, FAULT_INDEX, 0, 0);
  const channel = channelAt(core, channelIndex);
  if (load<u32>(core, CORE_RUN_XFER) != NO_INDEX) return resume(core, channel, entry, completion, room, now);
  const byteLength = load<u32>(entry, SUBMISSION_LENGTH);
  if (byteLength > room) return begin(core, channel, entry, completion, room, now);
  // Every entry borrows an xfer, though the fast path has no need to write that down
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  if (load<u32>(instance, INSTANCE_XFER_FREE) == NO_INDEX) return begin(core, channel, entry, completion, room, now);
  const command = load<u32>(entry, SUBMISSION_COMMAND);
  const bytes = fast.exchange(core, channel, instance, command, entry + SUBMISSION_PAYLOAD, byteLength, now);
  if (bytes < 0) return begin(core, channel, entry, completion, room, now);
  const area = areas.at(core, channel);
  const word = load<u32>(area, SMT_HEADER);
  if (<u32>bytes > room) return complete(entry, completion, FAULT_LENGTH, 0, word);
  fast.moveAnswer(completion + COMPLETION_PAYLOAD, area + SMT_PAYLOAD, bytes);
  return complete(entry, completion, 0, bytes, word);
}

/** Posts an entry's command, and goes on with `resume`. */
function begin(core: usize, channel: usize, entry: usize, completion: usize, room: u32, now: f64): i32 {
  const command = load<u32>(entry, SUBMISSION_COMMAND);
  const byteLength = load<u32>(entry, SUBMISSION_LENGTH);
  if (!load<u32>(channel, CHANNEL_AREA) || command & COMMAND_ASYNC) {
    return complete(entry, completion, FAULT_CHANNEL_KIND, 0, 0);
  }
  if (byteLength > room) return complete(entry, completion, FAULT_LENGTH, 0, 0);
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  const index = xfers.take(core, instance);
  if (index < 0) return complete(entry, completion, index, 0, 0);
  const xfer = xferAt(core, index);
  const from = entry + SUBMISSION_PAYLOAD;
  const fault = agent.send(core, channel, instance, xfer, index, command, from, byteLength, now);
  if (fault < 0) {
    xfers.put(instance, xfer, index);
    return complete(entry, completion, fault, 0, 0);
  }
  store<u32>(core, index, CORE_RUN_XFER);
  return resume(core, channel, entry, completion, room, now);
}

/** Serves and settles the command in progress; the fault that stops the batch when its answer is not there yet. */
function resume(core: usize, channel: usize, entry: usize, completion: usize, room: u32, now: f64): i32 {
  const index = load<u32>(core, CORE_RUN_XFER);
  const xfer = xferAt(core, index);
  const to = completion + COMPLETION_PAYLOAD;
  // The host may have published meanwhile: then there is nothing to serve
  agent.settleArea(core, channel, to, room, now);
  if (xfers.isInFlight(load<u32>(xfer, XFER_STATE))) {
    const served = platform.serveArea(core, channel, now);
    agent.settleArea(core, channel, to, room, now);
    if (xfers.isInFlight(load<u32>(xfer, XFER_STATE))) {
      return served == FAULT_EVENTS_FULL ? FAULT_EVENTS_FULL : FAULT_HOST_NEEDED;
    }
  }
  store<u32>(core, NO_INDEX, CORE_RUN_XFER);
  const word = load<u32>(xfer, XFER_HEADER);
  complete(entry, completion, load<i32>(xfer, XFER_FAULT), load<u32>(xfer, XFER_LENGTH), word);
  xfers.put(xfers.instanceOf(core, xfer), xfer, index);
  return 0;
}

function complete(entry: usize, completion: usize, fault: i32, byteLength: u32, word: u32): i32 {
  store<u32>(completion, load<u32>(entry, SUBMISSION_TAG), COMPLETION_TAG);
  store<i32>(completion, fault, COMPLETION_FAULT);
  store<u32>(completion, byteLength, COMPLETION_LENGTH);
  store<u32>(completion, word, COMPLETION_HEADER);
  return 0;
}
