import { ChannelError } from "../errors.ts";
import type { ConnectServer, ScmiQueuesCounters } from "../firmware/index.ts";
import { FrontEndSocket } from "./front-end-socket.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { Poller } from "./poller.ts";
import { Session, type VhostUserOutcome } from "./session.ts";

/** How a server behaves. */
export interface VhostUserOptions {
  /** Hears of each front end that went. */
  readonly onGone?: (outcome: VhostUserOutcome, reason: Error | undefined) => void;
}

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

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0x80001;
const SOCK_NONBLOCK_CLOEXEC = 0x80800;
const LONGEST_PATH = 107;
const BACKLOG = 8;
const NAMES = [
  "received",
  "responses",
  "delayedResponses",
  "notifications",
  "dropped",
  "malformed",
  "overlong",
] as const;

/** The SCMI device of guests of QEMU (`vhost-user-scmi-pci`) and User Mode Linux (`virtio_uml.device=PATH:32`), in this process: the
 *  back end of vhost-user at a Unix socket. Messages go straight between the guest's memory and the platform. Needs Linux, Node, and the
 *  package koffi. */
export class VhostUserServer {
  readonly #libc: Libc;
  readonly #path: string;
  readonly #fd: number;
  readonly #poller: Poller;
  readonly #sessions = new Set<Session>();
  readonly #tally: Record<keyof VhostUserCounters, number> = {
    ...{ frontEnds: 0, refusedChains: 0, ended: 0, refused: 0, closed: 0 },
    ...{ received: 0, responses: 0, delayedResponses: 0, notifications: 0, dropped: 0, malformed: 0, overlong: 0 },
  };
  #closing: Promise<void> | undefined;

  private constructor(libc: Libc, path: string, fd: number) {
    this.#libc = libc;
    this.#path = path;
    this.#fd = fd;
    this.#poller = new Poller(libc, hostArchitecture() === "x64");
  }

  /** Listens at a path, which has to be free.
   *  @param connect a place at the platform for each guest: `(sink) => platform.connectMessages(agentId, sink)`
   *  @throws UnsupportedError without the package koffi, or without Linux
   *  @throws RangeError for a path of more than 107 bytes; ChannelError when it cannot be listened at */
  static async listen(
    connect: ConnectServer,
    path: string,
    { onGone }: VhostUserOptions = {},
  ): Promise<VhostUserServer> {
    const libc = await loadLibc();
    const server = new VhostUserServer(libc, path, listenAt(libc, path));
    server.#poller.watch(server.#fd, () => server.#accept(connect, onGone));
    server.#poller.start();
    return server;
  }

  /** What was counted so far. */
  get counters(): VhostUserCounters {
    const total = { ...this.#tally };
    for (const session of this.#sessions) count(total, session);
    return total;
  }

  /** Sends all front ends away, and removes the socket. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#poller.close(); // nothing calls back from here on
    for (const session of [...this.#sessions]) session.close();
    this.#libc.close(this.#fd);
    this.#libc.unlink(this.#path);
  }

  #accept(connect: ConnectServer, onGone: VhostUserOptions["onGone"]): void {
    const fd = this.#libc.accept4(this.#fd, 0n, 0n, SOCK_NONBLOCK_CLOEXEC);
    if (fd < 0) return;
    this.#tally.frontEnds++;
    const session = new Session(
      {
        ...{ libc: this.#libc, connect },
        watch: (at, readable) => this.#watch(at, readable),
        gone: (it, outcome, reason) => {
          this.#sessions.delete(it);
          count(this.#tally, it);
          this.#tally[outcome]++;
          onGone?.(outcome, reason);
        },
      },
      new FrontEndSocket(this.#libc, fd),
    );
    this.#sessions.add(session);
  }

  #watch(fd: number, readable: () => void): () => void {
    const unwatch = this.#poller.watch(fd, readable);
    return () => {
      if (this.#closing === undefined) unwatch();
    };
  }
}

function count(total: Record<keyof VhostUserCounters, number>, session: Session): void {
  const { counters } = session;
  for (const name of NAMES) total[name] += counters[name];
  total.refusedChains += session.refusedChains;
}

function listenAt(libc: Libc, path: string): number {
  const bytes = new TextEncoder().encode(path);
  if (bytes.byteLength === 0 || bytes.byteLength > LONGEST_PATH) {
    throw new RangeError(`"path" expected 1 to ${LONGEST_PATH} bytes, got ${bytes.byteLength}`);
  }
  const address = libc.malloc(LONGEST_PATH + 3);
  const view = new Uint8Array(libc.view(address, LONGEST_PATH + 3)).fill(0);
  view[0] = AF_UNIX;
  view.set(bytes, 2);
  const fd = libc.check(libc.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0), "socket");
  const isBound = libc.bind(fd, address, LONGEST_PATH + 3) === 0;
  const isListening = isBound && libc.listen(fd, BACKLOG) === 0;
  const errno = libc.errno();
  libc.free(address);
  if (isListening) return fd;
  libc.close(fd);
  throw new ChannelError(path, "closed", `cannot listen there: errno ${errno}`);
}

/** As Node names it. */
function hostArchitecture(): string | undefined {
  const { process } = globalThis as { readonly process?: { readonly arch?: string } }; // no type of Node's is known here
  return process?.arch;
}
