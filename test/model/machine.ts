/**
 * The machine of the model as one plain value, so that `structuredClone` is a snapshot: Maps and arrays, no layout.
 */

export type XferState = "IDLE" | "ACQUIRED" | "POSTED" | "AWAITING_DELAYED" | "DONE" | "TIMED_OUT" | "ABORTED";

export type Fault =
  | "NOTHING"
  | "INDEX"
  | "STATE"
  | "BUSY"
  | "LENGTH"
  | "NO_XFER"
  | "NO_TOKEN"
  | "NO_CLAIM"
  | "CHANNEL_KIND"
  | "STALE"
  | "RESPONSE_TIMEOUT"
  | "DELAYED_TIMEOUT"
  | "MALFORMED"
  | "CHANNEL_ERROR"
  | "CHANNEL_RESET";

/** What a call gives back: an index, count or state; `OK` = some number ≥ 0 that means nothing; or a fault. */
export type Result = number | XferState | "OK" | Fault;

export interface Counters {
  sent: number;
  responses: number;
  delayed: number;
  notifications: number;
  timeouts: number;
  unexpected: number;
  malformed: number;
  dropped: number;
  recycled: number;
  late: number;
  aborted: number;
  errors: number;
  spurious: number;
  badCommands: number;
  p2aBusy: number;
}

export interface SmtArea {
  framing: "SMT";
  status: number;
  flags: number;
  length: number;
  header: number;
  payload: number[];
}

export interface MsgArea {
  framing: "MSG";
  header: number;
  payload: number[];
  /** Bytes of the message in the area; 0 = the area belongs to the caller of the channel. */
  messageBytes: number;
  /** Bytes of the answer in the area; 0 = none yet. */
  answerBytes: number;
}

export type Area = SmtArea | MsgArea;

export interface Channel {
  index: number;
  instance: number;
  isP2a: boolean;
  isHeld: boolean;
  area: Area | undefined;
  limit: number;
  timeoutNs: number;
  delayedTimeoutNs: number;
  /** Whose command is in the area. */
  posted: number | undefined;
  /** The command whose caller gave up, or was served out of order, while the platform has the area. */
  outstanding: number | undefined;
  /** The last foreign header found in the area. */
  stray: number | undefined;
  /** The claim that the platform holds on the area. */
  claim: number | undefined;
  counters: Counters;
}

export interface Xfer {
  index: number;
  instance: number;
  state: XferState;
  /** `undefined` where the page does not say what stands there. */
  fault: Fault | 0 | undefined;
  payload: number[] | undefined;
  /** Of the last command; kept after release. */
  header: number | undefined;
  channel: number | undefined;
  isAsync: boolean;
  deadline: number;
}

export interface Quarantined {
  header: number;
  channel: number;
  owesResponse: boolean;
  owesDelayed: boolean;
}

export interface Instance {
  index: number;
  /** Which agent the platform sees behind this instance. */
  agent: number;
  slots: number;
  nextToken: number;
  /** Token → xfer in flight. */
  live: Map<number, number>;
  /** Token → what is still to come; a Map keeps the order of arrival, so the first entry is the oldest. */
  quarantine: Map<number, Quarantined>;
}

export interface Claim {
  channel: number;
  header: number;
  state: "CLAIMED" | "STAGED";
  reply: number[];
}

export interface Notification {
  channel: number;
  header: number;
  payload: number[];
}

/** How the platform answers one message: return values, or by the host. */
export type Handler =
  | { readonly kind: "host" }
  | { readonly kind: "constant"; readonly reply: readonly number[]; readonly requestBytes: number };

export interface Machine {
  instances: Instance[];
  channels: Channel[];
  xfers: Xfer[];
  p2aRing: Notification[];
  p2aCapacity: number;
  claims: Map<number, Claim>;
  claimCapacity: number;
  /** What xfers and claims hold; an area may be larger. */
  maxPayload: number;
  /** `protocol << 8 | message` → handler. */
  handlers: Map<number, Handler>;
  /** Protocol → agents that may use it. */
  protocols: Map<number, number[]>;
  /** What the last call judged, for coverage: headers and where they came in. */
  judged: { channel: number; header: number }[];
}

export interface MachineSetup {
  readonly instances: readonly { readonly agent: number; readonly xfers: number; readonly slots: number }[];
  readonly channels: readonly {
    readonly instance: number;
    readonly isP2a: boolean;
    readonly isHeld?: boolean;
    readonly framing: "SMT" | "MSG";
    /** Payload bytes that the area has room for; undefined = no area. */
    readonly areaPayload: number | undefined;
    readonly limit: number;
  }[];
  readonly p2aCapacity: number;
  readonly claimCapacity: number;
  readonly maxPayload: number;
  readonly handlers: ReadonlyMap<number, Handler>;
  readonly protocols: ReadonlyMap<number, readonly number[]>;
}

