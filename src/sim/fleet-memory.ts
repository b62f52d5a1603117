import * as layout from "../../assembly/sim/layout.ts";
import { EmbeddedModule } from "../core/embedded.ts";
import { InternalError } from "../errors.ts";
import { GOVERNOR_NAMES, type GovernorName } from "./governor.ts";
import { SIM_WASM_TEXT } from "./sim.wasm.ts";
import type { GovernedDomain } from "./soc-kind.ts";

/** What assembly/sim/index.ts exports. */
interface SimExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  open(slots: number, domains: number, levels: number, mostAsks: number): number;
  govern(governor: number, first: number, count: number): void;
  look(from: number, nowUs: number): number;
  count(count: number): void;
}

/** Latencies that were counted, in µs. */
export interface LatencyCounts {
  /** By bucket of the log-linear histogram. */
  readonly latency: Float64Array;
  readonly latencySumUs: number;
  readonly longestLatencyUs: number;
}

const SIM = /* @__PURE__ */ new EmbeddedModule(SIM_WASM_TEXT);

const ASK_WORDS = layout.ASK_BYTES / 4;
const ASK_SLOT = layout.ASK_SLOT / 4;
const ASK_LEVEL = layout.ASK_LEVEL / 4;

/** The arrays of a fleet, in a memory that it shares with the module that looks at them: every tick of every slot reads some. It is laid
 *  out once and does not grow, so the views hold. Levels go by their position among those of all domains. */
export class FleetMemory {
  /** By slot: what is to be done, 0 … 1024. */
  readonly utilisations: Uint16Array;
  /** By slot: its domain, over all kinds. */
  readonly domains: Uint16Array;
  /** By slot: the level that was accepted last. */
  readonly requested: Uint32Array;
  /** By slot, in µs: when it was last asked for a level. */
  readonly askedAtUs: Float64Array;
  /** By domain: its first level. */
  readonly firstLevels: Uint32Array;
  readonly #exports: SimExports;
  readonly #head: Uint32Array;
  readonly #asks: Uint32Array;
  readonly #latencies: Float64Array;
  /** Latencies that are not counted yet. */
  #pending = 0;

  /** @param mostAsks room of the list that {@link look} fills
   *  @throws RangeError for more slots than a memory has room for */
  constructor(domains: readonly GovernedDomain[], slots: number, mostAsks: number) {
    // Built here and nowhere else: the binary is embedded, and a test compares its exports with this interface
    const exports = SIM.instantiate() as unknown as SimExports;
    const levels = domains.reduce((sum, it) => sum + it.levels.length, 0);
    if (exports.open(slots, domains.length, levels, mostAsks) !== 0) {
      throw new RangeError(`fleet: expected room for ${slots} governed domains, got too little memory`);
    }
    const { buffer } = exports.memory;
    const head = new Uint32Array(buffer, 0, layout.HEAD_BYTES / 4);
    const at = (offset: number) => head[offset / 4] ?? 0;
    this.#exports = exports;
    this.#head = head;
    this.#asks = new Uint32Array(buffer, at(layout.HEAD_ASKS), mostAsks * ASK_WORDS);
    this.#latencies = new Float64Array(buffer, layout.LATENCIES, layout.LATENCY_ROOM);
    this.utilisations = new Uint16Array(buffer, at(layout.HEAD_UTILISATIONS), slots);
    this.domains = new Uint16Array(buffer, at(layout.HEAD_DOMAINS), slots);
    this.requested = new Uint32Array(buffer, at(layout.HEAD_REQUESTED), slots);
    this.askedAtUs = new Float64Array(buffer, at(layout.HEAD_ASKED_AT), slots).fill(Number.NEGATIVE_INFINITY);
    this.firstLevels = new Uint32Array(domains.length);
    const rateLimits = new Float64Array(buffer, at(layout.HEAD_RATE_LIMITS), domains.length);
    const capacities = new Uint16Array(buffer, at(layout.HEAD_CAPACITIES), levels);
    let first = 0;
    for (const [domain, it] of domains.entries()) {
      this.firstLevels[domain] = first;
      rateLimits[domain] = it.rateLimitUs;
      capacities.set(it.capacities, first);
      first += it.levels.length;
    }
  }

  /** Sets the built-in governor that {@link look} goes by. */
  govern(name: GovernorName, domains: readonly GovernedDomain[]): void {
    const governor = GOVERNOR_NAMES.indexOf(name);
    for (const [domain, { levels }] of domains.entries()) {
      this.#exports.govern(governor, this.firstLevels[domain] ?? 0, levels.length);
    }
  }

  /** Lets the governor look at all slots from one on, and lists those that are to ask for another level; how many. When the list is
   *  full it stops there: {@link next} is the slot to go on with.
   *  @throws InternalError when the module traps */
  look(from: number, nowUs: number): number {
    try {
      return this.#exports.look(from, nowUs);
    } catch (cause) {
      throw new InternalError(`fleet: look trapped: ${String(cause)}`, { cause });
    }
  }

  /** The first slot that the last {@link look} has not looked at; their number when it has seen all. */
  get next(): number {
    return this.#head[layout.HEAD_NEXT / 4] ?? 0;
  }

  /** The slot of an ask in the list. */
  slotOf(ask: number): number {
    return this.#asks[ask * ASK_WORDS + ASK_SLOT] ?? 0;
  }

  /** The level of an ask in the list. */
  levelOf(ask: number): number {
    return this.#asks[ask * ASK_WORDS + ASK_LEVEL] ?? 0;
  }

  /** Writes an ask into the list, as governors of one's own do. */
  list(ask: number, slot: number, level: number): void {
    this.#asks[ask * ASK_WORDS + ASK_SLOT] = slot;
    this.#asks[ask * ASK_WORDS + ASK_LEVEL] = level;
  }

  /** Takes the latency of a switch, an integer in µs. */
  addLatency(latencyUs: number): void {
    this.#latencies[this.#pending++] = latencyUs;
    if (this.#pending === layout.LATENCY_ROOM) this.#count();
  }

  /** What has been counted so far; a copy. */
  latencies(): LatencyCounts {
    this.#count();
    const { buffer } = this.#head;
    const [latencySumUs = 0, longestLatencyUs = 0] = new Float64Array(buffer, layout.LATENCY_SUM, 2);
    return {
      latency: new Float64Array(buffer, layout.BUCKETS, layout.BUCKET_COUNT).slice(),
      latencySumUs,
      longestLatencyUs,
    };
  }

  #count(): void {
    this.#exports.count(this.#pending);
    this.#pending = 0;
  }
}
