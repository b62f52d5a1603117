import type { TestCore } from "./core.ts";

const CANARY_BYTES = 64;

interface Guarded {
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * Strips of a pattern around areas in the region: a write that misses its area hits one. Offsets are relative to the
 * core, so the strips are found again in a fork.
 */
export class Canaries {
  readonly #strips: Guarded[] = [];

  /** Reserves `byteLength` bytes between two strips and returns their offset. */
  around(core: TestCore, byteLength: number): number {
    const before = core.reserve(CANARY_BYTES);
    const offset = core.reserve(byteLength);
    const after = core.reserve(CANARY_BYTES);
    this.#strip(core, before, offset - before);
    // Up to the next reservation: the padding behind an odd-sized area is guarded, too.
    this.#strip(core, offset + byteLength, after + CANARY_BYTES - offset - byteLength);
    return offset;
  }

  #strip(core: TestCore, offset: number, byteLength: number): void {
    this.#strips.push({ offset, byteLength });
    for (let at = offset; at < offset + byteLength; at++) core.bytes[core.base + at] = pattern(at);
  }

  /** The offsets that were written, at most a handful; empty when all is well. */
  broken(core: TestCore): number[] {
    const found: number[] = [];
    const bytes = core.bytes;
    for (const { offset, byteLength } of this.#strips) {
      for (let at = offset; at < offset + byteLength; at++) {
        if (bytes[core.base + at] === pattern(at)) continue;
        found.push(at);
        if (found.length === 8) return found;
      }
    }
    return found;
  }
}

/** Differs from byte to byte, so that a copy of a strip to another place is seen as well. */
function pattern(offset: number): number {
  return (offset * 167 + 0x3c) & 0xff;
}
