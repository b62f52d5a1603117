import type { Board } from "../board/board.ts";
import type { Clock } from "../core/clock.ts";
import type { Core } from "../core/core.ts";
import type { PlatformTables } from "../core/platform-tables.ts";
import { type Release, versionIn } from "../protocols/releases.ts";
import { encodeHeader, MESSAGE_TYPE } from "../wire/header.ts";
import type { Notification } from "../wire/message.ts";
import type { MessageSet, Protocol } from "../wire/protocol.ts";
import type { Access } from "./access.ts";
import type { AgentState } from "./agents.ts";
import type { Observers } from "./observers.ts";

/** What all servers of a platform share. */
export class Machine {
  readonly core: Core;
  readonly tables: PlatformTables;
  readonly clock: Clock;
  readonly board: Board;
  readonly release: Release;
  readonly agents: readonly AgentState[];
  readonly access: Access;
  readonly observers: Observers;
  /** Called when somebody subscribed, or an agreement on a version changed. */
  settingsChanged: () => void = () => {};

  constructor(parts: {
    readonly core: Core;
    readonly tables: PlatformTables;
    readonly clock: Clock;
    readonly board: Board;
    readonly release: Release;
    readonly agents: readonly AgentState[];
    readonly access: Access;
    readonly observers: Observers;
  }) {
    this.core = parts.core;
    this.tables = parts.tables;
    this.clock = parts.clock;
    this.board = parts.board;
    this.release = parts.release;
    this.agents = parts.agents;
    this.access = parts.access;
    this.observers = parts.observers;
  }

  /** The agent with an id; `undefined` for the platform's own and for unknown ones. */
  agent(id: number): AgentState | undefined {
    return id === 0 ? undefined : this.agents[id - 1];
  }

  /** The version word that the platform reports. */
  reportedVersion(protocol: Protocol): number {
    return versionIn(this.release, protocol.id) ?? protocol.versions[0];
  }

  /** The version word that an agent uses. */
  versionFor(agent: AgentState, protocol: Protocol): number {
    return agent.negotiated.get(protocol.id) ?? this.reportedVersion(protocol);
  }

  /** The messages as an agent knows them. */
  messagesFor(agent: AgentState, protocol: Protocol): MessageSet {
    return protocol.at(this.versionFor(agent, protocol));
  }

  /** Sends a notification to every agent that has it switched on for a resource and may still use that.
   *  @param valueFor what an agent is told */
  notify<Value>(
    protocol: Protocol,
    notification: Notification<Value>,
    resource: number,
    valueFor: (agent: AgentState) => Value,
  ): void {
    for (const agent of this.agents) {
      if (!agent.isSubscribed(protocol, notification.id, resource)) continue;
      if (!this.tables.mayUseProtocol(agent.id, protocol.id)) continue;
      if (!this.tables.mayUse(agent.id, protocol.id, resource)) continue;
      this.send(agent, protocol, notification, valueFor(agent));
    }
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
      if (bytes.byteLength > connection.maxPayload) continue;
      payload.encode(new DataView(bytes.buffer), 0, value);
      connection.sendNotification(header, bytes);
    }
  }
}
