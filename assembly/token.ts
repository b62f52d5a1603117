// Tokens of an SCMI instance: which are in flight, which are in quarantine, which comes next (docs/abi.md section 4).
//
//   small   8 slots. Live tokens are found by looking at the instance's xfers, quarantined ones in a short list
//           in order of age. Nothing but the instance's own cache line is touched while nobody gives up.
//   full    1,024 slots: a bitmap for the search, an entry a token with the xfer that waits, or the quarantine record
//           and its neighbours in order of age.

import * as header from "./header";
import {
  INSTANCE_LIVE,
  INSTANCE_QUARANTINE,
  INSTANCE_QUARANTINED,
  INSTANCE_TOKEN_NEXT,
  INSTANCE_TOKEN_SPACE,
  INSTANCE_XFER_COUNT,
  INSTANCE_XFER_FIRST,
  NO_INDEX,
  NO_TOKEN,
  QUARANTINE_BYTES,
  QUARANTINE_CHANNEL,
  QUARANTINE_HEADER,
  QUARANTINE_OWES_DELAYED,
  QUARANTINE_OWES_RESPONSE,
  SMALL_SLOTS,
  TOKEN_COUNT,
  TOKENS_BITMAP,
  TOKENS_ENTRIES,
  TOKENS_ENTRY_OLDER,
  TOKENS_ENTRY_QUARANTINE,
  TOKENS_ENTRY_SHIFT,
  TOKENS_ENTRY_XFER,
  TOKENS_ENTRY_YOUNGER,
  TOKENS_OLDEST,
  TOKENS_YOUNGEST,
  XFER_AWAITING_DELAYED,
  XFER_HEADER,
  XFER_POSTED,
  XFER_STATE,
} from "./layout";
import { xferAt } from "./table";

/** Taken in place of an xfer that has no token: all are in flight. */
export const NONE: i32 = -1;
/** Added to a taken token when an older one had to be recycled for it. */
export const RECYCLED: i32 = 0x10000;

/** Takes the first free token at or after the search start, for the xfer with index `xfer`. */
export function take(core: usize, instance: usize, xfer: u32): i32 {
  const next = load<u32>(instance, INSTANCE_TOKEN_NEXT) & (TOKEN_COUNT - 1);
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  if (space) return takeFull(core + space, instance, xfer, next);
  if (load<u32>(instance, INSTANCE_LIVE) | load<u32>(instance, INSTANCE_QUARANTINED)) {
    return takeSmall(core, instance, next);
  }
  store<u32>(instance, 1, INSTANCE_LIVE);
  store<u32>(instance, (next + 1) & (TOKEN_COUNT - 1), INSTANCE_TOKEN_NEXT);
  return next;
}

/** Puts a live token back: its command was answered. */
export function put(core: usize, instance: usize, token: u32): void {
  if (!ASC_NO_ASSERT) assert(load<u32>(instance, INSTANCE_LIVE) > 0, "token put twice");
  store<u32>(instance, load<u32>(instance, INSTANCE_LIVE) - 1, INSTANCE_LIVE);
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  if (space) {
    setFree(core + space, token);
    store<u32>(entryOf(core + space, token), NO_INDEX, TOKENS_ENTRY_XFER);
  }
}

/** The xfer in flight with this token, or NO_INDEX. */
export function find(core: usize, instance: usize, token: u32): u32 {
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  if (space) return load<u32>(entryOf(core + space, token), TOKENS_ENTRY_XFER);
  const first = load<u32>(instance, INSTANCE_XFER_FIRST);
  const end = first + load<u32>(instance, INSTANCE_XFER_COUNT);
  for (let i = first; i < end; i++) {
    const xfer = xferAt(core, i);
    const state = load<u32>(xfer, XFER_STATE);
    if (state != XFER_POSTED && state != XFER_AWAITING_DELAYED) continue;
    if (header.token(load<u32>(xfer, XFER_HEADER)) == token) return i;
  }
  return <u32>NO_INDEX;
}

