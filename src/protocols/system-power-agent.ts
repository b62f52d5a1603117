import type { CallOptions, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import { DeadlineError, StatusError } from "../errors.ts";
import type { Protocol } from "../wire/protocol.ts";
import {
  SYSTEM_STATE,
  SystemPowerMessageAttributes,
  SystemPowerProtocolAttributes,
  SystemPowerStateGet,
  SystemPowerStateNotifier,
  SystemPowerStateNotify,
  SystemPowerStateSet,
  systemPowerProtocol,
} from "./system-power.ts";

/** What this agent may do with the system. Shutdown and cold reset have no flag of their own. */
export interface SystemPowerInfo {
  readonly canSetState: boolean;
  readonly canWarmReset: boolean;
  readonly canSuspend: boolean;
  /** It may be refused all the same: who runs on the system has nothing to ask. */
  readonly canGetState: boolean;
  readonly canNotify: boolean;
}

/** How a state is asked for. */
export interface SystemPowerOptions extends CallOptions {
  /** `forceful`, unless said: the platform does it without asking anybody. `graceful`: it asks those who watch. */
  readonly manner?: "forceful" | "graceful";
}

/** What became of a request: the platform agreed, or it was off before it could say so. */
export type SystemPowerOutcome = "accepted" | "unanswered";

/** `SYSTEM_POWER_STATE_NOTIFIER` */
export interface SystemPowerEvent {
  /** Who asked; 0 = the platform. */
  readonly agentId: number;
  /** We are to bring it about; else it is under way. */
  readonly isGraceful: boolean;
  /** One of `SYSTEM_STATE`, or the vendor's. */
  readonly systemState: number;
  /** When the platform may force a graceful shutdown; 0 = never. Before version 2.0 it does not tell: 0. */
  readonly timeoutMs: number;
}

/** After these nobody may be left to answer. */
const LAST_STATES: readonly number[] = [SYSTEM_STATE.SHUTDOWN, SYSTEM_STATE.COLD_RESET, SYSTEM_STATE.WARM_RESET];

/** The power of the system as a whole, the agent's side. DEN0056, system power management protocol */
export class SystemPower {
  /** The message table. */
  static readonly table: Protocol = systemPowerProtocol;
  readonly #handle: ProtocolHandle;
  #info: SystemPowerInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: says nothing but that the protocol answers. DEN0056, System power `PROTOCOL_ATTRIBUTES` */
  getProtocolAttributes(options?: CallOptions): Promise<void> {
    return this.#handle.call(SystemPowerProtocolAttributes, {}, options, ignore);
  }

  /** `PROTOCOL_MESSAGE_ATTRIBUTES` of the commands: what this agent may do; asked once.
   *  DEN0056, System power `PROTOCOL_MESSAGE_ATTRIBUTES` */
  async describe(options?: CallOptions): Promise<SystemPowerInfo> {
    if (this.#info) return this.#info;
    const set = await this.#attributesOf(SystemPowerStateSet.id, options);
    this.#info = {
      canSetState: set !== undefined,
      canWarmReset: set?.warmReset ?? false,
      canSuspend: set?.suspend ?? false,
      canGetState: await this.#handle.isImplemented(SystemPowerStateGet, options),
      canNotify: await this.#handle.isImplemented(SystemPowerStateNotify, options),
    };
    return this.#info;
  }

  /** `SYSTEM_POWER_STATE_SET`: asks for a state of the system. Graceful: resolves when the platform has passed the request on.
   *  Forceful: when it has begun; after a shutdown or reset `"unanswered"` is probably success, too, and nothing more should be
   *  asked of it. DEN0056, `SYSTEM_POWER_STATE_SET`
   *  @param systemState one of `SYSTEM_STATE`, or from `VENDOR_SYSTEM_STATE` on
   *  @throws StatusError `NOT_SUPPORTED` for what this agent may not ask for, `DENIED` when it cannot be done now */
  async setState(systemState: number, options?: SystemPowerOptions): Promise<SystemPowerOutcome> {
    const graceful = options?.manner === "graceful";
    try {
      await this.#handle.call(SystemPowerStateSet, { flags: { graceful }, systemState }, options, ignore);
    } catch (reason) {
      const isLast = !graceful && LAST_STATES.includes(systemState);
      if (isLast && reason instanceof DeadlineError && reason.phase === "response") return "unanswered";
      throw reason;
    }
    return "accepted";
  }

  /** `SYSTEM_POWER_STATE_GET`: the state of the system. DEN0056, `SYSTEM_POWER_STATE_GET`
   *  @throws StatusError `NOT_SUPPORTED` for who runs on it */
  getState(options?: CallOptions): Promise<number> {
    return this.#handle.call(SystemPowerStateGet, {}, options, (it) => it.systemState);
  }

  /** `SYSTEM_POWER_STATE_NOTIFY`: watches `SYSTEM_POWER_STATE_NOTIFIER`: what others ask of the system, or do to it.
   *  DEN0056, `SYSTEM_POWER_STATE_NOTIFY` */
  watch(options?: WatchOptions): Watch<SystemPowerEvent> {
    return this.#handle.watch(SystemPowerStateNotifier, { ...options }, (it) => {
      const isGraceful = it.flags.graceful;
      // Some platforms leave what they like in the word where it means nothing
      const timeoutMs = isGraceful && it.systemState === SYSTEM_STATE.SHUTDOWN ? (it.timeoutMs ?? 0) : 0;
      return { agentId: it.agentId, isGraceful, systemState: it.systemState, timeoutMs };
    });
  }

  async #attributesOf(messageId: number, options: CallOptions | undefined) {
    try {
      return await this.#handle.call(SystemPowerMessageAttributes, { messageId }, options, (it) => it.attributes);
    } catch (reason) {
      if (reason instanceof StatusError && (reason.is("NOT_FOUND") || reason.is("NOT_SUPPORTED"))) return undefined;
      throw reason;
    }
  }
}

function ignore(): void {}
