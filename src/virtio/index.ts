/** The entry point `scmi-wasm/virtio`: split virtqueues, driver half and device half, over any byte memory, and how devices present
 *  themselves to drivers. OASIS virtio.
 *  @module */

export { VirtioBus, type VirtioBusListener } from "./bus.ts";
export type { ChainFault, DeviceChain, Segment } from "./chain.ts";
export {
  SCMI_CMDQ,
  SCMI_EVENTQ,
  VIRTIO_F,
  VIRTIO_ID_SCMI,
  VIRTIO_SCMI_F,
  type VirtioConnection,
  type VirtioDevice,
  type VirtioDriver,
} from "./device.ts";
export { DeviceQueue, type DeviceQueueCounters, type QueueFeatures } from "./device-queue.ts";
export {
  DriverQueue,
  type DriverQueueCounters,
  type Extent,
  type IndirectTables,
  type UsedChain,
} from "./driver-queue.ts";
export { availableBytes, layOut, type QueueAddresses, usedBytes } from "./layout.ts";
export {
  AllocatedMemory,
  BufferRegion,
  type MemoryRegion,
  type QueueMemory,
  RegionMemory,
  type SharedBuffer,
} from "./memory.ts";
