import type { BoardSystemPower } from "../board/board-power.ts";
import { STATUS } from "../errors.ts";
import {
  SYSTEM_STATE,
  SystemPowerMessageAttributes,
  SystemPowerProtocolAttributes,
  SystemPowerStateGet,
  SystemPowerStateNotify,
  SystemPowerStateSet,
  systemPowerProtocol,
} from "../protocols/system-power.ts";
import type { AgentState } from "./agents.ts";
import { DONE, Handlers } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import type { Server } from "./server.ts";
import { SystemPowerControls } from "./system-power-controls.ts";
import { SystemPowerStates } from "./system-power-states.ts";

const { WARM_RESET, POWER_UP, SUSPEND } = SYSTEM_STATE;

/** System power management. */
export class SystemPowerServer implements Server {
  readonly protocol = systemPowerProtocol;
  readonly handlers = new Handlers();
  readonly controls: SystemPowerControls;
  readonly #board: BoardSystemPower;
  readonly #states: SystemPowerStates;

  constructor(machine: Machine, board: BoardSystemPower) {
    this.#board = board;
    const states = new SystemPowerStates(machine, board);
    this.#states = states;
    this.controls = new SystemPowerControls(machine, board, states);
    this.handlers
      .on(SystemPowerProtocolAttributes, () => ({}))
      .on(SystemPowerMessageAttributes, ({ messageId }, { agent }) => {
        if (!machine.commandFor(agent, this.protocol, messageId)) return STATUS.NOT_FOUND;
        if (messageId === SystemPowerStateNotify.id && !board.notifyAgents.includes(agent.id)) {
          return STATUS.NOT_SUPPORTED;
        }
        const isSet = messageId === SystemPowerStateSet.id;
        const has = (state: number) => isSet && this.#isOffered(agent, state);
        return { attributes: { warmReset: has(WARM_RESET), suspend: has(SUSPEND) } };
      })
      .on(SystemPowerStateSet, ({ flags, systemState }, { agent, hasReserved }) => {
        if (hasReserved || !isState(systemState, board.vendorStates)) return STATUS.INVALID_PARAMETERS;
        if (!this.#isOffered(agent, systemState)) return STATUS.NOT_SUPPORTED;
        if (!this.#isPossible(systemState)) return STATUS.DENIED;
        states.request(agent.id, systemState, flags.graceful);
        return DONE;
      })
      .on(SystemPowerStateGet, (_, { agent }) =>
        board.getStateAgents.includes(agent.id) ? { systemState: states.state } : STATUS.NOT_SUPPORTED,
      )
      .on(SystemPowerStateNotify, ({ notifyEnable }, { agent, hasReserved }) => {
        if (hasReserved) return STATUS.INVALID_PARAMETERS;
        if (!board.notifyAgents.includes(agent.id)) return STATUS.NOT_SUPPORTED;
        states.subscribe(agent, notifyEnable);
        return DONE;
      });
  }

  changingMessages(): readonly number[] {
    return [];
  }

  coldMessages(): readonly number[] {
    return [];
  }

  onCoreEvent(): void {}

  needsEvents(): boolean {
    return false;
  }

  resetAgent(): void {}

  agentLeft(): void {}

  close(): void {
    this.#states.close();
  }

  /** Whether an agent may ask for a state, now or ever. */
  #isOffered({ id }: AgentState, systemState: number): boolean {
    const { setStateAgents, powerUpAgents, hasWarmReset, hasSuspend } = this.#board;
    if (!setStateAgents.includes(id)) return false;
    if (systemState === POWER_UP) return powerUpAgents.includes(id);
    return (systemState !== WARM_RESET || hasWarmReset) && (systemState !== SUSPEND || hasSuspend);
  }

  /** What is up cannot be powered up. */
  #isPossible(systemState: number): boolean {
    if (systemState === POWER_UP) return this.#states.state !== POWER_UP;
    return systemState !== SUSPEND || this.#states.isSuspendAllowed;
  }
}

function isState(systemState: number, vendorStates: readonly number[]): boolean {
  return systemState <= SUSPEND || vendorStates.includes(systemState);
}
