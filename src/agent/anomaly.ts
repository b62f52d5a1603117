import { versionText } from "../wire/protocol.ts";

/** What went wrong without anybody waiting for it:
 *  - `late`: an answer whose caller had given up
 *  - `unexpected`: an answer to a token that nobody uses
 *  - `malformed`: a message that breaks the wire format, or answers the wrong command
 *  - `error`: an area came back with its error flag
 *  - `recycled`: a token was used again before its late answer came, for want of another
 *  - `dropped`: a notification found the ring of the core full
 *  - `clamped`: areas hold less than the transport's message size, so the limit is what fits; once for each opening
 *  - `unwatched`: a notification that nobody watches; it may have crossed its own switching off
 *  - `unnegotiated`: the platform speaks a newer version and did not agree to ours
 *  - `discovery`: a question about the platform was left without a usable answer
 *  - `disable`: notifications could not be switched off */
export type AnomalyKind =
  | "late"
  | "unexpected"
  | "malformed"
  | "error"
  | "recycled"
  | "dropped"
  | "clamped"
  | "unwatched"
  | "unnegotiated"
  | "discovery"
  | "disable";

/** Something that an agent noticed and that no call fails with; dispatched as `"anomaly"`. */
export class AnomalyEvent extends Event {
  /** What it was. */
  readonly kind: AnomalyKind;
  /** Header of the message, where there is one. */
  readonly header: number | undefined;
  /** How many at once; more than 1 only when the core counted faster than the agent looked. */
  readonly count: number;
  /** What is known of the cause. */
  readonly cause: unknown;

  constructor(kind: AnomalyKind, header?: number, count = 1, cause?: unknown) {
    super("anomaly");
    this.kind = kind;
    this.header = header;
    this.count = count;
    this.cause = cause;
  }
}

/** Takes an anomaly to whoever listens. */
export type Report = (kind: AnomalyKind, header?: number, count?: number, cause?: unknown) => void;

/** Text for a platform that is newer than what was agreed on. */
export function unnegotiatedText(title: string, reported: number, used: number): string {
  return `${title} protocol: platform speaks ${versionText(reported)} and did not agree to ${versionText(used)}`;
}
