/** The entry point `scmi-wasm/wire`: the wire format as values. Types ({@link u32}, {@link bits}, {@link struct} …) say how
 *  values lie in bytes, messages ({@link command}, {@link notification}) are made of them, and a {@link protocol} is a table of
 *  messages. The built-in protocols are made of the same, in `scmi-wasm/protocols`.
 *  @module */

export { type ArrayOptions, array, tail, type Whole } from "./array.ts";
export {
  type BitField,
  type BitPlace,
  type BitsSpec,
  type BitsValue,
  type BitValue,
  bit,
  bits,
  flags,
} from "./bits.ts";
export { bytes, name, reserved, text } from "./bytes.ts";
export type { Origin } from "./fault.ts";
export { NegotiateProtocolVersion, ProtocolMessageAttributes, ProtocolVersion } from "./generic.ts";
export { decodeHeader, encodeHeader, type Header, MESSAGE_TYPE } from "./header.ts";
export { i32, i64x, u8, u16, u32, u64, u64n, u64x, uint } from "./integer.ts";
export { type Codec, encodeStatus, type Layout, type Role, STATUS_BYTES, statusOf } from "./layout.ts";
export {
  type Command,
  type CommandSpec,
  command,
  type DelayedResponse,
  type Empty,
  type FastChannelAbility,
  GENERIC_STATUSES,
  type Message,
  type MultiPart,
  type Notification,
  type NotificationSpec,
  notification,
  type Payload,
} from "./message.ts";
export { type FieldPath, fieldAt } from "./path.ts";
export {
  type CodecsByVersion,
  type CodecTable,
  type CommandAt,
  type MessageSet,
  type NotificationAt,
  type Protocol,
  type ProtocolSpec,
  protocol,
  type VendorMatch,
  versionText,
} from "./protocol.ts";
export { findReserved, type Shape, shapeOf } from "./shape.ts";
export {
  type Field,
  type Fields,
  type Flat,
  type StructField,
  type StructOptions,
  type StructValue,
  struct,
} from "./struct.ts";
export { decode, encode, type Infer, mayGrow, type Type, type Versioned } from "./type.ts";
export { byVersion, since, until } from "./version.ts";
export type { ByteView } from "./view.ts";
export { records, type WhenOptions, when } from "./when.ts";