/** Moves a live token into quarantine: `owes` says which answers may still come on or for `channel`. */
export function quarantine(core: usize, instance: usize, channel: u32, command: u32, owes: u32): void {
  store<u32>(instance, load<u32>(instance, INSTANCE_LIVE) - 1, INSTANCE_LIVE);
  const held = load<u32>(instance, INSTANCE_QUARANTINED);
  store<u32>(instance, held + 1, INSTANCE_QUARANTINED);
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  let record: usize;
  if (space) {
    const token = header.token(command);
    const entry = entryOf(core + space, token);
    store<u32>(entry, NO_INDEX, TOKENS_ENTRY_XFER);
    append(core + space, token, entry);
    record = entry + TOKENS_ENTRY_QUARANTINE;
  } else {
    record = core + load<u32>(instance, INSTANCE_QUARANTINE) + held * QUARANTINE_BYTES;
  }
  store<u32>(record, command | owes, QUARANTINE_HEADER);
  store<u32>(record, channel, QUARANTINE_CHANNEL);
}

/** The quarantine record of a token, or 0. Valid until a token enters or leaves quarantine. */
export function quarantined(core: usize, instance: usize, token: u32): usize {
  const held = load<u32>(instance, INSTANCE_QUARANTINED);
  if (!held) return 0;
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  if (space) {
    const record = entryOf(core + space, token) + TOKENS_ENTRY_QUARANTINE;
    return load<u32>(record, QUARANTINE_HEADER) ? record : 0;
  }
  const list = core + load<u32>(instance, INSTANCE_QUARANTINE);
  for (let i: u32 = 0; i < held; i++) {
    const record = list + i * QUARANTINE_BYTES;
    if (header.token(load<u32>(record, QUARANTINE_HEADER)) == token) return record;
  }
  return 0;
}

/** Ends the quarantine of a token. */
export function forgive(core: usize, instance: usize, token: u32): void {
  const held = load<u32>(instance, INSTANCE_QUARANTINED);
  const space = load<u32>(instance, INSTANCE_TOKEN_SPACE);
  if (space) {
    const entry = entryOf(core + space, token);
    if (!load<u32>(entry + TOKENS_ENTRY_QUARANTINE, QUARANTINE_HEADER)) return;
    unlink(core + space, entry);
    setFree(core + space, token);
    store<u32>(instance, held - 1, INSTANCE_QUARANTINED);
    return;
  }
  const list = core + load<u32>(instance, INSTANCE_QUARANTINE);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < held; i++) {
    const record = load<u64>(list + i * QUARANTINE_BYTES);
    if (header.token(<u32>record) == token) continue;
    store<u64>(list + kept * QUARANTINE_BYTES, record);
    kept++;
  }
  store<u32>(instance, kept, INSTANCE_QUARANTINED);
}

/** Ends the quarantine of every token that was sent on `channel`. */
export function forgiveChannel(core: usize, instance: usize, channel: u32): void {
  for (let token: u32 = 0; token < <u32>TOKEN_COUNT; token++) {
    const record = quarantined(core, instance, token);
    if (record && load<u32>(record, QUARANTINE_CHANNEL) == channel) forgive(core, instance, token);
  }
}

/** Makes a full token space of zeroed bytes. */
export function clear(space: usize): void {
  store<u32>(space, NO_TOKEN, TOKENS_OLDEST);
  store<u32>(space, NO_TOKEN, TOKENS_YOUNGEST);
  for (let token: u32 = 0; token < <u32>TOKEN_COUNT; token++) {
    store<u32>(entryOf(space, token), NO_INDEX, TOKENS_ENTRY_XFER);
  }
}

function takeSmall(core: usize, instance: usize, next: u32): i32 {
  const live = load<u32>(instance, INSTANCE_LIVE);
  let recycled = 0;
  if (live + load<u32>(instance, INSTANCE_QUARANTINED) >= <u32>SMALL_SLOTS) {
    if (!load<u32>(instance, INSTANCE_QUARANTINED)) return NONE;
    const oldest = core + load<u32>(instance, INSTANCE_QUARANTINE);
    forgive(core, instance, header.token(load<u32>(oldest, QUARANTINE_HEADER)));
    recycled = RECYCLED;
  }
  let token = next;
  while (find(core, instance, token) != NO_INDEX || quarantined(core, instance, token)) {
    token = (token + 1) & (TOKEN_COUNT - 1);
  }
  store<u32>(instance, live + 1, INSTANCE_LIVE);
  store<u32>(instance, (token + 1) & (TOKEN_COUNT - 1), INSTANCE_TOKEN_NEXT);
  return token | recycled;
}

