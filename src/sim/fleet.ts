import { Batch } from "../core/batch.ts";
import type { CoreCapacity } from "../core/capacity.ts";
import { Core } from "../core/core.ts";
import { describePlatform } from "../core/describe.ts";
import { Accounts } from "./accounts.ts";
import { ask, type Governor, levelsByUtilisation } from "./governor.ts";
import { type FleetPlan, isBuiltIn, kindsOf } from "./plan.ts";
import { describeKind, type GovernedDomain, type SocKind } from "./soc-kind.ts";
import type { Tally } from "./tally.ts";
import { Utilisation } from "./utilisation.ts";

/** SMT head, and room for the longest hot answer. */
const AREA_BYTES = 64;
const BATCH_ENTRIES = 1024;
const BATCH_PAYLOAD_BYTES = 16;

/** Which part of a plan is simulated here, and by what. */
export interface FleetPart {
  /** First SoC; default 0. */
  readonly from?: number;
  /** The SoC after the last one; default all. */
  readonly to?: number;
  /** For a plan whose governor is none of the built-in ones. */
  readonly governor?: Governor;
  /** Of the core, beyond what the SoCs need: room for a trace. */
  readonly capacity?: Pick<CoreCapacity, "traceEntries" | "tracePayload">;
}

/** SoCs in one core, each with a platform state, an SCMI instance and a channel of its own. In every tick the governor looks at all
 *  domains, what it wants goes out as `PERFORMANCE_LEVEL_SET` in batches, and the accounts are kept. docs/simulation.md. */
export class Fleet {
  readonly plan: FleetPlan;
  readonly #core: Core;
  readonly #batch: Batch;
  readonly #accounts: Accounts;
  readonly #utilisation: Utilisation;
  readonly #governor: Governor | undefined;
  /** By domain over all kinds, for the built-in ones. */
  readonly #tables: readonly Uint16Array[];
  readonly #domains: readonly GovernedDomain[];
  /** By slot: index in {@link #domains}, and the id that the core knows the domain by. */
  readonly #domainOf: Uint16Array;
  readonly #idOf: Uint16Array;
  /** First slot of each SoC, and the end. */
  readonly #firstSlot: Uint32Array;
  /** By slot: position of the level that was accepted last, and of the one that is being asked for. */
  readonly #requested: Uint16Array;
  readonly #wanted: Uint16Array;
  /** By slot, in µs: when it was asked for. */
  readonly #askedAt: Float64Array;
  /** By position in the batch: the SoC that asks. */
  readonly #socOf = new Uint32Array(BATCH_ENTRIES);
  #tick = 0;
  /** SoC whose requests are on their way, and when the last of them was accepted. */
  #soc = -1;
  #acceptedAt = 0;

  private constructor(plan: FleetPlan, { from = 0, to = plan.socs, governor, capacity }: FleetPart) {
    const kinds = kindsOf(plan);
    this.plan = plan;
    this.#governor = governor;
    this.#core = openCore(kinds, from, to, capacity);
    this.#batch = new Batch(this.#core);
    this.#domains = kinds.flatMap(({ domains }) => domains);
    const { governor: name } = plan;
    this.#tables = isBuiltIn(name) ? this.#domains.map((domain) => levelsByUtilisation(name, domain)) : [];
    const count = to - from;
    this.#firstSlot = new Uint32Array(count + 1);
    for (let soc = 0; soc < count; soc++) {
      const domains = kinds[(from + soc) % kinds.length]?.domains.length ?? 0;
      this.#firstSlot[soc + 1] = (this.#firstSlot[soc] ?? 0) + domains;
    }
    const slots = this.#firstSlot[count] ?? 0;
    this.#accounts = new Accounts(plan, kinds, slots);
    this.#utilisation = new Utilisation(plan, this.#domains, slots);
    this.#domainOf = new Uint16Array(slots);
    this.#idOf = new Uint16Array(slots);
    this.#requested = new Uint16Array(slots);
    this.#wanted = new Uint16Array(slots);
    this.#askedAt = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);
    this.#openSlots(kinds, from, count);
  }

