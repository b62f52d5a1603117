import { TEE_PARAMS, TEE_RESULT, type TeeParam, teeError, teeParamTypes } from "../tee/index.ts";
import type { TaParam } from "./trusted-app.ts";

/** The parameters of a command on their way into a trusted application and back. */
export interface PassedParams {
  readonly types: number;
  readonly params: readonly TaParam[];
}

const NO_PARAM: TaParam = { a: 0, b: 0, buffer: undefined, size: 0 };
/** Linux passes on two more than clients may have, for its own use. */
const LINUX_PARAMS = 6;

/** Brings parameters into the form of the application, as OP-TEE does.
 *  @param memoryOf the memory behind a cookie
 *  @throws TeeError `BAD_PARAMETERS`, or `SECURITY` for what lies outside of its memory */
export function passIn(
  params: readonly TeeParam[],
  memoryOf: (cookie: number) => Uint8Array | undefined,
  operation: string,
): PassedParams {
  if (params.length > TEE_PARAMS) {
    const origin = params.length > LINUX_PARAMS ? "api" : "tee";
    throw teeError(`${operation}: ${params.length} parameters`, TEE_RESULT.BAD_PARAMETERS, origin);
  }
  const passed = params.map((param, i): TaParam => {
    if (param.kind === "none") return NO_PARAM;
    if (param.kind === "value") {
      const isIn = param.direction !== "out";
      return { a: isIn ? param.a >>> 0 : 0, b: isIn ? param.b >>> 0 : 0, buffer: undefined, size: 0 };
    }
    if (param.kind !== "memref") throw teeError(`${operation}: parameter ${i}`, TEE_RESULT.BAD_PARAMETERS, "tee");
    const { memory, offset, byteLength } = param;
    if (memory === undefined) return { ...NO_PARAM };
    const bytes = memoryOf(memory.cookie);
    if (bytes === undefined) throw teeError(`${operation}: parameter ${i}`, TEE_RESULT.BAD_PARAMETERS, "tee");
    const isInside = offset >= 0 && byteLength >= 0 && offset + byteLength <= bytes.byteLength;
    if (!isInside) throw teeError(`${operation}: parameter ${i}`, TEE_RESULT.SECURITY, "tee");
    // No bytes arrive as no buffer
    const buffer = byteLength === 0 ? undefined : bytes.subarray(offset, offset + byteLength);
    return { a: 0, b: 0, buffer, size: byteLength };
  });
  const types = teeParamTypes(params);
  while (passed.length < TEE_PARAMS) passed.push(NO_PARAM);
  return { types, params: passed };
}

/** Brings values and sizes back; also when the command failed. */
export function passOut(from: readonly TaParam[], to: readonly TeeParam[]): void {
  to.forEach((param, i) => {
    const passed = from[i];
    if (passed === undefined || param.kind === "none" || param.direction === "in") return;
    if (param.kind === "value") {
      param.a = passed.a >>> 0;
      param.b = passed.b >>> 0;
    } else {
      param.byteLength = passed.size;
    }
  });
}
