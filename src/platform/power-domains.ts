import type { BoardPowerDomain } from "../board/board-power.ts";
import type { HotKind } from "../core/description.ts";
import { STATUS } from "../errors.ts";
import { PowerStateChanged, PowerStateChangeRequested, powerProtocol } from "../protocols/power.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = powerProtocol.id;

/** Words of a domain's state: its power state, and which agent set it without the host. */
const STATE_WORD = 0;
const AGENT_WORD = 1;

/** The power domains of a platform: the states they are in, which stand in the core, and who asked for what. */
export class PowerDomains {
  readonly domains: readonly BoardPowerDomain[];
  /** Called for every change, after observers and agents were told. */
  stateEntered: (domainId: number, powerState: number, time: number) => void = () => {};
  readonly #machine: Machine;
  /** Ids of the domains below each. */
  readonly #children: readonly (readonly number[])[];
  /** What each agent asked for, by domain, then by agent. */
  readonly #votes = new Map<number, Map<number, number>>();

  constructor(machine: Machine, domains: readonly BoardPowerDomain[]) {
    this.#machine = machine;
    this.domains = domains;
    this.#children = domains.map((_, id) => domains.flatMap(({ parent }, child) => (parent === id ? [child] : [])));
  }

  /** The domain as an agent may use it, or the status that it gets instead. */
  find({ id }: AgentState, domainId: number): BoardPowerDomain | number {
    const domain = this.domains[domainId];
    if (!domain) return STATUS.NOT_FOUND;
    return this.#machine.tables.mayUse(id, ID, domainId) ? domain : STATUS.DENIED;
  }

  /** Whether an agent that may use a domain may set its state. */
  maySet({ id }: AgentState, domainId: number): boolean {
    return this.domains[domainId]?.setStateAgents.includes(id) ?? false;
  }

  state(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, STATE_WORD);
  }

  /** Which hot commands of a domain the host answers: the core brings every state into force at once, and knows neither wishes
   *  nor parents, nor what to say to an agent that may not set a state. */
  hostAnswers(agent: AgentState, domainId: number): readonly HotKind[] {
    const domain = this.domains[domainId];
    if (!domain) return [];
    if (!this.maySet(agent, domainId)) return ["set"];
    const { setStateAgents, parent, asyncLatencyUs } = domain;
    const isAlone = parent === undefined && this.#children[domainId]?.length === 0;
    return isAlone && setStateAgents.length <= 1 && asyncLatencyUs === undefined ? [] : ["set"];
  }

  /** Tells those who asked to hear of it that an agent asked for a state. */
  requested(agentId: number, domainId: number, powerState: number, time = this.#machine.clock.now()): void {
    this.#machine.observers.tell("powerStateRequested", { agentId, domainId, powerState, time });
    const told = () => ({ agentId, domainId, powerState });
    this.#machine.notify(powerProtocol, PowerStateChangeRequested, domainId, told, { exceptAgentId: agentId });
  }

  /** Counts an agent's wish, and moves the domain to what all wishes come to. */
  vote(agentId: number, domainId: number, powerState: number): void {
    const votes = this.#votes.get(domainId) ?? new Map<number, number>();
    this.#votes.set(domainId, votes.set(agentId, powerState));
    this.#settle(agentId, domainId);
  }

  /** Takes an agent's wishes back. */
  resetAgent({ id }: AgentState): void {
    const { tables } = this.#machine;
    this.domains.forEach((_, domainId) => {
      const isSetInCore = tables.word(ID, domainId, AGENT_WORD) === id;
      if (isSetInCore) tables.setWord(ID, domainId, AGENT_WORD, 0);
      if (this.#votes.get(domainId)?.delete(id) || isSetInCore) this.#settle(id, domainId);
    });
  }

  /** Moves a domain whatever its agents want; their wishes count again with the next of them. */
  enter(agentId: number, domainId: number, powerState: number): void {
    const before = this.state(domainId);
    this.#machine.tables.setWord(ID, domainId, STATE_WORD, powerState);
    this.stateChanged(agentId, domainId, before, powerState, this.#machine.clock.now());
  }

  /** A domain is in a state. One that it was in before is no change. */
  stateChanged(agentId: number, domainId: number, before: number, powerState: number, time: number): void {
    if (before === powerState) return;
    this.#machine.observers.tell("powerStateChanged", { agentId, domainId, before, powerState, time });
    this.#machine.notify(powerProtocol, PowerStateChanged, domainId, () => ({ agentId, domainId, powerState }));
    this.stateEntered(domainId, powerState, time);
  }

  /** Parents go on before what is below them, and off after it. */
  #settle(agentId: number, domainId: number): void {
    const domain = this.domains[domainId];
    if (!domain) return;
    const wanted = this.#wanted(domainId, domain);
    const isOn = isPowered(wanted);
    if (isOn && domain.parent !== undefined) this.#settle(agentId, domain.parent);
    this.enter(agentId, domainId, wanted);
    if (!isOn && domain.parent !== undefined) this.#settle(agentId, domain.parent);
  }

  /** The most powered state that anybody asked for, or that a domain below needs. Until somebody does, it is as the board says. */
  #wanted(domainId: number, { states, state }: BoardPowerDomain): number {
    const wishes = [...(this.#votes.get(domainId)?.values() ?? [])];
    const children = this.#children[domainId] ?? [];
    const isNeeded = children.some((id) => isPowered(this.#wanted(id, this.domains[id] as BoardPowerDomain)));
    if (isNeeded) return states[0] as number;
    if (wishes.length === 0) return children.length > 0 ? (states.at(-1) as number) : state;
    return states.find((it) => wishes.includes(it)) as number;
  }
}

/** Bit 30 of a power state word: what the domain knew is lost, as when it is off. */
function isPowered(powerState: number): boolean {
  return (powerState & 0x40000000) === 0;
}
