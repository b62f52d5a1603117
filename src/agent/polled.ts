import type { Core } from "../core/core.ts";
import { trapError } from "../core/engine.ts";
import { XFER } from "../core/faults.ts";
import { ANSWER_BYTES_WORD, ANSWER_FAULT_WORD } from "../core/inbox.ts";
import type { Channel } from "../transport/transport.ts";
import type { BoundCommand } from "./bound.ts";
import { NONE } from "./call.ts";
import type { Hub } from "./hub.ts";
import type { XferPool } from "./pool.ts";
import type { Watchman } from "./watchman.ts";

const STATUS_BYTES = 4;

/** The way that is open to every command: what {@link Polled} falls back on. */
export interface PolledLine {
  readonly channel: Channel;
  callPolled<Request, Response>(bound: BoundCommand<Request, Response>, values: Request, into: Response): Response;
  /** Ends an exchange that was begun with the pool's next xfer: it is not DONE, or no success.
   *  @returns the first word behind the status, signed; 0 when there is none */
  endWords<Request, Response>(bound: BoundCommand<Request, Response>, byteLength: number, state: number): number;
}

/** A hot command that is called without waiting for the event loop.
 *
 *  The straight way is flat, and keeps what it needs, because of what each step on the way to the core costs there: with the codec of
 *  the command, and an xfer taken and given back, a call takes three times as long as the exchange itself. */
export class Polled<Request, Response> {
  readonly #line: PolledLine;
  readonly #core: Core;
  readonly #pool: XferPool;
  readonly #watchman: Watchman;
  readonly #bound: BoundCommand<Request, Response>;
  readonly #row: number;
  readonly #word: number;
  readonly #requestBytes: number;
  readonly #answerBytes: number;
  readonly #observeWord: number;
  readonly #isStraight: boolean;
  /** Nobody looks at it on that way. */
  readonly #now: number;
  readonly #exchange: Core["exchangeExport"];
  #words: Int32Array;

  constructor(line: PolledLine, hub: Hub, pool: XferPool, watchman: Watchman, bound: BoundCommand<Request, Response>) {
    const { core, inbox, clock } = hub;
    const { row, traits } = line.channel;
    const { request, response, word } = bound;
    this.#line = line;
    this.#core = core;
    this.#pool = pool;
    this.#watchman = watchman;
    this.#bound = bound;
    this.#row = row;
    this.#word = word;
    this.#requestBytes = request.minBytes;
    this.#answerBytes = response.minBytes;
    this.#observeWord = inbox.observeWord;
    this.#now = clock.now();
    this.#exchange = core.exchangeExport;
    this.#words = core.memory.words;
    this.#isStraight = !!traits.isServedInCore && !core.memory.isShared && request.minBytes <= traits.maxPayload;
  }

  /** As `PolledCommand.call`. */
  call(request: Request, into: Response): Response {
    return this.#line.callPolled(this.#bound, request, into);
  }

  /** As `PolledCommand.tryWords`. */
  tryWords(first: number, second: number, third: number, fourth: number): number | undefined {
    const words = this.#words;
    const xfer = this.#pool.next;
    // A disposed core is observed, and of memory that grew away every word is undefined
    const isObserved = words[this.#observeWord] !== 0;
    if (!this.#isStraight || this.#watchman.isAlert || xfer === NONE || isObserved) return this.#renew();
    const at = this.#pool.payloadAt(xfer) >>> 2;
    words[at] = first;
    if (this.#requestBytes > 4) words[at + 1] = second;
    if (this.#requestBytes > 8) words[at + 2] = third;
    if (this.#requestBytes > 12) words[at + 3] = fourth;
    let state: number;
    try {
      // No code of anybody else runs until the answer is read, so that the xfer need not be taken
      state = this.#exchange(this.#core.base, this.#row, xfer, this.#word, this.#requestBytes, this.#now);
    } catch (cause) {
      throw trapError(cause, "exchange");
    }
    const isSuccess =
      words[at + ANSWER_FAULT_WORD] === 0 && words[at + ANSWER_BYTES_WORD] === this.#answerBytes && words[at] === 0;
    if (state === XFER.DONE && isSuccess) return this.#answerBytes > STATUS_BYTES ? words[at + 1] : 0;
    return state < 0 ? undefined : this.#line.endWords(this.#bound, this.#requestBytes, state);
  }

  #renew(): undefined {
    this.#words = this.#core.memory.words;
  }
}
