import type { ByteStream, ByteStreamListener } from "./byte-stream.ts";

/** How the two ends of a {@link streamPair} treat bytes. */
export interface StreamPairOptions {
  /** Bytes on their way in one direction before `write` says that it is enough; default 64 KiB. */
  readonly highWaterBytes?: number;
  /** Longest chunk that is told, in bytes: 1 cuts everywhere. Default: as written. */
  readonly chunkBytes?: number;
}

const DEFAULT_HIGH_WATER_BYTES = 0x10000;

/** Two ends of a stream inside of one process: what one writes, the other is told when the current job is done. */
export function streamPair(options: StreamPairOptions = {}): readonly [ByteStream, ByteStream] {
  const a = new MemoryStream(options);
  const b = new MemoryStream(options);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

class MemoryStream implements ByteStream {
  peer: MemoryStream | undefined;
  readonly #highWaterBytes: number;
  readonly #chunkBytes: number;
  #listener: ByteStreamListener | undefined;
  /** What came and was not told yet. */
  readonly #inbound: Uint8Array[] = [];
  #inboundBytes = 0;
  #isPaused = false;
  #isWanted = false;
  #isScheduled = false;
  #isEnding = false;
  #cause: Error | undefined;
  /** Nothing more is told. */
  #isOver = false;
  /** Nothing more is taken. */
  #isShut = false;

  constructor({ highWaterBytes = DEFAULT_HIGH_WATER_BYTES, chunkBytes = Number.POSITIVE_INFINITY }: StreamPairOptions) {
    this.#highWaterBytes = highWaterBytes;
    this.#chunkBytes = chunkBytes;
  }

  open(listener: ByteStreamListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  write(bytes: Uint8Array): boolean {
    const { peer } = this;
    if (this.#isShut || peer === undefined || peer.#isOver || peer.#isShut) return true;
    for (let at = 0; at < bytes.byteLength; at += this.#chunkBytes) {
      peer.#inbound.push(bytes.subarray(at, at + this.#chunkBytes));
    }
    peer.#inboundBytes += bytes.byteLength;
    peer.#schedule();
    if (peer.#inboundBytes < this.#highWaterBytes) return true;
    peer.#isWanted = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#isShut) return;
    this.#isShut = true;
    if (this.peer) this.peer.#finish(undefined);
    this.#inbound.length = 0;
    this.#isPaused = false;
    this.#finish(undefined);
  }

  destroy(): void {
    this.#isOver = true;
    this.#inbound.length = 0;
    if (this.#isShut) return;
    this.#isShut = true;
    const { peer } = this;
    if (peer === undefined) return;
    peer.#inbound.length = 0;
    peer.#finish(new Error("the other end was destroyed"));
  }

  #finish(cause: Error | undefined): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#cause = cause;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOver || !this.#listener) return;
    this.#isScheduled = true;
    Promise.resolve().then(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const listener = this.#listener;
    while (listener && !this.#isPaused && !this.#isOver) {
      const bytes = this.#inbound.shift();
      if (bytes === undefined) break;
      this.#inboundBytes -= bytes.byteLength;
      listener.onBytes(bytes);
    }
    if (this.#inbound.length > 0 || this.#isOver) return;
    this.#inboundBytes = 0;
    if (this.#isWanted) {
      this.#isWanted = false;
      if (this.peer) this.peer.#drained();
    }
    if (!this.#isEnding || this.#isPaused) return;
    this.#isOver = true;
    listener?.onEnd(this.#cause);
  }

  #drained(): void {
    if (!this.#isOver) this.#listener?.onDrain();
  }
}
