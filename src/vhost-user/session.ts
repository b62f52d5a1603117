import { ChannelError } from "../errors.ts";
import { type ConnectServer, ScmiQueues, type ScmiQueuesCounters } from "../firmware/index.ts";
import { DeviceQueue, SCMI_CMDQ, SCMI_EVENTQ, VIRTIO_F, VIRTIO_SCMI_F } from "../virtio/index.ts";
import type { FrontEndSocket } from "./front-end-socket.ts";
import { GuestMemory } from "./guest-memory.ts";
import type { Libc } from "./libc.ts";
import { F_PROTOCOL_FEATURES, PROTOCOL_FEATURE, REQUEST, reply, type VhostMessage } from "./messages.ts";
import { newVring, type Vring, VringSignals } from "./vring.ts";

/** How a front end went: it hung up, it was sent away by us, or it did what no front end does. */
export type VhostUserOutcome = "ended" | "closed" | "refused";

/** What a session needs. */
export interface SessionHost {
  readonly libc: Libc;
  readonly connect: ConnectServer;
  /** Calls back whenever a descriptor can be read. */
  watch(fd: number, readable: () => void): () => void;
  /** @param reason why it was refused */
  gone(session: Session, outcome: VhostUserOutcome, reason?: Error): void;
}

const QUEUE_COUNT = 2;
/** As QEMU has it: looking through a queue takes time by the square of its size, if its driver wants that. */
const LARGEST_QUEUE = 1024;
const MESSAGES_AT_ONCE = 32;
const DEVICE_FEATURES =
  VIRTIO_F.VERSION_1 | VIRTIO_F.INDIRECT_DESC | VIRTIO_F.EVENT_IDX | VIRTIO_SCMI_F.P2A_CHANNELS | F_PROTOCOL_FEATURES;
const PROTOCOL_FEATURES = PROTOCOL_FEATURE.MQ | PROTOCOL_FEATURE.REPLY_ACK | PROTOCOL_FEATURE.BACKEND_REQ;
const VRING_INDEX_MASK = 0xffn;
const VRING_NO_FD = 0x100n;

const NAMES = new Map<number, string>(Object.entries(REQUEST).map(([name, request]) => [request, name]));

const NO_COUNTERS: ScmiQueuesCounters = {
  received: 0,
  responses: 0,
  delayedResponses: 0,
  notifications: 0,
  dropped: 0,
  malformed: 0,
  overlong: 0,
};

/** One front end, a QEMU or a User Mode Linux, with its guest. Both are trusted with nothing: what makes no sense ends the session, and
 *  only that. To the platform, the guest is an agent from the start of its cmdq until that stops. */
export class Session {
  readonly #host: SessionHost;
  readonly #socket: FrontEndSocket;
  readonly #unwatch: () => void;
  readonly #signals: VringSignals;
  readonly #vrings: readonly Vring[] = Array.from({ length: QUEUE_COUNT }, newVring);
  #features = 0n;
  #protocolFeatures = 0n;
  #memory: GuestMemory | undefined;
  #backendFd = -1;
  #queues: ScmiQueues | undefined;
  #counted = NO_COUNTERS;
  #outcome: VhostUserOutcome | undefined;

  constructor(host: SessionHost, socket: FrontEndSocket) {
    this.#host = host;
    this.#socket = socket;
    this.#signals = new VringSignals(host.libc);
    this.#unwatch = host.watch(socket.fd, () => this.#guarded(() => this.#receiveSome()));
  }

