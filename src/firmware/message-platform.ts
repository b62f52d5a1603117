import type { MessagePlace, MessageSink } from "../platform/index.ts";

/** Answers whole messages, before `receive` returns: what a `Platform` of `scmi-wasm/platform` is. */
export interface MessagePlatform {
  /** Gives an agent its place.
   *  @throws RangeError for an unknown agent, or when there is no room for another one */
  connectMessages(agentId: number, sink: MessageSink): MessageEnd;
}

/** One agent's place at it. */
export interface MessageEnd {
  /** Takes in a command in MSG form; answers go to the sink. */
  receive(message: Uint8Array): void;
  /** Answers a command where it lies, and leaves no garbage: what `MessagePort.answer` of `scmi-wasm/platform` does. The answer may take the
   *  command's place. Absent: commands are given to {@link receive}.
   *  @param from whoever shares it may change it at any time: copied once, then judged
   *  @param room 8 bytes at least
   *  @returns bytes of the answer in MSG form. Where they are more than `room`, only the header was written; 0 = it comes through the
   *  sink, after this returned, if it comes at all */
  answer?(from: MessagePlace, fromAt: number, byteLength: number, to: MessagePlace, toAt: number, room: number): number;
  /** Called when the answer is out, or nobody is there any more who wants it, even after {@link close}: sends what the command brought about, and
   *  throws what went wrong about it. */
  settle?(): void;
  /** The agent is gone. */
  close(): void;
}

/** A {@link MessageEnd} that answers where commands lie. */
export type PromptEnd = MessageEnd & Required<Pick<MessageEnd, "answer" | "settle">>;

/** The same end, if it can answer where commands lie. */
export function promptly(end: MessageEnd): PromptEnd | undefined {
  return end.answer && end.settle ? (end as PromptEnd) : undefined;
}
