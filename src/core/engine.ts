import * as layout from "../../assembly/layout.ts";
import { ChannelError, DeadlineError, InternalError, MessageError } from "../errors.ts";
import { FAULT, faultName } from "./faults.ts";

/** Turns a fault of the engine into the error a caller can decide on.
 *  @param subject what was asked: an export, or the spec name of a command
 *  @param timeoutMs how long was waited, for the two time-outs */
export function faultError(fault: number, subject: string, timeoutMs = 0): Error {
  switch (fault) {
    case FAULT.BUSY:
    case FAULT.NO_CLAIM:
    case FAULT.NO_XFER:
    case FAULT.EVENTS_FULL:
    case FAULT.COMPLETIONS_FULL:
    case FAULT.RATE_LIMITED:
      return new ChannelError(subject, "busy", faultName(fault));
    case FAULT.NO_TOKEN:
      return new ChannelError(subject, "noToken");
    case FAULT.LENGTH:
      return new ChannelError(subject, "payloadTooLong");
    case FAULT.CHANNEL_ERROR:
      return new ChannelError(subject, "errorFlag");
    case FAULT.CHANNEL_RESET:
    case FAULT.STALE:
    case FAULT.ABORTED:
      return new ChannelError(subject, "closed", faultName(fault));
    case FAULT.RESPONSE_TIMEOUT:
      return new DeadlineError(subject, "response", timeoutMs);
    case FAULT.DELAYED_TIMEOUT:
      return new DeadlineError(subject, "delayedResponse", timeoutMs);
    case FAULT.MALFORMED:
      return new MessageError(subject, {
        field: "length",
        offset: layout.SMT_LENGTH,
        expected: "a status and no more than the channel carries",
        got: "a length out of these bounds",
      });
    case FAULT.INDEX:
      return new RangeError(`${subject}: expected the index of an open instance, channel, xfer, claim or FastChannel`);
    case FAULT.STATE:
      return new RangeError(`${subject}: expected an xfer or claim in a state that allows this, docs/abi.md section 3`);
    case FAULT.CHANNEL_KIND:
      return new TypeError(`${subject}: expected a channel of the kind that this call is for, docs/abi.md section 2`);
    case FAULT.NO_ROOM:
      return new RangeError(`${subject}: expected room in the core's tables and region; raise its capacity`);
    case FAULT.CONFIG:
      return new RangeError(`${subject}: expected values in range, docs/abi.md section 2`);
    case FAULT.NO_CORE:
      return new RangeError(`${subject}: expected a core of ABI version ${layout.ABI_VERSION} at that address`);
    default:
      return new InternalError(`${subject}: ${faultName(fault)}`);
  }
}

/** Passes an index, count or state on, and throws what a fault means.
 *  @throws what {@link faultError} makes of a result below 0 */
export function checked(result: number, subject: string): number {
  if (result < 0) throw faultError(result, subject);
  return result;
}

/** What a thrown value means: a trap is our bug, everything else passes. */
export function trapError(cause: unknown, subject: string): unknown {
  if (!(cause instanceof WebAssembly.RuntimeError)) return cause;
  return new InternalError(`${subject}: the core trapped: ${cause.message}`, { cause });
}
