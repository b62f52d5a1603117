import type { Channel } from "../transport/transport.ts";
import type { Hub, Row } from "./hub.ts";
import type { Watchman } from "./watchman.ts";

/** Takes a notification to whoever it is for. */
export type OnNotification = (header: number, payload: number, byteLength: number) => void;

/** One P2A channel: delayed responses go to their xfers, notifications to `onNotification`. */
export class Inflow implements Row {
  readonly #hub: Hub;
  readonly #channel: Channel;
  readonly #watchman: Watchman;
  readonly #onNotification: OnNotification;
  readonly #isCarried: boolean;
  #isDraining = false;
  #again = false;
  #isClosed = false;

  constructor(hub: Hub, channel: Channel, watchman: Watchman, onNotification: OnNotification) {
    this.#hub = hub;
    this.#channel = channel;
    this.#watchman = watchman;
    this.#onNotification = onNotification;
    this.#isCarried = hub.core.areaAt(channel.row) === 0;
  }

  /** Drains the area until the platform has no more to say. It may send the next message from inside of `freed`. */
  complete(): void {
    if (this.#isCarried || this.#isClosed) return;
    this.#again = true;
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      while (this.#again && !this.#isClosed) {
        this.#again = false;
        this.#drain();
      }
    } finally {
      this.#isDraining = false;
    }
  }

  /** A message that the transport carried. */
  receive(message: Uint8Array): void {
    if (this.#isClosed) return;
    const header =
      message.byteLength < 4 ? undefined : new DataView(message.buffer, message.byteOffset, 4).getUint32(0, true);
    if (!this.#hub.deliver(this.#channel.row, message)) this.#watchman.look(header);
  }

  notify(header: number, payload: number, byteLength: number): void {
    if (!this.#isClosed) this.#onNotification(header, payload, byteLength);
  }

  expire(): number {
    return Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.#isClosed = true;
  }

  #drain(): void {
    const { core, clock, inbox } = this.#hub;
    const { row } = this.#channel;
    const header = inbox.headerInArea(row);
    const { message, acknowledge } = core.drain(row, clock.now());
    if (!message) return;
    const isOfUse = this.#hub.dispatch() || this.#hub.progressDelayed();
    if (!isOfUse) this.#watchman.look(header);
    this.#channel.freed?.(acknowledge);
  }
}
