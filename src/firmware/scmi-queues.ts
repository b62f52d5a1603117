import type { Clock } from "../core/clock.ts";
import { STATUS } from "../errors.ts";
import type { DeviceChain, DeviceQueue, Segment } from "../virtio/index.ts";
import { type PromptEnd, promptly } from "./message-platform.ts";
import type { ConnectServer, MessageServer } from "./smt-server.ts";

/** Queues of one driver, and whom to tell. */
export interface ScmiQueuesOptions {
  readonly cmdq?: DeviceQueue | undefined;
  readonly eventq?: DeviceQueue | undefined;
  /** `P2A_CHANNELS` was negotiated; default: there is an {@link eventq}. Without it the platform refuses to notify and to answer late. */
  readonly hasP2a?: boolean;
  /** Buffers were given back, and the driver wants to hear of it. */
  readonly notify: (queue: "cmdq" | "eventq") => void;
  /** A ring makes no sense any more: the driver has to reset the device. */
  readonly broken: () => void;
  /** Needed for latency. */
  readonly clock?: Clock | undefined;
  /** From the kick until a command is looked at, in milliseconds; default 0 = at once. */
  readonly latencyMs?: number;
}

/** What was counted between a driver and a platform. */
export interface ScmiQueuesCounters {
  /** Commands. */
  readonly received: number;
  readonly responses: number;
  readonly delayedResponses: number;
  readonly notifications: number;
  /** Messages of the platform's own that were lost: nowhere to put them, or too little room. */
  readonly dropped: number;
  /** Chains that hold no command. They went back empty. */
  readonly malformed: number;
  /** Answers that did not fit: COMMS_ERROR went in their place, or nothing where there was no room for that. */
  readonly overlong: number;
}

interface Pending {
  readonly header: number;
  readonly chain: DeviceChain;
}

const HEADER_BYTES = 4;
const ERROR_BYTES = 8;
/** Longer commands are cut, for the platform refuses them anyway. */
const READ_LIMIT = 0x1_0004;
const TYPE_MASK = 0x300;
const TYPE_NOTIFICATION = 0x300;
/** For a buffer that came just now. A driver that never stops adding what is none goes without. */
const LOOKS = 2;
/** As many as there are tokens. */
const LARGEST_BACKLOG = 1024;

/** The SCMI device between its queues and a platform: commands out of cmdq, answers back into their chains, in whatever order they come;
 *  notifications and delayed responses into the buffers of eventq. OASIS virtio, SCMI device. */
