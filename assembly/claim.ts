// Claims: commands that the platform has taken out of their channel. Claim 0 is the scratch claim, always warm; a
// command that has to wait (for the host, or for its time) moves to a claim of its own.

import {
  CHANNEL_CLAIM,
  CHANNEL_INDEX,
  CLAIM_CHANNEL,
  CLAIM_FREE,
  CLAIM_NEXT,
  CLAIM_STATE,
  CORE_CLAIM_FREE,
  CORE_CLAIM_REPLY,
  CORE_CLAIMS,
  CORE_MAX_PAYLOAD,
  TABLE_COUNT,
} from "./layout";
import { channelAt, claimAt } from "./table";

/** The payload of the answer; its header word stands directly before. */
export function replyOf(core: usize, claim: usize): usize {
  return claim + load<u32>(core, CORE_CLAIM_REPLY);
}

export function hasFree(core: usize): bool {
  return load<u32>(core, CORE_CLAIM_FREE) != 0;
}

/** Moves the scratch claim to a free one and returns its index. The caller has asked `hasFree`. */
export function keep(core: usize, state: u32): i32 {
  const index = load<u32>(core, CORE_CLAIM_FREE);
  const claim = claimAt(core, index);
  store<u32>(core, load<u32>(claim, CLAIM_NEXT), CORE_CLAIM_FREE);
  const scratch = claimAt(core, 0);
  memory.copy(claim, scratch, load<u32>(core, CORE_CLAIM_REPLY) + load<u32>(core, CORE_MAX_PAYLOAD));
  store<u32>(claim, state, CLAIM_STATE);
  return index;
}

export function free(core: usize, index: u32): void {
  const claim = claimAt(core, index);
  const channel = channelAt(core, load<u32>(claim, CLAIM_CHANNEL));
  if (load<u32>(channel, CHANNEL_CLAIM) == index) store<u32>(channel, 0, CHANNEL_CLAIM);
  store<u32>(claim, CLAIM_FREE, CLAIM_STATE);
  store<u32>(claim, load<u32>(core, CORE_CLAIM_FREE), CLAIM_NEXT);
  store<u32>(core, index, CORE_CLAIM_FREE);
}

/** Forgets every claim of a channel: its transport was reset. */
export function dropChannel(core: usize, channel: usize): void {
  const count = load<u32>(core, CORE_CLAIMS + TABLE_COUNT);
  const index = load<u32>(channel, CHANNEL_INDEX);
  for (let i: u32 = 1; i < count; i++) {
    const claim = claimAt(core, i);
    if (load<u32>(claim, CLAIM_STATE) != CLAIM_FREE && load<u32>(claim, CLAIM_CHANNEL) == index) free(core, i);
  }
}
