/** What one kind of platform offers, as the core's tables need it: plain data, shared by all SoCs of the kind. */
export interface PlatformDescription {
  /** Agents that the platform knows, 1 or more; their ids are 1 … agents. */
  readonly agents: number;
  /** At most 32. */
  readonly protocols: readonly ProtocolDescription[];
}

/** One protocol of a platform. `PROTOCOL_VERSION` is always answered in the core. */
export interface ProtocolDescription {
  /** 0 … 255. */
  readonly id: number;
  /** Major in bits 31:16, minor in bits 15:0. */
  readonly version: number;
  /** Agents (ids) that may not use the protocol at all; none by default. */
  readonly deniedAgents?: readonly number[];
  /** Further messages: answered by the host, or with constant return values. One that would be hot is not, when it stands here. */
  readonly messages?: readonly MessageDescription[];
  /** Makes `PERFORMANCE_LIMITS_SET/GET` and `PERFORMANCE_LEVEL_SET/GET` hot. A protocol has domains of one kind at most. */
  readonly performanceDomains?: readonly PerformanceDomainDescription[];
  /** Makes `CLOCK_RATE_SET` and `CLOCK_RATE_GET` hot. */
  readonly clocks?: readonly ClockDescription[];
  /** Makes `POWER_STATE_SET` and `POWER_STATE_GET` hot. */
  readonly powerDomains?: readonly PowerDomainDescription[];
  /** Makes `VOLTAGE_LEVEL_SET` and `VOLTAGE_LEVEL_GET` hot. */
  readonly voltages?: readonly VoltageDescription[];
  /** Makes `SENSOR_READING_GET` hot, in the layout of `version`. */
  readonly sensors?: readonly SensorDescription[];
  /** Makes `POWERCAP_CAP_GET` and `POWERCAP_MEASUREMENTS_GET` hot. */
  readonly powercaps?: readonly PowercapDescription[];
  /** Domains of any other protocol: permissions and state, for commands that the host answers. */
  readonly domains?: readonly DomainDescription[];
}

/** A message that is not hot. */
export interface MessageDescription {
  /** Message id, 0 … 255. */
  readonly id: number;
  /** Exact parameter bytes, for a constant reply; any by default. */
  readonly requestBytes?: number;
  /** Return values after SUCCESS; without it the host answers. */
  readonly reply?: Uint8Array;
}

/** Hot commands of a domain: those that read it, those that set its level, rate or state, and `PERFORMANCE_LIMITS_SET`. */
export type HotKind = "get" | "set" | "limits";

/** What an agent may do with a resource; all agents may do everything by default. */
export interface PermissionDescription {
  /** Agents (ids) to whom the resource is denied. */
  readonly deniedAgents?: readonly number[];
  /** Agents (ids) that may read but not set it. */
  readonly readOnlyAgents?: readonly number[];
  /** Hot commands that the host answers here all the same, as when a change takes its time; none by default. */
  readonly hostAnswers?: readonly HotKind[];
}

/** A domain of which the core knows only who may use it. */
export interface DomainDescription extends PermissionDescription {
  /** Up to 4 words, u32 or i32, that its state starts with; 0 by default. docs/memory-map.md says what they mean. */
  readonly state?: readonly number[];
}

/** A performance domain. Levels are what LEVEL_SET takes: values, or indices in indexing mode. */
export interface PerformanceDomainDescription extends PermissionDescription {
  /** Ascending; empty = any level within the limits. */
  readonly levels: readonly number[];
  /** Level at start. */
  readonly level: number;
  /** Limits in force at start. */
  readonly max: number;
  readonly min: number;
}

/** A clock; rates in Hz. */
export interface ClockDescription extends PermissionDescription {
  /** Ascending list, or a range of lowest, highest and step. */
  readonly rates: readonly bigint[] | { readonly lowest: bigint; readonly highest: bigint; readonly step: bigint };
  /** Rate at start. */
  readonly rate: bigint;
  /** Pending asynchronous changes allowed; 0 (the default) = asynchronous requests are NOT_SUPPORTED. */
  readonly asyncDepth?: number;
}

/** A power domain that no two agents share; for one with votes the host answers `"set"`. */
export interface PowerDomainDescription extends PermissionDescription {
  /** Legal states; empty or left out = any word without reserved bits. */
  readonly states?: readonly number[];
  /** State at start. */
  readonly state: number;
  /** Whether it can be set by synchronous requests; true by default. */
  readonly hasSync?: boolean;
  /** Whether the host takes asynchronous requests; without it they are NOT_SUPPORTED. */
  readonly hasAsync?: boolean;
}

/** A voltage domain; levels in µV, signed. */
export interface VoltageDescription extends PermissionDescription {
  /** A list, or a range of lowest, highest and step. */
  readonly levelsUv: readonly number[] | { readonly lowest: number; readonly highest: number; readonly step: number };
  /** Level at start. */
  readonly levelUv: number;
  /** Operating mode at start; 0 by default. */
  readonly config?: number;
  /** Whether the host takes asynchronous requests; without it they are NOT_SUPPORTED. */
  readonly hasAsync?: boolean;
}

/** A sensor. Of one with axes the host answers `"get"`; so it does while a sensor is switched off. */
export interface SensorDescription extends PermissionDescription {
  /** Reading at start, i64; 0 by default. */
  readonly reading?: bigint;
  /** Its timestamp, u64; 0 by default, which means that there is none. */
  readonly timestamp?: bigint;
  /** Whether the host takes asynchronous requests; without it they are NOT_SUPPORTED. */
  readonly hasAsync?: boolean;
}

/** A power cap domain; powers in the unit of the domain. */
export interface PowercapDescription extends PermissionDescription {
  /** Cap at start. */
  readonly cap: number;
  /** Measured power at start; 0 by default. */
  readonly power?: number;
  /** Power averaging interval at start; 0 by default. */
  readonly paiUs?: number;
  /** What the measured power is the average of; `paiUs` by default. */
  readonly intervalUs?: number;
  /** Whether power is measured here; without it measurements are NOT_SUPPORTED. */
  readonly isMonitored?: boolean;
}
