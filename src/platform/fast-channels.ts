import type { BoardFastChannel, BoardPerformanceDomain } from "../board/board.ts";
import {
  PerformanceLevelGet,
  PerformanceLevelSet,
  PerformanceLimitsGet,
  PerformanceLimitsSet,
  performanceProtocol,
} from "../protocols/performance.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { PerformanceDomains } from "./performance-domains.ts";

/** What stands in a SET cell while no request does. No level can be this, and the platform puts it back when it takes a
 *  request: so it sees a pair only when both halves are written, and the same request twice. */
const NO_REQUEST = -1;

/** Bytes of a SET FastChannel in the core: two words of the cell, then its doorbell register. */
const REGISTER = 8;
const SET_BYTES = 16;

const LEVEL_BYTES = 4;
const LIMITS_BYTES = 8;
/** Of a domain's state: the level, then the limits. */
const LIMITS_IN_STATE = 4;

/** A FastChannel by which an agent sets something. */
interface Cell {
  readonly agent: AgentState;
  readonly domainId: number;
  readonly isLimits: boolean;
  readonly spec: BoardFastChannel;
  /** In the core. */
  readonly offset: number;
  readonly address: bigint;
  readonly doorbellAddress: bigint;
  /** Takes the next look back; `undefined` while no agent knows of it. */
  cancel: (() => void) | undefined;
}

/** `PERFORMANCE_DESCRIBE_FASTCHANNEL`. */
export interface FastChannelAnswer {
  readonly attributes: { readonly doorbell: boolean; readonly doorbellWidth: number };
  readonly rateLimitUs: number;
  readonly channelAddress: bigint;
  readonly channelByteLength: number;
  readonly doorbellAddress: bigint;
  readonly doorbellSetMask: bigint;
  readonly doorbellPreserveMask: bigint;
}

/** The FastChannels of a platform. GET cells are the words of the state itself, and so always current; every agent has SET
 *  cells of its own, which the platform looks at from the moment that the agent knows where they are. */
export class FastChannels {
  readonly #machine: Machine;
  readonly #domains: PerformanceDomains;
  readonly #map: MemoryMap;
  readonly #cells: Cell[] = [];
  /** Addresses of GET cells, by domain and message. */
  readonly #getAddresses = new Map<string, bigint>();

  constructor(machine: Machine, domains: PerformanceDomains, map: MemoryMap) {
    this.#machine = machine;
    this.#domains = domains;
    this.#map = map;
    domains.domains.forEach((domain, domainId) => {
      const { levelGet, limitsGet } = domain.fastChannels;
      if (levelGet) this.#showState(domainId, PerformanceLevelGet.id, 0, LEVEL_BYTES, levelGet);
      if (limitsGet) this.#showState(domainId, PerformanceLimitsGet.id, LIMITS_IN_STATE, LIMITS_BYTES, limitsGet);
      for (const agent of machine.agents) this.#openCells(agent, domain, domainId);
    });
  }

  /** Bytes of the core's region that the FastChannels of a domain take. */
  static bytesOf({ fastChannels, setLevelAgent, setLimitsAgents }: BoardPerformanceDomain): number {
    const level = fastChannels.levelSet && setLevelAgent !== undefined ? 1 : 0;
    return (level + (fastChannels.limitsSet ? setLimitsAgents.length : 0)) * RESERVED_BYTES;
  }

  /** Whether an agent can replace a message of a domain. */
  has(agent: AgentState, domainId: number, messageId: number): boolean {
    const domain = this.#domains.domains[domainId];
    // State and cells hold level indices there, and this agent agreed to know none
    if (!domain || this.#domains.isTranslated(agent, domain)) return false;
    return this.#getAddresses.has(`${domainId}/${messageId}`) || this.#cell(agent, domainId, messageId) !== undefined;
  }

  /** Describes what a message is replaced with, where {@link has} says so. From then on the platform looks at it. */
  describe(agent: AgentState, domainId: number, messageId: number): FastChannelAnswer {
    const isLimits = messageId === PerformanceLimitsSet.id || messageId === PerformanceLimitsGet.id;
    const channelByteLength = isLimits ? LIMITS_BYTES : LEVEL_BYTES;
    const cell = this.#cell(agent, domainId, messageId);
    if (cell) {
      if (!cell.cancel) this.#lookLater(cell);
      return answer(cell.address, channelByteLength, cell.spec.rateLimitUs, cell);
    }
    const { levelGet, limitsGet } = this.#domains.domains[domainId]?.fastChannels ?? {};
    const address = this.#getAddresses.get(`${domainId}/${messageId}`) ?? 0n;
    return answer(address, channelByteLength, (isLimits ? limitsGet : levelGet)?.rateLimitUs ?? 0);
  }

  /** Looks at all cells that agents know of, or only at those that have a doorbell. */
  look({ rungOnly }: { readonly rungOnly: boolean }): void {
    for (const cell of this.#cells) if (cell.cancel && (!rungOnly || cell.spec.doorbell)) this.#look(cell);
  }

  /** Stops looking at what an agent knew of. */
  forget(agent: AgentState): void {
    for (const cell of this.#cells) {
      if (cell.agent !== agent) continue;
      cell.cancel?.();
      cell.cancel = undefined;
      this.#clear(cell);
    }
  }

  close(): void {
    for (const cell of this.#cells) {
      cell.cancel?.();
      cell.cancel = undefined;
    }
  }

  #cell(agent: AgentState, domainId: number, messageId: number): Cell | undefined {
    if (messageId !== PerformanceLevelSet.id && messageId !== PerformanceLimitsSet.id) return undefined;
    const isLimits = messageId === PerformanceLimitsSet.id;
    return this.#cells.find((it) => it.agent === agent && it.domainId === domainId && it.isLimits === isLimits);
  }

  #showState(domainId: number, messageId: number, at: number, byteLength: number, spec: BoardFastChannel): void {
    const offset = this.#machine.tables.performanceState(performanceProtocol.id, domainId) + at;
    this.#getAddresses.set(`${domainId}/${messageId}`, this.#map.show(0, offset, byteLength, spec.address));
  }

