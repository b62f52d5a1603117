import { SMT } from "../core/smt.ts";
import { decodeHeader, MESSAGE_TYPE, STATUS_BYTES } from "../wire/index.ts";
import type { MessageKind } from "./event.ts";
import { viewOf } from "./payload.ts";

const HEADER_BYTES = 4;

/** What a shared-memory area says about its channel. */
export interface AreaReport {
  readonly byteLength: number;
  readonly channelStatus: { readonly free: boolean; readonly error: boolean };
  readonly channelFlags: { readonly interrupt: boolean };
  /** Bytes of header and payload, as the area says. */
  readonly length: number;
  readonly header: number;
  /** By the type of the message in it. */
  readonly direction: "a2p" | "p2a";
  /** Who may write now. */
  readonly owner: "agent" | "platform";
  /** What is inconsistent, in plain language. */
  readonly findings: readonly string[];
}

/** A look into an area. */
export interface Area {
  readonly report: AreaReport;
  /** Header and payload, clamped to the area; `undefined` where there is none. */
  readonly message: Uint8Array | undefined;
}

/** How much bytes look like an area: words that the specification fixes are as it says.
 *  @returns 0 = not at all, up to 6 */
export function areaLikeness(bytes: Uint8Array): number {
  if (bytes.byteLength < SMT.PAYLOAD) return 0;
  const view = viewOf(bytes);
  const word = (at: number) => view.getUint32(at, true);
  if (word(SMT.STATUS) > 3 || word(SMT.LENGTH) > bytes.byteLength) return 0;
  const header = word(SMT.HEADER);
  const isMessage = header >>> 28 === 0 && decodeHeader(header).protocolId >= 0x10;
  const signs = [
    word(0) === 0,
    word(SMT.STATUS) !== 0 || word(SMT.FLAGS) !== 0,
    word(SMT.FLAGS) <= 1,
    word(SMT.LENGTH) >= HEADER_BYTES && word(SMT.LENGTH) % 4 === 0,
    isMessage,
    isMessage && word(SMT.LENGTH) > 0,
  ];
  return signs.filter((it) => it).length;
}

/** Takes an area apart, as whoever debugs a channel would.
 *  @param bytes from the area's start, at least 28 */
export function readArea(bytes: Uint8Array): Area {
  const view = viewOf(bytes);
  const word = (at: number) => view.getUint32(at, true);
  const [status, flags, length, header] = [word(SMT.STATUS), word(SMT.FLAGS), word(SMT.LENGTH), word(SMT.HEADER)];
  const free = (status & SMT.FREE) !== 0;
  const error = (status & SMT.ERROR) !== 0;
  const { messageType } = decodeHeader(header);
  const isP2a = messageType === MESSAGE_TYPE.DELAYED_RESPONSE || messageType === MESSAGE_TYPE.NOTIFICATION;
  const room = bytes.byteLength - SMT.HEADER;
  const findings = [
    ...wordFindings(status, flags, word(0), [word(8), word(12)]),
    ...lengthFindings(length, room, free),
  ];
  const isBlank = bytes.every((it) => it === 0 || it === 0xff) && (header === 0 || header === 0xffffffff);
  if (isBlank) findings.unshift(blankText(bytes));
  if (error) {
    findings.push(
      free
        ? "ERROR is set: the last transfer failed on the way, and what the payload says does not count"
        : "ERROR is set while the callee owns the area: it belongs together with FREE",
    );
  }
  const callerIsAgent = !isP2a;
  const report: AreaReport = {
    byteLength: bytes.byteLength,
    channelStatus: { free, error },
    channelFlags: { interrupt: (flags & SMT.INTERRUPT) !== 0 },
    length,
    header,
    direction: isP2a ? "p2a" : "a2p",
    owner: free === callerIsAgent ? "agent" : "platform",
    findings,
  };
  const hasMessage = length >= HEADER_BYTES && !isBlank;
  return { report, message: hasMessage ? bytes.subarray(SMT.HEADER, SMT.HEADER + Math.min(length, room)) : undefined };
}

/** What is wrong with the message that an area holds, given who owns it.
 *  @param role what the message looks like */
export function ownerFindings({ channelStatus: { free }, direction, length }: AreaReport, role: MessageKind): string[] {
  if (direction === "p2a") return [];
  if (free && role === "command") {
    return [
      "FREE is set and the area holds a command: it was never handed over, or the platform gave it back without an answer; a platform ignores the doorbell of a free channel",
    ];
  }
  if (!free && role === "response") {
    return [
      "the area holds a response and FREE is clear: the platform has not given it back, or the agent began the next command; nobody can use the channel until FREE is set",
    ];
  }
  if (role === "response" && length < HEADER_BYTES + STATUS_BYTES) {
    return [`length is ${length}: a response has at least ${HEADER_BYTES + STATUS_BYTES}`];
  }
  return [];
}

function wordFindings(status: number, flags: number, first: number, own: readonly number[]): string[] {
  const found: string[] = [];
  if (first !== 0) found.push(`the reserved word at 0x00 is ${hex(first)}`);
  if (status >>> 2 !== 0) found.push(`reserved bits of channel_status are set: ${hex(status)}`);
  if (own.some((it) => it !== 0)) {
    found.push(
      `the words at 0x08 are in use (${own.map(hex).join(", ")}): NXP puts a kind of check and its value there`,
    );
  }
  if (flags >>> 1 !== 0) found.push(`reserved bits of channel_flags are set: ${hex(flags)}`);
  return found;
}

function lengthFindings(length: number, room: number, free: boolean): string[] {
  if (length === 0 && free) return ["length is 0: no message yet, or a platform that could not answer"];
  if (length < HEADER_BYTES) return [`length is ${length}: expected at least the ${HEADER_BYTES} bytes of the header`];
  if (length > room) return [`length is ${length}: the area has room for ${room} bytes of header and payload`];
  return length % 4 === 0 ? [] : [`length is ${length}: messages are whole words`];
}

function blankText(bytes: Uint8Array): string {
  return bytes[SMT.STATUS] === 0xff
    ? "all bits are set: nothing answers at this address, or its memory is protected"
    : "the area is empty: nobody has initialised it or sent anything yet";
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
