/// <reference lib="esnext.disposable" preserve="true" />
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import { TraceRing } from "../core/trace-ring.ts";
import { EntryReader } from "./entry-reader.ts";
import type { TraceEvent } from "./event.ts";

/** Takes events as they happen: an exporter, a decoder, or a function of one's own. */
export type TraceListener = (event: TraceEvent) => void;

/** How a {@link Tracer} is attached. */
export interface TracerOptions {
  /** Takes each event, in order. */
  readonly onEvent: TraceListener;
  /** Whose eyes the trace is seen with. `agent`: what agents of this core post and take in, all six events; `platform`: what platforms of
   *  this core take in and send, for agents elsewhere. Where both halves are in one core, each message would be there twice. Default:
   *  `agent`. */
  readonly side?: "agent" | "platform";
  /** Takes the ring's entries out every {@link everyMs}. Without it {@link Tracer.drain} is called by whoever owns the tracer, often
   *  enough for the ring: a simulated clock stands still until it is moved, and an appointment that renews itself would move it for
   *  ever. */
  readonly clock?: Clock;
  /** Milliseconds between two looks; default 20. */
  readonly everyMs?: number;
}

/** Whatever stands on a core: the core itself, an agent, a platform, a loopback port. */
export type Traceable = Core | { readonly core: Core };

const EVERY_MS = 20;

/** Traces what goes over the channels of a core: the six events of Linux's `scmi` trace system, with our counters. Off, it costs one load and
 *  one branch a message; on, it fills a ring in the core's memory, which {@link drain} empties. The core's capacity says how many entries
 *  (`traceEntries`) and how much of each payload (`tracePayload`) the ring keeps. One tracer a core. */
export class Tracer {
  readonly #ring: TraceRing;
  readonly #reader: EntryReader;
  readonly #options: TracerOptions;
  #cancel: (() => void) | undefined;
  #lost = 0;
  #events = 0;
  #isClosed = false;

  private constructor(core: Core, options: TracerOptions) {
    this.#ring = new TraceRing(core);
    this.#reader = new EntryReader(core, options.side ?? "agent");
    this.#options = options;
  }

  /** Switches tracing on.
   *  @throws RangeError for a core without a trace ring
   *  @throws TypeError when the core is traced already */
  static attach(target: Traceable, options: TracerOptions): Tracer {
    const core = "core" in target ? target.core : target;
    const tracer = new Tracer(core, options);
    if (tracer.#ring.capacity === 0) throw new RangeError('"capacity.traceEntries" expected above 0 to trace, got 0');
    if (tracer.#ring.isOn) throw new TypeError('"target" expected a core that is not traced, got one that is');
    tracer.#ring.isOn = true;
    tracer.#lookLater();
    return tracer;
  }

  /** Events handed on so far. */
  get events(): number {
    return this.#events;
  }

  /** Entries that were overwritten before they were taken out. */
  get lost(): number {
    return this.#lost;
  }

  /** Hands on what the ring holds. */
  drain(): void {
    if (this.#isClosed) return;
    const ring = this.#ring;
    for (;;) {
      const lost = ring.skipLost();
      if (lost > 0) {
        this.#lost += lost;
        this.#emit(lostEvent(lost));
      }
      const entry = ring.take();
      if (entry === undefined) return;
      this.#reader.read(entry, (event) => this.#emit(event));
    }
  }

  /** Hands on what is left and switches tracing off. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#cancel?.();
    this.drain();
    this.#isClosed = true;
    this.#ring.isOn = false;
  }

  /** {@link close}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #emit(event: TraceEvent): void {
    this.#events++;
    this.#options.onEvent(event);
  }

  #lookLater(): void {
    const { clock, everyMs = EVERY_MS } = this.#options;
    this.#cancel = clock?.after(everyMs, () => {
      this.drain();
      if (!this.#isClosed) this.#lookLater();
    });
  }
}

function lostEvent(count: number): TraceEvent {
  const meaning = `the trace buffer was full: ${count} events are missing, and pairings and counts with them`;
  return { kind: "log", severity: "warning", text: `CPU:0 [LOST ${count} EVENTS]`, meaning, count: "dropped" };
}
