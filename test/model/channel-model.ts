/**
 * An independent model of the agent half: xfers, tokens and channels, written from docs/abi.md sections 3–5. It shares
 * no code with the core: what the two have in common is the page they were written from.
 */

import {
  answerIn,
  asCommand,
  at,
  type Channel,
  type Fault,
  type Found,
  free,
  isFree,
  isInFlight,
  isOwned,
  type Machine,
  type Notification,
  putPayload,
  type Result,
  statusOf,
  tokenOf,
  typeOf,
  type Xfer,
  type XferState,
} from "./machine.ts";

const SUCCESS = 0;
const TOKENS = 1024;

// Tokens

/** Takes the next token for an xfer, freeing the one that has been in quarantine for longest when no slot is left. */
function takeToken(machine: Machine, channel: Channel, xfer: Xfer): number | undefined {
  const instance = at(machine.instances, channel.instance);
  if (instance.live.size + instance.quarantine.size >= instance.slots) {
    const oldest = instance.quarantine.keys().next();
    if (oldest.done) return undefined;
    instance.quarantine.delete(oldest.value);
    channel.counters.recycled++;
  }
  let token = instance.nextToken % TOKENS;
  while (instance.live.has(token) || instance.quarantine.has(token)) token = (token + 1) % TOKENS;
  instance.nextToken = (token + 1) % TOKENS;
  instance.live.set(token, xfer.index);
  return token;
}

function putToken(machine: Machine, xfer: Xfer): void {
  at(machine.instances, xfer.instance).live.delete(tokenOf(headerOf(xfer)));
}

function quarantine(machine: Machine, xfer: Xfer, owesResponse: boolean, owesDelayed: boolean): void {
  const header = headerOf(xfer);
  putToken(machine, xfer);
  at(machine.instances, xfer.instance).quarantine.set(tokenOf(header), {
    header,
    channel: channelOf(machine, xfer).index,
    owesResponse,
    owesDelayed,
  });
}

function headerOf(xfer: Xfer): number {
  if (xfer.header === undefined) throw new Error(`model: xfer ${xfer.index} was never posted`);
  return xfer.header;
}

function channelOf(machine: Machine, xfer: Xfer): Channel {
  if (xfer.channel === undefined) throw new Error(`model: xfer ${xfer.index} was never posted`);
  return at(machine.channels, xfer.channel);
}

// Xfers

/** Ends an xfer without an answer that could be read. */
function fail(xfer: Xfer, fault: Fault): void {
  xfer.state = "DONE";
  xfer.fault = fault;
  xfer.payload = [];
}

/** The command leaves its area without its response: the area stays with the platform. */
function leaveArea(channel: Channel, xfer: Xfer): void {
  if (!channel.area || channel.posted !== xfer.index) return;
  channel.posted = undefined;
  channel.outstanding = xfer.header;
}

/** The caller gave up, or the deadline did. */
function giveUp(machine: Machine, xfer: Xfer, state: XferState, fault: Fault | undefined): void {
  const channel = channelOf(machine, xfer);
  const owesResponse = xfer.state === "POSTED";
  leaveArea(channel, xfer);
  quarantine(machine, xfer, owesResponse, xfer.isAsync);
  xfer.state = state;
  xfer.fault = fault;
  xfer.payload = undefined;
}

function expire(machine: Machine, xfer: Xfer): void {
  channelOf(machine, xfer).counters.timeouts++;
  giveUp(machine, xfer, "TIMED_OUT", xfer.state === "POSTED" ? "RESPONSE_TIMEOUT" : "DELAYED_TIMEOUT");
}

// Judging answers

/**
 * Judges an answer by sections 3 and 4; gives back the xfer that made progress. `channel` is where it came in:
 * counters and payload limit are of that channel.
 */
