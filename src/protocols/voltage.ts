import {
  array,
  bits,
  command,
  flags,
  i32,
  name,
  type Protocol,
  protocol,
  reserved,
  since,
  struct,
  u32,
  uint,
} from "../wire/index.ts";
import { VOLTAGE_CODECS } from "./codecs/voltage.generated.ts";

/** Version words of the voltage domain protocol: SCMI 3.0, 3.1, 3.2. */
const V1 = 0x10000;
const V2 = 0x20000;
const V2_1 = 0x20001;

/** `config` of {@link VoltageConfigSet}: the architectural operating modes. 8 to 15 are the platform's own; the rest is reserved. */
export const VOLTAGE_MODE = { OFF: 0x0, ON: 0x7 } as const;

/** `PROTOCOL_ATTRIBUTES` of the voltage domain protocol: the number of domains. DEN0056, Voltage `PROTOCOL_ATTRIBUTES` */
export const VoltageProtocolAttributes = /* @__PURE__ */ command("PROTOCOL_ATTRIBUTES", 0x1, {
  mandatory: true,
  response: struct({ attributes: bits({ domainCount: [0, 16] }) }),
});

/** `VOLTAGE_DOMAIN_ATTRIBUTES`: the name of a domain, and from version 2.0 on whether its level may be set asynchronously.
 *  DEN0056C, `VOLTAGE_DOMAIN_ATTRIBUTES` */
export const VoltageDomainAttributes = /* @__PURE__ */ command("VOLTAGE_DOMAIN_ATTRIBUTES", 0x3, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ attributes: flags({ async: since(V2, 31), extendedName: since(V2, 30) }), name: name(16) }),
  statuses: ["NOT_FOUND"],
  resource: "domainId",
});

/** `VOLTAGE_DESCRIBE_LEVELS`: the levels of a domain in µV, signed: a list, ascending, or with `isRange` exactly lowest, highest
 *  and step in one reply. OP-TEE does not subtract what it returns from `remaining`. DEN0056C, `VOLTAGE_DESCRIBE_LEVELS` */
export const VoltageDescribeLevels = /* @__PURE__ */ command("VOLTAGE_DESCRIBE_LEVELS", 0x4, {
  mandatory: true,
  request: struct({ domainId: u32, levelIndex: u32 }),
  response: struct({
    flags: bits({ returned: [0, 12], isRange: 12, remaining: [16, 16] }),
    levelsUv: array(i32, { count: "flags.returned" }),
  }),
  statuses: ["NOT_FOUND", "OUT_OF_RANGE", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
  multiPart: {
    index: "levelIndex",
    returned: "flags.returned",
    remaining: "flags.remaining",
    items: "levelsUv",
  },
});

/** `VOLTAGE_CONFIG_SET`: switches a domain to an operating mode, {@link VOLTAGE_MODE} or one of the platform's own.
 *  DEN0056C, `VOLTAGE_CONFIG_SET` */
export const VoltageConfigSet = /* @__PURE__ */ command("VOLTAGE_CONFIG_SET", 0x5, {
  mandatory: true,
  request: struct({ domainId: u32, config: uint(4) }),
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
});

/** `VOLTAGE_CONFIG_GET`: the operating mode of a domain. DEN0056C, `VOLTAGE_CONFIG_GET` */
export const VoltageConfigGet = /* @__PURE__ */ command("VOLTAGE_CONFIG_GET", 0x6, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ config: uint(4) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
});

/** `VOLTAGE_LEVEL_SET`: asks for a level in µV, signed. Without `async`, which exists from version 2.0 on, the response comes
 *  when the level is reached; with it the response only says that the change is queued, and `VOLTAGE_LEVEL_SET_COMPLETE`
 *  follows. DEN0056C, `VOLTAGE_LEVEL_SET` */
export const VoltageLevelSet = /* @__PURE__ */ command("VOLTAGE_LEVEL_SET", 0x7, {
  mandatory: true,
  request: struct({ domainId: u32, flags: flags({ async: since(V2, 0) }), levelUv: i32 }),
  delayedResponse: {
    name: "VOLTAGE_LEVEL_SET_COMPLETE",
    payload: struct({ domainId: u32, levelUv: i32 }),
    when: "flags.async",
  },
  statuses: ["NOT_FOUND", "INVALID_PARAMETERS", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
  isHot: true,
});

/** `VOLTAGE_LEVEL_GET`: the level in µV, signed; that of a domain which is off, too. DEN0056C, `VOLTAGE_LEVEL_GET` */
export const VoltageLevelGet = /* @__PURE__ */ command("VOLTAGE_LEVEL_GET", 0x8, {
  mandatory: true,
  request: struct({ domainId: u32 }),
  response: struct({ levelUv: i32 }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED", "DENIED"],
  resource: "domainId",
  isHot: true,
});

/** `VOLTAGE_DOMAIN_NAME_GET`: the long name of a domain that has `extendedName`. DEN0056D, `VOLTAGE_DOMAIN_NAME_GET` */
export const VoltageDomainNameGet = /* @__PURE__ */ command("VOLTAGE_DOMAIN_NAME_GET", 0x9, {
  since: V2,
  request: struct({ domainId: u32 }),
  response: struct({ flags: reserved(4), name: name(64) }),
  statuses: ["NOT_FOUND", "NOT_SUPPORTED"],
  resource: "domainId",
});

/** Voltage domain management, 0x17; it has no notifications. DEN0056, voltage domain management protocol */
export const voltageProtocol: Protocol = /* @__PURE__ */ protocol({
  id: 0x17,
  name: "voltage",
  title: "Voltage domain management",
  versions: [V1, V2, V2_1],
  negotiableSince: V2_1,
  commands: [
    VoltageProtocolAttributes,
    VoltageDomainAttributes,
    VoltageDescribeLevels,
    VoltageConfigSet,
    VoltageConfigGet,
    VoltageLevelSet,
    VoltageLevelGet,
    VoltageDomainNameGet,
  ],
  codecs: [VOLTAGE_CODECS],
});
