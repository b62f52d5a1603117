import type { AreaReport } from "./area.ts";
import type { LogEvent, MessageKind } from "./event.ts";
import type { LatencyFigures } from "./latency.ts";

/** What is odd about a message's place in its exchange. `late`: its receiver had given up. `duplicate`: its command was
 *  answered already. `unexpected`: no command that is known waits for it. `early`: a delayed response before its response. */
export type Pairing = "late" | "duplicate" | "unexpected" | "early";

/** A message with names and values in place of bytes. */
export interface DecodedMessage {
  readonly kind: MessageKind;
  /** `clock`; `0x86` where no table has it. */
  readonly protocol: string;
  /** Spec name, `CLOCK_RATE_SET`; a delayed response has its own. `0x21` where no table has it. */
  readonly message: string;
  readonly token: number;
  /** Signed; responses and delayed responses only. */
  readonly status?: number | undefined;
  readonly statusName?: string | undefined;
  /** Values by the names of the message tables; `undefined` where the status forbids them, the bytes do not fit, or nobody
   *  knows the message. */
  readonly fields?: unknown;
  readonly timeUs?: number | undefined;
  /** From the command to this message. */
  readonly latencyUs?: number | undefined;
  /** Breaches of the specification and oddities, in plain language. */
  readonly findings: readonly string[];
  readonly pairing?: Pairing | undefined;
  readonly protocolId: number;
  readonly messageId: number;
  /** The version whose layouts were used, `3.0`. */
  readonly version?: string | undefined;
  /** Who said so: a `PROTOCOL_VERSION` of this trace, or the profile. */
  readonly versionFrom?: "trace" | "profile" | undefined;
  readonly instance?: number | undefined;
  /** Protocol id of the channel. */
  readonly channel?: number | undefined;
  /** Hexadecimal digits of the payload where there are no fields. */
  readonly payload?: string | undefined;
}

/** A FastChannel access with names. */
export interface DecodedFastChannel {
  readonly kind: "fastChannel";
  readonly protocol: string;
  readonly message: string;
  readonly fields: unknown;
  readonly timeUs?: number;
  readonly findings: readonly string[];
  readonly protocolId: number;
  readonly messageId: number;
}

/** A log line with its meaning. */
export interface DecodedLog {
  readonly kind: "log";
  readonly severity: LogEvent["severity"];
  readonly text: string;
  readonly timeUs?: number;
  /** What the line means. */
  readonly findings: readonly string[];
  /** The message that it is about, where it has its header: `CLOCK_RATE_SET`. */
  readonly message?: string;
  readonly protocol?: string;
  readonly token?: number;
}

/** A shared-memory area; the message in it follows. */
export interface DecodedArea extends AreaReport {
  readonly kind: "area";
}

/** What a decoder hands out, in the order of the trace. */
export type Decoded = DecodedMessage | DecodedFastChannel | DecodedLog | DecodedArea;

/** One command's, notification's or FastChannel's part in a trace. */
export interface MessageFigures {
  readonly kind: "command" | "notification" | "fastChannel";
  readonly protocol: string;
  readonly message: string;
  readonly count: number;
  /** Responses by the name of their status, `SUCCESS` left out. */
  readonly errors: Readonly<Record<string, number>>;
  /** From command to response, in microseconds; `undefined` where nothing was paired or timed. */
  readonly latencyUs?: LatencyFigures;
  /** From command to delayed response, in microseconds. */
  readonly delayedLatencyUs?: LatencyFigures;
}

/** The last line of a decoded trace. */
export interface TraceSummary {
  readonly kind: "summary";
  readonly messages: number;
  readonly counts: Readonly<Record<MessageKind | "fastChannel" | "log", number>>;
  readonly commands: readonly MessageFigures[];
  /** Commands that never got their answer. */
  readonly lost: number;
  /** Commands that may still get it: the trace ends before their time-out. */
  readonly unanswered: number;
  readonly late: number;
  readonly duplicate: number;
  readonly unexpected: number;
  /** Messages with a finding. */
  readonly odd: number;
  readonly skipped: {
    readonly count: number;
    readonly first: readonly { readonly line: number; readonly reason: string }[];
  };
  /** What a person should know, in plain language. */
  readonly findings: readonly string[];
}

/** What `scmi decode --json` prints, a line each: what was decoded, and the summary as the last. */
export type DecodedLine = Decoded | TraceSummary;
