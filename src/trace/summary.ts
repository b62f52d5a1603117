import { statusName } from "../errors.ts";
import type { DecodedFastChannel, DecodedMessage, MessageFigures, Pairing, TraceSummary } from "./decoded.ts";
import type { LogCount, LogEvent } from "./event.ts";
import { Latencies } from "./latency.ts";
import type { Machine } from "./machine.ts";
import { type LateFigures, plainFindings } from "./plain.ts";
import type { Tables } from "./tables.ts";
import { spanUs, type Xfer } from "./xfers.ts";

/** Skipped lines that are named one by one. */
const MOST_SKIPPED = 10;

/** Distinct findings that are counted; the rest is only a number. */
const MOST_FINDINGS = 200;

/** For commands of which no time-out is known: what Linux waits on all transports but virtio. */
const USUAL_TIMEOUT_MS = 30;

/** What Linux waits for a delayed response. */
const DELAYED_TIMEOUT_MS = 2000;

class Tally {
  readonly kind: MessageFigures["kind"];
  readonly protocol: string;
  readonly message: string;
  count = 0;
  readonly errors = new Map<string, number>();
  readonly latencies = new Latencies();
  readonly delayed = new Latencies();

  constructor(kind: MessageFigures["kind"], protocol: string, message: string) {
    this.kind = kind;
    this.protocol = protocol;
    this.message = message;
  }

  get figures(): MessageFigures {
    const latencyUs = this.latencies.figures();
    const delayedLatencyUs = this.delayed.figures();
    return {
      ...{ kind: this.kind, protocol: this.protocol, message: this.message, count: this.count },
      errors: Object.fromEntries(this.errors),
      ...(latencyUs ? { latencyUs } : {}),
      ...(delayedLatencyUs ? { delayedLatencyUs } : {}),
    };
  }
}

