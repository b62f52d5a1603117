import type { CoreCapacity } from "../core/capacity.ts";
import type { ScmiChannel } from "../devicetree/index.ts";
import { Platform } from "../platform/index.ts";
import type { Release } from "../protocols/index.ts";
import type { InstancePlan } from "./instance-plan.ts";

/** The header of an SMT area, and of the message in it. */
const SMT_HEAD_BYTES = 28;
const CAPABILITY_BYTES = 8;
const DEFAULT_MAX_MESSAGES = 20;
/** Descriptors of the queues of virtio devices; a command takes one. */
export const VIRTIO_QUEUE_SIZE = 64;
/** No row of a core carries more. */
const LARGEST_PAYLOAD = 65_536;
const DEFAULT_TIMEOUT_MS = 30;
const VIRTIO_TIMEOUT_MS = 60_000;
/** Of messages in memory that a TEE or a virtio device sees. */
const DYNAMIC_AREA_BYTES = 132;
/** Beside what is counted: alignment, and scratch memory of the platforms. */
const SLACK_BYTES = 16 * 1024;

/** The base channel of an instance of a device tree, as its transport knows it to be.
 *  @throws TypeError for a board file */
export function baseChannelOf<K extends ScmiChannel["kind"]>(
  plan: InstancePlan,
  kind: K,
): Extract<ScmiChannel, { kind: K }> {
  const channel = plan.binding?.channel;
  if (channel?.kind === kind) return channel as Extract<ScmiChannel, { kind: K }>; // just compared
  throw new TypeError(`"plan" expected one with a ${kind} channel, got ${plan.transport}`);
}

/** All channels of an instance, the base channel first. */
export function channelsOf({
  binding,
}: InstancePlan): readonly { readonly protocolId: number | undefined; readonly channel: ScmiChannel }[] {
  if (!binding) return [];
  const own = binding.protocols.flatMap(({ id, channel }) => (channel ? [{ protocolId: id, channel }] : []));
  return [{ protocolId: undefined, channel: binding.channel }, ...own];
}

/** What transports carry unless the tree says something else, in bytes of payload. */
export function statedPayload({ binding, board, transport }: InstancePlan): number {
  if (transport === "loopback") return board.maxPayload ?? 100;
  return Math.min(LARGEST_PAYLOAD, binding?.limits.maxPayload ?? (transport === "virtio" ? 128 : 104));
}

/** The payload that fits every channel of an instance, in bytes: what its platform keeps to. */
export function commonPayload(plan: InstancePlan): number {
  const stated = statedPayload(plan);
  const rooms = channelsOf(plan).flatMap(({ channel }) => roomsOf(channel));
  return Math.min(stated, plan.board.maxPayload ?? stated, ...rooms);
}

/** What an agent takes of its core, one for each command until its last answer. */
function xfersOf({ binding, transport }: InstancePlan): number {
  return binding?.limits.maxMessages ?? (transport === "virtio" ? VIRTIO_QUEUE_SIZE : DEFAULT_MAX_MESSAGES);
}

/** Of those, as many as the platform may hold. */
function maxMessagesOf(plan: InstancePlan): number {
  const xfers = xfersOf(plan);
  return plan.transport === "virtio" ? Math.min(xfers, VIRTIO_QUEUE_SIZE) : xfers;
}

/** Bytes of payload that the areas of a channel hold. */
export function roomsOf(channel: ScmiChannel): readonly number[] {
  return channel.areas.map(({ sizeBytes }) => sizeBytes - headBytes(channel));
}

function headBytes(channel: ScmiChannel): number {
  const isCapability = channel.kind === "smc" && channel.variant === "capability";
  return SMT_HEAD_BYTES + (isCapability ? CAPABILITY_BYTES : 0);
}

/** What transports keep to. */
export interface LimitReport {
  /** Commands in flight. */
  readonly maxMessages: number;
  /** Largest payload of the base channel in bytes. */
  readonly maxPayload: number;
  /** For a response. */
  readonly timeoutMs: number;
}

/** The limits of an instance: what the tree states, else those of its transport; its base channel may hold less. */
export function limitsOf(plan: InstancePlan): LimitReport {
  const { binding, transport } = plan;
  const { timeoutMs } = binding?.limits ?? {};
  const [base] = channelsOf(plan);
  return {
    maxMessages: maxMessagesOf(plan),
    maxPayload: Math.min(statedPayload(plan), ...(base ? roomsOf(base.channel) : [])),
    timeoutMs: timeoutMs ?? (transport === "virtio" ? VIRTIO_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
  };
}

/** What a core needs so that all agents and platforms of a machine fit. */
export function capacityFor(plans: readonly InstancePlan[], profile: Release): Partial<CoreCapacity> {
  const sum = { instances: 0, channels: 0, xfers: 0, areas: 1, fastChannels: 1, regionBytes: SLACK_BYTES };
  let maxPayload = 128;
  for (const plan of plans) {
    const channels = channelsOf(plan);
    // The SCMI service of a TEE takes a place at the platform for each of its channels
    const connections = plan.transport === "optee" ? channels.length : 1;
    const payload = commonPayload(plan);
    const needed = Platform.capacityFor(plan.board, { profile, connections, maxPayload: payload });
    const rows = Math.max(2, 2 * channels.length);
    sum.instances += (needed.instances ?? 0) + 1;
    sum.channels += (needed.channels ?? 0) + rows;
    sum.xfers += (needed.xfers ?? 0) + xfersOf(plan);
    sum.areas += rows;
    sum.fastChannels += needed.fastChannels ?? 0;
    sum.regionBytes +=
      (needed.regionBytes ?? 0) + channels.reduce((bytes, { channel }) => bytes + areaBytes(channel), 0);
    maxPayload = Math.max(maxPayload, statedPayload(plan), payload + SMT_HEAD_BYTES);
  }
  return {
    ...sum,
    areaBytes: DYNAMIC_AREA_BYTES,
    maxPayload: Math.min(LARGEST_PAYLOAD, Math.ceil(maxPayload / 4) * 4),
    tokenSpaces: plans.length,
    ...{ batchEntries: 0, traceEntries: 0 },
  };
}

/** With what alignment costs. */
function areaBytes({ areas }: ScmiChannel): number {
  return areas.reduce((bytes, { sizeBytes }) => bytes + sizeBytes + 8, 0);
}
