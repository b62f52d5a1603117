import type { MessageEvent, MessageKind, Refusal, TraceEvent } from "./event.ts";
import { FtraceArgs } from "./ftrace-args.ts";
import type { EventSink, LineParser } from "./source.ts";

/** `[000]` and a time: any event of any trace system. */
const ANY_EVENT = /\[\d+\].*?\s\d+(\.\d+)?:\s/;

/** What `trace_pipe` and `trace-cmd report` say in place of events that were overwritten. */
const LOST_EVENTS = /\[?LOST (\d+)? ?EVENTS\]?|(\d+) events? lost|EVENTS DROPPED/i;

/** Events in the buffer and events that there were, in the head of `trace`. */
const ENTRIES = /^#\s*entries-in-buffer\/entries-written:\s*(\d+)\/(\d+)/;

/** The text of `scmi_fc_call` before its fields had names. */
const OLD_FAST_CHANNEL = /^\s*\[0x([\da-f]+)\]:\[0x([\da-f]+)\]:\[([\da-f]+)\]:(\d+):(\d+)/i;

/** What a message is by its tag; small letters are those of raw mode. */
const ROLES: Readonly<Record<string, MessageKind>> = {
  ...{ CMND: "command", RESP: "response", DLYD: "delayedResponse", NOTI: "notification" },
  ...{ cmnd: "command", resp: "response", dlyd: "delayedResponse", noti: "notification" },
  "!RESP": "response",
  "!DLYD": "delayedResponse",
  "!NOTI": "notification",
  "!UNKN": "response",
};

/** What stands for the status of a message that was refused. */
const REFUSALS: readonly (Refusal | undefined)[] = [
  undefined,
  "unexpected",
  "invalid",
  "unknownType",
  "noMemory",
  "spurious",
];

/** Reads Linux's ftrace text of the `scmi` events: `trace`, `trace_pipe`, `trace-cmd report` and `perf script`, in the wordings of all
 *  kernels that have them. Other events and comments pass by. */
export class FtraceParser implements LineParser {
  readonly #args = new FtraceArgs();

  line(text: string, sink: EventSink): void {
    const nameAt = eventAt(text);
    if (nameAt < 0) {
      this.#other(text, sink);
      return;
    }
    const colon = text.indexOf(":", nameAt);
    if (colon < 0) {
      sink.skip("expected an event's fields, got the end of the line");
      return;
    }
    const event = this.#event(text.slice(nameAt, colon), text, colon + 1, timeBefore(text, nameAt));
    if (typeof event === "string") sink.skip(event);
    else sink.event(event);
  }

  end(): void {}

