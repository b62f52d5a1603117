import type { Libc } from "./libc.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLL_CLOEXEC = 0x80000;
const EVENTS = 16;
const EVENTS_AT = 32;
const EVENT_BYTES = 16;
const BLOCK_BYTES = EVENTS_AT + EVENTS * EVENT_BYTES;

/** Waits for file descriptors that Node cannot wait for. */
export class Epoll {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #block: bigint;
  readonly #events: bigint;
  readonly #view: DataView;
  readonly #handlers = new Map<number, () => void>();
  /** struct epoll_event is packed on x86-64, and nowhere else. */
  readonly #stride: number;
  readonly #idAt: number;
  #nextId = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#stride = hostArchitecture() === "x64" ? 12 : EVENT_BYTES;
    this.#idAt = this.#stride - 8;
    this.#fd = libc.check(libc.epollCreate(EPOLL_CLOEXEC), "epoll_create1");
    this.#block = libc.malloc(BLOCK_BYTES);
    this.#events = this.#block + BigInt(EVENTS_AT);
    this.#view = new DataView(libc.view(this.#block, BLOCK_BYTES));
  }

  /** Calls back whenever a descriptor can be read; the result stops it.
   *  @throws ChannelError for one that cannot be waited for */
  watch(fd: number, readable: () => void): () => void {
    const id = this.#nextId++; // not the descriptor: events of the one before under that number may still be under way
    this.#view.setUint32(0, EPOLLIN, true);
    this.#view.setBigUint64(this.#idAt, BigInt(id), true);
    this.#libc.check(this.#libc.epollCtl(this.#fd, EPOLL_CTL_ADD, fd, this.#block), "epoll_ctl");
    this.#handlers.set(id, readable);
    return () => {
      if (!this.#handlers.delete(id)) return;
      this.#libc.epollCtl(this.#fd, EPOLL_CTL_DEL, fd, this.#block);
    };
  }

  /** Sleeps on this thread until a descriptor can be read.
   *  @param timeoutMs -1 = for ever
   *  @returns how many {@link handle} has to look at; none or less when it was for nothing */
  wait(timeoutMs: number): number {
    return this.#libc.epollWait(this.#fd, this.#events, EVENTS, timeoutMs);
  }

  /** The same, asleep on a thread of Node's pool. */
  waitAsync(): Promise<number> {
    return new Promise((resolve) => {
      const done = (_: unknown, count: number) => resolve(count);
      this.#libc.epollWait.async(this.#fd, this.#events, EVENTS, -1, done);
    });
  }

  /** Calls back for one of the descriptors that the last wait found. */
  handle(index: number): void {
    const id = this.#view.getUint32(EVENTS_AT + index * this.#stride + this.#idAt, true);
    this.#handlers.get(id)?.();
  }

  /** Nobody may wait any more. */
  close(): void {
    this.#libc.close(this.#fd);
    this.#libc.free(this.#block);
  }
}

/** As Node names it. */
function hostArchitecture(): string | undefined {
  const { process } = globalThis as { readonly process?: { readonly arch?: string } }; // no type of Node's is known here
  return process?.arch;
}
