import { STATUS } from "../errors.ts";
import { SMT_HEAD_BYTES, SMT_STATUS, SmtArea, type StaticMemory } from "../tee/index.ts";
import type { MessageEnd, MessagePlatform } from "./message-platform.ts";

/** A channel of the SCMI PTA. */
export interface ScmiPtaChannelOptions {
  /** What an agent asks for: `linaro,optee-channel-id`. */
  readonly id: number;
  /** What it says from then on; default: the id, as in OP-TEE's own server. */
  readonly handle?: number;
  /** Who answers. */
  readonly platform: MessagePlatform;
  /** Which of its agents this channel is for. */
  readonly agentId: number;
  /** Its SMT area, known to both sides; without one there is no `PROCESS_SMT_CHANNEL`. */
  readonly memory?: StaticMemory;
}

const HEADER_BYTES = 4;
const STATUS_BYTES = 4;
const LEAST_AREA_BYTES = SMT_HEAD_BYTES + 2 * STATUS_BYTES;

/** What all channels of a server have in common. */
export interface ServerTraits {
  /** Longest payload of a command. */
  readonly maxRequestBytes: number;
  readonly staysBusyAfterRefusal: boolean;
}

/** A command that waits for its answer. */
interface Pending {
  /** Of its header. */
  readonly token: number;
  readonly maxPayload: number;
  readonly finish: (answer: Uint8Array | undefined) => void;
}

/** Token and type: what tells an answer from a late one, a delayed response and a notification. */
const ANSWER_MASK = 0x0ffc_0300;

/** One way to a platform. It is busy from the moment when a message was taken in until its answer is out. */
export class ScmiPtaChannel {
  readonly id: number;
  readonly handle: number;
  readonly memory: StaticMemory | undefined;
  /** Delayed responses and notifications that had nowhere to go: OP-TEE has no way to the agent. */
  undeliverable = 0;
  readonly #port: MessageEnd;
  readonly #server: ServerTraits;
  #isBusy = false;
  #pending: Pending | undefined;

  constructor(options: ScmiPtaChannelOptions, server: ServerTraits) {
    this.id = options.id;
    this.handle = options.handle ?? options.id;
    this.memory = options.memory;
    const memoryBytes = this.memory?.bytes.byteLength ?? LEAST_AREA_BYTES;
    if (memoryBytes < LEAST_AREA_BYTES) {
      throw new RangeError(`"memory" expected at least ${LEAST_AREA_BYTES} bytes, got ${memoryBytes}`);
    }
    this.#server = server;
    this.#port = options.platform.connectMessages(options.agentId, {
      ...{ send: (message) => this.#take(message), hasP2a: false },
    });
    if (this.memory) new SmtArea(this.memory).status = SMT_STATUS.FREE; // as at boot
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Takes in the message of an SMT area. Trouble shows in its channel status and nowhere else.
   *  @param done called when the answer is in the area, or will not come */
  startSmt(memory: { readonly bytes: Uint8Array }, done: () => void): void {
    const area = new SmtArea(memory);
    if (this.#isBusy) {
      // Another thread is in here; its area is not ours to touch
      if (memory !== this.memory) refuse(area);
      done();
      return;
    }
    this.#isBusy = true;
    const { status, messageBytes } = area; // the other side may change them: read once
    const isTaken = (status & (SMT_STATUS.FREE | SMT_STATUS.ERROR)) === 0;
    const room = memory.bytes.byteLength - SMT_HEAD_BYTES;
    if (!isTaken || !this.accepts(messageBytes) || messageBytes > HEADER_BYTES + room) {
      this.#isBusy = this.#server.staysBusyAfterRefusal;
      refuse(area);
      done();
      return;
    }
    this.#serve(area.message(messageBytes), room, (answer) => {
      if (answer) area.answer(answer);
      else refuse(area);
      done();
    });
  }

  /** Whether a message of so many bytes would be taken in. */
  accepts(messageBytes: number): boolean {
    return messageBytes >= HEADER_BYTES && messageBytes <= HEADER_BYTES + this.#server.maxRequestBytes;
  }

  /** Takes in a message in MSG form, when the channel is not busy.
   *  @param into where the answer goes
   *  @param done called with the bytes of the answer; 0 = there is none */
  startMsg(request: Uint8Array, into: Uint8Array, done: (answerBytes: number) => void): void {
    this.#isBusy = true;
    // A copy, before anything is written: both may be the same memory
    this.#serve(request.slice(), into.byteLength - HEADER_BYTES, (answer) => {
      into.set(answer ?? []);
      done(answer?.byteLength ?? 0);
    });
  }

  /** Gives up the command that waits for the platform: it ends without answer. */
  cancel(): void {
    this.#end(undefined);
  }

  /** The agent's place at the platform is given up. */
  close(): void {
    this.cancel();
    this.#port.close();
  }

  #serve(message: Uint8Array, maxPayload: number, finish: Pending["finish"]): void {
    this.#pending = { token: headerOf(message) & ANSWER_MASK, maxPayload, finish };
    try {
      this.#port.receive(message);
    } catch (error) {
      this.#end(undefined);
      throw error;
    }
  }

  #take(message: Uint8Array): void {
    if (this.#pending && (headerOf(message) & ANSWER_MASK) === this.#pending.token) this.#end(message);
    else this.undeliverable++;
  }

  #end(answer: Uint8Array | undefined): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#isBusy = false;
    pending.finish(answer && answer.byteLength > HEADER_BYTES + pending.maxPayload ? tooLong(answer) : answer);
  }
}

/** The words of the request stay as they are. */
function refuse(area: SmtArea): void {
  area.status |= SMT_STATUS.ERROR | SMT_STATUS.FREE;
}

/** What an agent hears whose buffer is too small. */
function tooLong(answer: Uint8Array): Uint8Array {
  const refusal = answer.slice(0, HEADER_BYTES + STATUS_BYTES);
  new DataView(refusal.buffer).setInt32(HEADER_BYTES, STATUS.PROTOCOL_ERROR, true);
  return refusal;
}

function headerOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset, HEADER_BYTES).getUint32(0, true);
}
