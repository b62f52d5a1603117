/** The entry point `scmi-wasm`: the agent, the core, time and the errors.
 *  @module */

export {
  Agent,
  type AgentEventMap,
  type AgentOptions,
  type Channel,
  type ChannelTraits,
  type InstanceWishes,
  type Link,
  type ProtocolOptions,
  type RowOptions,
  type Transport,
  type TransportHost,
} from "./agent/agent.ts";
export { AnomalyEvent, type AnomalyKind } from "./agent/anomaly.ts";
export type { CallOptions } from "./agent/bound.ts";
export type { FastChannel, FastChannelDescription } from "./agent/fast-channel.ts";
export type {
  AgentIdentity,
  Negotiation,
  PlatformIdentity,
  PolledCommand,
  ProtocolClass,
  ProtocolHandle,
  SourceOptions,
} from "./agent/handle.ts";
export type { RawAnswer, RawOptions } from "./agent/raw.ts";
export type { Watch, WatchOptions } from "./agent/watch.ts";

export type { CoreCapacity } from "./core/capacity.ts";
export { type Clock, SimulatedClock } from "./core/clock.ts";
export { Core, type CoreOptions, type CoreSyncOptions } from "./core/core.ts";
export type {
  ClockDescription,
  DomainDescription,
  HotKind,
  MessageDescription,
  PerformanceDomainDescription,
  PermissionDescription,
  PlatformDescription,
  PowercapDescription,
  PowerDomainDescription,
  ProtocolDescription,
  SensorDescription,
  VoltageDescription,
} from "./core/description.ts";
export { COMMAND, commandWord, FAULT, type FaultName, faultName, XFER } from "./core/faults.ts";
export type { CoreMemory } from "./core/memory.ts";
export type { ModuleSource } from "./core/module.ts";
export type {
  ChannelCounters,
  ChannelOptions,
  CoreLeaks,
  FastChannelOptions,
  InstanceOptions,
} from "./core/options.ts";
export { realClock } from "./core/real-clock.ts";

export type {
  BoardDetails,
  ChannelFault,
  DeadlinePhase,
  ErrnoName,
  MessageDetails,
  StatusDetails,
  StatusLabel,
  StatusName,
  TeeOrigin,
} from "./errors.ts";
export {
  BoardError,
  ChannelError,
  DeadlineError,
  ERRNO,
  InternalError,
  MessageError,
  ScmiError,
  STATUS,
  STATUS_VENDOR_FIRST,
  StatusError,
  statusErrno,
  statusName,
  TeeError,
  UnsupportedError,
} from "./errors.ts";