export class ScmiQueues {
  readonly #options: ScmiQueuesOptions;
  readonly #server: MessageServer;
  /** The same, when it answers where commands lie, and nothing is to take its time. */
  readonly #prompt: PromptEnd | undefined;
  /** The command that it answers now. */
  #underWay: DeviceChain | undefined;
  #underWayHeader = 0;
  readonly #pending: Pending[] = [];
  #cmdq: DeviceQueue | undefined;
  #eventq: DeviceQueue | undefined;
  readonly #appointments = new Set<() => void>();
  /** Delayed responses for which the driver has no buffer yet; they may not be lost. */
  readonly #backlog: Uint8Array[] = [];
  #serving = 0;
  #isStopped = false;
  readonly #tally = {
    received: 0,
    responses: 0,
    delayedResponses: 0,
    notifications: 0,
    dropped: 0,
    malformed: 0,
    overlong: 0,
  };

  constructor(connect: ConnectServer, options: ScmiQueuesOptions) {
    this.#options = options;
    this.#cmdq = options.cmdq;
    this.#eventq = options.eventq;
    const hasP2a = options.hasP2a ?? options.eventq !== undefined;
    this.#server = connect({ send: (message) => this.#send(message), hasP2a });
    this.#prompt = (options.latencyMs ?? 0) === 0 ? promptly(this.#server) : undefined;
  }

  /** What was counted so far. */
  get counters(): ScmiQueuesCounters {
    return { ...this.#tally };
  }

  /** Appointments: a leak check. */
  get appointments(): number {
    return this.#appointments.size;
  }

  /** Goes on with other queues, or none, for the same agent. What is under way in the old ones is never answered. */
  replaceQueues(cmdq: DeviceQueue | undefined, eventq: DeviceQueue | undefined): void {
    if (cmdq !== this.#cmdq) this.#forgetCommands();
    this.#cmdq = cmdq;
    this.#eventq = eventq;
  }

  /** Looks into cmdq: takes as many commands as the queue holds.
   *  @returns whether there may be more, for a driver that adds faster than it is served must not have all the time there is
   *  @throws what the platform threw first */
  serve(): boolean {
    const cmdq = this.#cmdq;
    if (!cmdq) return false;
    this.#serving++;
    let mayBeMore = true;
    let isAgain = false;
    let failure: { readonly error: unknown } | undefined;
    for (let i = 0; i < cmdq.size && !this.#isStopped; i++) {
      const chain = cmdq.take();
      if (chain) {
        if (i === 1) cmdq.disableKicks(); // a driver that sends one after the other gives none while it waits
        try {
          this.#take(cmdq, chain);
        } catch (error) {
          failure ??= { error }; // for whoever kicked, once the others are served
        }
      } else {
        mayBeMore = cmdq.enableKicks();
        if (!mayBeMore || isAgain) break;
        isAgain = true; // it came meanwhile; but who adds for ever what is no chain has to wait for his next turn
      }
    }
    this.#serving--;
    if (!this.#isStopped && cmdq.shouldNotify()) this.#options.notify("cmdq");
    if (!this.#isStopped && cmdq.isBroken) this.#options.broken();
    if (failure) {
      if (!this.#isStopped) cmdq.enableKicks();
      throw failure.error;
    }
    if (this.#isStopped) return false;
    return mayBeMore && !cmdq.isBroken;
  }

  /** Looks into eventq: brings what waits for buffers. */
  replenish(): void {
    const eventq = this.#eventq;
    while (!this.#isStopped) {
      const message = this.#backlog[0];
      if (!message || !this.#sendDelayed(message)) break;
      this.#backlog.shift();
    }
    if (eventq?.isBroken && !this.#isStopped) this.#options.broken();
  }

  /** The driver is gone, or reset the device: nothing of it is touched any more. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#forgetCommands();
    this.#backlog.length = 0;
    this.#server.close();
  }

  #forgetCommands(): void {
    for (const cancel of this.#appointments) cancel();
    this.#appointments.clear();
    this.#pending.length = 0;
  }

  #take(cmdq: DeviceQueue, chain: DeviceChain): void {
    const { readablePiece: command, writablePiece: answer } = chain;
    if (this.#prompt && command && answer && command.byteLength >= HEADER_BYTES && answer.byteLength >= ERROR_BYTES) {
      this.#answerAtOnce(this.#prompt, cmdq, chain, command, answer);
      return;
    }
    const { latencyMs = 0 } = this.#options;
    // Copied before anybody looks at it, for it may change, or be gone once the platform has seen to other things first
    const message = chain.read(READ_LIMIT).slice();
    if (message.byteLength < HEADER_BYTES) {
      this.#refuse(cmdq, chain);
      return;
    }
    const header = headerOf(message);
    if ((header & TYPE_MASK) !== 0) {
      this.#refuse(cmdq, chain);
      return;
    }
    this.#tally.received++;
    this.#pending.push({ header, chain });
    if (latencyMs === 0) {
      this.#server.receive(message);
      return;
    }
    this.#later(latencyMs, () => this.#server.receive(message));
  }

  /** Has the command answered where it lies. */
  #answerAtOnce(prompt: PromptEnd, cmdq: DeviceQueue, chain: DeviceChain, command: Segment, answer: Segment): void {
    const header = command.region.data.getUint32(command.at, true);
    if ((header & TYPE_MASK) !== 0) {
      this.#refuse(cmdq, chain);
      return;
    }
    this.#tally.received++;
    const outer = this.#underWay;
    const outerHeader = this.#underWayHeader;
    this.#underWay = chain; // for an answer through the sink
    this.#underWayHeader = header;
    let answerBytes = 0;
    try {
      const byteLength = Math.min(command.byteLength, READ_LIMIT);
      // It copies the command, and judges the copy
      answerBytes = prompt.answer(command.region, command.at, byteLength, answer.region, answer.at, answer.byteLength);
    } finally {
      const isOpen = this.#underWay === chain && this.#cmdq === cmdq && !this.#isStopped;
      this.#underWay = outer;
      this.#underWayHeader = outerHeader;
      if (isOpen && answerBytes === 0) this.#pending.push({ header, chain });
      else if (isOpen) this.#giveBack(cmdq, chain, answer, answerBytes);
    }
    prompt.settle();
  }

  /** @param answerBytes that stand there, unless they are more than it has room for and only the header does */
  #giveBack(cmdq: DeviceQueue, chain: DeviceChain, answer: Segment, answerBytes: number): void {
    const fits = answerBytes <= answer.byteLength;
    if (!fits) {
      this.#tally.overlong++;
      answer.region.data.setInt32(answer.at + HEADER_BYTES, STATUS.COMMS_ERROR, true);
    }
    cmdq.give(chain, fits ? answerBytes : ERROR_BYTES);
    this.#tally.responses++;
    // Somebody waits for it: all else can follow
    if (!cmdq.hasSeenNext && cmdq.shouldNotify()) this.#options.notify("cmdq");
  }

  /** No answer could be told from another one. */
  #refuse(cmdq: DeviceQueue, chain: DeviceChain): void {
    this.#tally.malformed++;
    cmdq.give(chain, 0);
  }

  #send(message: Uint8Array): void {
    if (this.#isStopped || message.byteLength < HEADER_BYTES) return;
    const header = headerOf(message);
    if ((header & TYPE_MASK) === 0) this.#answer(header, message);
    else if ((header & TYPE_MASK) === TYPE_NOTIFICATION) this.#notification(message);
    else this.#delayed(message);
  }

  #answer(header: number, message: Uint8Array): void {
    const cmdq = this.#cmdq;
    const chain = this.#claim(header);
    if (!chain || !cmdq) return;
    let answer: Uint8Array | undefined = message;
    if (message.byteLength > chain.writableBytes) {
      this.#tally.overlong++;
      answer = chain.writableBytes < ERROR_BYTES ? undefined : commsError(header);
    }
    if (answer) chain.write(answer);
    cmdq.give(chain, answer?.byteLength ?? 0);
    this.#tally.responses++;
    if (this.#serving === 0 && cmdq.shouldNotify()) this.#options.notify("cmdq");
  }

  /** The chain that an answer is for. A broken platform answers with a header that nobody sent, and a driver may change its own: that goes
   *  where an answer is due. */
  #claim(header: number): DeviceChain | undefined {
    const place = this.#pending.findIndex((it) => it.header === header);
    const isUnderWay = this.#underWay !== undefined && (this.#underWayHeader === header || this.#pending.length === 0);
    if (place < 0 && isUnderWay) {
      const chain = this.#underWay;
      this.#underWay = undefined;
      return chain;
    }
    return this.#pending.splice(Math.max(0, place), 1)[0]?.chain;
  }

  #notification(message: Uint8Array): void {
    if (this.#sendEvent(message) === "sent") this.#tally.notifications++;
    else this.#tally.dropped++;
  }

  #delayed(message: Uint8Array): void {
    if (!this.#eventq || this.#backlog.length >= LARGEST_BACKLOG) {
      this.#tally.dropped++;
    } else if (this.#backlog.length > 0 || !this.#sendDelayed(message)) {
      this.#backlog.push(message.slice());
    }
  }

  /** False when there is no buffer for it now. */
  #sendDelayed(message: Uint8Array): boolean {
    let result = this.#sendEvent(message);
    if (result === "noBuffer") return false;
    if (result === "tooLong") {
      this.#tally.overlong++;
      result = this.#sendEvent(commsError(headerOf(message)));
    }
    if (result === "sent") this.#tally.delayedResponses++;
    else this.#tally.dropped++;
    return true;
  }

  #sendEvent(message: Uint8Array): "sent" | "noBuffer" | "tooLong" {
    const eventq = this.#eventq;
    if (!eventq) return "noBuffer";
    let chain = eventq.take();
    for (let i = 0; !chain && eventq.enableKicks() && i < LOOKS; i++) chain = eventq.take();
    if (!chain) return "noBuffer";
    if (message.byteLength > chain.writableBytes) {
      eventq.putBack(chain);
      return "tooLong";
    }
    chain.write(message);
    eventq.give(chain, message.byteLength);
    if (eventq.shouldNotify()) this.#options.notify("eventq");
    return "sent";
  }

  #later(delayMs: number, run: () => void): void {
    const { clock } = this.#options;
    if (!clock) throw new TypeError('"clock" expected one, for "latencyMs"');
    const cancel = clock.after(delayMs, () => {
      this.#appointments.delete(cancel);
      run();
    });
    this.#appointments.add(cancel);
  }
}

function headerOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0, true);
}

function commsError(header: number): Uint8Array {
  const bytes = new Uint8Array(ERROR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header, true);
  view.setInt32(HEADER_BYTES, STATUS.COMMS_ERROR, true);
  return bytes;
}
