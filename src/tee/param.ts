import type { TeeMemory } from "./memory.ts";
import { TEE_RESULT, teeError } from "./result.ts";

/** Which way a parameter goes, as the client sees it. */
export type TeeDirection = "in" | "out" | "inout";

/** Two words. A TEE writes into it what comes out, also when the command failed. */
export interface TeeValue {
  readonly kind: "value";
  readonly direction: TeeDirection;
  a: number;
  b: number;
}

/** A part of shared memory. A TEE writes into {@link byteLength} how much of it came out, or how much would have. */
export interface TeeMemref {
  readonly kind: "memref";
  readonly direction: TeeDirection;
  /** `undefined` = a null reference. */
  readonly memory: TeeMemory | undefined;
  /** From the start of the memory, in bytes. */
  offset: number;
  byteLength: number;
}

/** A place without parameter. */
export interface TeeNone {
  readonly kind: "none";
}

/** A parameter of a TEE command. Made once, it can be used for any number of commands. */
export type TeeParam = TeeValue | TeeMemref | TeeNone;

/** What the type of a parameter depends on. */
export type TeeParamKind = Pick<TeeValue | TeeMemref, "kind" | "direction"> | TeeNone;

/** A part of a memory. */
export interface MemrefPart {
  /** In bytes; default 0. */
  readonly offset?: number;
  /** Default: all that follows. */
  readonly byteLength?: number;
}

/** As many as a command takes. */
export const TEE_PARAMS = 4;

const DIRECTIONS: Readonly<Record<TeeDirection, number>> = { in: 1, out: 2, inout: 3 };
const MEMREF = 4;
const TYPE_BITS = 4;

/** A value parameter. GlobalPlatform, `TEEC_VALUE_*`. */
export function teeValue(direction: TeeDirection, a = 0, b = 0): TeeValue {
  return { kind: "value", direction, a, b };
}

/** A memory reference. GlobalPlatform, `TEEC_MEMREF_PARTIAL_*`. */
export function teeMemref(
  direction: TeeDirection,
  memory: TeeMemory | undefined,
  { offset = 0, byteLength = (memory?.bytes.byteLength ?? 0) - offset }: MemrefPart = {},
): TeeMemref {
  return { kind: "memref", direction, memory, offset, byteLength };
}

/** No parameter. */
export const TEE_NONE: TeeNone = { kind: "none" };

/** The type of one parameter: four bits of a types word. GlobalPlatform, `TEE_PARAM_TYPE_*`. */
export function teeParamType(param: TeeParamKind): number {
  if (param.kind === "none") return 0;
  return DIRECTIONS[param.direction] + (param.kind === "memref" ? MEMREF : 0);
}

/** The types word of a command's parameters: what a trusted application compares. GlobalPlatform, `TEE_PARAM_TYPES`.
 *  @throws TeeError `BAD_PARAMETERS` for more than four */
export function teeParamTypes(params: readonly TeeParamKind[]): number {
  if (params.length > TEE_PARAMS) {
    throw teeError(`parameters: at most ${TEE_PARAMS}, got ${params.length}`, TEE_RESULT.BAD_PARAMETERS, "api");
  }
  return params.reduce((word, param, i) => word | (teeParamType(param) << (i * TYPE_BITS)), 0);
}