function takeFull(space: usize, instance: usize, xfer: u32, next: u32): i32 {
  let token = firstFree(space, next);
  let recycled = 0;
  if (token < 0) {
    token = load<u32>(space, TOKENS_OLDEST);
    if (token == NO_TOKEN) return NONE;
    unlink(space, entryOf(space, token));
    store<u32>(instance, load<u32>(instance, INSTANCE_QUARANTINED) - 1, INSTANCE_QUARANTINED);
    recycled = RECYCLED;
  }
  const word = space + TOKENS_BITMAP + ((token >>> 6) << 3);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (token & 63)));
  store<u32>(entryOf(space, token), xfer, TOKENS_ENTRY_XFER);
  store<u32>(instance, load<u32>(instance, INSTANCE_LIVE) + 1, INSTANCE_LIVE);
  store<u32>(instance, (token + 1) & (TOKEN_COUNT - 1), INSTANCE_TOKEN_NEXT);
  return token | recycled;
}

/** The start only moves forward (modulo TOKEN_COUNT), so a late answer cannot meet a fresh command. */
function firstFree(space: usize, next: u32): i32 {
  const WORDS: u32 = TOKEN_COUNT >>> 6;
  let word = next >>> 6;
  let free = ~load<u64>(space + (word << 3), TOKENS_BITMAP) & (u64.MAX_VALUE << (next & 63));
  for (let tried: u32 = 0; tried <= WORDS; tried++) {
    // The first word is seen twice: its tail, then whole
    if (free) return (word << 6) + <u32>ctz(free);
    word = (word + 1) & (WORDS - 1);
    free = ~load<u64>(space + (word << 3), TOKENS_BITMAP);
  }
  return NONE;
}

function entryOf(space: usize, token: u32): usize {
  return space + TOKENS_ENTRIES + (token << TOKENS_ENTRY_SHIFT);
}

function setFree(space: usize, token: u32): void {
  const word = space + TOKENS_BITMAP + ((token >>> 6) << 3);
  store<u64>(word, load<u64>(word) & ~((<u64>1) << (token & 63)));
}

function append(space: usize, token: u32, entry: usize): void {
  const youngest = load<u32>(space, TOKENS_YOUNGEST);
  store<u16>(entry, <u16>youngest, TOKENS_ENTRY_OLDER);
  store<u16>(entry, <u16>NO_TOKEN, TOKENS_ENTRY_YOUNGER);
  if (youngest == NO_TOKEN) store<u32>(space, token, TOKENS_OLDEST);
  else store<u16>(entryOf(space, youngest), <u16>token, TOKENS_ENTRY_YOUNGER);
  store<u32>(space, token, TOKENS_YOUNGEST);
}

function unlink(space: usize, entry: usize): void {
  const older: u32 = load<u16>(entry, TOKENS_ENTRY_OLDER);
  const younger: u32 = load<u16>(entry, TOKENS_ENTRY_YOUNGER);
  if (older == NO_TOKEN) store<u32>(space, younger, TOKENS_OLDEST);
  else store<u16>(entryOf(space, older), <u16>younger, TOKENS_ENTRY_YOUNGER);
  if (younger == NO_TOKEN) store<u32>(space, older, TOKENS_YOUNGEST);
  else store<u16>(entryOf(space, younger), <u16>older, TOKENS_ENTRY_OLDER);
  store<u32>(entry + TOKENS_ENTRY_QUARANTINE, 0, QUARANTINE_HEADER);
}

/** What an answer of this type, with this status, leaves owed. */
export function owedAfter(owes: u32, isDelayed: bool, status: i32): u32 {
  if (isDelayed) return owes & ~QUARANTINE_OWES_DELAYED;
  return status == 0 ? owes & ~QUARANTINE_OWES_RESPONSE : 0;
}