  /** Opens SoCs of a plan.
   *  @throws RangeError for a part that the plan does not have, or more SoCs than a core has room for
   *  @throws TypeError when the plan's governor is not built in and none is given, or the other way round */
  static open(plan: FleetPlan, part: FleetPart = {}): Fleet {
    const { from = 0, to = plan.socs } = part;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= plan.socs)) {
      throw new RangeError(`fleet: expected SoCs 0 ≤ from < to ≤ ${plan.socs}, got ${from} to ${to}`);
    }
    if (isBuiltIn(plan.governor) !== (part.governor === undefined)) {
      const expected = part.governor ? "a name that is not built in" : "a built-in governor, or a function";
      throw new TypeError(`governor "${plan.governor}": expected ${expected}`);
    }
    return new Fleet(plan, part);
  }

  /** Ticks that have passed. */
  get tick(): number {
    return this.#tick;
  }

  /** The machine: SoC `from + i` is instance i and channel i, and its governed domains have the ids 0, 1, …. */
  get core(): Core {
    return this.#core;
  }

  /** What has been counted so far; switches that are under way are unfinished. */
  tally(): Tally {
    return this.#accounts.close(this.#tick);
  }

  /** Simulates on.
   *  @param ticks at most these
   *  @returns whether the plan's time has not passed yet
   *  @throws RangeError when a governor of one's own answers no level */
  advance(ticks: number): boolean {
    const end = Math.min(this.plan.ticks, this.#tick + ticks);
    for (; this.#tick < end; this.#tick++) {
      this.#soc = -1;
      this.#govern(this.#tick * this.plan.tickUs);
      this.#utilisation.advance(this.#tick, this.#domainOf);
      this.#accounts.advance(this.#tick, this.#domainOf, this.#utilisation.values);
    }
    return end < this.plan.ticks;
  }

  /** Lets the memory go. */
  dispose(): void {
    this.#core.dispose();
  }

  #openSlots(kinds: readonly SocKind[], from: number, count: number): void {
    const firstDomain = kinds.map((_, kind) => kinds.slice(0, kind).reduce((sum, it) => sum + it.domains.length, 0));
    let slot = 0;
    for (let soc = 0; soc < count; soc++) {
      const kind = (from + soc) % kinds.length;
      this.#accounts.addSoc(kind);
      for (const [id, { start }] of (kinds[kind]?.domains ?? []).entries()) {
        const domain = (firstDomain[kind] ?? 0) + id;
        this.#domainOf[slot] = domain;
        this.#idOf[slot] = id;
        this.#requested[slot] = start;
        this.#accounts.openSlot(slot, start, from + soc, id);
        this.#utilisation.openSlot(slot, domain, from + soc, id);
        slot++;
      }
    }
  }

  #govern(nowUs: number): void {
    const batch = this.#batch;
    const { values } = this.#utilisation;
    const socs = this.#firstSlot.length - 1;
    for (let soc = 0; soc < socs; soc++) {
      const end = this.#firstSlot[soc + 1] ?? 0;
      for (let slot = this.#firstSlot[soc] ?? 0; slot < end; slot++) {
        const index = this.#domainOf[slot] ?? 0;
        const domain = this.#domains[index];
        if (!domain) continue;
        const requested = this.#requested[slot] ?? 0;
        const utilisation = values[slot] ?? 0;
        const table = this.#tables[index];
        const wanted = table
          ? (table[utilisation] ?? 0)
          : this.#governor
            ? ask(this.#governor, domain, utilisation, requested)
            : requested;
        if (wanted === requested) continue;
        if (nowUs - (this.#askedAt[slot] ?? 0) < domain.rateLimitUs) continue;
        this.#wanted[slot] = wanted;
        this.#askedAt[slot] = nowUs;
        if (batch.room === 0) this.#exchange(nowUs);
        // Opened in order: the channel of a SoC has its number
        batch.setLevel(soc, this.#idOf[slot] ?? 0, domain.keys[wanted] ?? 0, slot);
        this.#socOf[batch.pending - 1] = soc;
      }
    }
    this.#exchange(nowUs);
  }

  #exchange(nowUs: number): void {
    const batch = this.#batch;
    batch.run(nowUs * 1000);
    for (let i = 0; batch.next(); i++) {
      const slot = batch.tag;
      const soc = this.#socOf[i] ?? 0;
      if (soc !== this.#soc) {
        this.#soc = soc;
        this.#acceptedAt = nowUs;
      }
      this.#acceptedAt += this.plan.messageUs;
      const domain = this.#domainOf[slot] ?? 0;
      if (batch.fault !== 0) this.#accounts.refuse(domain, "faults");
      else if (batch.status !== 0) this.#accounts.refuse(domain, "refused");
      else {
        const level = this.#wanted[slot] ?? 0;
        this.#requested[slot] = level;
        this.#accounts.accept(slot, domain, level, nowUs, this.#acceptedAt);
      }
    }
  }
}

/** A core whose SoCs stand row by row. */
function openCore(kinds: readonly SocKind[], from: number, to: number, capacity: FleetPart["capacity"]): Core {
  const socs = to - from;
  const descriptions = kinds.map(describeKind);
  const most = Math.max(...kinds.map(({ domains }) => domains.length));
  const levels = kinds.reduce((sum, it) => sum + it.domains.reduce((n, { keys }) => n + keys.length, 0), 0);
  const domains = kinds.reduce((sum, it) => sum + it.domains.length, 0);
  const core = Core.createSync({
    capacity: {
      instances: socs,
      channels: socs,
      xfers: socs,
      states: socs,
      stateBytes: STATE_HEAD_BYTES + most * STATE_BYTES_PER_DOMAIN,
      areas: socs,
      areaBytes: AREA_BYTES,
      tokenSpaces: 0,
      maxPayload: AREA_BYTES / 2,
      claims: 1,
      fastChannels: 0,
      batchEntries: BATCH_ENTRIES,
      batchPayload: BATCH_PAYLOAD_BYTES,
      p2aEntries: 0,
      eventEntries: 0,
      traceEntries: 0,
      regionBytes: kinds.length * 2048 + domains * 128 + levels * 8,
      rows: true,
      ...capacity,
    },
  });
  const offsets = descriptions.map((it) => describePlatform(core, it));
  for (let soc = from; soc < to; soc++) {
    const description = offsets[soc % kinds.length] ?? 0;
    const instance = core.openInstance({ description, state: core.openState(description), xfers: 1 });
    core.openChannel(instance, { areaBytes: AREA_BYTES });
  }
  return core;
}

/** Of a state: the words and the permission byte of each domain, and the protocol mask with paddings. */
const STATE_BYTES_PER_DOMAIN = 17;
const STATE_HEAD_BYTES = 32;