  /** What guests of this front end have sent and were sent. */
  get counters(): ScmiQueuesCounters {
    const total: Record<string, number> = { ...this.#counted };
    for (const [name, count] of Object.entries(this.#queues?.counters ?? {})) total[name] = (total[name] ?? 0) + count;
    return total as unknown as ScmiQueuesCounters; // the same keys, summed
  }

  /** Chains of the guest that were none. */
  get refusedChains(): number {
    return this.#vrings.reduce((sum, { refused, queue }) => sum + refused + (queue?.counters.refused ?? 0), 0);
  }

  /** Sends it away. Idempotent. */
  close(): void {
    this.#leave("closed");
  }

  /** Not all of it at once: the descriptor can still be read when others had their turn. */
  #receiveSome(): void {
    for (let i = 0; i < MESSAGES_AT_ONCE && this.#outcome === undefined; i++) {
      const message = this.#socket.receive();
      if (message === "ended") this.#leave("ended");
      if (message === undefined || message === "ended") return;
      this.#handle(message);
    }
  }

  #handle(message: VhostMessage): void {
    const { request, needsReply, fds } = message;
    const kept: number[] = [];
    let answer: Uint8Array | undefined;
    try {
      answer = this.#answer(message, kept);
    } finally {
      for (const fd of fds) if (!kept.includes(fd)) this.#host.libc.close(fd);
    }
    const isAsked = needsReply && (this.#protocolFeatures & PROTOCOL_FEATURE.REPLY_ACK) !== 0n;
    if (answer) this.#socket.send(answer);
    else if (isAsked) this.#socket.send(reply(request, 0n));
  }

  /** @param kept descriptors of the message that stay open */
  #answer(message: VhostMessage, kept: number[]): Uint8Array | undefined {
    const { request, payload, fds } = message;
    const [fd = -1] = fds;
    switch (request) {
      case REQUEST.GET_FEATURES:
        return reply(request, DEVICE_FEATURES);
      case REQUEST.SET_FEATURES:
        this.#setFeatures(wide(payload, request));
        return undefined;
      case REQUEST.GET_PROTOCOL_FEATURES:
        return reply(request, PROTOCOL_FEATURES);
      case REQUEST.SET_PROTOCOL_FEATURES:
        this.#protocolFeatures = wide(payload, request) & PROTOCOL_FEATURES;
        return undefined;
      case REQUEST.SET_OWNER:
      case REQUEST.RESET_OWNER:
        return undefined;
      case REQUEST.GET_QUEUE_NUM:
        return reply(request, BigInt(QUEUE_COUNT));
      case REQUEST.SET_MEM_TABLE:
        this.#setMemory(message);
        return undefined;
      case REQUEST.SET_VRING_NUM:
        this.#setSize(this.#vringOf(payload, request), payload.getUint32(4, true));
        return undefined;
      case REQUEST.SET_VRING_BASE:
        this.#vringOf(payload, request).base = payload.getUint32(4, true) & 0xffff;
        return undefined;
      case REQUEST.SET_VRING_ADDR: {
        const vring = this.#vringOf(payload, request, 40);
        const word = (offset: number) => Number(payload.getBigUint64(offset, true));
        vring.userAddresses = { descriptors: word(8), used: word(16), available: word(24) };
        return undefined;
      }
      case REQUEST.GET_VRING_BASE: {
        const vring = this.#vringOf(payload, request);
        this.#stop(vring);
        return reply(request, [payload.getUint32(0, true), vring.base]);
      }
      case REQUEST.SET_VRING_KICK: {
        const { vring, hasFd } = this.#vringWithFd(payload, request);
        if (!hasFd || fd < 0) throw refused(request, "a descriptor: queues are not polled here");
        this.#signals.setKick(vring, fd, (at, readable) => this.#host.watch(at, () => this.#guarded(readable)));
        kept.push(fd);
        vring.onKick = () => this.#serve(vring);
        this.#start();
        return undefined;
      }
      case REQUEST.SET_VRING_CALL: {
        const { vring, hasFd } = this.#vringWithFd(payload, request);
        if (hasFd && fd < 0) throw refused(request, "a descriptor, or word that there is none");
        this.#signals.setCall(vring, hasFd ? fd : -1); // without one the front end polls: QEMU for queues without a vector
        if (hasFd) kept.push(fd);
        return undefined;
      }
      case REQUEST.SET_VRING_ERR:
        return undefined;
      case REQUEST.SET_VRING_ENABLE: {
        const vring = this.#vringOf(payload, request);
        vring.isEnabled = payload.getUint32(4, true) !== 0;
        if (!vring.isEnabled) this.#pause(vring);
        this.#start();
        return undefined;
      }
      case REQUEST.SET_BACKEND_REQ_FD:
        if (this.#backendFd >= 0) this.#host.libc.close(this.#backendFd);
        this.#backendFd = fd; // nothing is asked of the front end, but some wait until it can be
        kept.push(fd);
        return undefined;
      default:
        throw refused(request, "one that was offered");
    }
  }

  #setSize(vring: Vring, size: number): void {
    if (size > LARGEST_QUEUE) throw refused(REQUEST.SET_VRING_NUM, `at most ${LARGEST_QUEUE} entries`);
    vring.size = size;
  }

  #setFeatures(features: bigint): void {
    if ((features & ~DEVICE_FEATURES) !== 0n)
      throw refused(REQUEST.SET_FEATURES, `some of 0x${DEVICE_FEATURES.toString(16)}`);
    this.#features = features;
    // Without protocol features there is no SET_VRING_ENABLE: rings start enabled
    if ((features & F_PROTOCOL_FEATURES) === 0n) for (const vring of this.#vrings) vring.isEnabled = true;
  }

  #setMemory(message: VhostMessage): void {
    for (const vring of this.#vrings) this.#pause(vring);
    this.#memory?.unmap();
    this.#memory = undefined;
    this.#memory = GuestMemory.map(this.#host.libc, message);
    this.#start();
  }

  /** Lets all queues run that can. */
  #start(): void {
    const memory = this.#memory;
    if (!memory) return;
    for (const vring of this.#vrings) {
      const { userAddresses, isEnabled, kick, queue } = vring;
      if (queue || !isEnabled || kick < 0 || !userAddresses) continue;
      const at = (address: number) => {
        const guestAddress = memory.guestAddress(address);
        if (guestAddress >= 0) return guestAddress;
        throw refused(REQUEST.SET_VRING_ADDR, `addresses in the memory that is shared, got 0x${address.toString(16)}`);
      };
      const { descriptors, available, used } = userAddresses;
      vring.queue = new DeviceQueue(
        memory,
        { size: vring.size, descriptors: at(descriptors), available: at(available), used: at(used) },
        {
          hasIndirect: (this.#features & VIRTIO_F.INDIRECT_DESC) !== 0n,
          hasEventIndex: (this.#features & VIRTIO_F.EVENT_IDX) !== 0n,
        },
        vring.base,
      );
      vring.queue.enableKicks();
    }
    this.#useQueues();
    // What was kicked for before
    for (const vring of this.#vrings) if (vring.queue && this.#serve(vring)) this.#signals.kickAgain(vring);
  }

  /** The queue goes on later, where it was. */
  #pause(vring: Vring): void {
    const { queue } = vring;
    if (!queue) return;
    vring.base = queue.next;
    vring.refused += queue.counters.refused;
    vring.queue = undefined;
    this.#useQueues();
  }

  /** The guest lets go of a queue; with cmdq goes the agent. */
  #stop(vring: Vring): void {
    this.#pause(vring);
    this.#signals.drop(vring);
    if (vring === this.#vrings[SCMI_CMDQ]) this.#endAgent();
  }

  #useQueues(): void {
    const cmdq = this.#vrings[SCMI_CMDQ]?.queue;
    const hasP2a = (this.#features & VIRTIO_SCMI_F.P2A_CHANNELS) !== 0n;
    const eventq = hasP2a ? this.#vrings[SCMI_EVENTQ]?.queue : undefined;
    if (this.#queues) {
      this.#queues.replaceQueues(cmdq, eventq);
    } else if (cmdq) {
      this.#queues = new ScmiQueues(this.#host.connect, {
        ...{ cmdq, eventq, hasP2a },
        notify: (name) => this.#signals.call(this.#vrings[name === "cmdq" ? SCMI_CMDQ : SCMI_EVENTQ]),
        broken: () => this.#leave("refused", refused("available index", "no more than the queue has")),
      });
    }
  }

