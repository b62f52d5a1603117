import type { BoardClock, BoardClockPermissions } from "../board/board.ts";
import { ClockRateChanged, ClockRateChangeRequested, clockProtocol } from "../protocols/clock.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = clockProtocol.id;
const ALL_ALLOWED: BoardClockPermissions = { state: true, parent: true, rate: true };

/** The clocks of a platform: what is in force, and who asked for it. Rate, parent and whether it runs stand in the core. */
export class Clocks {
  readonly clocks: readonly BoardClock[];
  readonly #machine: Machine;
  /** What each agent asked for, by clock: enabled or not. A clock runs while anybody wants it. */
  readonly #votes = new Map<number, Map<number, boolean>>();
  /** Extended configurations by clock, then by type. */
  readonly #extended: Map<number, number>[];

  constructor(machine: Machine, clocks: readonly BoardClock[]) {
    this.#machine = machine;
    this.clocks = clocks;
    this.#extended = clocks.map(({ extendedConfig }) => new Map(extendedConfig));
    clocks.forEach(({ isEnabled, parent }, id) => {
      machine.tables.setEnabled(ID, id, isEnabled);
      if (parent !== undefined) machine.tables.setParent(ID, id, parent);
    });
  }

  /** The clock as an agent sees it; `undefined` when it sees none: what it may not use is not there. */
  visible({ id }: AgentState, clockId: number): BoardClock | undefined {
    const clock = this.clocks[clockId];
    return clock && this.#machine.tables.mayUse(id, ID, clockId) ? clock : undefined;
  }

  /** The clocks that may be a clock's parent, as far as an agent sees them. */
  possibleParents(agent: AgentState, { parents }: BoardClock): readonly number[] {
    return parents.filter((id) => this.visible(agent, id) !== undefined);
  }

  permissions({ id }: AgentState, clock: BoardClock): BoardClockPermissions {
    return clock.permissions.get(id) ?? ALL_ALLOWED;
  }

  rate(clockId: number): bigint {
    return this.#machine.tables.rate(ID, clockId);
  }

  isEnabled(clockId: number): boolean {
    return this.#machine.tables.isEnabled(ID, clockId);
  }

  parent(clockId: number): number {
    return this.#machine.tables.parent(ID, clockId);
  }

  extended(clockId: number, type: number): number | undefined {
    return this.#extended[clockId]?.get(type);
  }

  setExtended(clockId: number, type: number, value: number): void {
    this.#extended[clockId]?.set(type, value);
  }

  /** Tells who asked to hear of it that a rate was asked for. */
  requested(agentId: number, clockId: number, rate: bigint): void {
    const rateHz = Number(rate);
    this.#machine.notify(clockProtocol, ClockRateChangeRequested, clockId, () => ({ agentId, clockId, rateHz }));
  }

  setRate(agentId: number, clockId: number, rate: bigint): void {
    const before = this.rate(clockId);
    this.#machine.tables.setRate(ID, clockId, rate);
    this.rateChanged(agentId, clockId, before, rate, this.#machine.clock.now());
  }

  /** A rate is in force. One that was so before is no change. */
  rateChanged(agentId: number, clockId: number, before: bigint, rate: bigint, time: number): void {
    if (before === rate) return;
    const rateHz = Number(rate);
    this.#machine.observers.tell("rateChanged", { agentId, clockId, beforeHz: Number(before), rateHz, time });
    this.#machine.notify(clockProtocol, ClockRateChanged, clockId, () => ({ agentId, clockId, rateHz }));
  }

  /** Counts an agent's wish. */
  vote({ id }: AgentState, clockId: number, isEnabled: boolean): void {
    const votes = this.#votes.get(clockId) ?? new Map<number, boolean>();
    this.#votes.set(clockId, votes.set(id, isEnabled));
    this.#count(id, clockId);
  }

  setParent(agentId: number, clockId: number, parentId: number): void {
    if (this.parent(clockId) === parentId) return;
    this.#machine.tables.setParent(ID, clockId, parentId);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("parentChanged", { agentId, clockId, parentId, time });
  }

  /** Takes back an agent's wishes. What only this agent could change gets the board's value; what others could change, too,
   *  may be theirs and stays. */
  resetAgent(agent: AgentState): void {
    this.clocks.forEach((clock, clockId) => {
      if (this.#votes.get(clockId)?.delete(agent.id)) this.#count(agent.id, clockId);
      if (!this.visible(agent, clockId)) return;
      if (this.#isOnlyUser(agent, clock, clockId, "rate")) {
        this.setRate(agent.id, clockId, clock.rate);
        this.#extended[clockId] = new Map(clock.extendedConfig);
      }
      if (clock.parent !== undefined && this.#isOnlyUser(agent, clock, clockId, "parent")) {
        this.setParent(agent.id, clockId, clock.parent);
      }
    });
  }

  #isOnlyUser(agent: AgentState, clock: BoardClock, clockId: number, what: keyof BoardClockPermissions): boolean {
    const users = this.#machine.agents.filter((it) => this.visible(it, clockId) && this.permissions(it, clock)[what]);
    return users.length === 1 && users[0] === agent;
  }

  #count(agentId: number, clockId: number): void {
    const votes = [...(this.#votes.get(clockId)?.values() ?? [])];
    // Until somebody asks, it is as the board says
    const isEnabled = votes.length === 0 ? (this.clocks[clockId]?.isEnabled ?? false) : votes.includes(true);
    if (this.isEnabled(clockId) === isEnabled) return;
    this.#machine.tables.setEnabled(ID, clockId, isEnabled);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("clockSwitched", { agentId, clockId, isEnabled, time });
  }
}
