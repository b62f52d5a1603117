import { STATUS_BYTES } from "../../wire/index.ts";
import type { MessageEvent, MessageKind, Refusal, TraceEvent } from "../event.ts";
import type { ByteListener, TraceExporter } from "./exporter.ts";

const HEAD = `# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;

const TAGS: Readonly<Record<MessageKind, string>> = {
  command: "CMND",
  response: "RESP",
  delayedResponse: "DLYD",
  notification: "NOTI",
};

/** What stands for the status of a message that was refused. */
const REFUSED: Readonly<Record<Refusal, number>> = {
  unexpected: -1,
  invalid: -2,
  unknownType: -3,
  noMemory: -4,
  spurious: -5,
};

/** Writes what Linux 6.x prints of its `scmi` events in `/sys/kernel/tracing/trace`: numbers and field names alike. Times have nine digits
 *  behind the point, as `trace-cmd report -t` writes them. */
export class FtraceExporter implements TraceExporter {
  readonly #onBytes: ByteListener;
  readonly #encoder = new TextEncoder();
  #isBegun = false;

  constructor(onBytes: ByteListener) {
    this.#onBytes = onBytes;
  }

  write(event: TraceEvent): void {
    this.#begin();
    const line = event.kind === "log" ? event.text : `${prefixOf(event.timeUs)}${textOf(event)}`;
    // A line that does not look like a log of lost events would be taken for damage
    const isComment = event.kind === "log" && event.count !== "dropped";
    this.#print(`${isComment ? "# " : ""}${line}\n`);
  }

  end(): void {
    this.#begin();
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#print(HEAD);
  }

  #print(text: string): void {
    this.#onBytes(this.#encoder.encode(text));
  }
}

function prefixOf(timeUs = 0): string {
  const ns = Math.round(timeUs * 1000);
  const seconds = Math.floor(ns / 1e9);
  return `            scmi-0       [000] ..... ${`${seconds}`.padStart(5)}.${digits(ns - seconds * 1e9, 9, 10)}: `;
}

function textOf(event: Exclude<TraceEvent, { kind: "log" }>): string {
  const { protocolId, messageId } = event;
  const message = `pt=${hex(protocolId, 2)} msg_id=${hex(messageId, 2)}`;
  if (event.kind === "fastChannel") {
    const [first = 0, second = 0] = event.values;
    return `scmi_fc_call: ${message} res_id=${event.domainId} vals=${first}:${second}`;
  }
  const seq = `seq=${hex(event.token, 4)}`;
  if (event.kind === "message") return dumpOf(event, seq);
  const xfer = `${message} ${seq} transfer_id=${hex(event.transferId, 1)}`;
  switch (event.kind) {
    case "xferBegin":
      return `scmi_xfer_begin: ${xfer} poll=${event.isPolled ? 1 : 0} inflight=${event.inFlight ?? 1}`;
    case "responseWait":
      return `scmi_xfer_response_wait: ${xfer} tmo_ms=${event.timeoutMs} poll=${event.isPolled ? 1 : 0}`;
    case "xferEnd":
      return `scmi_xfer_end: ${xfer} s=${event.status} inflight=${event.inFlight ?? 1}`;
    case "rxDone":
      return `scmi_rx_done: ${xfer} msg_type=${event.messageType}`;
  }
}

function dumpOf(event: MessageEvent, seq: string): string {
  const { role, protocolId, messageId, refusal, instance = 0, channel = 0, payload = new Uint8Array() } = event;
  const place = `id=${instance} ch=${hex(channel, 2)} pt=${hex(protocolId, 2)}`;
  const dump = (tag: string, status: number, bytes: Uint8Array) =>
    `scmi_msg_dump: ${place} t=${tag} msg_id=${hex(messageId, 2)} ${seq} s=${status} pyld=${digitsOf(bytes)}`;
  if (refusal !== undefined) return dump(`!${TAGS[role]}`, REFUSED[refusal], new Uint8Array());
  const hasStatus = role === "response" || role === "delayedResponse";
  if (!hasStatus || payload.byteLength < STATUS_BYTES) return dump(TAGS[role], event.status ?? 0, payload);
  // Linux prints the status apart
  const status = new DataView(payload.buffer, payload.byteOffset).getInt32(0, true);
  return dump(TAGS[role], status, payload.subarray(STATUS_BYTES));
}

function digitsOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += digits(byte, 2, 16);
  return text;
}

function hex(value: number, width: number): string {
  return digits(value, width, 16).toUpperCase();
}

function digits(value: number, width: number, radix: number): string {
  return value.toString(radix).padStart(width, "0");
}
