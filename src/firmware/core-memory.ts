import type { Core } from "../core/core.ts";
import type { StaticMemory } from "../tee/index.ts";
import type { ByteMemory } from "./shared-memory.ts";

/** Static memory for an SMT channel in a core's region. */
export class CoreArea implements StaticMemory {
  readonly core: Core;
  readonly offset: number;
  readonly #byteLength: number;

  constructor(core: Core, byteLength: number) {
    this.core = core;
    this.offset = core.reserve(byteLength);
    this.#byteLength = byteLength;
  }

  get bytes(): Uint8Array {
    return this.core.memory.bytes.subarray(this.at, this.at + this.#byteLength);
  }

  /** The core's memory. */
  get memory(): ByteMemory {
    return this.core.memory;
  }

  /** Address in {@link memory}. */
  get at(): number {
    return this.core.base + this.offset;
  }
}

/** Takes static memory for an SMT channel from a core's region. Agents of the same core use it in place.
 *  @param byteLength 36 at least; 128 is customary
 *  @throws RangeError when the region has no room */
export function coreMemory(core: Core, byteLength: number): StaticMemory {
  return new CoreArea(core, byteLength);
}
