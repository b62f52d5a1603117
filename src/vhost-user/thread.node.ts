import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import { realClock } from "../core/real-clock.ts";
import type { ConnectServer } from "../firmware/index.ts";
import { BackEnd } from "./back-end.ts";
import { Epoll } from "./epoll.ts";
import { loadLibc } from "./libc.ts";
import { WaitingClock } from "./waiting-clock.ts";
import { Waker } from "./waker.ts";
import { type FromThread, packReason, type ThreadData, type ToThread } from "./worker-messages.ts";

/** What a thread has to work with. */
export interface VhostUserStage {
  /** What the controller gave along, a copy. */
  readonly data: unknown;
  /** The real clock, for platform and tracers. The timers of Node stand still while the thread waits for kicks; this one's appointments are
   *  kept. */
  readonly clock: Clock;
  /** Tells the controller something, which hears of it by `onMessage`: anything that can be cloned. */
  post(message: unknown): void;
}

/** What a thread serves. */
export interface VhostUserPlay {
  /** A place at the platform for each guest: `(sink) => platform.connectMessages(agentId, sink)`. */
  readonly connect: ConnectServer;
  /** Hears what the controller posts. */
  readonly onMessage?: (message: unknown) => void;
  /** Called at the end, when no guest is there any more. */
  readonly close?: () => void;
}

/** Serves the guests of a `VhostUserWorker`: what the module of a worker of one's own calls. Core and platform are made here, in this
 *  thread, and everything that touches them has to run here, by appointments of the stage's clock or by messages. From the set-up on, the thread waits
 *  in the kernel: Node's event loop, with its timers, sockets and promises, gets a turn after each of these, and no other.
 *  @throws TypeError in a thread that no `VhostUserWorker` has started
 *  @throws UnsupportedError without the package koffi, or without Linux */
export async function serveInThread(
  setUp: (stage: VhostUserStage) => VhostUserPlay | Promise<VhostUserPlay>,
): Promise<void> {
  const start = (workerData as { readonly scmiVhostUser?: ThreadData<MessagePort> } | null)?.scmiVhostUser;
  if (!start) throw new TypeError("serveInThread: expected a thread that a VhostUserWorker has started, got another");
  const { port, listener, data } = start;
  const post = (message: FromThread) => port.postMessage(message);
  const libc = await loadLibc();
  const epoll = new Epoll(libc);
  const waker = new Waker(libc, start.waker);
  const clock = new WaitingClock(realClock);
  const play = await setUp({ data, clock, post: (message) => post({ kind: "message", message }) });
  const backEnd = new BackEnd(
    {
      ...{ libc, connect: play.connect, watch: (fd, readable) => epoll.watch(fd, readable) },
      onGone: (outcome, reason) => post({ kind: "gone", outcome, reason: packReason(reason) }),
    },
    listener,
  );
  let isClosing = false;
  let hasNews = false;
  const take = (message: ToThread) => {
    if (message.kind === "close") isClosing = true;
    else if (message.kind === "counters") post({ kind: "counters", counters: backEnd.counters });
    else play.onMessage?.(message.message);
  };
  epoll.watch(waker.fd, () => {
    waker.drain();
    hasNews = true;
    for (let next = receiveMessageOnPort(port); next && !isClosing; next = receiveMessageOnPort(port)) {
      take(next.message as ToThread);
    }
  });
  post({ kind: "ready" });
  try {
    while (!isClosing) {
      const count = epoll.wait(clock.timeoutMs);
      for (let i = 0; i < count && !isClosing; i++) epoll.handle(i);
      if (clock.settle() || hasNews) {
        hasNews = false;
        await new Promise((resolve) => setImmediate(resolve)); // a turn for the event loop, which kicks have no need of
      }
    }
  } finally {
    backEnd.close();
    play.close?.();
    post({ kind: "ended", counters: backEnd.counters });
    port.close();
    epoll.close();
    waker.close();
  }
}
