import * as layout from "../../assembly/layout.ts";
import type { Core } from "./core.ts";

/** What a trace entry is about. Of the agent's half: a command was posted, its answer came, or its time was over, and what the agent
 *  refused. Of the platform's half: a command was served, its answer published, a message sent of its own accord. */
export type CoreTraceKind = (typeof KINDS)[number];

const KINDS = [
  "posted",
  "response",
  "delayedResponse",
  "notification",
  "timeout",
  "late",
  "unexpected",
  "malformed",
  "served",
  "published",
  "fastChannel",
  "p2aSent",
] as const;

/** One entry of a core's trace ring. */
export interface CoreTraceEntry {
  readonly kind: CoreTraceKind;
  /** In nanoseconds. */
  readonly time: number;
  /** Index of the channel. */
  readonly channel: number;
  /** Header word; of a FastChannel its index. */
  readonly header: number;
  /** SCMI status of an answer, fault of a failure, else 0. */
  readonly result: number;
  /** The first bytes of the payload, as many as the ring keeps. A view, valid until the next {@link TraceRing.take}. */
  readonly payload: Uint8Array;
  /** The payload is longer than what was kept of it. */
  readonly isCut: boolean;
  /** Xfers in flight on the instance. */
  readonly inFlight: number;
  /** The command asked for no completion interrupt. */
  readonly isPolled: boolean;
}

/** The host's end of a core's trace ring, which overwrites its oldest entries. docs/abi.md section 6. */
export class TraceRing {
  readonly #core: Core;
  readonly #at: number;
  #next: number;
  #scratch = new Uint8Array();

  constructor(core: Core) {
    this.#core = core;
    this.#at = core.base + layout.CORE_TRACE;
    this.#next = this.#tail;
  }

  /** Entries that the ring has room for; 0 = the core was made without one. */
  get capacity(): number {
    return this.#core.memory.u32(this.#at + layout.RING_CAPACITY);
  }

  /** Whether the core writes entries. Events stay as they are. */
  get isOn(): boolean {
    const { memory, base } = this.#core;
    return (memory.u32(base + layout.CORE_OBSERVE) & layout.OBSERVE_TRACE) !== 0;
  }

  set isOn(isOn: boolean) {
    const { memory, base } = this.#core;
    const bits = memory.u32(base + layout.CORE_OBSERVE);
    memory.setU32(base + layout.CORE_OBSERVE, isOn ? bits | layout.OBSERVE_TRACE : bits & ~layout.OBSERVE_TRACE);
  }

  /** Entries that were written and not taken, the lost ones included. */
  get pending(): number {
    return (this.#tail - this.#next) >>> 0;
  }

  /** Gives entries up that were overwritten before anybody took them.
   *  @returns how many */
  skipLost(): number {
    const lost = Math.max(0, this.pending - this.capacity);
    this.#next = (this.#next + lost) >>> 0;
    return lost;
  }

  /** Takes the oldest entry out; `undefined` when there is none. Call {@link skipLost} first. */
  take(): CoreTraceEntry | undefined {
    if (this.pending === 0) return undefined;
    const { memory } = this.#core;
    const at = this.#entryAt(this.#next);
    const captured = memory.data.getUint16(at + layout.TRACE_CAPTURED, true);
    const live = memory.data.getUint16(at + layout.TRACE_LIVE, true);
    // Copied: threads may write on meanwhile, and listeners may make the memory grow
    if (this.#scratch.byteLength < captured) this.#scratch = new Uint8Array(captured);
    this.#scratch.set(memory.bytes.subarray(at + layout.TRACE_PAYLOAD, at + layout.TRACE_PAYLOAD + captured));
    const kind = KINDS[memory.u32(at + layout.TRACE_KIND) - 1] ?? "malformed";
    const isRefused = kind === "late" || kind === "unexpected" || kind === "malformed";
    const entry: CoreTraceEntry = {
      kind,
      time: memory.f64(at + layout.TRACE_TIME),
      channel: memory.u32(at + layout.TRACE_CHANNEL),
      header: memory.u32(at + layout.TRACE_HEADER),
      result: memory.i32(at + layout.TRACE_RESULT),
      payload: this.#scratch.subarray(0, captured),
      isCut: captured + (isRefused ? layout.HEADER_BYTES : 0) < memory.u32(at + layout.TRACE_LENGTH),
      inFlight: live & ~layout.TRACE_POLLED,
      isPolled: (live & layout.TRACE_POLLED) !== 0,
    };
    this.#next = (this.#next + 1) >>> 0;
    return entry;
  }

  /** Writes an entry for a message that the host itself sends on behalf of the platform's half, if tracing is on. */
  noteSent(channel: number, header: number, payload: Uint8Array, now: number): void {
    if (!this.isOn || this.capacity === 0) return;
    const { memory } = this.#core;
    const tail = this.#tail;
    const at = this.#entryAt(tail);
    const room = memory.u32(this.#at + layout.RING_STRIDE) - layout.TRACE_BYTES;
    const captured = Math.min(payload.byteLength, room);
    memory.setF64(at + layout.TRACE_TIME, now);
    memory.setU32(at + layout.TRACE_KIND, layout.TRACE_P2A_SENT);
    memory.setU32(at + layout.TRACE_CHANNEL, channel);
    memory.setU32(at + layout.TRACE_HEADER, header);
    memory.setU32(at + layout.TRACE_RESULT, 0);
    memory.setU32(at + layout.TRACE_LENGTH, payload.byteLength);
    memory.data.setUint16(at + layout.TRACE_CAPTURED, captured, true);
    memory.data.setUint16(at + layout.TRACE_LIVE, 0, true);
    memory.bytes.set(payload.subarray(0, captured), at + layout.TRACE_PAYLOAD);
    memory.setU32(this.#at + layout.RING_TAIL, tail + 1);
  }

  get #tail(): number {
    return this.#core.memory.u32(this.#at + layout.RING_TAIL);
  }

  #entryAt(number: number): number {
    const { memory, base } = this.#core;
    const index = number & (this.capacity - 1);
    return base + memory.u32(this.#at + layout.RING_OFFSET) + index * memory.u32(this.#at + layout.RING_STRIDE);
  }
}
