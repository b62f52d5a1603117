import * as layout from "../../assembly/layout.ts";
import type { Core } from "./core.ts";

/** What a core can change on behalf of an agent. */
export type CoreEventKind = "levelChanged" | "rateChanged" | "limitsChanged" | "powerStateChanged" | "voltageChanged";

const KINDS: Readonly<Record<number, CoreEventKind>> = {
  [layout.EVENT_LEVEL_CHANGED]: "levelChanged",
  [layout.EVENT_RATE_CHANGED]: "rateChanged",
  [layout.EVENT_LIMITS_CHANGED]: "limitsChanged",
  [layout.EVENT_POWER_STATE_CHANGED]: "powerStateChanged",
  [layout.EVENT_VOLTAGE_CHANGED]: "voltageChanged",
};

/** A change that the core made on behalf of an agent. */
export interface CoreEvent {
  /** In nanoseconds. */
  readonly time: number;
  readonly kind: CoreEventKind;
  /** Index of the channel that the command came in on. */
  readonly channel: number;
  readonly agentId: number;
  /** Domain or clock id. */
  readonly domain: number;
  /** Level, rate in Hz, power state or voltage in µV; of limits the minimum in the upper 32 bits, the maximum in the lower. */
  readonly before: bigint;
  readonly after: bigint;
  /** The level before and after limits changed, which may have moved it; 0 for other events. */
  readonly oldLevel: number;
  readonly newLevel: number;
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

  /** Whether the core writes anything: events, or a trace.
   *  @param view of the core's memory; a hot path asks for it once */
  isObserved(view: DataView): boolean {
    return view.getInt32(this.#core.base + layout.CORE_OBSERVE, true) !== 0;
  }

  get isEmpty(): boolean {
    return !this.hasAny(this.#core.memory.data);
  }

  /** Whether events wait.
   *  @param view of the core's memory */
  hasAny(view: DataView): boolean {
    return view.getInt32(this.#at + layout.RING_HEAD, true) !== view.getInt32(this.#at + layout.RING_TAIL, true);
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
    const kind = KINDS[memory.u32(entry + layout.EVENT_KIND)] ?? "levelChanged";
    const word = (at: number) => {
      const value = memory.data.getBigUint64(entry + at, true);
      return kind === "voltageChanged" ? BigInt.asIntN(32, value) : value;
    };
    const event: CoreEvent = {
      time: memory.f64(entry + layout.EVENT_TIME),
      kind,
      channel: memory.u32(entry + layout.EVENT_CHANNEL),
      agentId: memory.u32(entry + layout.EVENT_AGENT),
      domain: memory.u32(entry + layout.EVENT_DOMAIN),
      before: word(layout.EVENT_OLD),
      after: word(layout.EVENT_NEW),
      oldLevel: memory.u32(entry + layout.EVENT_OLD_LEVEL),
      newLevel: memory.u32(entry + layout.EVENT_NEW_LEVEL),
    };
    memory.setU32(this.#at + layout.RING_HEAD, head + 1);
    return event;
  }
}
