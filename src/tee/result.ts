import { TeeError, type TeeOrigin } from "../errors.ts";

/** The `TEE_Result` codes by their GlobalPlatform names, without `TEE_ERROR_`; unsigned. */
export const TEE_RESULT = {
  SUCCESS: 0,
  ACCESS_DENIED: 0xffff_0001,
  CANCEL: 0xffff_0002,
  BAD_PARAMETERS: 0xffff_0006,
  BAD_STATE: 0xffff_0007,
  ITEM_NOT_FOUND: 0xffff_0008,
  NOT_SUPPORTED: 0xffff_000a,
  OUT_OF_MEMORY: 0xffff_000c,
  BUSY: 0xffff_000d,
  COMMUNICATION: 0xffff_000e,
  SECURITY: 0xffff_000f,
  SHORT_BUFFER: 0xffff_0010,
  OVERFLOW: 0xffff_300f,
  TARGET_DEAD: 0xffff_3024,
} as const;

/** A result that has a name here. */
export type TeeResultName = keyof typeof TEE_RESULT;

/** The name of a result; `undefined` for one that has none here. */
export function teeResultName(result: number): TeeResultName | undefined {
  // Object.entries knows no key types.
  const found = Object.entries(TEE_RESULT).find(([, value]) => value === result >>> 0);
  return found?.[0] as TeeResultName | undefined;
}

/** A refusal, with the result's name in its text.
 *  @param operation what was asked of the TEE, `open session` */
export function teeError(operation: string, result: number, origin: TeeOrigin, options?: ErrorOptions): TeeError {
  const name = teeResultName(result);
  return new TeeError(name === undefined ? operation : `${operation} (${name})`, result, origin, options);
}

/** The numbers of the return code origins. GlobalPlatform TEE Client API, `TEEC_ORIGIN_*`. */
export const TEE_ORIGIN: Readonly<Record<TeeOrigin, number>> = { api: 1, comms: 2, tee: 3, trustedApp: 4 };

/** Who a client says it is when it opens a session. The last is a range of Linux for its own drivers, from which user space is kept out. */
export const TEE_LOGIN = {
  PUBLIC: 0,
  USER: 1,
  GROUP: 2,
  APPLICATION: 4,
  USER_APPLICATION: 5,
  GROUP_APPLICATION: 6,
  REE_KERNEL: 0x8000_0000,
} as const;

/** Last of the logins that user space may not use; {@link TEE_LOGIN} `REE_KERNEL` is the first. */
export const TEE_LOGIN_KERNEL_LAST = 0xbfff_ffff;
