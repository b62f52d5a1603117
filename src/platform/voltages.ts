import type { BoardVoltageDomain, BoardVoltagePermissions, BoardVoltageRange } from "../board/board.ts";
import { STATUS } from "../errors.ts";
import { voltageProtocol } from "../protocols/voltage.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = voltageProtocol.id;
const ALL_ALLOWED: BoardVoltagePermissions = { level: true, mode: true };

/** Words of a domain's state in the core; docs/memory-map.md. */
const WORD = { LEVEL: 0, MODE: 1 } as const;

/** The voltage domains of a platform: what is in force, and who asked for it. Level and mode stand in the core. */
export class Voltages {
  readonly domains: readonly BoardVoltageDomain[];
  readonly #machine: Machine;
  /** The modes that agents asked for, by domain, then by agent. The highest is in force. */
  readonly #wishes = new Map<number, Map<number, number>>();

  constructor(machine: Machine, domains: readonly BoardVoltageDomain[]) {
    this.#machine = machine;
    this.domains = domains;
  }

  /** The domain as an agent may use it, or the status that it gets instead. */
  find({ id }: AgentState, domainId: number): BoardVoltageDomain | number {
    const domain = this.domains[domainId];
    if (!domain) return STATUS.NOT_FOUND;
    return this.#machine.tables.mayUse(id, ID, domainId) ? domain : STATUS.DENIED;
  }

  maySetMode({ id }: AgentState, { permissions }: BoardVoltageDomain): boolean {
    return (permissions.get(id) ?? ALL_ALLOWED).mode;
  }

  /** In µV, signed. */
  level(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.LEVEL) | 0;
  }

  mode(domainId: number): number {
    return this.#machine.tables.word(ID, domainId, WORD.MODE);
  }

  setLevel(agentId: number, domainId: number, levelUv: number): void {
    const before = this.level(domainId);
    this.#machine.tables.setWord(ID, domainId, WORD.LEVEL, levelUv);
    this.levelChanged(agentId, domainId, before, levelUv, this.#machine.clock.now());
  }

  /** A level is in force. One that was so before is no change. */
  levelChanged(agentId: number, domainId: number, beforeUv: number, levelUv: number, time: number): void {
    if (beforeUv === levelUv) return;
    this.#machine.observers.tell("voltageChanged", { agentId, domainId, beforeUv, levelUv, time });
  }

  /** Counts an agent's wish: the supply serves all of them, so the highest mode wins. */
  requestMode({ id }: AgentState, domainId: number, mode: number): void {
    const wishes = this.#wishes.get(domainId) ?? new Map<number, number>();
    this.#wishes.set(domainId, wishes.set(id, mode));
    this.#count(id, domainId);
  }

  /** Puts a mode into force by the platform's own doing; what agents asked for before is forgotten. */
  imposeMode(domainId: number, mode: number): void {
    this.#wishes.delete(domainId);
    this.#setMode(0, domainId, mode);
  }

  /** Takes an agent's wishes for modes back. Levels stay: others may rely on them. */
  resetAgent({ id }: AgentState): void {
    for (const [domainId, wishes] of this.#wishes) if (wishes.delete(id)) this.#count(id, domainId);
  }

  #count(agentId: number, domainId: number): void {
    const wishes = [...(this.#wishes.get(domainId)?.values() ?? [])];
    // Until somebody asks, it is as the board says
    this.#setMode(agentId, domainId, wishes.length === 0 ? (this.domains[domainId]?.mode ?? 0) : Math.max(...wishes));
  }

  #setMode(agentId: number, domainId: number, mode: number): void {
    if (this.mode(domainId) === mode) return;
    this.#machine.tables.setWord(ID, domainId, WORD.MODE, mode);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("voltageModeChanged", { agentId, domainId, mode, time });
  }
}

/** Whether a domain has a level. */
export function hasLevel(levels: readonly number[] | BoardVoltageRange, levelUv: number): boolean {
  if (!("lowest" in levels)) return levels.includes(levelUv);
  const { lowest, highest, step } = levels;
  if (levelUv < lowest || levelUv > highest) return false;
  return levelUv === lowest || (levelUv - lowest) % step === 0;
}
