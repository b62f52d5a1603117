import { MessageError } from "../errors.ts";
import { decode } from "../wire/type.ts";
import { PerformanceDomainStatistics, PerformanceStatistics } from "./statistics.ts";

/** What is particular to the region of a protocol: both protocols that have one share its layout. */
export interface RegionKind {
  /** For messages of errors. */
  readonly subject: string;
  /** First word. */
  readonly signature: number;
}

/** A moment of a statistics region. */
export interface RegionCopy<Domain> {
  readonly revision: number;
  /** By domain; `undefined` for one without statistics. */
  readonly domains: readonly (Domain | undefined)[];
}

/** The block of one domain, as it lies in memory. */
interface Block {
  readonly currentLevel: number;
  readonly lastChangeUs: number;
  readonly levels: readonly { readonly levelId: number; readonly usageCount: number; readonly residencyUs: number }[];
}

/** The platform writes while we read, so two readings have to agree; it writes seldom, so they soon do. */
const READINGS = 8;

/** Reads a region until two readings agree; `undefined` when its memory is out of reach.
 *  @param pick what is wanted of a block
 *  @throws MessageError when it is no such region, or changes faster than it can be read */
export function readRegion<Domain>(
  kind: RegionKind,
  copy: () => Uint8Array | undefined,
  pick: (block: Block) => Domain,
): RegionCopy<Domain> | undefined {
  let last = copy();
  for (let i = 1; i < READINGS; i++) {
    const next = copy();
    if (last === undefined || next === undefined) return undefined;
    if (isEqual(last, next)) return parse(kind, next, pick);
    last = next;
  }
  throw broken(kind, 0, "two readings that agree", `${READINGS} that differ`);
}

function parse<Domain>(kind: RegionKind, bytes: Uint8Array, pick: (block: Block) => Domain): RegionCopy<Domain> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const origin = { subject: kind.subject, field: "", offset: 0 };
  const head = decode(PerformanceStatistics, view, 0, bytes.byteLength, origin);
  if (head.signature !== kind.signature) throw broken(kind, 0, `signature ${kind.signature}`, `${head.signature}`);
  const domains = head.domainOffsets.map((offset) => {
    if (offset === 0) return undefined;
    if (offset > bytes.byteLength) throw broken(kind, offset, `an offset below ${bytes.byteLength}`, `${offset}`);
    return pick(decode(PerformanceDomainStatistics, view, offset, bytes.byteLength - offset, origin));
  });
  return { revision: head.revision, domains };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

function broken({ subject }: RegionKind, offset: number, expected: string, got: string): MessageError {
  return new MessageError(subject, { field: "region", offset, expected, got });
}
