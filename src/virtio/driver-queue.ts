import type { QueueFeatures } from "./device-queue.ts";
import {
  AVAILABLE_F_NO_INTERRUPT,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_F_INDIRECT,
  DESCRIPTOR_F_NEXT,
  DESCRIPTOR_F_WRITE,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_NEXT,
  isEventPassed,
  type QueueAddresses,
  USED_F_NO_NOTIFY,
} from "./layout.ts";
import type { MemoryRegion, QueueMemory } from "./memory.ts";
import { Rings } from "./rings.ts";

/** A buffer by its address. */
export interface Extent {
  readonly address: number;
  readonly byteLength: number;
}

/** Memory for tables of descriptors, one for each head of the queue. */
export interface IndirectTables {
  readonly address: number;
  /** Descriptors of each. */
  readonly entries: number;
}

/** A chain that the device gave back. */
export interface UsedChain {
  /** As {@link DriverQueue.add} named it. */
  readonly head: number;
  /** Bytes that the device says it wrote; no more than it could. */
  readonly writtenBytes: number;
}

/** What a driver half has counted. */
export interface DriverQueueCounters {
  /** Entries that name no chain of the device's. */
  readonly unexpected: number;
  /** Chains with more bytes written than they have room for. */
  readonly overlong: number;
}

/** The driver's half of a split virtqueue. What it has to know it knows by itself: a device that writes nonsense is counted, and hurts
 *  nobody. */
export class DriverQueue {
  readonly size: number;
  readonly #rings: Rings;
  readonly #features: QueueFeatures;
  readonly #indirect: (IndirectTables & { readonly region: MemoryRegion }) | undefined;
  /** Free descriptors form a list; those of a chain in flight, too. */
  readonly #nextOf: Uint16Array;
  /** Writable bytes of the chain of a head, plus 1; 0 when it is not in flight. */
  readonly #held: Float64Array;
  readonly #descriptorsOf: Uint16Array;
  /** Tables by head, as far as they were used. */
  readonly #tables: ({ readonly address: number; byteLength: number } | undefined)[] = [];
  #free = 0;
  #freeCount: number;
  #inFlight = 0;
  #available = 0;
  #kicked = 0;
  #used = 0;
  #isBroken = false;
  #takenBytes = 0;
  #unexpected = 0;
  #overlong = 0;

  /** @param indirect for chains of more than one buffer, where that was negotiated
   *  @throws RangeError for addresses that no queue has */
  constructor(memory: QueueMemory, addresses: QueueAddresses, features: QueueFeatures, indirect?: IndirectTables) {
    const { size } = addresses;
    this.size = size;
    this.#rings = new Rings(memory, addresses);
    this.#features = features;
    if (indirect && features.hasIndirect) {
      const region = memory.find(indirect.address, size * indirect.entries * DESCRIPTOR_BYTES);
      if (!region) throw new RangeError('"indirect" expected memory for a table of each head, got less');
      this.#indirect = { ...indirect, region };
    }
    this.#nextOf = Uint16Array.from({ length: size }, (_, i) => i + 1);
    this.#held = new Float64Array(size);
    this.#descriptorsOf = new Uint16Array(size);
    this.#freeCount = size;
  }

