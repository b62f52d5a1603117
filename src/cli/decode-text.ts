import type {
  Decoded,
  DecodedArea,
  DecodedFastChannel,
  DecodedLine,
  DecodedLog,
  DecodedMessage,
  LatencyFigures,
  MessageFigures,
  TraceSummary,
} from "../trace/index.ts";
import { asJson } from "./context.ts";
import { valueLines } from "./show.ts";

/** What is decoded as one line of NDJSON. */
export function decodedLine(decoded: DecodedLine): string {
  // A replacer doubles the cost, and few messages hold what needs it.
  return decoded.kind !== "summary" && "fields" in decoded && isPlain(decoded.fields)
    ? JSON.stringify(decoded)
    : asJson(decoded);
}

/** What is decoded for people. */
export function decodedText(decoded: Decoded): string {
  switch (decoded.kind) {
    case "log":
      return logText(decoded);
    case "area":
      return areaText(decoded);
    case "fastChannel":
      return withFindings(`${timeText(decoded)}${fastChannelHead(decoded)}`, decoded);
    default:
      return messageText(decoded);
  }
}

/** The end of a report. */
export function summaryText(summary: TraceSummary): string {
  const { messages, counts, commands, findings } = summary;
  const lines = [
    "",
    `messages: ${messages} (${counts.command} command, ${counts.response} response, ${counts.delayedResponse} delayed response, ${counts.notification} notification)` +
      (counts.fastChannel > 0 ? `, FastChannel accesses: ${counts.fastChannel}` : "") +
      (counts.log > 0 ? `, log lines: ${counts.log}` : ""),
  ];
  if (commands.length > 0) lines.push(...table(commands));
  if (findings.length > 0) lines.push("", "findings:", ...findings.map((it) => `  - ${it}`));
  else lines.push("no findings");
  return lines.join("\n");
}

function isPlain(value: unknown): boolean {
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return true;
  if (value instanceof Uint8Array) return false;
  for (const it of Object.values(value)) if (!isPlain(it)) return false;
  return true;
}

const ARROWS = { command: "->", response: "<-", delayedResponse: "<=", notification: "<*" } as const;

function messageText(message: DecodedMessage): string {
  const { kind, token, protocol, protocolId, version, status, statusName, fields, payload, latencyUs } = message;
  const known = protocol.startsWith("0x") ? "" : ` 0x${protocolId.toString(16)}`;
  const of = `(${protocol}${version === undefined ? "" : ` ${version}`}${known})`;
  const outcome = status === undefined ? "" : ` ${statusName} (${status})`;
  const latency = latencyUs === undefined ? "" : ` after ${latencyUs} µs`;
  const number = kind === "notification" ? "" : ` token ${token}`;
  const head = `${timeText(message)}${ARROWS[kind]} ${message.message} ${of}${number}${outcome}${latency}`;
  const lines = [head];
  if (fields !== undefined) lines.push(...valueLines(fields, "       "));
  else if (payload !== undefined && status === 0) lines.push(`       payload  ${payload}`);
  else if (payload !== undefined && status === undefined) lines.push(`       payload  ${payload}`);
  return withFindings(lines.join("\n"), message);
}

function fastChannelHead({ message, protocol, fields }: DecodedFastChannel): string {
  return ["=> ", message, ` (${protocol}) by FastChannel`, ...valueLines(fields, "\n       ")].join("");
}

function logText(log: DecodedLog): string {
  const about = log.message === undefined ? "" : ` [${log.message} of ${log.protocol}, token ${log.token}]`;
  const text = log.text.replace(/(?!\t)\p{Cc}/gu, "?"); // nothing in it is to reach a terminal
  return withFindings(`${timeText(log)}-- ${text}${about}`, log);
}

function areaText(area: DecodedArea): string {
  const { channelStatus, channelFlags, length, byteLength, direction, owner, header } = area;
  const states = [channelStatus.free ? "FREE" : "busy", ...(channelStatus.error ? ["ERROR"] : [])].join(", ");
  const lines = [
    `shared memory of ${byteLength} bytes, ${direction === "a2p" ? "agent to platform" : "platform to agent"}`,
    `       channel status  ${states}: the area belongs to the ${owner}`,
    `       channel flags   ${channelFlags.interrupt ? "interrupt on completion" : "no interrupt: the caller polls"}`,
    `       length          ${length} bytes of header and payload`,
    `       header          0x${header.toString(16).padStart(8, "0")}`,
  ];
  return withFindings(lines.join("\n"), area);
}

function withFindings(text: string, { findings }: { readonly findings: readonly string[] }): string {
  return findings.length === 0 ? text : [text, ...findings.map((it) => `     ! ${it}`)].join("\n");
}

function timeText({ timeUs }: { readonly timeUs?: number | undefined }): string {
  return timeUs === undefined ? "" : `${(timeUs / 1e6).toFixed(6).padStart(14)} `;
}

const COLUMNS = ["message", "count", "failed", "p50 µs", "p99 µs", "max µs"];

function table(commands: readonly MessageFigures[]): readonly string[] {
  const rows = commands.flatMap((it) => {
    const failed = Object.values(it.errors).reduce((sum, count) => sum + count, 0);
    const name = `${it.message} (${it.protocol}${it.kind === "fastChannel" ? ", FastChannel" : ""})`;
    const row = [name, `${it.count}`, failed > 0 ? `${failed}` : "", ...figures(it.latencyUs)];
    return it.delayedLatencyUs ? [row, ["  delayed response", "", "", ...figures(it.delayedLatencyUs)]] : [row];
  });
  const widths = COLUMNS.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const aligned = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return ["", aligned(COLUMNS), ...rows.map(aligned)].map((it) => it.trimEnd());
}

function figures(latency: LatencyFigures | undefined): readonly string[] {
  return latency ? [`${latency.p50}`, `${latency.p99}`, `${latency.max}`] : ["", "", ""];
}
