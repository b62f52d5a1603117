/** The entry point `scmi-wasm/transport/virtio`: to a platform behind a virtio SCMI device.
 *  @module */

import type { Clock } from "../core/clock.ts";
import { ChannelError } from "../errors.ts";
import {
  SCMI_CMDQ,
  SCMI_EVENTQ,
  VIRTIO_F,
  VIRTIO_SCMI_F,
  type VirtioConnection,
  type VirtioDevice,
} from "../virtio/index.ts";
import { Scope } from "./scope.ts";
import { expectLargestPayload, expectThreshold, expectTimeout } from "./shared-area.ts";
import type { ChannelTraits, Link, Transport, TransportHost } from "./transport.ts";
import { CommandQueue } from "./virtio/command-queue.ts";
import { EventQueue } from "./virtio/event-queue.ts";
import { placeQueues, type QueuePlaces } from "./virtio/places.ts";

export type { VirtioConnection, VirtioDevice, VirtioDriver } from "../virtio/index.ts";
export type { Channel, ChannelTraits, Link, RowOptions, Transport, TransportHost } from "./transport.ts";

/** How the transport is made. */
export interface VirtioOptions {
  /** The device; one agent has it at a time. */
  readonly device: VirtioDevice;
  /** Features to accept of those that the device offers; default: all that are known here. */
  readonly features?: bigint;
  /** Commands in flight, up to 1,024; default: as many as the queue has room for, at
   *  least 20. `arm,max-msg` */
  readonly maxMessages?: number;
  /** Largest payload in bytes; default 128, as in Linux. `arm,max-msg-size` */
  readonly maxMessageBytes?: number;
  /** For a response, in milliseconds; default 60,000, as in Linux. `arm,max-rx-timeout-ms` */
  readonly timeoutMs?: number;
  /** Commands whose advertised latency in microseconds is above this are not for callers that cannot wait; default 0.
   *  `atomic-threshold-us` */
  readonly atomicThresholdUs?: number;
  /** Looks for answers by itself, so that the device need not interrupt for them; default: it does. */
  readonly polling?: VirtioPolling;
}

/** How answers are looked for. */
export interface VirtioPolling {
  readonly clock: Clock;
  /** While commands are in flight, in milliseconds; default 0.1. */
  readonly everyMs?: number;
}

const KNOWN_FEATURES = VIRTIO_F.VERSION_1 | VIRTIO_F.INDIRECT_DESC | VIRTIO_F.EVENT_IDX | VIRTIO_SCMI_F.P2A_CHANNELS;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MESSAGE_BYTES = 128;
const DEFAULT_EVERY_MS = 0.1;
const LARGEST_MESSAGES = 1024;
const LEAST_MESSAGES = 20;

/** Messages in MSG form through the queues of a virtio device: several commands in flight, answered in any order, and notifications and
 *  delayed responses where the device has `P2A_CHANNELS`. A command whose caller gave up keeps its buffers until the device returns
 *  them.
 *  @throws RangeError for limits that are none
 *  @throws ChannelError, when opened: "busy" while another driver has the device, "closed" when it is gone
 *  @throws UnsupportedError, when opened, for a device that is older than virtio 1.0 */
export function virtio(options: VirtioOptions): Transport {
  const { maxMessages, maxMessageBytes = DEFAULT_MESSAGE_BYTES } = options;
  const { timeoutMs = DEFAULT_TIMEOUT_MS, atomicThresholdUs = 0 } = options;
  if (
    maxMessages !== undefined &&
    !(Number.isInteger(maxMessages) && maxMessages >= 1 && maxMessages <= LARGEST_MESSAGES)
  ) {
    throw new RangeError(`"maxMessages" expected 1 to ${LARGEST_MESSAGES}, got ${maxMessages}`);
  }
  expectLargestPayload("maxMessageBytes", maxMessageBytes);
  expectTimeout(timeoutMs);
  expectThreshold(atomicThresholdUs);
  const limits = { maxMessages, maxMessageBytes, timeoutMs, atomicThresholdUs };
  return {
    kind: "virtio",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const scope = new Scope();
      try {
        return openLink(options, limits, host, scope);
      } catch (reason) {
        await scope.undo();
        throw reason;
      }
    },
  };
}

interface Limits {
  readonly maxMessages: number | undefined;
  readonly maxMessageBytes: number;
  readonly timeoutMs: number;
  readonly atomicThresholdUs: number;
}

