import { PerformanceDomainStatistics, PerformanceStatistics } from "../protocols/statistics.ts";
import { encode } from "../wire/type.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";

const HEAD_BYTES = 16;
const OFFSET_BYTES = 4;
const BLOCK_HEAD_BYTES = 16;
const LEVEL_BYTES = 24;

/** What a domain can be in, and is in at start. */
export interface Tracked {
  /** What the region says of each level or state. */
  readonly ids: readonly number[];
  /** A position in `ids`. */
  readonly current: number;
}

interface Block {
  readonly offset: number;
  readonly byteLength: number;
  current: number;
  lastChangeUs: number;
  readonly levels: { levelId: number; usageCount: number; residencyUs: number }[];
}

/** The statistics region of a protocol: how often and how long each level or state was in force. Performance and power domains
 *  have the same layout, but for the signature. */
export class Statistics {
  readonly address: bigint;
  readonly byteLength: number;
  readonly #machine: Machine;
  readonly #at: number;
  readonly #blocks: readonly Block[];

  constructor(
    machine: Machine,
    map: MemoryMap,
    signature: number,
    domains: readonly Tracked[],
    address: bigint | undefined,
  ) {
    this.#machine = machine;
    this.byteLength = Statistics.bytesOf(domains.map(({ ids }) => ids.length));
    this.#at = machine.core.reserve(this.byteLength);
    this.address = map.show(0, this.#at, this.byteLength, address);
    let offset = headBytes(domains.length);
    this.#blocks = domains.map(({ ids, current }) => {
      const byteLength = blockBytes(ids.length);
      const block = {
        ...{ offset, byteLength, current, lastChangeUs: toUs(machine.clock.now()) },
        levels: ids.map((levelId, i) => ({ levelId, usageCount: i === current ? 1 : 0, residencyUs: 0 })),
      };
      offset += byteLength;
      return block;
    });
    encode(PerformanceStatistics, machine.core.memory.data, machine.core.base + this.#at, {
      ...{ signature, revision: 0, attributes: 0 },
      domainCount: this.#blocks.length,
      domainOffsets: this.#blocks.map((block) => block.offset),
    });
    for (const block of this.#blocks) this.#write(block);
  }

  /** Bytes of the region.
   *  @param counts levels or states of each domain */
  static bytesOf(counts: readonly number[]): number {
    return counts.reduce((sum, count) => sum + blockBytes(count), headBytes(counts.length));
  }

  /** A level or state is in force.
   *  @param position in the domain's ids */
  enter(domainId: number, position: number, time: number): void {
    const block = this.#blocks[domainId];
    if (!block) return;
    const us = toUs(time);
    const left = block.levels[block.current];
    if (left) left.residencyUs += us - block.lastChangeUs;
    block.current = position;
    block.lastChangeUs = us;
    const entered = block.levels[block.current];
    if (entered) entered.usageCount++;
    this.#write(block);
  }

  #write({ offset, byteLength, current, lastChangeUs, levels }: Block): void {
    const { memory, base } = this.#machine.core;
    const value = { levelCount: levels.length, currentLevel: current, extendedOffset: 0, lastChangeUs, levels };
    encode(PerformanceDomainStatistics, memory.data, base + this.#at + offset, value, byteLength);
  }
}

/** Blocks have 64-bit words, so they start on a multiple of 8. */
function headBytes(domains: number): number {
  return Math.ceil((HEAD_BYTES + domains * OFFSET_BYTES) / 8) * 8;
}

function blockBytes(count: number): number {
  return BLOCK_HEAD_BYTES + count * LEVEL_BYTES;
}

function toUs(time: number): number {
  return Math.floor(time / 1000);
}
