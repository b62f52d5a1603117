import type { Scope } from "./scope.ts";
import type { Channel, ChannelTraits, RowOptions, TransportHost } from "./transport.ts";

/** Memory that agent and platform share: what an `arm,scmi-shmem` node describes. `SharedMemory` of `scmi-wasm/firmware` is one. */
export interface SharedArea {
  readonly byteLength: number;
  /** Physical; needed where the platform is told it. */
  readonly address?: bigint;
  /** Maps it into a core.
   *  @param core that of the agent
   *  @throws TypeError when it cannot be seen from there
   *  @throws ChannelError "busy" when another channel has it */
  map(core: object): AreaMapping;
}

/** A {@link SharedArea}, as its core sees it. */
export interface AreaMapping {
  /** From the core's base. */
  readonly offset: number;
  /** The bytes now; borrowed until the memory may have grown. */
  bytes(): Uint8Array;
  /** Gives it back. */
  unmap(): void;
}

/** The limits of a transport by shared memory. */
export interface AreaLimits {
  /** For a response, in milliseconds, above 0; default 30. Device tree: `arm,max-rx-timeout-ms`. */
  readonly timeoutMs?: number;
  /** Commands in flight over all channels, 1 to 1,024; default 20. Device tree: `arm,max-msg`. */
  readonly maxMessages?: number;
  /** Largest payload in bytes, unless the area holds less; default 104. Device tree: `arm,max-msg-size`. */
  readonly maxMessageBytes?: number;
  /** Commands whose advertised latency is above this are not for callers that cannot wait; default 0. Device tree:
   *  `atomic-threshold-us`. */
  readonly atomicThresholdUs?: number;
}

/** {@link AreaLimits} with the defaults of Linux. */
export type FullLimits = Required<AreaLimits>;

/** Fewest bytes of a channel's largest payload: a status and one word. */
const LEAST_PAYLOAD = 8;

/** Fills in what was left out, and judges the rest.
 *  @throws RangeError for a limit that is none */
export function limitsOf(limits: AreaLimits): FullLimits {
  const { timeoutMs = 30, maxMessages = 20, maxMessageBytes = 104, atomicThresholdUs = 0 } = limits;
  expectTimeout(timeoutMs);
  expectLargestPayload("maxMessageBytes", maxMessageBytes);
  expectThreshold(atomicThresholdUs);
  return { timeoutMs, maxMessages, maxMessageBytes, atomicThresholdUs };
}

/** @throws RangeError for a time that no answer can keep to */
export function expectTimeout(timeoutMs: number): void {
  if (!(timeoutMs > 0)) throw new RangeError(`"timeoutMs" expected more than 0, got ${timeoutMs}`);
}

/** @param name what the transport calls its largest payload in bytes
 *  @throws RangeError for one that no response fits */
export function expectLargestPayload(name: string, bytes: number): void {
  if (!Number.isInteger(bytes) || bytes < LEAST_PAYLOAD) {
    throw new RangeError(`"${name}" expected integer of ${LEAST_PAYLOAD} or more, got ${bytes}`);
  }
}

/** @throws RangeError for a latency that is none */
export function expectThreshold(atomicThresholdUs: number): void {
  if (!(atomicThresholdUs >= 0)) {
    throw new RangeError(`"atomicThresholdUs" expected 0 or more, got ${atomicThresholdUs}`);
  }
}

/** A channel's row over a shared area. */
export interface AreaRow {
  readonly row: number;
  readonly mapping: AreaMapping;
  readonly traits: ChannelTraits;
}

/** Facts of a channel that are not about its area. */
export type AreaFacts = Pick<ChannelTraits, "completesOnPost" | "canPoll" | "hasCompletionInterrupt">;

/** Maps an area and opens a row over it; the scope owns the mapping.
 *  @param reservedBytes at the end of the area, which no message may use */
export function openAreaRow(
  host: TransportHost,
  scope: Scope,
  instance: number,
  area: SharedArea,
  limits: FullLimits,
  facts: AreaFacts,
  { p2a = false, reservedBytes = 0 }: { readonly p2a?: boolean; readonly reservedBytes?: number } = {},
): AreaRow {
  const mapping = area.map(host.core);
  scope.ownNow(() => mapping.unmap());
  const options: RowOptions = {
    p2a,
    framing: "smt",
    area: mapping.offset,
    areaBytes: area.byteLength - reservedBytes,
    maxMessage: limits.maxMessageBytes,
    timeoutMs: limits.timeoutMs,
  };
  const { row, maxPayload } = host.openRow(instance, options);
  const { timeoutMs, atomicThresholdUs } = limits;
  return { row, mapping, traits: { maxPayload, maxInFlight: 1, timeoutMs, atomicThresholdUs, ...facts } };
}

/** The P2A channel over a row.
 *  @param acknowledge called when the agent took a message out whose sender wants to know */
export function p2aChannel({ row, traits }: AreaRow, acknowledge: (() => void) | undefined): Channel {
  return {
    row,
    traits,
    ring: () => {}, // nothing is sent this way
    freed: (wantsAcknowledge) => {
      if (wantsAcknowledge) acknowledge?.();
    },
  };
}
