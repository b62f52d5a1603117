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
  CLAIM_REQUEST,
  COMMAND_ASYNC,
  COMMAND_INTERRUPT,
  CORE_OBSERVE,
  CORE_SCRATCH_CLAIM,
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
import { copy, increment } from "./words";

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
  const flags: u32 = command & COMMAND_INTERRUPT ? SMT_FLAGS_INTERRUPT : 0;
  store<u32>(area, flags, SMT_FLAGS);
  store<u32>(area, HEADER_BYTES + byteLength, SMT_LENGTH);
  store<u32>(area, word, SMT_HEADER);
  move(area + SMT_PAYLOAD, from, byteLength);
  store<u32>(area, 0, SMT_STATUS);

  // In by copy; the answer is written where the command stood
  const request = core + (CORE_SCRATCH_CLAIM + CLAIM_REQUEST);
  const payload = area + SMT_PAYLOAD;
  move(request, payload, byteLength);
  const result = answer(core, channel, instance, word, request, byteLength, payload, limit, now);
  if (result == NEEDS_HOST) {
    store<u32>(area, SMT_STATUS_FREE, SMT_STATUS);
    return UNUSUAL;
  }
  const replyBytes = bytesOf(result, payload);
  store<u32>(area, HEADER_BYTES + replyBytes, SMT_LENGTH);
  store<u32>(area, word, SMT_HEADER);
  store<u32>(area, SMT_STATUS_FREE, SMT_STATUS);
  store<u32>(instance, (token + 1) & (TOKEN_COUNT - 1), INSTANCE_TOKEN_NEXT);
  increment(channel + CHANNEL_SENT);
  increment(channel + CHANNEL_RESPONSES);
  return replyBytes;
}

/** `copy`, with the lengths of the hot commands first: two words written one by one are read one by one, for a wider
 *  read would wait until both have left the store buffer. */
export function move(to: usize, from: usize, byteLength: u32): void {
  if (byteLength == 4) {
    store<u32>(to, load<u32>(from));
  } else if (byteLength == 8) {
    store<u32>(to, load<u32>(from));
    store<u32>(to, load<u32>(from, 4), 4);
  } else {
    copy(to, from, byteLength);
  }
}
