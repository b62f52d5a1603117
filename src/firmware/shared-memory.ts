import type { Core } from "../core/core.ts";
import { ChannelError } from "../errors.ts";

/** Bytes that can be looked at; views are borrowed, for memory may grow. A core's memory is one. */
export interface ByteMemory {
  readonly data: DataView;
  readonly bytes: Uint8Array;
}

/** An SMT area in some memory. */
export interface SmtArea {
  readonly memory: ByteMemory;
  /** Address of its first byte in that memory; a multiple of 4. */
  readonly at: number;
  readonly byteLength: number;
}

/** Shared memory, as an agent has it. */
export interface SharedMemoryMapping {
  /** From the base of the core. */
  readonly offset: number;
  /** The bytes now; borrowed until the memory may have grown. */
  bytes(): Uint8Array;
  /** Gives it back. Idempotent. */
  unmap(): void;
}

/** Memory that agent and platform share, in the memory of a core: what an `arm,scmi-shmem` node describes. */
export class SharedMemory implements SmtArea {
  readonly core: Core;
  /** Physical, as the board has it. */
  readonly address: bigint;
  readonly byteLength: number;
  /** From the base of the core. */
  readonly offset: number;
  #mappings = 0;

  /** Takes bytes from the region of a core.
   *  @param address physical; default: the address in the core
   *  @throws RangeError when the region has no room left */
  constructor(core: Core, byteLength: number, address?: bigint) {
    this.core = core;
    this.byteLength = byteLength;
    this.offset = core.reserve(byteLength);
    this.address = address ?? BigInt(core.base + this.offset);
  }

  /** That of the core. */
  get memory(): ByteMemory {
    return this.core.memory;
  }

  /** Address in the core's memory. */
  get at(): number {
    return this.core.base + this.offset;
  }

  /** Maps it for an agent in the same core.
   *  @throws ChannelError "busy" while it is mapped: one channel has it */
  map(core: object): SharedMemoryMapping {
    if (core !== this.core) throw new TypeError('"core" expected the one that the memory is in');
    if (this.#mappings > 0) throw new ChannelError(`shared memory at 0x${this.address.toString(16)}`, "busy");
    this.#mappings++;
    let isMapped = true;
    return {
      offset: this.offset,
      bytes: () => this.core.memory.bytes.subarray(this.at, this.at + this.byteLength),
      unmap: () => {
        if (isMapped) this.#mappings--;
        isMapped = false;
      },
    };
  }

  /** How often it is mapped: a leak check. */
  get mappings(): number {
    return this.#mappings;
  }
}
