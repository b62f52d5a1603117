import { MessageError, STATUS } from "../errors.ts";
import { encodeStatus, STATUS_BYTES } from "../wire/layout.ts";
import type { Command } from "../wire/message.ts";
import type { MessageSet } from "../wire/protocol.ts";
import type { AgentState, Connection } from "./agents.ts";

/** One command under way. The request has been copied out of the channel, so it no longer changes. */
export interface Call {
  readonly agent: AgentState;
  readonly connection: Connection;
  /** As it came. */
  readonly header: number;
  /** The messages of the version that this agent uses. */
  readonly messages: MessageSet;
  readonly view: DataView;
  /** Where the request starts in the view, */
  readonly requestAt: number;
  /** and how long it is. */
  readonly byteLength: number;
  /** Where the response goes, */
  readonly replyAt: number;
  /** and how long it may be. */
  readonly capacity: number;
  /** A reserved bit of the request is set: `INVALID_PARAMETERS`, when its turn comes. */
  readonly hasReserved: boolean;
}

/** Return values, or the status that is sent instead of them. */
export type Outcome<Response> = Response | number;

/** Success without return values. */
export const DONE = /* @__PURE__ */ Object.freeze({});

/** The commands that a server answers. */
export class Handlers {
  readonly #byId = new Map<number, (call: Call) => number>();

  /** Answers a command; what is wrong with its size is answered before. */
  on<Request, Response, Delayed>(
    command: Command<Request, Response, Delayed>,
    run: (request: Request, call: Call) => Outcome<Response>,
  ): this {
    this.#byId.set(command.id, (call) => {
      const { request, response } = call.messages.command(command);
      let values: Request;
      try {
        values = request.decode(call.view, call.requestAt, call.byteLength);
      } catch (error) {
        // Neither one of the lengths that a tail allows, nor anything else that the size has not told
        if (error instanceof MessageError) return refuse(call, STATUS.PROTOCOL_ERROR);
        throw error;
      }
      const outcome = run(values, call);
      if (typeof outcome === "number") return refuse(call, outcome);
      if (response.sizeOf(outcome) > call.capacity) return refuse(call, STATUS.PROTOCOL_ERROR);
      return response.encode(call.view, call.replyAt, outcome, call.capacity);
    });
    return this;
  }

  /** Answers a command whose words are looked at as they are; the result is a status. */
  onWords(command: Command<never, unknown, unknown> | Command, run: (call: Call) => number): this {
    this.#byId.set(command.id, (call) => refuse(call, run(call)));
    return this;
  }

  /** Answers a call.
   *  @returns bytes of the response */
  serve(id: number, call: Call): number {
    const handler = this.#byId.get(id);
    return handler ? handler(call) : refuse(call, STATUS.NOT_FOUND);
  }
}

/** Writes a status, which is all of a response that failed.
 *  @returns bytes written */
export function refuse({ view, replyAt }: Call, status: number): number {
  encodeStatus(view, replyAt, status);
  return STATUS_BYTES;
}

/** How many items of `itemBytes` fit a multi-part response behind `headBytes`. */
export function itemsThatFit({ capacity }: Call, headBytes: number, itemBytes: number): number {
  return Math.max(0, Math.floor((capacity - headBytes) / itemBytes));
}
