import { decodeHeader } from "../wire/index.ts";
import type { TraceDecoder } from "./decoder.ts";
import type { MessageEvent, MessageKind } from "./event.ts";
import { type ByteOrder, bytesOf, bytesOfWords, endOffsetOf, parseHexLine } from "./hex-text.ts";
import { viewOf } from "./payload.ts";
import type { EventSink, LineParser } from "./source.ts";

const HEADER_BYTES = 4;

/** What stands in front of the digits where somebody says what they are. */
const PREFIX =
  /^\s*(?:\[?\s*(\d+\.\d+)\]?:?\s+)?(?:(>+|->|=>|tx|req(?:uest)?|command|cmnd|cmd)|(<+|<-|<=|rx|resp(?:onse)?|reply)|(dlyd|delayed(?:[ _-]?response)?)|(noti(?:fication)?))?\s*:?(?=\s|[\da-f]|$)\s*(.*)$/i;

/** Digits of one message, perhaps of several lines. */
interface Block {
  readonly role: MessageKind | undefined;
  readonly timeUs: number | undefined;
  readonly groups: string[];
  hasWords: boolean;
  /** Of the last line. */
  offset: number | undefined;
}

/** Reads messages as hexadecimal digits, header first: one a line, or a dump with offsets, in which the smallest offset starts anew. What
 *  stands behind `#`, `//` or `;` is a comment; `>` or `request:` and `<` or `response:` in front say what it is, and a number of seconds
 *  says when. */
export class HexParser implements LineParser {
  readonly #decoder: TraceDecoder;
  #block: Block | undefined;

  constructor(decoder: TraceDecoder) {
    this.#decoder = decoder;
  }

  line(text: string, sink: EventSink): void {
    const bare = text.replace(/(?:#|\/\/|;).*$/, "").trimEnd();
    if (bare.trim() === "") {
      this.#flush(sink);
      return;
    }
    const [, seconds, isTx, isRx, isDelayed, isNotification, rest = bare] = PREFIX.exec(bare) ?? [];
    const parsed = parseHexLine(rest);
    if (!parsed) {
      this.#flush(sink);
      sink.skip("expected the hexadecimal digits of a message, got something else");
      return;
    }
    const { offset, groups, hasWords } = parsed;
    const open = this.#block;
    if (open?.offset !== undefined && endOffsetOf(parsed) !== undefined) {
      this.#flush(sink);
      return;
    }
    if (open?.offset !== undefined && offset !== undefined && offset > open.offset) {
      open.groups.push(...groups);
      open.hasWords ||= hasWords;
      open.offset = offset;
      return;
    }
    this.#flush(sink);
    const role: MessageKind | undefined =
      (isTx && "command") ||
      (isRx && "response") ||
      (isDelayed && "delayedResponse") ||
      (isNotification && "notification") ||
      undefined;
    const timeUs = seconds === undefined ? undefined : Math.round(Number(seconds) * 1e9) / 1000;
    this.#block = { role, timeUs, groups: [...groups], hasWords, offset };
    if (offset === undefined) this.#flush(sink);
  }

  end(sink: EventSink): void {
    this.#flush(sink);
  }

  #flush(sink: EventSink): void {
    const block = this.#block;
    this.#block = undefined;
    if (!block) return;
    const bytes = this.#bytesOf(block);
    if (bytes.byteLength < HEADER_BYTES) {
      sink.skip(`expected a message of at least ${HEADER_BYTES} bytes, got ${bytes.byteLength}`);
      return;
    }
    sink.event(messageOf(this.#decoder, bytes, block.role, block.timeUs));
  }

  /** The bytes in the order in which their beginning looks most like a header. */
  #bytesOf({ groups, hasWords }: Block): Uint8Array {
    if (hasWords) return bytesOfWords(groups);
    const orders: readonly ByteOrder[] = groups.every((it) => it.length === 8)
      ? ["bytes", "words32"]
      : groups.every((it) => it.length === 4)
        ? ["bytes", "words16"]
        : ["bytes"];
    let best = bytesOf(groups, "bytes");
    let likeness = -1;
    for (const order of orders) {
      const bytes = bytesOf(groups, order);
      const found = bytes.byteLength < HEADER_BYTES ? 0 : this.#decoder.likeness(viewOf(bytes).getUint32(0, true));
      if (found > likeness) [best, likeness] = [bytes, found];
    }
    return best;
  }
}

/** The event of a whole message.
 *  @param bytes header and payload, at least 4
 *  @param role guessed unless said
 *  @param likelier guessed where the bytes could be a command or a response */
export function messageOf(
  decoder: TraceDecoder,
  bytes: Uint8Array,
  role?: MessageKind,
  timeUs?: number,
  likelier?: MessageKind,
): MessageEvent {
  const word = viewOf(bytes).getUint32(0, true);
  const { protocolId, messageId, messageType, token } = decodeHeader(word);
  const payload = bytes.subarray(HEADER_BYTES);
  return {
    kind: "message",
    role: role ?? decoder.guessRole(word, payload, likelier),
    ...{ timeUs, protocolId, messageId, token, payload, headerReserved: word >>> 28 },
    ...(messageType === 1 ? { reservedType: true } : {}),
  };
}