function judge(machine: Machine, channel: Channel, found: Found, now: number): number | undefined {
  machine.judged.push({ channel: channel.index, header: found.header });
  const instance = at(machine.instances, channel.instance);
  const token = tokenOf(found.header);
  const type = typeOf(found.header);
  const command = asCommand(found.header);

  // An A2P area holds responses and nothing else; type 1 is nowhere.
  if (type === 1 || (type !== 0 && channel.area && !channel.isP2a)) {
    channel.counters.malformed++;
    return undefined;
  }

  const owner = instance.live.get(token);
  if (owner !== undefined) {
    const xfer = at(machine.xfers, owner);
    const hasHeader = command === xfer.header;
    if (hasHeader && type === 0 && xfer.channel === channel.index && xfer.state === "POSTED") {
      return respond(machine, channel, xfer, found, now);
    }
    if (hasHeader && type === 2 && (xfer.state === "AWAITING_DELAYED" || xfer.isAsync)) {
      return respondDelayed(machine, channel, xfer, found);
    }
    channel.counters.malformed++;
    return undefined;
  }

  const lost = instance.quarantine.get(token);
  if (!lost) {
    channel.counters.unexpected++;
    return undefined;
  }
  const isOwedResponse = type === 0 && lost.owesResponse && lost.channel === channel.index;
  const isOwedDelayed = type === 2 && lost.owesDelayed;
  if (command !== lost.header || !(isOwedResponse || isOwedDelayed)) {
    channel.counters.malformed++;
    return undefined;
  }
  channel.counters.late++;
  if (isOwedDelayed) lost.owesDelayed = false;
  else lost.owesResponse = false;
  // Without SUCCESS no delayed response will come.
  if (isOwedResponse && statusOf(found.payload) !== SUCCESS) lost.owesDelayed = false;
  if (!lost.owesResponse && !lost.owesDelayed) instance.quarantine.delete(token);
  return undefined;
}

/** True when the answer could not be read, and the xfer has been ended for it. */
function isUnreadable(channel: Channel, xfer: Xfer, found: Found): boolean {
  if (found.hasError) {
    channel.counters.errors++;
    fail(xfer, "CHANNEL_ERROR");
  } else if (found.byteLength < 4 || found.byteLength > channel.limit) {
    channel.counters.malformed++;
    fail(xfer, "MALFORMED");
  } else {
    return false;
  }
  return true;
}

function respond(machine: Machine, channel: Channel, xfer: Xfer, found: Found, now: number): number {
  channel.posted = undefined;
  if (isUnreadable(channel, xfer, found)) {
    putToken(machine, xfer); // no more is expected
    if (channel.area && !isFree(channel.area)) {
      // ERROR without FREE: the platform still has the area, and this answer will stand in it when it comes back.
      channel.outstanding = found.header;
      channel.stray = found.header;
    }
    return xfer.index;
  }
  channel.counters.responses++;
  xfer.fault = 0;
  xfer.payload = [...found.payload];
  if (xfer.isAsync && statusOf(found.payload) === SUCCESS) {
    xfer.state = "AWAITING_DELAYED";
    xfer.deadline = now + channel.delayedTimeoutNs;
  } else {
    xfer.state = "DONE";
    putToken(machine, xfer);
  }
  return xfer.index;
}

function respondDelayed(machine: Machine, channel: Channel, xfer: Xfer, found: Found): number {
  const isEarly = xfer.state === "POSTED";
  leaveArea(channelOf(machine, xfer), xfer);
  // Whatever this one is worth, the response that it overtook is still to come.
  if (isEarly) quarantine(machine, xfer, true, false);
  else putToken(machine, xfer);
  if (isUnreadable(channel, xfer, found)) return xfer.index;
  channel.counters.delayed++;
  xfer.state = "DONE";
  xfer.fault = 0;
  xfer.payload = [...found.payload];
  return xfer.index;
}

/** Takes in a late answer, once the platform has given the area back. */
function takeLate(machine: Machine, channel: Channel, now: number): number | undefined {
  const { area } = channel;
  if (!area || channel.outstanding === undefined || !isFree(area)) return undefined;
  channel.outstanding = undefined;
  const found = answerIn(area);
  if (found.header === channel.stray) return undefined; // was judged while its command was in flight
  return judge(machine, channel, found, now);
}

