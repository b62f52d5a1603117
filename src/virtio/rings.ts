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
 *  `Atomics` where they may be two threads, so that entries are in place before the index that announces them. */
export class Rings {
  readonly size: number;
  readonly descriptors: Part;
  readonly #available: MemoryRegion;
  readonly #used: MemoryRegion;
  /** Offsets of the entries in their regions, in bytes. */
  readonly #availableEntries: number;
  readonly #usedEntries: number;
  // Regions start at addresses that are multiples of 16, so no word straddles two halves. Places of words among the halves:
  readonly #availableFlagsAt: number;
  readonly #availableIndexAt: number;
  readonly #usedEventAt: number;
  readonly #usedFlagsAt: number;
  readonly #usedIndexAt: number;
  readonly #availableEventAt: number;
  readonly #mask: number;

  /** @throws RangeError for a size, an alignment or an address that no queue has */
  constructor(memory: QueueMemory, { size, descriptors, available, used }: QueueAddresses) {
    if (!Number.isInteger(size) || size < 1 || size > LARGEST_QUEUE || (size & (size - 1)) !== 0) {
      throw new RangeError(`"size" expected a power of two up to ${LARGEST_QUEUE}, got ${size}`);
    }
    this.size = size;
    this.#mask = size - 1;
    this.descriptors = partAt(memory, "descriptors", descriptors, size * DESCRIPTOR_BYTES, 16);
    const availablePart = partAt(memory, "available", available, availableBytes(size), 2);
    const usedPart = partAt(memory, "used", used, usedBytes(size), 4);
    this.#available = availablePart.region;
    this.#used = usedPart.region;
    this.#availableEntries = availablePart.at + RING_ENTRIES;
    this.#usedEntries = usedPart.at + RING_ENTRIES;
    this.#availableFlagsAt = (availablePart.at + RING_FLAGS) >>> 1;
    this.#availableIndexAt = (availablePart.at + RING_INDEX) >>> 1;
    this.#usedEventAt = (this.#availableEntries + size * AVAILABLE_ENTRY_BYTES) >>> 1;
    this.#usedFlagsAt = (usedPart.at + RING_FLAGS) >>> 1;
    this.#usedIndexAt = (usedPart.at + RING_INDEX) >>> 1;
    this.#availableEventAt = (this.#usedEntries + size * USED_ENTRY_BYTES) >>> 1;
  }

  get availableFlags(): number {
    return load(this.#available, this.#availableFlagsAt);
  }

  set availableFlags(flags: number) {
    store(this.#available, this.#availableFlagsAt, flags);
  }

  get availableIndex(): number {
    return load(this.#available, this.#availableIndexAt);
  }

  set availableIndex(index: number) {
    store(this.#available, this.#availableIndexAt, index);
  }

  /** @param index runs over 16 bits */
  availableEntry(index: number): number {
    return this.#available.data.getUint16(this.#availableEntries + (index & this.#mask) * AVAILABLE_ENTRY_BYTES, true);
  }

  setAvailableEntry(index: number, head: number): void {
    this.#available.data.setUint16(this.#availableEntries + (index & this.#mask) * AVAILABLE_ENTRY_BYTES, head, true);
  }

  /** Where the driver wants to be interrupted; behind the available ring. */
  get usedEvent(): number {
    return load(this.#available, this.#usedEventAt);
  }

  set usedEvent(index: number) {
    store(this.#available, this.#usedEventAt, index);
  }

  get usedFlags(): number {
    return load(this.#used, this.#usedFlagsAt);
  }

  set usedFlags(flags: number) {
    store(this.#used, this.#usedFlagsAt, flags);
  }

  get usedIndex(): number {
    return load(this.#used, this.#usedIndexAt);
  }

  set usedIndex(index: number) {
    store(this.#used, this.#usedIndexAt, index);
  }

  /** The whole 32 bits, for a device may write any. */
  usedId(index: number): number {
    return this.#used.data.getUint32(this.#usedEntries + (index & this.#mask) * USED_ENTRY_BYTES, true);
  }

  usedLength(index: number): number {
    const entry = this.#usedEntries + (index & this.#mask) * USED_ENTRY_BYTES;
    return this.#used.data.getUint32(entry + USED_ENTRY_LENGTH, true);
  }

  setUsedEntry(index: number, id: number, byteLength: number): void {
    const { data } = this.#used;
    const entry = this.#usedEntries + (index & this.#mask) * USED_ENTRY_BYTES;
    data.setUint32(entry, id, true);
    data.setUint32(entry + USED_ENTRY_LENGTH, byteLength, true);
  }

  /** Where the device wants to be notified; behind the used ring. */
  get availableEvent(): number {
    return load(this.#used, this.#availableEventAt);
  }

  set availableEvent(index: number) {
    store(this.#used, this.#availableEventAt, index);
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

/** What only this thread sees needs no order, and atomic access is slow. */
function load(region: MemoryRegion, index: number): number {
  return region.isPrivate ? (region.halves[index] ?? 0) : Atomics.load(region.halves, index);
}

function store(region: MemoryRegion, index: number, value: number): void {
  if (region.isPrivate) region.halves[index] = value;
  else Atomics.store(region.halves, index, value);
}
