// The commands of the reference texts: spec/10-base.md to 16-reset-domain.md, their sections 2, and 00-transport.md section 1. By hand.

/** Version words by release; a protocol without one is not in it. */
export const VERSIONS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  "1.0": { 16: 0x10000, 17: 0x10000, 18: 0x10000, 19: 0x10000, 20: 0x10000, 21: 0x10000 },
  "2.0": { 16: 0x20000, 17: 0x20000, 18: 0x10000, 19: 0x20000, 20: 0x10000, 21: 0x10000, 22: 0x10000 },
  "3.0": { 16: 0x20000, 17: 0x20000, 18: 0x10000, 19: 0x20000, 20: 0x10000, 21: 0x20000, 22: 0x20000, 23: 0x10000 },
  "3.1": {
    ...{ 16: 0x20000, 17: 0x30000, 18: 0x20000, 19: 0x30000, 20: 0x20000, 21: 0x30000, 22: 0x30000, 23: 0x20000 },
    24: 0x10000,
  },
  "3.2": {
    ...{ 16: 0x20001, 17: 0x30001, 18: 0x20001, 19: 0x40000, 20: 0x30000, 21: 0x30001, 22: 0x30001, 23: 0x20001 },
    ...{ 24: 0x20000, 25: 0x10000 },
  },
};

export interface CommandRow {
  readonly id: number;
  /** Version word from which on it exists. */
  readonly since: number;
  /** Bytes of its parameters. */
  readonly size: number;
  /** Which word names the resource, where one does. */
  readonly resource?: number;
}

const row = (id: number, since: number, size: number, resource?: number): CommandRow =>
  resource === undefined ? { id, since, size } : { id, since, size, resource };

const V1 = 0x10000;
const V2 = 0x20000;
const V3 = 0x30000;
const COMMON = [row(0x0, V1, 0), row(0x1, V1, 0), row(0x2, V1, 4)];

export const COMMANDS: Readonly<Record<number, readonly CommandRow[]>> = {
  16: [
    ...COMMON,
    ...[row(0x3, V1, 0), row(0x4, V1, 0), row(0x5, V1, 0), row(0x6, V1, 4), row(0x7, V1, 4), row(0x8, V1, 4)],
    ...[row(0x9, V2, 12), row(0xa, V2, 16), row(0xb, V2, 8), row(0x10, 0x20001, 4)],
  ],
  17: [
    ...COMMON,
    ...[row(0x3, V1, 4, 0), row(0x4, V1, 12, 1), row(0x5, V1, 4, 0), row(0x6, V1, 8, 0), row(0x7, V2, 8, 0)],
    ...[row(0x8, V3, 4, 0), row(0x10, 0x30001, 4)],
  ],
  18: [...COMMON, row(0x3, V1, 8), row(0x4, V1, 0), row(0x5, V1, 4), row(0x10, 0x20001, 4)],
  19: [
    ...COMMON,
    ...[row(0x3, V1, 4, 0), row(0x4, V1, 8, 0), row(0x5, V1, 12, 0), row(0x6, V1, 4, 0), row(0x7, V1, 8, 0)],
    ...[row(0x8, V1, 4, 0), row(0x9, V1, 8, 0), row(0xa, V1, 8, 0), row(0xc, V3, 4, 0), row(0x10, 0x40000, 4)],
  ],
  20: [
    ...COMMON,
    ...[row(0x3, V1, 4, 0), row(0x4, V1, 8, 0), row(0x5, V1, 16, 1), row(0x6, V1, 4, 0), row(0x7, V1, 8, 0)],
    ...[row(0x8, V2, 4, 0), row(0x9, V2, 8, 0), row(0xa, V2, 8, 0), row(0xb, V3, 8, 0), row(0xc, V3, 8, 0)],
    ...[row(0xd, V3, 8, 0), row(0xe, V3, 4, 0), row(0xf, V3, 4, 0), row(0x10, V3, 4)],
  ],
  21: [
    ...COMMON,
    ...[row(0x3, V1, 4), row(0x4, V1, 8, 0), row(0x5, V1, 16, 0), row(0x6, V1, 8, 0), row(0x7, V2, 8, 0)],
    ...[row(0x8, V2, 8, 0), row(0x9, V2, 4, 0), row(0xa, V2, 8, 0), row(0xb, V2, 8, 0), row(0xc, V3, 4, 0)],
    ...[row(0xd, V3, 8, 0), row(0x10, 0x30001, 4)],
  ],
  22: [
    ...COMMON,
    ...[row(0x3, V1, 4, 0), row(0x4, V1, 12, 0), row(0x5, V1, 8, 0), row(0x6, V3, 4, 0), row(0x10, 0x30001, 4)],
  ],
};
