import { STATUS, statusName } from "../errors.ts";
import { PROTOCOL_ID, type Release } from "../protocols/index.ts";
import { decodeHeader, fieldAt, MESSAGE_TYPE, type Protocol, STATUS_BYTES, versionText } from "../wire/index.ts";
import type { Decoded, DecodedFastChannel, DecodedLog, DecodedMessage, Pairing, TraceSummary } from "./decoded.ts";
import type {
  FastChannelEvent,
  LogEvent,
  MessageEvent,
  MessageKind,
  Refusal,
  ResponseWaitEvent,
  RxDoneEvent,
  TraceEvent,
  XferBeginEvent,
  XferEndEvent,
} from "./event.ts";
import { Machine } from "./machine.ts";
import { NXP_PROTOCOLS } from "./nxp.ts";
import { decodePayload, fits, judgeStatus, nameOf, viewOf } from "./payload.ts";
import { Summary } from "./summary.ts";
import { hexId, Tables } from "./tables.ts";
import { versionOfSet } from "./versions.ts";
import { type Paired, spanUs, type Xfer } from "./xfers.ts";

/** How a {@link TraceDecoder} reads what the trace leaves open. */
export interface DecoderOptions {
  /** Release whose versions are assumed until the platform reports its own; the newest unless said. */
  readonly profile?: Release;
  /** Whose vendor protocols they are; what `BASE_DISCOVER_VENDOR` answers in the trace unless said. */
  readonly vendor?: string;
  /** Tables of vendor protocols besides those of NXP. */
  readonly vendorProtocols?: readonly Protocol[];
}

/** Linux gives a command up with this errno. */
const ETIMEDOUT = -110;

const VERSION = 0x0;
const NEGOTIATE = 0x10;
const DISCOVER_VENDOR = 0x3;

/** An exchange between `scmi_xfer_begin` and its command. */
interface Begun {
  readonly protocolId: number;
  readonly messageId: number;
  readonly timeUs: number | undefined;
  isAnswered: boolean;
}

const NOTHING: readonly undefined[] = [];

const ROLE_BY_TYPE: readonly MessageKind[] = ["response", "response", "delayedResponse", "notification"];

const REFUSALS: Readonly<Record<Refusal, string>> = {
  unexpected: "its receiver did not expect it: nobody waited for the token",
  invalid: "its receiver refused it: the exchange was not in a state for this type of message",
  unknownType: "its receiver refused it: the message type is reserved",
  noMemory: "its receiver had no buffer and threw it away",
  spurious: "the interrupt was spurious: the channel was still busy",
};

/** Makes named messages of {@link TraceEvent}s and pairs them, one event after the other, in bounded memory. */
export class TraceDecoder {
  readonly #tables: Tables;
  readonly #profile: Release;
  readonly #summary: Summary;
  readonly #machines = new Map<number, Machine>();
  /** Exchanges whose command has begun and was not seen yet, by token. */
  readonly #begun = new Map<number, Begun>();
  #hasDumps = false;
  #fromLog: { protocolId: number; version: number }[] = [];
  #timeoutMs: number | undefined;
  #lastUs: number | undefined;

  constructor({ profile = "3.2", vendor, vendorProtocols = [] }: DecoderOptions = {}) {
    this.#tables = new Tables([...NXP_PROTOCOLS, ...vendorProtocols]);
    this.#profile = profile;
    this.#summary = new Summary(this.#tables);
    if (vendor !== undefined && this.#tables.setVendor(vendor) === 0) {
      throw new RangeError(
        `"vendor" expected one with a table (${this.#tables.vendorNames.join(", ")}), got "${vendor}"`,
      );
    }
  }

  /** Takes the next event.
   *  @returns what it decodes to; `undefined` for an event that is only part of an exchange */
  take(event: TraceEvent): Decoded | undefined {
    if (event.timeUs !== undefined) this.#lastUs = event.timeUs;
    switch (event.kind) {
      case "message":
        this.#hasDumps = true;
        return this.#message(event);
      case "xferBegin":
        return this.#begin(event);
      case "responseWait":
        return this.#wait(event);
      case "rxDone":
        return this.#received(event);
      case "xferEnd":
        return this.#end(event);
      case "fastChannel":
        return this.#fastChannel(event);
      case "log":
        return this.#log(event);
    }
  }

