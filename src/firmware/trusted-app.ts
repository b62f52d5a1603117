/** A parameter as a trusted application gets it. */
export interface TaParam {
  a: number;
  b: number;
  /** A memory reference; `undefined` for a value, and for a reference to no bytes. */
  readonly buffer: Uint8Array | undefined;
  /** Bytes of the buffer; what came out when the command is over. */
  size: number;
}

/** A trusted application of the simulated OP-TEE. Its results are `TEE_Result` codes. */
export interface TrustedApp {
  readonly uuid: string;
  /** Drivers find it on the TEE bus. OP-TEE, `TA_FLAG_DEVICE_ENUM`. */
  readonly isEnumerated: boolean;
  /** Judges a client that wants a session. */
  openSession(login: number): number;
  /** Carries out a command.
   *  @param done called once with the result, from inside or later
   *  @returns gives the command up, unless it is done: `done` is called from inside then */
  start(command: number, types: number, params: readonly TaParam[], done: (result: number) => void): () => void;
}
