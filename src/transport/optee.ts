/** The entry point `scmi-wasm/transport/optee`: to a platform behind OP-TEE's SCMI service.
 *  @module */

import { TeeError, UnsupportedError } from "../errors.ts";
import {
  SCMI_PTA,
  SCMI_PTA_CAPS,
  SCMI_PTA_SMT_BYTES,
  SCMI_PTA_UUID,
  type StaticMemory,
  TEE_IMPLEMENTATION,
  TEE_LOGIN,
  type Tee,
  TeeContext,
  type TeeSession,
  type TeeSharedMemory,
  type TeeVersion,
  teeValue,
} from "../tee/index.ts";
import { OpteeChannel } from "./optee/channel.ts";
import { type Form, msgBytes, msgForm, smtForm, staticForm } from "./optee/form.ts";
import { type FullOpteeLimits, limitsOf, type OpteeLimits } from "./optee/limits.ts";
import { Scope } from "./scope.ts";
import type { ChannelTraits, Link, RowOptions, Transport, TransportHost } from "./transport.ts";

export type { OpteeLimits } from "./optee/limits.ts";
export type { Channel, ChannelTraits, Link, RowOptions, Transport, TransportHost } from "./transport.ts";

/** Where messages lie: MSG form or an SMT area in shared memory that is allocated from the TEE, or a static SMT area. */
export type OpteeMemory = "msg" | "smt" | StaticMemory;

/** One channel of the SCMI service. */
export interface OpteeChannelOptions {
  /** `linaro,optee-channel-id` */
  readonly channelId: number;
  /** Default: what the service offers of `msg` and `smt`, in this order. */
  readonly memory?: OpteeMemory;
}

/** How the transport is made. */
export interface OpteeOptions extends OpteeChannelOptions, OpteeLimits {
  /** The TEEs there are; the first that `match` accepts is it. */
  readonly tees: Iterable<Tee>;
  /** Default: any OP-TEE. */
  readonly match?: (version: TeeVersion) => boolean;
  /** Channels of single protocols, by protocol id; those of the same channel id share one. */
  readonly protocols?: ReadonlyMap<number, OpteeChannelOptions>;
}

/** Messages by way of OP-TEE: each channel has a session of its own with the SCMI service, and a command is one invocation there. Where
 *  the TEE is synchronous the answer is in place when `ring` returns, and calls can be polled.
 *  @throws RangeError for limits that are none
 *  @throws TeeError, when opened, what the TEE refused: no context, session, channel or memory; everything is given back then
 *  @throws UnsupportedError, when opened, where the service lacks the wanted form of messages
 *  @throws RangeError, when opened, for an area under 36 bytes */
export function optee(options: OpteeOptions): Transport {
  const limits = limitsOf(options);
  return {
    kind: "optee",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const scope = new Scope();
      try {
        return await openLink(options, limits, host, scope, signal);
      } catch (reason) {
        await quietly(scope);
        throw reason;
      }
    },
  };
}

/** What a channel needs before it has a row. */
interface Prepared {
  readonly session: TeeSession;
  readonly handle: number;
  readonly memory: "msg" | "smt" | StaticMemory;
  /** From the TEE, where the memory is not static. */
  readonly shared: TeeSharedMemory | undefined;
}

