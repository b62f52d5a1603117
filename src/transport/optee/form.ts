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

/** MSG form in shared memory, the same for both ways: `PROCESS_MSG_CHANNEL`.
 *  @param maxPayload room for the answer, without its header */
export function msgForm(
  host: TransportHost,
  row: number,
  handle: number,
  memory: TeeSharedMemory,
  maxPayload: number,
): Form {
  const request = teeMemref("in", memory);
  const response = teeMemref("out", memory);
  const answers = new Beginnings();
  return {
    command: SCMI_PTA.PROCESS_MSG_CHANNEL,
    params: [teeValue("in", handle), request, response],
    load(message = EMPTY) {
      memory.bytes.set(message);
      request.byteLength = message.byteLength;
      response.byteLength = HEADER_BYTES + maxPayload;
    },
    unload() {
      // The core takes a copy and judges that: its header, and a length that may be any number
      host.receive(row, answers.of(memory.bytes, response.byteLength));
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

/** The beginnings of one memory: a view for each answer would be garbage. */
class Beginnings {
  #bytes: Uint8Array | undefined;
  #views: (Uint8Array | undefined)[] = [];

  of(bytes: Uint8Array, byteLength: number): Uint8Array {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#views = [];
    }
    const known = this.#views[byteLength];
    if (known) return known;
    const view = bytes.subarray(0, byteLength);
    if (byteLength < VIEWS_KEPT) this.#views[byteLength] = view;
    return view;
  }
}

const EMPTY = /* @__PURE__ */ new Uint8Array(0);
