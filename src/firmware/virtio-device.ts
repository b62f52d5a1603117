import type { Clock } from "../core/clock.ts";
import { ChannelError, UnsupportedError } from "../errors.ts";
import {
  AllocatedMemory,
  DeviceQueue,
  type QueueAddresses,
  SCMI_CMDQ,
  SCMI_EVENTQ,
  type SharedBuffer,
  VIRTIO_F,
  VIRTIO_ID_SCMI,
  VIRTIO_SCMI_F,
  type VirtioConnection,
  type VirtioDevice,
  type VirtioDriver,
} from "../virtio/index.ts";
import { ScmiQueues, type ScmiQueuesCounters } from "./scmi-queues.ts";
import type { ConnectServer } from "./smt-server.ts";

/** How a device behaves. */
export interface VirtioScmiDeviceOptions {
  /** For error texts; default `virtio0`. */
  readonly name?: string;
  /** Largest size of both queues; a power of two, default 64. */
  readonly queueSize?: number;
  /** What it offers; default: all that this package knows. */
  readonly features?: bigint;
  /** Needed for the two times. */
  readonly clock?: Clock;
  /** From the kick until a command is looked at, in milliseconds; default 0 = at once, inside of the kick. */
  readonly latencyMs?: number;
  /** The driver is interrupted once for all that was used within so many milliseconds; default 0 = each time. */
  readonly interruptDelayMs?: number;
}

/** What a device offers unless it is told otherwise. */
export const VIRTIO_SCMI_FEATURES: bigint =
  VIRTIO_F.VERSION_1 | VIRTIO_F.INDIRECT_DESC | VIRTIO_F.EVENT_IDX | VIRTIO_SCMI_F.P2A_CHANNELS;

const NAMES = ["cmdq", "eventq"] as const;
const DEFAULT_QUEUE_SIZE = 64;

const NO_COUNTERS: ScmiQueuesCounters = {
  received: 0,
  responses: 0,
  delayedResponses: 0,
  notifications: 0,
  dropped: 0,
  malformed: 0,
  overlong: 0,
};

/** An SCMI device on the virtio bus of a simulated machine, with a platform behind it. One driver has it at a time; to the platform, each
 *  life of the device between two resets is an agent of its own. */
export class VirtioScmiDevice implements VirtioDevice {
  readonly name: string;
  readonly deviceId: number = VIRTIO_ID_SCMI;
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly isSync: boolean;
  readonly #connect: ConnectServer;
  readonly #options: VirtioScmiDeviceOptions;
  readonly #memory = new AllocatedMemory();
  readonly #appointments = new Map<number, () => void>();
  readonly #addresses = new Map<number, QueueAddresses>();
  #driver: VirtioDriver | undefined;
  #accepted = 0n;
  #queues: ScmiQueues | undefined;
  /** Of earlier lives. */
  #counted = NO_COUNTERS;
  #isPresent = true;

  constructor(connect: ConnectServer, options: VirtioScmiDeviceOptions = {}) {
    const { name = "virtio0", queueSize = DEFAULT_QUEUE_SIZE, features = VIRTIO_SCMI_FEATURES } = options;
    const { latencyMs = 0, interruptDelayMs = 0, clock } = options;
    if ((latencyMs > 0 || interruptDelayMs > 0) && !clock) throw new TypeError('"clock" expected one, for the times');
    this.name = name;
    this.features = features;
    this.queueSizes = (features & VIRTIO_SCMI_F.P2A_CHANNELS) === 0n ? [queueSize] : [queueSize, queueSize];
    this.isSync = latencyMs === 0 && interruptDelayMs === 0;
    this.#connect = connect;
    this.#options = options;
  }