async function openLink(
  options: OpteeOptions,
  limits: FullOpteeLimits,
  host: TransportHost,
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<Link> {
  const { match = isOptee, protocols = new Map<number, OpteeChannelOptions>() } = options;
  const context = await TeeContext.open(options.tees, match);
  scope.own(() => context.close());
  signal?.throwIfAborted();
  const capabilities = await capabilitiesOf(context);
  const wanted = new Map<number, OpteeChannelOptions>([[options.channelId, options]]);
  for (const channel of protocols.values()) if (!wanted.has(channel.channelId)) wanted.set(channel.channelId, channel);
  const prepared = new Map<number, Prepared>();
  for (const [channelId, { memory }] of wanted) {
    signal?.throwIfAborted();
    prepared.set(channelId, await prepare(context, channelId, formOf(memory, capabilities), limits, scope));
  }
  signal?.throwIfAborted();
  // Rows come last, when nothing of the TEE can fail any more
  const instance = host.openInstance({ maxMessages: limits.maxMessages });
  const channels = new Map<number, OpteeChannel>();
  for (const [channelId, it] of prepared) {
    const channel = openChannel(it, instance, limits, host, context.tee.isSync);
    scope.own(() => channel.close());
    channels.set(channelId, channel);
  }
  const at = (channelId: number) => channels.get(channelId) as OpteeChannel; // all of `wanted` are there
  return {
    instance,
    a2p: at(options.channelId),
    protocols: new Map([...protocols].map(([id, { channelId }]) => [id, at(channelId)])),
    close: () => scope.close(),
  };
}

/** In a session of its own: no channel has one yet. */
async function capabilitiesOf(context: TeeContext): Promise<number> {
  const session = await openSession(context);
  const out = teeValue("out");
  try {
    await session.invoke(SCMI_PTA.CAPABILITIES.id, [out]);
  } catch (reason) {
    await session.close().catch(() => {}); // the first trouble is the one to tell
    throw reason;
  }
  await session.close();
  return out.a;
}

async function prepare(
  context: TeeContext,
  channelId: number,
  memory: OpteeMemory,
  { maxPayload }: FullOpteeLimits,
  scope: Scope,
): Promise<Prepared> {
  const session = await openSession(context);
  scope.own(() => session.close());
  await keepThread(session);
  const isMsg = memory === "msg";
  const channel = teeValue("inout", channelId, isMsg ? SCMI_PTA_CAPS.MSG_HEADER : SCMI_PTA_CAPS.SMT_HEADER);
  await session.invoke(SCMI_PTA.GET_CHANNEL_HANDLE.id, [channel]);
  const handle = channel.a; // from here on, not the id
  if (typeof memory !== "string") return { session, handle, memory, shared: undefined };
  const shared = await context.allocate(isMsg ? msgBytes(maxPayload) : SCMI_PTA_SMT_BYTES);
  scope.own(() => shared.release());
  return { session, handle, memory, shared };
}

function openChannel(
  { session, handle, memory, shared }: Prepared,
  instance: number,
  { maxPayload: maxMessage, timeoutMs, maxMessages, atomicThresholdUs }: FullOpteeLimits,
  host: TransportHost,
  isSync: boolean,
): OpteeChannel {
  const isInPlace = typeof memory !== "string" && memory.core === host.core && memory.offset !== undefined;
  const area = isInPlace ? { area: memory.offset ?? 0 } : {};
  const areaBytes = typeof memory === "string" ? SCMI_PTA_SMT_BYTES : memory.bytes.byteLength;
  const rowOptions: RowOptions =
    memory === "msg"
      ? { framing: "msg", areaBytes: 0, maxMessage, timeoutMs }
      : { framing: "smt", areaBytes, ...area, maxMessage, timeoutMs };
  const { row, maxPayload } = host.openRow(instance, rowOptions);
  const traits: ChannelTraits = {
    ...{ maxPayload, timeoutMs, atomicThresholdUs, maxInFlight: 1 },
    completesOnPost: isSync,
    canPoll: isSync,
  };
  const form = makeForm();
  return new OpteeChannel({ host, row, traits, session, form, isSync, maxWaiting: maxMessages });

  function makeForm(): Form {
    if (!shared) return staticForm(host, row, handle, memory as StaticMemory, isInPlace); // the others have shared memory
    return memory === "msg" ? msgForm(host, row, handle, shared, maxPayload) : smtForm(host, row, handle, shared);
  }
}

function openSession(context: TeeContext): Promise<TeeSession> {
  return context.openSession(SCMI_PTA_UUID, { login: TEE_LOGIN.REE_KERNEL });
}

/** Messages then never wait behind calls that wait for the very clock they are about. Where the TEE cannot, they may. */
async function keepThread(session: TeeSession): Promise<void> {
  try {
    await session.makeSystem();
  } catch (reason) {
    if (!(reason instanceof TeeError)) throw reason;
  }
}

function formOf(memory: OpteeMemory | undefined, capabilities: number): OpteeMemory {
  const hasMsg = (capabilities & SCMI_PTA_CAPS.MSG_HEADER) !== 0;
  const hasSmt = (capabilities & SCMI_PTA_CAPS.SMT_HEADER) !== 0;
  const wanted = memory ?? (hasMsg ? "msg" : "smt");
  const isThere = wanted === "msg" ? hasMsg : hasSmt;
  if (isThere) return wanted;
  const needed = wanted === "msg" ? "messages in MSG form" : "messages in SMT areas";
  throw new UnsupportedError("OP-TEE SCMI service", needed, `capabilities 0x${capabilities.toString(16)}`);
}

function isOptee({ implementation }: TeeVersion): boolean {
  return implementation === TEE_IMPLEMENTATION.OPTEE;
}

/** Half-way: what failed first is what the caller hears of. */
async function quietly(scope: Scope): Promise<void> {
  await scope.close().catch(() => {});
}
