import { Batch } from "../core/batch.ts";
import type { CoreCapacity } from "../core/capacity.ts";
import { Core } from "../core/core.ts";
import { describePlatform } from "../core/describe.ts";
import { Accounts } from "./accounts.ts";
import { FleetMemory } from "./fleet-memory.ts";
import { ask, type Governor } from "./governor.ts";
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
  readonly #memory: FleetMemory;
  /** `undefined` = a built-in one, which {@link FleetMemory.look} goes by. */
  readonly #governor: Governor | undefined;
  readonly #domains: readonly GovernedDomain[];
  /** By level over all domains: what goes over the wire. */
  readonly #keys: Uint32Array;
  /** By slot: its SoC, and the id that the core knows the domain by. */
  readonly #socOf: Uint32Array;
  readonly #idOf: Uint16Array;
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
    this.#keys = Uint32Array.from(this.#domains.flatMap(({ keys }) => keys));
    let slots = 0;
    for (let soc = from; soc < to; soc++) slots += kinds[soc % kinds.length]?.domains.length ?? 0;
    this.#memory = new FleetMemory(this.#domains, slots, BATCH_ENTRIES);
    if (isBuiltIn(plan.governor)) this.#memory.govern(plan.governor, this.#domains);
    this.#accounts = new Accounts(plan, kinds, this.#memory);
    this.#utilisation = new Utilisation(plan, this.#domains, this.#memory.utilisations);
    this.#socOf = new Uint32Array(slots);
    this.#idOf = new Uint16Array(slots);
    this.#openSlots(kinds, from, to - from);
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
      const nowUs = this.#tick * this.plan.tickUs;
      if (this.#governor) this.#governByOwn(this.#governor, nowUs);
      else this.#governBuiltIn(nowUs);
      this.#utilisation.advance(this.#tick, this.#memory.domains);
      this.#accounts.advance(this.#tick);
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
        this.#memory.domains[slot] = domain;
        this.#memory.requested[slot] = (this.#memory.firstLevels[domain] ?? 0) + start;
        this.#socOf[slot] = soc;
        this.#idOf[slot] = id;
        this.#accounts.openSlot(slot, start, from + soc, id);
        this.#utilisation.openSlot(slot, domain, from + soc, id);
        slot++;
      }
    }
  }

  #governBuiltIn(nowUs: number): void {
    const memory = this.#memory;
    for (let from = 0; from < this.#socOf.length; from = memory.next) this.#exchange(memory.look(from, nowUs), nowUs);
  }

  #governByOwn(governor: Governor, nowUs: number): void {
    const { domains, requested, utilisations, askedAtUs, firstLevels } = this.#memory;
    let asks = 0;
    for (let slot = 0; slot < domains.length; slot++) {
      const index = domains[slot] ?? 0;
      const domain = this.#domains[index];
      if (!domain) continue;
      const first = firstLevels[index] ?? 0;
      const level = (requested[slot] ?? 0) - first;
      const wanted = ask(governor, domain, utilisations[slot] ?? 0, level);
      if (wanted === level || nowUs - (askedAtUs[slot] ?? 0) < domain.rateLimitUs) continue;
      askedAtUs[slot] = nowUs;
      this.#memory.list(asks++, slot, first + wanted);
      if (asks < BATCH_ENTRIES) continue;
      this.#exchange(asks, nowUs);
      asks = 0;
    }
    this.#exchange(asks, nowUs);
  }

  /** Sends what is in the list. */
  #exchange(asks: number, nowUs: number): void {
    if (asks === 0) return;
    const memory = this.#memory;
    const batch = this.#batch;
    for (let i = 0; i < asks; i++) {
      const slot = memory.slotOf(i);
      // Opened in order: the channel of a SoC has its number
      batch.setLevel(this.#socOf[slot] ?? 0, this.#idOf[slot] ?? 0, this.#keys[memory.levelOf(i)] ?? 0, i);
    }
    batch.run(nowUs * 1000);
    while (batch.next()) {
      const slot = memory.slotOf(batch.tag);
      const soc = this.#socOf[slot] ?? 0;
      if (soc !== this.#soc) {
        this.#soc = soc;
        this.#acceptedAt = nowUs;
      }
      this.#acceptedAt += this.plan.messageUs;
      const domain = memory.domains[slot] ?? 0;
      if (batch.fault !== 0) this.#accounts.refuse(domain, "faults");
      else if (batch.status !== 0) this.#accounts.refuse(domain, "refused");
      else {
        const level = memory.levelOf(batch.tag);
        memory.requested[slot] = level;
        this.#accounts.accept(slot, domain, level - (memory.firstLevels[domain] ?? 0), nowUs, this.#acceptedAt);
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
