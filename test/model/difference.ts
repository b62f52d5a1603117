import * as layout from "../../assembly/layout.ts";
import { COUNTER_NAMES, counterOffset, faultName, type TestCore } from "../support/core.ts";
import { freeXfers } from "../support/home.ts";
import { type Fault, isInFlight, type Machine, type XferState } from "./machine.ts";

export const XFER_STATES: Readonly<Record<XferState, number>> = {
  IDLE: layout.XFER_IDLE,
  ACQUIRED: layout.XFER_ACQUIRED,
  POSTED: layout.XFER_POSTED,
  AWAITING_DELAYED: layout.XFER_AWAITING_DELAYED,
  DONE: layout.XFER_DONE,
  TIMED_OUT: layout.XFER_TIMED_OUT,
  ABORTED: layout.XFER_ABORTED,
};
export const STATE_NAMES = Object.keys(XFER_STATES) as XferState[];

export const FAULTS: Readonly<Record<Fault, number>> = {
  NOTHING: layout.FAULT_NOTHING,
  INDEX: layout.FAULT_INDEX,
  STATE: layout.FAULT_STATE,
  BUSY: layout.FAULT_BUSY,
  LENGTH: layout.FAULT_LENGTH,
  NO_XFER: layout.FAULT_NO_XFER,
  NO_TOKEN: layout.FAULT_NO_TOKEN,
  NO_CLAIM: layout.FAULT_NO_CLAIM,
  CHANNEL_KIND: layout.FAULT_CHANNEL_KIND,
  STALE: layout.FAULT_STALE,
  RESPONSE_TIMEOUT: layout.FAULT_RESPONSE_TIMEOUT,
  DELAYED_TIMEOUT: layout.FAULT_DELAYED_TIMEOUT,
  MALFORMED: layout.FAULT_MALFORMED,
  CHANNEL_ERROR: layout.FAULT_CHANNEL_ERROR,
  CHANNEL_RESET: layout.FAULT_CHANNEL_RESET,
};

