/** Memory that agents see. */
export interface BoardMemory {
  /** Physical address as the agents see it; `undefined` = the platform chooses. */
  readonly address: bigint | undefined;
}

/** One FastChannel. */
export interface BoardFastChannel extends BoardMemory {
  /** Least time between two writes; 0 = none stated. */
  readonly rateLimitUs: number;
  /** How often the platform looks. */
  readonly pollUs: number;
  readonly doorbell: BoardDoorbell | undefined;
}

/** The doorbell of a FastChannel. */
export interface BoardDoorbell extends BoardMemory {
  readonly widthBits: 8 | 16 | 32 | 64;
  readonly set: bigint;
  readonly preserve: bigint;
}
