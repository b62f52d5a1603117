/** What a message is to its exchange. */
export type MessageKind = "command" | "response" | "delayedResponse" | "notification";

/** Why a receiver refused a message, as Linux's trace says it: nobody waits for the token, the type does not fit the state of the
 *  one who waits, the type is reserved, there was no buffer, or the interrupt was spurious. */
export type Refusal = "unexpected" | "invalid" | "unknownType" | "noMemory" | "spurious";

/** Where and when something happened. */
interface Happening {
  /** Microseconds from whatever the source counts from; `undefined` where it does not say. */
  readonly timeUs?: number | undefined;
  /** Which SCMI instance of the machine; `undefined` where the source does not say. */
  readonly instance?: number | undefined;
}

/** A message by its header fields. */
interface Addressed extends Happening {
  readonly protocolId: number;
  readonly messageId: number;
  readonly token: number;
}

/** A message went over a channel: `scmi_msg_dump`. */
export interface MessageEvent extends Addressed {
  readonly kind: "message";
  readonly role: MessageKind;
  /** Which channel carried it: of Linux its protocol id, of our own tracer its index in the core. */
  readonly channel?: number | undefined;
  /** How the channel frames its messages, where the source says so. */
  readonly framing?: "smt" | "msg" | undefined;
  /** The payload as it is on the wire: responses and delayed responses start with their status. `undefined` where the source
   *  does not show it. Borrowed: copy what is kept. */
  readonly payload?: Uint8Array | undefined;
  /** The source shows no more of a payload than the receiver had asked for, so some of it may be missing at the end. */
  readonly mayBeCut?: boolean;
  /** For a source that shows the status and no payload. */
  readonly status?: number | undefined;
  /** Header bits 31:28, which are reserved; 0 unless said. */
  readonly headerReserved?: number;
  /** Header bits 9:8 where they are no type: 1. */
  readonly reservedType?: true;
  /** The receiver threw it away. */
  readonly refusal?: Refusal | undefined;
}

/** An agent starts an exchange: `scmi_xfer_begin`. */
export interface XferBeginEvent extends Addressed {
  readonly kind: "xferBegin";
  readonly transferId: number;
  readonly isPolled: boolean;
  readonly inFlight?: number | undefined;
}

/** An agent starts to wait for an answer: `scmi_xfer_response_wait`. */
export interface ResponseWaitEvent extends Addressed {
  readonly kind: "responseWait";
  readonly transferId: number;
  readonly timeoutMs: number;
  readonly isPolled: boolean;
}

/** An agent is done with an exchange: `scmi_xfer_end`. */
export interface XferEndEvent extends Addressed {
  readonly kind: "xferEnd";
  readonly transferId: number;
  /** 0, a negative Linux errno, or a status. */
  readonly status: number;
  readonly inFlight?: number | undefined;
}

/** An agent took a message in: `scmi_rx_done`. */
export interface RxDoneEvent extends Addressed {
  readonly kind: "rxDone";
  readonly transferId: number;
  /** Header bits 9:8. */
  readonly messageType: number;
}

/** An agent used a FastChannel in place of a message: `scmi_fc_call`. */
export interface FastChannelEvent extends Happening {
  readonly kind: "fastChannel";
  readonly protocolId: number;
  readonly messageId: number;
  readonly domainId: number;
  /** The words read or written; Linux always prints two. */
  readonly values: readonly number[];
}

/** A driver or a server wrote something in its log. */
export interface LogEvent extends Happening {
  readonly kind: "log";
  readonly severity: "info" | "warning" | "error";
  /** The line, without its time. */
  readonly text: string;
  /** What it means, in plain language. */
  readonly meaning: string;
  /** Under which name the summary counts it. */
  readonly count?: LogCount | undefined;
  /** The header word of the message that it is about. */
  readonly header?: number | undefined;
  /** The time-out that it states. */
  readonly timeoutMs?: number | undefined;
  /** The platform's vendor that it states. */
  readonly vendor?: string | undefined;
  /** The protocol version that it states. */
  readonly version?: { readonly protocolId: number; readonly version: number } | undefined;
}

/** What the summary counts of log lines. */
export type LogCount = "timeout" | "unexpected" | "malformed" | "busy" | "dropped" | "failed";

/** What trace sources say, whichever they are: the six events of Linux's `scmi` trace system, and log lines. Our own tracer makes
 *  them, parsers make them of text, decoders and exporters read them. */
export type TraceEvent =
  | MessageEvent
  | XferBeginEvent
  | ResponseWaitEvent
  | XferEndEvent
  | RxDoneEvent
  | FastChannelEvent
  | LogEvent;
