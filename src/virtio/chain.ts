import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_F_INDIRECT,
  DESCRIPTOR_F_NEXT,
  DESCRIPTOR_F_WRITE,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_NEXT,
} from "./layout.ts";
import type { MemoryRegion, QueueMemory } from "./memory.ts";

/** Why a device refuses a chain: a head that is outside of the table (`head`) or with the device already (`twice`), a `next` outside of the
 *  table (`index`), more descriptors than the queue has (`loop`), a buffer that is no memory (`outside`), readable after writable
 *  (`order`), a table of descriptors that is none (`indirect`), more than 4 GiB (`length`). */
export type ChainFault = "head" | "twice" | "index" | "loop" | "outside" | "order" | "indirect" | "length";

/** A piece of a chain, in memory that was found. */
export interface Segment {
  readonly region: MemoryRegion;
  /** Offset in the region. */
  readonly at: number;
  readonly byteLength: number;
}

/** Chains of more segments are not used again: a driver could make one of all descriptors for every head. */
const SHORT_SEGMENTS = 16;

/** Segments of one direction; the objects are used again for the next chain. */
class Segments {
  readonly #all: { -readonly [Key in keyof Segment]: Segment[Key] }[] = [];
  #count = 0;
  #byteLength = 0;

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  clear(): void {
    this.#count = 0;
    this.#byteLength = 0;
  }

  add(region: MemoryRegion, at: number, byteLength: number): void {
    const segment = this.#all[this.#count];
    if (segment) {
      segment.region = region;
      segment.at = at;
      segment.byteLength = byteLength;
    } else {
      this.#all.push({ region, at, byteLength });
    }
    this.#count++;
    this.#byteLength += byteLength;
  }

  at(index: number): Segment | undefined {
    return index < this.#count ? this.#all[index] : undefined;
  }
}

/** Buffers that a driver made available together. The device has them until it gives them back; the object stands for the next chain of
 *  the same head then. */
export class DeviceChain {
  /** Descriptor that the chain starts with: its name in both rings. */
  readonly head: number;
  readonly #readable = new Segments();
  readonly #writable = new Segments();

  /** @internal */
  constructor(head: number) {
    this.head = head;
  }

  /** Bytes for the device to read. */
  get readableBytes(): number {
    return this.#readable.byteLength;
  }

  /** Bytes for the device to write. */
  get writableBytes(): number {
    return this.#writable.byteLength;
  }

  /** What is to be read, where it lies in one piece: the driver's own memory, which may change at any time. */
  get readablePiece(): Segment | undefined {
    return this.#readable.count === 1 ? this.#readable.at(0) : undefined;
  }

  /** What is to be written, where it lies in one piece. */
  get writablePiece(): Segment | undefined {
    return this.#writable.count === 1 ? this.#writable.at(0) : undefined;
  }

  /** Whether there is much that would be kept with it. @internal */
  get isLong(): boolean {
    return this.#readable.count + this.#writable.count > SHORT_SEGMENTS;
  }

  /** Forgets what it was made of. @internal */
  clear(): void {
    this.#readable.clear();
    this.#writable.clear();
  }

  /** Whether a buffer to be written was added. @internal */
  get hasWritable(): boolean {
    return this.#writable.count > 0;
  }

  /** Adds a buffer. @internal */
  add(isWritable: boolean, region: MemoryRegion, at: number, byteLength: number): void {
    (isWritable ? this.#writable : this.#readable).add(region, at, byteLength);
  }

  /** What the driver wrote. In one piece it is the driver's own memory, borrowed, which may change at any time: copy once, then judge.
   *  @param limit no more than so many bytes are looked at */
  read(limit: number): Uint8Array {
    const first = this.#readable.at(0);
    if (!first) return new Uint8Array(0);
    if (this.#readable.count === 1) return bytesOf(first, Math.min(first.byteLength, limit));
    const bytes = new Uint8Array(Math.min(this.readableBytes, limit));
    let at = 0;
    for (let i = 0; i < this.#readable.count; i++) {
      const segment = this.#readable.at(i) as Segment; // up to the count they are there
      const part = bytesOf(segment, Math.min(segment.byteLength, bytes.byteLength - at));
      bytes.set(part, at);
      at += part.byteLength;
    }
    return bytes;
  }

  /** Writes to the beginning of what is for the device to write.
   *  @throws RangeError for more than {@link writableBytes}: nothing is written then */
  write(bytes: Uint8Array): void {
    if (bytes.byteLength > this.writableBytes) {
      throw new RangeError(`"bytes" expected at most ${this.writableBytes}, got ${bytes.byteLength}`);
    }
    let at = 0;
    for (let i = 0; i < this.#writable.count; i++) {
      if (at === bytes.byteLength) return;
      const segment = this.#writable.at(i) as Segment; // up to the count they are there
      const part = bytes.subarray(at, at + segment.byteLength);
      segment.region.bytes.set(part, segment.at);
      at += part.byteLength;
    }
  }
}

/** The table that a walk is in. */
interface Table {
  readonly region: MemoryRegion;
  readonly at: number;
  readonly entries: number;
}

const LARGEST_CHAIN_BYTES = 0xffff_ffff;

/** Follows a chain. Each descriptor is read once, for the driver may change it meanwhile.
 *  @param main the queue's own table
 *  @param chain of the head; what it was made of before is forgotten
 *  @returns why it is no chain; `undefined` when it is one */
export function walkChain(
  memory: QueueMemory,
  main: Table,
  chain: DeviceChain,
  hasIndirect: boolean,
): ChainFault | undefined {
  chain.clear();
  let { region: tableRegion, at: tableAt, entries } = main;
  let isMain = true;
  let index = chain.head;
  let totalBytes = 0;
  for (let count = 0; ; count++) {
    if (index >= entries) return "index";
    if (count >= main.entries) return "loop";
    const { data } = tableRegion;
    const at = tableAt + index * DESCRIPTOR_BYTES;
    const address = data.getUint32(at, true) + data.getUint32(at + 4, true) * 0x1_0000_0000;
    const byteLength = data.getUint32(at + DESCRIPTOR_LENGTH, true);
    const flags = data.getUint16(at + DESCRIPTOR_FLAGS, true);
    const next = data.getUint16(at + DESCRIPTOR_NEXT, true);
    const hasNext = (flags & DESCRIPTOR_F_NEXT) !== 0;
    if ((flags & DESCRIPTOR_F_INDIRECT) !== 0) {
      const isTable = byteLength > 0 && byteLength % DESCRIPTOR_BYTES === 0;
      if (!hasIndirect || hasNext || !isMain || !isTable || byteLength / DESCRIPTOR_BYTES > main.entries) {
        return "indirect";
      }
      const found = memory.find(address, byteLength);
      if (!found) return "outside";
      tableRegion = found;
      tableAt = address - found.address;
      entries = byteLength / DESCRIPTOR_BYTES;
      isMain = false;
      index = 0;
      count--; // it is no buffer
      continue;
    }
    const isWritable = (flags & DESCRIPTOR_F_WRITE) !== 0;
    if (!isWritable && chain.hasWritable) return "order";
    const region = memory.find(address, byteLength);
    if (!region) return "outside";
    totalBytes += byteLength;
    if (totalBytes > LARGEST_CHAIN_BYTES) return "length";
    chain.add(isWritable, region, address - region.address, byteLength);
    if (!hasNext) return undefined;
    index = next;
  }
}

function bytesOf({ region, at }: Segment, byteLength: number): Uint8Array {
  return region.bytes.subarray(at, at + byteLength);
}
