import type { Core } from "../core/core.ts";
import { ChannelError } from "../errors.ts";
import { NONE } from "./call.ts";

/** The xfers of one SCMI instance. Once acquired they stay with the agent until it closes, and are posted again and again: that
 *  spares two calls into the core for each message. */
export class XferPool {
  readonly #core: Core;
  readonly #instance: number;
  readonly #all: number[] = [];
  readonly #free: number[] = [];
  readonly #payloads: number[] = [];
  readonly #hungry = new Set<() => void>();

  constructor(core: Core, instance: number) {
    this.#core = core;
    this.#instance = instance;
  }

  /** An xfer that nobody else uses, or {@link NONE}. */
  take(): number {
    return this.#free.pop() ?? this.#acquire();
  }

  /** The xfer that {@link take} would give, if one is at hand; else {@link NONE}. */
  get next(): number {
    return this.#free[this.#free.length - 1] ?? NONE;
  }

  /** Gives an xfer back that is not in flight. */
  give(xfer: number): void {
    this.#free.push(xfer);
    if (this.#hungry.size > 0) this.#feed();
  }

  /** Address of an xfer's payload. */
  payloadAt(xfer: number): number {
    return this.#payloads[xfer] as number;
  }

  /** Calls `run` once, when an xfer is given back. */
  onFree(run: () => void): void {
    this.#hungry.add(run);
  }

  /** All xfers ever taken. */
  get all(): readonly number[] {
    return this.#all;
  }

  /** Gives everything back to the core; nothing is in flight any more. */
  close(): void {
    this.#hungry.clear();
    for (const xfer of this.#all) this.#core.release(xfer);
    this.#all.length = 0;
    this.#free.length = 0;
  }

  #acquire(): number {
    let xfer: number;
    try {
      xfer = this.#core.acquire(this.#instance);
    } catch (fault) {
      if (fault instanceof ChannelError && fault.reason === "busy") return NONE;
      throw fault;
    }
    this.#all.push(xfer);
    this.#payloads[xfer] = this.#core.payloadAt(xfer);
    return xfer;
  }

  #feed(): void {
    const hungry = [...this.#hungry];
    this.#hungry.clear();
    for (const run of hungry) run();
  }
}
