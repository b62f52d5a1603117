import type { Board } from "../board/board.ts";
import type { MessageDescription, PlatformDescription, ProtocolDescription } from "../core/description.ts";
import { encodeDescription } from "../core/description.ts";
import { clockProtocol } from "../protocols/clock.ts";
import { performanceProtocol } from "../protocols/performance.ts";
import type { Protocol } from "../wire/protocol.ts";
import type { Parts } from "./parts.ts";

const PROTOCOL_VERSION = 0x0;

/** How a platform is described. */
export interface DescribeOptions {
  /** Ids of the protocols whose commands are all answered by the host, the hot ones included. */
  readonly cold: readonly number[];
}

/** What the core needs to know of a board. */
export function describe(board: Board, parts: Parts, options: DescribeOptions): PlatformDescription {
  return {
    agents: board.agents.length,
    protocols: parts.protocols.map((protocol) => describeProtocol(board, parts, protocol, options)),
  };
}

/** Bytes of the core's region that a platform takes, its connections left out. */
export function regionBytes(board: Board, parts: Parts): number {
  // With every message listed it is at its longest
  const cold = parts.list.map(({ protocol }) => protocol.id);
  const bytes = encodeDescription(describe(board, parts, { cold })).byteLength;
  const others = parts.list.reduce((sum, part) => sum + (part.regionBytes?.(board) ?? 0), 0);
  // A second description for agents without level indices; the state is part of the first
  return 3 * bytes + others + SLACK_BYTES;
}

/** Pieces of the region start on cache lines. */
const SLACK_BYTES = 4096;

function describeProtocol(
  board: Board,
  parts: Parts,
  protocol: Protocol,
  { cold }: DescribeOptions,
): ProtocolDescription {
  const { id } = protocol;
  const version = parts.versionOf(protocol);
  const messages: MessageDescription[] = [];
  for (const { command } of protocol.at(version).commands) {
    const isCold = !command.isHot || cold.includes(id) || !isInCore(protocol, command.id);
    if (command.id !== PROTOCOL_VERSION && isCold && parts.hasCommand(protocol, command.id))
      messages.push({ id: command.id });
  }
  return { ...{ id, version, messages }, ...parts.part(id)?.describe(board, version) };
}

/** Hot commands that the core answers today; the others of the table are the host's. */
function isInCore({ id }: Protocol, messageId: number): boolean {
  if (id === performanceProtocol.id) return messageId === 0x7 || messageId === 0x8;
  return id === clockProtocol.id && (messageId === 0x5 || messageId === 0x6);
}
