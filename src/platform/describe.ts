import type { Board, BoardClock, BoardPerformanceDomain } from "../board/board.ts";
import type {
  ClockDescription,
  MessageDescription,
  PerformanceDomainDescription,
  PlatformDescription,
  ProtocolDescription,
} from "../core/description.ts";
import { encodeDescription } from "../core/description.ts";
import { baseProtocol } from "../protocols/base.ts";
import { clockProtocol } from "../protocols/clock.ts";
import { performanceProtocol } from "../protocols/performance.ts";
import { type Release, versionIn } from "../protocols/releases.ts";
import type { Protocol } from "../wire/protocol.ts";
import { FastChannels } from "./fast-channels.ts";
import { hasCommand } from "./optional.ts";
import { Statistics } from "./statistics.ts";

/** From here on domains may go by level indices. */
const INDEXED_SINCE = 0x40000;
const PROTOCOL_VERSION = 0x0;

/** How a platform is described. */
export interface DescribeOptions {
  /** Whether performance commands are answered by the host, the hot ones included. */
  readonly isPerformanceCold: boolean;
}

/** The protocols that a board and a release have in common, ascending by id. */
export function protocolsOf(board: Board, release: Release): readonly Protocol[] {
  const protocols = [baseProtocol];
  if (board.performance) protocols.push(performanceProtocol);
  if (board.clock) protocols.push(clockProtocol);
  return protocols.filter(({ id }) => versionIn(release, id) !== undefined);
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
  const description = describe(board, release, { isPerformanceCold: true });
  const bytes = encodeDescription(description).byteLength;
  const { domains = [], statistics } = board.performance ?? {};
  const cells = domains.reduce((sum, domain) => sum + FastChannels.bytesOf(domain), 0);
  // A second description for agents without level indices; the state is part of the first
  return 3 * bytes + cells + (statistics ? Statistics.bytesOf(domains) : 0) + SLACK_BYTES;
}

/** Pieces of the region start on cache lines. */
const SLACK_BYTES = 4096;

function describeProtocol(
  board: Board,
  release: Release,
  protocol: Protocol,
  { isPerformanceCold }: DescribeOptions,
): ProtocolDescription {
  const { id } = protocol;
  const version = versionIn(release, id) ?? protocol.versions[0];
  const messages: MessageDescription[] = [];
  for (const { command } of protocol.at(version).commands) {
    const isCold =
      !command.isHot || (protocol === performanceProtocol && isPerformanceCold) || !isInCore(protocol, command.id);
    if (command.id !== PROTOCOL_VERSION && isCold && hasCommand(board, protocol, command.id))
      messages.push({ id: command.id });
  }
  const isIndexed = version >= INDEXED_SINCE;
  return {
    ...{ id, version, messages },
    ...(protocol === performanceProtocol && board.performance
      ? { performanceDomains: board.performance.domains.map((domain) => describeDomain(domain, isIndexed)) }
      : {}),
    ...(protocol === clockProtocol && board.clock
      ? { clocks: board.clock.clocks.map((clock) => describeClock(clock, board.clock?.asyncDepth ?? 0)) }
      : {}),
  };
}

/** Hot commands that the core answers today; the others of the table are the host's. */
function isInCore({ id }: Protocol, messageId: number): boolean {
  if (id === performanceProtocol.id) return messageId === 0x7 || messageId === 0x8;
  return id === clockProtocol.id && (messageId === 0x5 || messageId === 0x6);
}

// Permissions are written afterwards, with those that change at run time

function describeDomain(domain: BoardPerformanceDomain, hasIndices: boolean): PerformanceDomainDescription {
  const keys = domain.levels.map(({ index, level }) => (hasIndices && domain.isIndexed ? index : level));
  const first = domain.levels.findIndex(({ level }) => level === domain.level);
  return { levels: keys, level: keys[first] ?? 0, max: keys.at(-1) ?? 0, min: keys[0] ?? 0 };
}

function describeClock({ rates, rate, asyncLatencyUs }: BoardClock, asyncDepth: number): ClockDescription {
  return { rates, rate, asyncDepth: asyncLatencyUs === undefined ? 0 : asyncDepth };
}
