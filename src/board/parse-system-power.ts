import type { BoardSystemPower } from "./board-power.ts";
import type { Names } from "./names.ts";
import type { SystemPowerSource } from "./source-power.ts";
import { type Place, within } from "./validate.ts";

/** Completes the system power protocol of a board.
 *  @throws BoardError */
export function systemPowerOf(source: SystemPowerSource, place: Place, agents: Names): BoardSystemPower {
  const ids = (key: "setState" | "powerUp" | "getState" | "notify", byDefault: readonly number[]) =>
    source[key] ? agents.ids(source[key], within(place, key)) : byDefault;
  return {
    hasWarmReset: source.warmReset ?? false,
    hasSuspend: source.suspend ?? false,
    vendorStates: source.vendorStates ?? [],
    setStateAgents: ids("setState", agents.all),
    powerUpAgents: ids("powerUp", []),
    getStateAgents: ids("getState", []),
    notifyAgents: ids("notify", agents.all),
    psciAgent: source.psci === undefined ? undefined : agents.id(source.psci, within(place, "psci")),
    gracefulTimeoutMs: source.gracefulTimeoutMs ?? 0,
    transitionUs: source.transitionUs ?? 0,
  };
}
