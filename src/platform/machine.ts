import type { Board } from "../board/board.ts";
import type { SectionKey } from "../board/sections.ts";
import type { Core } from "../core/core.ts";
import type { PlatformTables } from "../core/platform-tables.ts";
import { ChannelError, UnsupportedError } from "../errors.ts";
import type { Release } from "../protocols/releases.ts";
import { NegotiateProtocolVersion } from "../wire/generic.ts";
import { decodeHeader, encodeHeader, MESSAGE_TYPE } from "../wire/header.ts";
import { encodeStatus, STATUS_BYTES } from "../wire/layout.ts";
import type { Command, Notification } from "../wire/message.ts";
import type { CommandAt, MessageSet, Protocol } from "../wire/protocol.ts";
import type { Access } from "./access.ts";
import type { AgentState } from "./agents.ts";
import type { Call } from "./handlers.ts";
import type { Observers } from "./observers.ts";
import type { PromptClock } from "./prompt-clock.ts";
import type { Server } from "./server.ts";

/** What a platform offers. */
export interface Offer {
  /** The version word that it reports. */
  versionOf(protocol: Protocol): number;
  /** Whether it has a command of a table. */
  hasCommand(protocol: Protocol, messageId: number): boolean;
}

/** A command as an agent knows it. */
export interface FoundCommand {
  readonly at: CommandAt;
  readonly messages: MessageSet;
}

/** What all servers of a platform share. */
export class Machine {
  readonly core: Core;
  readonly tables: PlatformTables;
  readonly clock: PromptClock;
  readonly board: Board;
  readonly release: Release;
  readonly agents: readonly AgentState[];
  readonly access: Access;
  readonly observers: Observers;
  /** Called when somebody subscribed, or an agreement on a version changed. */
  settingsChanged: () => void = () => {};
  /** Called when what {@link Server.hostAnswers} says of one domain changed. */
  domainChanged: (server: Server, domain: number) => void = () => {};
  /** Called when the platform itself changed something that agents are to hear of at once. */
  settleEvents: () => void = () => {};
  /** The platform was taken down. */
  isClosed = false;
  readonly #offer: Offer;

  constructor(parts: {
    readonly core: Core;
    readonly tables: PlatformTables;
    readonly clock: PromptClock;
    readonly board: Board;
    readonly release: Release;
    readonly agents: readonly AgentState[];
    readonly access: Access;
    readonly observers: Observers;
    readonly offer: Offer;
  }) {
    this.core = parts.core;
    this.tables = parts.tables;
    this.clock = parts.clock;
    this.board = parts.board;
    this.release = parts.release;
    this.agents = parts.agents;
    this.access = parts.access;
    this.observers = parts.observers;
    this.#offer = parts.offer;
  }

  /** The agent with an id; `undefined` for the platform's own and for unknown ones. */
  agent(id: number): AgentState | undefined {
    return id === 0 ? undefined : this.agents[id - 1];
  }

  /** The version word that the platform reports. */
  reportedVersion(protocol: Protocol): number {
    return this.#offer.versionOf(protocol);
  }

  /** The version word that an agent uses. */
  versionFor(agent: AgentState, protocol: Protocol): number {
    return agent.negotiated.get(protocol.id) ?? this.reportedVersion(protocol);
  }

  /** The messages as an agent knows them. */
  messagesFor(agent: AgentState, protocol: Protocol): MessageSet {
    return protocol.at(this.versionFor(agent, protocol));
  }

  /** A command as an agent knows it; `undefined` when it is `NOT_FOUND`. */
  commandFor(agent: AgentState, protocol: Protocol, messageId: number): FoundCommand | undefined {
    // An agent that agreed on a version without negotiation can still agree on another
    const isNegotiation = messageId === NegotiateProtocolVersion.id;
    const messages = isNegotiation ? protocol.at(this.reportedVersion(protocol)) : this.messagesFor(agent, protocol);
    const at = messages.commandById(messageId);
    return at && this.#offer.hasCommand(protocol, messageId) ? { at, messages } : undefined;
  }

