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
  FAULT_NO_XFER,
  FAULT_STATE,
  INSTANCE_XFER_FREE,
  NO_INDEX,
  RING_HEAD,
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
import { channelAt, isRow, ringEntry, ringIsFull, xferAt } from "./table";
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
    fast.move(payload, area + SMT_PAYLOAD, bytes);
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
  let done: u32 = 0;
  let stop = 0;
  while (done < budget && load<u32>(submissions, RING_HEAD) != load<u32>(submissions, RING_TAIL)) {
    if (ringIsFull(completions)) {
      stop = FAULT_COMPLETIONS_FULL;
      break;
    }
    const head = load<u32>(submissions, RING_HEAD);
    const tail = load<u32>(completions, RING_TAIL);
    stop = step(core, ringEntry(core, submissions, head), ringEntry(core, completions, tail), now);
    if (stop) break;
    store<u32>(submissions, head + 1, RING_HEAD);
    store<u32>(completions, tail + 1, RING_TAIL);
    done++;
  }
  store<i32>(core, stop, CORE_RUN_STOP);
  return done;
}

/** Completes one entry, or returns the fault that stops the batch before it. */
function step(core: usize, entry: usize, completion: usize, now: f64): i32 {
  const channelIndex = load<u32>(entry, SUBMISSION_CHANNEL);
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return complete(entry, completion, FAULT_INDEX);
  const channel = channelAt(core, channelIndex);
  const room = load<u32>(core, CORE_SUBMISSIONS + RING_STRIDE) - SUBMISSION_PAYLOAD;
  let index = load<u32>(core, CORE_RUN_XFER);
  let xfer: usize = 0;
  if (index == NO_INDEX) {
    const command = load<u32>(entry, SUBMISSION_COMMAND);
    const byteLength = load<u32>(entry, SUBMISSION_LENGTH);
    if (!load<u32>(channel, CHANNEL_AREA) || command & COMMAND_ASYNC) {
      return complete(entry, completion, FAULT_CHANNEL_KIND);
    }
    if (byteLength > room) return complete(entry, completion, FAULT_LENGTH);
    const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
    const from = entry + SUBMISSION_PAYLOAD;
    if (load<u32>(instance, INSTANCE_XFER_FREE) == NO_INDEX) return complete(entry, completion, FAULT_NO_XFER);
    const bytes = fast.exchange(core, channel, instance, command, from, byteLength, now);
    if (bytes >= 0) {
      if (<u32>bytes > room) return complete(entry, completion, FAULT_LENGTH);
      const area = areas.at(core, channel);
      fast.move(completion + COMPLETION_PAYLOAD, area + SMT_PAYLOAD, bytes);
      store<u32>(completion, load<u32>(entry, SUBMISSION_TAG), COMPLETION_TAG);
      store<i32>(completion, 0, COMPLETION_FAULT);
      store<u32>(completion, bytes, COMPLETION_LENGTH);
      store<u32>(completion, load<u32>(area, SMT_HEADER), COMPLETION_HEADER);
      return 0;
    }
    index = xfers.take(core, instance);
    xfer = xferAt(core, index);
    const fault = agent.send(core, channel, instance, xfer, index, command, from, byteLength, now);
    if (fault < 0) {
      xfers.put(instance, xfer, index);
      return complete(entry, completion, fault);
    }
  } else {
    xfer = xferAt(core, index);
  }
  let state = load<u32>(xfer, XFER_STATE);
  if (xfers.isInFlight(state)) {
    const served = platform.serveArea(core, channel, now);
    agent.settleArea(core, channel, completion + COMPLETION_PAYLOAD, room, now);
    state = load<u32>(xfer, XFER_STATE);
    if (xfers.isInFlight(state)) {
      store<u32>(core, index, CORE_RUN_XFER);
      return served == FAULT_EVENTS_FULL ? FAULT_EVENTS_FULL : FAULT_HOST_NEEDED;
    }
  }
  store<u32>(core, NO_INDEX, CORE_RUN_XFER);
  store<u32>(completion, load<u32>(entry, SUBMISSION_TAG), COMPLETION_TAG);
  store<u32>(completion, load<u32>(xfer, XFER_FAULT), COMPLETION_FAULT);
  store<u32>(completion, load<u32>(xfer, XFER_LENGTH), COMPLETION_LENGTH);
  store<u32>(completion, load<u32>(xfer, XFER_HEADER), COMPLETION_HEADER);
  xfers.put(xfers.instanceOf(core, xfer), xfer, index);
  return 0;
}

function complete(entry: usize, completion: usize, fault: i32): i32 {
  store<u32>(completion, load<u32>(entry, SUBMISSION_TAG), COMPLETION_TAG);
  store<i32>(completion, fault, COMPLETION_FAULT);
  store<u32>(completion, 0, COMPLETION_LENGTH);
  store<u32>(completion, 0, COMPLETION_HEADER);
  return 0;
}
