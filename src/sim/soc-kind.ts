import { FULL } from "../../assembly/sim/layout.ts";
import type { Board, BoardPowerUnit } from "../board/board.ts";
import type { PlatformDescription } from "../core/description.ts";
import { BoardError } from "../errors.ts";

const PERFORMANCE = 0x13;
const VERSION = 0x40000;

/** A performance domain that a governor sets. Levels go by their position in the board, from the lowest. */
export interface GovernedDomain {
  readonly domainId: number;
  readonly name: string;
  /** What goes over the wire: the level, or its index where the domain goes by indices. */
  readonly keys: readonly number[];
  /** As the board names them. */
  readonly levels: readonly number[];
  /** In the unit of the board; 0 = not stated. */
  readonly powers: readonly number[];
  /** Share of the highest level's frequency, 1 … 1024. */
  readonly capacities: readonly number[];
  /** Longest time until a level is in force, in µs. */
  readonly latenciesUs: readonly number[];
  /** Least time between requests. */
  readonly rateLimitUs: number;
  /** Position of the level at start. */
  readonly start: number;
}

/** A board as fleets see it. */
export interface SocKind {
  readonly board: string;
  readonly powerUnit: BoardPowerUnit;
  readonly domains: readonly GovernedDomain[];
}

/** What of a board an agent governs: the domains whose level it may set.
 *  @throws BoardError when there is none */
export function kindOf(board: Board, agentId: number): SocKind {
  const all = board.performance?.domains ?? [];
  const domains = all.flatMap((domain, domainId): GovernedDomain[] => {
    if (domain.setLevelAgent !== agentId) return [];
    const { levels, isIndexed, transitionUs, rateLimitUs } = domain;
    const highest = levels.at(-1)?.frequencyKhz ?? 0;
    return [
      {
        domainId,
        name: domain.name,
        keys: levels.map(({ level, index }) => (isIndexed ? index : level)),
        levels: levels.map(({ level }) => level),
        powers: levels.map(({ power }) => power),
        capacities: levels.map(({ frequencyKhz }) => capacityOf(frequencyKhz, highest)),
        latenciesUs: levels.map(({ latencyUs }) => (transitionUs > 0 ? transitionUs : latencyUs)),
        rateLimitUs,
        start: levels.findIndex(({ level }) => level === domain.level),
      },
    ];
  });
  if (domains.length === 0) {
    const got = all.length === 0 ? "no performance domains" : "none";
    const expected = `a performance domain whose level agent ${agentId} may set (setLevel)`;
    throw new BoardError({ file: board.file, path: "/performance/domains", expected, got });
  }
  return { board: board.file, powerUnit: board.performance?.powerUnit ?? "abstract", domains };
}

function capacityOf(frequencyKhz: number, highestKhz: number): number {
  if (highestKhz === 0) return FULL;
  return Math.max(1, Math.min(FULL, Math.floor((frequencyKhz * FULL) / highestKhz)));
}

/** A kind as the core's tables need it: one agent, and the governed domains under ids 0, 1, …; everything is answered in the core. */
export function describeKind({ domains }: SocKind): PlatformDescription {
  return {
    agents: 1,
    protocols: [
      {
        id: PERFORMANCE,
        version: VERSION,
        performanceDomains: domains.map(({ keys, start }) => ({
          levels: keys,
          level: keys[start] ?? 0,
          max: keys.at(-1) ?? 0,
          min: keys[0] ?? 0,
        })),
      },
    ],
  };
}
