import { type TeeParamKind, teeParamTypes } from "./param.ts";

/** A command of a trusted application, as data. */
export interface TaCommand {
  readonly id: number;
  /** Its name in OP-TEE, without the prefix. */
  readonly name: string;
  /** What its four parameters have to be, as a word: anything else is `BAD_PARAMETERS`. */
  readonly types: number;
}

/** The pseudo trusted application of OP-TEE that SCMI messages go through, `PTA-SCMI`. */
export const SCMI_PTA_UUID = "a8cfe406-d4f5-4a2e-9f8d-a25dc754c099";

/** Capability bits of the SCMI PTA. OP-TEE, `PTA_SCMI_CAPS_*`. */
export const SCMI_PTA_CAPS = {
  /** Messages lie in SMT areas. */
  SMT_HEADER: 1,
  /** Messages are a header and a payload. */
  MSG_HEADER: 2,
} as const;

/** All capability bits that the SCMI PTA knows. */
export const SCMI_PTA_CAPS_MASK = 3;

/** Least bytes of the buffer of `PROCESS_SMT_CHANNEL_MESSAGE`. */
export const SCMI_PTA_SMT_BYTES = 128;

const VALUE_IN = { kind: "value", direction: "in" } as const;
const VALUE_OUT = { kind: "value", direction: "out" } as const;
const VALUE_INOUT = { kind: "value", direction: "inout" } as const;
const MEMREF_IN = { kind: "memref", direction: "in" } as const;
const MEMREF_OUT = { kind: "memref", direction: "out" } as const;
const MEMREF_INOUT = { kind: "memref", direction: "inout" } as const;

/** The commands of the SCMI PTA. OP-TEE, `PTA_SCMI_CMD_*`. */
export const SCMI_PTA = {
  /** p0.a out = capability bits, p0.b out = 0. */
  CAPABILITIES: /* @__PURE__ */ command(0, "CAPABILITIES", [VALUE_OUT]),
  /** p0.a = channel handle; the message is in the channel's static SMT area. */
  PROCESS_SMT_CHANNEL: /* @__PURE__ */ command(1, "PROCESS_SMT_CHANNEL", [VALUE_IN]),
  /** p0.a = channel handle; p1 = SMT area, bound to the channel for this call. */
  PROCESS_SMT_CHANNEL_MESSAGE: /* @__PURE__ */ command(2, "PROCESS_SMT_CHANNEL_MESSAGE", [VALUE_IN, MEMREF_INOUT]),
  /** p0.a = channel id in, channel handle out; p0.b = wanted capabilities. Linux says `GET_CHANNEL`. */
  GET_CHANNEL_HANDLE: /* @__PURE__ */ command(3, "GET_CHANNEL_HANDLE", [VALUE_INOUT]),
  /** p0.a = channel handle; p1 = the command in MSG form; p2 = its answer, the size out is that of the answer. */
  PROCESS_MSG_CHANNEL: /* @__PURE__ */ command(4, "PROCESS_MSG_CHANNEL", [VALUE_IN, MEMREF_IN, MEMREF_OUT]),
} as const;

function command(id: number, name: string, params: readonly TeeParamKind[]): TaCommand {
  return { id, name, types: teeParamTypes(params) };
}
