import type { BoardSystemPower } from "../board/board-power.ts";
import { SYSTEM_STATE } from "../protocols/system-power.ts";
import type { Machine } from "./machine.ts";
import type { SystemPowerStates } from "./system-power-states.ts";

/** What the owner of a platform sees and does of the system's power. Every method throws ChannelError "closed" after the platform. */
export class SystemPowerControls {
  readonly #machine: Machine;
  readonly #board: BoardSystemPower;
  readonly #states: SystemPowerStates;

  /** @internal */
  constructor(machine: Machine, board: BoardSystemPower, states: SystemPowerStates) {
    this.#machine = machine;
    this.#board = board;
    this.#states = states;
  }

  /** `SYSTEM_STATE.SHUTDOWN`, `POWER_UP` or `SUSPEND`. */
  get state(): number {
    this.#machine.expectOpen();
    return this.#states.state;
  }

  /** Whether a graceful request waits for an agent to honour it with a forceful one. */
  get isWaiting(): boolean {
    this.#machine.expectOpen();
    return this.#states.isWaiting;
  }

  /** The platform's own request, as when somebody presses the power button: agents that listen hear of it from agent 0, and are to bring
   *  it about; where nobody listens it is done. A graceful shutdown is forced after the time that the board says.
   *  @throws RangeError for a state that the board has not */
  request(systemState: number): void {
    this.#expectState(systemState);
    this.#states.request(0, systemState, true);
  }

  /** Brings the system into a state without asking; agents that listen hear of it from agent 0.
   *  @throws RangeError for a state that the board has not */
  force(systemState: number): void {
    this.#expectState(systemState);
    this.#states.enter(0, systemState);
  }

  /** Says whether the system can be suspended, as when only one processor still runs; it can unless said. Otherwise an agent that
   *  asks for it is `DENIED`. */
  allowSuspend(isAllowed: boolean): void {
    this.#machine.expectOpen();
    this.#states.isSuspendAllowed = isAllowed;
  }

  #expectState(systemState: number): void {
    this.#machine.expectOpen();
    const { hasWarmReset, hasSuspend, vendorStates } = this.#board;
    const { SHUTDOWN, COLD_RESET, WARM_RESET, POWER_UP, SUSPEND } = SYSTEM_STATE;
    const states = [SHUTDOWN, COLD_RESET, POWER_UP, ...vendorStates];
    if (hasWarmReset) states.push(WARM_RESET);
    if (hasSuspend) states.push(SUSPEND);
    if (states.includes(systemState)) return;
    throw new RangeError(`"systemState" expected one of ${states.sort((a, b) => a - b)}, got ${systemState}`);
  }
}
