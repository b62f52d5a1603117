import type { FleetMemory } from "./fleet-memory.ts";
import type { FleetPlan } from "./plan.ts";
import { Dice } from "./random.ts";
import type { GovernedDomain, SocKind } from "./soc-kind.ts";
import { COUNTS, type Count, emptyTally, pointOf, type Tally, type TallyShape, tallyShape } from "./tally.ts";

const DICE_OF_LATENCIES = 2;
const NEVER = Number.POSITIVE_INFINITY;
const NONE = 0xffff;

/** Which level is in force, and what that costs.
 *
 *  ```
 *                 accept                       its time has come
 *    in force ─────────────► on its way ──────────────────────────► in force
 *                             │      ▲
 *                      accept │      │ its time has come, and another one waits
 *                             ▼      │
 *                        on its way, and one waits ──┐ accept: the newest one waits
 *                             ▲──────────────────────┘
 *  ```
 *  While a level is on its way the old one is in force, and the greater power of the two is drawn. All times are integers in µs. */
export class Accounts {
  readonly #plan: FleetPlan;
  readonly #memory: FleetMemory;
  readonly #shape: TallyShape;
  readonly #tally: Tally;
  readonly #domains: readonly GovernedDomain[];
  /** By domain: its first level. By level of all domains: capacity, and power. Flat, as every tick of every slot reads them. */
  readonly #firstLevel: Uint32Array;
  readonly #capacities: Uint16Array;
  readonly #powers: Float64Array;
  readonly #dice: Dice;
  /** By slot: level in force, level on its way, level that waits; positions, NONE = there is none. */
  readonly #inForce: Uint16Array;
  readonly #onItsWay: Uint16Array;
  readonly #waiting: Uint16Array;
  /** When the level on its way comes into force, and when each was asked for. */
  readonly #endsAt: Float64Array;
  readonly #wayAskedAt: Float64Array;
  readonly #waitAskedAt: Float64Array;
  /** A request that is accepted in this tick: when, when it was asked, and for what. */
  readonly #acceptAt: Float64Array;
  readonly #askedAt: Float64Array;
  readonly #accepted: Uint16Array;
  /** By domain, of the tick in progress. */
  readonly #demand: Float64Array;
  readonly #unserved: Float64Array;
  #socs = 0;
  /** First index of the series' point in progress. */
  #point = 0;

  constructor(plan: FleetPlan, kinds: readonly SocKind[], memory: FleetMemory) {
    const slots = memory.domains.length;
    this.#plan = plan;
    this.#memory = memory;
    this.#shape = tallyShape(kinds, plan.ticks);
    this.#tally = emptyTally(this.#shape);
    this.#domains = kinds.flatMap(({ domains }) => domains);
    this.#firstLevel = Uint32Array.from(this.#shape.firstLevel);
    this.#capacities = Uint16Array.from(this.#domains.flatMap(({ capacities }) => capacities));
    this.#powers = Float64Array.from(this.#domains.flatMap(({ powers }) => powers));
    this.#dice = new Dice(slots);
    this.#inForce = new Uint16Array(slots);
    this.#onItsWay = new Uint16Array(slots).fill(NONE);
    this.#waiting = new Uint16Array(slots).fill(NONE);
    this.#endsAt = new Float64Array(slots).fill(NEVER);
    this.#wayAskedAt = new Float64Array(slots);
    this.#waitAskedAt = new Float64Array(slots);
    this.#acceptAt = new Float64Array(slots).fill(NEVER);
    this.#askedAt = new Float64Array(slots);
    this.#accepted = new Uint16Array(slots);
    this.#demand = new Float64Array(this.#domains.length);
    this.#unserved = new Float64Array(this.#domains.length);
  }

  addSoc(kind: number): void {
    this.#tally.socs[kind] = (this.#tally.socs[kind] ?? 0) + 1;
    this.#socs++;
  }

  openSlot(slot: number, level: number, soc: number, id: number): void {
    this.#inForce[slot] = level;
    this.#dice.seed(slot, this.#plan.seed, DICE_OF_LATENCIES, soc, id);
  }

  /** The platform has refused a request, or did not answer. */
  refuse(domain: number, why: "refused" | "faults"): void {
    this.#count(domain, "messages");
    this.#count(domain, why);
  }

  /** The platform has accepted a request.
   *  @param atUs when, in the tick that {@link advance} comes to next */
  accept(slot: number, domain: number, level: number, askedAtUs: number, atUs: number): void {
    this.#count(domain, "messages");
    this.#acceptAt[slot] = atUs;
    this.#accepted[slot] = level;
    this.#askedAt[slot] = askedAtUs;
  }

  /** Charges a tick to all slots. */
  advance(tick: number): void {
    const { domains: domainOf, utilisations } = this.#memory;
    const { ticks, tickUs } = this.#plan;
    this.#point = pointOf(tick, ticks, this.#shape.points) * this.#shape.levels;
    const start = tick * tickUs;
    const end = start + tickUs;
    const endsAt = this.#endsAt;
    const acceptAt = this.#acceptAt;
    for (let slot = 0; slot < domainOf.length; slot++) {
      const domain = domainOf[slot] ?? 0;
      const used = utilisations[slot] ?? 0;
      let from = start;
      for (;;) {
        const ends = endsAt[slot] ?? NEVER;
        const accepts = acceptAt[slot] ?? NEVER;
        const at = Math.min(ends, accepts, end);
        // A request that has to wait changes nothing; an event at the very end belongs to the next tick
        const isStretch = at === end || at === ends || this.#onItsWay[slot] === NONE;
        if (isStretch && at > from) this.#charge(slot, domain, used, at - from);
        if (isStretch) from = at;
        if (at === end) break;
        if (at === ends) this.#arrive(slot, domain, at);
        else this.#take(slot, domain, at);
      }
    }
    this.#closeTick();
    this.#tally.socTicks += this.#socs;
  }

