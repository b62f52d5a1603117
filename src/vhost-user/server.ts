import type { ConnectServer } from "../firmware/index.ts";
import { BackEnd, type VhostUserCounters } from "./back-end.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { listenAt } from "./listen.ts";
import { Poller } from "./poller.ts";
import type { VhostUserOutcome } from "./session.ts";

/** How a server behaves. */
export interface VhostUserOptions {
  /** Hears of each front end that went. */
  readonly onGone?: (outcome: VhostUserOutcome, reason: Error | undefined) => void;
}

/** The SCMI device of guests of QEMU (`vhost-user-scmi-pci`) and User Mode Linux (`virtio_uml.device=PATH:32`), on this thread: the
 *  back end of vhost-user at a Unix socket. Messages go straight between the guest's memory and the platform. Kicks wait for their turn in the event
 *  loop; `VhostUserWorker` of `scmi-wasm/vhost-user/worker` answers sooner. Needs Linux, Node, and the package koffi. */
export class VhostUserServer {
  readonly #libc: Libc;
  readonly #path: string;
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #backEnd: BackEnd;
  #closing: Promise<void> | undefined;

  private constructor(libc: Libc, connect: ConnectServer, path: string, fd: number, { onGone }: VhostUserOptions) {
    this.#libc = libc;
    this.#path = path;
    this.#fd = fd;
    this.#poller = new Poller(libc);
    this.#backEnd = new BackEnd({ libc, connect, onGone, watch: (at, readable) => this.#watch(at, readable) }, fd);
  }

  /** Listens at a path, which has to be free.
   *  @param connect a place at the platform for each guest: `(sink) => platform.connectMessages(agentId, sink)`
   *  @throws UnsupportedError without the package koffi, or without Linux
   *  @throws RangeError for a path of more than 107 bytes; ChannelError when it cannot be listened at */
  static async listen(connect: ConnectServer, path: string, options: VhostUserOptions = {}): Promise<VhostUserServer> {
    const libc = await loadLibc();
    const server = new VhostUserServer(libc, connect, path, listenAt(libc, path), options);
    server.#poller.start();
    return server;
  }

  /** What was counted so far. */
  get counters(): VhostUserCounters {
    return this.#backEnd.counters;
  }

  /** Sends all front ends away, and removes the socket. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#poller.close(); // nothing calls back from here on
    this.#backEnd.close();
    this.#libc.close(this.#fd);
    this.#libc.unlink(this.#path);
  }

  #watch(fd: number, readable: () => void): () => void {
    const unwatch = this.#poller.watch(fd, readable);
    return () => {
      if (this.#closing === undefined) unwatch();
    };
  }
}
