import type { BoardPerformance } from "../board/board.ts";
import {
  PERFORMANCE_STATISTICS_SIGNATURE,
  PerformanceDomainStatistics,
  PerformanceStatistics,
} from "../protocols/statistics.ts";
import { encode } from "../wire/type.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { PerformanceDomains } from "./performance-domains.ts";

const HEAD_BYTES = 16;
const OFFSET_BYTES = 4;
const BLOCK_HEAD_BYTES = 16;
const LEVEL_BYTES = 24;

interface Block {
  readonly offset: number;
  readonly byteLength: number;
  current: number;
  lastChangeUs: number;
  readonly levels: { levelId: number; usageCount: number; residencyUs: number }[];
}

/** The statistics region of the performance protocol: how often and how long each level was in force. */
export class Statistics {
  readonly address: bigint;
  readonly byteLength: number;
  readonly #machine: Machine;
  readonly #domains: PerformanceDomains;
  readonly #at: number;
  readonly #blocks: readonly Block[];

  constructor(machine: Machine, domains: PerformanceDomains, map: MemoryMap, address: bigint | undefined) {
    this.#machine = machine;
    this.#domains = domains;
    this.byteLength = Statistics.bytesOf(domains.domains);
    this.#at = machine.core.reserve(this.byteLength);
    this.address = map.show(0, this.#at, this.byteLength, address);
    let offset = headBytes(domains.domains.length);
    this.#blocks = domains.domains.map(({ levels }, domainId) => {
      const byteLength = BLOCK_HEAD_BYTES + levels.length * LEVEL_BYTES;
      const current = this.#position(domainId, domains.level(domainId));
      const block = {
        ...{ offset, byteLength, current, lastChangeUs: toUs(machine.clock.now()) },
        levels: levels.map((_, levelId) => ({ levelId, usageCount: levelId === current ? 1 : 0, residencyUs: 0 })),
      };
      offset += byteLength;
      return block;
    });
    encode(PerformanceStatistics, machine.core.memory.data, machine.core.base + this.#at, {
      ...{ signature: PERFORMANCE_STATISTICS_SIGNATURE, revision: 0, attributes: 0 },
      domainCount: this.#blocks.length,
      domainOffsets: this.#blocks.map((block) => block.offset),
    });
    for (const block of this.#blocks) this.#write(block);
  }

  /** Bytes of the region for domains. */
  static bytesOf(domains: BoardPerformance["domains"]): number {
    const levels = domains.reduce((sum, domain) => sum + domain.levels.length, 0);
    return headBytes(domains.length) + domains.length * BLOCK_HEAD_BYTES + levels * LEVEL_BYTES;
  }

  /** A level is in force. */
  enter(domainId: number, key: number, time: number): void {
    const block = this.#blocks[domainId];
    if (!block) return;
    const us = toUs(time);
    const left = block.levels[block.current];
    if (left) left.residencyUs += us - block.lastChangeUs;
    block.current = this.#position(domainId, key);
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

  #position(domainId: number, key: number): number {
    const domain = this.#domains.domains[domainId];
    return domain ? domain.levels.findIndex((level) => this.#domains.keyOf(domain, level) === key) : 0;
  }
}

/** Blocks have 64-bit words, so they start on a multiple of 8. */
function headBytes(domains: number): number {
  return Math.ceil((HEAD_BYTES + domains * OFFSET_BYTES) / 8) * 8;
}

function toUs(time: number): number {
  return Math.floor(time / 1000);
}
