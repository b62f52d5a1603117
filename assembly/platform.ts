// The platform half: commands in by copy, answers out in two phases. docs/abi.md sections 2, 5 and 6.

import * as areas from "./area";
import * as claims from "./claim";
import { answer } from "./dispatch";
import {
  CHANNEL_AREA,
  CHANNEL_CLAIM,
  CHANNEL_INDEX,
  CHANNEL_INSTANCE,
  CHANNEL_KIND,
  CHANNEL_MAX_PAYLOAD,
  CLAIM_AGENT,
  CLAIM_CHANNEL,
  CLAIM_CLAIMED,
  CLAIM_FLAGS,
  CLAIM_HEADER,
  CLAIM_REPLY_BYTES,
  CLAIM_REQUEST,
  CLAIM_REQUEST_BYTES,
  CLAIM_STAGED,
  CLAIM_STATE,
  CORE_CHANNELS,
  CORE_CLAIMS,
  CORE_EVENTS,
  CORE_MAX_PAYLOAD,
  CORE_OBSERVE,
  COUNTER_BAD_COMMANDS,
  COUNTER_SPURIOUS,
  FAULT_BUSY,
  FAULT_CHANNEL_KIND,
  FAULT_EVENTS_FULL,
  FAULT_INDEX,
  FAULT_LENGTH,
  FAULT_NO_CLAIM,
  FAULT_NOTHING,
  FAULT_STALE,
  FAULT_STATE,
  HEADER_BYTES,
  INSTANCE_AGENT,
  KIND_HOLD,
  KIND_MSG,
  KIND_P2A,
  MSG_PAYLOAD,
  OBSERVE_EVENTS,
  SMT_FLAGS,
  SMT_LENGTH,
  SMT_PAYLOAD,
  SMT_STATUS,
  SMT_STATUS_ERROR,
  SMT_STATUS_FREE,
  STATUS_BYTES,
  STATUS_PROTOCOL_ERROR,
  TRACE_PUBLISHED,
  TRACE_SERVED,
} from "./layout";
import { bytesOf, NEEDS_HOST } from "./reply";
import { channelAt, claimAt, countersOf, isRow, ringIsFull } from "./table";
import * as trace from "./trace";
import { copy, increment, releaseWord } from "./words";

