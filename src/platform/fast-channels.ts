import type { BoardFastChannel } from "../board/board-memory.ts";
import type { AgentState } from "./agents.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";

/** What stands in a SET cell while no request does. No level or cap can be this, and the platform puts it back when it takes a
 *  request: so it sees a pair only when both halves are written, and the same request twice. */
const NO_REQUEST = -1;

/** Bytes of a SET FastChannel in the core: two words of the cell, then its doorbell register. */
const REGISTER = 8;
const SET_BYTES = 16;

const WORD = 0xffff_ffffn;

/** A piece of the region starts on a cache line. */
const RESERVED_BYTES = 64;

/** A FastChannel by which all agents read something: words of the state itself. */
export interface GetCell {
  readonly domainId: number;
  /** The command that it replaces. */
  readonly messageId: number;
  /** Of the words, in the core. */
  readonly offset: number;
  readonly byteLength: 4 | 8;
  readonly spec: BoardFastChannel;
}

/** A FastChannel by which one agent sets something. */
export interface SetCell {
  readonly agent: AgentState;
  readonly domainId: number;
  /** The command that it replaces. */
  readonly messageId: number;
  readonly byteLength: 4 | 8;
  readonly spec: BoardFastChannel;
  /** Takes a request. One that is refused has no effect: nothing can be said about it.
   *  @param second of a cell of 8 bytes, else 0 */
  readonly request: (first: number, second: number) => void;
}

interface Cell extends SetCell {
  /** In the core. */
  readonly offset: number;
  readonly address: bigint;
  readonly doorbellAddress: bigint;
  /** Of its doorbell; `undefined` without one. */
  readonly register: Register | undefined;
  /** Takes the next look back; `undefined` while no agent knows of it. */
  cancel: (() => void) | undefined;
}

/** Where agents ring for one channel or for several, each by bits of its own or by the same ones. */
interface Register {
  /** In the core. */
  readonly offset: number;
  readonly cells: Cell[];
}

/** `PERFORMANCE_DESCRIBE_FASTCHANNEL`, `POWERCAP_DESCRIBE_FASTCHANNEL`. */
export interface FastChannelAnswer {
  readonly attributes: { readonly doorbell: boolean; readonly doorbellWidth: number };
  readonly rateLimitUs: number;
  readonly channelAddress: bigint;
  readonly channelByteLength: number;
  readonly doorbellAddress: bigint;
  readonly doorbellSetMask: bigint;
  readonly doorbellPreserveMask: bigint;
}

/** The FastChannels of one protocol of a platform. GET cells are the words of the state itself, and so always current; every agent
 *  has SET cells of its own, which the platform looks at from the moment that the agent knows where they are. */
export class FastChannels {
  readonly #machine: Machine;
  readonly #map: MemoryMap;
  readonly #cells: Cell[] = [];
  readonly #registers: Register[] = [];
  /** By domain and message, with their addresses. */
  readonly #getCells = new Map<string, GetCell & { readonly address: bigint }>();

  constructor(machine: Machine, map: MemoryMap) {
    this.#machine = machine;
    this.#map = map;
  }

  /** Bytes of the core's region that SET cells take. */
  static bytesOf(setCells: number): number {
    return setCells * RESERVED_BYTES;
  }

  /** Shows words of the state to all agents. */
  show(cell: GetCell): void {
    const address = this.#map.show(0, cell.offset, cell.byteLength, cell.spec.address);
    this.#getCells.set(`${cell.domainId}/${cell.messageId}`, { ...cell, address });
  }

  /** Gives an agent a cell to write. */
  open(cell: SetCell): void {
    const { agent, byteLength, spec } = cell;
    const offset = this.#machine.core.reserve(SET_BYTES);
    const opened: Cell = {
      ...cell,
      offset,
      address: this.#map.show(agent.id, offset, byteLength, spec.address),
      ...this.#registerOf(cell, offset + REGISTER),
      cancel: undefined,
    };
    this.#cells.push(opened);
    opened.register?.cells.push(opened);
    this.#clear(opened);
  }

  /** Whether agents ring for any of them. */
  get areRung(): boolean {
    return this.#registers.length > 0;
  }

  /** Whether an agent can replace a message of a domain. */
  has(agent: AgentState, domainId: number, messageId: number): boolean {
    return this.#getCells.has(`${domainId}/${messageId}`) || this.#cell(agent, domainId, messageId) !== undefined;
  }