  /** Not all of it at once: a guest that never stops must leave time for others.
   *  @returns whether there may be more */
  #serve(vring: Vring): boolean {
    if (!this.#queues || !vring.queue) return false;
    if (vring !== this.#vrings[SCMI_EVENTQ]) return this.#queues.serve();
    this.#queues.replenish();
    return false;
  }

  #endAgent(): void {
    const queues = this.#queues;
    this.#queues = undefined;
    queues?.stop();
    this.#counted = queues ? add(this.#counted, queues.counters) : this.#counted;
  }

  #vringOf(payload: DataView, request: number, byteLength = 8): Vring {
    const index = payload.byteLength < byteLength ? -1 : payload.getUint32(0, true);
    const vring = this.#vrings[index];
    if (!vring) throw refused(request, `one of ${QUEUE_COUNT} queues`);
    return vring;
  }

  #vringWithFd(payload: DataView, request: number): { readonly vring: Vring; readonly hasFd: boolean } {
    const word = wide(payload, request);
    const vring = this.#vrings[Number(word & VRING_INDEX_MASK)];
    if (!vring) throw refused(request, `one of ${QUEUE_COUNT} queues`);
    return { vring, hasFd: (word & VRING_NO_FD) === 0n };
  }

  /** What a front end got wrong ends its session, and no more than that. */
  #guarded(run: () => void): void {
    if (this.#outcome !== undefined) return;
    try {
      run();
    } catch (reason) {
      if (!(reason instanceof ChannelError || reason instanceof RangeError)) throw reason;
      this.#leave("refused", reason);
    }
  }

  #leave(outcome: VhostUserOutcome, reason?: Error): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#unwatch();
    for (const vring of this.#vrings) {
      this.#pause(vring);
      this.#signals.drop(vring);
    }
    this.#endAgent();
    this.#memory?.unmap();
    this.#memory = undefined;
    this.#signals.close();
    if (this.#backendFd >= 0) this.#host.libc.close(this.#backendFd);
    this.#socket.close();
    this.#host.gone(this, outcome, reason);
  }
}

function wide(payload: DataView, request: number): bigint {
  if (payload.byteLength < 8) throw refused(request, "8 bytes of payload");
  return payload.getBigUint64(0, true);
}

/** @param subject a request, or what else makes no sense */
function refused(subject: number | string, expected: string): ChannelError {
  const name = typeof subject === "string" ? subject : (NAMES.get(subject) ?? `request ${subject}`);
  return new ChannelError(`vhost-user ${name}`, "refused", `expected ${expected}`);
}

function add(one: ScmiQueuesCounters, two: ScmiQueuesCounters): ScmiQueuesCounters {
  const total: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(two)) total[name] = (total[name] ?? 0) + count;
  return total as unknown as ScmiQueuesCounters; // the same keys, summed
}
