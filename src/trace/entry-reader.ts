import type { Core } from "../core/core.ts";
import { FAULT } from "../core/faults.ts";
import type { CoreTraceEntry } from "../core/trace-ring.ts";
import { decodeHeader } from "../wire/index.ts";
import type { MessageEvent, MessageKind, Refusal, TraceEvent } from "./event.ts";

/** Linux's number for "timed out", which `scmi_xfer_end` carries. */
const ETIMEDOUT = -110;

const ROLE_BY_TYPE: readonly MessageKind[] = ["response", "response", "delayedResponse", "notification"];

/** Makes events of the entries of a core's trace ring. */
export class EntryReader {
  readonly #core: Core;
  readonly #side: "agent" | "platform";
  /** Number of the next exchange. */
  #transferId = 1;
  /** Exchanges that have not ended, by instance and token. */
  readonly #transfers = new Map<number, number>();

  constructor(core: Core, side: "agent" | "platform") {
    this.#core = core;
    this.#side = side;
  }

  read(entry: CoreTraceEntry, emit: (event: TraceEvent) => void): void {
    const isOfPlatform = entry.kind === "served" || entry.kind === "published" || entry.kind === "p2aSent";
    if (isOfPlatform !== (this.#side === "platform")) return;
    switch (entry.kind) {
      case "posted":
        this.#posted(entry, emit);
        break;
      case "response":
      case "delayedResponse":
      case "notification":
        this.#taken(entry, entry.kind, emit);
        break;
      case "timeout":
        this.#timedOut(entry, emit);
        break;
      case "late":
      case "unexpected":
      case "malformed":
        emit(this.#refused(entry));
        break;
      case "served":
        emit(this.#message(entry, "command"));
        break;
      case "published":
        emit(this.#message(entry, "response"));
        break;
      case "p2aSent":
        emit(this.#message(entry, roleOf(entry.header)));
        break;
      case "fastChannel":
        emit(this.#fastChannel(entry));
    }
  }

  #posted(entry: CoreTraceEntry, emit: (event: TraceEvent) => void): void {
    const transferId = this.#transferId++;
    const { timeoutMs, ...address } = this.#addressOf(entry);
    this.#transfers.set(keyOf(address.instance, address.token), transferId);
    const { isPolled, inFlight } = entry;
    emit({ kind: "xferBegin", ...address, transferId, isPolled, inFlight });
    emit(this.#message(entry, "command"));
    emit({ kind: "responseWait", ...address, transferId, timeoutMs: Math.round(timeoutMs), isPolled });
  }

  #taken(entry: CoreTraceEntry, role: MessageKind, emit: (event: TraceEvent) => void): void {
    const { timeoutMs: _, ...address } = this.#addressOf(entry);
    const transferId = role === "notification" ? this.#transferId++ : this.#transferOf(address);
    emit(this.#message(entry, role));
    emit({ kind: "rxDone", ...address, transferId, messageType: decodeHeader(entry.header).messageType });
    if (role === "response") {
      emit({ kind: "xferEnd", ...address, transferId, status: entry.result, inFlight: entry.inFlight });
    }
  }

  #timedOut(entry: CoreTraceEntry, emit: (event: TraceEvent) => void): void {
    const { timeoutMs: _, ...address } = this.#addressOf(entry);
    // A response came, and its `scmi_xfer_end`: only the delayed response is missing
    if (entry.result === FAULT.DELAYED_TIMEOUT) return;
    const transferId = this.#transferOf(address);
    emit({ kind: "xferEnd", ...address, transferId, status: ETIMEDOUT, inFlight: entry.inFlight });
  }

  #refused(entry: CoreTraceEntry): MessageEvent {
    const { kind, header } = entry;
    const type = decodeHeader(header).messageType;
    const refusal: Refusal = kind === "malformed" ? (type === 1 ? "unknownType" : "invalid") : "unexpected";
    return { ...this.#message(entry, roleOf(header)), refusal };
  }

  #message(entry: CoreTraceEntry, role: MessageKind): MessageEvent {
    const { timeoutMs: _, ...address } = this.#addressOf(entry);
    const { framing } = this.#core.placeOf(entry.channel);
    const reserved = entry.header >>> 28;
    return {
      ...{ kind: "message", role, ...address, channel: entry.channel, framing },
      ...(reserved === 0 ? {} : { headerReserved: reserved }),
      ...(decodeHeader(entry.header).messageType === 1 ? { reservedType: true } : {}),
      ...(entry.isCut ? { mayBeCut: true } : {}),
      payload: entry.payload,
    };
  }

  #fastChannel({ time, channel, header, payload }: CoreTraceEntry): TraceEvent {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const values = [];
    for (let at = 0; at + 4 <= payload.byteLength; at += 4) values.push(view.getUint32(at, true));
    const { instance } = this.#core.placeOf(channel);
    return { kind: "fastChannel", timeUs: Math.round(time) / 1000, instance, ...this.#core.subjectOf(header), values };
  }

  #addressOf({ time, channel, header }: CoreTraceEntry) {
    const { protocolId, messageId, token } = decodeHeader(header);
    const { instance, timeoutMs } = this.#core.placeOf(channel);
    return { timeUs: Math.round(time) / 1000, instance, protocolId, messageId, token, timeoutMs };
  }

  #transferOf({ instance, token }: { readonly instance: number; readonly token: number }): number {
    return this.#transfers.get(keyOf(instance, token)) ?? 0;
  }
}

function keyOf(instance: number, token: number): number {
  return instance * 1024 + token;
}

/** What a message is that was not asked for, by its type. */
function roleOf(header: number): MessageKind {
  return ROLE_BY_TYPE[decodeHeader(header).messageType] ?? "response";
}