/** Looks into the area of an A2P channel. */
function look(machine: Machine, channel: Channel, now: number): number | undefined {
  const { area } = channel;
  if (!area) return undefined;
  if (channel.posted === undefined) return takeLate(machine, channel, now);
  const found = answerIn(area);
  if (!isFree(area) && !found.hasError) return undefined;
  const xfer = at(machine.xfers, channel.posted);
  if (found.header !== xfer.header) {
    if (found.header === channel.stray) return undefined;
    channel.stray = found.header;
    // ERROR without a matching header says nothing about the command of that header.
    return judge(machine, channel, { ...found, hasError: false }, now);
  }
  return judge(machine, channel, found, now);
}

// Calls of the agent half

export function acquire(machine: Machine, index: number): number[] | Fault {
  const instance = machine.instances[index];
  if (!instance) return "INDEX";
  const idle = machine.xfers.filter((xfer) => xfer.instance === index && xfer.state === "IDLE");
  return idle.length === 0 ? "NO_XFER" : idle.map((xfer) => xfer.index);
}

/** The core chose one of the xfers that `acquire` offers. */
export function acquired(machine: Machine, index: number): void {
  const xfer = at(machine.xfers, index);
  xfer.state = "ACQUIRED";
  xfer.fault = undefined;
  xfer.payload = undefined;
}

export function release(machine: Machine, index: number): Result {
  const xfer = machine.xfers[index];
  if (!xfer) return "INDEX";
  if (!isOwned(xfer)) return "STATE";
  xfer.state = "IDLE";
  return "OK";
}

export interface Command {
  readonly protocol: number;
  readonly message: number;
  readonly isAsync: boolean;
  readonly wantsInterrupt: boolean;
  readonly byteLength: number;
  /** The parameters; `byteLength` of them when the length is legal. */
  readonly payload: readonly number[];
}

export function post(machine: Machine, channelIndex: number, xferIndex: number, command: Command, now: number): Result {
  const channel = machine.channels[channelIndex];
  const xfer = machine.xfers[xferIndex];
  if (!channel || !xfer) return "INDEX";
  if (!isOwned(xfer)) return "STATE";
  if (channel.isP2a || channel.instance !== xfer.instance) return "CHANNEL_KIND";
  if (command.byteLength < 0 || command.byteLength > channel.limit) return "LENGTH";
  const { area } = channel;
  if (area) {
    if (channel.posted !== undefined) return "BUSY";
    takeLate(machine, channel, now);
    if (!isFree(area)) return "BUSY";
  }
  const token = takeToken(machine, channel, xfer);
  if (token === undefined) return "NO_TOKEN";

  xfer.state = "POSTED";
  xfer.fault = 0;
  xfer.header = ((token << 18) | (command.protocol << 10) | command.message) >>> 0;
  xfer.channel = channelIndex;
  xfer.isAsync = command.isAsync;
  xfer.payload = command.payload.slice(0, command.byteLength);
  xfer.deadline = now + channel.timeoutNs;
  channel.counters.sent++;
  if (area) {
    channel.posted = xferIndex;
    channel.stray = undefined;
    area.header = xfer.header;
    putPayload(area, xfer.payload);
    if (area.framing === "SMT") {
      area.flags = command.wantsInterrupt ? 1 : 0;
      area.length = 4 + command.byteLength;
      area.status = 0;
    } else {
      area.messageBytes = 4 + command.byteLength;
      area.answerBytes = 0;
    }
  }
  return "OK";
}

export function settle(machine: Machine, index: number, now: number): Result {
  const channel = machine.channels[index];
  if (!channel) return "INDEX";
  if (!channel.area || channel.isP2a) return "CHANNEL_KIND";
  return look(machine, channel, now) ?? "NOTHING";
}

export function poll(machine: Machine, index: number, now: number): Result {
  const xfer = machine.xfers[index];
  if (!xfer) return "INDEX";
  if (isInFlight(xfer)) look(machine, channelOf(machine, xfer), now);
  if (isInFlight(xfer) && now >= xfer.deadline) expire(machine, xfer);
  return xfer.state;
}

