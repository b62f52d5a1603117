/** The entry point `scmi-wasm/world`: a machine in one process.
 *  @module */

export { type DeferredInstance, Machine, type MachineOptions } from "./machine.ts";
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
export type { ConduitSupply, MailboxSupply, Wiring } from "./wiring.ts";
