/** The entry point `scmi-wasm`: the core and the errors.
 *  @module */

export type { CoreCapacity } from "./core/capacity.ts";
export { Core, type CoreOptions, type CoreSyncOptions } from "./core/core.ts";
export type {
  ClockDescription,
  MessageDescription,
  PerformanceDomainDescription,
  PermissionDescription,
  PlatformDescription,
  ProtocolDescription,
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
