import type { BoardResetDomain } from "../board/board.ts";
import { STATUS } from "../errors.ts";
import { COLD_RESET, ResetIssued, type ResetState, resetProtocol } from "../protocols/reset.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = resetProtocol.id;

/** Words of a domain's state in the core. */
const WORD = { SIGNAL: 0, HOLDER: 1, CYCLES: 2, COUNT: 3 } as const;

/** The reset domains of a platform. The signal of each is held by explicit control, or by cycles under way:
 *
 *      explicit    deasserted ── assert ──► asserted ── deassert, or a cycle begins ──► deasserted
 *      cycles      0 ── a cycle begins ──► 1, 2 … ── it ends ──► 0
 *
 *  and the domain is in reset while either holds it. All of it stands in the core. */
export class Resets {
  readonly domains: readonly BoardResetDomain[];
  readonly #machine: Machine;

  constructor(machine: Machine, domains: readonly BoardResetDomain[]) {
    this.#machine = machine;
    this.domains = domains;
  }

  /** The domain as an agent may use it, or the status that it gets instead. */
  find({ id }: AgentState, domainId: number): BoardResetDomain | number {
    const domain = this.domains[domainId];
    if (!domain) return STATUS.NOT_FOUND;
    return this.#machine.tables.mayUse(id, ID, domainId) ? domain : STATUS.DENIED;
  }

  /** Whether a domain is in reset. */
  isAsserted(domainId: number): boolean {
    return this.#word(domainId, WORD.SIGNAL) !== 0 || this.#word(domainId, WORD.CYCLES) > 0;
  }

  /** Resets issued so far, modulo 2^32. */
  count(domainId: number): number {
    return this.#word(domainId, WORD.COUNT);
  }

  /** Explicit control. What is so already stays so; a domain that gets into reset was reset. */
  setSignal(agentId: number, domainId: number, isAsserted: boolean): void {
    const wasAsserted = this.isAsserted(domainId);
    this.#setWord(domainId, WORD.SIGNAL, isAsserted ? 1 : 0);
    this.#setWord(domainId, WORD.HOLDER, agentId);
    this.#changed(agentId, domainId, wasAsserted);
    if (isAsserted && !wasAsserted) this.#issued(agentId, domainId, COLD_RESET);
  }

  /** A cycle begins: it takes the signal over from explicit control. */
  begin(agentId: number, domainId: number): void {
    const wasAsserted = this.isAsserted(domainId);
    this.#setWord(domainId, WORD.CYCLES, this.#word(domainId, WORD.CYCLES) + 1);
    this.#setWord(domainId, WORD.SIGNAL, 0);
    this.#setWord(domainId, WORD.HOLDER, agentId);
    this.#changed(agentId, domainId, wasAsserted);
  }

  /** A cycle ends. */
  end(agentId: number, domainId: number, state: ResetState): void {
    const wasAsserted = this.isAsserted(domainId);
    this.#setWord(domainId, WORD.CYCLES, this.#word(domainId, WORD.CYCLES) - 1);
    this.#changed(agentId, domainId, wasAsserted);
    this.#issued(agentId, domainId, state);
  }

  /** Gives back the signals that the agent was the last to control: they are as the board says again. */
  resetAgent({ id }: AgentState): void {
    this.domains.forEach(({ isAsserted }, domainId) => {
      if (this.#word(domainId, WORD.HOLDER) !== id) return;
      this.setSignal(id, domainId, isAsserted);
      this.#setWord(domainId, WORD.HOLDER, 0);
    });
  }

  #changed(agentId: number, domainId: number, wasAsserted: boolean): void {
    const isAsserted = this.isAsserted(domainId);
    if (isAsserted === wasAsserted) return;
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("resetSignalChanged", { agentId, domainId, isAsserted, time });
  }

  #issued(agentId: number, domainId: number, resetState: ResetState): void {
    this.#setWord(domainId, WORD.COUNT, this.#word(domainId, WORD.COUNT) + 1);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("resetIssued", { agentId, domainId, resetState, time });
    this.#machine.notify(resetProtocol, ResetIssued, domainId, () => ({ agentId, domainId, resetState }));
  }

  #word(domainId: number, index: number): number {
    return this.#machine.tables.word(ID, domainId, index);
  }

  #setWord(domainId: number, index: number, word: number): void {
    this.#machine.tables.setWord(ID, domainId, index, word);
  }
}
