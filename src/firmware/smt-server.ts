import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../errors.ts";
import { type MessageEnd, type PromptEnd, promptly } from "./message-platform.ts";
import type { SmtArea } from "./shared-memory.ts";
import { SmtEnd } from "./smt-end.ts";

/** One agent's place at a platform for whole messages: what `Platform.connectMessages` gives. */
export type MessageServer = MessageEnd;

/** Connects to a platform: `(sink) => platform.connectMessages(agentId, sink)`. */
export type ConnectServer = (sink: {
  send(message: Uint8Array): void;
  /** False where no notification and no delayed response can be brought to the agent. */
  readonly hasP2a: boolean;
}) => MessageServer;

/** How a server behaves. */
export interface SmtServerOptions {
  /** Needed for latency, and to look again at P2A areas whose agent does not say that they are free. */
  readonly clock?: Clock;
  /** From the doorbell until the command is looked at, in milliseconds; default 0 = at once, inside of the doorbell. */
  readonly latencyMs?: number;
  /** Notifications that may wait for the P2A area; default 32. Further ones are dropped. Delayed responses never are. */
  readonly queue?: number;
}

/** How a P2A area is used. */
export interface P2aOptions {
  /** The agent rings back when it has taken a message out. */
  readonly hasAcknowledge: boolean;
  /** For one protocol only; default: for all that have none of their own. */
  readonly protocolId?: number;
}

/** What a server has counted. */
export interface SmtServerCounters {
  /** Doorbells with nothing behind them, or while a command is still under way. */
  readonly spurious: number;
  /** Commands of impossible length, which went back with ERROR. */
  readonly refused: number;
  /** Messages to the agent that were lost: too many, too long, or without a P2A area. */
  readonly dropped: number;
}

interface A2p {
  readonly end: SmtEnd;
  readonly complete: () => void;
  /** The command under way. */
  header: number | undefined;
  wantsInterrupt: boolean;
}

interface P2a {
  readonly end: SmtEnd;
  readonly ring: () => void;
  readonly hasAcknowledge: boolean;
  readonly waiting: Uint8Array[];
  isSending: boolean;
}

const HEADER_BYTES = 4;
const DEFAULT_QUEUE = 32;
const LOOK_AGAIN_MS = 1;
const TYPE_MASK = 0x300;
const TYPE_NOTIFICATION = 0x300;

/** The platform's end of channels by shared memory: takes commands out of SMT areas when a doorbell rings, and brings answers, delayed
 *  responses and notifications in. All areas are one agent's. Which doorbells there are is the business of mailbox, SMC and their kind.
 *  The areas are initialised here, as the callee of a channel has to. */
export class SmtServer {
  readonly #connect: ConnectServer;
  readonly #options: SmtServerOptions;
  readonly #a2ps: A2p[] = [];
  readonly #p2as = new Map<number | undefined, P2a>();
  readonly #appointments = new Set<() => void>();
  /** Areas for its messages may come later. */
  readonly #sink = { send: (message: Uint8Array) => this.#send(message), hasP2a: true };
  #server: MessageServer | undefined;
  /** The same, when it answers where commands lie, and nothing is to take its time. */
  #prompt: PromptEnd | undefined;
  #isClosed = false;
  /** There is an appointment for it. */
  #looksAgain = false;
  #spurious = 0;
  #refused = 0;
  #dropped = 0;

  constructor(connect: ConnectServer, options: SmtServerOptions = {}) {
    if ((options.latencyMs ?? 0) > 0 && !options.clock) throw new TypeError('"clock" expected one, for "latencyMs"');
    this.#connect = connect;
    this.#options = options;
    this.#open();
  }

  /** Serves commands in an area.
   *  @param complete raises the completion interrupt; called when the command asked for one
   *  @returns the doorbell
   *  @throws RangeError for an area under 36 bytes */
  addA2p(area: SmtArea, complete: () => void): () => void {
    const a2p: A2p = { end: new SmtEnd(area), complete, header: undefined, wantsInterrupt: false };
    a2p.end.initialise();
    this.#a2ps.push(a2p);
    return () => this.#serve(a2p);
  }

