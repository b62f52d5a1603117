import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../errors.ts";
import type { DriverQueue } from "../../virtio/index.ts";
import type { QueuePlaces } from "./places.ts";

/** What the queue of commands needs. */
export interface CommandQueueParts {
  readonly queue: DriverQueue;
  readonly places: QueuePlaces;
  readonly kick: () => void;
  /** Takes an answer; a copy. */
  readonly receive: (message: Uint8Array) => void;
  /** The ring makes no sense any more. */
  readonly broken: () => void;
  readonly polling: { readonly clock: Clock; readonly everyMs: number } | undefined;
}

/** How far answers may lead to commands whose answers are taken inside of each other; beyond that the outermost loop takes them. */
const DEEPEST = 8;

/** cmdq, from the driver's side: commands go out in buffers of their own, which come back with the answers in any order. */
export class CommandQueue {
  readonly #parts: CommandQueueParts;
  /** Indexes into `places.commands`. */
  readonly #free: number[];
  readonly #slotOf: number[] = [];
  /** Commands for which the device has to return buffers first. */
  readonly #waiting: Uint8Array[] = [];
  #depth = 0;
  #cancelLook: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: CommandQueueParts) {
    this.#parts = parts;
    this.#free = parts.places.commands.map((_, slot) => slot).reverse();
    if (parts.polling) parts.queue.disableInterrupts();
    else parts.queue.enableInterrupts();
  }

  /** Sends a command, or lets it wait while the device has all buffers: those of commands whose callers gave up, too.
   *  @throws ChannelError "busy" when as many wait as there are buffers */
  send(message: Uint8Array): void {
    const { places } = this.#parts;
    const slot = this.#free.pop();
    if (slot !== undefined) {
      this.#post(slot, message);
      return;
    }
    if (this.#waiting.length >= places.commands.length) {
      throw new ChannelError("virtio cmdq", "busy", `the device has all of ${places.commands.length} buffers`);
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
    const { queue, places, receive } = this.#parts;
    for (let used = queue.take(); used && !this.#isClosed; used = queue.take()) {
      const slot = this.#slotOf[used.head];
      const place = slot === undefined ? undefined : places.commands[slot];
      if (slot === undefined || !place) continue;
      const at = place.response.address - places.region.address;
      // A copy, for its buffer is free from here on
      const message = places.region.bytes.slice(at, at + used.writtenBytes);
      const waiting = this.#waiting.shift();
      if (waiting) this.#post(slot, waiting);
      else this.#free.push(slot);
      receive(message);
    }
  }

  #post(slot: number, message: Uint8Array): void {
    const { queue, places, kick, polling } = this.#parts;
    const place = places.commands[slot];
    if (!place) return;
    const { address } = place.request;
    places.region.bytes.set(message, address - places.region.address);
    const head = queue.add([{ address, byteLength: message.byteLength }], [place.response]);
    this.#slotOf[head] = slot;
    if (queue.publish()) kick();
    if (polling) this.#look();
  }

  #look(): void {
    this.harvest();
    const { queue, polling } = this.#parts;
    if (!polling || this.#cancelLook || this.#isClosed || queue.inFlight === 0) return;
    this.#cancelLook = polling.clock.after(polling.everyMs, () => {
      this.#cancelLook = undefined;
      this.#look();
    });
  }
}
