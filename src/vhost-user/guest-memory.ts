import { ChannelError } from "../errors.ts";
import { BufferRegion, RegionMemory } from "../virtio/index.ts";
import type { Libc } from "./libc.ts";
import { LARGEST_FDS, type VhostMessage } from "./messages.ts";

interface Mapping {
  readonly region: BufferRegion;
  /** Address of the region in the front end's process. */
  readonly userAddress: number;
  readonly mapped: bigint;
  readonly mappedBytes: number;
}

/** A larger view than 3.5 GiB is no error in Node: it ends the process. */
const LARGEST_REGION = 3.5 * 2 ** 30;
const PAGE_MASK = 0xfff;
const SEEK_END = 2;
const REGION_BYTES = 32;
const REGIONS_AT = 8;
const MAP_FAILED = -1n;

/** The memory of a guest, as far as the front end shares it. */
export class GuestMemory extends RegionMemory {
  readonly #libc: Libc;
  readonly #mappings: Mapping[] = [];

  private constructor(libc: Libc) {
    super();
    this.#libc = libc;
  }

  /** Maps what SET_MEM_TABLE says. Its file descriptors are not needed afterwards.
   *  @throws ChannelError for a table that is none, and for regions that do not fit their files or nobody could look at; RangeError for
   *  regions that overlap. Nothing is mapped then */
  static map(libc: Libc, { payload, fds }: VhostMessage): GuestMemory {
    const count = payload.byteLength < REGIONS_AT ? 0 : payload.getUint32(0, true);
    const isTable = count > 0 && count <= LARGEST_FDS && payload.byteLength >= REGIONS_AT + count * REGION_BYTES;
    if (!isTable || fds.length !== count) throw refusal(`${count} regions with ${fds.length} descriptors`);
    const memory = new GuestMemory(libc);
    try {
      fds.forEach((fd, i) => {
        const at = REGIONS_AT + i * REGION_BYTES;
        const word = (offset: number) => Number(payload.getBigUint64(at + offset, true));
        memory.#map(fd, word(0), word(8), word(16), word(24));
      });
    } catch (reason) {
      memory.unmap();
      throw reason;
    }
    return memory;
  }

  /** The guest's name for an address of the front end's process; -1 when it is in no region. */
  guestAddress(userAddress: number): number {
    for (const { region, userAddress: first } of this.#mappings) {
      const offset = userAddress - first;
      if (offset >= 0 && offset < region.byteLength) return region.address + offset;
    }
    return -1;
  }

  /** Lets go of all of it. Whoever kept a region finds it empty. Idempotent. */
  unmap(): void {
    for (const { region, mapped, mappedBytes } of this.#mappings.splice(0)) {
      this.remove(region);
      region.detach(); // before the pages go: an access afterwards would end the process
      this.#libc.munmap(mapped, mappedBytes);
    }
  }

  #map(fd: number, address: number, byteLength: number, userAddress: number, offset: number): void {
    const isSane = [address, byteLength, userAddress, offset].every((it) => Number.isSafeInteger(it));
    const isAligned = ((address | byteLength | offset) & PAGE_MASK) === 0;
    if (isSane && byteLength > LARGEST_REGION) {
      throw new RangeError(
        `SET_MEM_TABLE: expected regions of at most 3.5 GiB, for Node can look at no larger ones, got one of ${byteLength} bytes; give the guest less memory`,
      );
    }
    if (!isSane || !isAligned || byteLength === 0) {
      throw refusal(`a region of ${byteLength} bytes at 0x${address.toString(16)}, offset ${offset}`);
    }
    const fileBytes = this.#libc.lseek(fd, 0, SEEK_END);
    if (offset + byteLength > fileBytes) {
      throw refusal(`a region that ends at ${offset + byteLength} of a file of ${fileBytes} bytes`);
    }
    const mappedBytes = offset + byteLength;
    const mapped = this.#libc.mmap(fd, mappedBytes);
    if (mapped === MAP_FAILED) throw refusal(`a region that cannot be mapped, errno ${this.#libc.errno()}`);
    try {
      const region = new BufferRegion(address, this.#libc.view(mapped + BigInt(offset), byteLength));
      this.add(region);
      this.#mappings.push({ region, userAddress, mapped, mappedBytes });
    } catch (reason) {
      this.#libc.munmap(mapped, mappedBytes);
      throw reason;
    }
  }
}

function refusal(detail: string): ChannelError {
  return new ChannelError(
    "SET_MEM_TABLE",
    "refused",
    `expected 1 to ${LARGEST_FDS} regions, of whole pages, within their files, got ${detail}`,
  );
}
