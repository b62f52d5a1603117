import type { BoardPerformanceDomain } from "../board/board.ts";
import {
  PerformanceLevelGet,
  PerformanceLevelSet,
  PerformanceLimitsGet,
  PerformanceLimitsSet,
  performanceProtocol,
} from "../protocols/performance.ts";
import { FastChannels } from "./fast-channels.ts";
import type { Machine } from "./machine.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { PerformanceDomains } from "./performance-domains.ts";

const LEVEL_BYTES = 4;
const LIMITS_BYTES = 8;
/** Of a domain's state: the level, then the limits. */
const LIMITS_IN_STATE = 4;

/** Bytes of the core's region that the FastChannels of a domain take. */
export function performanceCellBytes({ fastChannels, setLevelAgent, setLimitsAgents }: BoardPerformanceDomain): number {
  const level = fastChannels.levelSet && setLevelAgent !== undefined ? 1 : 0;
  return FastChannels.bytesOf(level + (fastChannels.limitsSet ? setLimitsAgents.length : 0));
}

/** Opens the FastChannels of all performance domains. */
export function performanceFastChannels(machine: Machine, domains: PerformanceDomains, map: MemoryMap): FastChannels {
  const channels = new FastChannels(machine, map);
  domains.domains.forEach((domain, domainId) => {
    const { levelGet, limitsGet, levelSet, limitsSet } = domain.fastChannels;
    const state = machine.tables.stateOffset(performanceProtocol.id, domainId);
    const level = { domainId, byteLength: LEVEL_BYTES } as const;
    const limits = { domainId, byteLength: LIMITS_BYTES } as const;
    if (levelGet) channels.show({ ...level, messageId: PerformanceLevelGet.id, offset: state, spec: levelGet });
    if (limitsGet) {
      const offset = state + LIMITS_IN_STATE;
      channels.show({ ...limits, messageId: PerformanceLimitsGet.id, offset, spec: limitsGet });
    }
    for (const agent of machine.agents) {
      if (levelSet && domain.setLevelAgent === agent.id) {
        const request = (word: number) => void domains.requestLevel(agent, domainId, word);
        channels.open({ ...level, agent, messageId: PerformanceLevelSet.id, spec: levelSet, request });
      }
      if (limitsSet && domain.setLimitsAgents.includes(agent.id)) {
        const request = (max: number, min: number) => void domains.requestLimits(agent, domainId, max, min);
        channels.open({ ...limits, agent, messageId: PerformanceLimitsSet.id, spec: limitsSet, request });
      }
    }
  });
  return channels;
}
