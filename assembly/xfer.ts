// The life of an xfer: who owns it, and how it ends (state diagram in docs/abi.md section 3).

import * as header from "./header";
import {
  CHANNEL_INDEX,
  CHANNEL_POSTED,
  CORE_NEXT_DEADLINE,
  COUNTERS_DELAYED_TIMEOUT,
  FAULT_NO_XFER,
  INSTANCE_XFER_FREE,
  NO_INDEX,
  QUARANTINE_OWES_DELAYED,
  QUARANTINE_OWES_RESPONSE,
  XFER_ACQUIRED,
  XFER_AWAITING_DELAYED,
  XFER_CHANNEL,
  XFER_DEADLINE,
  XFER_DONE,
  XFER_FAULT,
  XFER_FLAGS,
  XFER_FLAGS_ASYNC,
  XFER_HEADER,
  XFER_IDLE,
  XFER_INSTANCE,
  XFER_LENGTH,
  XFER_POSTED,
  XFER_STATE,
} from "./layout";
import { countersOf, xferAt } from "./table";
import * as tokens from "./token";

export function isInFlight(state: u32): bool {
  return state == XFER_POSTED || state == XFER_AWAITING_DELAYED;
}

export function instanceOf(core: usize, xfer: usize): usize {
  return core + load<u32>(xfer, XFER_INSTANCE);
}

/** The channel an xfer was posted on. */
export function channelOf(core: usize, xfer: usize): usize {
  return core + load<u32>(xfer, XFER_CHANNEL);
}

/** Takes a free xfer of the instance; its index or FAULT_NO_XFER. */
export function take(core: usize, instance: usize): i32 {
  const index = load<u32>(instance, INSTANCE_XFER_FREE);
  if (index == NO_INDEX) return FAULT_NO_XFER;
  const xfer = xferAt(core, index);
  store<u32>(instance, load<u32>(xfer, XFER_FLAGS), INSTANCE_XFER_FREE);
  store<u32>(xfer, XFER_ACQUIRED, XFER_STATE);
  store<u32>(xfer, 0, XFER_FLAGS);
  store<i32>(xfer, 0, XFER_FAULT);
  return index;
}

/** Puts an owned xfer back. */
export function put(instance: usize, xfer: usize, index: u32): void {
  store<u32>(xfer, XFER_IDLE, XFER_STATE);
  store<u32>(xfer, load<u32>(instance, INSTANCE_XFER_FREE), XFER_FLAGS);
  store<u32>(instance, index, INSTANCE_XFER_FREE);
}

/** Sets the deadline, and lets `tick` know that there is something to look for. */
export function setDeadline(core: usize, xfer: usize, at: f64): void {
  store<f64>(xfer, at, XFER_DEADLINE);
  if (at < load<f64>(core, CORE_NEXT_DEADLINE)) store<f64>(core, at, CORE_NEXT_DEADLINE);
}

/** Ends an xfer whose token nobody will answer to any more. */
export function finish(core: usize, instance: usize, xfer: usize, fault: i32, byteLength: u32): void {
  tokens.put(core, instance, header.token(load<u32>(xfer, XFER_HEADER)));
  end(xfer, XFER_DONE, fault, byteLength);
}

/** A good response to an async command: the xfer waits on, its token stays live. */
export function awaitDelayed(core: usize, channel: usize, xfer: usize, byteLength: u32, now: f64): void {
  store<u32>(xfer, byteLength, XFER_LENGTH);
  store<u32>(xfer, XFER_AWAITING_DELAYED, XFER_STATE);
  setDeadline(core, xfer, now + load<f64>(countersOf(core, channel), COUNTERS_DELAYED_TIMEOUT));
}

/** Takes an xfer out of flight while answers to it may still come: its token goes into quarantine. */
export function giveUp(core: usize, xfer: usize, state: u32, owes: u32, fault: i32, byteLength: u32): void {
  const channel = channelOf(core, xfer);
  leaveArea(core, channel, xfer);
  const instance = instanceOf(core, xfer);
  tokens.quarantine(core, instance, load<u32>(channel, CHANNEL_INDEX), load<u32>(xfer, XFER_HEADER), owes);
  end(xfer, state, fault, byteLength);
}

function end(xfer: usize, state: u32, fault: i32, byteLength: u32): void {
  store<u32>(xfer, byteLength, XFER_LENGTH);
  store<i32>(xfer, fault, XFER_FAULT);
  store<u32>(xfer, state, XFER_STATE);
}

/** The answers that an xfer in flight still waits for, as quarantine bits. */
export function owed(xfer: usize): u32 {
  if (load<u32>(xfer, XFER_STATE) == XFER_AWAITING_DELAYED) return QUARANTINE_OWES_DELAYED;
  const isAsync = load<u32>(xfer, XFER_FLAGS) & XFER_FLAGS_ASYNC;
  return isAsync ? QUARANTINE_OWES_RESPONSE | QUARANTINE_OWES_DELAYED : QUARANTINE_OWES_RESPONSE;
}

/** The xfer no longer waits for the area of its channel; CHANNEL_OUTSTANDING keeps who still owns that. */
export function leaveArea(core: usize, channel: usize, xfer: usize): void {
  const posted = load<u32>(channel, CHANNEL_POSTED);
  if (posted != NO_INDEX && xferAt(core, posted) == xfer) store<u32>(channel, NO_INDEX, CHANNEL_POSTED);
}
