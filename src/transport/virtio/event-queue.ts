import type { DriverQueue } from "../../virtio/index.ts";
import type { QueuePlaces } from "./places.ts";

/** What the queue of events needs. */
export interface EventQueueParts {
  readonly queue: DriverQueue;
  readonly places: QueuePlaces;
  readonly kick: () => void;
  /** Takes a notification or a delayed response; a copy. */
  readonly receive: (message: Uint8Array) => void;
  /** The ring makes no sense any more. */
  readonly broken: () => void;
}

/** eventq, from the driver's side: each buffer that came back is posted again at once. */
export class EventQueue {
  readonly #parts: EventQueueParts;
  readonly #bufferOf: number[] = [];
  #isHarvesting = false;
  #again = false;

  constructor(parts: EventQueueParts) {
    this.#parts = parts;
    const { queue, places } = parts;
    places.events.forEach((_, buffer) => {
      this.#post(buffer);
    });
    queue.enableInterrupts();
  }

  /** Lets the device see the first buffers. */
  start(): void {
    this.#publish();
  }

  /** Takes what the device gave back. Spurious calls do no harm. */
  harvest(): void {
    this.#again = true;
    if (this.#isHarvesting) return; // the loop further out goes on
    this.#isHarvesting = true;
    const { queue, broken } = this.#parts;
    try {
      while (this.#again) {
        this.#again = false;
        do this.#takeAll();
        while (queue.enableInterrupts());
      }
    } finally {
      this.#isHarvesting = false;
    }
    if (queue.isBroken) broken();
  }

  #takeAll(): void {
    const { queue, places, receive } = this.#parts;
    for (let used = queue.take(); used; used = queue.take()) {
      const buffer = this.#bufferOf[used.head];
      const place = buffer === undefined ? undefined : places.events[buffer];
      if (buffer === undefined || !place) continue;
      const at = place.address - places.region.address;
      const message = places.region.bytes.slice(at, at + used.writtenBytes);
      this.#post(buffer);
      this.#publish();
      receive(message);
    }
  }

  #post(buffer: number): void {
    const place = this.#parts.places.events[buffer];
    if (place) this.#bufferOf[this.#parts.queue.add([], [place])] = buffer;
  }

  #publish(): void {
    if (this.#parts.queue.publish()) this.#parts.kick();
  }
}
