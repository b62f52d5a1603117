import { Epoll } from "./epoll.ts";
import type { Libc } from "./libc.ts";
import { Waker } from "./waker.ts";

/** Waits for file descriptors beside an event loop: a thread of Node's pool sleeps in the kernel meanwhile. */
export class Poller {
  readonly #epoll: Epoll;
  readonly #waker: Waker;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(libc: Libc) {
    this.#epoll = new Epoll(libc);
    this.#waker = new Waker(libc);
    this.#epoll.watch(this.#waker.fd, () => {});
  }

  /** Calls back whenever a descriptor can be read; the result stops it.
   *  @throws ChannelError for one that cannot be waited for */
  watch(fd: number, readable: () => void): () => void {
    return this.#epoll.watch(fd, readable);
  }

  /** Waits until {@link close}. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the waiting. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waker.wake();
    await this.#running;
    this.#waker.closeFd();
    this.#waker.close();
    this.#epoll.close();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const count = await this.#epoll.waitAsync();
      for (let i = 0; i < count && !this.#isClosed; i++) this.#epoll.handle(i);
    }
  }
}
