import type { CoreEvent } from "../core/event-ring.ts";
import type { Protocol } from "../wire/protocol.ts";
import type { AgentState } from "./agents.ts";
import type { Handlers } from "./handlers.ts";

/** One protocol's half of the platform. */
export interface Server {
  readonly protocol: Protocol;
  readonly handlers: Handlers;
  /** Hot commands that change something, by message id. */
  changingMessages(): readonly number[];
  /** Hot commands of these that the host has to answer nevertheless, by message id. */
  coldMessages(): readonly number[];
  /** A hot command changed something. */
  onCoreEvent(event: CoreEvent): void;
  /** Whether somebody has to hear of what hot commands change. */
  needsEvents(): boolean;
  /** Whether an agent sees other numbers than the core holds: then all its commands of this protocol are the host's. */
  needsTranslation?(agent: AgentState): boolean;
  /** Looks at what agents wrote without a message: FastChannels, those that have a doorbell or all of them. */
  look?(options: { readonly rungOnly: boolean }): void;
  /** Takes back what an agent has set: `BASE_RESET_AGENT_CONFIGURATION`. */
  resetAgent(agent: AgentState): void;
  /** The last connection of an agent is gone. */
  agentLeft(agent: AgentState): void;
  /** Cancels every timer. */
  close(): void;
}