  /** @returns the event, or what is wrong with the line */
  #event(name: string, text: string, at: number, timeUs: number | undefined): TraceEvent | string {
    if (name === "scmi_fc_call") {
      const old = OLD_FAST_CHANNEL.exec(text.slice(at));
      if (old) return oldFastChannel(old, timeUs);
    }
    const args = this.#args;
    const fault = args.read(text, at);
    if (fault !== undefined) return fault;
    const { protocolId, messageId, token, transferId } = args;
    if (protocolId > 0xff || messageId > 0xff) return "expected pt and msg_id of 0 to FF, got none or more";
    if (name === "scmi_fc_call") {
      const { domainId, values } = args;
      return { kind: "fastChannel", timeUs, protocolId, messageId, domainId, values };
    }
    if (token > 0x3ff) return "expected seq of 0 to 3FF, got none or more";
    const isPolled = args.poll === 1;
    const inFlight = args.inFlight;
    switch (name) {
      case "scmi_msg_dump":
        return this.#dump(timeUs);
      case "scmi_xfer_begin":
        return { kind: "xferBegin", timeUs, protocolId, messageId, token, transferId, isPolled, inFlight };
      case "scmi_xfer_response_wait": {
        const { timeoutMs } = args;
        if (timeoutMs < 0) return "expected tmo_ms, got none";
        return { kind: "responseWait", timeUs, protocolId, messageId, token, transferId, timeoutMs, isPolled };
      }
      case "scmi_xfer_end": {
        const { status } = args;
        if (status === undefined) return "expected s, got none";
        return { kind: "xferEnd", timeUs, protocolId, messageId, token, transferId, status, inFlight };
      }
      case "scmi_rx_done": {
        const { messageType } = args;
        if (messageType > 3) return "expected msg_type of 0 to 3, got none or more";
        return { kind: "rxDone", timeUs, protocolId, messageId, token, transferId, messageType };
      }
      default:
        return `expected an event of the scmi trace system, got ${name.slice(0, 40)}`;
    }
  }

  #dump(timeUs: number | undefined): MessageEvent | string {
    const { protocolId, messageId, token, tag, status, instance, channel } = this.#args;
    const role = ROLES[tag];
    if (role === undefined) return `expected a tag like CMND, got "${tag.slice(0, 10)}"`;
    if (status === undefined) return "expected s, got none";
    if (tag.startsWith("!")) {
      const refusal = REFUSALS[-status] ?? "unexpected";
      return { kind: "message", role, timeUs, instance, channel, protocolId, messageId, token, refusal };
    }
    const hasStatus = role === "response" || role === "delayedResponse";
    const payload = this.#args.payload(hasStatus ? status : undefined);
    if (typeof payload === "string") return payload;
    const mayBeCut = hasStatus; // Linux keeps what its driver made room for
    return { kind: "message", role, timeUs, instance, channel, protocolId, messageId, token, payload, mayBeCut };
  }

  #other(text: string, sink: EventSink): void {
    const lost = LOST_EVENTS.exec(text);
    const entries = text.startsWith("#") ? ENTRIES.exec(text) : null;
    const missing = entries ? Number(entries[2]) - Number(entries[1]) : 0;
    if (lost || missing > 0) {
      const count = lost ? (lost[1] ?? lost[2] ?? "some") : missing;
      const meaning = `the trace buffer was full: ${count} events are missing, and pairings and counts with them`;
      sink.event({ kind: "log", severity: "warning", text: text.trim(), meaning, count: "dropped" });
      return;
    }
    if (text.startsWith("#") || text.trim() === "" || ANY_EVENT.test(text)) return;
    if (/^(cpus=\d+|version = \d+|CPU \d+ is empty)/.test(text)) return; // the head of trace-cmd report
    sink.skip("expected a line of ftrace, got something else");
  }
}

/** Where the name of an event starts; -1 when there is none. Tasks may be called scmi_… too, so it stands behind a colon. */
function eventAt(text: string): number {
  const at = text.indexOf(": scmi_");
  if (at >= 0) return at + 2;
  const ofPerf = text.indexOf("scmi:scmi_");
  if (ofPerf >= 0) return ofPerf + 5;
  const spaced = /:\s+scmi_/.exec(text);
  return spaced ? spaced.index + spaced[0].length - 5 : -1;
}

/** The time in front of an event's name, in microseconds. Seconds are written with their fraction; anything else is a count of ticks of
 *  nobody knows which length. */
function timeBefore(text: string, nameAt: number): number | undefined {
  let end = nameAt - 1;
  while (end >= 0 && !isDigit(text.charCodeAt(end))) end--;
  let start = end;
  let dot = -1;
  for (; start >= 0; start--) {
    const code = text.charCodeAt(start);
    if (code === 0x2e && dot < 0) dot = start;
    else if (!isDigit(code)) break;
  }
  if (dot < 0) return undefined;
  const seconds = Number(text.slice(start + 1, dot));
  const fraction = text.slice(dot + 1, end + 1);
  const us = seconds * 1e6 + (Number(fraction) / 10 ** fraction.length) * 1e6;
  return Math.round(us * 1000) / 1000;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function oldFastChannel(match: RegExpExecArray, timeUs: number | undefined): TraceEvent {
  const [, protocol = "", message = "", domain = "", first = "", second = ""] = match;
  return {
    ...{ kind: "fastChannel", timeUs, protocolId: Number.parseInt(protocol, 16) & 0xff },
    ...{ messageId: Number.parseInt(message, 16) & 0xff, domainId: Number.parseInt(domain, 16) },
    values: [Number(first), Number(second)],
  };
}
