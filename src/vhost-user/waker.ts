import type { Libc } from "./libc.ts";

const EVENTFD_FLAGS = 0x80800; // EFD_CLOEXEC | EFD_NONBLOCK
const ONE_AT = 0;
const DRAIN_AT = 8;
const BLOCK_BYTES = 16;

/** Ends a wait, from any thread that has a waker for the same descriptor. */
export class Waker {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #block: bigint;

  /** @param fd of another waker; default: a new one, which {@link closeFd} closes */
  constructor(libc: Libc, fd = libc.check(libc.eventfd(0, EVENTFD_FLAGS), "eventfd")) {
    this.fd = fd;
    this.#libc = libc;
    this.#block = libc.malloc(BLOCK_BYTES);
    new DataView(libc.view(this.#block, BLOCK_BYTES)).setBigUint64(ONE_AT, 1n, true);
  }

  wake(): void {
    this.#libc.write(this.fd, this.#block + BigInt(ONE_AT), 8);
  }

  /** Takes the wake-up in. */
  drain(): void {
    this.#libc.read(this.fd, this.#block + BigInt(DRAIN_AT), 8);
  }

  /** Closes the descriptor, for all who have it. */
  closeFd(): void {
    this.#libc.close(this.fd);
  }

  /** Is of no use any more. */
  close(): void {
    this.#libc.free(this.#block);
  }
}