/** The first observable difference between core and model. */
export function difference(core: TestCore, machine: Machine): string | undefined {
  const { base, data, bytes } = core;
  const u32 = (offset: number) => data.getUint32(base + offset, true);
  const sameBytes = (what: string, expected: readonly number[], offset: number) => {
    for (let index = 0; index < expected.length; index++) {
      if (expected[index] === bytes[base + offset + index]) continue;
      return `${what} byte ${index}: expected ${expected[index]}, got ${bytes[base + offset + index]}`;
    }
    return undefined;
  };

  const xfers = core.table(layout.CORE_XFERS);
  let earliest = Number.POSITIVE_INFINITY;
  for (const xfer of machine.xfers) {
    const at = xfers.offset + xfer.index * xfers.stride;
    const state = u32(at + layout.XFER_STATE);
    if (state !== XFER_STATES[xfer.state]) {
      return `xfer ${xfer.index} state: expected ${xfer.state}, got ${STATE_NAMES[state] ?? state}`;
    }
    if (xfer.state === "IDLE" || xfer.state === "ACQUIRED") continue;
    if (xfer.fault !== undefined) {
      const expected = xfer.fault === 0 ? 0 : FAULTS[xfer.fault];
      const fault = u32(at + layout.XFER_FAULT) | 0;
      if (fault !== expected) return `xfer ${xfer.index} fault: expected ${xfer.fault}, got ${faultName(fault)}`;
    }
    const header = u32(at + layout.XFER_HEADER);
    if (header !== xfer.header) return `xfer ${xfer.index} header: expected ${hex(xfer.header)}, got ${hex(header)}`;
    if (xfer.payload) {
      const length = u32(at + layout.XFER_LENGTH);
      if (length !== xfer.payload.length) {
        return `xfer ${xfer.index} length: expected ${xfer.payload.length}, got ${length}`;
      }
      const differs = sameBytes(`xfer ${xfer.index} payload`, xfer.payload, at + layout.XFER_PAYLOAD);
      if (differs) return differs;
    }
    if (isInFlight(xfer)) {
      const deadline = data.getFloat64(base + at + layout.XFER_DEADLINE, true);
      if (deadline !== xfer.deadline) return `xfer ${xfer.index} deadline: expected ${xfer.deadline}, got ${deadline}`;
      if (deadline < earliest) earliest = deadline;
    }
  }
  const next = data.getFloat64(base + layout.CORE_NEXT_DEADLINE, true);
  if (next > earliest) return `no xfer was to expire before ${next}, but one does at ${earliest}`;

  const instances = core.table(layout.CORE_INSTANCES);
  for (const instance of machine.instances) {
    const at = instances.offset + instance.index * instances.stride;
    const live = u32(at + layout.INSTANCE_LIVE);
    if (live !== instance.live.size)
      return `instance ${instance.index} live: expected ${instance.live.size}, got ${live}`;
    const quarantined = u32(at + layout.INSTANCE_QUARANTINED);
    if (quarantined !== instance.quarantine.size) {
      return `instance ${instance.index} quarantined: expected ${instance.quarantine.size}, got ${quarantined}`;
    }
    const token = u32(at + layout.INSTANCE_TOKEN_NEXT);
    if (token !== instance.nextToken)
      return `instance ${instance.index} next token: expected ${instance.nextToken}, got ${token}`;
    const idle = machine.xfers.filter((xfer) => xfer.instance === instance.index && xfer.state === "IDLE").length;
    const listed = freeXfers(core, instance.index).length;
    if (listed !== idle) return `instance ${instance.index} free xfers: expected ${idle}, got ${listed}`;
  }

  const channels = core.table(layout.CORE_CHANNELS);
  const counters = core.table(layout.CORE_COUNTERS);
  for (const channel of machine.channels) {
    const { index, area } = channel;
    const counterAt = counters.offset + index * counters.stride;
    const at = channels.offset + index * channels.stride;
    for (const name of COUNTER_NAMES) {
      const count = u32(counterOffset(name, at, counterAt));
      if (count !== channel.counters[name]) {
        return `channel ${index} counter ${name}: expected ${channel.counters[name]}, got ${count}`;
      }
    }
    const posted = u32(at + layout.CHANNEL_POSTED);
    const expected = channel.posted ?? layout.NO_INDEX;
    if (posted !== expected) return `channel ${index} posted: expected ${expected}, got ${posted}`;
    if (channel.posted === undefined) {
      const outstanding = u32(at + layout.CHANNEL_OUTSTANDING);
      const header = channel.outstanding ?? layout.NO_HEADER;
      // OUTSTANDING_ENDED tells the core how the command ended; which command it was is the same
      if (outstanding !== header && (outstanding ^ layout.OUTSTANDING_ENDED) >>> 0 !== header)
        return `channel ${index} outstanding: expected ${hex(header)}, got ${hex(outstanding)}`;
    }
    if ((u32(at + layout.CHANNEL_CLAIM) !== 0) !== (channel.claim !== undefined)) {
      return `channel ${index} claim: expected ${channel.claim}, got ${u32(at + layout.CHANNEL_CLAIM)}`;
    }
    if (!area) continue;
    const areaAt = u32(at + layout.CHANNEL_AREA);
    const smt = area.framing === "SMT";
    const pairs: readonly (readonly [string, number, number])[] = smt
      ? [
          ["status", area.status, u32(areaAt + layout.SMT_STATUS)],
          ["flags", area.flags, u32(areaAt + layout.SMT_FLAGS)],
          ["length", area.length, u32(areaAt + layout.SMT_LENGTH)],
          ["header", area.header, u32(areaAt + layout.SMT_HEADER)],
          ["reserved word 0", 0, u32(areaAt)],
          ["reserved word 2", 0, u32(areaAt + 8)],
          ["reserved word 3", 0, u32(areaAt + 12)],
        ]
      : [
          ["header", area.header, u32(areaAt + layout.MSG_HEADER)],
          ["message bytes", area.messageBytes, u32(at + layout.CHANNEL_MESSAGE_BYTES)],
        ];
    for (const [name, want, got] of pairs) {
      if (want !== got) return `channel ${index} area ${name}: expected ${hex(want)}, got ${hex(got)}`;
    }
    const payloadAt = areaAt + (smt ? layout.SMT_PAYLOAD : layout.MSG_PAYLOAD);
    const differs = sameBytes(`channel ${index} area payload`, area.payload, payloadAt);
    if (differs) return differs;
  }

  const ring = core.ring(layout.CORE_P2A);
  const waiting = (ring.tail - ring.head) >>> 0;
  if (waiting !== machine.p2aRing.length) return `P2A ring: expected ${machine.p2aRing.length} entries, got ${waiting}`;
  for (const [index, entry] of machine.p2aRing.entries()) {
    const at = ring.offset + ((ring.head + index) & (ring.capacity - 1)) * ring.stride;
    const got = [u32(at + layout.P2A_CHANNEL), u32(at + layout.P2A_HEADER), u32(at + layout.P2A_LENGTH)];
    const want = [entry.channel, entry.header, entry.payload.length];
    if (got.join() !== want.join()) return `P2A entry ${index}: expected ${want.join()}, got ${got.join()}`;
    const differs = sameBytes(`P2A entry ${index} payload`, entry.payload, at + layout.P2A_PAYLOAD);
    if (differs) return differs;
  }
  return undefined;
}

function hex(value: number | undefined): string {
  return value === undefined ? "none" : `0x${value.toString(16)}`;
}
