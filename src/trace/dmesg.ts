import type { LogEvent, TraceEvent } from "./event.ts";
import { LOG_PATTERNS } from "./log-patterns.ts";
import type { EventSink, LineParser } from "./source.ts";

/** Whatever syslog, journalctl, a console or an editor puts in front; then the kernel's time in seconds. */
const TIMED = /^.*?\[\s*(\d+)\.(\d+)\](?:\[\s*[TC]\d+\])?\s*(.*)$/;

/** Lines that concern SCMI by their first words. */
const CONCERNS = /scmi|^CPU:\d+ \[LOST/i;

/** Colours, as `dmesg --color=always` and consoles write them. */
const COLOUR = /\p{Cc}\[[\d;]*m/gu;

/** Reads kernel logs for lines of the arm-scmi driver, and logs of servers that print protocol and message numbers. All other lines
 *  pass by. */
export class LogParser implements LineParser {
  line(printed: string, sink: EventSink): void {
    if (!CONCERNS.test(printed)) return;
    const text = printed.replace(COLOUR, "");
    const timed = TIMED.exec(text.trim());
    const [, seconds = "", fraction = "", rest = ""] = timed ?? [];
    const timeUs = timed
      ? Number(seconds) * 1e6 + Math.round((Number(fraction) / 10 ** fraction.length) * 1e6)
      : undefined;
    const body = timed ? rest : text.trim();
    if (CONCERNS.test(body)) sink.event(eventOf(body, timeUs));
  }

  end(): void {}
}

function eventOf(text: string, timeUs: number | undefined): TraceEvent {
  for (const { pattern, read } of LOG_PATTERNS) {
    const match = pattern.exec(text);
    if (!match) continue;
    const told = read(match);
    return "role" in told ? { kind: "message", timeUs, ...told } : { kind: "log", timeUs, text, ...told };
  }
  return plain(text, timeUs);
}

/** A line that says nothing that one could know. */
function plain(text: string, timeUs: number | undefined): LogEvent {
  return { kind: "log", timeUs, severity: /fail|error|invalid/i.test(text) ? "warning" : "info", text, meaning: "" };
}
