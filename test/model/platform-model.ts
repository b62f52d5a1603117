/**
 * As much of the platform half as a scripted peer needs, written from docs/abi.md sections 5 and 6, and the peer's own
 * hand in the areas.
 */

import { type Command, post, settle } from "./channel-model.ts";
import {
  at,
  type Channel,
  type Claim,
  ERROR,
  FREE,
  isFree,
  type Machine,
  putPayload,
  type Result,
  typeOf,
  word,
} from "./machine.ts";

const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const DENIED = -3;
const NOT_FOUND = -4;
const PROTOCOL_ERROR = -10;

export interface Scribble {
  readonly status: number;
  readonly flags?: number;
  readonly length: number;
  readonly header: number;
  readonly payload: readonly number[];
}

/** The peer writes into an area; in MSG form `status` with FREE gives an A2P area back. */
export function scribble(machine: Machine, index: number, words: Scribble): void {
  const channel = at(machine.channels, index);
  const { area } = channel;
  if (!area) throw new Error(`model: channel ${index} has no area`);
  area.header = words.header;
  putPayload(area, words.payload.slice(0, area.payload.length));
  if (area.framing === "SMT") {
    area.length = words.length;
    area.status = words.status;
    if (words.flags !== undefined) area.flags = words.flags;
  } else if (channel.isP2a) {
    area.messageBytes = words.length;
  } else {
    area.answerBytes = words.length;
    area.messageBytes = 0;
  }
}

/** The answer of the platform without the host, as status and return values; "host" when only the host can tell. */
function answerOf(machine: Machine, channel: Channel, header: number, requestBytes: number): number[] | "host" {
  const { agent } = at(machine.instances, channel.instance);
  const protocol = (header >>> 10) & 0xff;
  const message = header & 0xff;
  if (typeOf(header) !== 0) return word(PROTOCOL_ERROR);
  const agents = machine.protocols.get(protocol);
  if (!agents) return word(NOT_SUPPORTED);
  if (!agents.includes(agent)) return word(DENIED);
  const handler = machine.handlers.get((protocol << 8) | message);
  if (!handler) return word(NOT_FOUND);
  if (handler.kind === "host") return "host";
  if (requestBytes !== handler.requestBytes) return word(PROTOCOL_ERROR);
  return [...word(SUCCESS), ...handler.reply];
}

/** The platform writes an answer into the area: payload, length, header, and FREE last. */
function answerInto(channel: Channel, header: number, answer: readonly number[]): void {
  const { area } = channel;
  if (!area) throw new Error(`model: channel ${channel.index} has no area`);
  const fitting = answer.length > channel.limit ? word(PROTOCOL_ERROR) : answer;
  putPayload(area, fitting);
  area.header = header;
  if (area.framing === "SMT") {
    area.length = 4 + fitting.length;
    area.status = FREE;
  } else {
    area.answerBytes = 4 + fitting.length;
    area.messageBytes = 0;
  }
}

export type Served = { readonly result: Result } | { readonly claim: Claim };

/** `serve`; a claim comes back without its index, which is the core's to choose: see `claimed`. */
export function serve(machine: Machine, index: number): Served {
  const channel = machine.channels[index];
  if (!channel) return { result: "INDEX" };
  const { area } = channel;
  if (!area) throw new Error("model: serve needs an area");
  if (channel.claim !== undefined) return { result: "BUSY" };
  if (isFree(area)) {
    channel.counters.spurious++;
    return { result: "NOTHING" };
  }
  const length = area.framing === "SMT" ? area.length : area.messageBytes;
  if (area.framing === "SMT" && (length < 4 || length - 4 > Math.min(area.payload.length, machine.maxPayload))) {
    if (length >= 4) {
      putPayload(area, word(PROTOCOL_ERROR));
      area.length = 8;
    }
    area.status = FREE | ERROR;
    channel.counters.badCommands++;
    return { result: 0 };
  }
  const header = area.header;
  const answer = answerOf(machine, channel, header, length - 4);
  if (answer !== "host" && !channel.isHeld) {
    answerInto(channel, header, answer);
    return { result: 0 };
  }
  if (machine.claims.size === machine.claimCapacity) return { result: "NO_CLAIM" };
  const claim: Claim =
    answer === "host"
      ? { channel: index, header, state: "CLAIMED", reply: [] }
      : { channel: index, header, state: "STAGED", reply: answer };
  return { claim };
}

/** The core chose this index for a claim of `serve`. */
export function claimed(machine: Machine, index: number, claim: Claim): void {
  machine.claims.set(index, claim);
  at(machine.channels, claim.channel).claim = index;
}

export function stage(machine: Machine, index: number, answer: readonly number[]): Result {
  const claim = machine.claims.get(index);
  if (index < 0 || index > machine.claimCapacity) return "INDEX";
  if (claim?.state !== "CLAIMED") return "STATE";
  if (answer.length < 4) return "LENGTH";
  claim.state = "STAGED";
  claim.reply = [...answer];
  return "OK";
}

export function publish(machine: Machine, index: number): Result {
  const claim = machine.claims.get(index);
  if (index < 0 || index > machine.claimCapacity) return "INDEX";
  if (claim?.state !== "STAGED") return "STATE";
  const channel = at(machine.channels, claim.channel);
  machine.claims.delete(index);
  channel.claim = undefined;
  if (channel.area && isFree(channel.area)) return "STALE";
  answerInto(channel, claim.header, claim.reply);
  return "OK";
}

export function sendP2a(machine: Machine, index: number, header: number, payload: readonly number[]): Result {
  const channel = machine.channels[index];
  if (!channel) return "INDEX";
  const { area } = channel;
  if (!channel.isP2a || !area) return "CHANNEL_KIND";
  if (payload.length > channel.limit) return "LENGTH";
  if (!isFree(area)) {
    channel.counters.p2aBusy++;
    return "BUSY";
  }
  area.header = header;
  putPayload(area, payload);
  if (area.framing === "SMT") {
    area.flags = 0;
    area.length = 4 + payload.length;
    area.status = 0;
  } else {
    area.messageBytes = 4 + payload.length;
  }
  return "OK";
}

/** `post`, `serve`, `settle` in one; a claim comes back as from `serve`. */
export function exchange(
  machine: Machine,
  channelIndex: number,
  xferIndex: number,
  command: Command,
  now: number,
): { readonly result: Result; readonly claim?: Claim } {
  const posted = post(machine, channelIndex, xferIndex, command, now);
  if (posted !== "OK") return { result: posted };
  const served = serve(machine, channelIndex);
  settle(machine, channelIndex, now);
  const { state } = at(machine.xfers, xferIndex);
  return "claim" in served ? { result: state, claim: served.claim } : { result: state };
}
