/// <reference lib="esnext.disposable" preserve="true" />
import type { TeeMemory } from "./memory.ts";
import { TEE_RESULT, teeError } from "./result.ts";

/** Memory that a client and its TEE see. While it lives, so does its context's connection. GlobalPlatform, `TEEC_SharedMemory`. */
export class TeeSharedMemory {
  /** How the TEE calls it. */
  readonly cookie: number;
  /** What was allocated may be larger than what was asked for. */
  readonly byteLength: number;
  readonly #memory: TeeMemory;
  readonly #free: () => Promise<void>;
  #releasing: Promise<void> | undefined;

  /** @internal */
  constructor(memory: TeeMemory, free: () => Promise<void>) {
    this.cookie = memory.cookie;
    this.byteLength = memory.bytes.byteLength;
    this.#memory = memory;
    this.#free = free;
  }

  /** The memory itself.
   *  @throws TeeError `BAD_STATE` once it was released */
  get bytes(): Uint8Array {
    if (this.#releasing) throw teeError("shared memory: use after release", TEE_RESULT.BAD_STATE, "api");
    return this.#memory.bytes;
  }

  /** Gives it back. Idempotent; it is gone also when the TEE complains.
   *  @throws TeeError */
  release(): Promise<void> {
    this.#releasing ??= this.#free();
    return this.#releasing;
  }

  /** {@link release}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
