import type { Core } from "../core/core.ts";
import type { StaticMemory } from "../tee/index.ts";

/** Takes static memory for an SMT channel from a core's region. Agents of the same core use it in place.
 *  @param byteLength 36 at least; 128 is customary
 *  @throws RangeError when the region has no room */
export function coreMemory(core: Core, byteLength: number): StaticMemory {
  const offset = core.reserve(byteLength);
  return {
    core,
    offset,
    get bytes() {
      const at = core.base + offset;
      return core.memory.bytes.subarray(at, at + byteLength);
    },
  };
}
