// What the hot handlers share: a domain's description, state and permission, and the record of a change.

import {
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CORE_EVENTS,
  CORE_OBSERVE,
  DOMAIN_BYTES,
  DOMAIN_STATE_BYTES,
  EVENT_AGENT,
  EVENT_CHANNEL,
  EVENT_DOMAIN,
  EVENT_KIND,
  EVENT_NEW,
  EVENT_OLD,
  EVENT_OLD_LEVEL,
  EVENT_TIME,
  INSTANCE_AGENT,
  OBSERVE_EVENTS,
  PERMISSION_HOST_GET,
  PERMISSION_USE,
  PROTOCOL_DOMAIN_TABLE,
  PROTOCOL_DOMAINS,
  PROTOCOL_PERMISSIONS,
  PROTOCOL_STATE,
  RING_TAIL,
  STATUS_BYTES,
  STATUS_DENIED,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from "./layout";
import { NEEDS_HOST } from "./reply";
import { ringEntry } from "./table";

export function descriptionOf(description: usize, protocol: usize, domain: u32): usize {
  return description + load<u32>(protocol, PROTOCOL_DOMAIN_TABLE) + domain * DOMAIN_BYTES;
}

export function stateOf(protocol: usize, state: usize, domain: u32): usize {
  return state + load<u32>(protocol, PROTOCOL_STATE) + domain * DOMAIN_STATE_BYTES;
}

/** PERMISSION_* bits of the agent (index, not id) on a domain below the protocol's count. */
export function permission(protocol: usize, state: usize, agent: u32, domain: u32): u32 {
  const domains = load<u32>(protocol, PROTOCOL_DOMAINS);
  return load<u8>(state + load<u32>(protocol, PROTOCOL_PERMISSIONS) + agent * domains + domain);
}

/** In place of an answer: the handler may go on. */
export const ADMITTED: i32 = 1;

/** Whether the agent may do what takes all of `needed`: ADMITTED, or the answer it gets, at most 0.
 *  @param host PERMISSION_HOST_* bit that leaves the command to the host */
export function admit(protocol: usize, state: usize, agent: u32, domain: u32, needed: u32, host: u32): i32 {
  if (domain >= load<u32>(protocol, PROTOCOL_DOMAINS)) return STATUS_NOT_FOUND;
  const bits = permission(protocol, state, agent, domain);
  if ((bits & needed) != needed) return STATUS_DENIED;
  return bits & host ? NEEDS_HOST : ADMITTED;
}

/** Answers a command that reads the first word of a domain's state: {domain} → {word}. */
export function read(protocol: usize, state: usize, agent: u32, request: usize, reply: usize): i32 {
  const domain = load<u32>(request);
  const admitted = admit(protocol, state, agent, domain, PERMISSION_USE, PERMISSION_HOST_GET);
  if (admitted != ADMITTED) return admitted;
  store<i32>(reply, STATUS_SUCCESS);
  store<u32>(reply, load<u32>(stateOf(protocol, state, domain)), STATUS_BYTES);
  return STATUS_BYTES + 4;
}

/** True when `word` is one of `count` words at `at`. */
export function isListed(at: usize, count: u32, word: u32): bool {
  const end = at + (count << 2);
  while (at < end) {
    if (load<u32>(at) == word) return true;
    at += 4;
  }
  return false;
}

export function isObserved(core: usize): bool {
  return (load<u32>(core, CORE_OBSERVE) & OBSERVE_EVENTS) != 0;
}

/** Records a change, and returns its entry. `serve` has made sure that there is room for one. */
export function changed(core: usize, channel: usize, kind: u32, domain: u32, before: u64, after: u64, now: f64): usize {
  const ring = core + CORE_EVENTS;
  const tail = load<u32>(ring, RING_TAIL);
  const entry = ringEntry(core, ring, tail);
  store<f64>(entry, now, EVENT_TIME);
  store<u32>(entry, kind, EVENT_KIND);
  store<u32>(entry, load<u32>(channel, CHANNEL_INDEX), EVENT_CHANNEL);
  store<u32>(entry, load<u32>(core + load<u32>(channel, CHANNEL_INSTANCE), INSTANCE_AGENT), EVENT_AGENT);
  store<u32>(entry, domain, EVENT_DOMAIN);
  store<u64>(entry, before, EVENT_OLD);
  store<u64>(entry, after, EVENT_NEW);
  store<u64>(entry, 0, EVENT_OLD_LEVEL);
  store<u32>(ring, tail + 1, RING_TAIL);
  return entry;
}
