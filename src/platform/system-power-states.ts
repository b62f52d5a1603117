import type { BoardSystemPower } from "../board/board-power.ts";
import { SYSTEM_STATE, SystemPowerStateNotifier, systemPowerProtocol } from "../protocols/system-power.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";

const ID = systemPowerProtocol.id;
const { SHUTDOWN, COLD_RESET, WARM_RESET, POWER_UP, SUSPEND } = SYSTEM_STATE;

/** The protocol has one source of notifications, and the core one row for its state. */
const SYSTEM = 0;
const STATE_WORD = 0;

/** The state of the system, and what is on its way to change it. */
export class SystemPowerStates {
  /** Other processors than the caller's may be running: then a suspend is `DENIED`. */
  isSuspendAllowed = true;
  readonly #machine: Machine;
  readonly #board: BoardSystemPower;
  /** Takes back what is to be carried out. */
  readonly #pending = new Set<() => void>();
  /** A graceful request that nobody has honoured yet; calls its timer off. */
  #graceful: (() => void) | undefined;

  constructor(machine: Machine, board: BoardSystemPower) {
    this.#machine = machine;
    this.#board = board;
  }

  /** Shut down, up, or suspended. */
  get state(): number {
    return this.#machine.tables.word(ID, SYSTEM, STATE_WORD);
  }

  /** Whether a graceful request waits for somebody to honour it. */
  get isWaiting(): boolean {
    return this.#graceful !== undefined;
  }

  subscribe(agent: AgentState, isEnabled: boolean): void {
    agent.subscribe(systemPowerProtocol, SystemPowerStateNotifier.id, SYSTEM, isEnabled);
  }

  /** Takes a request that was found in order. A graceful one waits for those who listen; where nobody does, or nobody is left
   *  to, it is carried out. */
  request(agentId: number, systemState: number, isGraceful: boolean): void {
    const isFinal = agentId !== 0 && agentId === this.#board.psciAgent;
    const waits = isGraceful && systemState !== POWER_UP && !isFinal && this.#listeners(agentId).length > 0;
    // One at a time: what is asked for gracefully meanwhile has no effect
    if (waits && this.#graceful) return;
    const timeoutMs = waits && systemState === SHUTDOWN ? this.#board.gracefulTimeoutMs : 0;
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("systemPowerRequested", { agentId, systemState, isGraceful: waits, timeoutMs, time });
    if (!waits) {
      this.#carryOut(agentId, systemState);
      return;
    }
    this.#graceful = () => {};
    if (timeoutMs > 0) {
      this.#graceful = this.#machine.clock.after(timeoutMs, () => this.enter(0, systemState));
    }
    this.#notify(agentId, systemState, true, timeoutMs);
  }

  /** Brings the system into a state now. */
  enter(agentId: number, systemState: number): void {
    this.#callOff();
    this.#notify(agentId, systemState, false, 0);
    const after = stateAfter(systemState);
    if (after !== undefined) this.#machine.tables.setWord(ID, SYSTEM, STATE_WORD, after);
    const time = this.#machine.clock.now();
    this.#machine.observers.tell("systemPowerChanged", { agentId, systemState, time });
  }

  close(): void {
    this.#callOff();
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  /** After the answer, which may be the last thing that its agent sees. */
  #carryOut(agentId: number, systemState: number): void {
    this.#callOff();
    const cancel = this.#machine.clock.after(this.#board.transitionUs / 1000, () => {
      this.#pending.delete(cancel);
      this.enter(agentId, systemState);
    });
    this.#pending.add(cancel);
  }

  #callOff(): void {
    this.#graceful?.();
    this.#graceful = undefined;
  }

  #listeners(exceptAgentId: number): readonly AgentState[] {
    return this.#machine.agents.filter(
      (agent) =>
        agent.id !== exceptAgentId &&
        agent.isSubscribed(systemPowerProtocol, SystemPowerStateNotifier.id, SYSTEM) &&
        this.#machine.tables.mayUseProtocol(agent.id, ID),
    );
  }

  #notify(agentId: number, systemState: number, graceful: boolean, timeoutMs: number): void {
    const value = { agentId, flags: { graceful }, systemState, timeoutMs };
    for (const agent of this.#listeners(agentId)) {
      this.#machine.send(agent, systemPowerProtocol, SystemPowerStateNotifier, value);
    }
  }
}

/** What the system is in afterwards; `undefined` = as before: the vendor's states are the vendor's. */
function stateAfter(systemState: number): number | undefined {
  if (systemState === COLD_RESET || systemState === WARM_RESET) return POWER_UP;
  return [SHUTDOWN, POWER_UP, SUSPEND].find((it) => it === systemState);
}
