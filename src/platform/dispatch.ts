import type { ClaimedCommand } from "../core/platform-tables.ts";
import { STATUS } from "../errors.ts";
import { NegotiateProtocolVersion, ProtocolMessageAttributes } from "../wire/generic.ts";
import { decodeHeader } from "../wire/header.ts";
import type { Connection } from "./agents.ts";
import { type Call, DONE, refuse } from "./handlers.ts";
import type { Machine } from "./machine.ts";
import { refusalWithoutP2a } from "./no-p2a.ts";
import type { Server } from "./server.ts";

/** Answers what the core leaves to the host, in the order of checks of docs/abi.md section 6: the message id before the size, the
 *  size before any value. Type, protocol and the permission for it have been judged by then. */
export class Dispatcher {
  readonly #machine: Machine;
  readonly #servers: ReadonlyMap<number, Server>;

  /** @param servers by protocol id */
  constructor(machine: Machine, servers: ReadonlyMap<number, Server>) {
    this.#machine = machine;
    this.#servers = servers;
    for (const server of servers.values()) {
      const { protocol, handlers } = server;
      handlers.on(NegotiateProtocolVersion, ({ version }, call) => this.#negotiate(server, version, call));
      // A protocol whose answer says more has a command and a handler of its own
      if (!protocol.commands.some((command) => command === ProtocolMessageAttributes)) continue;
      handlers.on(ProtocolMessageAttributes, ({ messageId }, { agent }) =>
        machine.commandFor(agent, protocol, messageId) ? { attributes: 0 } : STATUS.NOT_FOUND,
      );
    }
  }

  /** Writes the answer of a command.
   *  @returns its bytes */
  answer({ header, requestAt, byteLength }: ClaimedCommand, connection: Connection, replyAt: number): number {
    const { agent, maxPayload } = connection;
    const { protocolId, messageId } = decodeHeader(header);
    const view = this.#machine.core.memory.data;
    const server = this.#servers.get(protocolId);
    const found = server && this.#machine.commandFor(agent, server.protocol, messageId);
    if (!server || !found) {
      view.setInt32(replyAt, STATUS.NOT_FOUND, true);
      return 4;
    }
    const { request } = found.at;
    // Field by field: a spread takes longer than all the rest of a command
    const call: Call = {
      agent,
      connection,
      header,
      view,
      requestAt,
      byteLength,
      replyAt,
      messages: found.messages,
      capacity: maxPayload,
      hasReserved: request.findReserved(view, requestAt, byteLength) !== undefined,
    };
    if (byteLength < request.minBytes || byteLength > request.maxBytes) return refuse(call, STATUS.PROTOCOL_ERROR);
    const refusal = connection.hasP2a ? undefined : refusalWithoutP2a(found.at, call);
    return refusal === undefined ? server.handlers.serve(messageId, call) : refuse(call, refusal);
  }

  #negotiate({ protocol }: Server, version: number, { agent }: Call) {
    const isKnown = protocol.versions.includes(version) && version <= this.#machine.reportedVersion(protocol);
    if (!isKnown) return STATUS.NOT_SUPPORTED;
    agent.negotiated.set(protocol.id, version);
    this.#machine.settingsChanged();
    return DONE;
  }
}
