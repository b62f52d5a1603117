/** The entry point `scmi-wasm/world`: a machine in one process, from a device tree or a board file: its firmware, the modules that reach
 *  it, and how it boots.
 *  @module */

export { type BootOptions, type BootProgress, boot } from "./boot.ts";
export { BOOT_SCHEMA, type JsonSchema } from "./boot-schema.ts";
export { Dice } from "./dice.ts";
export type { Exercise } from "./exercise.ts";
export type { ChannelReport, FarEnd } from "./far-end.ts";
export { Firmware, type FirmwareOptions } from "./firmware.ts";
export { Hardware } from "./hardware.ts";
export type { InstancePlan, WorldTransport } from "./instance-plan.ts";
export type { LimitReport } from "./limits.ts";
export { type DeferredInstance, Machine, type MachineOptions } from "./machine.ts";
export type { AddedBoard } from "./merge.ts";
export { type ConsumerOptions, consumerDriver } from "./modules/consumer.ts";
export { mailboxModule } from "./modules/mailbox.ts";
export { opteeModule } from "./modules/optee.ts";
export { scmiCore } from "./modules/scmi-core.ts";
export { scmiModule } from "./modules/scmi-module.ts";
export { CONDUIT, smcModule } from "./modules/smc.ts";
export { moduleNameOf, type TransportModule, transportModule } from "./modules/transport.ts";
export { vendorProtocol } from "./modules/vendor-protocol.ts";
export { virtioModule } from "./modules/virtio.ts";
export {
  type HardwareData,
  MachineParts,
  type MakeModule,
  type NodeData,
  type ScmiDeviceData,
  type StackData,
  type TeeServiceData,
  type VirtioData,
} from "./parts.ts";
export {
  type BoardPlan,
  type Failure,
  type PlanOptions,
  planBoard,
  planTree,
} from "./plan.ts";
export {
  type BootReport,
  type ConsumerReport,
  type CounterReport,
  type DeferredReport,
  type InstanceReport,
  isWhole,
  type LeakReport,
  type ProtocolReport,
} from "./report.ts";
export type { ResourceReport } from "./resources.ts";
export {
  type Latencies,
  type MessageRole,
  messageName,
  type TraceEntry,
  Traffic,
  type TrafficOptions,
} from "./traffic.ts";
export type { ConduitSupply, MailboxSupply, Wiring } from "./wiring.ts";
