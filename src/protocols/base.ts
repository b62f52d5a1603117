import {
  array,
  bit,
  bits,
  command,
  flags,
  i32,
  name,
  notification,
  type Protocol,
  protocol,
  since,
  struct,
  u8,
  u32,
  uint,
} from "../wire/index.ts";

/** Version words of Base: SCMI 1.0, 2.0 to 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V2_1 = 0x20001;

/** Agent id of the platform itself. */
export const PLATFORM_AGENT_ID = 0;

/** Asks {@link BaseDiscoverAgent} for the agent that asks; from Base 2.0 on. */
export const OWN_AGENT_ID = 0xffffffff;

/** `PROTOCOL_ATTRIBUTES` of Base: how many protocols there are besides Base, and how many agents besides the platform. No
 *  agents means that agents cannot be discovered. DEN0056, Base `PROTOCOL_ATTRIBUTES` */
export const BaseProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: bits({ protocolCount: [0, 8], agentCount: [8, 8] }) }),
});

/** `BASE_DISCOVER_VENDOR`: who made the platform. DEN0056, `BASE_DISCOVER_VENDOR` */
export const BaseDiscoverVendor = /* @__PURE__ */ command("BASE_DISCOVER_VENDOR", 0x3, {
  mandatory: true,
  response: struct({ vendorIdentifier: name(16) }),
});

/** `BASE_DISCOVER_SUB_VENDOR`: whose part of the platform it is. DEN0056, `BASE_DISCOVER_SUB_VENDOR` */
export const BaseDiscoverSubVendor = /* @__PURE__ */ command("BASE_DISCOVER_SUB_VENDOR", 0x4, {
  response: struct({ vendorIdentifier: name(16) }),
  statuses: ["NOT_SUPPORTED", "NOT_FOUND"],
});

/** `BASE_DISCOVER_IMPLEMENTATION_VERSION`: a number that grows with every release of the vendor.
 *  DEN0056, `BASE_DISCOVER_IMPLEMENTATION_VERSION` */
export const BaseDiscoverImplementationVersion = /* @__PURE__ */ command("BASE_DISCOVER_IMPLEMENTATION_VERSION", 0x5, {
  mandatory: true,
  response: struct({ implementationVersion: u32 }),
});

/** `BASE_DISCOVER_LIST_PROTOCOLS`: the ids of the protocols that this agent may use, Base excepted, ascending. There is no
 *  count of what remains: ask until as many came as {@link BaseProtocolAttributes} says, or none. DEN0056,
 *  `BASE_DISCOVER_LIST_PROTOCOLS` */
export const BaseDiscoverListProtocols = /* @__PURE__ */ command("BASE_DISCOVER_LIST_PROTOCOLS", 0x6, {
  mandatory: true,
  request: struct({ skip: u32 }),
  // Firmware sends more bytes than it counts, which Linux only warns of.
  response: struct({ numProtocols: u32, protocols: array(u8, { count: "numProtocols", align: 4 }) }, { grows: true }),
  statuses: ["INVALID_PARAMETERS"],
  multiPart: { index: "skip", returned: "numProtocols", items: "protocols" },
});

/** `BASE_DISCOVER_AGENT`: the name of an agent, {@link PLATFORM_AGENT_ID} included. Base 1.0 answers without the id and does
 *  not know {@link OWN_AGENT_ID}. DEN0056, `BASE_DISCOVER_AGENT` */
export const BaseDiscoverAgent = /* @__PURE__ */ command("BASE_DISCOVER_AGENT", 0x7, {
  request: struct({ agentId: u32 }),
  response: struct({ agentId: since(V2, u32), name: name(16) }),
  statuses: ["NOT_FOUND"],
  resource: "agentId",
});

/** `BASE_NOTIFY_ERRORS`: switches {@link BaseErrorEvent} on or off for this agent. DEN0056, `BASE_NOTIFY_ERRORS` */
export const BaseNotifyErrors = /* @__PURE__ */ command("BASE_NOTIFY_ERRORS", 0x8, {
  request: struct({ notifyEnable: bit(0) }),
  statuses: ["INVALID_PARAMETERS", "NOT_SUPPORTED", "NOT_FOUND"],
});

/** `BASE_SET_DEVICE_PERMISSIONS`: lets an agent use a device, or not; for trusted agents. DEN0056B,
 *  `BASE_SET_DEVICE_PERMISSIONS` */
export const BaseSetDevicePermissions = /* @__PURE__ */ command("BASE_SET_DEVICE_PERMISSIONS", 0x9, {
  since: V2,
  request: struct({ agentId: u32, deviceId: u32, flags: flags({ allow: 0 }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "agentId",
});

/** `BASE_SET_PROTOCOL_PERMISSIONS`: lets an agent use a protocol of a device, or not; for trusted agents. The specification
 *  calls the third field `command_id`, though it holds a protocol. DEN0056B, `BASE_SET_PROTOCOL_PERMISSIONS` */
export const BaseSetProtocolPermissions = /* @__PURE__ */ command("BASE_SET_PROTOCOL_PERMISSIONS", 0xa, {
  since: V2,
  request: struct({ agentId: u32, deviceId: u32, protocolId: uint(8), flags: flags({ allow: 0 }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "agentId",
});

/** `BASE_RESET_AGENT_CONFIGURATION`: puts an agent's settings back to their defaults, and its permissions if asked to.
 *  DEN0056B, `BASE_RESET_AGENT_CONFIGURATION` */
export const BaseResetAgentConfiguration = /* @__PURE__ */ command("BASE_RESET_AGENT_CONFIGURATION", 0xb, {
  since: V2,
  request: struct({ agentId: u32, flags: flags({ resetPermissions: 0 }) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "agentId",
});

/** `BASE_ERROR_EVENT`: commands of an agent failed for reasons that their responses could not carry; each report is the header
 *  and the status of one. A fatal one means that the platform cannot go on. DEN0056, `BASE_ERROR_EVENT` */
export const BaseErrorEvent = /* @__PURE__ */ notification("BASE_ERROR_EVENT", 0x0, {
  payload: struct({
    agentId: u32,
    errorStatus: bits({ count: [0, 10], isFatal: 31 }),
    reports: array(struct({ header: u32, status: i32 }), { count: "errorStatus.count" }),
  }),
  enabledBy: "BASE_NOTIFY_ERRORS",
});

/** Base, 0x10: who the platform is, which protocols and agents there are, and who may do what. DEN0056, Base protocol */
export const baseProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x10,
  name: "base",
  title: "Base",
  versions: [V1, V2, V2_1],
  negotiableSince: V2_1,
  commands: [
    BaseProtocolAttributes,
    BaseDiscoverVendor,
    BaseDiscoverSubVendor,
    BaseDiscoverImplementationVersion,
    BaseDiscoverListProtocols,
    BaseDiscoverAgent,
    BaseNotifyErrors,
    BaseSetDevicePermissions,
    BaseSetProtocolPermissions,
    BaseResetAgentConfiguration,
  ],
  notifications: [BaseErrorEvent],
});
