import { ChannelError } from "../errors.ts";

/** What a message is: a bare doorbell, or one 32-bit word. */
export type MailboxMode = "doorbell" | "data";

/** Who listens at one end of a mailbox channel. */
export interface MailboxClient {
  /** The other end rang.
   *  @param word what it sent; 0 in doorbell mode */
  received(word: number): void;
  /** The other end has taken the message that was sent last. */
  sent?(): void;
}

/** The near end of a mailbox channel, for whoever requested it. */
export interface MailboxChannel {
  /** Rings the other end. While it has not taken the message before, messages wait in order.
   *  @throws ChannelError "busy" when too many wait, "closed" after {@link free}
   *  @throws RangeError for a word out of range, or other than 0 in doorbell mode */
  send(word?: number): void;
  /** Gives the channel back; what still waits is dropped. Idempotent. */
  free(): void;
}

/** How a controller is made. */
export interface MailboxControllerOptions {
  /** How many channels it has. */
  readonly channels: number;
  /** Default: doorbell. */
  readonly mode?: MailboxMode;
  /** Messages that may wait for the other end; default 20, as in Linux. */
  readonly queue?: number;
  /** A message counts as taken when it arrives; otherwise the other end calls {@link MailboxPeer.taken}. Default true. */
  readonly takesAtOnce?: boolean;
}

const DEFAULT_QUEUE = 20;
const MOST = 0xffffffff;

/** A simulated mailbox controller: numbered channels, each with a near end that one client at a time may request, and a far end that the
 *  firmware listens at. A channel carries bells, or words; no messages of SCMI, which lie in shared memory. */
export class MailboxController {
  readonly mode: MailboxMode;
  readonly #channels: readonly Wire[];

  /** @throws RangeError without channels */
  constructor(options: MailboxControllerOptions) {
    const { channels, mode = "doorbell", queue = DEFAULT_QUEUE, takesAtOnce = true } = options;
    if (!Number.isInteger(channels) || channels < 1) {
      throw new RangeError(`"channels" expected integer of 1 or more, got ${channels}`);
    }
    this.mode = mode;
    this.#channels = Array.from({ length: channels }, (_, i) => new Wire(i, mode, queue, takesAtOnce));
  }

  /** Takes the near end of a channel.
   *  @throws RangeError for a channel that it does not have
   *  @throws ChannelError "busy" while somebody else has it */
  request(index: number, client: MailboxClient): MailboxChannel {
    return this.#wire(index).request(client);
  }

  /** The far end of a channel: the firmware's.
   *  @throws RangeError for a channel that it does not have */
  peer(index: number): MailboxPeer {
    return this.#wire(index);
  }

  /** Channels that are requested and not free again: a leak check. */
  get requested(): number {
    return this.#channels.filter(({ isRequested }) => isRequested).length;
  }

  #wire(index: number): Wire {
    const wire = this.#channels[index];
    if (wire) return wire;
    throw new RangeError(`"index" expected a mailbox channel 0 to ${this.#channels.length - 1}, got ${index}`);
  }
}

/** The far end of a mailbox channel. */
export interface MailboxPeer {
  /** Called when the near end rang. */
  onMessage: ((word: number) => void) | undefined;
  /** Rings the near end; nothing happens while nobody has requested it. */
  raise(word?: number): void;
  /** The message before was taken, and the next may come. */
  taken(): void;
}

class Wire implements MailboxPeer {
  onMessage: ((word: number) => void) | undefined;
  readonly #index: number;
  readonly #mode: MailboxMode;
  readonly #limit: number;
  readonly #takesAtOnce: boolean;
  readonly #waiting: number[] = [];
  #client: MailboxClient | undefined;
  #isFull = false;
  #isSending = false;

  constructor(index: number, mode: MailboxMode, limit: number, takesAtOnce: boolean) {
    this.#index = index;
    this.#mode = mode;
    this.#limit = limit;
    this.#takesAtOnce = takesAtOnce;
  }

  get isRequested(): boolean {
    return this.#client !== undefined;
  }

  request(client: MailboxClient): MailboxChannel {
    if (this.#client) throw new ChannelError(`mailbox channel ${this.#index}`, "busy", "another client has it");
    this.#client = client;
    return {
      send: (word = 0) => this.#send(client, word),
      free: () => this.#free(client),
    };
  }

  raise(word = 0): void {
    this.#expectWord(word);
    this.#client?.received(word);
  }

  taken(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#client?.sent?.();
    this.#sendNext();
  }

  #send(client: MailboxClient, word: number): void {
    this.#expectWord(word);
    if (this.#client !== client) throw new ChannelError(`mailbox channel ${this.#index}`, "closed");
    if (this.#waiting.length >= this.#limit) {
      throw new ChannelError(`mailbox channel ${this.#index}`, "busy", `${this.#limit} messages wait`);
    }
    if (this.#isFull || this.#isSending || this.#waiting.length > 0) {
      this.#waiting.push(word);
      this.#sendNext();
      return;
    }
    this.#isSending = true;
    try {
      this.#deliver(word);
    } finally {
      this.#isSending = false;
    }
    if (this.#waiting.length > 0) this.#sendNext(); // from inside
  }

  /** The far end may ring back, and the near end send again, from inside: one loop, not a deep recursion. */
  #sendNext(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let word = this.#next(); word !== undefined; word = this.#next()) {
        this.#deliver(word);
      }
    } finally {
      this.#isSending = false;
    }
  }

  #deliver(word: number): void {
    this.#isFull = true;
    try {
      this.onMessage?.(word);
    } finally {
      // Taken it is, whatever became of it: one failure must not end the channel
      if (this.#takesAtOnce) this.taken();
    }
  }

  #next(): number | undefined {
    return this.#isFull ? undefined : this.#waiting.shift();
  }

  #free(client: MailboxClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#waiting.length = 0;
    this.#isFull = false;
  }

  #expectWord(word: number): void {
    const most = this.#mode === "data" ? MOST : 0;
    if (Number.isInteger(word) && word >= 0 && word <= most) return;
    throw new RangeError(`"word" expected integer 0 to ${most} in ${this.#mode} mode, got ${word}`);
  }
}
