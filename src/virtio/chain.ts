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
interface Segment {
  readonly region: MemoryRegion;
  /** Offset in the region. */
  readonly at: number;
  readonly byteLength: number;
}

/** Buffers that a driver made available together. The device has them until it gives them back. */
export class DeviceChain {
  /** Descriptor that the chain starts with: its name in both rings. */
  readonly head: number;
  /** Bytes for the device to read. */
  readonly readableBytes: number;
  /** Bytes for the device to write. */
  readonly writableBytes: number;
  readonly #readable: readonly Segment[];
  readonly #writable: readonly Segment[];

  /** @internal */
  constructor(head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.head = head;
    this.#readable = readable;
    this.#writable = writable;
    this.readableBytes = sum(readable);
    this.writableBytes = sum(writable);
  }

  /** What the driver wrote. In one piece it is the driver's own memory, borrowed, which may change at any time: copy once, then judge.
   *  @param limit no more than so many bytes are looked at */
  read(limit: number): Uint8Array {
    const [first, ...others] = this.#readable;
    if (!first) return new Uint8Array(0);
    if (others.length === 0) return bytesOf(first, Math.min(first.byteLength, limit));
    const bytes = new Uint8Array(Math.min(this.readableBytes, limit));
    let at = 0;
    for (const segment of this.#readable) {
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
    for (const segment of this.#writable) {
      if (at === bytes.byteLength) return;
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
 *  @returns the chain, or why there is none */
export function walkChain(
  memory: QueueMemory,
  main: Table,
  head: number,
  hasIndirect: boolean,
): DeviceChain | ChainFault {
  const readable: Segment[] = [];
  const writable: Segment[] = [];
  let table = main;
  let index = head;
  let totalBytes = 0;
  for (let count = 0; ; count++) {
    if (index >= table.entries) return "index";
    if (count >= main.entries) return "loop";
    const { data } = table.region;
    const at = table.at + index * DESCRIPTOR_BYTES;
    const address = data.getUint32(at, true) + data.getUint32(at + 4, true) * 0x1_0000_0000;
    const byteLength = data.getUint32(at + DESCRIPTOR_LENGTH, true);
    const flags = data.getUint16(at + DESCRIPTOR_FLAGS, true);
    const next = data.getUint16(at + DESCRIPTOR_NEXT, true);
    const hasNext = (flags & DESCRIPTOR_F_NEXT) !== 0;
    if ((flags & DESCRIPTOR_F_INDIRECT) !== 0) {
      const entries = byteLength / DESCRIPTOR_BYTES;
      const isTable = Number.isInteger(entries) && entries > 0 && entries <= main.entries;
      if (!hasIndirect || hasNext || table !== main || !isTable) return "indirect";
      const region = memory.find(address, byteLength);
      if (!region) return "outside";
      table = { region, at: address - region.address, entries };
      index = 0;
      count--; // it is no buffer
      continue;
    }
    const isWritable = (flags & DESCRIPTOR_F_WRITE) !== 0;
    if (!isWritable && writable.length > 0) return "order";
    const region = memory.find(address, byteLength);
    if (!region) return "outside";
    totalBytes += byteLength;
    if (totalBytes > LARGEST_CHAIN_BYTES) return "length";
    (isWritable ? writable : readable).push({ region, at: address - region.address, byteLength });
    if (!hasNext) return new DeviceChain(head, readable, writable);
    index = next;
  }
}

function sum(segments: readonly Segment[]): number {
  let bytes = 0;
  for (const { byteLength } of segments) bytes += byteLength;
  return bytes;
}

function bytesOf({ region, at }: Segment, byteLength: number): Uint8Array {
  return region.bytes.subarray(at, at + byteLength);
}
