/** The entry point `scmi-wasm/protocols`: the agent's classes and the message tables of the built-in protocols, every message and field
 *  of SCMI 1.0 to 3.2 as data. What they are made of, and the means for a table of your own, is in `scmi-wasm/wire`.
 *  @module */

export {
  BaseDiscoverAgent,
  BaseDiscoverImplementationVersion,
  BaseDiscoverListProtocols,
  BaseDiscoverSubVendor,
  BaseDiscoverVendor,
  BaseErrorEvent,
  BaseNotifyErrors,
  BaseProtocolAttributes,
  BaseResetAgentConfiguration,
  BaseSetDevicePermissions,
  BaseSetProtocolPermissions,
  baseProtocol,
  OWN_AGENT_ID,
  PLATFORM_AGENT_ID,
} from "./base.ts";
export { Base, type BaseAttributes, type BaseErrorReport, type DiscoveredAgent } from "./base-agent.ts";
export {
  CLOCK_EXTENDED_CONFIG,
  CLOCK_STATE,
  ClockAttributes,
  ClockConfigGet,
  ClockConfigSet,
  ClockDescribeRates,
  ClockGetPermissions,
  ClockNameGet,
  ClockParentGet,
  ClockParentSet,
  ClockPossibleParentsGet,
  ClockProtocolAttributes,
  ClockRateChanged,
  ClockRateChangeRequested,
  ClockRateChangeRequestedNotify,
  ClockRateGet,
  ClockRateNotify,
  ClockRateSet,
  clockProtocol,
} from "./clock.ts";
export {
  Clock,
  type ClockAttributeInfo,
  type ClockInfo,
  type ClockPermissions,
  type ClockProtocolInfo,
  type ClockRateEvent,
  type ClockRateOptions,
  type ClockRates,
  type ClockRounding,
} from "./clock-agent.ts";
export {
  PerformanceDescribeFastchannel,
  PerformanceDescribeLevels,
  PerformanceDomainAttributes,
  PerformanceDomainNameGet,
  PerformanceLevelChanged,
  PerformanceLevelGet,
  PerformanceLevelMemory,
  PerformanceLevelSet,
  PerformanceLimitsChanged,
  PerformanceLimitsGet,
  PerformanceLimitsMemory,
  PerformanceLimitsSet,
  PerformanceMessageAttributes,
  PerformanceNotifyLevel,
  PerformanceNotifyLimits,
  PerformanceProtocolAttributes,
  POWER_UNIT,
  performanceProtocol,
} from "./performance.ts";
export {
  Performance,
  type PerformanceCallOptions,
  type PerformanceDomainAttributeInfo,
  type PerformanceDomainInfo,
  type PerformanceLevel,
  type PerformanceLevelEvent,
  type PerformanceLimits,
  type PerformanceLimitsEvent,
  type PerformanceProtocolInfo,
} from "./performance-agent.ts";
export type { PerformanceFastChannels } from "./performance-fast.ts";
export type { PerformanceDomainStatisticsCopy, PerformanceStatisticsCopy } from "./performance-statistics.ts";
export {
  PINCTRL_CONFIG,
  PINCTRL_NO_FUNCTION,
  PINCTRL_SELECTOR,
  PINCTRL_WHAT,
  PinctrlAttributes,
  PinctrlListAssociations,
  PinctrlNameGet,
  PinctrlProtocolAttributes,
  PinctrlRelease,
  PinctrlRequest,
  PinctrlSetPermissions,
  PinctrlSettingsConfigure,
  PinctrlSettingsGet,
  pinctrlProtocol,
} from "./pinctrl.ts";
export {
  PowerDomainAttributes,
  PowerDomainNameGet,
  PowerProtocolAttributes,
  PowerStateChanged,
  PowerStateChangeRequested,
  PowerStateChangeRequestedNotify,
  PowerStateGet,
  PowerStateNotify,
  PowerStateSet,
  powerProtocol,
} from "./power.ts";
export {
  Power,
  type PowerDomainAttributeInfo,
  type PowerDomainInfo,
  type PowerProtocolInfo,
  type PowerStateEvent,
} from "./power-agent.ts";
export {
  type CompositePowerState,
  decodeCompositePowerState,
  decodePowerState,
  encodeCompositePowerState,
  encodePowerState,
  POWER_LEVEL,
  POWER_STATE,
  type PowerState,
} from "./power-state.ts";
export type { PowerDomainStatisticsCopy, PowerStatisticsCopy } from "./power-statistics.ts";
export {
  POWERCAP_DISABLED,
  POWERCAP_ROOT,
  POWERCAP_UNIT,
  PowercapCapChanged,
  PowercapCapGet,
  PowercapCapMemory,
  PowercapCapNotify,
  PowercapCapSet,
  PowercapDescribeFastchannel,
  PowercapDomainAttributes,
  PowercapDomainNameGet,
  PowercapMeasurementsChanged,
  PowercapMeasurementsGet,
  PowercapMeasurementsNotify,
  PowercapMessageAttributes,
  PowercapPaiGet,
  PowercapPaiMemory,
  PowercapPaiSet,
  PowercapProtocolAttributes,
  powercapProtocol,
} from "./powercap.ts";
export { PROTOCOLS } from "./protocols.ts";
export { PROTOCOL_ID, RELEASE_NAMES, RELEASES, type Release, versionIn } from "./releases.ts";
export {
  COLD_RESET_ID,
  RESET_LATENCY_UNKNOWN,
  ResetCommand,
  ResetDomainAttributes,
  ResetDomainNameGet,
  ResetIssued,
  ResetNotify,
  ResetProtocolAttributes,
  resetProtocol,
} from "./reset.ts";
export {
  Reset,
  type ResetDomainAttributeInfo,
  type ResetDomainInfo,
  type ResetEvent,
  type ResetOptions,
  type ResetProtocolInfo,
  type ResetState,
} from "./reset-agent.ts";
export {
  PERFORMANCE_STATISTICS_SIGNATURE,
  PerformanceDomainStatistics,
  PerformanceStatistics,
  POWER_STATISTICS_SIGNATURE,
} from "./statistics.ts";
export {
  SYSTEM_STATE,
  SystemPowerMessageAttributes,
  SystemPowerProtocolAttributes,
  SystemPowerStateGet,
  SystemPowerStateNotifier,
  SystemPowerStateNotify,
  SystemPowerStateSet,
  systemPowerProtocol,
  VENDOR_SYSTEM_STATE,
} from "./system-power.ts";
export {
  SystemPower,
  type SystemPowerEvent,
  type SystemPowerInfo,
  type SystemPowerOptions,
  type SystemPowerOutcome,
} from "./system-power-agent.ts";
export {
  VOLTAGE_MODE,
  VoltageConfigGet,
  VoltageConfigSet,
  VoltageDescribeLevels,
  VoltageDomainAttributes,
  VoltageDomainNameGet,
  VoltageLevelGet,
  VoltageLevelSet,
  VoltageProtocolAttributes,
  voltageProtocol,
} from "./voltage.ts";
export {
  Voltage,
  type VoltageDomainAttributeInfo,
  type VoltageDomainInfo,
  type VoltageLevels,
  type VoltageProtocolInfo,
} from "./voltage-agent.ts";
