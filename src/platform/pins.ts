import type { BoardPinctrl } from "../board/board-pinctrl.ts";
import { STATUS } from "../errors.ts";
import { PINCTRL_CONFIG, PINCTRL_SELECTOR, pinctrlProtocol } from "../protocols/pinctrl.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = pinctrlProtocol.id;

/** The platform's own agent id. */
const PLATFORM = 0;

/** What has settings, and can be requested. */
export type PinTarget = "pin" | "group";

/** What has a name. */
export type PinKind = PinTarget | "function";

/** A setting, as a message has it. */
export interface Setting {
  readonly type: number;
  readonly value: number;
}

/** What a pin is set to. */
interface PinState {
  functionId: number | undefined;
  /** By type, ascending. */
  readonly settings: Map<number, number>;
  /** The agent that changed it last; `undefined` = as the board has it. */
  agentId: number | undefined;
}

/** Types whose value is a bit. */
const SWITCHES: ReadonlySet<number> = new Set<number>([
  PINCTRL_CONFIG.BIAS_BUS_HOLD,
  PINCTRL_CONFIG.DRIVE_OPEN_DRAIN,
  PINCTRL_CONFIG.DRIVE_OPEN_SOURCE,
  PINCTRL_CONFIG.DRIVE_PUSH_PULL,
  PINCTRL_CONFIG.INPUT_MODE,
  PINCTRL_CONFIG.INPUT_SCHMITT,
  PINCTRL_CONFIG.OUTPUT_MODE,
  PINCTRL_CONFIG.OUTPUT_VALUE,
]);

/** The pins of a platform: who has them, and what they are set to. All state is a pin's: a group is set pin by pin, has the settings
 *  that all of its pins have, and reads as the first of them. */
export class Pins {
  readonly board: BoardPinctrl;
  readonly #machine: Machine;
  readonly #states: readonly PinState[];
  /** Agents by what they requested, `pin/3` or `group/1`. */
  readonly #holders = new Map<string, number>();
  /** Group ids by pin. */
  readonly #groupsOf: readonly (readonly number[])[];

