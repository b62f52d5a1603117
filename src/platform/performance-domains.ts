import type { BoardLevel, BoardPerformanceDomain } from "../board/board.ts";
import type { HotKind } from "../core/description.ts";
import { STATUS } from "../errors.ts";
import { PerformanceLevelChanged, PerformanceLimitsChanged, performanceProtocol } from "../protocols/performance.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = performanceProtocol.id;

/** From here on a 0 in `PERFORMANCE_LIMITS_SET` leaves that limit as it is. */
const ZERO_KEEPS_SINCE = 0x30000;
/** From here on domains may go by level indices. */
const INDEXED_SINCE = 0x40000;

/** The platform's own agent id. */
const PLATFORM = 0;

/** Limits, as levels or level indices: what the domain goes by. */
export interface Limits {
  readonly max: number;
  readonly min: number;
}

/** The performance domains of a platform: what is in force, and who asked for it. Level and limits stand in the core, as level
 *  indices where the domain goes by them in the platform's version; here these numbers are called keys. */
export class PerformanceDomains {
  readonly domains: readonly BoardPerformanceDomain[];
  /** Called for every level that comes into force. */
  levelEntered: (domainId: number, key: number, time: number) => void = () => {};
  readonly #machine: Machine;
  /** The limits that were asked for through the host, by domain; the latest is last. The core keeps whose are in force. */
  readonly #requests = new Map<number, Map<number, Limits>>();
  /** Takes back a level that is not in force yet, by domain. */
  readonly #pending = new Map<number, () => void>();

  constructor(machine: Machine, domains: readonly BoardPerformanceDomain[]) {
    this.#machine = machine;
    this.domains = domains;
  }

  /** The domain with an id, for an agent, or why there is none. */
  find({ id }: AgentState, domainId: number): BoardPerformanceDomain | number {
    const domain = this.domains[domainId];
    if (!domain) return STATUS.NOT_FOUND;
    return this.#machine.tables.mayUse(id, ID, domainId) ? domain : STATUS.DENIED;
  }

  /** Whether the platform goes by level indices here. */
  isIndexed({ isIndexed }: BoardPerformanceDomain): boolean {
    return isIndexed && this.#machine.reportedVersion(performanceProtocol) >= INDEXED_SINCE;
  }

  /** Whether an agent agreed on a version without level indices, where the platform goes by them. */
  isTranslated(agent: AgentState, domain: BoardPerformanceDomain): boolean {
    return this.isIndexed(domain) && this.#machine.versionFor(agent, performanceProtocol) < INDEXED_SINCE;
  }

  /** What an agent calls a key. */
  toWire(agent: AgentState, domain: BoardPerformanceDomain, key: number): number {
    if (!this.isTranslated(agent, domain)) return key;
    return domain.levels.find(({ index }) => index === key)?.level ?? key;
  }

  /** The key of what an agent says; `undefined` when it is no level. */
  fromWire(agent: AgentState, domain: BoardPerformanceDomain, word: number): number | undefined {
    const byLevel = this.isTranslated(agent, domain) || !this.isIndexed(domain);
    const level = domain.levels.find((it) => (byLevel ? it.level : it.index) === word);
    return level && this.keyOf(domain, level);
  }

  keyOf(domain: BoardPerformanceDomain, level: BoardLevel): number {
    return this.isIndexed(domain) ? level.index : level.level;
  }

  /** Which of a domain's levels a key is; -1 = none. */
  positionOf(domainId: number, key: number): number {
    const domain = this.domains[domainId];
    return domain ? domain.levels.findIndex((level) => this.keyOf(domain, level) === key) : -1;
  }

  level(domainId: number): number {
    return this.#machine.tables.level(ID, domainId);
  }

  limits(domainId: number): Limits {
    return this.#machine.tables.limits(ID, domainId);
  }