export function abort(machine: Machine, index: number): Result {
  const xfer = machine.xfers[index];
  if (!xfer) return "INDEX";
  if (!isInFlight(xfer)) return "STATE";
  channelOf(machine, xfer).counters.aborted++;
  giveUp(machine, xfer, "ABORTED", undefined);
  return "OK";
}

export function setDeadline(machine: Machine, index: number, deadline: number): Result {
  const xfer = machine.xfers[index];
  if (!xfer) return "INDEX";
  if (!isInFlight(xfer)) return "STATE";
  xfer.deadline = deadline;
  return "OK";
}

/** The xfers that `tick` retires one by one, in any order. */
export function expired(machine: Machine, now: number): number[] {
  return machine.xfers.filter((xfer) => isInFlight(xfer) && now >= xfer.deadline).map((xfer) => xfer.index);
}

/** `tick` retired this one. */
export function retired(machine: Machine, index: number): void {
  expire(machine, at(machine.xfers, index));
}

export function resetChannel(machine: Machine, index: number): Result {
  const channel = machine.channels[index];
  if (!channel) return "INDEX";
  let failed = 0;
  for (const xfer of machine.xfers) {
    if (!isInFlight(xfer) || xfer.channel !== index) continue;
    putToken(machine, xfer);
    fail(xfer, "CHANNEL_RESET");
    failed++;
  }
  const { quarantine } = at(machine.instances, channel.instance);
  for (const [token, lost] of quarantine) if (lost.channel === index) quarantine.delete(token);
  for (const [claim, { channel: claimed }] of machine.claims) if (claimed === index) machine.claims.delete(claim);
  channel.claim = undefined;
  channel.posted = undefined;
  channel.outstanding = undefined;
  channel.stray = undefined;
  if (channel.area) free(channel.area);
  return failed;
}

/** A message that came in on P2A, or by the host's hands. */
function arrive(machine: Machine, channel: Channel, found: Found, now: number): number | undefined {
  const type = typeOf(found.header);
  if (found.byteLength < 0 || (channel.isP2a && type < 2)) {
    channel.counters.malformed++;
    return undefined;
  }
  if (type !== 3) return judge(machine, channel, found, now);
  if (found.byteLength > channel.limit) {
    channel.counters.malformed++;
  } else if (machine.p2aRing.length === machine.p2aCapacity) {
    channel.counters.dropped++;
  } else {
    channel.counters.notifications++;
    machine.p2aRing.push({ channel: channel.index, header: found.header, payload: [...found.payload] });
  }
  return undefined;
}

export function deliver(
  machine: Machine,
  index: number,
  header: number,
  payload: readonly number[],
  byteLength: number,
  now: number,
): Result {
  const channel = machine.channels[index];
  if (!channel) return "INDEX";
  if (channel.area) return "CHANNEL_KIND";
  const found = {
    header,
    byteLength: byteLength - 4,
    payload: payload.slice(0, Math.max(0, byteLength - 4)),
    hasError: false,
  };
  return arrive(machine, channel, found, now) ?? "NOTHING";
}

export function drain(machine: Machine, index: number, now: number): Result {
  const channel = machine.channels[index];
  if (!channel) return "INDEX";
  const { area } = channel;
  if (!area || isFree(area)) return 0;
  const wantsAcknowledge = area.framing === "SMT" && (area.flags & 1) !== 0;
  const length = area.framing === "SMT" ? area.length : area.messageBytes;
  const found = {
    header: area.header,
    byteLength: length - 4,
    payload: area.payload.slice(0, Math.max(0, length - 4)),
    hasError: false,
  };
  free(area);
  arrive(machine, channel, found, now);
  return wantsAcknowledge ? 3 : 1;
}

/** The host reads entries of the P2A ring. */
export function readNotifications(machine: Machine, count: number): Notification[] {
  return machine.p2aRing.splice(0, count);
}
