import type { MessageSink } from "../platform/index.ts";

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
  /** The agent is gone. */
  close(): void;
}
