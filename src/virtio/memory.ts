/** Bytes that driver and device both see, under the addresses by which the driver names them. */
export interface MemoryRegion {
  /** First address. */
  readonly address: number;
  readonly byteLength: number;
  /** The bytes now; borrowed until the memory may have grown or gone. */
  readonly bytes: Uint8Array;
  readonly data: DataView;
  /** 16-bit words of the same bytes, for atomic access. */
  readonly halves: Uint16Array;
  /** Nobody sees it but this thread, so that access need not be atomic. Default: others may. */
  readonly isPrivate?: boolean;
}

/** Finds memory by address. */
export interface QueueMemory {
  /** The region that holds all of these bytes; `undefined` when none does.
   *  @param address any number: it comes from the other side */
  find(address: number, byteLength: number): MemoryRegion | undefined;
}

/** A region over a buffer, shared or not. */
export class BufferRegion implements MemoryRegion {
  readonly address: number;
  readonly isPrivate: boolean;
  #byteLength: number;
  #bytes: Uint8Array;
  #data: DataView;
  #halves: Uint16Array;

  /** @param address a multiple of 16
   *  @param byteLength default: all of the buffer; even
   *  @param isPrivate as {@link MemoryRegion.isPrivate}; memory of another process is none */
  constructor(
    address: number,
    buffer: ArrayBufferLike,
    byteOffset = 0,
    byteLength = buffer.byteLength - byteOffset,
    isPrivate = false,
  ) {
    if (!Number.isSafeInteger(address) || address < 0 || address % 16 !== 0) {
      throw new RangeError(`"address" expected a multiple of 16, got ${address}`);
    }
    this.address = address;
    this.isPrivate = isPrivate;
    this.#byteLength = byteLength;
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.#data = new DataView(buffer, byteOffset, byteLength);
    this.#halves = new Uint16Array(buffer, byteOffset, byteLength >>> 1);
  }

  /** Bytes now; 0 after {@link detach}. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** All of them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The same, for numbers of any width. */
  get data(): DataView {
    return this.#data;
  }

  /** The same, for atomic access; in the byte order of the machine, which has to be little-endian. */
  get halves(): Uint16Array {
    return this.#halves;
  }

  /** Lets go of the bytes: the region is empty from here on, also for those who kept it. */
  detach(): void {
    this.#byteLength = 0;
    this.#bytes = new Uint8Array(0);
    this.#data = new DataView(this.#bytes.buffer);
    this.#halves = new Uint16Array(0);
  }
}

/** Several regions, as the memory of a machine is made of. */
export class RegionMemory implements QueueMemory {
  #regions: readonly MemoryRegion[] = [];

  /** What is there now. */
  get regions(): readonly MemoryRegion[] {
    return this.#regions;
  }

  /** Adds a region.
   *  @throws RangeError when it overlaps another one */
  add(region: MemoryRegion): void {
    const { address, byteLength } = region;
    for (const it of this.#regions) {
      if (address < it.address + it.byteLength && it.address < address + byteLength) {
        throw new RangeError(
          `region at 0x${address.toString(16)}: expected free addresses, got those of the region at 0x${it.address.toString(16)}`,
        );
      }
    }
    this.#regions = [...this.#regions, region];
  }

  /** Takes a region away. */
  remove(region: MemoryRegion): void {
    this.#regions = this.#regions.filter((it) => it !== region);
  }

  find(address: number, byteLength: number): MemoryRegion | undefined {
    const regions = this.#regions;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i] as MemoryRegion;
      const offset = address - region.address;
      if (offset >= 0 && offset + byteLength <= region.byteLength) return region;
    }
    return undefined;
  }
}

/** Memory from which a driver allocates what its device is to see. */
export interface SharedBuffer {
  readonly region: MemoryRegion;
  /** Gives it back; the device finds nothing there any more. Idempotent. */
  release(): void;
}

const FIRST_ADDRESS = 0x8000_0000;
const PAGE_BYTES = 0x1000;

/** Memory of a simulated machine: each allocation lies at addresses of its own. */
export class AllocatedMemory implements QueueMemory {
  readonly #memory = new RegionMemory();
  readonly #isShared: boolean;
  #next = FIRST_ADDRESS;

  /** @param isShared in a SharedArrayBuffer, for a device in a worker */
  constructor({ isShared = false }: { readonly isShared?: boolean } = {}) {
    this.#isShared = isShared;
  }

  /** Zeroed memory, at a page's start. */
  allocate(byteLength: number): SharedBuffer {
    const pages = Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
    const buffer = this.#isShared ? new SharedArrayBuffer(pages) : new ArrayBuffer(pages);
    const region = new BufferRegion(this.#next, buffer, 0, pages, !this.#isShared);
    this.#next += pages + PAGE_BYTES; // what runs over the end meets nobody
    this.#memory.add(region);
    return { region, release: () => this.#memory.remove(region) };
  }

  /** Allocations that were not given back: a leak check. */
  get allocations(): number {
    return this.#memory.regions.length;
  }

  find(address: number, byteLength: number): MemoryRegion | undefined {
    return this.#memory.find(address, byteLength);
  }
}