  /** Sends messages through an area.
   *  @param ring rings the agent
   *  @returns what the agent's acknowledge calls
   *  @throws RangeError for an area under 36 bytes
   *  @throws ChannelError "busy" when the protocol has an area already */
  addP2a(area: SmtArea, ring: () => void, { hasAcknowledge, protocolId }: P2aOptions): () => void {
    if (this.#p2as.has(protocolId)) throw new ChannelError("P2A area", "busy", `protocol ${protocolId ?? "default"}`);
    const p2a: P2a = { end: new SmtEnd(area), ring, hasAcknowledge, waiting: [], isSending: false };
    p2a.end.initialise();
    this.#p2as.set(protocolId, p2a);
    return () => this.#sendNext(p2a);
  }

  /** A doorbell that does not say which area it is for: looks at all of them. */
  ringAll(): void {
    let isSpurious = true;
    for (const a2p of this.#a2ps) {
      if (a2p.end.isFree || a2p.header !== undefined) continue;
      isSpurious = false;
      this.#serve(a2p);
    }
    if (isSpurious) this.#spurious++;
  }

  /** What was counted so far. */
  get counters(): SmtServerCounters {
    return { spurious: this.#spurious, refused: this.#refused, dropped: this.#dropped };
  }

  /** Appointments of the server: a leak check. */
  get pending(): number {
    return this.#appointments.size;
  }

  /** The platform dies, whatever it was about to do; doorbells go unheard, areas stay as they are. */
  die(): void {
    this.#server?.close();
    this.#server = undefined;
    this.#prompt = undefined;
    for (const cancel of this.#appointments) cancel();
    this.#appointments.clear();
    this.#looksAgain = false;
    for (const a2p of this.#a2ps) a2p.header = undefined;
    for (const { waiting } of this.#p2as.values()) waiting.length = 0;
  }

  /** The platform starts, after {@link die} or anew: areas are free, agents have no settings. */
  reset(): void {
    if (this.#isClosed) throw new ChannelError("SMT server", "closed");
    this.die();
    for (const { end } of this.#a2ps) end.initialise();
    for (const { end } of this.#p2as.values()) end.initialise();
    this.#open();
  }

  /** Takes the server down. */
  close(): void {
    this.die();
    this.#isClosed = true;
  }

  #open(): void {
    this.#server = this.#connect(this.#sink);
    this.#prompt = (this.#options.latencyMs ?? 0) === 0 ? promptly(this.#server) : undefined;
  }

  #serve(a2p: A2p): void {
    if (!this.#server) return;
    // An agent without acknowledge has perhaps made room
    if (this.#p2as.size > 0) for (const p2a of this.#p2as.values()) this.#sendNext(p2a);
    if (a2p.header !== undefined) {
      this.#spurious++;
      return;
    }
    const prompt = this.#prompt;
    if (prompt) {
      this.#answerAtOnce(a2p, prompt);
      return;
    }
    const look = a2p.end.take();
    if (look === "nothing") {
      this.#spurious++;
    } else if (look === "refused") {
      this.#refused++;
      if (a2p.end.wantsInterrupt) a2p.complete();
    } else {
      a2p.header = headerOf(look.message);
      a2p.wantsInterrupt = look.wantsInterrupt;
      this.#later(this.#options.latencyMs ?? 0, () => this.#server?.receive(look.message));
    }
  }

  /** Has the command answered where it lies: the answer takes its place. */
  #answerAtOnce(a2p: A2p, prompt: PromptEnd): void {
    const { end, complete } = a2p;
    const byteLength = end.look();
    if (byteLength <= 0) {
      if (byteLength === 0) this.#spurious++;
      else this.#refused++;
      if (byteLength < 0 && end.wantsInterrupt) complete();
      return;
    }
    const { memory } = end.area;
    const { messageAt } = end;
    // Doorbells from inside find the command under way
    a2p.header = end.header;
    a2p.wantsInterrupt = end.wantsInterrupt;
    let answerBytes: number;
    try {
      answerBytes = prompt.answer(memory, messageAt, byteLength, memory, messageAt, HEADER_BYTES + end.capacity);
    } catch (error) {
      if (this.#prompt === prompt) a2p.header = undefined;
      throw error;
    }
    const isAlive = this.#prompt === prompt; // else it died of the command, and the area with it
    if (isAlive && answerBytes > 0) {
      a2p.header = undefined;
      end.giveBack(answerBytes);
      if (a2p.wantsInterrupt) complete();
    }
    prompt.settle();
  }

  #send(message: Uint8Array): void {
    const header = headerOf(message);
    if ((header & TYPE_MASK) !== 0) {
      this.#sendP2a(header, message.slice());
      return;
    }
    // A broken platform answers with a header that nobody sent: that goes where an answer is due
    const a2p = this.#a2ps.find((it) => it.header === header) ?? this.#a2ps.find((it) => it.header !== undefined);
    if (!a2p) return;
    a2p.header = undefined;
    a2p.end.answer(message);
    if (a2p.wantsInterrupt) a2p.complete();
  }

  #sendP2a(header: number, message: Uint8Array): void {
    const p2a = this.#p2as.get((header >>> 10) & 0xff) ?? this.#p2as.get(undefined);
    const isNotification = (header & TYPE_MASK) === TYPE_NOTIFICATION;
    if (!p2a || (isNotification && notificationsIn(p2a) >= (this.#options.queue ?? DEFAULT_QUEUE))) {
      this.#dropped++;
      return;
    }
    p2a.waiting.push(message);
    this.#sendNext(p2a);
  }

  #sendNext(p2a: P2a): void {
    if (p2a.isSending) return; // the agent took a message from inside of `ring`: the loop further out goes on
    p2a.isSending = true;
    try {
      while (this.#server && p2a.end.isFree) {
        const message = p2a.waiting.shift();
        if (!message) return;
        if (p2a.end.post(message, p2a.hasAcknowledge)) p2a.ring();
        else this.#dropped++;
      }
    } finally {
      p2a.isSending = false;
    }
    if (p2a.waiting.length > 0 && !p2a.hasAcknowledge) this.#lookAgain();
  }

  /** In a while, at all areas. */
  #lookAgain(): void {
    if (!this.#options.clock || this.#looksAgain) return;
    this.#looksAgain = true;
    this.#later(LOOK_AGAIN_MS, () => {
      this.#looksAgain = false;
      for (const p2a of this.#p2as.values()) this.#sendNext(p2a);
    });
  }

  #later(delayMs: number, run: () => void): void {
    const { clock } = this.#options;
    if (delayMs === 0 || !clock) {
      run();
      return;
    }
    const cancel = clock.after(delayMs, () => {
      this.#appointments.delete(cancel);
      run();
    });
    this.#appointments.add(cancel);
  }
}

function notificationsIn({ waiting }: P2a): number {
  return waiting.filter((it) => (headerOf(it) & TYPE_MASK) === TYPE_NOTIFICATION).length;
}

function headerOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0, true);
}
