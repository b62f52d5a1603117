import { encodeHeader, MESSAGE_TYPE } from "../../wire/index.ts";
import { type DecoderOptions, TraceDecoder } from "../decoder.ts";
import type { MessageEvent, MessageKind, TraceEvent } from "../event.ts";
import type { ByteListener, TraceExporter } from "./exporter.ts";
import { DIRECTION, FRAMING, LINKTYPE_USER0, PSEUDO, REFUSALS, ROLE } from "./pcapng-pseudo.ts";

const BLOCK = { section: 0x0a0d0d0a, interface: 1, enhancedPacket: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_TSRESOL = 9;
const NANOSECONDS = 9;

const TYPES: Readonly<Record<MessageKind, number>> = {
  command: MESSAGE_TYPE.COMMAND,
  response: MESSAGE_TYPE.COMMAND,
  delayedResponse: MESSAGE_TYPE.DELAYED_RESPONSE,
  notification: MESSAGE_TYPE.NOTIFICATION,
};

/** Writes a pcapng file for Wireshark: each message a packet, header and payload as they are on the wire behind the small pseudo header of
 *  {@link PSEUDO}. `dist/scmi.lua` dissects it. What is no message (waits, ends) is not in it. */
export class PcapngExporter implements TraceExporter {
  readonly #onBytes: ByteListener;
  readonly #decoder: TraceDecoder;
  #isBegun = false;
  #timeNs = 0;

  constructor(onBytes: ByteListener, options: DecoderOptions = {}) {
    this.#onBytes = onBytes;
    this.#decoder = new TraceDecoder(options);
  }

  write(event: TraceEvent): void {
    if (event.timeUs !== undefined) this.#timeNs = Math.round(event.timeUs * 1000);
    const decoded = this.#decoder.take(event);
    const version = decoded && "version" in decoded ? versionWord(decoded.version) : 0;
    if (event.kind === "message") this.#packet(packetOf(event, version));
    else if (event.kind === "fastChannel") this.#packet(callOf(event));
  }

  end(): void {
    this.#begin();
  }

  #packet(bytes: Uint8Array): void {
    this.#begin();
    const padded = (bytes.byteLength + 3) & ~3;
    const block = new DataView(new ArrayBuffer(32 + padded));
    const time = BigInt(this.#timeNs);
    block.setUint32(0, BLOCK.enhancedPacket, true);
    block.setUint32(4, block.byteLength, true);
    block.setUint32(8, 0, true); // the one interface
    block.setUint32(12, Number(time >> 32n), true);
    block.setUint32(16, Number(time & 0xffffffffn), true);
    block.setUint32(20, bytes.byteLength, true);
    block.setUint32(24, bytes.byteLength, true);
    new Uint8Array(block.buffer).set(bytes, 28);
    block.setUint32(28 + padded, block.byteLength, true);
    this.#onBytes(new Uint8Array(block.buffer));
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const section = new DataView(new ArrayBuffer(28));
    section.setUint32(0, BLOCK.section, true);
    section.setUint32(4, section.byteLength, true);
    section.setUint32(8, BYTE_ORDER_MAGIC, true);
    section.setUint16(12, 1, true); // version 1.0
    section.setBigInt64(16, -1n, true); // length not stated
    section.setUint32(24, section.byteLength, true);
    this.#onBytes(new Uint8Array(section.buffer));

    const description = new DataView(new ArrayBuffer(32));
    description.setUint32(0, BLOCK.interface, true);
    description.setUint32(4, description.byteLength, true);
    description.setUint16(8, LINKTYPE_USER0, true);
    description.setUint32(12, 0, true); // no limit to a packet's length
    description.setUint16(16, OPTION_TSRESOL, true);
    description.setUint16(18, 1, true);
    description.setUint8(20, NANOSECONDS);
    // an option of kind 0 and length 0 ends the options
    description.setUint32(28, description.byteLength, true);
    this.#onBytes(new Uint8Array(description.buffer));
  }
}

function packetOf(event: MessageEvent, version: number): Uint8Array {
  const { role, protocolId, messageId, token, payload = new Uint8Array(), headerReserved = 0 } = event;
  const messageType = event.reservedType ? 1 : TYPES[role];
  const header = (encodeHeader({ protocolId, messageId, token, messageType }) | (headerReserved << 28)) >>> 0;
  return packet(event, ROLE[role], header, payload, version);
}

/** A FastChannel call looks like a message of its name, whose payload is the domain and the words. */
function callOf(event: TraceEvent & { readonly kind: "fastChannel" }): Uint8Array {
  const { protocolId, messageId, domainId, values } = event;
  const payload = new DataView(new ArrayBuffer(4 + 4 * values.length));
  payload.setUint32(0, domainId, true);
  for (const [i, value] of values.entries()) payload.setUint32(4 + 4 * i, value, true);
  const header = encodeHeader({ protocolId, messageId, token: 0, messageType: MESSAGE_TYPE.COMMAND });
  return packet(event, ROLE.fastChannel, header, new Uint8Array(payload.buffer), 0);
}

function packet(
  event: Partial<Pick<MessageEvent, "instance" | "channel" | "framing" | "refusal" | "mayBeCut">>,
  role: number,
  header: number,
  payload: Uint8Array,
  version: number,
): Uint8Array {
  const { instance = 0, channel = 0, framing, refusal, mayBeCut = false } = event;
  const view = new DataView(new ArrayBuffer(PSEUDO.bytes + 4 + payload.byteLength));
  view.setUint8(PSEUDO.format, 1);
  view.setUint8(PSEUDO.direction, role === ROLE.command || role === ROLE.fastChannel ? DIRECTION.a2p : DIRECTION.p2a);
  view.setUint8(PSEUDO.framing, framing ? FRAMING[framing] : FRAMING.unknown);
  view.setUint8(PSEUDO.role, role);
  view.setUint16(PSEUDO.instance, instance, true);
  view.setUint16(PSEUDO.channel, channel, true);
  view.setUint32(PSEUDO.version, version, true);
  view.setUint8(PSEUDO.refusal, refusal === undefined ? 0 : REFUSALS.indexOf(refusal) + 1);
  view.setUint8(PSEUDO.isCut, mayBeCut ? 1 : 0);
  view.setUint32(PSEUDO.bytes, header, true);
  new Uint8Array(view.buffer).set(payload, PSEUDO.bytes + 4);
  return new Uint8Array(view.buffer);
}

/** `3.1` as a version word. */
function versionWord(text: string | undefined): number {
  if (text === undefined) return 0;
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return major * 0x10000 + minor;
}
