import type { Board } from "../board/board.ts";
import type { MessageDescription, PlatformDescription, ProtocolDescription } from "../core/description.ts";
import { encodeDescription, hotMessages } from "../core/description-encoder.ts";
import type { Protocol } from "../wire/protocol.ts";
import type { Parts } from "./parts.ts";

const PROTOCOL_VERSION = 0x0;

/** What the core needs to know of a board. */
export function describe(board: Board, parts: Parts): PlatformDescription {
  return {
    agents: board.agents.length,
    protocols: parts.protocols.map((protocol) => describeProtocol(board, parts, protocol)),
  };
}

/** Bytes of the core's region that a platform takes, its connections left out. */
export function regionBytes(board: Board, parts: Parts): number {
  const bytes = encodeDescription(describe(board, parts)).byteLength;
  const others = parts.list.reduce((sum, part) => sum + (part.regionBytes?.(board) ?? 0), 0);
  // The state is part of the description, too
  return 2 * bytes + others + SLACK_BYTES;
}

/** Pieces of the region start on cache lines. */
const SLACK_BYTES = 4096;

function describeProtocol(board: Board, parts: Parts, protocol: Protocol): ProtocolDescription {
  const { id } = protocol;
  const version = parts.versionOf(protocol);
  const tables = parts.part(id)?.describe(board, version) ?? {};
  const inCore = hotMessages(tables);
  const messages: MessageDescription[] = [];
  for (const { command } of protocol.at(version).commands) {
    const isHot = command.id === PROTOCOL_VERSION || (command.isHot && inCore.includes(command.id));
    if (!isHot && parts.hasCommand(protocol, command.id)) messages.push({ id: command.id });
  }
  return { id, version, messages, ...tables };
}
