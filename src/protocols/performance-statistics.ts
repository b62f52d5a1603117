import { PERFORMANCE_STATISTICS_SIGNATURE } from "./statistics.ts";
import { readRegion } from "./statistics-region.ts";

/** The statistics of one domain. */
export interface PerformanceDomainStatisticsCopy {
  /** A position in the order of `PERFORMANCE_DESCRIBE_LEVELS`. */
  readonly currentLevel: number;
  /** On the platform's clock; the stay since then is not yet in `residencyUs`. */
  readonly lastChangeUs: number;
  readonly levels: readonly {
    readonly levelId: number;
    /** Times entered. */
    readonly usageCount: number;
    readonly residencyUs: number;
  }[];
}

/** A moment of the statistics region. */
export interface PerformanceStatisticsCopy {
  readonly revision: number;
  /** By domain; `undefined` for one without statistics. */
  readonly domains: readonly (PerformanceDomainStatisticsCopy | undefined)[];
}

const KIND = { subject: "performance statistics", signature: PERFORMANCE_STATISTICS_SIGNATURE };

/** Reads the region until two readings agree. */
export function readPerformanceStatistics(copy: () => Uint8Array | undefined): PerformanceStatisticsCopy | undefined {
  return readRegion(KIND, copy, ({ currentLevel, lastChangeUs, levels }) => ({ currentLevel, lastChangeUs, levels }));
}
