/** Requests of the front end by their numbers. QEMU, vhost-user protocol. */
export const REQUEST = {
  GET_FEATURES: 1,
  SET_FEATURES: 2,
  SET_OWNER: 3,
  RESET_OWNER: 4,
  SET_MEM_TABLE: 5,
  SET_VRING_NUM: 8,
  SET_VRING_ADDR: 9,
  SET_VRING_BASE: 10,
  GET_VRING_BASE: 11,
  SET_VRING_KICK: 12,
  SET_VRING_CALL: 13,
  SET_VRING_ERR: 14,
  GET_PROTOCOL_FEATURES: 15,
  SET_PROTOCOL_FEATURES: 16,
  GET_QUEUE_NUM: 17,
  SET_VRING_ENABLE: 18,
  SET_BACKEND_REQ_FD: 21,
} as const;

/** Protocol features that are offered. */
export const PROTOCOL_FEATURE = { MQ: 1n << 0n, REPLY_ACK: 1n << 3n, BACKEND_REQ: 1n << 5n } as const;

/** Feature bit: there are protocol features. */
export const F_PROTOCOL_FEATURES: bigint = 1n << 30n;

/** Bytes before the payload: u32 request, u32 flags, u32 size. */
export const MESSAGE_HEADER_BYTES = 12;
/** Longest payload that is taken; SET_MEM_TABLE with 8 regions has 264 bytes. */
export const LARGEST_PAYLOAD = 1024;
/** Descriptors that come with one message; regions of SET_MEM_TABLE. */
export const LARGEST_FDS = 8;

const VERSION = 1;
const VERSION_MASK = 3;
const F_REPLY = 4;
const F_NEED_REPLY = 8;

/** A request of the front end. */
export interface VhostMessage {
  readonly request: number;
  /** It wants to know how it went, also where there is nothing to say. */
  readonly needsReply: boolean;
  readonly payload: DataView;
  /** File descriptors; the receiver's to close. */
  readonly fds: readonly number[];
}

/** Reads the fields before a payload; `undefined` when no message looks like that. */
export function readHeader(view: DataView): { request: number; needsReply: boolean; byteLength: number } | undefined {
  const flags = view.getUint32(4, true);
  const byteLength = view.getUint32(8, true);
  if ((flags & VERSION_MASK) !== VERSION || byteLength > LARGEST_PAYLOAD) return undefined;
  return { request: view.getUint32(0, true), needsReply: (flags & F_NEED_REPLY) !== 0, byteLength };
}

/** A reply: the payload is one number of 64 bits, or two of 32. */
export function reply(request: number, value: bigint | readonly [number, number]): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, request, true);
  view.setUint32(4, VERSION | F_REPLY, true);
  view.setUint32(8, 8, true);
  if (typeof value === "bigint") {
    view.setBigUint64(MESSAGE_HEADER_BYTES, value, true);
  } else {
    view.setUint32(MESSAGE_HEADER_BYTES, value[0], true);
    view.setUint32(MESSAGE_HEADER_BYTES + 4, value[1], true);
  }
  return bytes;
}
