import { POWER_STATISTICS_SIGNATURE } from "./statistics.ts";
import { readRegion } from "./statistics-region.ts";

/** The statistics of one power domain. */
export interface PowerDomainStatisticsCopy {
  /** A position in `states`. */
  readonly currentState: number;
  /** On the platform's clock; the stay since then is not yet in `residencyUs`. */
  readonly lastChangeUs: number;
  readonly states: readonly {
    /** A power state word. */
    readonly powerState: number;
    /** Times entered. */
    readonly usageCount: number;
    readonly residencyUs: number;
  }[];
}

/** A moment of the statistics region of the power domain protocol. */
export interface PowerStatisticsCopy {
  readonly revision: number;
  /** By domain; `undefined` for one without statistics. */
  readonly domains: readonly (PowerDomainStatisticsCopy | undefined)[];
}

const KIND = { subject: "power statistics", signature: POWER_STATISTICS_SIGNATURE };

/** Reads the region until two readings agree. */
export function readPowerStatistics(copy: () => Uint8Array | undefined): PowerStatisticsCopy | undefined {
  return readRegion(KIND, copy, ({ currentLevel, lastChangeUs, levels }) => ({
    currentState: currentLevel,
    lastChangeUs,
    states: levels.map(({ levelId, usageCount, residencyUs }) => ({ powerState: levelId, usageCount, residencyUs })),
  }));
}
