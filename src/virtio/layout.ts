/** Sizes and offsets of a split virtqueue. OASIS virtio, split virtqueues. All little-endian.
 *
 *  ```text
 *   descriptor table          available ring               used ring
 *   0  u64 address            0  u16 flags                 0  u16 flags
 *   8  u32 length             2  u16 index                 2  u16 index
 *   12 u16 flags              4  u16 ring[size]            4  {u32 id, u32 length} ring[size]
 *   14 u16 next                  u16 used event               u16 available event
 *   × size
 *  ```
 */
export const DESCRIPTOR_BYTES = 16;
export const DESCRIPTOR_LENGTH = 8;
export const DESCRIPTOR_FLAGS = 12;
export const DESCRIPTOR_NEXT = 14;

/** The chain goes on at `next`. */
export const DESCRIPTOR_F_NEXT = 1;
/** For the device to write; otherwise to read. */
export const DESCRIPTOR_F_WRITE = 2;
/** The buffer holds a table of descriptors. */
export const DESCRIPTOR_F_INDIRECT = 4;

/** Of both rings. */
export const RING_FLAGS = 0;
export const RING_INDEX = 2;
export const RING_ENTRIES = 4;
export const AVAILABLE_ENTRY_BYTES = 2;
export const USED_ENTRY_BYTES = 8;
export const USED_ENTRY_LENGTH = 4;

/** Available ring: the device need not say when it used a buffer. */
export const AVAILABLE_F_NO_INTERRUPT = 1;
/** Used ring: the driver need not say when it made a buffer available. */
export const USED_F_NO_NOTIFY = 1;

/** Sizes are powers of two up to this. */
export const LARGEST_QUEUE = 0x8000;

/** Where the parts of a queue are, as the driver names them. */
export interface QueueAddresses {
  /** Entries; a power of two. */
  readonly size: number;
  /** Descriptor table; a multiple of 16. */
  readonly descriptors: number;
  /** Available ring; a multiple of 2. */
  readonly available: number;
  /** Used ring; a multiple of 4. */
  readonly used: number;
}

/** Bytes of an available ring, its event word included. */
export function availableBytes(size: number): number {
  return RING_ENTRIES + size * AVAILABLE_ENTRY_BYTES + 2;
}

/** Bytes of a used ring, its event word included. */
export function usedBytes(size: number): number {
  return RING_ENTRIES + size * USED_ENTRY_BYTES + 2;
}

/** Where a driver puts the parts of a queue that starts at an address.
 *  @param address a multiple of 16
 *  @returns the parts, and the first byte after them */
export function layOut(address: number, size: number): QueueAddresses & { readonly end: number } {
  const available = address + size * DESCRIPTOR_BYTES;
  const used = Math.ceil((available + availableBytes(size)) / 4) * 4;
  return { size, descriptors: address, available, used, end: used + usedBytes(size) };
}

/** Whether an event index was passed by the step from `before` to `now`, all of 16 bits that wrap. OASIS virtio, `vring_need_event`. */
export function isEventPassed(event: number, now: number, before: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
}
