import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../errors.ts";
import type { DriverQueue, MemoryRegion } from "../../virtio/index.ts";
import type { CommandPlace, QueuePlaces } from "./places.ts";

/** What the queue of commands needs. */
export interface CommandQueueParts {
  readonly queue: DriverQueue;
  readonly places: QueuePlaces;
  readonly kick: () => void;
  /** Takes an answer; borrowed until it returns. */
  readonly receive: (message: Uint8Array) => void;
  /** The ring makes no sense any more. */
  readonly broken: () => void;
  readonly polling: { readonly clock: Clock; readonly everyMs: number } | undefined;
}

/** Buffers of one command, and what their descriptors say: made once, for they serve one command after the other. */
class Slot {
  /** The command's, which is seldom as long as the buffer. */
  readonly readable: readonly [{ readonly address: number; byteLength: number }];
  readonly writable: readonly [CommandPlace["response"]];
  readonly #region: MemoryRegion;
  readonly #requestAt: number;
  readonly #responseAt: number;

  constructor(region: MemoryRegion, { request, response }: CommandPlace) {
    this.#region = region;
    this.#requestAt = request.address - region.address;
    this.#responseAt = response.address - region.address;
    this.readable = [{ address: request.address, byteLength: 0 }];
    this.writable = [response];
  }

  write(message: Uint8Array): void {
    this.#region.bytes.set(message, this.#requestAt);
    this.readable[0].byteLength = message.byteLength;
  }

  /** Copies the answer out, which the device may change at any time. */
  read(byteLength: number, into: Copies): Uint8Array {
    return into.of(this.#region.bytes, this.#responseAt, byteLength);
  }
}

/** The last answer that was copied out. */
class Copies {
  readonly #bytes: Uint8Array;
  /** By length, of which there are few: a view for each answer would be garbage. */
  readonly #views: (Uint8Array | undefined)[] = [];

  constructor(byteLength: number) {
    this.#bytes = new Uint8Array(byteLength);
  }

  of(from: Uint8Array, at: number, byteLength: number): Uint8Array {
    const bytes = this.#bytes;
    if (byteLength > SHORT_BYTES) bytes.set(from.subarray(at, at + byteLength));
    else for (let i = 0; i < byteLength; i++) bytes[i] = from[at + i] as number; // the queue has clamped the length
    let view = this.#views[byteLength];
    if (!view) {
      view = bytes.subarray(0, byteLength);
      this.#views[byteLength] = view;
    }
    return view;
  }
}

/** Up to so many bytes a loop is faster than a view and a call. */
const SHORT_BYTES = 64;

/** How far answers may lead to commands whose answers are taken inside of each other; beyond that the outermost loop takes them. */
const DEEPEST = 8;

/** cmdq, from the driver's side: commands go out in buffers of their own, which come back with the answers in any order. */
export class CommandQueue {
  readonly #parts: CommandQueueParts;
  readonly #slots: readonly Slot[];
  readonly #free: Slot[];
  readonly #slotOf: (Slot | undefined)[] = [];
  readonly #copies: readonly Copies[];
  /** Made once: in place, it would be garbage of every command. */
  readonly #lookAgain = () => {
    this.#cancelLook = undefined;
    this.#look();
  };
  /** Commands for which the device has to return buffers first. */
  readonly #waiting: Uint8Array[] = [];
  #depth = 0;
  #cancelLook: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: CommandQueueParts) {
    this.#parts = parts;
    this.#slots = parts.places.commands.map((place) => new Slot(parts.places.region, place));
    this.#free = [...this.#slots].reverse();
    const longest = Math.max(0, ...parts.places.commands.slice(0, 1).map(({ response }) => response.byteLength));
    this.#copies = Array.from({ length: DEEPEST }, () => new Copies(longest));
    if (parts.polling) parts.queue.disableInterrupts();
    else parts.queue.enableInterrupts();
  }

  /** Sends a command, or lets it wait while the device has all buffers: those of commands whose callers gave up, too.
   *  @throws ChannelError "busy" when as many wait as there are buffers */
  send(message: Uint8Array): void {
    const slot = this.#free.pop();
    if (slot !== undefined) {
      this.#post(slot, message);
      return;
    }
    if (this.#waiting.length >= this.#slots.length) {
      throw new ChannelError("virtio cmdq", "busy", `the device has all of ${this.#slots.length} buffers`);
    }
    this.#waiting.push(message.slice());
  }

  /** Takes what the device gave back. Spurious calls do no harm. */
  harvest(): void {
    if (this.#depth >= DEEPEST || this.#isClosed) return;
    this.#depth++;
    try {
      do this.#takeAll();
      while (!this.#isClosed && !this.#parts.polling && this.#parts.queue.enableInterrupts());
    } finally {
      this.#depth--;
    }
    if (this.#parts.queue.isBroken) this.#parts.broken();
  }

  /** No further answers. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #takeAll(): void {
    const { queue, receive } = this.#parts;
    const copies = this.#copies[this.#depth - 1] as Copies; // one for each depth
    for (let head = queue.takeHead(); head >= 0 && !this.#isClosed; head = queue.takeHead()) {
      const { takenBytes } = queue;
      const slot = this.#slotOf[head];
      if (!slot) continue;
      // A copy, for its buffer is free from here on
      const message = slot.read(takenBytes, copies);
      const waiting = this.#waiting.length > 0 ? this.#waiting.shift() : undefined;
      if (waiting) this.#post(slot, waiting);
      else this.#free.push(slot);
      receive(message);
    }
  }

  #post(slot: Slot, message: Uint8Array): void {
    const { queue, kick, polling } = this.#parts;
    slot.write(message);
    this.#slotOf[queue.add(slot.readable, slot.writable)] = slot;
    if (queue.publish()) kick();
    if (polling) this.#look();
  }

  #look(): void {
    this.harvest();
    const { queue, polling } = this.#parts;
    if (!polling || this.#cancelLook || this.#isClosed || queue.inFlight === 0) return;
    this.#cancelLook = polling.clock.after(polling.everyMs, this.#lookAgain);
  }
}
