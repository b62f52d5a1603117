import { type ChainFault, DeviceChain, walkChain } from "./chain.ts";
import { AVAILABLE_F_NO_INTERRUPT, isEventPassed, type QueueAddresses, USED_F_NO_NOTIFY } from "./layout.ts";
import type { QueueMemory } from "./memory.ts";
import { Rings } from "./rings.ts";

/** What both sides agreed on. */
export interface QueueFeatures {
  /** `VIRTIO_F_INDIRECT_DESC` */
  readonly hasIndirect: boolean;
  /** `VIRTIO_F_EVENT_IDX` */
  readonly hasEventIndex: boolean;
}

/** What a device half has counted. */
export interface DeviceQueueCounters {
  /** Chains taken from the driver. */
  readonly taken: number;
  /** Chains given back, the refused ones that can be named included. */
  readonly used: number;
  /** Chains that were none. */
  readonly refused: number;
  /** {@link refused}, by reason. */
  readonly faults: Readonly<Partial<Record<ChainFault, number>>>;
}

/** The device's half of a split virtqueue. Nothing that the driver wrote is believed: a chain that is none goes back empty and is counted,
 *  and a ring that makes no sense ends the queue. */
export class DeviceQueue {
  readonly size: number;
  readonly #memory: QueueMemory;
  readonly #rings: Rings;
  readonly #table;
  readonly #features: QueueFeatures;
  /** Heads that the device has. */
  readonly #held: Uint8Array;
  /** By head, as far as they were used. */
  readonly #chains: (DeviceChain | undefined)[] = [];
  readonly #faults: Partial<Record<ChainFault, number>> = {};
  #next: number;
  /** Available index as it was seen last. */
  #seen: number;
  #used: number;
  /** Where the used index was when the driver was last thought of. */
  #notified: number;
  /** What an earlier device half told the driver is not known, so the first time it is told in any case. */
  #isFirst = true;
  #isBroken = false;
  #takenCount = 0;
  #usedCount = 0;
  #refusedCount = 0;

  /** @param start available index to go on at, after a queue was stopped
   *  @throws RangeError for addresses that no queue has */
  constructor(memory: QueueMemory, addresses: QueueAddresses, features: QueueFeatures, start = 0) {
    this.#memory = memory;
    this.#rings = new Rings(memory, addresses);
    this.#features = features;
    this.size = addresses.size;
    this.#table = { ...this.#rings.descriptors, entries: addresses.size };
    this.#held = new Uint8Array(addresses.size);
    this.#next = start & 0xffff;
    this.#seen = this.#next;
    this.#used = this.#rings.usedIndex;
    this.#notified = this.#used;
  }

  /** Index of the available entry that comes next: where another device half would go on. */
  get next(): number {
    return this.#next;
  }

  /** Whether {@link take} would find something. */
  get hasNext(): boolean {
    return !this.#isBroken && (this.hasSeenNext || this.#rings.availableIndex !== this.#next);
  }

  /** Whether {@link take} would find something without looking into the ring again: what the driver made available together. */
  get hasSeenNext(): boolean {
    return this.#seen !== this.#next;
  }

  /** The driver claims to have made more available than there is: nothing is taken any more, only a reset helps. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What was counted so far. */
  get counters(): DeviceQueueCounters {
    return {
      taken: this.#takenCount,
      used: this.#usedCount,
      refused: this.#refusedCount,
      faults: { ...this.#faults },
    };
  }

  /** Takes the next chain; `undefined` when there is none, or none was found among what the ring held at first: a driver may go on adding what is
   *  no chain. {@link enableKicks} tells the two apart. */
  take(): DeviceChain | undefined {
    const { size } = this;
    let hasLooked = false;
    while (!this.#isBroken) {
      if (this.#next === this.#seen) {
        if (hasLooked || !this.#look()) return undefined;
        hasLooked = true;
      }
      const head = this.#rings.availableEntry(this.#next);
      this.#next = (this.#next + 1) & 0xffff;
      if (head >= size) {
        this.#refuse("head"); // nothing to give back: no entry could name it
        continue;
      }
      if (this.#held[head]) {
        this.#refuse("twice");
        continue;
      }
      const chain = this.#chainOf(head);
      const fault = walkChain(this.#memory, this.#table, chain, this.#features.hasIndirect);
      if (chain.isLong) this.#chains[head] = undefined;
      if (fault !== undefined) {
        this.#refuse(fault);
        this.#use(head, 0);
        continue;
      }
      this.#held[head] = 1;
      this.#takenCount++;
      return chain;
    }
    return undefined;
  }

  /** Gives a chain back.
   *  @param writtenBytes from its beginning */
  give({ head }: DeviceChain, writtenBytes: number): void {
    if (!this.#held[head]) return;
    this.#held[head] = 0;
    this.#use(head, writtenBytes);
  }

  /** Takes the newest {@link take} back: the same chain comes next. */
  putBack({ head }: DeviceChain): void {
    if (!this.#held[head]) return;
    this.#held[head] = 0;
    this.#takenCount--;
    this.#next = (this.#next - 1) & 0xffff;
  }

  /** Whether the driver wants to hear of what was given back since this was last asked. */
  shouldNotify(): boolean {
    const used = this.#used;
    const notified = this.#notified;
    if (used === notified) return false;
    this.#notified = used;
    if (!this.#features.hasEventIndex) return (this.#rings.availableFlags & AVAILABLE_F_NO_INTERRUPT) === 0;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst || isEventPassed(this.#rings.usedEvent, used, notified);
  }

  /** Asks for a kick when more is made available. True when there is more already, for which no kick will come. */
  enableKicks(): boolean {
    if (this.#features.hasEventIndex) this.#rings.availableEvent = this.#next;
    else this.#rings.usedFlags = 0;
    return this.hasNext;
  }

  /** Asks for no kicks: the device looks by itself. */
  disableKicks(): void {
    // With event index there is only an event that is far ahead
    if (this.#features.hasEventIndex) this.#rings.availableEvent = (this.#next - 1) & 0xffff;
    else this.#rings.usedFlags = USED_F_NO_NOTIFY;
  }

  #chainOf(head: number): DeviceChain {
    let chain = this.#chains[head];
    if (!chain) {
      chain = new DeviceChain(head);
      this.#chains[head] = chain;
    }
    return chain;
  }

  /** Looks for chains that came; false when there are none. */
  #look(): boolean {
    const seen = this.#rings.availableIndex;
    const waiting = (seen - this.#next) & 0xffff;
    this.#isBroken = waiting > this.size;
    if (waiting === 0 || this.#isBroken) return false;
    this.#seen = seen;
    return true;
  }

  #use(head: number, writtenBytes: number): void {
    this.#rings.setUsedEntry(this.#used, head, writtenBytes);
    this.#used = (this.#used + 1) & 0xffff;
    this.#rings.usedIndex = this.#used;
    this.#usedCount++;
  }

  #refuse(fault: ChainFault): void {
    this.#refusedCount++;
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }
}
