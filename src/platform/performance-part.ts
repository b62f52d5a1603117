import type { Board, BoardPerformanceDomain } from "../board/board.ts";
import type { PerformanceDomainDescription } from "../core/description.ts";
import {
  PerformanceDescribeFastchannel,
  PerformanceDomainNameGet,
  PerformanceNotifyLevel,
  PerformanceNotifyLimits,
  performanceProtocol,
} from "../protocols/performance.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { PerformanceServer } from "./performance.ts";
import { performanceCellBytes } from "./performance-fast-channels.ts";
import { Statistics } from "./statistics.ts";

/** From here on domains may go by level indices. */
const INDEXED_SINCE = 0x40000;

/** LIMITS and LEVEL, SET and GET. */
const FAST_CHANNELS_OF_DOMAIN = 4;

/** Performance domain management as part of a platform. */
export const performancePart: Part<PerformanceServer> = {
  protocol: performanceProtocol,
  isIn: ({ performance }) => performance !== undefined,
  resourceCount: (board) => domainsOf(board).length,
  maySet: (board, agentId, domain) => domainsOf(board)[domain]?.setLevelAgent === agentId,
  mayLimit: (board, agentId, domain) => domainsOf(board)[domain]?.setLimitsAgents.includes(agentId) ?? false,
  hasCommand(board, messageId) {
    const domains = domainsOf(board);
    switch (messageId) {
      case PerformanceNotifyLimits.id:
        return domains.some(({ notifyLimits }) => notifyLimits);
      case PerformanceNotifyLevel.id:
        return domains.some(({ notifyLevel }) => notifyLevel);
      case PerformanceDomainNameGet.id:
        return domains.some(({ name }) => isLong(name));
      case PerformanceDescribeFastchannel.id:
        return domains.some(({ fastChannels }) => Object.values(fastChannels).some((it) => it !== undefined));
      default:
        return true;
    }
  },
  describe: (board, version) => ({
    performanceDomains: domainsOf(board).map((domain) => describeDomain(domain, version >= INDEXED_SINCE)),
  }),
  regionBytes(board) {
    const domains = domainsOf(board);
    const cells = domains.reduce((sum, domain) => sum + performanceCellBytes(domain), 0);
    return cells + (board.performance?.statistics ? Statistics.bytesOf(domains.map(({ levels }) => levels.length)) : 0);
  },
  fastChannelCount: (board) => FAST_CHANNELS_OF_DOMAIN * domainsOf(board).length,
  open: (machine, map) => new PerformanceServer(machine, machine.section("performance"), map),
};

function domainsOf(board: Board): readonly BoardPerformanceDomain[] {
  return board.performance?.domains ?? [];
}

function describeDomain(domain: BoardPerformanceDomain, hasIndices: boolean): PerformanceDomainDescription {
  const keys = domain.levels.map(({ index, level }) => (hasIndices && domain.isIndexed ? index : level));
  const first = domain.levels.findIndex(({ level }) => level === domain.level);
  return { levels: keys, level: keys[first] ?? 0, max: keys.at(-1) ?? 0, min: keys[0] ?? 0 };
}