  /** How much a header word looks like one: 0 not at all, 1 perhaps, 2 its protocol is known, 3 its message is, too. */
  likeness(header: number): 0 | 1 | 2 | 3 {
    const { protocolId, messageId, messageType } = decodeHeader(header);
    if (header >>> 28 !== 0 || messageType === 1 || protocolId < PROTOCOL_ID.BASE) return 0;
    if (!this.#tables.table(protocolId)) return 1;
    const isNotification = messageType === MESSAGE_TYPE.NOTIFICATION;
    const known = isNotification
      ? this.#tables.notification(protocolId, messageId)
      : this.#tables.command(protocolId, messageId);
    return known ? 3 : 2;
  }

  /** Whether a payload has the layout of any message with this header. */
  fitsAny(header: number, payload: Uint8Array, instance = 0): boolean {
    const { protocolId, messageId, messageType } = decodeHeader(header);
    const known = this.#machine(instance).versions.of(protocolId);
    const roles: readonly MessageKind[] =
      messageType === 0 ? ["command", "response"] : [ROLE_BY_TYPE[messageType] ?? "response"];
    return known !== undefined && roles.some((role) => fits(known, role, messageId, payload));
  }

  /** What a message is that only shows its bytes: a response where a command waits for it and it fits, else whatever it fits.
   *  @param payload behind the header
   *  @param likelier for bytes that could be either; a response unless an id looks like a failure by chance */
  guessRole(header: number, payload: Uint8Array, likelier?: MessageKind, instance = 0): MessageKind {
    const { protocolId, messageId, messageType, token } = decodeHeader(header);
    if (messageType === MESSAGE_TYPE.NOTIFICATION) return "notification";
    if (messageType === MESSAGE_TYPE.DELAYED_RESPONSE) return "delayedResponse";
    const machine = this.#machine(instance);
    const waits = machine.xfers.find(protocolId, messageId, token)?.isAnswered === false;
    const known = machine.versions.of(protocolId);
    if (!known) return waits && payload.byteLength >= STATUS_BYTES ? "response" : "command";
    const isCommand = fits(known, "command", messageId, payload);
    const isResponse = fits(known, "response", messageId, payload);
    if (isCommand !== isResponse) return isResponse ? "response" : "command";
    if (waits && payload.byteLength >= STATUS_BYTES) return "response";
    return likelier ?? (isCommand && looksFailed(payload) ? "response" : "command");
  }

  /** Something odd that belongs to no message: for the summary. */
  note(finding: string): void {
    this.#summary.note(finding);
  }

  /** Input that could not be read.
   *  @param line its number, from 1; 0 where it has none */
  skip(line: number, reason: string): void {
    this.#summary.skip(line, reason);
  }

  /** What there is to say about everything so far. The decoder may go on afterwards. */
  summary(): TraceSummary {
    return this.#summary.report(this.#machines.values(), this.#lastUs, this.#timeoutMs);
  }

  #machine(instance = 0): Machine {
    let machine = this.#machines.get(instance);
    if (!machine) {
      machine = new Machine(this.#tables, this.#profile);
      for (const { protocolId, version } of this.#fromLog) machine.versions.learn(protocolId, version);
      this.#machines.set(instance, machine);
    }
    return machine;
  }

  #message(event: MessageEvent): DecodedMessage {
    const { role, protocolId, messageId, token, timeUs, payload, refusal } = event;
    const machine = this.#machine(event.instance);
    const known = machine.versions.of(protocolId);
    const findings: string[] = [];
    if (event.reservedType) findings.push("message type 1 is reserved");
    if (event.headerReserved) findings.push(`reserved header bits 31:28 are ${hexId(event.headerReserved)}`);

    const hasStatus = role === "response" || role === "delayedResponse";
    let status: number | undefined;
    if (hasStatus && refusal === undefined) {
      status = event.status;
      if (payload && payload.byteLength >= STATUS_BYTES) status = viewOf(payload).getInt32(0, true);
      else if (payload) findings.push(`the payload has ${payload.byteLength} bytes: not even a status`);
    }

    let fields: unknown;
    let version = known?.version;
    const isReadable = payload !== undefined && (!hasStatus || status === STATUS.SUCCESS);
    if (known && isReadable) {
      const decoded = decodePayload(known, role, messageId, payload, findings, event.mayBeCut);
      fields = decoded?.fields;
      version = decoded?.version ?? version;
    }
    if (hasStatus && status !== undefined) {
      judgeStatus(status, known?.set.commandById(messageId), payload?.byteLength, findings);
    }

    const paired = this.#pair(machine, event, fields, status);
    let pairing = paired?.pairing;
    if (refusal !== undefined) {
      // That the receiver refused it is known; why is told by the exchange.
      pairing = refusalPairing(refusal, paired);
      findings.push(REFUSALS[refusal]);
    }
    if (paired?.finding !== undefined) findings.push(paired.finding);
    const latencyUs = paired?.xfer && spanUs(paired.xfer.sentUs, timeUs);
    if (paired?.xfer && fields !== undefined && known) this.#learn(machine, paired.xfer, role, fields, findings);

    // One shape for all: there are millions.
    const message: DecodedMessage = {
      kind: role,
      protocol: known ? known.set.protocol.name : hexId(protocolId),
      message: this.#nameOf(event, version),
      token,
      status,
      statusName: status === undefined ? undefined : statusName(status),
      fields,
      timeUs,
      latencyUs,
      findings,
      pairing,
      protocolId,
      messageId,
      version: known && version !== undefined ? versionText(version) : undefined,
      versionFrom: known?.from,
      instance: event.instance,
      channel: event.channel,
      payload: fields === undefined && payload !== undefined && payload.byteLength > 0 ? hexOf(payload) : undefined,
    };
    const told = pairing === undefined ? NOTHING : [paired?.finding, refusal && REFUSALS[refusal]];
    this.#summary.count(message, paired?.xfer, told);
    return message;
  }

  /** The message's place in its exchange. */
  #pair(machine: Machine, event: MessageEvent, fields: unknown, status: number | undefined): Paired | undefined {
    const { role, protocolId, messageId, token, timeUs } = event;
    // A spurious interrupt shows whatever the area holds, the command itself for one.
    if (role === "notification" || event.refusal === "spurious") return undefined;
    const begun = this.#begunBy(event);
    if (role === "response") {
      if (begun && !begun.isAnswered) {
        // On another processor an answer may be traced before its command.
        begun.isAnswered = true;
        this.#open(machine, this.#xfer(machine, { ...event, timeUs: begun.timeUs }, undefined));
      }
      return machine.xfers.answer(protocolId, messageId, token, timeUs, status ?? 0);
    }
    if (role === "delayedResponse") return machine.xfers.answerDelayed(protocolId, messageId, token);
    this.#begun.delete(token);
    if (!begun?.isAnswered) this.#open(machine, this.#xfer(machine, event, fields));
    return undefined;
  }

