import { expectLargestPayload, expectThreshold, expectTimeout } from "../shared-area.ts";

/** The limits of a transport by OP-TEE. */
export interface OpteeLimits {
  /** For a response, in milliseconds, above 0; default 30, as Linux waits. `arm,max-rx-timeout-ms` */
  readonly timeoutMs?: number;
  /** Commands in flight over all channels, 1 to 1,024; default 20. `arm,max-msg` */
  readonly maxMessages?: number;
  /** Largest payload in bytes, 8 or more; default 104, as in Linux. An area may hold less. `arm,max-msg-size` */
  readonly maxPayload?: number;
  /** Commands whose advertised latency is above this are not for callers that cannot wait; default 0. `atomic-threshold-us` */
  readonly atomicThresholdUs?: number;
}

/** {@link OpteeLimits} with the defaults of Linux. */
export type FullOpteeLimits = Required<OpteeLimits>;

const LARGEST_MESSAGES = 1024;
/** No row of a core carries more, so no memory is needed for more. */
const LARGEST_PAYLOAD = 0x1_0000;

/** Fills in what was left out, and judges the rest.
 *  @throws RangeError for a limit that is none */
export function limitsOf(limits: OpteeLimits): FullOpteeLimits {
  const { timeoutMs = 30, maxMessages = 20, maxPayload = 104, atomicThresholdUs = 0 } = limits;
  expectTimeout(timeoutMs);
  if (!Number.isInteger(maxMessages) || maxMessages < 1 || maxMessages > LARGEST_MESSAGES) {
    throw new RangeError(`"maxMessages" expected integer 1 to ${LARGEST_MESSAGES}, got ${maxMessages}`);
  }
  expectLargestPayload("maxPayload", maxPayload);
  expectThreshold(atomicThresholdUs);
  return { timeoutMs, maxMessages, maxPayload: Math.min(maxPayload, LARGEST_PAYLOAD), atomicThresholdUs };
}
