import * as layout from "../../assembly/layout.ts";
import type { Core } from "./core.ts";

/** What an agent reads of a core between two calls: answers without a further crossing of the border, the ring of
 *  notifications, and when the next deadline is. Offsets as in docs/memory-map.md. */
export class Inbox {
  readonly #core: Core;
  readonly #p2a: number;
  readonly #events: number;
  readonly #observe: number;

  constructor(core: Core) {
    this.#core = core;
    this.#p2a = core.base + layout.CORE_P2A;
    this.#events = core.base + layout.CORE_EVENTS;
    this.#observe = core.base + layout.CORE_OBSERVE;
  }

  /** No xfer expires before this moment, in nanoseconds; `Infinity` while none is in flight. */
  get nextDeadline(): number {
    return this.#core.memory.f64(this.#core.base + layout.CORE_NEXT_DEADLINE);
  }

  /** Index of the word that {@link isObserved} looks at. */
  get observeWord(): number {
    return this.#observe / 4;
  }

  /** Whether trace or events are on, so that times inside of the core are looked at.
   *  @param view of the core's memory; a hot path asks for it once, for asking is what costs */
  isObserved(view: DataView): boolean {
    return view.getUint32(this.#observe, true) !== 0;
  }

  /** Whether the platform half has events that nobody has read yet. */
  get hasEvents(): boolean {
    const { memory } = this.#core;
    return memory.u32(this.#events + layout.RING_HEAD) !== memory.u32(this.#events + layout.RING_TAIL);
  }

  /** Address of the oldest notification in the P2A ring; 0 when there is none. Valid until {@link dropNotification}. */
  get notificationAt(): number {
    const { memory, base } = this.#core;
    const head = memory.u32(this.#p2a + layout.RING_HEAD);
    if (head === memory.u32(this.#p2a + layout.RING_TAIL)) return 0;
    const index = head & (memory.u32(this.#p2a + layout.RING_CAPACITY) - 1);
    return base + memory.u32(this.#p2a + layout.RING_OFFSET) + index * memory.u32(this.#p2a + layout.RING_STRIDE);
  }

  /** Takes the oldest notification out of the ring. */
  dropNotification(): void {
    const { memory } = this.#core;
    memory.setU32(this.#p2a + layout.RING_HEAD, memory.u32(this.#p2a + layout.RING_HEAD) + 1);
  }

  /** The channel that a notification came in on.
   *  @param at {@link notificationAt} */
  rowOf(at: number): number {
    return this.#core.memory.u32(at + layout.P2A_CHANNEL);
  }

  /** The header word of a notification. */
  notificationHeader(at: number): number {
    return this.#core.memory.u32(at + layout.P2A_HEADER);
  }

  /** Bytes of a notification's payload, which starts at {@link notificationPayload}. */
  notificationBytes(at: number): number {
    return this.#core.memory.u32(at + layout.P2A_LENGTH);
  }

  /** Address of a notification's payload. */
  notificationPayload(at: number): number {
    return at + layout.P2A_PAYLOAD;
  }

  /** The header word that stands in a channel's area; `undefined` when it has none. */
  headerInArea(row: number): number | undefined {
    const { memory } = this.#core;
    const area = this.#core.areaAt(row);
    if (area === 0) return undefined;
    const isMsg = (memory.u32(this.#core.channelAt(row) + layout.CHANNEL_KIND) & layout.KIND_MSG) !== 0;
    return memory.u32(area + (isMsg ? layout.MSG_HEADER : layout.SMT_HEADER));
  }
}

/** Where {@link answerBytes} reads, in words from an xfer's payload. */
export const ANSWER_BYTES_WORD = (layout.XFER_LENGTH - layout.XFER_PAYLOAD) / 4;

/** Where {@link answerFault} reads, in words from an xfer's payload. */
export const ANSWER_FAULT_WORD = (layout.XFER_FAULT - layout.XFER_PAYLOAD) / 4;

/** Payload bytes of an answer, from the address of its xfer's payload. */
export function answerBytes(view: DataView, payload: number): number {
  return view.getUint32(payload + (layout.XFER_LENGTH - layout.XFER_PAYLOAD), true);
}

/** State of an xfer, one of XFER, from the address of its payload. */
export function xferState(view: DataView, payload: number): number {
  return view.getUint32(payload + (layout.XFER_STATE - layout.XFER_PAYLOAD), true);
}

/** 0, or why an xfer failed, from the address of its payload. */
export function answerFault(view: DataView, payload: number): number {
  return view.getInt32(payload + (layout.XFER_FAULT - layout.XFER_PAYLOAD), true);
}

/** Header word of an xfer's command, from the address of its payload. */
export function commandHeader(view: DataView, payload: number): number {
  return view.getUint32(payload + (layout.XFER_HEADER - layout.XFER_PAYLOAD), true);
}
