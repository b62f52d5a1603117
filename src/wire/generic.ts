import { u32 } from "./integer.ts";
import { type Command, command, type Empty } from "./message.ts";
import { struct } from "./struct.ts";

/** `PROTOCOL_VERSION`: the newest version that the platform implements, as a version word: major in bits 31:16, minor in 15:0.
 *  Every protocol has it. DEN0056, `PROTOCOL_VERSION` */
export const ProtocolVersion: Command<Empty, { readonly version: number }> = /* @__PURE__ */ command(
  "PROTOCOL_VERSION",
  0x0,
  { mandatory: true, response: struct({ version: u32 }), isHot: true },
);

/** `PROTOCOL_MESSAGE_ATTRIBUTES`: whether a command is implemented, and its flags. Every protocol has it; `NOT_FOUND` means
 *  that the platform lacks the command. DEN0056, `PROTOCOL_MESSAGE_ATTRIBUTES` */
export const ProtocolMessageAttributes: Command<{ readonly messageId: number }, { readonly attributes: number }> =
  /* @__PURE__ */ command("PROTOCOL_MESSAGE_ATTRIBUTES", 0x2, {
    mandatory: true,
    request: struct({ messageId: u32 }),
    response: struct({ attributes: u32 }),
    statuses: ["NOT_FOUND"],
  });

/** `NEGOTIATE_PROTOCOL_VERSION`: asks the platform to use a version from now on, for this agent and protocol. Every protocol
 *  has it from its SCMI 3.2 version on. DEN0056E, `NEGOTIATE_PROTOCOL_VERSION` */
export const NegotiateProtocolVersion: Command<{ readonly version: number }, Empty> = /* @__PURE__ */ command(
  "NEGOTIATE_PROTOCOL_VERSION",
  0x10,
  { mandatory: true, request: struct({ version: u32 }), statuses: ["NOT_SUPPORTED"] },
);
