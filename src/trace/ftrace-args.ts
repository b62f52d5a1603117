/** What a field that was not there reads as; beyond every limit. */
const NONE = Number.MAX_SAFE_INTEGER;

/** Bytes of a payload at most that a line is taken for: a page of the trace buffer holds no more. */
const MOST_BYTES = 8192;

/** The fields of one `scmi` event. One object serves all lines: a trace has millions. */
export class FtraceArgs {
  protocolId = NONE;
  messageId = NONE;
  token = NONE;
  transferId = 0;
  poll = 0;
  inFlight: number | undefined;
  timeoutMs = -1;
  /** 0 or negative; what stands behind `s=` or `status=`. */
  status: number | undefined;
  messageType = NONE;
  instance: number | undefined;
  channel: number | undefined;
  /** `CMND`. */
  tag = "";
  domainId = 0;
  values: readonly number[] = [];
  #text = "";
  #payloadAt = -1;
  #payloadEnd = -1;
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  /** Reads `name=value` and `name:value` from `at` on.
   *  @returns what is wrong; `undefined` when all is well */
  read(text: string, at: number): string | undefined {
    this.#reset(text);
    // Kernels before 5.19 write protocol_id, and all numbers in decimal.
    const radix = text.indexOf("protocol_id=", at) < 0 ? 16 : 10;
    const { length } = text;
    let i = at;
    while (i < length) {
      while (i < length && text.charCodeAt(i) <= 0x20) i++;
      const start = i;
      while (i < length && !isSeparator(text.charCodeAt(i))) i++;
      if (i === start) {
        i++;
        continue;
      }
      if (text.charCodeAt(i) <= 0x20 || i === length)
        return `expected name=value, got "${text.slice(start, i).slice(0, 20)}"`;
      const valueAt = i + 1;
      i = valueAt;
      while (i < length && text.charCodeAt(i) > 0x20) i++;
      const fault = this.#put(text.slice(start, valueAt - 1), valueAt, i, radix);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** The payload as it is on the wire; lent until the next line.
   *  @param status put in front, as Linux prints it apart
   *  @returns what is wrong where the digits are no bytes */
  payload(status: number | undefined): Uint8Array | string {
    const start = this.#payloadAt;
    if (start < 0) return "expected pyld, got none";
    const digits = this.#payloadEnd - start;
    const ahead = status === undefined ? 0 : 4;
    if (digits % 2 !== 0) return `expected two digits a byte, got ${digits} digits`;
    if (digits / 2 + ahead > MOST_BYTES) return `expected at most ${MOST_BYTES} bytes of payload, got ${digits / 2}`;
    if (status !== undefined && (status | 0) !== status) return `expected a status of 32 bits, got ${status}`;
    if (status !== undefined) this.#view.setInt32(0, status, true);
    for (let i = 0; i < digits; i += 2) {
      const high = digitOf(this.#text.charCodeAt(start + i));
      const low = digitOf(this.#text.charCodeAt(start + i + 1));
      if (high < 0 || low < 0) return "expected hexadecimal digits in pyld, got something else";
      this.#bytes[ahead + i / 2] = (high << 4) | low;
    }
    return this.#bytes.subarray(0, ahead + digits / 2);
  }

  #reset(text: string): void {
    this.#text = text;
    this.protocolId = this.messageId = this.token = this.messageType = NONE;
    this.transferId = this.poll = this.domainId = 0;
    this.timeoutMs = -1;
    this.inFlight = this.status = this.instance = this.channel = undefined;
    this.tag = "";
    this.values = [];
    this.#payloadAt = this.#payloadEnd = -1;
  }

  #put(name: string, at: number, end: number, radix: 10 | 16): string | undefined {
    switch (name) {
      case "pyld":
        this.#payloadAt = at;
        this.#payloadEnd = end;
        return undefined;
      case "t":
        this.tag = this.#text.slice(at, end);
        return undefined;
      case "vals":
        this.values = this.#text.slice(at, end).split(":").map(Number);
        return this.values.every((it) => it >= 0) ? undefined : "expected vals of two numbers, got something else";
      case "pt":
      case "protocol_id":
        this.protocolId = this.#number(at, end, radix);
        return this.#checked(this.protocolId, name);
      case "msg_id":
        this.messageId = this.#number(at, end, radix);
        return this.#checked(this.messageId, name);
      case "seq":
        this.token = this.#number(at, end, radix);
        return this.#checked(this.token, name);
      case "transfer_id":
        this.transferId = this.#number(at, end, radix);
        return this.#checked(this.transferId, name);
      case "ch":
        this.channel = this.#number(at, end, 16);
        return this.#checked(this.channel, name);
      case "id":
        this.instance = this.#number(at, end, 10);
        return this.#checked(this.instance, name);
      case "s":
      case "status":
        this.status = this.#signed(at, end);
        return this.#checked(this.status, name);
      case "tmo_ms":
        this.timeoutMs = this.#number(at, end, 10);
        return this.#checked(this.timeoutMs, name);
      case "msg_type":
        this.messageType = this.#number(at, end, 10);
        return this.#checked(this.messageType, name);
      case "poll":
        this.poll = this.#number(at, end, 10);
        return this.#checked(this.poll, name);
      case "inflight":
        this.inFlight = this.#signed(at, end);
        return this.#checked(this.inFlight, name);
      case "res_id":
        this.domainId = this.#number(at, end, 10);
        return this.#checked(this.domainId, name);
      default:
        return undefined; // newer kernels append fields
    }
  }

  #checked(value: number, name: string): string | undefined {
    return Number.isNaN(value) ? `expected a number in ${name}, got something else` : undefined;
  }

  #signed(at: number, end: number): number {
    return this.#text.charCodeAt(at) === 0x2d ? -this.#number(at + 1, end, 10) : this.#number(at, end, 10);
  }

  /** NaN where it is none. */
  #number(at: number, end: number, radix: 10 | 16): number {
    if (at === end || end - at > 12) return Number.NaN;
    let value = 0;
    for (let i = at; i < end; i++) {
      const digit = digitOf(this.#text.charCodeAt(i));
      if (digit < 0 || digit >= radix) return Number.NaN;
      value = value * radix + digit;
    }
    return value;
  }
}

function isSeparator(code: number): boolean {
  return code === 0x3d || code === 0x3a || code <= 0x20;
}

/** 0 to 15; -1 where it is no hexadecimal digit. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
