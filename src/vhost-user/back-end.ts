import type { ConnectServer, ScmiQueuesCounters } from "../firmware/index.ts";
import { FrontEndSocket } from "./front-end-socket.ts";
import type { Libc } from "./libc.ts";
import { Session, type VhostUserOutcome } from "./session.ts";

/** What a server has counted, over all guests. */
export interface VhostUserCounters extends ScmiQueuesCounters {
  /** Front ends so far. */
  readonly frontEnds: number;
  /** Chains of guests that were none. */
  readonly refusedChains: number;
  /** Front ends that hung up. */
  readonly ended: number;
  /** Front ends that did what none does, and were sent away for it. */
  readonly refused: number;
  /** Front ends that were sent away at the end. */
  readonly closed: number;
}

/** Whom a back end serves, and whom it tells. */
export interface BackEndHost {
  readonly libc: Libc;
  /** A place at the platform for each guest. */
  readonly connect: ConnectServer;
  /** Calls back whenever a descriptor can be read. */
  watch(fd: number, readable: () => void): () => void;
  /** Hears of each front end that went. */
  readonly onGone?: ((outcome: VhostUserOutcome, reason: Error | undefined) => void) | undefined;
}

const SOCK_NONBLOCK_CLOEXEC = 0x80800;
const NAMES = [
  "received",
  "responses",
  "delayedResponses",
  "notifications",
  "dropped",
  "malformed",
  "overlong",
] as const;

/** Nothing yet. */
export const NO_COUNTERS: VhostUserCounters = {
  ...{ frontEnds: 0, refusedChains: 0, ended: 0, refused: 0, closed: 0 },
  ...{ received: 0, responses: 0, delayedResponses: 0, notifications: 0, dropped: 0, malformed: 0, overlong: 0 },
};

/** The front ends of one socket, on whatever thread. */
export class BackEnd {
  readonly #host: BackEndHost;
  readonly #sessions = new Set<Session>();
  readonly #tally: Record<keyof VhostUserCounters, number> = { ...NO_COUNTERS };

  /** @param fd the socket that they connect to; the caller's to close */
  constructor(host: BackEndHost, fd: number) {
    this.#host = host;
    host.watch(fd, () => this.#accept(fd));
  }

  /** What was counted so far. */
  get counters(): VhostUserCounters {
    const total = { ...this.#tally };
    for (const session of this.#sessions) count(total, session);
    return total;
  }

  /** Sends all front ends away. */
  close(): void {
    for (const session of [...this.#sessions]) session.close();
  }

  #accept(socket: number): void {
    const { libc, connect, onGone } = this.#host;
    const fd = libc.accept4(socket, 0n, 0n, SOCK_NONBLOCK_CLOEXEC);
    if (fd < 0) return;
    this.#tally.frontEnds++;
    const session = new Session(
      {
        ...{ libc, connect },
        watch: (at, readable) => this.#host.watch(at, readable),
        gone: (it, outcome, reason) => {
          this.#sessions.delete(it);
          count(this.#tally, it);
          this.#tally[outcome]++;
          onGone?.(outcome, reason);
        },
      },
      new FrontEndSocket(libc, fd),
    );
    this.#sessions.add(session);
  }
}

function count(total: Record<keyof VhostUserCounters, number>, session: Session): void {
  const { counters } = session;
  for (const name of NAMES) total[name] += counters[name];
  total.refusedChains += session.refusedChains;
}
