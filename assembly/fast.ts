// The ordinary exchange in one piece: a plain SMT area, nothing in flight, nobody watching. It leaves behind exactly
// what `send`, `serveArea` and `settleArea` leave behind one after the other, without writing down the states in
// between, which nobody can see: three times as fast (bench/README.md). Anything unusual is left to those three;
// test/assembly/fast.test.ts holds the two ways together.

import { answer } from "./dispatch";
import * as header from "./header";
import {
  CHANNEL_AREA,
  CHANNEL_CLAIM,
  CHANNEL_KIND,
  CHANNEL_MAX_PAYLOAD,
  CHANNEL_OUTSTANDING,
  CHANNEL_RESPONSES,
  CHANNEL_SENT,
  COMMAND_ASYNC,
  COMMAND_INTERRUPT,
  CORE_OBSERVE,
  HEADER_BYTES,
  INSTANCE_LIVE,
  INSTANCE_QUARANTINED,
  INSTANCE_TOKEN_NEXT,
  INSTANCE_TOKEN_SPACE,
  NO_HEADER,
  SMT_FLAGS,
  SMT_FLAGS_INTERRUPT,
  SMT_HEADER,
  SMT_LENGTH,
  SMT_PAYLOAD,
  SMT_STATUS,
  SMT_STATUS_FREE,
  TOKEN_COUNT,
} from "./layout";
import { bytesOf, NEEDS_HOST, REPLY_ROOM } from "./reply";
import { copy, copyInline, increment } from "./words";

/** In place of a byte length: this exchange is not ordinary, and nothing was done. */
export const UNUSUAL: i32 = -1;

/** Exchanges a command of `instance` with its parameters at `from`. Returns the payload bytes of the answer, which
 *  stands in the area, or UNUSUAL. The header went out with the token before INSTANCE_TOKEN_NEXT. */
export function exchange(
  core: usize,
  channel: usize,
  instance: usize,
  command: u32,
  from: usize,
  byteLength: u32,
  now: f64,
): i32 {
  // With threads the other half may be at work in between
  if (ASC_FEATURE_THREADS) return UNUSUAL;
  if (
    load<u32>(core, CORE_OBSERVE) |
    load<u32>(channel, CHANNEL_KIND) |
    load<u32>(channel, CHANNEL_CLAIM) |
    (load<u32>(channel, CHANNEL_OUTSTANDING) ^ NO_HEADER) |
    load<u32>(instance, INSTANCE_LIVE) |
    load<u32>(instance, INSTANCE_QUARANTINED) |
    load<u32>(instance, INSTANCE_TOKEN_SPACE) |
    (command & COMMAND_ASYNC)
  ) {
    return UNUSUAL;
  }
  const limit = load<u32>(channel, CHANNEL_MAX_PAYLOAD);
  const area = core + load<u32>(channel, CHANNEL_AREA);
  if (!(load<u32>(area, SMT_STATUS) & SMT_STATUS_FREE) || byteLength > limit || limit < REPLY_ROOM) return UNUSUAL;

  const token = load<u32>(instance, INSTANCE_TOKEN_NEXT) & (TOKEN_COUNT - 1);
  const word = header.pack(command, token);
  // Nobody looks before the answer is there: only what it leaves behind is written. The parameters are the sender's, who waits, so
  // that they need no copy to be judged
  const payload = area + SMT_PAYLOAD;
  move(payload, from, byteLength);
  const result = answer(core, channel, instance, word, from, byteLength, payload, limit, now);
  if (result == NEEDS_HOST) return UNUSUAL;
  const replyBytes = bytesOf(result, payload);
  store<u32>(area, command & COMMAND_INTERRUPT ? SMT_FLAGS_INTERRUPT : 0, SMT_FLAGS);
  store<u32>(area, HEADER_BYTES + replyBytes, SMT_LENGTH);
  store<u32>(area, word, SMT_HEADER);
  store<u32>(area, SMT_STATUS_FREE, SMT_STATUS);
  store<u32>(instance, (token + 1) & (TOKEN_COUNT - 1), INSTANCE_TOKEN_NEXT);
  increment(channel + CHANNEL_SENT);
  increment(channel + CHANNEL_RESPONSES);
  return replyBytes;
}

/** `copy`, with the lengths of the hot commands first, and word by word: two words written one by one are read one by one, for a
 *  wider read would wait until both have left the store buffer. */
export function move(to: usize, from: usize, byteLength: u32): void {
  if (byteLength > 20 || byteLength & 3) copy(to, from, byteLength);
  else if (byteLength) moveWords(to, from, byteLength);
}

/** The same for an answer, of 4 bytes and more. What is long was written as a word, the status, and what follows it from there on:
 *  so it is read. */
export function moveAnswer(to: usize, from: usize, byteLength: u32): void {
  if (byteLength > 20 || byteLength & 3) {
    store<u32>(to, load<u32>(from));
    copyInline(to + 4, from + 4, byteLength - 4);
  } else {
    moveWords(to, from, byteLength);
  }
}

/** One to five words. */
function moveWords(to: usize, from: usize, byteLength: u32): void {
  store<u32>(to, load<u32>(from));
  if (byteLength == 4) return;
  store<u32>(to, load<u32>(from, 4), 4);
  if (byteLength == 8) return;
  store<u32>(to, load<u32>(from, 8), 8);
  if (byteLength == 12) return;
  store<u32>(to, load<u32>(from, 12), 12);
  if (byteLength == 16) return;
  store<u32>(to, load<u32>(from, 16), 16);
}
