/** A number, or `0x…` where 2^53 is not enough. */
export type Word64 = number | string;

/** A FastChannel of a board file. */
export interface FastChannelSource {
  readonly address?: Word64;
  readonly rateLimitUs?: number;
  readonly pollUs?: number;
  readonly doorbell?: {
    readonly address?: Word64;
    readonly widthBits?: 8 | 16 | 32 | 64;
    readonly set: Word64;
    readonly preserve?: Word64;
  };
}
