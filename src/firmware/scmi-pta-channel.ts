import { SMT } from "../core/smt.ts";
import { STATUS } from "../errors.ts";
import type { MessagePlace } from "../platform/index.ts";
import { SMT_HEAD_BYTES, SMT_STATUS, SmtArea, type StaticMemory, TEE_RESULT } from "../tee/index.ts";
import { CoreArea } from "./core-memory.ts";
import { type MessageEnd, type MessagePlatform, type PromptEnd, promptly } from "./message-platform.ts";

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
  /** The same, when it answers where messages lie. */
  readonly #prompt: PromptEnd | undefined;
  readonly #memoryBytes: number;
  /** Of the message that is inside: only who is not turned away for busy may touch them. */
  readonly #request = new BytesPlace();
  readonly #response = new BytesPlace();
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
    const send = (message: Uint8Array) => this.#take(message);
    this.#port = options.platform.connectMessages(options.agentId, { send, hasP2a: false });
    this.#prompt = promptly(this.#port);
    this.#memoryBytes = memoryBytes;
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

  /** {@link startSmt} in {@link memory}, of an ordinary message and without waiting.
   *  @returns a `TEE_Result`; `undefined` when that cannot be, and nothing was done */
  serveStatic(): number | undefined {
    const { memory } = this;
    if (!memory || this.#isBusy) return undefined;
    if (memory instanceof CoreArea) return this.#serveArea(memory.memory, memory.at, this.#memoryBytes);
    return this.#serveArea(this.#request.of(memory.bytes), 0, this.#memoryBytes);
  }

  /** The same in memory that the agent passes. */
  serveShared(bytes: Uint8Array): number | undefined {
    return this.#isBusy ? undefined : this.#serveArea(this.#request.of(bytes), 0, bytes.byteLength);
  }

  /** {@link startMsg} without waiting.
   *  @returns bytes of the answer, 0 = there is none; `undefined` when that cannot be, and nothing was done */
  serveMsg(request: Uint8Array, into: Uint8Array): number | undefined {
    const prompt = this.#prompt;
    const fitsIn = this.accepts(request.byteLength) && into.byteLength >= HEADER_BYTES + STATUS_BYTES;
    if (!prompt || this.#isBusy || !fitsIn) return undefined;
    const from = this.#request.of(request);
    const to = this.#response.of(into);
    if (!from.isAligned || !to.isAligned) return undefined;
    const answerBytes = this.#answer(prompt, from, 0, request.byteLength, to, 0, into.byteLength);
    const fits = answerBytes <= into.byteLength;
    if (!fits) to.data.setInt32(HEADER_BYTES, STATUS.PROTOCOL_ERROR, true);
    prompt.settle();
    return fits ? answerBytes : HEADER_BYTES + STATUS_BYTES;
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

  #serveArea(place: MessagePlace, at: number, byteLength: number): number | undefined {
    const prompt = this.#prompt;
    if (!prompt) return undefined;
    const { data } = place;
    // The other side may change them: read once
    const status = data.getUint32(at + SMT.STATUS, true);
    const messageBytes = data.getUint32(at + SMT.LENGTH, true);
    const room = HEADER_BYTES + byteLength - SMT_HEAD_BYTES;
    const isTaken = (status & (SMT.FREE | SMT.ERROR)) === 0;
    if (!isTaken || !this.accepts(messageBytes) || messageBytes > room) return undefined;
    const message = at + SMT.HEADER;
    let answerBytes = 0;
    try {
      answerBytes = this.#answer(prompt, place, message, messageBytes, place, message, room);
    } finally {
      giveBack(place.data, at, answerBytes, room);
    }
    prompt.settle();
    return answerBytes > 0 ? TEE_RESULT.SUCCESS : TEE_RESULT.COMMUNICATION;
  }

  /** Busy for as long as the platform is. */
  #answer(
    prompt: PromptEnd,
    from: MessagePlace,
    fromAt: number,
    byteLength: number,
    to: MessagePlace,
    toAt: number,
    room: number,
  ): number {
    this.#isBusy = true;
    try {
      return prompt.answer(from, fromAt, byteLength, to, toAt, room);
    } finally {
      this.#isBusy = false;
    }
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

/** A view, and what is known of it. */
interface KnownBytes {
  readonly data: DataView;
  readonly isAligned: boolean;
}

/** Bytes that messages lie in; the same ones come again and again. */
class BytesPlace implements MessagePlace {
  readonly #known = new WeakMap<Uint8Array, KnownBytes>();
  #bytes: Uint8Array = new Uint8Array(0);
  #current: KnownBytes = knownOf(this.#bytes);

  get data(): DataView {
    return this.#current.data;
  }

  /** On a multiple of four bytes. */
  get isAligned(): boolean {
    return this.#current.isAligned;
  }

  of(bytes: Uint8Array): this {
    if (bytes === this.#bytes) return this;
    let known = this.#known.get(bytes);
    if (!known) {
      known = knownOf(bytes);
      this.#known.set(bytes, known);
    }
    this.#bytes = bytes;
    this.#current = known;
    return this;
  }
}

function knownOf({ buffer, byteOffset, byteLength }: Uint8Array): KnownBytes {
  return { data: new DataView(buffer, byteOffset, byteLength), isAligned: byteOffset % 4 === 0 };
}

/** Hands an area back with the answer that stands in it; where there is none, the words of the request stay as they are.
 *  @param room for the answer; only the header of one that is longer was written */
function giveBack(data: DataView, at: number, answerBytes: number, room: number): void {
  if (answerBytes === 0) {
    data.setUint32(at + SMT.STATUS, data.getUint32(at + SMT.STATUS, true) | SMT.FREE | SMT.ERROR, true);
    return;
  }
  const fits = answerBytes <= room;
  if (!fits) data.setInt32(at + SMT.PAYLOAD, STATUS.PROTOCOL_ERROR, true);
  data.setUint32(at + SMT.LENGTH, fits ? answerBytes : HEADER_BYTES + STATUS_BYTES, true);
  data.setUint32(at + SMT.STATUS, SMT.FREE, true); // last, and whole
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
