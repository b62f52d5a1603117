import { SYSTEM_STATE, systemPowerProtocol } from "../protocols/system-power.ts";
import type { Part } from "./part.ts";
import { SystemPowerServer } from "./system-power.ts";

/** System power management as part of a platform: one row in the core for the state of the one system. */
export const systemPowerPart: Part<SystemPowerServer> = {
  protocol: systemPowerProtocol,
  isIn: ({ systemPower }) => systemPower !== undefined,
  resourceCount: () => 0,
  maySet: () => true,
  hasCommand: () => true,
  describe: () => ({ domains: [{ state: [SYSTEM_STATE.POWER_UP] }] }),
  open: (machine) => new SystemPowerServer(machine, machine.section("systemPower")),
};
