import * as layout from "../../assembly/layout.ts";
import type { Core } from "./core.ts";

/** A change that the core made on behalf of an agent. */
export interface CoreEvent {
  /** In nanoseconds. */
  readonly time: number;
  readonly kind: "levelChanged" | "rateChanged";
  /** Index of the channel that the command came in on. */
  readonly channel: number;
  readonly agentId: number;
  /** Domain or clock id. */
  readonly domain: number;
  readonly before: bigint;
  readonly after: bigint;
}

/** The host's end of a core's event ring: who changed what. docs/abi.md section 6. */
export class EventRing {
  readonly #core: Core;
  readonly #at: number;

  constructor(core: Core) {
    this.#core = core;
    this.#at = core.base + layout.CORE_EVENTS;
  }

  /** Writes events, or not; tracing stays as it is. */
  setObserved(isObserved: boolean): void {
    const { memory, base } = this.#core;
    const bits = memory.u32(base + layout.CORE_OBSERVE);
    memory.setU32(
      base + layout.CORE_OBSERVE,
      isObserved ? bits | layout.OBSERVE_EVENTS : bits & ~layout.OBSERVE_EVENTS,
    );
  }

  get isEmpty(): boolean {
    const { memory } = this.#core;
    return memory.u32(this.#at + layout.RING_HEAD) === memory.u32(this.#at + layout.RING_TAIL);
  }

  /** Entries that the ring has room for; 0 = the core was made without one. */
  get capacity(): number {
    return this.#core.memory.u32(this.#at + layout.RING_CAPACITY);
  }

  /** Takes the oldest event out. */
  take(): CoreEvent | undefined {
    if (this.isEmpty) return undefined;
    const { memory, base } = this.#core;
    const head = memory.u32(this.#at + layout.RING_HEAD);
    const index = head & (this.capacity - 1);
    const entry = base + memory.u32(this.#at + layout.RING_OFFSET) + index * memory.u32(this.#at + layout.RING_STRIDE);
    const event: CoreEvent = {
      time: memory.f64(entry + layout.EVENT_TIME),
      kind: memory.u32(entry + layout.EVENT_KIND) === layout.EVENT_LEVEL_CHANGED ? "levelChanged" : "rateChanged",
      channel: memory.u32(entry + layout.EVENT_CHANNEL),
      agentId: memory.u32(entry + layout.EVENT_AGENT),
      domain: memory.u32(entry + layout.EVENT_DOMAIN),
      before: memory.data.getBigUint64(entry + layout.EVENT_OLD, true),
      after: memory.data.getBigUint64(entry + layout.EVENT_NEW, true),
    };
    memory.setU32(this.#at + layout.RING_HEAD, head + 1);
    return event;
  }
}
