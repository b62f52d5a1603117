import type { Core } from "../core/core.ts";
import { type CoreEvent, EventRing } from "../core/event-ring.ts";

const hubs = /* @__PURE__ */ new WeakMap<Core, EventHub>();

/** The event ring of a core, which all platforms in it share: each hears of its own channels. */
export class EventHub {
  readonly #ring: EventRing;
  /** By channel. */
  readonly #listeners = new Map<number, (event: CoreEvent) => void>();
  readonly #wanting = new Set<object>();
  #isDraining = false;

  private constructor(core: Core) {
    this.#ring = new EventRing(core);
  }

  static of(core: Core): EventHub {
    let hub = hubs.get(core);
    if (!hub) {
      hub = new EventHub(core);
      hubs.set(core, hub);
    }
    return hub;
  }

  get isEmpty(): boolean {
    return this.#ring.isEmpty;
  }

  /** Whether events wait.
   *  @param view of the core's memory */
  hasAny(view: DataView): boolean {
    return this.#ring.hasAny(view);
  }

  /** Whether anybody looks at the times inside of the core: events or a trace are written.
   *  @param view of the core's memory */
  isObserved(view: DataView): boolean {
    return this.#ring.isObserved(view);
  }

  listen(channel: number, listener: (event: CoreEvent) => void): void {
    this.#listeners.set(channel, listener);
  }

  ignore(channel: number): void {
    this.#listeners.delete(channel);
  }

  /** Whether the core was made with room for events; without, it would refuse to serve while they are wanted. */
  get hasRoom(): boolean {
    return this.#ring.capacity > 0;
  }

  /** Says whether `owner` needs events. While anybody does, the core writes them. */
  want(owner: object, isWanted: boolean): void {
    if (isWanted) this.#wanting.add(owner);
    else this.#wanting.delete(owner);
    this.#ring.setObserved(this.#wanting.size > 0);
  }

  /** Hands out what has happened, in order. A listener may cause more, which the outermost call then hands out. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let event = this.#ring.take(); event; event = this.#ring.take()) this.#listeners.get(event.channel)?.(event);
    } finally {
      this.#isDraining = false;
    }
  }
}