  /** What was counted, over all lives. */
  get counters(): ScmiQueuesCounters {
    return sum(this.#counted, this.#queues?.counters ?? NO_COUNTERS);
  }

  /** What drivers have and did not give back, and the device's appointments: a leak check. */
  get leaks(): { readonly drivers: number; readonly allocations: number; readonly appointments: number } {
    const appointments = this.#appointments.size + (this.#queues?.appointments ?? 0);
    return { drivers: this.#driver ? 1 : 0, allocations: this.#memory.allocations, appointments };
  }

  open(driver: VirtioDriver): VirtioConnection {
    if (!this.#isPresent) throw new ChannelError(this.name, "closed", "the device is gone");
    if (this.#driver) throw new ChannelError(this.name, "busy", "another driver has the device");
    this.#driver = driver;
    this.#reset();
    const isMine = () => this.#driver === driver;
    const expectMine = () => {
      if (!isMine()) throw new ChannelError(this.name, "closed", "the device is gone");
    };
    return {
      negotiate: (features) => {
        expectMine();
        this.#negotiate(features);
      },
      allocate: (byteLength): SharedBuffer => {
        expectMine();
        return this.#memory.allocate(byteLength);
      },
      setQueue: (queue, addresses) => {
        expectMine();
        this.#setQueue(queue, addresses);
      },
      start: () => {
        expectMine();
        this.#start();
      },
      kick: (queue) => {
        if (isMine()) this.#kick(queue);
      },
      reset: () => {
        if (isMine()) this.#reset();
      },
      close: () => {
        if (!isMine()) return;
        this.#reset();
        this.#driver = undefined;
      },
    };
  }

  /** Takes the device away, whatever it was about to do: its driver is told, and what is in flight never comes back. Idempotent. */
  remove(): void {
    if (!this.#isPresent) return;
    this.#isPresent = false;
    this.#reset();
    const driver = this.#driver;
    this.#driver = undefined;
    driver?.removed();
  }

  /** Brings the device back after {@link remove}. */
  insert(): void {
    this.#isPresent = true;
  }

  #negotiate(features: bigint): void {
    const unknown = features & ~this.features;
    if (unknown !== 0n || (features & VIRTIO_F.VERSION_1) === 0n) {
      throw new UnsupportedError(
        this.name,
        `features 0x${(features | VIRTIO_F.VERSION_1).toString(16)}`,
        `the device offers 0x${this.features.toString(16)}`,
      );
    }
    this.#accepted = features;
  }

  #setQueue(queue: number, addresses: QueueAddresses): void {
    const largest = this.queueSizes[queue];
    if (largest === undefined) {
      throw new RangeError(`"queue" expected one of ${this.queueSizes.length}, got ${queue}`);
    }
    if (addresses.size > largest) throw new RangeError(`"size" expected at most ${largest}, got ${addresses.size}`);
    this.#queueAt(addresses); // to have it judged
    this.#addresses.set(queue, addresses);
  }

  #start(): void {
    const [cmdq, eventq] = [this.#addresses.get(SCMI_CMDQ), this.#addresses.get(SCMI_EVENTQ)];
    if (!cmdq) throw new RangeError(`${this.name}: expected a cmdq before the start, got none`);
    const hasP2a = (this.#accepted & VIRTIO_SCMI_F.P2A_CHANNELS) !== 0n;
    const { clock, latencyMs = 0 } = this.#options;
    this.#queues = new ScmiQueues(this.#connect, {
      ...{ cmdq: this.#queueAt(cmdq), hasP2a },
      ...(hasP2a && eventq ? { eventq: this.#queueAt(eventq) } : {}),
      notify: (queue) => this.#interrupt(NAMES.indexOf(queue)),
      broken: () => this.#driver?.needsReset(),
      clock,
      latencyMs,
    });
  }

  #queueAt(addresses: QueueAddresses): DeviceQueue {
    return new DeviceQueue(this.#memory, addresses, {
      hasIndirect: (this.#accepted & VIRTIO_F.INDIRECT_DESC) !== 0n,
      hasEventIndex: (this.#accepted & VIRTIO_F.EVENT_IDX) !== 0n,
    });
  }

  #kick(queue: number): void {
    const queues = this.#queues;
    if (!queues) return;
    if (queue === SCMI_EVENTQ) {
      queues.replenish();
      return;
    }
    while (queues.serve()); // the driver is of the same thread, and adds no more meanwhile than it has descriptors
  }

  #interrupt(queue: number): void {
    const { clock, interruptDelayMs = 0 } = this.#options;
    if (interruptDelayMs === 0 || !clock) {
      this.#driver?.used(queue);
      return;
    }
    if (this.#appointments.has(queue)) return; // one for all
    const raise = () => {
      this.#appointments.delete(queue);
      this.#driver?.used(queue);
    };
    this.#appointments.set(queue, clock.after(interruptDelayMs, raise));
  }

  #reset(): void {
    for (const cancel of this.#appointments.values()) cancel();
    this.#appointments.clear();
    this.#addresses.clear();
    this.#accepted = 0n;
    const queues = this.#queues;
    this.#queues = undefined;
    queues?.stop();
    if (queues) this.#counted = sum(this.#counted, queues.counters);
  }
}

function sum(one: ScmiQueuesCounters, two: ScmiQueuesCounters): ScmiQueuesCounters {
  const total: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(two)) total[name] = (total[name] ?? 0) + count;
  return total as unknown as ScmiQueuesCounters; // the same keys, summed
}
