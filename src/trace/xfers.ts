import type { CommandAt } from "../wire/index.ts";
import type { Pairing } from "./decoded.ts";

/** Tokens that a header can hold. */
const TOKENS = 1024;

/** One exchange as far as the trace shows it.
 *
 *  ```text
 *  open ── response ──► answered ── delayed response ──► (done)
 *    │
 *    └─ time-out, or the token is used again ──► givenUp ── response ──► late
 *  ```
 */
export interface Xfer {
  readonly protocolId: number;
  readonly messageId: number;
  readonly token: number;
  /** When the command was sent. */
  readonly sentUs: number | undefined;
  /** Values of the request; `undefined` where they are not known. */
  readonly request: unknown;
  readonly at: CommandAt | undefined;
  /** The request asks for a delayed response. */
  readonly wantsDelayed: boolean;
  /** When the wait began. */
  waitingUs: number | undefined;
  timeoutMs: number | undefined;
  isAnswered: boolean;
  /** The status of the answer. */
  status: number | undefined;
  hasDelayed: boolean;
  isGivenUp: boolean;
  /** Commands that took the token while this one was without an answer. */
  reuses: number;
}

/** What becomes of a message that answers. */
export interface Paired {
  /** The exchange that it belongs to; `undefined` when there is none. */
  readonly xfer: Xfer | undefined;
  readonly pairing: Pairing | undefined;
  /** Plain language for an odd pairing. */
  readonly finding: string | undefined;
}

interface Slot {
  /** The last command with this token. */
  current: Xfer | undefined;
  /** The one before, while it has no answer. */
  orphan: Xfer | undefined;
}

/** The exchanges of one SCMI instance, found by token. */
export class Xfers {
  readonly #slots: (Slot | undefined)[] = new Array(TOKENS);
  #last: Xfer | undefined;

  /** A command takes its token.
   *  @returns an older command that lost its last chance of an answer */
  open(xfer: Xfer): Xfer | undefined {
    this.#last = xfer;
    const slot = this.#slots[xfer.token];
    if (!slot) {
      this.#slots[xfer.token] = { current: xfer, orphan: undefined };
      return undefined;
    }
    const { current, orphan } = slot;
    slot.current = xfer;
    if (current === undefined || current.isAnswered) {
      if (orphan) orphan.reuses++;
      return undefined;
    }
    slot.orphan = current;
    current.isGivenUp = true;
    current.reuses++;
    return orphan;
  }

  /** The newest command with this header; `undefined` when the token is somebody else's. */
  find(protocolId: number, messageId: number, token: number): Xfer | undefined {
    const current = this.#slots[token]?.current;
    return current?.protocolId === protocolId && current.messageId === messageId ? current : undefined;
  }

  /** A response arrives. */
  answer(protocolId: number, messageId: number, token: number, timeUs: number | undefined, status: number): Paired {
    const slot = this.#slots[token];
    const current = this.find(protocolId, messageId, token);
    if (slot && current && !current.isAnswered) {
      current.isAnswered = true;
      current.status = status;
      const tookUs = spanUs(current.waitingUs ?? current.sentUs, timeUs);
      const isLate =
        current.isGivenUp ||
        (tookUs !== undefined && current.timeoutMs !== undefined && tookUs > current.timeoutMs * 1000);
      return { xfer: current, pairing: isLate ? "late" : undefined, finding: isLate ? lateText(current) : undefined };
    }
    const orphan = slot?.orphan;
    if (slot && orphan?.protocolId === protocolId && orphan.messageId === messageId) {
      slot.orphan = undefined;
      orphan.isAnswered = true;
      orphan.status = status;
      return { xfer: orphan, pairing: "late", finding: lateText(orphan) };
    }
    if (current) {
      return { xfer: undefined, pairing: "duplicate", finding: `token ${token} has had its response already` };
    }
    return this.#nobodys(token);
  }

  /** A delayed response arrives. */
  answerDelayed(protocolId: number, messageId: number, token: number): Paired {
    const xfer = this.find(protocolId, messageId, token);
    if (!xfer) return this.#nobodys(token);
    if (xfer.hasDelayed) {
      return { xfer: undefined, pairing: "duplicate", finding: `token ${token} has had its delayed response already` };
    }
    if (xfer.request !== undefined && !xfer.wantsDelayed) {
      return {
        xfer,
        pairing: "unexpected",
        finding: `the command with token ${token} did not ask for a delayed response`,
      };
    }
    xfer.hasDelayed = true;
    if (xfer.isAnswered) return { xfer, pairing: undefined, finding: undefined };
    return {
      xfer,
      pairing: "early",
      finding: "it arrived before its response; agents take that for a response SUCCESS",
    };
  }

  /** All exchanges that miss something when the trace ends. */
  *unfinished(): Iterable<Xfer> {
    for (const slot of this.#slots) {
      if (slot?.orphan) yield slot.orphan;
      const xfer = slot?.current;
      if (!xfer) continue;
      if (!xfer.isAnswered || (xfer.wantsDelayed && xfer.status === 0 && !xfer.hasDelayed)) yield xfer;
    }
  }

  /** A message that answers no command. Where none was ever seen, the trace has only one side, or began in between. */
  #nobodys(token: number): Paired {
    if (this.#last === undefined) return { xfer: undefined, pairing: undefined, finding: undefined };
    const owner = this.#slots[token]?.current;
    const name = owner?.at?.command.name ?? `message 0x${owner?.messageId.toString(16)}`;
    const finding = owner
      ? `token ${token} belongs to ${name} of protocol 0x${owner.protocolId.toString(16)}`
      : `no command with token ${token} waits for it`;
    return { xfer: undefined, pairing: "unexpected", finding };
  }
}

/** Microseconds from one time to another; `undefined` when one is not known. */
export function spanUs(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.round((to - from) * 1000) / 1000;
}

function lateText({ timeoutMs, reuses, token }: Xfer): string {
  const timeout = timeoutMs === undefined ? "its sender had given up" : `its time-out of ${timeoutMs} ms had passed`;
  const reuse = reuses === 0 ? "" : `, and token ${token} was in use again`;
  return `late: ${timeout}${reuse}`;
}
