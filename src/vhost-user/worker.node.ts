/** The entry point `scmi-wasm/vhost-user/worker`: guests of QEMU and User Mode Linux that are answered without waiting for an event loop.
 *  Node on Linux only, with the package koffi.
 *  @module */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Board } from "../board/board.ts";
import type { Release } from "../protocols/releases.ts";
import { NO_COUNTERS, type VhostUserCounters } from "./back-end.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { listenAt } from "./listen.ts";
import type { PlatformData } from "./platform-thread.node.ts";
import type { VhostUserOutcome } from "./session.ts";
import { Waker } from "./waker.ts";
import { type FromThread, type ThreadData, type ToThread, unpackReason } from "./worker-messages.ts";

export type { VhostUserCounters } from "./back-end.ts";
export type { VhostUserOutcome } from "./session.ts";
export { serveInThread, type VhostUserPlay, type VhostUserStage } from "./thread.node.ts";

/** A platform that the thread makes by itself. Nothing but its guests reaches it; for more than that, give it a module of your own. */
export interface VhostUserPlatform {
  readonly board: Board;
  /** The release of the specification that it looks like; default 3.2. */
  readonly profile?: Release;
  /** Which of the board's agents guests are; default 1. */
  readonly agentId?: number;
  /** How many guests there may be at once; default 64. Further ones are sent away. */
  readonly guests?: number;
}

/** A module that calls `serveInThread`, and makes its platform itself: with vendor protocols, a simulated clock, tracers, or what else. */
export interface VhostUserModule {
  readonly module: URL;
  /** What its stage has as `data`: anything that can be cloned. */
  readonly data?: unknown;
}

/** How a worker behaves. */
export interface VhostUserWorkerOptions {
  /** Hears of each front end that went. */
  readonly onGone?: (outcome: VhostUserOutcome, reason: Error | undefined) => void;
  /** Hears what the thread posts. */
  readonly onMessage?: (message: unknown) => void;
}

const GUESTS = 64;

/** The SCMI device of guests of QEMU (`vhost-user-scmi-pci`) and User Mode Linux (`virtio_uml.device=PATH:32`), in a thread of its own that does
 *  nothing but wait for them: a kick is answered as soon as the kernel tells of it, and waits for no event loop as with `VhostUserServer`. The platform
 *  lives in that thread, too, for messages go straight between it and the guest's memory. This is its controller. Needs Linux, Node, and the package
 *  koffi. */
export class VhostUserWorker {
  /** Fulfilled when the thread has ended after {@link close}; rejected when it ended by an error, its own or one of the module. Its socket is gone
   *  then. */
  readonly ended: Promise<void>;
  readonly #libc: Libc;
  readonly #path: string;
  readonly #listener: number;
  readonly #waker: Waker;
  readonly #port: MessagePort;
  readonly #options: VhostUserWorkerOptions;
  readonly #over: Promise<void>;
  readonly #asking: ((counters: VhostUserCounters) => void)[] = [];
  #last: VhostUserCounters | undefined;
  #isOver = false;
  #ready = () => {};

  private constructor(
    libc: Libc,
    path: string,
    thread: { readonly module: URL; readonly data: unknown },
    options: VhostUserWorkerOptions,
  ) {
    this.#libc = libc;
    this.#path = path;
    this.#options = options;
    this.#listener = listenAt(libc, path);
    this.#waker = new Waker(libc);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const start: ThreadData<MessagePort> = {
      ...{ port: port2, listener: this.#listener, waker: this.#waker.fd, data: thread.data },
    };
    port1.on("message", (message: FromThread) => this.#take(message));
    const worker = new Worker(thread.module, {
      ...{ name: "vhost-user", workerData: { scmiVhostUser: start }, transferList: [port2] },
    });
    this.#over = this.#watch(worker);
    this.ended = this.#over.then(() => {}); // of its own: who listens nowhere shall hear of an error as of any other
  }

  /** Listens at a path, which has to be free.
   *  @param source the platform, or the module that makes it
   *  @throws UnsupportedError without the package koffi, or without Linux
   *  @throws RangeError for a path of more than 107 bytes, or an agent that the board lacks; ChannelError when it cannot be listened at; what
   *  the set-up of the module throws */
  static async listen(
    source: VhostUserPlatform | VhostUserModule,
    path: string,
    options: VhostUserWorkerOptions = {},
  ): Promise<VhostUserWorker> {
    const thread = "module" in source ? { module: source.module, data: source.data } : platformThread(source);
    const libc = await loadLibc();
    const worker = new VhostUserWorker(libc, path, thread, options);
    const ready = new Promise<void>((resolve) => {
      worker.#ready = resolve;
    });
    const over = worker.#over.then(() => {
      throw new Error(`${thread.module.href}: expected a thread that serves, got one that ended`);
    });
    try {
      await Promise.race([ready, over]);
    } catch (reason) {
      worker.ended.catch(() => {}); // told already
      throw reason;
    }
    return worker;
  }

  /** What was counted so far; at the end, what was counted in all. */
  counters(): Promise<VhostUserCounters> {
    if (this.#isOver) return Promise.resolve(this.#last ?? NO_COUNTERS);
    const counters = new Promise<VhostUserCounters>((resolve) => void this.#asking.push(resolve));
    this.#post({ kind: "counters" });
    return counters;
  }

  /** Tells the thread something, whose `onMessage` hears of it between two kicks: anything that can be cloned. */
  post(message: unknown): void {
    if (!this.#isOver) this.#post({ kind: "message", message });
  }

  /** Sends all front ends away, ends the thread, and removes the socket. Idempotent. */
  close(): Promise<void> {
    if (!this.#isOver) this.#post({ kind: "close" });
    return this.ended;
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message);
    this.#waker.wake();
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case "ready":
        this.#ready();
        return;
      case "counters":
        this.#asking.shift()?.(message.counters);
        return;
      case "message":
        this.#options.onMessage?.(message.message);
        return;
      case "gone":
        this.#options.onGone?.(message.outcome, unpackReason(message.reason));
        return;
      case "ended":
        this.#last = message.counters;
    }
  }

  async #watch(worker: Worker): Promise<void> {
    // A thread that waits in the kernel does not hear that the process is to end
    const onExit = () => this.#post({ kind: "close" });
    process.once("exit", onExit);
    let failure: { readonly error: unknown } | undefined;
    worker.once("error", (error) => {
      failure = { error };
    });
    await new Promise<void>((resolve) => {
      worker.once("exit", () => resolve());
    });
    process.removeListener("exit", onExit);
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#take(next.message as FromThread);
    }
    this.#isOver = true;
    this.#libc.close(this.#listener);
    this.#libc.unlink(this.#path);
    this.#waker.closeFd();
    this.#waker.close();
    this.#port.close();
    for (const tell of this.#asking.splice(0)) tell(this.#last ?? NO_COUNTERS);
    if (failure) throw failure.error;
  }
}

function platformThread({ board, profile = "3.2", agentId = 1, guests = GUESTS }: VhostUserPlatform) {
  if (!Number.isInteger(agentId) || agentId < 1 || agentId > board.agents.length) {
    throw new RangeError(`"agentId" expected integer 1 to ${board.agents.length}, got ${agentId}`);
  }
  const data: PlatformData = { board, profile, agentId, guests };
  return { module: new URL("./platform-thread.node.js", import.meta.url), data };
}
