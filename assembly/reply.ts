// How a handler answers: above 0, with the bytes of status SUCCESS and return values that it wrote; below 0, with the SCMI
// status that is the whole answer; or with NEEDS_HOST.

import { STATUS_BYTES, STATUS_SUCCESS } from "./layout";

/** Nothing has changed: the host has to answer. */
export const NEEDS_HOST: i32 = 0;

/** Bytes that the longest answer of fixed length takes (CLOCK_RATE_GET). */
export const REPLY_ROOM: u32 = 12;

/** SUCCESS of a command without return values. */
export function success(reply: usize): i32 {
  store<i32>(reply, STATUS_SUCCESS);
  return STATUS_BYTES;
}

/** The bytes of an answer that is not NEEDS_HOST; writes the status word of a failing one. */
export function bytesOf(result: i32, reply: usize): i32 {
  if (result > 0) return result;
  store<i32>(reply, result);
  return STATUS_BYTES;
}
