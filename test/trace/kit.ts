import { type DecodedMessage, decodeTrace } from "../../src/trace/index.ts";

/** Builds ftrace text line by line, as Linux 7.2 writes it. */
export class Ftrace {
  readonly #lines: string[] = [];
  #timeUs: number;

  constructor(startUs = 1_000_000) {
    this.#timeUs = startUs;
  }

  /** Time goes by. */
  after(us: number): this {
    this.#timeUs += us;
    return this;
  }

  begin(pt: string, id: string, seq: number): this {
    return this.#put(`scmi_xfer_begin: ${of(pt, id, seq)} transfer_id=1 poll=0 inflight=1`);
  }

  wait(pt: string, id: string, seq: number, timeoutMs: number): this {
    return this.#put(`scmi_xfer_response_wait: ${of(pt, id, seq)} transfer_id=1 tmo_ms=${timeoutMs} poll=0`);
  }

  end(pt: string, id: string, seq: number, status: number): this {
    return this.#put(`scmi_xfer_end: ${of(pt, id, seq)} transfer_id=1 s=${status} inflight=1`);
  }

  done(pt: string, id: string, seq: number, type: number): this {
    return this.#put(`scmi_rx_done: ${of(pt, id, seq)} transfer_id=1 msg_type=${type}`);
  }

  dump(tag: string, pt: string, id: string, seq: number, status: number, payload = "", instance = 0): this {
    return this.#put(
      `scmi_msg_dump: id=${instance} ch=10 pt=${pt} t=${tag} msg_id=${id} seq=${four(seq)} s=${status} pyld=${payload}`,
    );
  }

  /** Any other line. */
  line(text: string): this {
    this.#lines.push(text);
    return this;
  }

  get text(): string {
    return `# tracer: nop\n${this.#lines.join("\n")}\n`;
  }

  /** What it decodes to. */
  decode() {
    const { decoded, skipped, summary } = decodeTrace(this.text);
    const messages = decoded.filter((it): it is DecodedMessage => "token" in it && it.kind !== "log");
    return { decoded, messages, skipped, summary };
  }

  #put(event: string): this {
    this.#lines.push(`          <idle>-0       [000] d.h.. ${(this.#timeUs / 1e6).toFixed(6).padStart(12)}: ${event}`);
    return this;
  }
}

function of(pt: string, id: string, seq: number): string {
  return `pt=${pt} msg_id=${id} seq=${four(seq)}`;
}

function four(seq: number): string {
  return seq.toString(16).toUpperCase().padStart(4, "0");
}
