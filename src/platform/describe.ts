import type { Board } from "../board/board.ts";
import type { MessageDescription, PlatformDescription, ProtocolDescription } from "../core/description.ts";
import { encodeDescription } from "../core/description.ts";
import { baseProtocol } from "../protocols/base.ts";
import { clockProtocol } from "../protocols/clock.ts";
import { performanceProtocol } from "../protocols/performance.ts";
import { type Release, versionIn } from "../protocols/releases.ts";
import type { Protocol } from "../wire/protocol.ts";
import { hasCommand, partOf, partsOf } from "./parts.ts";

const PROTOCOL_VERSION = 0x0;

/** How a platform is described. */
export interface DescribeOptions {
  /** Ids of the protocols whose commands are all answered by the host, the hot ones included. */
  readonly cold: readonly number[];
}

/** The protocols that a board and a release have in common, ascending by id. */
export function protocolsOf(board: Board, release: Release): readonly Protocol[] {
  return [baseProtocol, ...partsOf(board, release).map(({ protocol }) => protocol)];
}

/** What the core needs to know of a board. */
export function describe(board: Board, release: Release, options: DescribeOptions): PlatformDescription {
  return {
    agents: board.agents.length,
    protocols: protocolsOf(board, release).map((protocol) => describeProtocol(board, release, protocol, options)),
  };
}

/** Bytes of the core's region that a platform takes, its connections left out. */
export function regionBytes(board: Board, release: Release): number {
  const parts = partsOf(board, release);
  // With every message listed it is at its longest
  const cold = parts.map(({ protocol }) => protocol.id);
  const bytes = encodeDescription(describe(board, release, { cold })).byteLength;
  const others = parts.reduce((sum, part) => sum + (part.regionBytes?.(board) ?? 0), 0);
  // A second description for agents without level indices; the state is part of the first
  return 3 * bytes + others + SLACK_BYTES;
}

/** Pieces of the region start on cache lines. */
const SLACK_BYTES = 4096;

function describeProtocol(
  board: Board,
  release: Release,
  protocol: Protocol,
  { cold }: DescribeOptions,
): ProtocolDescription {
  const { id } = protocol;
  const version = versionIn(release, id) ?? protocol.versions[0];
  const messages: MessageDescription[] = [];
  for (const { command } of protocol.at(version).commands) {
    const isCold = !command.isHot || cold.includes(id) || !isInCore(protocol, command.id);
    if (command.id !== PROTOCOL_VERSION && isCold && hasCommand(board, protocol, command.id))
      messages.push({ id: command.id });
  }
  return { ...{ id, version, messages }, ...partOf(id)?.describe(board, version) };
}

/** Hot commands that the core answers today; the others of the table are the host's. */
function isInCore({ id }: Protocol, messageId: number): boolean {
  if (id === performanceProtocol.id) return messageId === 0x7 || messageId === 0x8;
  return id === clockProtocol.id && (messageId === 0x5 || messageId === 0x6);
}
