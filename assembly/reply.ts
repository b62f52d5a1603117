// How a handler answers: with the byte length of status and return values in the claim's reply.

import { STATUS_BYTES } from "./layout";

/** In place of a length: the host has to answer. */
export const NEEDS_HOST: i32 = -1;

/** Bytes that the longest answer of fixed length takes (CLOCK_RATE_GET). */
export const REPLY_ROOM: u32 = 12;

/** The status word alone: every failing answer, and SUCCESS of a command without return values. */
export function status(reply: usize, code: i32): i32 {
  store<i32>(reply, code);
  return STATUS_BYTES;
}
