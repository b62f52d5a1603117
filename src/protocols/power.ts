import {
  bit,
  bits,
  command,
  flags,
  name,
  notification,
  type Protocol,
  protocol,
  reserved,
  since,
  struct,
  u32,
  u64,
} from "../wire/index.ts";
import { POWER_CODECS } from "./codecs/power.generated.ts";

/** Version words of the power domain protocol: SCMI 1.0, 2.0 and 3.0, 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;
const V3_1 = 0x30001;

/** `PROTOCOL_ATTRIBUTES` of the power domain protocol: the number of domains, and where the statistics region lies: a physical
 *  address as the agent sees it, meaningless while `statisticsByteLength` is 0. DEN0056, Power domain `PROTOCOL_ATTRIBUTES` */
export const PowerProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({
    attributes: bits({ domainCount: [0, 16] }),
    statisticsAddress: u64,
    statisticsByteLength: u32,
  }),
});

/** `POWER_DOMAIN_ATTRIBUTES`: what this agent may do with a domain. Neither `setAsync` nor `setSync`: it can only read the state.
 *  Whether `notifyStateChangeRequested` already existed in version 2.0, with its command, is not settled.
 *  DEN0056, `POWER_DOMAIN_ATTRIBUTES` */
export const PowerDomainAttributes = /* @__PURE__ */ command("POWER_DOMAIN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({
    attributes: flags({
      notifyStateChanged: 31,
      setAsync: 30,
      setSync: 29,
      notifyStateChangeRequested: since(V3, 28),
      extendedName: since(V3, 27),
    }),
    name: name(16),
  }),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
});

/** `POWER_STATE_SET`: asks for a power state, a word as `encodePowerState` builds it. With `async` the response only says that it
 *  is accepted, and no delayed response follows: `POWER_STATE_GET` or {@link PowerStateChanged} tell when it is done.
 *  DEN0056, `POWER_STATE_SET` */
export const PowerStateSet = /* @__PURE__ */ command("POWER_STATE_SET", 0x4, {
  mandatory: true,
  request: struct({ flags: flags({ async: 0 }), domainId: u32, powerState: u32 }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED", "BUSY", "GENERIC_ERROR", "HARDWARE_ERROR"],
  resource: "domainId",
  isHot: true,
});

/** `POWER_STATE_GET`: the state that a domain is in, not the last one asked for. DEN0056, `POWER_STATE_GET` */
export const PowerStateGet = /* @__PURE__ */ command("POWER_STATE_GET", 0x5, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ powerState: u32 }),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
  isHot: true,
});

/** `POWER_STATE_NOTIFY`: switches {@link PowerStateChanged} on or off for this agent and a domain. DEN0056, `POWER_STATE_NOTIFY` */
export const PowerStateNotify = /* @__PURE__ */ command("POWER_STATE_NOTIFY", 0x6, {
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWER_STATE_CHANGE_REQUESTED_NOTIFY`: switches {@link PowerStateChangeRequested} on or off for this agent and a domain.
 *  DEN0056B, `POWER_STATE_CHANGE_REQUESTED_NOTIFY` */
export const PowerStateChangeRequestedNotify = /* @__PURE__ */ command("POWER_STATE_CHANGE_REQUESTED_NOTIFY", 0x7, {
  since: V2,
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWER_DOMAIN_NAME_GET`: the long name of a domain that has `extendedName`. DEN0056D, `POWER_DOMAIN_NAME_GET` */
export const PowerDomainNameGet = /* @__PURE__ */ command("POWER_DOMAIN_NAME_GET", 0x8, {
  since: V3,
  request: struct({ domainId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `POWER_STATE_CHANGED`: a domain is in this state now; agent 0 is the platform. DEN0056, `POWER_STATE_CHANGED` */
export const PowerStateChanged = /* @__PURE__ */ notification("POWER_STATE_CHANGED", 0x0, {
  payload: struct({ agentId: u32, domainId: u32, powerState: u32 }),
  resource: "domainId",
  enabledBy: "POWER_STATE_NOTIFY",
});

/** `POWER_STATE_CHANGE_REQUESTED`: another agent asked for this state. DEN0056B, `POWER_STATE_CHANGE_REQUESTED` */
export const PowerStateChangeRequested = /* @__PURE__ */ notification("POWER_STATE_CHANGE_REQUESTED", 0x1, {
  since: V2,
  payload: struct({ agentId: u32, domainId: u32, powerState: u32 }),
  resource: "domainId",
  enabledBy: "POWER_STATE_CHANGE_REQUESTED_NOTIFY",
});

/** Power domain management, 0x11. DEN0056, power domain management protocol */
export const powerProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x11,
  name: "power",
  title: "Power domain management",
  versions: [V1, V2, V3, V3_1],
  negotiableSince: V3_1,
  commands: [
    PowerProtocolAttributes,
    PowerDomainAttributes,
    PowerStateSet,
    PowerStateGet,
    PowerStateNotify,
    PowerStateChangeRequestedNotify,
    PowerDomainNameGet,
  ],
  notifications: [PowerStateChanged, PowerStateChangeRequested],
  codecs: [POWER_CODECS],
});
