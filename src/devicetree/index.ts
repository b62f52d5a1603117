/** The entry point `scmi-wasm/devicetree`: flattened device trees (`.dtb`) read, written and printed as source, and the SCMI binding:
 *  instances, transports, channels, shared memory, protocol nodes, and who consumes their resources.
 *  @module */

export { type Region, regionsOf, regOf } from "./addresses.ts";
export { consumersOf, type ScmiConsumer, type ScmiConsumers } from "./consumers.ts";
export { printDts, printValue } from "./dts.ts";
export { type Interrupt, interruptsOf } from "./interrupts.ts";
export { readDeviceTree } from "./read.ts";
export { type Reference, referencesOf } from "./references.ts";
export {
  type BrokenInstance,
  SCMI_COMPATIBLES,
  type ScmiBinding,
  type ScmiInstance,
  type ScmiLimits,
  type ScmiProtocolNode,
  scmiOf,
  supplierKeyOf,
} from "./scmi.ts";
export type {
  MailboxRole,
  MailboxScmiChannel,
  OpteeScmiChannel,
  ScmiChannel,
  ScmiMailbox,
  ScmiTransport,
  ShmemArea,
  SmcScmiChannel,
  VirtioScmiChannel,
} from "./scmi-channel.ts";
export { DeviceTree, Node, type Reservation } from "./tree.ts";
export { writeDeviceTree } from "./write.ts";
