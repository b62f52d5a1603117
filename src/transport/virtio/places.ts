import {
  DriverQueue,
  type Extent,
  type IndirectTables,
  layOut,
  type MemoryRegion,
  type QueueAddresses,
  type QueueFeatures,
} from "../../virtio/index.ts";

/** What is to be placed. */
export interface PlaceOptions {
  readonly cmdqSize: number;
  /** 0 = none. */
  readonly eventqSize: number;
  readonly maxPayload: number;
  readonly hasIndirect: boolean;
}

/** One queue. */
export interface QueuePlace {
  readonly addresses: QueueAddresses;
  /** Makes the driver's half. */
  driver(features: QueueFeatures): DriverQueue;
}

/** Buffers of one command. */
export interface CommandPlace {
  readonly request: Extent;
  readonly response: Extent;
}

/** Where queues and buffers are, in one piece of memory. */
export interface QueuePlaces {
  readonly region: MemoryRegion;
  readonly cmdq: QueuePlace;
  readonly eventq: QueuePlace | undefined;
  /** One for each command that the queue has room for. */
  readonly commands: readonly CommandPlace[];
  readonly events: readonly Extent[];
}

const HEADER_BYTES = 4;
const STATUS_BYTES = 4;
const TABLE_ENTRIES = 2;
const TABLE_BYTES = TABLE_ENTRIES * 16;

/** Lays queues and buffers out.
 *  @param allocate memory that the device sees */
export function placeQueues(options: PlaceOptions, allocate: (byteLength: number) => MemoryRegion): QueuePlaces {
  const { cmdqSize, eventqSize, maxPayload, hasIndirect } = options;
  const requestBytes = HEADER_BYTES + maxPayload;
  const responseBytes = HEADER_BYTES + STATUS_BYTES + maxPayload;
  const commandCount = hasIndirect ? cmdqSize : cmdqSize >>> 1;
  // Twice the same way: first from 0, to learn how much there is
  const place = (start: number) => {
    let next = start;
    const take = (byteLength: number): Extent => {
      const address = Math.ceil(next / 16) * 16;
      next = address + byteLength;
      return { address, byteLength };
    };
    const queueAt = (size: number) => {
      const { end, ...addresses } = layOut(take(0).address, size);
      next = end;
      return addresses;
    };
    const cmdq = queueAt(cmdqSize);
    const eventq = eventqSize > 0 ? queueAt(eventqSize) : undefined;
    const tables = hasIndirect ? take(cmdqSize * TABLE_BYTES) : undefined;
    const commands = Array.from({ length: commandCount }, () => ({
      request: take(requestBytes),
      response: take(responseBytes),
    }));
    const events = Array.from({ length: eventqSize }, () => take(responseBytes));
    return { cmdq, eventq, tables, commands, events, end: next };
  };
  const region = allocate(place(0).end);
  const { cmdq, eventq, tables, commands, events } = place(region.address);
  const memory = { find: () => region }; // the driver names nothing but what it placed here
  const queue = (addresses: QueueAddresses, indirect?: IndirectTables): QueuePlace => ({
    addresses,
    driver: (features) => new DriverQueue(memory, addresses, features, indirect),
  });
  return {
    region,
    cmdq: queue(cmdq, tables && { address: tables.address, entries: TABLE_ENTRIES }),
    eventq: eventq && queue(eventq),
    commands,
    events,
  };
}
