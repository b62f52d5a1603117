/** Memory that the client and the TEE see. */
export interface TeeMemory {
  /** How the TEE calls it. */
  readonly cookie: number;
  readonly bytes: Uint8Array;
}
