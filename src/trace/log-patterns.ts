import { STATUS } from "../errors.ts";
import { PROTOCOL_ID } from "../protocols/index.ts";
import { versionText } from "../wire/index.ts";
import type { LogEvent, MessageEvent } from "./event.ts";

/** What a line says about the driver. */
export type ToldOfDriver = Omit<LogEvent, "kind" | "timeUs" | "text">;

/** What a line says about a message. */
export type ToldOfMessage = Omit<MessageEvent, "kind" | "timeUs">;

/** One kind of line. */
export interface LogPattern {
  readonly pattern: RegExp;
  read(match: RegExpExecArray): ToldOfDriver | ToldOfMessage;
}

const TYPE_NAMES = ["response", "message of reserved type 1", "delayed response", "notification"];

/** The numbers that servers put in front of what they say: `[740 (0x14:0x7)]` is token, protocol and message. */
const NUMBERED = /\[(\d+) \(0x([\da-f]+):0x([\da-f]+)\)\]\s*(.*)$/i;

/** What lines of the arm-scmi driver of Linux and of known servers mean; the first that matches holds. The wordings are those that
 *  people paste: from 4.17 to 7.2, and of the SCP firmware. */
export const LOG_PATTERNS: readonly LogPattern[] = [
  { pattern: NUMBERED, read: numbered },
  {
    pattern: /timed out in RAW resp - HDR:([\da-f]+)/i,
    read: ([, header = ""]) => ({
      ...told("error", "no response came in time for a command sent in raw mode", "timeout"),
      header: Number.parseInt(header, 16),
    }),
  },
  {
    pattern: /timed out in resp\s?\(caller: ([\w.]+)?.*?\)( - polling)?/,
    read: ([, caller = "somebody", polled]) =>
      told(
        "error",
        `no response came within the time-out${polled ? ", while polling" : ""} (asked by ${caller}): the platform is slow, stuck, never got the doorbell, or its interrupt was lost`,
        "timeout",
      ),
  },
  {
    pattern: /Message for (\d+) type (\d+) is not expected/,
    read: ([, token, type]) =>
      told(
        "error",
        `a ${TYPE_NAMES[Number(type)] ?? "message"} with token ${token} came and nobody waited for it: it is late, sent twice, or has a wrong token`,
        "unexpected",
      ),
  },
  {
    pattern: /Invalid message type:(\d+) for (\d+) - HDR:0x([\da-f]+)\s+state:(\d+)/i,
    read: ([, , , header = "", state]) => ({
      ...told("error", `a message came that does not fit its exchange, which is in state ${state}`, "unexpected"),
      header: Number.parseInt(header, 16),
    }),
  },
  {
    pattern: /Delayed Response for (\d+) not expected/,
    read: ([, token]) =>
      told("error", `a delayed response with token ${token} came for a command that did not ask for one`, "unexpected"),
  },
  {
    pattern: /Received valid OoO Delayed Response for (\d+)/,
    read: ([, token]) => told("warning", `the delayed response with token ${token} overtook its response; no harm`),
  },
  {
    pattern: /unknown msg_type:\s?(\d+)/i,
    read: ([, type]) => told("error", `a message of type ${type} came, which is reserved`, "malformed"),
  },
  {
    pattern: /failed to get free message slot ?\((-?\d+)\)/,
    read: ([, errno]) =>
      told("error", `no buffer was free for a message (errno ${errno}): too many at once, or leaked`, "busy"),
  },
  {
    pattern: /Timeout waiting for a free TX channel/,
    read: () =>
      told(
        "error",
        "the platform did not give the shared memory back (channel status FREE stayed 0): it died over an earlier command, or never initialised the area",
        "busy",
      ),
  },
  {
    pattern: /Ignoring spurious (A2P|P2A|RX) IRQ/,
    read: () =>
      told("warning", "an interrupt came while the channel was still busy: of an earlier command", "unexpected"),
  },
  {
    pattern: /SCMI Protocol v(\d+)\.(\d+) '([^']*)' Firmware version 0x([\da-f]+)/i,
    read: ([, major, minor, vendor, firmware]) => ({
      ...told("info", `Base protocol ${major}.${minor}, vendor ${vendor}, implementation version 0x${firmware}`),
      version: { protocolId: PROTOCOL_ID.BASE, version: Number(major) * 0x10000 + Number(minor) },
      ...(vendor === undefined ? {} : { vendor: vendor.split(":")[0] }),
    }),
  },
  {
    pattern: /max-rx-timeout:\s*(\d+)ms \/ max-msg-size:\s*(\d+)bytes/,
    read: ([, timeoutMs, bytes]) => ({
      ...told("info", `the agent waits ${timeoutMs} ms for a response, and messages have at most ${bytes} bytes`),
      timeoutMs: Number(timeoutMs),
    }),
  },
  {
    pattern: /Failed to query supported version for protocol 0x([\da-f]+)/i,
    read: ([, protocol]) =>
      told(
        "warning",
        `PROTOCOL_VERSION of protocol 0x${protocol} failed; the agent goes on with its own version`,
        "failed",
      ),
  },
  {
    pattern: /Trying version 0x([\da-f]+)/i,
    read: ([, version = "0"]) =>
      told(
        "warning",
        `the agent uses version ${versionText(Number.parseInt(version, 16))} without the platform's consent`,
      ),
  },
  {
    pattern: /Detected UNSUPPORTED (?:higher )?version 0x([\da-f]+) for protocol 0x([\da-f]+)/i,
    read: ([, version = "0", protocol = "0"]) => ({
      ...told(
        "warning",
        `the platform has version ${versionText(Number.parseInt(version, 16))} of protocol 0x${protocol}, newer than the agent knows`,
      ),
      version: { protocolId: Number.parseInt(protocol, 16), version: Number.parseInt(version, 16) },
    }),
  },
  {
    pattern: /Protocol 0x([\da-f]+) successfully negotiated version 0x([\da-f]+)/i,
    read: ([, protocol = "0", version = "0"]) => ({
      ...told("info", `protocol 0x${protocol} uses version ${versionText(Number.parseInt(version, 16))} from now on`),
      version: { protocolId: Number.parseInt(protocol, 16), version: Number.parseInt(version, 16) },
    }),
  },
  {
    pattern: /Failed to get FC for protocol ([\da-f]+) \[MSG_ID:\s?0x([\da-f]+) \/ RES_ID:\s?(\d+)\] - ret:\s?(-?\d+)/i,
    read: ([, protocol, message, domain, errno]) =>
      told(
        "warning",
        `no FastChannel for message 0x${message} of protocol 0x${protocol}, domain ${domain} (errno ${errno}): messages are used`,
        "failed",
      ),
  },
  {
    pattern: /queue full,? dropping proto:(\d+)\s+evt:(\d+)/,
    read: ([, protocol, event]) =>
      told("warning", `notification ${event} of protocol ${protocol} was dropped: its queue was full`, "dropped"),
  },
  {
    pattern: /badly sized|report not available/i,
    read: () => told("warning", "a notification of wrong length was dropped", "malformed"),
  },
  {
    pattern: /malformed|bad (?:message )?length|unexpected (?:payload )?(?:size|length)|invalid payload/i,
    read: () => told("warning", "a message of wrong length or layout", "malformed"),
  },
  {
    pattern: /unable to communicate with SCMI\s?\((-?\d+)\)/,
    read: ([, errno]) =>
      told("error", `the Base protocol did not answer (errno ${errno}): nothing of SCMI works`, "failed"),
  },
  {
    pattern: /probe (?:of \S+|with driver \S+) failed with error (-?\d+)/,
    read: ([, errno]) =>
      told("error", `a driver gave up (errno ${errno}${errno === "-110" ? ", time-out" : ""})`, "failed"),
  },
  {
    pattern: /probe deferral - (.*)$|deferred probe pending/,
    read: () => told("warning", "a driver waits for something that SCMI should provide", "failed"),
  },
];

