import type { Board } from "../board/board.ts";

const NO_LEVEL_CHANNELS = { limitsSet: undefined, limitsGet: undefined, levelSet: undefined, levelGet: undefined };
const NO_CAP_CHANNELS = { capGet: undefined, capSet: undefined, paiGet: undefined, paiSet: undefined };

/** A board as agents see it that cannot reach the memory of the platform, such as those in other processes: without what is only found by an
 *  address, FastChannels and statistics. */
export function withoutSharedMemory(board: Board): Board {
  const { power, performance, powercap } = board;
  return {
    ...board,
    power: power && { ...power, statistics: undefined },
    performance: performance && {
      ...performance,
      statistics: undefined,
      domains: performance.domains.map((domain) => ({ ...domain, fastChannels: NO_LEVEL_CHANNELS })),
    },
    powercap: powercap && {
      ...powercap,
      domains: powercap.domains.map((domain) => ({ ...domain, fastChannels: NO_CAP_CHANNELS })),
    },
  };
}