  /** `PERFORMANCE_LEVEL_SET` by the rule of the core (docs/abi.md section 6); a test compares the two. */
  requestLevel(agent: AgentState, domainId: number, word: number): number {
    const domain = this.find(agent, domainId);
    if (typeof domain === "number") return domain;
    if (!this.#machine.tables.maySet(agent.id, ID, domainId)) return STATUS.DENIED;
    const key = this.fromWire(agent, domain, word);
    const { max, min } = this.limits(domainId);
    if (key === undefined || key < min || key > max) return STATUS.OUT_OF_RANGE;
    this.moveTo(agent.id, domainId, key);
    return STATUS.SUCCESS;
  }

  /** Brings a level into force, at once or after the domain's transition time; the newest request replaces one under way. */
  moveTo(agentId: number, domainId: number, key: number): void {
    this.#pending.get(domainId)?.();
    this.#pending.delete(domainId);
    const transitionUs = this.domains[domainId]?.transitionUs ?? 0;
    if (transitionUs === 0) {
      this.#enter(agentId, domainId, key);
      return;
    }
    if (key === this.level(domainId)) return;
    const cancel = this.#machine.clock.after(transitionUs * 1e-3, () => {
      this.#pending.delete(domainId);
      const { max, min } = this.limits(domainId);
      this.#enter(agentId, domainId, Math.min(max, Math.max(min, key)));
    });
    this.#pending.set(domainId, cancel);
  }

  /** `PERFORMANCE_LIMITS_SET`, and what arrives over its FastChannel. */
  requestLimits(agent: AgentState, domainId: number, wireMax: number, wireMin: number): number {
    const domain = this.find(agent, domainId);
    if (typeof domain === "number") return domain;
    if (!this.#machine.tables.mayLimit(agent.id, ID, domainId)) return STATUS.DENIED;
    const keepsZero = this.#machine.versionFor(agent, performanceProtocol) >= ZERO_KEEPS_SINCE;
    if (keepsZero && wireMax === 0 && wireMin === 0) return STATUS.OUT_OF_RANGE;
    const inForce = this.limits(domainId);
    // The limit in force first: a minimum above the 0 of "unchanged" is no fault
    const wanted = {
      max: keepsZero && wireMax === 0 ? this.toWire(agent, domain, inForce.max) : wireMax,
      min: keepsZero && wireMin === 0 ? this.toWire(agent, domain, inForce.min) : wireMin,
    };
    if (wanted.min > wanted.max) return STATUS.INVALID_PARAMETERS;
    // Exact levels only: agents look the limits of the notification up in their tables
    const max = this.fromWire(agent, domain, wanted.max);
    const min = this.fromWire(agent, domain, wanted.min);
    if (max === undefined || min === undefined) return STATUS.OUT_OF_RANGE;
    this.imposeLimits(agent.id, domainId, { max, min });
    return STATUS.SUCCESS;
  }

  /** Brings limits into force, in place of those of anybody else, and the level with them. */
  imposeLimits(agentId: number, domainId: number, limits: Limits): void {
    const requests = this.#requests.get(domainId) ?? new Map<number, Limits>();
    requests.delete(agentId);
    this.#requests.set(domainId, requests.set(agentId, limits));
    this.#applyLimits(agentId, domainId, limits);
  }

  /** A level is in force. One that was so before is no change. */
  levelChanged(agentId: number, domainId: number, before: number, level: number, time: number): void {
    const domain = this.domains[domainId];
    if (before === level || !domain) return;
    this.levelEntered(domainId, level, time);
    this.#machine.observers.tell("levelChanged", { agentId, domainId, before, level, time });
    this.#machine.notify(performanceProtocol, PerformanceLevelChanged, domainId, (agent) => ({
      agentId,
      domainId,
      performanceLevel: this.toWire(agent, domain, level),
    }));
  }

  /** Limits are in force. Those that were so before are no change. */
  limitsChanged(agentId: number, domainId: number, before: Limits, { max, min }: Limits, time: number): void {
    const domain = this.domains[domainId];
    if (!domain || (before.max === max && before.min === min)) return;
    this.#machine.observers.tell("limitsChanged", { agentId, domainId, max, min, time });
    this.#machine.notify(performanceProtocol, PerformanceLimitsChanged, domainId, (agent) => ({
      agentId,
      domainId,
      rangeMax: this.toWire(agent, domain, max),
      rangeMin: this.toWire(agent, domain, min),
    }));
  }

  /** Which hot commands of a domain the host answers for an agent: the core brings every change into force at once, goes by the
   *  numbers and rules of the platform's own version, and forgets all limits but the latest. */
  hostAnswers(agent: AgentState, domainId: number): readonly HotKind[] {
    const domain = this.domains[domainId];
    if (!domain) return [];
    if (this.isTranslated(agent, domain)) return ["get", "set", "limits"];
    if (domain.transitionUs > 0) return ["set", "limits"];
    const version = this.#machine.versionFor(agent, performanceProtocol);
    const isOlder =
      version < ZERO_KEEPS_SINCE && this.#machine.reportedVersion(performanceProtocol) >= ZERO_KEEPS_SINCE;
    return isOlder || domain.setLimitsAgents.length > 1 ? ["limits"] : [];
  }

  /** Takes back an agent's limits, and its level where no other agent may set one. */
  resetAgent({ id }: AgentState): void {
    this.domains.forEach((domain, domainId) => {
      const requests = this.#requests.get(domainId);
      const isInForce = this.#machine.tables.limitsAgent(ID, domainId) === id;
      if (requests?.delete(id) || isInForce) {
        const left = [...(requests ?? [])].at(-1);
        if (left) this.#applyLimits(left[0], domainId, left[1]);
        else this.#applyLimits(PLATFORM, domainId, this.fullRange(domain));
      }
      if (domain.setLevelAgent !== id) return;
      const first = domain.levels.find(({ level }) => level === domain.level);
      const { max, min } = this.limits(domainId);
      if (first) this.moveTo(PLATFORM, domainId, Math.min(max, Math.max(min, this.keyOf(domain, first))));
    });
  }

  /** Lowest and highest level. */
  fullRange(domain: BoardPerformanceDomain): Limits {
    const keys = domain.levels.map((level) => this.keyOf(domain, level));
    return { max: keys.at(-1) ?? 0, min: keys[0] ?? 0 };
  }

  close(): void {
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #enter(agentId: number, domainId: number, key: number): void {
    const before = this.level(domainId);
    this.#machine.tables.setLevel(ID, domainId, key);
    this.levelChanged(agentId, domainId, before, key, this.#machine.clock.now());
  }

  #applyLimits(agentId: number, domainId: number, { max, min }: Limits): void {
    const domain = this.domains[domainId];
    const before = this.limits(domainId);
    if (!domain) return;
    this.#machine.tables.setLimits(ID, domainId, max, min, agentId);
    this.limitsChanged(agentId, domainId, before, { max, min }, this.#machine.clock.now());
    const level = this.level(domainId);
    const inside = Math.min(max, Math.max(min, level));
    if (inside !== level) this.moveTo(agentId, domainId, inside);
  }
}
