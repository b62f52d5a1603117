/** How an SCMI instance is opened. */
export interface InstanceOptions {
  /** Offset from `describePlatform` of `scmi-wasm/platform`; without it the instance has an agent half only. */
  readonly description?: number;
  /** Offset from {@link Core.openState}; agents of one SoC share it. */
  readonly state?: number;
  /** 1 … agents of the description; default 1. */
  readonly agentId?: number;
  /** Commands in flight or owned at once; default 8. At most 8, or 1,024 with {@link fullTokens}. */
  readonly xfers?: number;
  /** A full token space: find the waiter by index instead of looking at up to 8 xfers. */
  readonly fullTokens?: boolean;
}

/** How a channel is opened. */
export interface ChannelOptions {
  /** Platform to agent; default: agent to platform. */
  readonly p2a?: boolean;
  /** Default: SMT. */
  readonly framing?: "smt" | "msg";
  /** Stage answers but leave publishing to the host. */
  readonly hold?: boolean;
  /** Bytes of the area to take from the core; default 128. 0 = none, the host carries the messages (MSG only). */
  readonly areaBytes?: number;
  /** Offset of an area that exists already. */
  readonly area?: number;
  /** That area is initialised by somebody else: opening and resetting the channel leave it alone. */
  readonly isForeign?: boolean;
  /** Transport's limit for a payload in bytes; default: what area and core allow. */
  readonly maxMessage?: number;
  /** For a response, in milliseconds; default 30. */
  readonly timeoutMs?: number;
  /** From response to delayed response, in milliseconds; default 2,000. */
  readonly delayedTimeoutMs?: number;
}

/** How a FastChannel is opened. DEN0056, `PERFORMANCE_DESCRIBE_FASTCHANNEL`. */
export interface FastChannelOptions {
  /** Offset of the cell. */
  readonly cell: number;
  /** 4, or 8 for LIMITS. */
  readonly cellBytes: 4 | 8;
  /** Rung after each write. */
  readonly doorbell?: {
    /** Offset of the register. */
    readonly register: number;
    readonly widthBits: 8 | 16 | 32 | 64;
    /** Bits to set. */
    readonly set: bigint;
    /** Bits to keep. */
    readonly preserve: bigint;
  };
  /** Least time between writes in microseconds; default 0 = none. */
  readonly rateLimitUs?: number;
  /** The message that it replaces and whose domain it is, for traces. */
  readonly subject?: { readonly protocolId: number; readonly messageId: number; readonly domainId: number };
}

/** What a channel has counted; wraps at 2^32. docs/abi.md section 5. */
export interface ChannelCounters {
  readonly sent: number;
  readonly responses: number;
  readonly delayedResponses: number;
  readonly notifications: number;
  readonly timeouts: number;
  readonly unexpected: number;
  readonly malformed: number;
  readonly dropped: number;
  readonly recycled: number;
  readonly late: number;
  readonly aborted: number;
  readonly errors: number;
  readonly spurious: number;
  readonly badCommands: number;
  readonly p2aBusy: number;
}

/** What is taken and not given back; all zero when everything is home. */
export interface CoreLeaks {
  /** Xfers that are not idle. */
  readonly xfers: number;
  /** Tokens in flight or in quarantine. */
  readonly tokens: number;
  readonly claims: number;
}