  /** The board's part for a protocol that the board has.
   *  @throws UnsupportedError when it has none */
  section<Key extends SectionKey>(key: Key): NonNullable<Board[Key]> {
    const section = this.board[key];
    if (section) return section as NonNullable<Board[Key]>;
    throw new UnsupportedError("platform", `a board with "${key}"`, this.board.file);
  }

  /** @throws ChannelError "closed" after the platform was taken down */
  expectOpen(): void {
    if (this.isClosed) throw new ChannelError("platform", "closed");
  }

  /** How many resources of a protocol there are for an agent: what is kept from it at the end of the ids is not counted; what is kept
   *  from it in between leaves a hole. */
  countFor(agent: AgentState, { id }: Protocol): number {
    let count = this.tables.domainCount(id);
    while (count > 0 && !this.tables.mayUse(agent.id, id, count - 1)) count--;
    return count;
  }

  /** Sends a notification to every agent that has it switched on for a resource and may still use that.
   *  @param valueFor what an agent is told
   *  @param options `exceptAgentId`: who is left out, as the one who asked */
  notify<Value>(
    protocol: Protocol,
    notification: Notification<Value>,
    resource: number,
    valueFor: (agent: AgentState) => Value,
    options: { readonly exceptAgentId?: number } = {},
  ): void {
    for (const agent of this.agents) {
      if (agent.id === options.exceptAgentId) continue;
      if (!agent.isSubscribed(protocol, notification.id, resource)) continue;
      if (!this.tables.mayUseProtocol(agent.id, protocol.id)) continue;
      if (!this.tables.mayUse(agent.id, protocol.id, resource)) continue;
      this.send(agent, protocol, notification, valueFor(agent));
    }
  }

  /** Sends the delayed response of a command, over the connection that it came by. */
  sendDelayed<Request, Response, Delayed>(
    { connection, header, messages }: Pick<Call, "connection" | "header" | "messages">,
    command: Command<Request, Response, Delayed>,
    value: Delayed,
  ): void {
    const layout = messages.command(command).delayedResponse;
    if (!layout) throw new TypeError(`${command.name}: expected a command with a delayed response`);
    const payload = new Uint8Array(layout.sizeOf(value));
    layout.encode(new DataView(payload.buffer), 0, value);
    const messageType = MESSAGE_TYPE.DELAYED_RESPONSE;
    connection.sendDelayed(encodeHeader({ ...decodeHeader(header), messageType }), payload);
  }

  /** Sends a delayed response that failed, over the connection that the command came by. */
  refuseDelayed({ connection, header }: Pick<Call, "connection" | "header">, status: number): void {
    const payload = new Uint8Array(STATUS_BYTES);
    encodeStatus(new DataView(payload.buffer), 0, status);
    const messageType = MESSAGE_TYPE.DELAYED_RESPONSE;
    connection.sendDelayed(encodeHeader({ ...decodeHeader(header), messageType }), payload);
  }

  /** Sends a notification to one agent, over all of its connections. */
  send<Value>(agent: AgentState, protocol: Protocol, notification: Notification<Value>, value: Value): void {
    const messages = this.messagesFor(agent, protocol);
    if (!messages.has(notification)) return;
    const { payload } = messages.notification(notification);
    const header = encodeHeader({
      protocolId: protocol.id,
      messageType: MESSAGE_TYPE.NOTIFICATION,
      messageId: notification.id,
      token: 0,
    });
    for (const connection of [...agent.connections]) {
      const bytes = new Uint8Array(payload.sizeOf(value));
      if (bytes.byteLength > connection.maxPayload) {
        this.observers.tell("notificationDropped", { agentId: agent.id, header });
        continue;
      }
      payload.encode(new DataView(bytes.buffer), 0, value);
      connection.sendNotification(header, bytes);
    }
  }
}
