import {
  bit,
  command,
  flags,
  notification,
  type Protocol,
  protocol,
  reserved,
  since,
  struct,
  u32,
} from "../wire/index.ts";

/** Version words of the system power protocol: SCMI 1.0 to 3.0, 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V2_1 = 0x20001;

/** What a system state is: `systemState` of {@link SystemPowerStateSet}. From {@link VENDOR_SYSTEM_STATE} on they are the
 *  vendor's; those between are reserved. */
export const SYSTEM_STATE = { SHUTDOWN: 0, COLD_RESET: 1, WARM_RESET: 2, POWER_UP: 3, SUSPEND: 4 } as const;

/** The first system state that belongs to the vendor. */
export const VENDOR_SYSTEM_STATE = 0x80000000;

/** `PROTOCOL_ATTRIBUTES` of the system power protocol: nothing but a reserved word. DEN0056, System power `PROTOCOL_ATTRIBUTES` */
export const SystemPowerProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: reserved(4) }),
});

/** `PROTOCOL_MESSAGE_ATTRIBUTES` of the system power protocol: `NOT_FOUND` for a command that the platform lacks, and for
 *  `SYSTEM_POWER_STATE_SET` which of the states it offers that not every platform has. `NOT_SUPPORTED` for
 *  `SYSTEM_POWER_STATE_NOTIFY` where there are no notifications. DEN0056, System power `PROTOCOL_MESSAGE_ATTRIBUTES` */
export const SystemPowerMessageAttributes = /* @__PURE__ */ command("PROTOCOL_MESSAGE_ATTRIBUTES", 0x2, {
  mandatory: true,
  request: struct({ messageId: u32 }),
  response: struct({ attributes: flags({ warmReset: 31, suspend: 30 }) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
});

/** `SYSTEM_POWER_STATE_SET`: asks for a state of the system, {@link SYSTEM_STATE}. Forceful: it is done without asking
 *  anybody, and the answer may never arrive. Graceful: those who watch {@link SystemPowerStateNotifier} are asked to bring it
 *  about. Vendor states may carry words of their own behind it, which this layout has not. DEN0056, `SYSTEM_POWER_STATE_SET` */
export const SystemPowerStateSet = /* @__PURE__ */ command("SYSTEM_POWER_STATE_SET", 0x3, {
  mandatory: true,
  request: struct({ flags: flags({ graceful: 0 }), systemState: u32 }),
  statuses: ["INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "GENERIC_ERROR"],
});

/** `SYSTEM_POWER_STATE_GET`: the state of the system; `NOT_SUPPORTED` for who runs on it. Sources differ on whether it is
 *  mandatory, and firmware of NXP lacks it. DEN0056, `SYSTEM_POWER_STATE_GET` */
export const SystemPowerStateGet = /* @__PURE__ */ command("SYSTEM_POWER_STATE_GET", 0x4, {
  mandatory: true,
  response: struct({ systemState: u32 }),
  statuses: ["NOT_SUPPORTED"],
});

/** `SYSTEM_POWER_STATE_NOTIFY`: switches {@link SystemPowerStateNotifier} on or off for this agent.
 *  DEN0056, `SYSTEM_POWER_STATE_NOTIFY` */
export const SystemPowerStateNotify = /* @__PURE__ */ command("SYSTEM_POWER_STATE_NOTIFY", 0x5, {
  request: struct({ notifyEnable: bit(0) }),
  statuses: ["INVALID_PARAMETERS", "NOT_SUPPORTED"],
});

/** `SYSTEM_POWER_STATE_NOTIFIER`: somebody asked for a state of the system, agent 0 is the platform: to be brought about by who
 *  hears it if `graceful`, else already under way. `timeoutMs`, from version 2.0 on, is when the platform may force a graceful
 *  shutdown; 0 = never, and for everything else. DEN0056, `SYSTEM_POWER_STATE_NOTIFIER` */
export const SystemPowerStateNotifier = /* @__PURE__ */ notification("SYSTEM_POWER_STATE_NOTIFIER", 0x0, {
  payload: struct({
    agentId: u32,
    flags: flags({ graceful: 0 }),
    systemState: u32,
    timeoutMs: since(V2, u32),
  }),
  enabledBy: "SYSTEM_POWER_STATE_NOTIFY",
});

/** System power management, 0x12. DEN0056, system power management protocol */
export const systemPowerProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x12,
  name: "system-power",
  title: "System power management",
  versions: [V1, V2, V2_1],
  negotiableSince: V2_1,
  commands: [
    SystemPowerProtocolAttributes,
    SystemPowerMessageAttributes,
    SystemPowerStateSet,
    SystemPowerStateGet,
    SystemPowerStateNotify,
  ],
  notifications: [SystemPowerStateNotifier],
});
