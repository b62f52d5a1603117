/** Writes one protobuf message: only what traces need. Fields are written in the order of the calls. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** A field of type `uint32`, `uint64`, `int64`, `bool` or an enum; negative numbers take ten bytes, as protobuf wants it. */
  varint(field: number, value: number | bigint): this {
    this.#key(field, 0);
    this.#varint(value);
    return this;
  }

  /** A field of type `fixed64`. */
  fixed64(field: number, value: bigint): this {
    this.#key(field, 1);
    const at = this.#room(8);
    new DataView(this.#bytes.buffer).setBigUint64(at, value, true);
    return this;
  }

  /** A field of type `double`. */
  double(field: number, value: number): this {
    this.#key(field, 1);
    const at = this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(at, value, true);
    return this;
  }

  /** A field of type `string`. */
  string(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  /** A field of type `bytes`. */
  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2);
    this.#varint(value.byteLength);
    const at = this.#room(value.byteLength);
    this.#bytes.set(value, at);
    return this;
  }

  /** A message in the message. */
  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  /** What was written; a copy. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #key(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number | bigint): void {
    if (typeof value === "number" && value >= 0) {
      let rest = value;
      while (rest >= 0x80) {
        this.#byte((rest % 0x80) | 0x80);
        rest = Math.floor(rest / 0x80);
      }
      this.#byte(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(value: number): void {
    const at = this.#room(1); // may replace the bytes
    this.#bytes[at] = value;
  }

  /** Takes room for so many bytes; where they start. */
  #room(byteLength: number): number {
    const at = this.#length;
    this.#length += byteLength;
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}