  #openCells(agent: AgentState, domain: BoardPerformanceDomain, domainId: number): void {
    const { levelSet, limitsSet } = domain.fastChannels;
    if (levelSet && domain.setLevelAgent === agent.id) this.#openCell(agent, domainId, false, levelSet);
    if (limitsSet && domain.setLimitsAgents.includes(agent.id)) this.#openCell(agent, domainId, true, limitsSet);
  }

  #openCell(agent: AgentState, domainId: number, isLimits: boolean, spec: BoardFastChannel): void {
    const offset = this.#machine.core.reserve(SET_BYTES);
    const { doorbell } = spec;
    const registerBytes = (doorbell?.widthBits ?? 0) / 8;
    const cell: Cell = {
      ...{ agent, domainId, isLimits, spec, offset },
      address: this.#map.show(agent.id, offset, isLimits ? LIMITS_BYTES : LEVEL_BYTES, spec.address),
      doorbellAddress: doorbell ? this.#map.show(agent.id, offset + REGISTER, registerBytes, doorbell.address) : 0n,
      cancel: undefined,
    };
    this.#cells.push(cell);
    this.#clear(cell);
  }

  #clear({ offset }: Cell): void {
    const { memory, base } = this.#machine.core;
    memory.setU32(base + offset, NO_REQUEST);
    memory.setU32(base + offset + 4, NO_REQUEST);
  }

  #lookLater(cell: Cell): void {
    cell.cancel = this.#machine.clock.after(cell.spec.pollUs * 1e-3, () => {
      this.#lookLater(cell);
      this.#look(cell);
    });
  }

  #look(cell: Cell): void {
    const { agent, domainId, isLimits, spec, offset } = cell;
    if (spec.doorbell && !this.#takeDoorbell(cell)) return;
    if (!isLimits) {
      const level = this.#take(offset);
      // Nothing can be said about a request that is refused; the one before stays in force
      if (level !== undefined) this.#domains.requestLevel(agent, domainId, level);
      return;
    }
    const { memory, base } = this.#machine.core;
    if (memory.i32(base + offset) === NO_REQUEST || memory.i32(base + offset + 4) === NO_REQUEST) return;
    const max = this.#take(offset) ?? 0;
    const min = this.#take(offset + 4) ?? 0;
    this.#domains.requestLimits(agent, domainId, max, min);
  }

  /** Takes a word out of a cell; `undefined` = none there. Atomic: the agent may be on another thread. */
  #take(offset: number): number | undefined {
    const { memory, base } = this.#machine.core;
    const word = Atomics.exchange(memory.words, (base + offset) >>> 2, NO_REQUEST);
    return word === NO_REQUEST ? undefined : word >>> 0;
  }

  /** Whether it was rung, and its bits cleared for the next time, as the hardware would. */
  #takeDoorbell({ spec: { doorbell }, offset }: Cell): boolean {
    if (!doorbell) return false;
    const { memory, base } = this.#machine.core;
    const at = base + offset + REGISTER;
    const register = memory.data.getBigUint64(at, true);
    if ((register & doorbell.set) !== doorbell.set) return false;
    memory.data.setBigUint64(at, register & ~doorbell.set, true);
    return true;
  }
}

/** A piece of the region starts on a cache line. */
const RESERVED_BYTES = 64;

function answer(
  channelAddress: bigint,
  channelByteLength: number,
  rateLimitUs: number,
  cell?: Cell,
): FastChannelAnswer {
  const doorbell = cell?.spec.doorbell;
  return {
    attributes: { doorbell: doorbell !== undefined, doorbellWidth: doorbell ? Math.log2(doorbell.widthBits) - 3 : 0 },
    ...{ rateLimitUs, channelAddress, channelByteLength },
    doorbellAddress: cell?.doorbellAddress ?? 0n,
    doorbellSetMask: doorbell?.set ?? 0n,
    doorbellPreserveMask: doorbell?.preserve ?? 0n,
  };
}