  /** Describes what a message is replaced with, where {@link has} says so. From then on the platform looks at it. */
  describe(agent: AgentState, domainId: number, messageId: number): FastChannelAnswer {
    const cell = this.#cell(agent, domainId, messageId);
    if (cell) {
      if (!cell.cancel) this.#lookLater(cell);
      return answer(cell.address, cell.byteLength, cell.spec.rateLimitUs, cell);
    }
    const shown = this.#getCells.get(`${domainId}/${messageId}`);
    return answer(shown?.address ?? 0n, shown?.byteLength ?? 4, shown?.spec.rateLimitUs ?? 0);
  }

  /** Looks at all cells that agents know of, or only at those that have a doorbell. */
  look({ rungOnly }: { readonly rungOnly: boolean }): void {
    for (const register of this.#registers) this.#answer(register);
    if (rungOnly) return;
    for (const cell of this.#cells) if (cell.cancel && !cell.register) this.#takeRequest(cell);
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

  /** The register of a cell's doorbell: one that another channel of the agent has at that address already, or the cell's own. */
  #registerOf({ agent, spec: { doorbell } }: SetCell, own: number): Pick<Cell, "register" | "doorbellAddress"> {
    if (!doorbell) return { register: undefined, doorbellAddress: 0n };
    const { address, widthBits } = doorbell;
    const shared = address === undefined ? undefined : this.#map.resolve(agent.id, address, widthBits / 8);
    const known = shared === undefined ? undefined : this.#registers.find(({ offset }) => offset === shared);
    const register = known ?? { offset: shared ?? own, cells: [] };
    if (!known) this.#registers.push(register);
    if (address !== undefined && shared !== undefined) return { register, doorbellAddress: address };
    return { register, doorbellAddress: this.#map.show(agent.id, own, widthBits / 8, address) };
  }

  #cell(agent: AgentState, domainId: number, messageId: number): Cell | undefined {
    return this.#cells.find((it) => it.agent === agent && it.domainId === domainId && it.messageId === messageId);
  }

  #clear({ offset }: Cell): void {
    const { memory, base } = this.#machine.core;
    memory.setU32(base + offset, NO_REQUEST);
    memory.setU32(base + offset + 4, NO_REQUEST);
  }

  #lookLater(cell: Cell): void {
    cell.cancel = this.#machine.clock.after(cell.spec.pollUs * 1e-3, () => {
      this.#lookLater(cell);
      if (cell.register) this.#answer(cell.register);
      else this.#takeRequest(cell);
    });
  }

  /** Looks at the channels that were rung for in a register, and clears their bits for the next time, as the hardware would; those of
   *  others stay. */
  #answer({ offset, cells }: Register): void {
    const { memory, base } = this.#machine.core;
    const bits = memory.data.getBigUint64(base + offset, true);
    let rung = 0n;
    for (const cell of cells) if (isRung(cell, bits)) rung |= cell.spec.doorbell?.set ?? 0n;
    if (rung === 0n) return;
    clearBits(memory.words, base + offset, rung);
    for (const cell of cells) if (isRung(cell, bits)) this.#takeRequest(cell);
  }

  /** Takes what an agent wrote, if it is whole. */
  #takeRequest({ byteLength, offset, request }: Cell): void {
    if (byteLength === 4) {
      const word = this.#take(offset);
      if (word !== undefined) request(word, 0);
      return;
    }
    const { memory, base } = this.#machine.core;
    if (memory.i32(base + offset) === NO_REQUEST || memory.i32(base + offset + 4) === NO_REQUEST) return;
    const first = this.#take(offset) ?? 0;
    request(first, this.#take(offset + 4) ?? 0);
  }

  /** Takes a word out of a cell; `undefined` = none there. Atomic: the agent may be on another thread. */
  #take(offset: number): number | undefined {
    const { memory, base } = this.#machine.core;
    const word = Atomics.exchange(memory.words, (base + offset) >>> 2, NO_REQUEST);
    return word === NO_REQUEST ? undefined : word >>> 0;
  }
}

/** Whether a register's bits ring for a channel that its agent knows of. */
function isRung({ cancel, spec: { doorbell } }: Cell, bits: bigint): boolean {
  return cancel !== undefined && doorbell !== undefined && (bits & doorbell.set) === doorbell.set;
}

/** Clears bits of a register at an address. Atomic: the agent may ring by others of them on another thread. */
function clearBits(words: Int32Array, at: number, bits: bigint): void {
  const aligned = bits << BigInt((at & 3) * 8);
  Atomics.and(words, at >>> 2, ~Number(aligned & WORD));
  const high = Number(aligned >> 32n);
  if (high !== 0) Atomics.and(words, (at >>> 2) + 1, ~high);
}

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