function openLink(options: VirtioOptions, limits: Limits, host: TransportHost, scope: Scope): Link {
  const { device, features: wanted = KNOWN_FEATURES, polling } = options;
  const features = device.features & wanted;
  let commands: CommandQueue | undefined;
  let events: EventQueue | undefined;
  let isOver = false;
  const fail = (cause: Error) => {
    if (isOver) return;
    isOver = true;
    host.fail(cause);
  };
  const connection = device.open({
    used: (queue) => (queue === SCMI_CMDQ ? commands : events)?.harvest(),
    needsReset: () => fail(needsReset(device)),
    removed: () => fail(new ChannelError(device.name, "closed", "the device was removed")),
  });
  scope.ownNow(() => connection.close());
  connection.negotiate(features);
  const cmdqSize = device.queueSizes[SCMI_CMDQ] ?? 0;
  const hasP2a = (features & VIRTIO_SCMI_F.P2A_CHANNELS) !== 0n;
  const eventqSize = hasP2a ? (device.queueSizes[SCMI_EVENTQ] ?? 0) : 0;
  const hasIndirect = (features & VIRTIO_F.INDIRECT_DESC) !== 0n;
  // Two descriptors each, unless they lie in a table of their own
  const room = Math.max(1, hasIndirect ? cmdqSize : cmdqSize >>> 1);
  // One that waits for its delayed response has no buffers any more, so there are never too few for 20
  const maxMessages = limits.maxMessages ?? Math.min(LARGEST_MESSAGES, Math.max(LEAST_MESSAGES, room));
  const maxInFlight = Math.min(maxMessages, room);
  const { instance, a2p, p2a, maxPayload } = openRows(host, limits, maxMessages, eventqSize > 0);
  const places = placeQueues({ cmdqSize, eventqSize, maxPayload, hasIndirect }, (bytes) => {
    const buffer = connection.allocate(bytes);
    scope.ownNow(() => buffer.release());
    return buffer.region;
  });
  scope.ownNow(() => connection.reset()); // before its memory goes
  const queueFeatures = { hasIndirect, hasEventIndex: (features & VIRTIO_F.EVENT_IDX) !== 0n };
  const brokenRing = () => fail(needsReset(device));
  setQueues(connection, places);
  commands = new CommandQueue({
    queue: places.cmdq.driver(queueFeatures),
    places,
    kick: () => connection.kick(SCMI_CMDQ),
    receive: (message) => {
      if (!isOver) host.receive(a2p, message);
    },
    broken: brokenRing,
    polling: polling && { clock: polling.clock, everyMs: polling.everyMs ?? DEFAULT_EVERY_MS },
  });
  const commandQueue = commands;
  scope.ownNow(() => commandQueue.close());
  if (places.eventq) {
    events = new EventQueue({
      queue: places.eventq.driver(queueFeatures),
      places,
      kick: () => connection.kick(SCMI_EVENTQ),
      receive: (message) => {
        if (!isOver && p2a !== undefined) host.receive(p2a, message);
      },
      broken: brokenRing,
    });
  }
  connection.start();
  events?.start();
  scope.ownNow(() => {
    isOver = true;
  });
  const traits: ChannelTraits = {
    maxPayload,
    maxInFlight,
    completesOnPost: false,
    canPoll: device.isSync,
    timeoutMs: limits.timeoutMs,
    atomicThresholdUs: limits.atomicThresholdUs,
  };
  return {
    instance,
    a2p: {
      row: a2p,
      traits,
      ring: (message) => {
        if (!isOver && message) commandQueue.send(message);
      },
    },
    ...(p2a === undefined ? {} : { p2a: { row: p2a, traits, ring: () => {} } }),
    close: () => scope.close(),
  };
}

interface Rows {
  readonly instance: number;
  readonly a2p: number;
  readonly p2a: number | undefined;
  readonly maxPayload: number;
}

function openRows(host: TransportHost, limits: Limits, maxMessages: number, hasP2a: boolean): Rows {
  const instance = host.openInstance({ maxMessages });
  const { maxMessageBytes: maxMessage, timeoutMs } = limits;
  const options = { framing: "msg", areaBytes: 0, maxMessage, timeoutMs } as const;
  const { row: a2p, maxPayload } = host.openRow(instance, options);
  const p2a = hasP2a ? host.openRow(instance, { ...options, p2a: true }).row : undefined;
  return { instance, a2p, p2a, maxPayload };
}

function setQueues(connection: VirtioConnection, { cmdq, eventq }: QueuePlaces): void {
  connection.setQueue(SCMI_CMDQ, cmdq.addresses);
  if (eventq) connection.setQueue(SCMI_EVENTQ, eventq.addresses);
}

function needsReset({ name }: VirtioDevice): ChannelError {
  return new ChannelError(name, "closed", "the device needs a reset: open another agent");
}