  /** The tally after some ticks; what is under way is unfinished. */
  close(ticks: number): Tally {
    const counts = this.#tally.counts.slice();
    const { length } = COUNTS;
    for (let domain = 0; domain < this.#domains.length; domain++) {
      const of = (count: Count) => counts[domain * length + COUNTS.indexOf(count)] ?? 0;
      const ended = of("switches") + of("superseded") + of("refused") + of("faults");
      counts[domain * length + COUNTS.indexOf("unfinished")] = of("messages") - ended;
    }
    const socTicks = this.#socs * ticks;
    return { ...structuredClone(this.#tally), counts, ...this.#memory.latencies(), socTicks };
  }

  /** A request has been accepted. */
  #take(slot: number, domain: number, atUs: number): void {
    this.#acceptAt[slot] = NEVER;
    const level = this.#accepted[slot] ?? 0;
    const asked = this.#askedAt[slot] ?? 0;
    if (this.#onItsWay[slot] === NONE) {
      this.#begin(slot, domain, level, asked, atUs);
      return;
    }
    if (this.#waiting[slot] !== NONE) this.#count(domain, "superseded");
    this.#waiting[slot] = level;
    this.#waitAskedAt[slot] = asked;
  }

  #begin(slot: number, domain: number, level: number, askedAtUs: number, atUs: number): void {
    if (this.#inForce[slot] === level) {
      // Only a level that had to wait for its opposite
      this.#count(domain, "superseded");
      return;
    }
    this.#onItsWay[slot] = level;
    this.#wayAskedAt[slot] = askedAtUs;
    this.#endsAt[slot] = atUs + this.#duration(slot, domain, level);
  }

  /** The level on its way is in force. */
  #arrive(slot: number, domain: number, atUs: number): void {
    const latencyUs = atUs - (this.#wayAskedAt[slot] ?? 0);
    this.#inForce[slot] = this.#onItsWay[slot] ?? 0;
    this.#onItsWay[slot] = NONE;
    this.#endsAt[slot] = NEVER;
    this.#count(domain, "switches");
    if (latencyUs > this.#plan.tickUs) this.#count(domain, "late");
    this.#memory.addLatency(latencyUs);
    const level = this.#waiting[slot] ?? NONE;
    if (level === NONE) return;
    this.#waiting[slot] = NONE;
    this.#begin(slot, domain, level, this.#waitAskedAt[slot] ?? 0, atUs);
  }

  #duration(slot: number, domain: number, level: number): number {
    const longest = this.#domains[domain]?.latenciesUs[level] ?? 0;
    const spread = Math.floor((longest * this.#plan.spreadPercent) / 100);
    return longest - this.#dice.below(slot, spread + 1);
  }

  #charge(slot: number, domain: number, used: number, durationUs: number): void {
    const { residencyUs, chargedUs, busyUs } = this.#tally;
    const level = this.#inForce[slot] ?? 0;
    const next = this.#onItsWay[slot] ?? NONE;
    const first = this.#firstLevel[domain] ?? 0;
    const isDearer = next !== NONE && (this.#powers[first + next] ?? 0) > (this.#powers[first + level] ?? 0);
    const inForceAt = this.#point + first + level;
    const chargedAt = isDearer ? this.#point + first + next : inForceAt;
    const capacity = this.#capacities[first + level] ?? 1;
    const busy = used >= capacity ? durationUs : Math.floor((durationUs * used) / capacity);
    residencyUs[inForceAt] = (residencyUs[inForceAt] ?? 0) + durationUs;
    chargedUs[chargedAt] = (chargedUs[chargedAt] ?? 0) + durationUs;
    busyUs[chargedAt] = (busyUs[chargedAt] ?? 0) + busy;
    this.#demand[domain] = (this.#demand[domain] ?? 0) + used * durationUs;
    if (used > capacity) this.#unserved[domain] = (this.#unserved[domain] ?? 0) + (used - capacity) * durationUs;
  }

  /** Utilisation times time of a whole fleet may not fit a double: exact in bigints, once a tick. */
  #closeTick(): void {
    const { demand, unserved } = this.#tally;
    for (let domain = 0; domain < this.#domains.length; domain++) {
      demand[domain] = (demand[domain] ?? 0n) + BigInt(this.#demand[domain] ?? 0);
      unserved[domain] = (unserved[domain] ?? 0n) + BigInt(this.#unserved[domain] ?? 0);
    }
    this.#demand.fill(0);
    this.#unserved.fill(0);
  }

  #count(domain: number, count: Count): void {
    const at = domain * COUNTS.length + COUNTS.indexOf(count);
    this.#tally.counts[at] = (this.#tally.counts[at] ?? 0) + 1;
  }
}
