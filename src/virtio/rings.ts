import {
  AVAILABLE_ENTRY_BYTES,
  availableBytes,
  DESCRIPTOR_BYTES,
  LARGEST_QUEUE,
  type QueueAddresses,
  RING_ENTRIES,
  RING_FLAGS,
  RING_INDEX,
  USED_ENTRY_BYTES,
  USED_ENTRY_LENGTH,
  usedBytes,
} from "./layout.ts";
import type { MemoryRegion, QueueMemory } from "./memory.ts";

/** A part of a queue in its region. */
interface Part {
  readonly region: MemoryRegion;
  /** Offset in the region, in bytes. */
  readonly at: number;
}

/** The words of a queue in memory, for both halves. What two sides share and one of them writes alone is read and written by
 *  `Atomics`, so that entries are in place before the index that announces them, on whatever thread the other side is. */
export class Rings {
  readonly size: number;
  readonly descriptors: Part;
  readonly #available: Part;
  readonly #used: Part;

  /** @throws RangeError for a size, an alignment or an address that no queue has */
  constructor(memory: QueueMemory, { size, descriptors, available, used }: QueueAddresses) {
    if (!Number.isInteger(size) || size < 1 || size > LARGEST_QUEUE || (size & (size - 1)) !== 0) {
      throw new RangeError(`"size" expected a power of two up to ${LARGEST_QUEUE}, got ${size}`);
    }
    this.size = size;
    this.descriptors = partAt(memory, "descriptors", descriptors, size * DESCRIPTOR_BYTES, 16);
    this.#available = partAt(memory, "available", available, availableBytes(size), 2);
    this.#used = partAt(memory, "used", used, usedBytes(size), 4);
  }

  get availableFlags(): number {
    return load(this.#available, RING_FLAGS);
  }

  set availableFlags(flags: number) {
    store(this.#available, RING_FLAGS, flags);
  }

  get availableIndex(): number {
    return load(this.#available, RING_INDEX);
  }

  set availableIndex(index: number) {
    store(this.#available, RING_INDEX, index);
  }

  /** @param index runs over 16 bits */
  availableEntry(index: number): number {
    const { region, at } = this.#available;
    return region.data.getUint16(at + RING_ENTRIES + (index & (this.size - 1)) * AVAILABLE_ENTRY_BYTES, true);
  }

  setAvailableEntry(index: number, head: number): void {
    const { region, at } = this.#available;
    region.data.setUint16(at + RING_ENTRIES + (index & (this.size - 1)) * AVAILABLE_ENTRY_BYTES, head, true);
  }

  /** Where the driver wants to be interrupted; behind the available ring. */
  get usedEvent(): number {
    return load(this.#available, RING_ENTRIES + this.size * AVAILABLE_ENTRY_BYTES);
  }

  set usedEvent(index: number) {
    store(this.#available, RING_ENTRIES + this.size * AVAILABLE_ENTRY_BYTES, index);
  }

  get usedFlags(): number {
    return load(this.#used, RING_FLAGS);
  }

  set usedFlags(flags: number) {
    store(this.#used, RING_FLAGS, flags);
  }

  get usedIndex(): number {
    return load(this.#used, RING_INDEX);
  }

  set usedIndex(index: number) {
    store(this.#used, RING_INDEX, index);
  }

  /** The whole 32 bits, for a device may write any. */
  usedId(index: number): number {
    const { region, at } = this.#used;
    return region.data.getUint32(at + RING_ENTRIES + (index & (this.size - 1)) * USED_ENTRY_BYTES, true);
  }

  usedLength(index: number): number {
    const { region, at } = this.#used;
    const entry = at + RING_ENTRIES + (index & (this.size - 1)) * USED_ENTRY_BYTES;
    return region.data.getUint32(entry + USED_ENTRY_LENGTH, true);
  }

  setUsedEntry(index: number, id: number, byteLength: number): void {
    const { region, at } = this.#used;
    const entry = at + RING_ENTRIES + (index & (this.size - 1)) * USED_ENTRY_BYTES;
    region.data.setUint32(entry, id, true);
    region.data.setUint32(entry + USED_ENTRY_LENGTH, byteLength, true);
  }

  /** Where the device wants to be notified; behind the used ring. */
  get availableEvent(): number {
    return load(this.#used, RING_ENTRIES + this.size * USED_ENTRY_BYTES);
  }

  set availableEvent(index: number) {
    store(this.#used, RING_ENTRIES + this.size * USED_ENTRY_BYTES, index);
  }
}

function partAt(memory: QueueMemory, name: string, address: number, byteLength: number, alignment: number): Part {
  if (!Number.isSafeInteger(address) || address < 0 || address % alignment !== 0) {
    throw new RangeError(`"${name}" expected a multiple of ${alignment}, got 0x${address.toString(16)}`);
  }
  const region = memory.find(address, byteLength);
  if (!region) {
    throw new RangeError(`"${name}" expected ${byteLength} bytes of memory, got none at 0x${address.toString(16)}`);
  }
  return { region, at: address - region.address };
}

// Regions start at addresses that are multiples of 16, so these words never straddle two halves.
function load({ region, at }: Part, offset: number): number {
  return Atomics.load(region.halves, (at + offset) >>> 1);
}

function store({ region, at }: Part, offset: number, value: number): void {
  Atomics.store(region.halves, (at + offset) >>> 1, value & 0xffff);
}
