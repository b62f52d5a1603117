import { TEE_RESULT } from "../tee/index.ts";

/** A parameter as a trusted application gets it; borrowed until the command is over. */
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

  /** {@link start} for callers that cannot wait: the command is over when this returns. Absent: `start` is used, and a command that is not
   *  done by then is given up.
   *  @returns the result */
  run?(command: number, types: number, params: readonly TaParam[]): number;
}

/** Has a command carried out at once. */
export function outcomeNow(app: TrustedApp, command: number, types: number, params: readonly TaParam[]): number {
  return app.run ? app.run(command, types, params) : startNow(app, command, types, params);
}

/** The same by {@link TrustedApp.start}. What has not ended by then never will: here nothing waits. */
export function startNow(app: TrustedApp, command: number, types: number, params: readonly TaParam[]): number {
  let result: number | undefined;
  const cancel = app.start(command, types, params, (it) => {
    result = it;
  });
  if (result !== undefined) return result;
  cancel();
  return TEE_RESULT.COMMUNICATION;
}