  /** Chains that the device has. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The device claims to have used more than it was given: nothing is taken any more, only a reset helps. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What was counted so far. */
  get counters(): DriverQueueCounters {
    return { unexpected: this.#unexpected, overlong: this.#overlong };
  }

  /** Describes a chain to the device, which sees it after {@link publish}.
   *  @returns its head; -1 when the descriptors do not suffice now
   *  @throws RangeError for no buffers at all, or more than a table holds */
  add(readable: readonly Extent[], writable: readonly Extent[]): number {
    const count = readable.length + writable.length;
    if (count === 0 || count > this.size) throw new RangeError(`"buffers" expected 1 to ${this.size}, got ${count}`);
    const isIndirect = this.#indirect !== undefined && count > 1;
    const taken = isIndirect ? 1 : count;
    if (taken > this.#freeCount) return -1;
    const head = this.#free;
    if (isIndirect) this.#describeIndirect(head, readable, writable);
    else this.#describe(head, readable, writable);
    for (let i = 0; i < taken; i++) this.#free = this.#nextOf[this.#free] as number;
    this.#freeCount -= taken;
    this.#descriptorsOf[head] = taken;
    let writableBytes = 0;
    for (const { byteLength } of writable) writableBytes += byteLength;
    this.#held[head] = 1 + writableBytes;
    this.#inFlight++;
    this.#rings.setAvailableEntry(this.#available, head);
    this.#available = (this.#available + 1) & 0xffff;
    return head;
  }

  /** Lets the device see what was added. True when it wants a kick for it. */
  publish(): boolean {
    this.#rings.availableIndex = this.#available;
    const before = this.#kicked;
    this.#kicked = this.#available;
    if (!this.#features.hasEventIndex) return (this.#rings.usedFlags & USED_F_NO_NOTIFY) === 0;
    return isEventPassed(this.#rings.availableEvent, this.#available, before);
  }

  /** Takes a chain that the device gave back; `undefined` when there is none. */
  take(): UsedChain | undefined {
    const head = this.takeHead();
    return head < 0 ? undefined : { head, writtenBytes: this.#takenBytes };
  }

  /** {@link take} without garbage: the head, -1 when there is none. {@link takenBytes} has the other half. */
  takeHead(): number {
    while (!this.#isBroken) {
      const waiting = (this.#rings.usedIndex - this.#used) & 0xffff;
      if (waiting === 0) return -1;
      if (waiting > this.size) {
        this.#isBroken = true;
        return -1;
      }
      const head = this.#rings.usedId(this.#used);
      const writtenBytes = this.#rings.usedLength(this.#used);
      this.#used = (this.#used + 1) & 0xffff;
      const held = this.#held[head] ?? 0;
      if (held === 0) {
        this.#unexpected++;
        continue;
      }
      this.#takeBack(head);
      if (writtenBytes > held - 1) this.#overlong++;
      this.#takenBytes = Math.min(writtenBytes, held - 1);
      return head;
    }
    return -1;
  }

  /** Bytes that the device says it wrote into the chain that was taken last; no more than it could. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Asks for an interrupt when the device gives more back. True when there is more already, for which none will come. */
  enableInterrupts(): boolean {
    if (this.#features.hasEventIndex) this.#rings.usedEvent = this.#used;
    else this.#rings.availableFlags = 0;
    return !this.#isBroken && this.#rings.usedIndex !== this.#used;
  }

  /** Asks for no interrupts: the driver looks by itself. */
  disableInterrupts(): void {
    // With event index there is only an event that is far ahead
    if (this.#features.hasEventIndex) this.#rings.usedEvent = (this.#used - 1) & 0xffff;
    else this.#rings.availableFlags = AVAILABLE_F_NO_INTERRUPT;
  }

  #takeBack(head: number): void {
    let last = head;
    const count = this.#descriptorsOf[head] as number;
    for (let i = 1; i < count; i++) last = this.#nextOf[last] as number;
    this.#nextOf[last] = this.#free;
    this.#free = head;
    this.#freeCount += count;
    this.#held[head] = 0;
    this.#inFlight--;
  }

  #describe(head: number, readable: readonly Extent[], writable: readonly Extent[]): void {
    const { region, at } = this.#rings.descriptors;
    const count = readable.length + writable.length;
    let index = head;
    for (let i = 0; i < count; i++) {
      const extent = extentAt(readable, writable, i);
      const next = this.#nextOf[index] as number;
      writeDescriptor(region, at + index * DESCRIPTOR_BYTES, extent, flagsOf(i, readable.length, count), next);
      index = next;
    }
  }

  #describeIndirect(head: number, readable: readonly Extent[], writable: readonly Extent[]): void {
    const tables = this.#indirect;
    const count = readable.length + writable.length;
    if (!tables) return;
    if (count > tables.entries) throw new RangeError(`"buffers" expected 1 to ${tables.entries}, got ${count}`);
    let table = this.#tables[head];
    if (!table) {
      table = { address: tables.address + head * tables.entries * DESCRIPTOR_BYTES, byteLength: 0 };
      this.#tables[head] = table;
    }
    table.byteLength = count * DESCRIPTOR_BYTES;
    const at = table.address - tables.region.address;
    for (let i = 0; i < count; i++) {
      const extent = extentAt(readable, writable, i);
      const flags = flagsOf(i, readable.length, count);
      writeDescriptor(tables.region, at + i * DESCRIPTOR_BYTES, extent, flags, i + 1);
    }
    const main = this.#rings.descriptors;
    writeDescriptor(main.region, main.at + head * DESCRIPTOR_BYTES, table, DESCRIPTOR_F_INDIRECT, 0);
  }
}

/** Of a chain: what is to be read comes before what is to be written. */
function extentAt(readable: readonly Extent[], writable: readonly Extent[], i: number): Extent {
  return (i < readable.length ? readable[i] : writable[i - readable.length]) as Extent; // the caller counts
}

function flagsOf(i: number, readableCount: number, count: number): number {
  return (i < readableCount ? 0 : DESCRIPTOR_F_WRITE) | (i < count - 1 ? DESCRIPTOR_F_NEXT : 0);
}

function writeDescriptor(
  { data }: MemoryRegion,
  at: number,
  { address, byteLength }: Extent,
  flags: number,
  next: number,
): void {
  data.setUint32(at, address, true); // its lower 32 bits
  data.setUint32(at + 4, Math.floor(address / 0x1_0000_0000), true);
  data.setUint32(at + DESCRIPTOR_LENGTH, byteLength, true);
  data.setUint16(at + DESCRIPTOR_FLAGS, flags, true);
  data.setUint16(at + DESCRIPTOR_NEXT, next & 0xffff, true);
}
