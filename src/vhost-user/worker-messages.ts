import { ChannelError } from "../errors.ts";
import type { VhostUserCounters } from "./back-end.ts";
import type { VhostUserOutcome } from "./session.ts";

/** What a thread is started with, under the key `scmiVhostUser` of its `workerData`. */
export interface ThreadData<Port> {
  readonly port: Port;
  /** Descriptor of the socket that front ends connect to. */
  readonly listener: number;
  /** Descriptor of the controller's waker. */
  readonly waker: number;
  /** For the set-up. */
  readonly data: unknown;
}

/** What the controller tells the thread. */
export type ToThread =
  | { readonly kind: "counters" }
  | { readonly kind: "message"; readonly message: unknown }
  | { readonly kind: "close" };

/** What the thread tells its controller. */
export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "counters"; readonly counters: VhostUserCounters }
  | { readonly kind: "message"; readonly message: unknown }
  | { readonly kind: "gone"; readonly outcome: VhostUserOutcome; readonly reason: Reason | undefined }
  | { readonly kind: "ended"; readonly counters: VhostUserCounters };

/** Why a front end was sent away, as it goes from thread to thread, where classes are lost. */
export interface Reason {
  readonly message: string;
  readonly isRange: boolean;
}

/** For the journey. */
export function packReason(reason: Error | undefined): Reason | undefined {
  return reason && { message: reason.message, isRange: reason instanceof RangeError };
}

/** After it. */
export function unpackReason(reason: Reason | undefined): Error | undefined {
  if (!reason) return undefined;
  if (reason.isRange) return new RangeError(reason.message);
  const error = new ChannelError("vhost-user", "refused");
  error.message = reason.message;
  return error;
}
