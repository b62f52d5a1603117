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
} from "../wire/index.ts";

/** Version words of the reset domain protocol: SCMI 2.0, 3.0 (inferred; the same as 2.0), 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;
const V3_1 = 0x30001;

/** `latencyUs` of {@link ResetDomainAttributes} when the platform does not say: SCMI's word, and the one of OP-TEE and TF-A. */
export const RESET_LATENCY_UNKNOWN: readonly number[] = [0xffff_ffff, 0x7fff_ffff];

/** Which reset it is, and what the domain is like afterwards. */
export interface ResetState {
  /** 0 to 0x7fffffff. */
  readonly resetId: number;
  /** The id is the platform's own. */
  readonly implementationDefined: boolean;
}

/** The one architectural reset: the domain loses all context. All other architectural ids are reserved. Explicit control of the signal
 *  says the same, without meaning it. */
export const COLD_RESET: ResetState = /* @__PURE__ */ Object.freeze({ resetId: 0, implementationDefined: false });

/** `PROTOCOL_ATTRIBUTES` of the reset domain protocol: the number of domains. Some firmware has holes among their ids.
 *  DEN0056, Reset `PROTOCOL_ATTRIBUTES` */
export const ResetProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: bits({ domainCount: [0, 16] }) }),
});

/** `RESET_DOMAIN_ATTRIBUTES`: what a domain can, and the longest that its reset takes; {@link RESET_LATENCY_UNKNOWN} lists what
 *  stands for not known. DEN0056B, `RESET_DOMAIN_ATTRIBUTES` */
export const ResetDomainAttributes = /* @__PURE__ */ command("RESET_DOMAIN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({
    attributes: flags({ async: 31, notify: 30, extendedName: since(V3, 29) }),
    latencyUs: u32,
    name: name(16),
  }),
  // What lies past the last domain gets INVALID_PARAMETERS from OP-TEE and TF-A.
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS"],
  resource: "domainId",
});

/** `RESET`: with `autonomous` the platform carries out the whole reset, and with `async` beside it the response only says that
 *  it has begun, and `RESET_COMPLETE` follows. Without `autonomous` the signal is asserted, or deasserted when `assert` is
 *  clear. `resetState` is {@link COLD_RESET} or one of the vendor's. (`Reset` itself is
 *  the agent's class.) DEN0056B, `RESET` */
export const ResetCommand = /* @__PURE__ */ command("RESET", 0x4, {
  mandatory: true,
  request: struct({
    domainId: u32,
    flags: flags({ autonomous: 0, assert: 1, async: 2 }),
    resetState: bits({ resetId: [0, 31], implementationDefined: 31 }),
  }),
  delayedResponse: { name: "RESET_COMPLETE", payload: struct({ domainId: u32 }), when: "flags.async" },
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "GENERIC_ERROR", "DENIED", "HARDWARE_ERROR"],
  resource: "domainId",
});

/** `RESET_NOTIFY`: switches {@link ResetIssued} on or off for this agent and a domain. DEN0056B, `RESET_NOTIFY` */
export const ResetNotify = /* @__PURE__ */ command("RESET_NOTIFY", 0x5, {
  request: struct({ domainId: u32, notifyEnable: bit(0) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `RESET_DOMAIN_NAME_GET`: the long name of a domain that has `extendedName`. DEN0056D, `RESET_DOMAIN_NAME_GET` */
export const ResetDomainNameGet = /* @__PURE__ */ command("RESET_DOMAIN_NAME_GET", 0x6, {
  since: V3,
  request: struct({ domainId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** `RESET_ISSUED`: a domain was reset; agent 0 is the platform. DEN0056B, `RESET_ISSUED` */
export const ResetIssued = /* @__PURE__ */ notification("RESET_ISSUED", 0x0, {
  payload: struct({
    agentId: u32,
    domainId: u32,
    resetState: bits({ resetId: [0, 31], implementationDefined: 31 }),
  }),
  resource: "domainId",
  enabledBy: "RESET_NOTIFY",
});

/** Reset domain management, 0x16. DEN0056, reset domain management protocol */
export const resetProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x16,
  name: "reset",
  title: "Reset domain management",
  versions: [V1, V2, V3, V3_1],
  negotiableSince: V3_1,
  commands: [ResetProtocolAttributes, ResetDomainAttributes, ResetCommand, ResetNotify, ResetDomainNameGet],
  notifications: [ResetIssued],
});
