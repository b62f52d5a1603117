import type { QueueAddresses } from "./layout.ts";
import type { SharedBuffer } from "./memory.ts";

/** Device ids of OASIS virtio that this package knows. */
export const VIRTIO_ID_SCMI = 32;

/** Feature bits that all devices share. */
export const VIRTIO_F = {
  /** Descriptors may refer to tables of descriptors. */
  INDIRECT_DESC: 1n << 28n,
  /** Each side says at which index it wants to be told. */
  EVENT_IDX: 1n << 29n,
  /** As in virtio 1.0 and later; without it nothing here works. */
  VERSION_1: 1n << 32n,
} as const;

/** Feature bits of the SCMI device. */
export const VIRTIO_SCMI_F = {
  /** The device sends notifications or delayed responses. */
  P2A_CHANNELS: 1n << 0n,
  /** The device has shared memory regions with statistics. */
  SHARED_MEMORY: 1n << 1n,
} as const;

/** Queue of commands of the SCMI device. */
export const SCMI_CMDQ = 0;
/** Its queue of notifications and delayed responses. */
export const SCMI_EVENTQ = 1;

/** What a device tells the driver that has it. */
export interface VirtioDriver {
  /** The device gave buffers of a queue back. */
  used(queue: number): void;
  /** The device gave up: only a reset helps. */
  needsReset(): void;
  /** The device is gone, and nothing that it has comes back. */
  removed(): void;
}

/** A device, as its bus presents it. */
export interface VirtioDevice {
  /** For error texts, `virtio0`. */
  readonly name: string;
  /** What it is: {@link VIRTIO_ID_SCMI}. */
  readonly deviceId: number;
  /** What it offers. */
  readonly features: bigint;
  /** Largest size of each of its queues. */
  readonly queueSizes: readonly number[];
  /** Buffers are looked at before `kick` returns, whether or not the answers are there by then. */
  readonly isSync: boolean;
  /** Takes the device for a driver, and resets it.
   *  @throws ChannelError "busy" while another driver has it, "closed" when it is gone */
  open(driver: VirtioDriver): VirtioConnection;
}

/** A driver's hold on a device. The steps come in this order: `negotiate`, `setQueue` for each, `start`. */
export interface VirtioConnection {
  /** Accepts features: `FEATURES_OK`.
   *  @throws UnsupportedError when the device cannot work with these */
  negotiate(features: bigint): void;
  /** Memory that the device sees. */
  allocate(byteLength: number): SharedBuffer;
  /** Tells where a queue is.
   *  @throws RangeError for one that the device lacks, or for addresses that no queue has */
  setQueue(queue: number, addresses: QueueAddresses): void;
  /** `DRIVER_OK` */
  start(): void;
  /** There is something in a queue. */
  kick(queue: number): void;
  /** Resets the device: it forgets its queues and what it has of them, and touches no memory any more. */
  reset(): void;
  /** Resets the device and lets go of it. Idempotent. */
  close(): void;
}
