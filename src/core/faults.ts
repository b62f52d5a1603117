import * as layout from "../../assembly/layout.ts";

/** The faults of the engine by name: why the core refused. Never mixed with SCMI statuses. docs/abi.md, FAULT_*. */
export const FAULT = {
  NOTHING: layout.FAULT_NOTHING,
  INDEX: layout.FAULT_INDEX,
  STATE: layout.FAULT_STATE,
  BUSY: layout.FAULT_BUSY,
  LENGTH: layout.FAULT_LENGTH,
  NO_XFER: layout.FAULT_NO_XFER,
  NO_TOKEN: layout.FAULT_NO_TOKEN,
  NO_CLAIM: layout.FAULT_NO_CLAIM,
  EVENTS_FULL: layout.FAULT_EVENTS_FULL,
  COMPLETIONS_FULL: layout.FAULT_COMPLETIONS_FULL,
  HOST_NEEDED: layout.FAULT_HOST_NEEDED,
  RESPONSE_TIMEOUT: layout.FAULT_RESPONSE_TIMEOUT,
  DELAYED_TIMEOUT: layout.FAULT_DELAYED_TIMEOUT,
  MALFORMED: layout.FAULT_MALFORMED,
  CHANNEL_ERROR: layout.FAULT_CHANNEL_ERROR,
  CHANNEL_RESET: layout.FAULT_CHANNEL_RESET,
  CHANNEL_KIND: layout.FAULT_CHANNEL_KIND,
  NO_ROOM: layout.FAULT_NO_ROOM,
  CONFIG: layout.FAULT_CONFIG,
  NO_CORE: layout.FAULT_NO_CORE,
  RATE_LIMITED: layout.FAULT_RATE_LIMITED,
  STALE: layout.FAULT_STALE,
  ABORTED: layout.FAULT_ABORTED,
} as const;

/** A fault that has a name. */
export type FaultName = keyof typeof FAULT;

/** The name of a fault, or its number for one of a newer core. */
export function faultName(fault: number): string {
  return Object.entries(FAULT).find(([, value]) => value === fault)?.[0] ?? `fault ${fault}`;
}

/** The states of an xfer by name. docs/abi.md section 3. */
export const XFER = {
  IDLE: layout.XFER_IDLE,
  ACQUIRED: layout.XFER_ACQUIRED,
  POSTED: layout.XFER_POSTED,
  AWAITING_DELAYED: layout.XFER_AWAITING_DELAYED,
  DONE: layout.XFER_DONE,
  TIMED_OUT: layout.XFER_TIMED_OUT,
  ABORTED: layout.XFER_ABORTED,
} as const;

/** Options of a command beside protocol and message id. docs/abi.md, COMMAND_*. */
export const COMMAND = {
  /** A delayed response follows a response that says SUCCESS. */
  ASYNC: layout.COMMAND_ASYNC,
  /** Ask the platform for a completion interrupt. */
  INTERRUPT: layout.COMMAND_INTERRUPT,
} as const;

/** The command word of a protocol and message id, for `post`, `exchange` and batches; add {@link COMMAND} options with `|`.
 *  @param protocolId 0 … 255
 *  @param messageId 0 … 255 */
export function commandWord(protocolId: number, messageId: number): number {
  return (protocolId << layout.HEADER_PROTOCOL_SHIFT) | messageId;
}
