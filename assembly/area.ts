// One message in an area that two sides own in turn, in either framing (docs/abi.md section 5).
//
//   SMT   0x04 status · 0x10 flags · 0x14 length (header + payload) · 0x18 header · 0x1c payload…
//   MSG   0x00 header · 0x04 payload…; whose turn it is, and the byte count, stand in the channel record

import {
  CHANNEL_ANSWER_BYTES,
  CHANNEL_AREA,
  CHANNEL_AREA_BYTES,
  CHANNEL_KIND,
  CHANNEL_MESSAGE_BYTES,
  CHANNEL_OUTSTANDING,
  CHANNEL_POSTED,
  HEADER_BYTES,
  KIND_FOREIGN,
  KIND_MSG,
  MSG_HEADER,
  MSG_PAYLOAD,
  NO_HEADER,
  NO_INDEX,
  SMT_FLAGS,
  SMT_HEADER,
  SMT_LENGTH,
  SMT_PAYLOAD,
  SMT_STATUS,
  SMT_STATUS_ERROR,
  SMT_STATUS_FREE,
} from "./layout";
import { acquireWord, copy, releaseWord } from "./words";

export function at(core: usize, channel: usize): usize {
  return core + load<u32>(channel, CHANNEL_AREA);
}

export function isMsg(channel: usize): bool {
  return (load<u32>(channel, CHANNEL_KIND) & KIND_MSG) != 0;
}

/** Payload bytes that fit the area. */
export function capacity(channel: usize): u32 {
  return load<u32>(channel, CHANNEL_AREA_BYTES) - (isMsg(channel) ? MSG_PAYLOAD : SMT_PAYLOAD);
}

/** True when the caller of the channel may write: nothing is posted, or it was answered. */
export function isFree(channel: usize, area: usize): bool {
  if (isMsg(channel)) return acquireWord(channel + CHANNEL_MESSAGE_BYTES) == 0;
  return (acquireWord(area + SMT_STATUS) & SMT_STATUS_FREE) != 0;
}

/** The status bits that end an exchange; MSG has no ERROR. */
export function answeredBits(channel: usize, area: usize): u32 {
  if (isMsg(channel)) return acquireWord(channel + CHANNEL_MESSAGE_BYTES) ? 0 : SMT_STATUS_FREE;
  return acquireWord(area + SMT_STATUS) & (SMT_STATUS_FREE | SMT_STATUS_ERROR);
}

/** Frames a message in an area that is free and hands it over. */
export function post(channel: usize, area: usize, flags: u32, header: u32, payload: usize, byteLength: u32): void {
  if (isMsg(channel)) {
    store<u32>(area, header, MSG_HEADER);
    copy(area + MSG_PAYLOAD, payload, byteLength);
    store<u32>(channel, 0, CHANNEL_ANSWER_BYTES);
    releaseWord(channel + CHANNEL_MESSAGE_BYTES, HEADER_BYTES + byteLength);
    return;
  }
  store<u32>(area, flags, SMT_FLAGS);
  store<u32>(area, HEADER_BYTES + byteLength, SMT_LENGTH);
  store<u32>(area, header, SMT_HEADER);
  copy(area + SMT_PAYLOAD, payload, byteLength);
  // Last, and whole: ERROR of the exchange before goes too
  releaseWord(area + SMT_STATUS, 0);
}

/** Writes an answer where the command stood and hands the area back. `header` is the word that came in. */
export function answer(channel: usize, area: usize, header: u32, payload: usize, byteLength: u32): void {
  if (isMsg(channel)) {
    copy(area + MSG_PAYLOAD, payload, byteLength);
    store<u32>(area, header, MSG_HEADER);
    store<u32>(channel, HEADER_BYTES + byteLength, CHANNEL_ANSWER_BYTES);
    releaseWord(channel + CHANNEL_MESSAGE_BYTES, 0);
    return;
  }
  copy(area + SMT_PAYLOAD, payload, byteLength);
  store<u32>(area, HEADER_BYTES + byteLength, SMT_LENGTH);
  store<u32>(area, header, SMT_HEADER);
  releaseWord(area + SMT_STATUS, SMT_STATUS_FREE);
}

/** The header word of the message in the area. */
export function header(channel: usize, area: usize): u32 {
  return isMsg(channel) ? load<u32>(area, MSG_HEADER) : load<u32>(area, SMT_HEADER);
}

export function payload(channel: usize, area: usize): usize {
  return area + (isMsg(channel) ? MSG_PAYLOAD : SMT_PAYLOAD);
}

/** Bytes of header and payload, as the writer states them: not to be trusted. */
export function commandBytes(channel: usize, area: usize): u32 {
  return isMsg(channel) ? load<u32>(channel, CHANNEL_MESSAGE_BYTES) : load<u32>(area, SMT_LENGTH);
}

export function answerBytes(channel: usize, area: usize): u32 {
  return isMsg(channel) ? load<u32>(channel, CHANNEL_ANSWER_BYTES) : load<u32>(area, SMT_LENGTH);
}

/** Makes the area the caller's again, with nothing in it that could be taken for an answer. */
export function free(channel: usize, area: usize): void {
  if (isMsg(channel)) {
    store<u32>(channel, 0, CHANNEL_ANSWER_BYTES);
    releaseWord(channel + CHANNEL_MESSAGE_BYTES, 0);
  } else {
    releaseWord(area + SMT_STATUS, SMT_STATUS_FREE);
  }
}

/** Nothing is posted on the channel, and its area, if it has one of its own, is its caller's. */
export function reset(core: usize, channel: usize): void {
  store<u32>(channel, NO_INDEX, CHANNEL_POSTED);
  store<u32>(channel, NO_HEADER, CHANNEL_OUTSTANDING);
  const isOwn = !(load<u32>(channel, CHANNEL_KIND) & KIND_FOREIGN);
  if (load<u32>(channel, CHANNEL_AREA) && isOwn) free(channel, at(core, channel));
}
