/** Bytes that grow; every piece starts on a multiple of 8. */
export class DescriptionWriter {
  #bytes = new Uint8Array(1024);
  #data = new DataView(this.#bytes.buffer);
  #end = 0;

  reserve(byteLength: number): number {
    const at = (this.#end + 7) & ~7;
    this.#end = at + byteLength;
    if (this.#end > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.#end, 2 * this.#bytes.byteLength));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#data = new DataView(grown.buffer);
    }
    return at;
  }

  append(bytes: Uint8Array): number {
    const at = this.reserve(bytes.byteLength);
    this.#bytes.set(bytes, at);
    return at;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, (this.#end + 7) & ~7);
  }

  u8(at: number): number {
    return this.#data.getUint8(at);
  }

  u32(at: number): number {
    return this.#data.getUint32(at, true);
  }

  setU8(at: number, value: number): void {
    this.#data.setUint8(at, value);
  }

  setU16(at: number, value: number): void {
    this.#data.setUint16(at, value, true);
  }

  setU32(at: number, value: number): void {
    this.#data.setUint32(at, value, true);
  }

  setU64(at: number, value: bigint): void {
    this.#data.setBigUint64(at, value, true);
  }
}
