/** What a channel is and can; stated once, when it opens. The engine decides by these facts and never asks which
 *  transport it is. */
export interface ChannelTraits {
  /** Largest payload in bytes, header excluded. */
  readonly maxPayload: number;
  /** Commands that the platform may hold at once; 1 = strictly serial. */
  readonly maxInFlight: number;
  /** The answer is in place when `ring` returns, as with a TEE invoke: no waiting, no polling. */
  readonly completesOnPost: boolean;
  /** Makes progress without the event loop, so that polled calls can wait for it. */
  readonly canPoll: boolean;
  /** The platform half of the row is in the same core: one call there does a whole exchange of a hot command, and `ring` is only
   *  needed when that says so. Default false. */
  readonly isServedInCore?: boolean;
  /** The platform announces its answers. Without that it is not asked to, and the engine looks for them from time to time. Default
   *  true. */
  readonly hasCompletionInterrupt?: boolean;
  /** Commands whose advertised latency in microseconds is above this are not for callers that cannot wait; default 0.
   *  Device tree: `atomic-threshold-us`. */
  readonly atomicThresholdUs?: number;
  /** For a response, in milliseconds. */
  readonly timeoutMs: number;
}

/** One direction of one transport, on one row of the core. */
export interface Channel {
  readonly traits: ChannelTraits;
  /** Index of the channel in the core. */
  readonly row: number;
  /** The message on the row belongs to the other side now. Returns at once and says nothing: completion is announced by
   *  {@link TransportHost.complete} or {@link TransportHost.receive}, perhaps from inside.
   *  @param message the message in MSG form, for a row without an area; borrowed until `ring` returns
   *  @throws ChannelError, TeeError when the platform cannot have heard of the message: the command fails with that, and its area is
   *  the agent's again */
  ring(message?: Uint8Array): void;
  /** {@link ring} for a command whose delayed response is awaited, where the way to the platform has to know. Default: `ring`. */
  ringDelayed?(message?: Uint8Array): void;
  /** P2A rows with an area: the agent took the message out, and the area is the platform's again.
   *  @param wantsAcknowledge the message asked for an interrupt on its return */
  freed?(wantsAcknowledge: boolean): void;
}

/** What a transport opened: its channels, and how to let them go. */
export interface Link {
  /** The SCMI instance in the core that the channels belong to. */
  readonly instance: number;
  /** The default channel, which carries Base. */
  readonly a2p: Channel;
  /** Channels of single protocols, by protocol id; all others use {@link a2p}. */
  readonly protocols?: ReadonlyMap<number, Channel>;
  /** Where notifications and delayed responses come from; without one there are none. */
  readonly p2a?: Channel;
  /** Further ones, of single protocols, by protocol id. */
  readonly p2aProtocols?: ReadonlyMap<number, Channel>;
  /** Where memory that the platform names by a physical address lies in the core: for FastChannels and statistics.
   *  @param address as the platform describes it
   *  @returns an offset from the core's base; `undefined` when these bytes are not to be had */
  resolve?(address: bigint, byteLength: number): number | undefined;
  /** Releases everything, in reverse order. Idempotent: further calls return the first one's promise. */
  close(): Promise<void>;
}

/** How a transport wants a row. */
export interface RowOptions {
  readonly p2a?: boolean;
  readonly framing: "smt" | "msg";
  /** Bytes of the area; 0 = none, the transport carries the messages itself (MSG only). */
  readonly areaBytes: number;
  /** Offset in the core of an area that exists already, for a platform that looks into the same memory and initialises it: opening,
   *  closing and aborting leave it alone. Default: a new one. */
  readonly area?: number;
  /** The transport's own limit for a payload in bytes. */
  readonly maxMessage?: number;
  readonly timeoutMs?: number;
}

/** How a transport wants an SCMI instance. */
export interface InstanceWishes {
  /** Commands in flight at once over all channels, 1 … 1,024; default 20. Device tree: `arm,max-msg`. */
  readonly maxMessages?: number;
}

/** What the agent does for a transport. */
export interface TransportHost {
  /** The core of the agent, only to be compared: a platform in memory has to be in the same one. */
  readonly core: object;
  /** Opens an SCMI instance with an agent half only, for a platform outside of this core. It is given back when the link is closed, with
   *  its rows.
   *  @returns its index
   *  @throws RangeError for a number of messages out of range */
  openInstance(options?: InstanceWishes): number;
  /** Opens a row. A payload limit above what the area holds is clamped, with a warning once.
   *  @returns its index and its payload limit in bytes */
  openRow(instance: number, options: RowOptions): { readonly row: number; readonly maxPayload: number };
  /** The bytes of a row's area, for a transport that carries areas to memory elsewhere. Borrowed until the next call into the core.
   *  @throws TypeError for a row without an area */
  areaOf(row: number): Uint8Array;
  /** The area of a row changed hands: an answer, or a P2A message, may be there. Spurious calls do no harm. */
  complete(row: number): void;
  /** A message in MSG form arrived for a row without an area. The bytes are copied. */
  receive(row: number, message: Uint8Array): void;
  /** The transport of a row did not get its messages through, and no answers to them will come: everything in flight on it fails with
   *  `cause`, its area is the caller's again, and what queues goes next. */
  reset(row: number, cause: Error): void;
  /** The other side is gone: everything in flight fails with `ChannelError` "closed", later calls too. */
  fail(cause: Error): void;
}

/** A way to a platform. Options are given when it is made, the host when it is opened. */
export interface Transport {
  /** For error messages, `stream`. */
  readonly kind: string;
  /** Opens the channels, or undoes what it did and throws.
   *  @throws signal.reason when aborted */
  open(host: TransportHost, signal?: AbortSignal): Promise<Link>;
}
