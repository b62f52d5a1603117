import type { Libc } from "./libc.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLL_CLOEXEC = 0x80000;
const EVENTFD_FLAGS = 0x80800; // EFD_CLOEXEC | EFD_NONBLOCK
const EVENTS = 16;
const EVENTS_AT = 32;
const WAKE = 0;

/** Waits for file descriptors that Node cannot wait for, on the main thread: a thread of the pool sleeps in the kernel meanwhile. */
export class Poller {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #wake: number;
  readonly #block: bigint;
  readonly #view: DataView;
  readonly #handlers = new Map<number, () => void>();
  /** struct epoll_event is packed on x86-64, and nowhere else. */
  readonly #stride: number;
  #nextId = WAKE + 1;
  #isClosed = false;
  #running: Promise<void> | undefined;

  /** @param isPacked on x86-64 */
  constructor(libc: Libc, isPacked: boolean) {
    this.#libc = libc;
    this.#stride = isPacked ? 12 : 16;
    this.#epoll = libc.check(libc.epollCreate(EPOLL_CLOEXEC), "epoll_create1");
    this.#wake = libc.check(libc.eventfd(0, EVENTFD_FLAGS), "eventfd");
    this.#block = libc.malloc(EVENTS_AT + EVENTS * 16);
    this.#view = new DataView(libc.view(this.#block, EVENTS_AT + EVENTS * 16));
    this.#control(EPOLL_CTL_ADD, this.#wake, WAKE);
  }

  /** Calls back whenever a descriptor can be read; the result stops it.
   *  @throws ChannelError for one that cannot be waited for */
  watch(fd: number, readable: () => void): () => void {
    const id = this.#nextId++;
    this.#control(EPOLL_CTL_ADD, fd, id);
    this.#handlers.set(id, readable);
    return () => {
      if (!this.#handlers.delete(id)) return;
      this.#libc.epollCtl(this.#epoll, EPOLL_CTL_DEL, fd, this.#block);
    };
  }

  /** Waits until {@link close}. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the waiting. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#view.setBigUint64(16, 1n, true);
    this.#libc.write(this.#wake, this.#block + 16n, 8);
    await this.#running;
    this.#libc.close(this.#wake);
    this.#libc.close(this.#epoll);
    this.#libc.free(this.#block);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const count = await this.#wait();
      for (let i = 0; i < count && !this.#isClosed; i++) {
        const at = EVENTS_AT + i * this.#stride + (this.#stride - 8);
        this.#handlers.get(this.#view.getUint32(at, true))?.();
      }
    }
  }

  #wait(): Promise<number> {
    return new Promise((resolve) => {
      const done = (_: unknown, count: number) => resolve(count);
      this.#libc.epollWait.async(this.#epoll, this.#block + BigInt(EVENTS_AT), EVENTS, -1, done);
    });
  }

  #control(operation: number, fd: number, id: number): void {
    this.#view.setUint32(0, EPOLLIN, true);
    this.#view.setBigUint64(this.#stride - 8, BigInt(id), true);
    this.#libc.check(this.#libc.epollCtl(this.#epoll, operation, fd, this.#block), "epoll_ctl");
  }
}
