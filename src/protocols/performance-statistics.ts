import { MessageError } from "../errors.ts";
import { decode } from "../wire/type.ts";
import { PERFORMANCE_STATISTICS_SIGNATURE, PerformanceDomainStatistics, PerformanceStatistics } from "./statistics.ts";

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

const SUBJECT = "performance statistics";
const ORIGIN = { subject: SUBJECT, field: "", offset: 0 };

/** The platform writes while we read, so two readings have to agree; it writes seldom, so they soon do. */
const READINGS = 8;

/** Reads the region until two readings agree. */
export function readPerformanceStatistics(copy: () => Uint8Array | undefined): PerformanceStatisticsCopy | undefined {
  let last = copy();
  for (let i = 1; i < READINGS; i++) {
    const next = copy();
    if (last === undefined || next === undefined) return undefined;
    if (isEqual(last, next)) return parse(next);
    last = next;
  }
  throw broken(0, "two readings that agree", `${READINGS} that differ`);
}

function parse(bytes: Uint8Array): PerformanceStatisticsCopy {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = decode(PerformanceStatistics, view, 0, bytes.byteLength, ORIGIN);
  if (head.signature !== PERFORMANCE_STATISTICS_SIGNATURE) {
    throw broken(0, `signature ${PERFORMANCE_STATISTICS_SIGNATURE}`, `${head.signature}`);
  }
  const domains = head.domainOffsets.map((offset) => {
    if (offset === 0) return undefined;
    if (offset > bytes.byteLength) throw broken(offset, `an offset below ${bytes.byteLength}`, `${offset}`);
    const { currentLevel, lastChangeUs, levels } = decode(
      PerformanceDomainStatistics,
      view,
      offset,
      bytes.byteLength - offset,
      ORIGIN,
    );
    return { currentLevel, lastChangeUs, levels };
  });
  return { revision: head.revision, domains };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

function broken(offset: number, expected: string, got: string): MessageError {
  return new MessageError(SUBJECT, { field: "region", offset, expected, got });
}
