import { ProtocolMessageAttributes } from "../wire/index.ts";
import type { MessageFigures } from "./decoded.ts";
import type { LogCount } from "./event.ts";

/** Answers that came after their time-out. */
export interface LateFigures {
  count: number;
  /** In microseconds; `undefined` where nothing was timed. */
  slowestUs: number | undefined;
  timeoutMs: number | undefined;
  /** How often their tokens were taken again before they came. */
  reuses: number;
}

/** What the findings are made of. */
export interface Figures {
  readonly late: Readonly<LateFigures>;
  /** By spec name of the command. */
  readonly lost: ReadonlyMap<string, number>;
  readonly unanswered: number;
  readonly duplicate: number;
  readonly unexpected: number;
  readonly early: number;
  /** Waits that ended by time-out. */
  readonly timedOut: number;
  readonly commands: readonly MessageFigures[];
  readonly logs: ReadonlyMap<LogCount, number>;
  /** Findings of single messages and how often each came. */
  readonly noted: ReadonlyMap<string, number>;
  readonly skipped: number;
}

/** Findings of single messages that are listed; the rest is counted. */
const MOST_NOTED = 20;

/** Says in plain language what is odd about a trace, the gravest first. */
export function plainFindings(figures: Figures): readonly string[] {
  const { late, lost, unanswered, duplicate, unexpected, early, timedOut, noted, skipped } = figures;
  const found: string[] = [];
  const lostCount = [...lost.values()].reduce((sum, count) => sum + count, 0);
  if (lostCount > 0) {
    const names = [...lost].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(", ");
    found.push(`${plural(lostCount, "command was", "commands were")} never answered: ${names}`);
  }
  if (late.count > 0) found.push(lateText(late));
  if (timedOut > 0) found.push(`${plural(timedOut, "wait ended", "waits ended")} by time-out (errno 110)`);
  if (duplicate > 0) {
    found.push(`${plural(duplicate, "response came", "responses came")} a second time for a command that was answered`);
  }
  if (unexpected > 0) found.push(`${plural(unexpected, "message was", "messages were")} not expected by anybody`);
  if (early > 0) found.push(`${plural(early, "delayed response", "delayed responses")} overtook the response`);
  found.push(...refusedTexts(figures.commands));
  const ranked = [...noted].sort(([, a], [, b]) => b - a);
  for (const [text, count] of ranked.slice(0, MOST_NOTED)) found.push(count === 1 ? text : `${text} (${count} times)`);
  if (ranked.length > MOST_NOTED) found.push(`and ${ranked.length - MOST_NOTED} more kinds of findings`);
  if (unanswered > 0) {
    found.push(`${plural(unanswered, "command was", "commands were")} still waiting when the input ended`);
  }
  if (skipped > 0) found.push(`${plural(skipped, "line", "lines")} could not be read and ${were(skipped)} skipped`);
  return found;
}

function lateText({ count, slowestUs, timeoutMs, reuses }: LateFigures): string {
  const their = count === 1 ? "its" : "their";
  const timeout = timeoutMs === undefined ? `${their} sender had given up` : `${their} time-out of ${timeoutMs} ms`;
  const parts = [`${plural(count, "response arrived", "responses arrived")} after ${timeout}`];
  if (slowestUs !== undefined) parts.push(`the slowest took ${Math.round(slowestUs / 1000)} ms`);
  if (reuses > 0) parts.push(`the token was reused ${plural(reuses, "time", "times")} meanwhile`);
  return parts.join("; ");
}

/** Which commands the platform refused, and how. */
function refusedTexts(commands: readonly MessageFigures[]): readonly string[] {
  return commands.flatMap(({ message, count, errors }) => {
    // Asking for what a platform lacks is how agents find out.
    const isProbe = message === ProtocolMessageAttributes.name;
    const kinds = Object.entries(errors).filter(([name]) => !(isProbe && name === "NOT_FOUND"));
    if (kinds.length === 0) return [];
    const total = kinds.reduce((sum, [, refused]) => sum + refused, 0);
    const text = kinds.map(([name, refused]) => `${refused} × ${name}`).join(", ");
    return [count > 0 ? `${message}: ${total} of ${count} failed: ${text}` : `${message}: ${total} failed: ${text}`];
  });
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function were(count: number): string {
  return count === 1 ? "was" : "were";
}
