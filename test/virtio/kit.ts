import {
  AllocatedMemory,
  DeviceQueue,
  DriverQueue,
  type Extent,
  layOut,
  type MemoryRegion,
  type QueueAddresses,
  type QueueFeatures,
} from "../../src/virtio/index.ts";

/** Both halves of one queue over one piece of memory, with room for buffers behind the rings. */
export interface Pair {
  readonly memory: AllocatedMemory;
  readonly region: MemoryRegion;
  readonly addresses: QueueAddresses;
  readonly driver: DriverQueue;
  readonly device: DeviceQueue;
  /** First free address behind the rings and tables. */
  readonly buffers: number;
}

/** Descriptors of a table. */
export const TABLE_ENTRIES = 4;

/** Makes both halves. */
export function pair(size: number, features: QueueFeatures, isShared = false): Pair {
  const memory = new AllocatedMemory({ isShared });
  const { region } = memory.allocate(0x8000);
  const { end, ...addresses } = layOut(region.address, size);
  const tables = Math.ceil(end / 16) * 16;
  const indirect = features.hasIndirect ? { address: tables, entries: TABLE_ENTRIES } : undefined;
  return {
    ...{ memory, region, addresses },
    driver: new DriverQueue(memory, addresses, features, indirect),
    device: new DeviceQueue(memory, addresses, features),
    buffers: tables + size * TABLE_ENTRIES * 16,
  };
}

/** Writes bytes at an address. */
export function write({ region }: Pair, address: number, bytes: readonly number[]): Extent {
  region.bytes.set(bytes, address - region.address);
  return { address, byteLength: bytes.length };
}

/** Bytes at an address. */
export function read({ region }: Pair, { address, byteLength }: Extent): number[] {
  const at = address - region.address;
  return [...region.bytes.subarray(at, at + byteLength)];
}

/** A descriptor, as a driver that lies would write it. */
export interface RawDescriptor {
  readonly address: number | bigint;
  readonly byteLength: number;
  readonly flags?: number;
  readonly next?: number;
}

/** Writes a descriptor into the table at an address, by the layout of the specification. */
export function describeRaw({ region }: Pair, table: number, index: number, it: RawDescriptor): void {
  const at = table - region.address + index * 16;
  region.data.setBigUint64(at, BigInt(it.address), true);
  region.data.setUint32(at + 8, it.byteLength, true);
  region.data.setUint16(at + 12, it.flags ?? 0, true);
  region.data.setUint16(at + 14, it.next ?? 0, true);
}

/** Makes heads available without the driver half: entries, then the index. */
export function offerRaw({ region, addresses }: Pair, heads: readonly number[], index = heads.length): void {
  const at = addresses.available - region.address;
  heads.forEach((head, i) => {
    region.data.setUint16(at + 4 + i * 2, head, true);
  });
  region.data.setUint16(at + 2, index, true);
}

/** What the device put into the used ring, from its start. */
export function usedRaw({ region, addresses }: Pair): readonly (readonly [id: number, byteLength: number])[] {
  const at = addresses.used - region.address;
  const count = region.data.getUint16(at + 2, true);
  return Array.from({ length: count }, (_, i) => [
    region.data.getUint32(at + 4 + i * 8, true),
    region.data.getUint32(at + 8 + i * 8, true),
  ]);
}

/** The four combinations that occur. */
export const FEATURES: readonly QueueFeatures[] = [
  { hasIndirect: false, hasEventIndex: false },
  { hasIndirect: true, hasEventIndex: false },
  { hasIndirect: false, hasEventIndex: true },
  { hasIndirect: true, hasEventIndex: true },
];

/** The device's half of a queue whose driver adds a chain that is none whenever one is looked at: it never comes to an end by itself. */
export function endless(it: Pair, features: QueueFeatures) {
  const counters = { added: 0 };
  const nowhere = 0x10;
  describeRaw(it, it.addresses.descriptors, 0, { address: nowhere, byteLength: 4 });
  const add = () => {
    counters.added++;
    if (counters.added < 50_000) offerRaw(it, [], counters.added & 0xffff); // entries are 0 from the start
  };
  const memory = {
    find(address: number, byteLength: number) {
      if (address === nowhere) add();
      return it.memory.find(address, byteLength);
    },
  };
  const device = new DeviceQueue(memory, it.addresses, features);
  add();
  return { device, counters };
}