export const FREE = 1;
export const ERROR = 2;

export function createMachine(setup: MachineSetup): Machine {
  const xfers: Xfer[] = [];
  for (const [instance, { xfers: count }] of setup.instances.entries()) {
    for (let added = 0; added < count; added++) {
      xfers.push({
        index: xfers.length,
        instance,
        state: "IDLE",
        fault: undefined,
        payload: undefined,
        header: undefined,
        channel: undefined,
        isAsync: false,
        deadline: 0,
      });
    }
  }
  return {
    instances: setup.instances.map(({ agent, slots }, index) => ({
      index,
      agent,
      slots,
      nextToken: 0,
      live: new Map(),
      quarantine: new Map(),
    })),
    channels: setup.channels.map((channel, index) => ({
      index,
      instance: channel.instance,
      isP2a: channel.isP2a,
      isHeld: channel.isHeld ?? false,
      area: channel.areaPayload === undefined ? undefined : createArea(channel.framing, channel.areaPayload),
      limit: channel.limit,
      timeoutNs: 30e6,
      delayedTimeoutNs: 2e9,
      posted: undefined,
      outstanding: undefined,
      stray: undefined,
      claim: undefined,
      counters: {
        sent: 0,
        responses: 0,
        delayed: 0,
        notifications: 0,
        timeouts: 0,
        unexpected: 0,
        malformed: 0,
        dropped: 0,
        recycled: 0,
        late: 0,
        aborted: 0,
        errors: 0,
        spurious: 0,
        badCommands: 0,
        p2aBusy: 0,
      },
    })),
    xfers,
    p2aRing: [],
    p2aCapacity: setup.p2aCapacity,
    claims: new Map(),
    claimCapacity: setup.claimCapacity,
    maxPayload: setup.maxPayload,
    handlers: new Map(setup.handlers),
    protocols: new Map([...setup.protocols].map(([id, agents]) => [id, [...agents]])),
    judged: [],
  };
}

function createArea(framing: "SMT" | "MSG", payloadBytes: number): Area {
  const payload = new Array<number>(payloadBytes).fill(0);
  return framing === "SMT"
    ? { framing, status: FREE, flags: 0, length: 0, header: 0, payload }
    : { framing, header: 0, payload, messageBytes: 0, answerBytes: 0 };
}

export function isInFlight(xfer: Xfer): boolean {
  return xfer.state === "POSTED" || xfer.state === "AWAITING_DELAYED";
}

export function isOwned(xfer: Xfer): boolean {
  return xfer.state !== "IDLE" && !isInFlight(xfer);
}

export function tokenOf(header: number): number {
  return (header >>> 18) & 1023;
}

export function typeOf(header: number): number {
  return (header >>> 8) & 3;
}

/** The header of the command that this could be the answer to. */
export function asCommand(header: number): number {
  return (header & ~0x300) >>> 0;
}

export function word(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

/** The status that opens a payload, or undefined when there is none. */
export function statusOf(payload: readonly number[]): number | undefined {
  const [a, b, c, d] = payload;
  return a === undefined || b === undefined || c === undefined || d === undefined
    ? undefined
    : a | (b << 8) | (c << 16) | (d << 24);
}

/** An indexed record that is known to exist. */
export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`model: no record ${index}`);
  return item;
}

export function isFree(area: Area): boolean {
  return area.framing === "SMT" ? (area.status & FREE) !== 0 : area.messageBytes === 0;
}

export function free(area: Area): void {
  if (area.framing === "SMT") area.status = FREE;
  else area.messageBytes = 0;
}

export interface Found {
  readonly header: number;
  /** Payload bytes as the peer says; may be negative or far more than there are. */
  readonly byteLength: number;
  /** The payload, as much of it as there can be. */
  readonly payload: readonly number[];
  readonly hasError: boolean;
}

/** The answer that stands in an area. */
export function answerIn(area: Area): Found {
  const length = area.framing === "SMT" ? area.length : area.answerBytes;
  return {
    header: area.header,
    byteLength: length - 4,
    payload: area.payload.slice(0, Math.max(0, length - 4)),
    hasError: area.framing === "SMT" && (area.status & ERROR) !== 0,
  };
}

/** Writes into the payload of an area; bytes behind keep what they had. */
export function putPayload(area: Area, payload: readonly number[]): void {
  for (const [index, byte] of payload.entries()) area.payload[index] = byte;
}