/** Counts what goes by, in memory that does not grow with the trace. */
export class Summary {
  readonly #tables: Tables;
  /** By kind, protocol and message id as one number. */
  readonly #tallies = new Map<number, Tally>();
  readonly #counts = { command: 0, response: 0, delayedResponse: 0, notification: 0, fastChannel: 0, log: 0 };
  readonly #pairings: Record<Pairing, number> = { late: 0, duplicate: 0, unexpected: 0, early: 0 };
  readonly #findings = new Map<string, number>();
  readonly #logs = new Map<LogCount, number>();
  readonly #lost = new Map<string, number>();
  readonly #skippedFirst: { line: number; reason: string }[] = [];
  readonly #late: LateFigures = { count: 0, slowestUs: undefined, timeoutMs: undefined, reuses: 0 };
  #skipped = 0;
  #timedOut = 0;
  #odd = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** @param xfer the exchange that the message belongs to, where it is known
   *  @param told findings that the count of its pairing tells already */
  count(message: DecodedMessage, xfer: Xfer | undefined, told: readonly (string | undefined)[]): void {
    const { kind, protocolId, messageId, pairing, findings, status, latencyUs } = message;
    this.#counts[kind]++;
    if (findings.length > 0) this.#odd++;
    if (pairing !== undefined) this.#pairings[pairing]++;
    for (const finding of findings) if (!told.includes(finding)) this.note(`${message.message}: ${finding}`);
    if (pairing === "late") this.#countLate(latencyUs, xfer);

    const name = kind === "delayedResponse" ? this.#tables.commandName(protocolId, messageId) : message.message;
    const tally = this.#tally(
      kind === "notification" ? "notification" : "command",
      protocolId,
      messageId,
      message,
      name,
    );
    if (kind === "command" || kind === "notification") tally.count++;
    if (status !== undefined && status !== 0) {
      const label = statusName(status);
      const key = label === "VENDOR" || label === "RESERVED" ? `${label} ${status}` : label;
      tally.errors.set(key, (tally.errors.get(key) ?? 0) + 1);
    }
    if (latencyUs !== undefined) (kind === "delayedResponse" ? tally.delayed : tally.latencies).add(latencyUs);
  }

  countFastChannel(message: DecodedFastChannel): void {
    this.#counts.fastChannel++;
    this.#tally("fastChannel", message.protocolId, message.messageId, message, message.message).count++;
  }

  countLog({ count, meaning }: LogEvent): void {
    this.#counts.log++;
    if (count === undefined) return;
    this.#logs.set(count, (this.#logs.get(count) ?? 0) + 1);
    this.note(`log: ${meaning}`);
  }

  /** Somebody gave up waiting. */
  timeOut(): void {
    this.#timedOut++;
  }

  /** A command can no longer get its answer. */
  lose(xfer: Xfer): void {
    const name = this.#tables.commandName(xfer.protocolId, xfer.messageId);
    this.#lost.set(name, (this.#lost.get(name) ?? 0) + 1);
  }

  skip(line: number, reason: string): void {
    this.#skipped++;
    if (this.#skippedFirst.length < MOST_SKIPPED) this.#skippedFirst.push({ line, reason });
  }

  report(machines: Iterable<Machine>, lastUs: number | undefined, timeoutMs?: number): TraceSummary {
    const lost = new Map(this.#lost);
    let unanswered = 0;
    for (const machine of machines) {
      for (const xfer of machine.xfers.unfinished()) {
        if (isOpen(xfer, lastUs, timeoutMs)) unanswered++;
        else {
          const name = this.#tables.commandName(xfer.protocolId, xfer.messageId);
          const what = xfer.isAnswered ? `${name} (its delayed response)` : name;
          lost.set(what, (lost.get(what) ?? 0) + 1);
        }
      }
    }
    const { command, response, delayedResponse, notification } = this.#counts;
    const { late, duplicate, unexpected, early } = this.#pairings;
    const commands = [...this.#tallies].sort(([a], [b]) => a - b).map(([, tally]) => tally.figures);
    return {
      kind: "summary",
      messages: command + response + delayedResponse + notification,
      counts: { ...this.#counts },
      commands,
      lost: [...lost.values()].reduce((sum, count) => sum + count, 0),
      ...{ unanswered, late, duplicate, unexpected, odd: this.#odd },
      skipped: { count: this.#skipped, first: this.#skippedFirst.slice() },
      findings: plainFindings({
        ...{ late: this.#late, lost, unanswered, duplicate, unexpected, early, commands },
        ...{ timedOut: this.#timedOut, logs: this.#logs, noted: this.#findings, skipped: this.#skipped },
      }),
    };
  }

  #countLate(latencyUs: number | undefined, xfer: Xfer | undefined): void {
    const late = this.#late;
    late.count++;
    late.reuses += xfer?.reuses ?? 0;
    if (latencyUs !== undefined) late.slowestUs = Math.max(late.slowestUs ?? 0, latencyUs);
    if (xfer?.timeoutMs !== undefined) late.timeoutMs = xfer.timeoutMs;
  }

  /** A finding that may come again. */
  note(finding: string): void {
    const count = this.#findings.get(finding);
    if (count !== undefined || this.#findings.size < MOST_FINDINGS) this.#findings.set(finding, (count ?? 0) + 1);
  }

  #tally(
    kind: MessageFigures["kind"],
    protocolId: number,
    messageId: number,
    { protocol }: { readonly protocol: string },
    name: string,
  ): Tally {
    const order = kind === "command" ? 0 : kind === "notification" ? 1 : 2;
    const key = (protocolId << 10) | (order << 8) | messageId;
    let tally = this.#tallies.get(key);
    if (!tally) {
      tally = new Tally(kind, protocol, name);
      this.#tallies.set(key, tally);
    }
    return tally;
  }
}

/** Whether the answer may still come, as far as the trace tells. */
function isOpen(xfer: Xfer, lastUs: number | undefined, timeoutMs = USUAL_TIMEOUT_MS): boolean {
  if (xfer.isGivenUp) return false;
  const ageUs = spanUs(xfer.waitingUs ?? xfer.sentUs, lastUs);
  const limitMs = xfer.isAnswered ? DELAYED_TIMEOUT_MS : (xfer.timeoutMs ?? timeoutMs);
  return ageUs === undefined || ageUs <= limitMs * 1000;
}
