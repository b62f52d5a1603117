import { commandWord } from "../core/faults.ts";
import { commandHeader } from "../core/inbox.ts";
import { StatusError } from "../errors.ts";
import { decodeHeader } from "../wire/header.ts";
import { type Layout, statusOf } from "../wire/layout.ts";
import type { Command } from "../wire/message.ts";
import type { CommandAt } from "../wire/protocol.ts";
import { decode } from "../wire/type.ts";

/** How long, and until when, a caller waits. */
export interface CallOptions {
  /** Gives up when it fires; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
  /** For everything: a free channel, the response and, where one follows, the delayed response; `Infinity` = for ever. Without it, each
   *  phase has the channel's own limit. */
  readonly timeoutMs?: number;
}

/** What is wrong with a `timeoutMs`; one that is over before it begins is none. */
export function badTimeout(timeoutMs: number | undefined): RangeError | undefined {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && !Number.isNaN(timeoutMs))) return undefined;
  return new RangeError(`"timeoutMs" expected number, got ${timeoutMs}`);
}

/** A command of one protocol at the version in use: what the engine needs to post it and to read its answers. */
export class BoundCommand<Request = unknown, Response = unknown, Delayed = unknown> {
  /** The entry of the message table. */
  readonly command: Command<Request, Response, Delayed>;
  /** Spec name, for errors. */
  readonly name: string;
  readonly protocolId: number;
  readonly isHot: boolean;
  /** For `Core.post`. */
  readonly word: number;
  readonly request: Layout<Request>;
  readonly response: Layout<Response>;
  /** What a delayed response carries; of the response where the command has none. */
  readonly delayed: Layout<Delayed> | undefined;
  /** Answers may be longer than their layout: the platform speaks a newer version that it did not give up. */
  readonly isLenient: boolean;

  constructor(protocolId: number, at: CommandAt<Request, Response, Delayed>, isLenient: boolean) {
    this.command = at.command;
    this.name = at.command.name;
    this.protocolId = protocolId;
    this.isHot = at.command.isHot;
    this.word = commandWord(protocolId, at.command.id);
    this.request = at.request;
    this.response = at.response;
    this.delayed = at.delayedResponse;
    this.isLenient = isLenient;
  }

  /** Reads a response from the xfer that it came into.
   *  @param at address of the payload
   *  @throws StatusError when the platform refused
   *  @throws MessageError when it breaks the wire format */
  read(view: DataView, at: number, byteLength: number): Response {
    return readAnswer(this, this.response, view, at, byteLength);
  }

  /** {@link read} into an object that exists, without garbage. */
  readInto(view: DataView, at: number, byteLength: number, into: Response): Response {
    if (this.isLenient) return this.read(view, at, byteLength);
    const status = statusOf(view, at, byteLength, this.name);
    if (status !== 0) throw new StatusError(this.name, status, decodeHeader(commandHeader(view, at)));
    return this.response.decodeInto(view, at, byteLength, into);
  }

  /** Reads a delayed response; throws like {@link read}. */
  readDelayed(view: DataView, at: number, byteLength: number): Delayed {
    const layout = this.delayed ?? (this.response as unknown as Layout<Delayed>);
    return readAnswer(this, layout, view, at, byteLength);
  }
}

function readAnswer<T>(
  { name, isLenient }: BoundCommand,
  layout: Layout<T>,
  view: DataView,
  at: number,
  byteLength: number,
): T {
  const status = statusOf(view, at, byteLength, layout.message, layout.role);
  if (status !== 0) throw new StatusError(name, status, decodeHeader(commandHeader(view, at)));
  if (!isLenient) return layout.decode(view, at, byteLength);
  const { statusBytes, type, message, role } = layout;
  const origin = { subject: message, field: role, offset: statusBytes };
  return decode(type, view, at + statusBytes, byteLength - statusBytes, origin, undefined, true);
}
