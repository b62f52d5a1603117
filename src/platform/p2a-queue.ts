/** A message that waits for the platform-to-agent area. */
export interface P2aMessage {
  readonly header: number;
  readonly payload: Uint8Array;
  readonly isDelayed: boolean;
}

/** Messages that wait while their area is with the agent, in order. Notifications are dropped when too many wait; delayed
 *  responses never are, for somebody waits for each: there are no more of them than commands under way. */
export class P2aQueue {
  readonly #limit: number;
  readonly #messages: P2aMessage[] = [];
  #notifications = 0;

  /** @param limit notifications that may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when the message was dropped. */
  push(message: P2aMessage): boolean {
    if (!message.isDelayed) {
      if (this.#notifications >= this.#limit) return false;
      this.#notifications++;
    }
    this.#messages.push(message);
    return true;
  }

  /** Takes the oldest out. */
  shift(): P2aMessage | undefined {
    const message = this.#messages.shift();
    if (message && !message.isDelayed) this.#notifications--;
    return message;
  }

  get length(): number {
    return this.#messages.length;
  }

  clear(): void {
    this.#messages.length = 0;
    this.#notifications = 0;
  }
}
