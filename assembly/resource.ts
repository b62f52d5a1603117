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
  EVENT_TIME,
  INSTANCE_AGENT,
  OBSERVE_EVENTS,
  PROTOCOL_DOMAIN_TABLE,
  PROTOCOL_DOMAINS,
  PROTOCOL_PERMISSIONS,
  PROTOCOL_STATE,
  RING_TAIL,
} from "./layout";
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

export function isObserved(core: usize): bool {
  return (load<u32>(core, CORE_OBSERVE) & OBSERVE_EVENTS) != 0;
}

/** Records a change. `serve` has made sure that there is room. */
export function changed(core: usize, channel: usize, kind: u32, domain: u32, before: u64, after: u64, now: f64): void {
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
  store<u32>(ring, tail + 1, RING_TAIL);
}
