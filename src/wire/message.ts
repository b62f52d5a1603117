import type { StatusName } from "../errors.ts";
import type { FieldPath } from "./path.ts";
import { struct } from "./struct.ts";
import type { Infer, Type, Versioned } from "./type.ts";

/** The values of a payload: one struct, or one by version. The status of a response is not part of it. */
export type Payload<T = unknown> = Type<T> | Versioned<Type<T>, false>;

/** How a list comes in several replies. */
export interface MultiPart {
  /** Field of the request that says how many items to skip. */
  readonly index: string;
  /** Field of the response that counts the items in it. */
  readonly returned: string;
  /** Field of the response that counts the items still to come; without one, ask until a reply has none. */
  readonly remaining?: string;
  /** Field of the response that holds the items. */
  readonly items: string;
}

/** What replaces a command in a FastChannel. */
export interface FastChannelAbility {
  /** `set`: the agent writes, and a doorbell is possible; `get`: the platform writes. */
  readonly access: "set" | "get";
  /** The words of the FastChannel. */
  readonly memory: Type<unknown>;
}

/** The message that follows an asynchronous command on P2A, with the command's id and token. */
export interface DelayedResponse<T = unknown> {
  /** Spec name. */
  readonly name: string;
  readonly payload: Payload<T>;
  /** Flag of the request that asks for it. */
  readonly when: string;
  /** Flag of the request that waives it. */
  readonly unless?: string;
}

/** A command with its response, as data. */
export interface Command<Request = unknown, Response = unknown, Delayed = unknown> {
  readonly kind: "command";
  /** Spec name, `CLOCK_RATE_SET`. */
  readonly name: string;
  /** Header bits 7:0. */
  readonly id: number;
  /** First protocol version that has it; 0 = all. */
  readonly since: number;
  /** First protocol version that makes it mandatory; `undefined` = optional. */
  readonly mandatorySince: number | undefined;
  readonly request: Payload<Request>;
  readonly response: Payload<Response>;
  readonly delayedResponse: DelayedResponse<Delayed> | undefined;
  /** Statuses with a meaning of their own here, besides `SUCCESS` and {@link GENERIC_STATUSES}. */
  readonly statuses: readonly StatusName[];
  /** Field of the request that names the domain, clock or agent: unknown ones are `NOT_FOUND`. */
  readonly resource: string | undefined;
  readonly multiPart: MultiPart | undefined;
  readonly fastChannel: FastChannelAbility | undefined;
  /** Served without leaving the core, and called without garbage. */
  readonly isHot: boolean;
}

/** A notification, as data. */
export interface Notification<Value = unknown> {
  readonly kind: "notification";
  /** Spec name, `CLOCK_RATE_CHANGED`. */
  readonly name: string;
  /** Header bits 7:0 of a message of type 3; numbered apart from commands. */
  readonly id: number;
  /** First protocol version that has it; 0 = all. */
  readonly since: number;
  readonly payload: Payload<Value>;
  /** Field that names what changed; `undefined` where the protocol has one source only. */
  readonly resource: string | undefined;
  /** Spec name of the command that switches it on and off. */
  readonly enabledBy: string;
}

/** Any message of a table. */
export type Message = Command | Notification;

/** Statuses that any command may answer with. DEN0056, status codes */
export const GENERIC_STATUSES: readonly StatusName[] = [
  "NOT_SUPPORTED",
  "DENIED",
  "PROTOCOL_ERROR",
  "BUSY",
  "COMMS_ERROR",
  "GENERIC_ERROR",
  "HARDWARE_ERROR",
];

/** A payload without values. */
export type Empty = Record<never, never>;

/** What {@link command} is told. */
export interface CommandSpec<Request extends Payload, Response extends Payload, Delayed extends Payload> {
  /** Version word; from the first version on unless said. */
  readonly since?: number;
  /** `true`: wherever it exists; a version word: from then on. Optional unless said. */
  readonly mandatory?: boolean | number;
  /** Empty unless said. */
  readonly request?: Request;
  /** Empty unless said. */
  readonly response?: Response;
  readonly delayedResponse?: {
    readonly name: string;
    readonly payload: Delayed;
    readonly when: FieldPath<Infer<Request>>;
    readonly unless?: FieldPath<Infer<Request>>;
  };
  readonly statuses?: readonly StatusName[];
  readonly resource?: FieldPath<Infer<Request>>;
  readonly multiPart?: {
    readonly index: FieldPath<Infer<Request>>;
    readonly returned: FieldPath<Infer<Response>>;
    readonly remaining?: FieldPath<Infer<Response>>;
    readonly items: keyof Infer<Response> & string;
  };
  readonly fastChannel?: FastChannelAbility;
  readonly isHot?: boolean;
}

/** Describes a command: agent, platform, length checks, traces and documentation read the one description.
 *  @param name spec name
 *  @param id 0 to 0xff */
/* @__NO_SIDE_EFFECTS__ */
export function command<
  Request extends Payload = Type<Empty>,
  Response extends Payload = Type<Empty>,
  Delayed extends Payload = Type<Empty>,
>(
  name: string,
  id: number,
  spec: CommandSpec<Request, Response, Delayed> = {},
): Command<Infer<Request>, Infer<Response>, Infer<Delayed>> {
  const { since = 0, mandatory = false, delayedResponse } = spec;
  return {
    kind: "command",
    name,
    id: checkedId(id),
    since,
    mandatorySince: typeof mandatory === "number" ? mandatory : mandatory ? since : undefined,
    request: payloadOf<Infer<Request>>(spec.request),
    response: payloadOf<Infer<Response>>(spec.response),
    delayedResponse: delayedResponse && {
      ...delayedResponse,
      payload: payloadOf<Infer<Delayed>>(delayedResponse.payload),
    },
    statuses: spec.statuses ?? [],
    resource: spec.resource,
    multiPart: spec.multiPart,
    fastChannel: spec.fastChannel,
    isHot: spec.isHot ?? false,
  };
}

/** What {@link notification} is told. */
export interface NotificationSpec<P extends Payload> {
  /** Version word; from the first version on unless said. */
  readonly since?: number;
  readonly payload: P;
  readonly resource?: FieldPath<Infer<P>>;
  readonly enabledBy: string;
}

/** Describes a notification.
 *  @param name spec name
 *  @param id 0 to 0xff, apart from the ids of commands */
/* @__NO_SIDE_EFFECTS__ */
export function notification<P extends Payload>(
  name: string,
  id: number,
  spec: NotificationSpec<P>,
): Notification<Infer<P>> {
  return {
    kind: "notification",
    name,
    id: checkedId(id),
    since: spec.since ?? 0,
    payload: payloadOf<Infer<P>>(spec.payload),
    resource: spec.resource,
    enabledBy: spec.enabledBy,
  };
}

function payloadOf<T>(payload: Payload | undefined): Payload<T> {
  // T is what Infer makes of the payload's own type; the compiler cannot see through it.
  return (payload ?? struct({})) as Payload<T>;
}

function checkedId(id: number): number {
  if ((id & 0xff) !== id) throw new RangeError(`"id" expected integer 0 to 255, got ${id}`);
  return id;
}