  #open(machine: Machine, xfer: Xfer): void {
    const lost = machine.xfers.open(xfer);
    if (lost) this.#summary.lose(lost);
  }

  #begunBy({ protocolId, messageId, token }: MessageEvent): Begun | undefined {
    const begun = this.#begun.get(token);
    return begun?.protocolId === protocolId && begun.messageId === messageId ? begun : undefined;
  }

  #xfer(machine: Machine, { protocolId, messageId, token, timeUs }: MessageEvent, request: unknown): Xfer {
    const at = machine.versions.of(protocolId)?.set.commandById(messageId);
    const delayed = at?.command.delayedResponse;
    const wantsDelayed =
      delayed !== undefined &&
      request !== undefined &&
      fieldAt(request, delayed.when) === true &&
      !(delayed.unless !== undefined && fieldAt(request, delayed.unless) === true);
    return {
      protocolId,
      messageId,
      token,
      sentUs: timeUs,
      request,
      at,
      wantsDelayed,
      waitingUs: undefined,
      timeoutMs: this.#timeoutMs,
      isAnswered: false,
      status: undefined,
      hasDelayed: false,
      isGivenUp: false,
      reuses: 0,
    };
  }

  /** What a response teaches about the rest of the trace. */
  #learn(machine: Machine, xfer: Xfer, role: MessageKind, fields: unknown, findings: string[]): void {
    const { protocolId, messageId, request, at } = xfer;
    if (role !== "response") return;
    const word = messageId === VERSION ? fieldAt(fields, "version") : undefined;
    if (typeof word === "number") machine.versions.learn(protocolId, word);
    const agreed = messageId === NEGOTIATE && request !== undefined ? fieldAt(request, "version") : undefined;
    if (typeof agreed === "number") machine.versions.learn(protocolId, agreed);
    if (protocolId === PROTOCOL_ID.BASE && messageId === DISCOVER_VENDOR) {
      const vendor = fieldAt(fields, "vendorIdentifier");
      if (typeof vendor === "string") this.#tables.setVendor(vendor);
    }
    if (at) machine.lists.judge(at, protocolId, request, fields, findings);
  }

  #nameOf(
    { protocolId, messageId, role }: Pick<MessageEvent, "protocolId" | "messageId" | "role">,
    version: number | undefined,
  ): string {
    const table = this.#tables.table(protocolId);
    const named =
      table &&
      (nameOf(versionOfSet(table, version), role, messageId) ?? nameOf(table.at(table.newestVersion), role, messageId));
    return named ?? hexId(messageId);
  }

  #begin({ protocolId, messageId, token, timeUs }: XferBeginEvent): undefined {
    this.#begun.set(token, { protocolId, messageId, timeUs, isAnswered: false });
    return undefined;
  }

  #wait(event: ResponseWaitEvent): DecodedMessage | undefined {
    const { protocolId, messageId, token, timeoutMs, timeUs } = event;
    this.#timeoutMs = timeoutMs;
    const xfer = this.#find(event);
    if (xfer && !xfer.isGivenUp) {
      xfer.timeoutMs = timeoutMs;
      xfer.waitingUs = timeUs;
      return undefined;
    }
    if (this.#hasDumps) return undefined;
    // Only the other events were traced: the command is known by its header alone.
    const message = this.#message({ kind: "message", role: "command", protocolId, messageId, token, timeUs });
    const opened = this.#find(event);
    if (opened) opened.timeoutMs = timeoutMs;
    return message;
  }

  #received({ protocolId, messageId, token, messageType, timeUs }: RxDoneEvent): DecodedMessage | undefined {
    if (this.#hasDumps) return undefined;
    const role = ROLE_BY_TYPE[messageType] ?? "response";
    return this.#message({ kind: "message", role, protocolId, messageId, token, timeUs });
  }

  #end(event: XferEndEvent): DecodedMessage | undefined {
    const { protocolId, messageId, token, status, timeUs } = event;
    const xfer = this.#find(event);
    if (!xfer || xfer.isAnswered) return undefined;
    if (status === ETIMEDOUT) {
      xfer.isGivenUp = true;
      this.#summary.timeOut();
      return undefined;
    }
    if (this.#hasDumps) return undefined;
    return this.#message({ kind: "message", role: "response", protocolId, messageId, token, timeUs });
  }

  /** The exchange of an event that does not say which instance it is of. */
  #find({ protocolId, messageId, token }: ResponseWaitEvent | XferEndEvent): Xfer | undefined {
    for (const machine of this.#machines.values()) {
      const xfer = machine.xfers.find(protocolId, messageId, token);
      if (xfer) return xfer;
    }
    return undefined;
  }

  #fastChannel({ protocolId, messageId, domainId, values, timeUs }: FastChannelEvent): DecodedFastChannel {
    const message: DecodedFastChannel = {
      kind: "fastChannel",
      protocol: this.#tables.protocolName(protocolId),
      message: this.#tables.commandName(protocolId, messageId),
      fields: { domainId, ...this.#machine().fastChannelFields(protocolId, messageId, values) },
      ...(timeUs === undefined ? {} : { timeUs }),
      findings: [],
      protocolId,
      messageId,
    };
    this.#summary.countFastChannel(message);
    return message;
  }

  #log(event: LogEvent): DecodedLog {
    const { severity, text, meaning, timeUs, version, timeoutMs, vendor } = event;
    if (vendor !== undefined) this.#tables.setVendor(vendor);
    if (version) {
      this.#fromLog.push(version);
      for (const machine of this.#machines.values()) machine.versions.learn(version.protocolId, version.version);
    }
    if (timeoutMs !== undefined) this.#timeoutMs = timeoutMs;
    this.#summary.countLog(event);
    return {
      ...{ kind: "log", severity, text, findings: meaning === "" ? [] : [meaning] },
      ...(timeUs === undefined ? {} : { timeUs }),
      ...(event.header === undefined ? {} : this.#addressed(event.header)),
    };
  }

  #addressed(header: number): Pick<DecodedLog, "protocol" | "message" | "token"> {
    const { protocolId, messageId, messageType, token } = decodeHeader(header);
    const role = messageType === MESSAGE_TYPE.NOTIFICATION ? "notification" : "command";
    const message = this.#nameOf({ protocolId, messageId, role }, undefined);
    return { protocol: this.#tables.protocolName(protocolId), message, token };
  }
}

/** A status alone, and no id: Base names the agent that asks 0xffffffff, which is -1. */
function looksFailed(payload: Uint8Array): boolean {
  if (payload.byteLength !== STATUS_BYTES) return false;
  const status = viewOf(payload).getInt32(0, true);
  return status < STATUS.NOT_SUPPORTED && status >= STATUS.PARTIAL_ERROR;
}

function refusalPairing(refusal: Refusal, paired: Paired | undefined): Pairing {
  if (paired?.pairing !== undefined) return paired.pairing;
  // Its command was sent, and the receiver knew nothing of it any more.
  return paired?.xfer && refusal === "unexpected" ? "late" : "unexpected";
}

/** Two digits a byte. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