  constructor(machine: Machine, board: BoardPinctrl) {
    this.#machine = machine;
    this.board = board;
    this.#states = board.pins.map(({ functionId, settings }) => ({
      ...{ functionId, settings: new Map(settings), agentId: undefined },
    }));
    this.#groupsOf = board.pins.map((_, pin) =>
      [...board.groups.keys()].filter((group) => board.groups[group]?.pins.includes(pin)),
    );
  }

  /** The pins that a target comes to; `undefined` when there is no such target. */
  pinsOf(target: PinTarget, id: number): readonly number[] | undefined {
    if (target === "group") return this.board.groups[id]?.pins;
    return this.board.pins[id] && [id];
  }

  /** Whether an agent may use something: a group with all of its pins, and nothing that it is denied by itself. */
  mayUse({ id: agentId }: AgentState, kind: PinKind, id: number): boolean {
    const { access, tables } = this.#machine;
    if (kind === "pin") return tables.mayUse(agentId, ID, id);
    if (access.resource(agentId, ID, this.resourceOf(kind, id)) === false) return false;
    return kind === "function" || (this.pinsOf(kind, id) ?? []).every((pin) => tables.mayUse(agentId, ID, pin));
  }

  /** How many of a kind there are for an agent: what is kept from it at the end of the ids is not counted. */
  countFor(agent: AgentState, kind: PinKind): number {
    const { pins, groups, functions } = this.board;
    let count = { pin: pins, group: groups, function: functions }[kind].length;
    while (count > 0 && !this.mayUse(agent, kind, count - 1)) count--;
    return count;
  }

  /** The number of something among all resources: pins, then groups, then functions. */
  resourceOf(kind: PinKind, id: number): number {
    const { pins, groups } = this.board;
    if (kind === "pin") return id;
    return kind === "group" ? pins.length + id : pins.length + groups.length + id;
  }

  /** The agent that has a pin for itself; `undefined` = none. */
  ownerOf(pin: number): number | undefined {
    const groups = this.#groupsOf[pin] ?? [];
    return [`pin/${pin}`, ...groups.map((group) => `group/${group}`)]
      .map((key) => this.#holders.get(key))
      .find((it) => it !== undefined);
  }

  /** Whether another agent has one of these pins. */
  isTaken(agentId: number, pins: readonly number[]): boolean {
    return pins.some((pin) => (this.ownerOf(pin) ?? agentId) !== agentId);
  }

  /** `PINCTRL_REQUEST` of what exists and may be used. */
  request(agentId: number, target: PinTarget, id: number): number {
    if (this.isTaken(agentId, this.pinsOf(target, id) ?? [])) return STATUS.IN_USE;
    const key = `${target}/${id}`;
    if (this.#holders.has(key)) return STATUS.SUCCESS;
    this.#holders.set(key, agentId);
    this.#machine.observers.tell("pinRequested", { agentId, target, id, time: this.#machine.clock.now() });
    return STATUS.SUCCESS;
  }

  /** `PINCTRL_RELEASE` of what exists and may be used. */
  release(agentId: number, target: PinTarget, id: number): number {
    const key = `${target}/${id}`;
    const holder = this.#holders.get(key);
    if (holder === undefined)
      return this.isTaken(agentId, this.pinsOf(target, id) ?? []) ? STATUS.IN_USE : STATUS.SUCCESS;
    if (holder !== agentId) return STATUS.IN_USE;
    this.#release(agentId, target, id);
    return STATUS.SUCCESS;
  }

  functionOf(target: PinTarget, id: number): number | undefined {
    return this.#states[this.pinsOf(target, id)?.[0] ?? 0]?.functionId;
  }

  /** The settings of a target, ascending by type. */
  settingsOf(target: PinTarget, id: number): readonly Setting[] {
    const [first, ...others] = (this.pinsOf(target, id) ?? []).map((pin) => this.#states[pin]);
    return [...(first?.settings ?? [])]
      .filter(([type]) => others.every((state) => state?.settings.has(type)))
      .map(([type, value]) => ({ type, value }));
  }

  /** Whether a target can have a function. */
  canSelect(target: PinTarget, id: number, functionId: number): boolean {
    if (target === "pin") return this.board.pins[id]?.functionIds.includes(functionId) ?? false;
    const it = this.board.functions[functionId];
    if (!it?.isPinOnly) return it?.members.includes(id) ?? false;
    return (this.pinsOf(target, id) ?? []).every((pin) => it.members.includes(pin));
  }

  /** Why settings cannot be those of a target; `SUCCESS` when they can. */
  judge(target: PinTarget, id: number, settings: readonly Setting[]): number {
    const known = new Set(this.settingsOf(target, id).map(({ type }) => type));
    for (const { type, value } of settings) {
      if (type === PINCTRL_CONFIG.DEFAULT) continue;
      if (!known.has(type)) return STATUS.NOT_SUPPORTED;
      // What comes in over a pin is the outside world's to say
      if (type === PINCTRL_CONFIG.INPUT_VALUE) return STATUS.INVALID_PARAMETERS;
      if (SWITCHES.has(type) && value > 1) return STATUS.INVALID_PARAMETERS;
    }
    return STATUS.SUCCESS;
  }

  /** Sets what has been judged, in order.
   *  @param functionId `undefined` = none, `null` = as it is */
  configure(
    agentId: number,
    target: PinTarget,
    id: number,
    functionId: number | undefined | null,
    settings: readonly Setting[],
  ): void {
    for (const pin of this.pinsOf(target, id) ?? []) {
      const state = this.#states[pin];
      if (!state) continue;
      if (functionId !== null) state.functionId = functionId;
      for (const { type, value } of settings) {
        if (type === PINCTRL_CONFIG.DEFAULT) this.#restoreSettings(pin, state);
        else state.settings.set(type, value);
      }
      state.agentId = agentId;
      this.#configured(agentId, pin, state);
    }
  }

  /** Takes back what an agent has requested and set. */
  resetAgent({ id: agentId }: AgentState): void {
    for (const [key, holder] of [...this.#holders]) {
      if (holder !== agentId) continue;
      const [target, id] = key.split("/");
      this.#release(agentId, target as PinTarget, Number(id));
    }
    for (const [pin, state] of this.#states.entries()) {
      if (state.agentId !== agentId) continue;
      state.agentId = undefined;
      state.functionId = this.board.pins[pin]?.functionId;
      this.#restoreSettings(pin, state);
      this.#configured(PLATFORM, pin, state);
    }
  }

  #release(agentId: number, target: PinTarget, id: number): void {
    this.#holders.delete(`${target}/${id}`);
    this.#machine.observers.tell("pinReleased", { agentId, target, id, time: this.#machine.clock.now() });
  }

  #restoreSettings(pin: number, { settings }: PinState): void {
    for (const [type, value] of this.board.pins[pin]?.settings ?? []) settings.set(type, value);
  }

  #configured(agentId: number, pinId: number, { functionId, settings }: PinState): void {
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("pinConfigured", { agentId, pinId, functionId, settings: new Map(settings), time });
  }
}

/** What a selector names; `undefined` for the reserved one. */
export function kindOf(selector: number): PinKind | undefined {
  switch (selector) {
    case PINCTRL_SELECTOR.PIN:
      return "pin";
    case PINCTRL_SELECTOR.GROUP:
      return "group";
    default:
      return selector === PINCTRL_SELECTOR.FUNCTION ? "function" : undefined;
  }
}
