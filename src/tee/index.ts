/** The entry point `scmi-wasm/tee`: the client side of trusted execution environments, and the commands of OP-TEE's SCMI service.
 *  @module */

export { TeeBus, type TeeBusListener, type TeeDevice } from "./bus.ts";
export { type ContextOptions, type SessionOptions, TeeContext } from "./context.ts";
export type { TeeMemory } from "./memory.ts";
export {
  type MemrefPart,
  TEE_NONE,
  TEE_PARAMS,
  type TeeDirection,
  type TeeMemref,
  type TeeNone,
  type TeeParam,
  type TeeParamKind,
  type TeeValue,
  teeMemref,
  teeParamType,
  teeParamTypes,
  teeValue,
} from "./param.ts";
export {
  TEE_LOGIN,
  TEE_LOGIN_KERNEL_LAST,
  TEE_ORIGIN,
  TEE_RESULT,
  type TeeResultName,
  teeError,
  teeResultName,
} from "./result.ts";
export {
  SCMI_PTA,
  SCMI_PTA_CAPS,
  SCMI_PTA_CAPS_MASK,
  SCMI_PTA_SMT_BYTES,
  SCMI_PTA_UUID,
  type TaCommand,
} from "./scmi-pta.ts";
export type { TeeSession } from "./session.ts";
export type { TeeSharedMemory } from "./shared-memory.ts";
export { SMT_HEAD_BYTES, SMT_STATUS, SmtArea, type StaticMemory } from "./smt-area.ts";
export {
  TEE_IMPLEMENTATION,
  type Tee,
  type TeeConnection,
  type TeeLogin,
  type TeeVersion,
} from "./tee.ts";
export { normalUuid, uuidBytes } from "./uuid.ts";