function told(severity: LogEvent["severity"], meaning: string, count?: LogEvent["count"]): ToldOfDriver {
  return { severity, meaning, count };
}

/** A line of a server that has token, protocol and message in it. */
function numbered([, token = "", protocol = "", message = "", outcome = ""]: RegExpExecArray):
  | ToldOfDriver
  | ToldOfMessage {
  const address = {
    token: Number(token) & 0x3ff,
    protocolId: Number.parseInt(protocol, 16) & 0xff,
    messageId: Number.parseInt(message, 16) & 0xff,
  };
  const status = statusIn(outcome);
  if (status !== undefined) return { role: "response", ...address, status };
  if (/notif/i.test(outcome)) return { role: "notification", ...address };
  return { role: "command", ...address };
}

/** The status that a server says it answered with: in numbers, by name, or in words. */
function statusIn(outcome: string): number | undefined {
  const [, number, name] = /\((-?\d+)\)|\b([A-Z]+_[A-Z_]+|DENIED|BUSY|SUCCESS)\b/.exec(outcome) ?? [];
  if (number !== undefined) return Number(number);
  const named = Object.entries(STATUS).find(([it]) => it === name?.replace(/^SCMI_/, ""));
  if (named) return named[1];
  if (/error|failed/i.test(outcome)) return STATUS.GENERIC_ERROR;
  return /returned|success|responded|replied/i.test(outcome) ? STATUS.SUCCESS : undefined;
}
