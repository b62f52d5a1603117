import type { HotKind } from "../core/description.ts";
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
  /** Whether an agent sees other numbers or layouts than the core answers with: then all its hot commands of this protocol are
   *  the host's. */
  needsTranslation?(agent: AgentState): boolean;
  /** Hot commands on a domain that the host answers for an agent, as when a change takes its time; those that the part describes,
   *  unless said. Asked again with `settingsChanged`. */
  hostAnswers?(agent: AgentState, domain: number): readonly HotKind[];
  /** Whether agents ring for what they write without a message; settled when it is opened. Default: they do not. */
  readonly isRung?: boolean;
  /** Looks at what agents wrote without a message: FastChannels, those that have a doorbell or all of them. */
  look?(options: { readonly rungOnly: boolean }): void;
  /** Takes back what an agent has set: `BASE_RESET_AGENT_CONFIGURATION`. */
  resetAgent(agent: AgentState): void;
  /** The last connection of an agent is gone. */
  agentLeft(agent: AgentState): void;
  /** Cancels every timer. */
  close(): void;
}
