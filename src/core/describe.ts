import type { Core } from "./core.ts";
import type { PlatformDescription } from "./description.ts";
import { encodeDescription } from "./description-encoder.ts";

/** Writes what a platform offers into the region of a core. No method of `Core`, so that agents need not carry it along.
 *  @returns its offset, for {@link Core.openState} and {@link Core.openInstance}
 *  @throws RangeError for values out of range, and when the region has no room */
export function describePlatform(core: Core, platform: PlatformDescription): number {
  const bytes = encodeDescription(platform);
  const offset = core.reserve(bytes.byteLength);
  core.memory.bytes.set(bytes, core.base + offset);
  return offset;
}
