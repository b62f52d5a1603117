/** Views on a core's memory that survive its growth. Everything is little-endian; u32 is made unsigned here, once. */
export class CoreMemory {
  readonly #memory: WebAssembly.Memory;
  /** Whether other threads may be in it. */
  readonly isShared: boolean;
  #buffer: ArrayBufferLike;
  #data: DataView;
  #bytes: Uint8Array;
  #words: Int32Array;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.isShared = !(this.#buffer instanceof ArrayBuffer);
    this.#data = new DataView(this.#buffer);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
  }

  /** The current view. Borrowed: creating or forking a core may detach it, so ask again rather than keep it. */
  get data(): DataView {
    this.#renew();
    return this.#data;
  }

  /** The current view in bytes. Borrowed like {@link data}. */
  get bytes(): Uint8Array {
    this.#renew();
    return this.#bytes;
  }

  /** The current view in signed words, for hot paths; index = address / 4. Borrowed like {@link data}. */
  get words(): Int32Array {
    this.#renew();
    return this.#words;
  }

  /** The memory itself, to be sent to another worker. */
  get memory(): WebAssembly.Memory {
    return this.#memory;
  }

  /** Reads an unsigned word at a 4-byte aligned address. */
  u32(at: number): number {
    this.#renew();
    return (this.#words[at >>> 2] ?? 0) >>> 0;
  }

  /** Reads a signed word at a 4-byte aligned address. */
  i32(at: number): number {
    this.#renew();
    return this.#words[at >>> 2] ?? 0;
  }

  /** Writes a word at a 4-byte aligned address. */
  setU32(at: number, value: number): void {
    this.#renew();
    this.#words[at >>> 2] = value;
  }

  /** Reads a double at any address: times, in nanoseconds. */
  f64(at: number): number {
    this.#renew();
    return this.#data.getFloat64(at, true);
  }

  /** Writes a double at any address. */
  setF64(at: number, value: number): void {
    this.#renew();
    this.#data.setFloat64(at, value, true);
  }

  #renew(): void {
    // Growth detaches the buffer, and what views a detached one has no length. A shared one stays as it was: only its memory knows of the next
    if (this.#words.length !== 0 && !this.isShared) return;
    if (this.#buffer === this.#memory.buffer) return;
    this.#buffer = this.#memory.buffer;
    this.#data = new DataView(this.#buffer);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
  }
}