export function serve(core: usize, channelIndex: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (load<u32>(channel, CHANNEL_KIND) & KIND_P2A || !load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  return serveArea(core, channel, now);
}

/** Serves the command in an A2P area. */
export function serveArea(core: usize, channel: usize, now: f64): i32 {
  const area = areas.at(core, channel);
  if (load<u32>(channel, CHANNEL_CLAIM)) return FAULT_BUSY;
  if (areas.isFree(channel, area)) {
    increment(countersOf(core, channel) + COUNTER_SPURIOUS);
    return FAULT_NOTHING;
  }
  if (!mayRecord(core)) return FAULT_EVENTS_FULL;

  // Each word once: from here on only what was read and copied counts
  const isMsg = areas.isMsg(channel);
  const flags = isMsg ? 0 : load<u32>(area, SMT_FLAGS);
  const bytes = areas.commandBytes(channel, area);
  const word = areas.header(channel, area);
  const byteLength = bytes - HEADER_BYTES;
  const claim = claimAt(core, 0);
  store<u32>(claim, flags, CLAIM_FLAGS);
  if (
    bytes < <u32>HEADER_BYTES ||
    byteLength > areas.capacity(channel) ||
    byteLength > load<u32>(core, CORE_MAX_PAYLOAD)
  ) {
    refuse(core, channel, area, bytes);
    return 0;
  }
  copy(claim + CLAIM_REQUEST, areas.payload(channel, area), byteLength);
  const result = consider(core, channel, claim, word, byteLength, now);
  if (result == PUBLISH) {
    areas.answer(channel, area, word, claims.replyOf(core, claim), load<u32>(claim, CLAIM_REPLY_BYTES));
    if (trace.isOn(core)) traceAnswer(core, channel, claim, now);
    return 0;
  }
  if (result > 0) store<u32>(channel, result, CHANNEL_CLAIM);
  return result;
}

export function serveStaged(core: usize, channelIndex: u32, at: usize, byteLength: u32, now: f64): i32 {
  if (!isRow(core, CORE_CHANNELS, channelIndex)) return FAULT_INDEX;
  const channel = channelAt(core, channelIndex);
  if (load<u32>(channel, CHANNEL_KIND) & KIND_P2A || load<u32>(channel, CHANNEL_AREA)) return FAULT_CHANNEL_KIND;
  if (!mayRecord(core)) return FAULT_EVENTS_FULL;
  const parameters = byteLength - HEADER_BYTES;
  if (byteLength < <u32>HEADER_BYTES || parameters > load<u32>(channel, CHANNEL_MAX_PAYLOAD)) {
    increment(countersOf(core, channel) + COUNTER_BAD_COMMANDS);
    return FAULT_LENGTH;
  }
  const claim = claimAt(core, 0);
  const word = load<u32>(at);
  store<u32>(claim, 0, CLAIM_FLAGS);
  copy(claim + CLAIM_REQUEST, at + MSG_PAYLOAD, parameters);
  const result = consider(core, channel, claim, word, parameters, now);
  if (result != PUBLISH) return result;
  store<u32>(claims.replyOf(core, claim) - HEADER_BYTES, word);
  if (trace.isOn(core)) traceAnswer(core, channel, claim, now);
  return 0;
}

export function stage(core: usize, index: u32, byteLength: u32): i32 {
  if (!index || !isRow(core, CORE_CLAIMS, index)) return FAULT_INDEX;
  const claim = claimAt(core, index);
  if (load<u32>(claim, CLAIM_STATE) != CLAIM_CLAIMED) return FAULT_STATE;
  if (byteLength < <u32>STATUS_BYTES) return FAULT_LENGTH;
  setReply(core, channelAt(core, load<u32>(claim, CLAIM_CHANNEL)), claim, byteLength);
  store<u32>(claim, CLAIM_STAGED, CLAIM_STATE);
  return 0;
}

export function publish(core: usize, index: u32, now: f64): i32 {
  if (!index || !isRow(core, CORE_CLAIMS, index)) return FAULT_INDEX;
  const claim = claimAt(core, index);
  if (load<u32>(claim, CLAIM_STATE) != CLAIM_STAGED) return FAULT_STATE;
  const channel = channelAt(core, load<u32>(claim, CLAIM_CHANNEL));
  let result = 0;
  if (load<u32>(channel, CHANNEL_AREA)) {
    const area = areas.at(core, channel);
    if (areas.isFree(channel, area)) {
      result = FAULT_STALE;
    } else {
      areas.answer(
        channel,
        area,
        load<u32>(claim, CLAIM_HEADER),
        claims.replyOf(core, claim),
        load<u32>(claim, CLAIM_REPLY_BYTES),
      );
    }
  }
  if (!result && trace.isOn(core)) traceAnswer(core, channel, claim, now);
  claims.free(core, index);
  return result;
}

/** The scratch claim holds the whole answer. */
const PUBLISH: i32 = 0;

/** Answers the command in the scratch claim: PUBLISH, the index of the claim it had to move to, or a fault. */
function consider(core: usize, channel: usize, claim: usize, word: u32, byteLength: u32, now: f64): i32 {
  const instance = core + load<u32>(channel, CHANNEL_INSTANCE);
  store<u32>(claim, load<u32>(channel, CHANNEL_INDEX), CLAIM_CHANNEL);
  store<u32>(claim, word, CLAIM_HEADER);
  store<u32>(claim, byteLength, CLAIM_REQUEST_BYTES);
  store<u32>(claim, load<u32>(instance, INSTANCE_AGENT), CLAIM_AGENT);
  const holds = (load<u32>(channel, CHANNEL_KIND) & KIND_HOLD) != 0;
  // Before anything changes: an answer that cannot be held must not have taken effect
  if (holds && !claims.hasFree(core)) return FAULT_NO_CLAIM;
  const request = claim + CLAIM_REQUEST;
  const reply = claims.replyOf(core, claim);
  const limit = load<u32>(channel, CHANNEL_MAX_PAYLOAD);
  const result = answer(core, channel, instance, word, request, byteLength, reply, limit, now);
  if (result == NEEDS_HOST && !claims.hasFree(core)) return FAULT_NO_CLAIM;
  if (trace.isOn(core)) trace.write(core, TRACE_SERVED, channel, word, 0, byteLength, request, byteLength, now);
  if (result == NEEDS_HOST) return keepClaim(core, claim, word, CLAIM_CLAIMED);
  setReply(core, channel, claim, bytesOf(result, reply));
  return holds ? keepClaim(core, claim, word, CLAIM_STAGED) : PUBLISH;
}

function keepClaim(core: usize, claim: usize, word: u32, state: u32): i32 {
  store<u32>(claims.replyOf(core, claim) - HEADER_BYTES, word);
  return claims.keep(core, state);
}

/** Takes `byteLength` bytes of the claim's reply for the answer, if the channel can carry them. */
function setReply(core: usize, channel: usize, claim: usize, byteLength: u32): void {
  if (byteLength > load<u32>(channel, CHANNEL_MAX_PAYLOAD)) {
    store<i32>(claims.replyOf(core, claim), STATUS_PROTOCOL_ERROR);
    byteLength = STATUS_BYTES;
  }
  store<u32>(claim, byteLength, CLAIM_REPLY_BYTES);
}

/** A command that cannot be read goes back with ERROR, so that its sender does not hang. */
function refuse(core: usize, channel: usize, area: usize, bytes: u32): void {
  increment(countersOf(core, channel) + COUNTER_BAD_COMMANDS);
  if (load<u32>(channel, CHANNEL_KIND) & KIND_MSG) {
    areas.free(channel, area);
    return;
  }
  if (bytes >= <u32>HEADER_BYTES) {
    store<i32>(area, STATUS_PROTOCOL_ERROR, SMT_PAYLOAD);
    store<u32>(area, HEADER_BYTES + STATUS_BYTES, SMT_LENGTH);
  }
  releaseWord(area + SMT_STATUS, SMT_STATUS_FREE | SMT_STATUS_ERROR);
}

/** True unless events are observed and the next one would not fit. */
function mayRecord(core: usize): bool {
  return !(load<u32>(core, CORE_OBSERVE) & OBSERVE_EVENTS) || !ringIsFull(core + CORE_EVENTS);
}

function traceAnswer(core: usize, channel: usize, claim: usize, now: f64): void {
  const reply = claims.replyOf(core, claim);
  const bytes = load<u32>(claim, CLAIM_REPLY_BYTES);
  trace.write(
    core,
    TRACE_PUBLISHED,
    channel,
    load<u32>(claim, CLAIM_HEADER),
    load<i32>(reply),
    bytes,
    reply,
    bytes,
    now,
  );
}
