import { ChannelError } from "../../errors.ts";
import {
  SCMI_PTA,
  SMT_STATUS,
  SmtArea,
  type StaticMemory,
  type TaCommand,
  type TeeParam,
  type TeeSharedMemory,
  teeMemref,
  teeValue,
} from "../../tee/index.ts";
import type { TransportHost } from "../transport.ts";

/** Where the messages of a channel lie, and the command that has them processed. */
export interface Form {
  readonly command: TaCommand;
  /** For the command; made once. */
  readonly params: readonly TeeParam[];
  /** Brings the command on the row to where the TEE looks.
   *  @param message in MSG form, for a row without an area */
  load(message: Uint8Array | undefined): void;
  /** Brings the answer to the row, and says what was wrong with it. */
  unload(): Error | undefined;
  /** The TEE is not in there any more, and brought no answer that anybody waits for: the next agent may use what it left. */
  giveBack(): void;
}

const HEADER_BYTES = 4;
/** A part of the memory for each way starts at a multiple of this. */
const ALIGNMENT = 4;
/** In each byte of the header of an answer that is not there: no message has such a one, for its upper bits are reserved. */
const NO_HEADER = 0xff;

/** Bytes of memory for {@link msgForm}. */
export function msgBytes(maxPayload: number): number {
  return partBytes(maxPayload) + HEADER_BYTES + maxPayload;
}

function partBytes(maxPayload: number): number {
  return Math.ceil((HEADER_BYTES + maxPayload) / ALIGNMENT) * ALIGNMENT;
}

/** MSG form in shared memory, first the command and then the answer: `PROCESS_MSG_CHANNEL`. In the same place for both ways, as Linux has
 *  them, a command that the TEE dropped without a word would look like its own answer.
 *  @param maxPayload room for the answer, without its header */
export function msgForm(
  host: TransportHost,
  row: number,
  handle: number,
  memory: TeeSharedMemory,
  maxPayload: number,
): Form {
  const command = SCMI_PTA.PROCESS_MSG_CHANNEL;
  const answerAt = partBytes(maxPayload);
  const request = teeMemref("in", memory);
  const response = teeMemref("out", memory, { offset: answerAt });
  const answers = new Beginnings(answerAt);
  return {
    ...{ command, params: [teeValue("in", handle), request, response] },
    load(message = EMPTY) {
      const { bytes } = memory;
      bytes.set(message);
      request.byteLength = message.byteLength;
      response.byteLength = HEADER_BYTES + maxPayload;
      for (let i = 0; i < HEADER_BYTES; i++) bytes[answerAt + i] = NO_HEADER;
    },
    unload() {
      const { bytes } = memory;
      // SCP-firmware's server says SUCCESS whatever became of the command
      if (bytes[answerAt + HEADER_BYTES - 1] === NO_HEADER) {
        return new ChannelError(command.name, "undelivered", "the TEE returned without an answer");
      }
      // The core takes a copy and judges that: its header, and a length that may be any number
      host.receive(row, answers.of(bytes, response.byteLength));
      return undefined;
    },
    giveBack() {},
  };
}

/** SMT area in shared memory: `PROCESS_SMT_CHANNEL_MESSAGE`. */
export function smtForm(host: TransportHost, row: number, handle: number, memory: TeeSharedMemory): Form {
  const { byteLength } = host.areaOf(row);
  const params = [teeValue("in", handle), teeMemref("inout", memory, { byteLength })];
  return copied(host, row, memory, SCMI_PTA.PROCESS_SMT_CHANNEL_MESSAGE, params);
}

/** SMT area in memory that both sides know: `PROCESS_SMT_CHANNEL`.
 *  @param isInPlace the row's own area is that memory */
export function staticForm(
  host: TransportHost,
  row: number,
  handle: number,
  memory: StaticMemory,
  isInPlace: boolean,
): Form {
  const command = SCMI_PTA.PROCESS_SMT_CHANNEL;
  const params = [teeValue("in", handle)];
  if (!isInPlace) return copied(host, row, memory, command, params);
  const area = rowArea(host, row);
  return {
    ...{ command, params, load() {} },
    unload: () => judge(host, row, area, command),
    giveBack() {
      if ((area.status & SMT_STATUS.FREE) === 0) area.status = SMT_STATUS.FREE | SMT_STATUS.ERROR;
    },
  };
}

/** An area elsewhere: the row's is carried there whole, and back. What comes back is copied once, then judged. */
function copied(
  host: TransportHost,
  row: number,
  memory: { readonly bytes: Uint8Array },
  command: TaCommand,
  params: readonly TeeParam[],
): Form {
  const own = rowArea(host, row);
  const beginnings = new Beginnings();
  return {
    ...{ command, params },
    load() {
      memory.bytes.set(host.areaOf(row));
    },
    unload() {
      const area = host.areaOf(row);
      area.set(beginnings.of(memory.bytes, area.byteLength));
      return judge(host, row, own, command);
    },
    giveBack() {}, // the row's own area is written anew for each command
  };
}

/** Lets the agent see to the area; the core judges header, length and channel error status. An area that did not come back with the
 *  invocation never will. */
function judge(host: TransportHost, row: number, area: SmtArea, { name }: TaCommand): Error | undefined {
  const isBack = (area.status & SMT_STATUS.FREE) !== 0;
  host.complete(row);
  return isBack ? undefined : new ChannelError(name, "busy", "the TEE returned, the area did not");
}

/** The area of a row, wherever it is by now. */
function rowArea(host: TransportHost, row: number): SmtArea {
  return new SmtArea({
    get bytes() {
      return host.areaOf(row);
    },
  });
}

/** Views up to so many bytes are kept; answers are short. */
const VIEWS_KEPT = 256;

/** The beginnings of one memory, or of its end: a view for each answer would be garbage. */
class Beginnings {
  readonly #at: number;
  #bytes: Uint8Array | undefined;
  #views: (Uint8Array | undefined)[] = [];

  constructor(at = 0) {
    this.#at = at;
  }

  of(bytes: Uint8Array, byteLength: number): Uint8Array {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#views = [];
    }
    const known = this.#views[byteLength];
    if (known) return known;
    const view = bytes.subarray(this.#at, this.#at + byteLength);
    if (byteLength < VIEWS_KEPT) this.#views[byteLength] = view;
    return view;
  }
}

const EMPTY = /* @__PURE__ */ new Uint8Array(0);
