/** What wire types need of the memory that they read and write: the little-endian half of a `DataView`, which is one. Guest
 *  memory in several pieces can be another. Offsets are in bytes and relative to the view; `true` is always passed for
 *  little-endian. */
export type ByteView = Pick<
  DataView,
  | "byteLength"
  | "getUint8"
  | "getUint16"
  | "getUint32"
  | "getInt32"
  | "getBigUint64"
  | "setUint8"
  | "setUint16"
  | "setUint32"
  | "setInt32"
  | "setBigUint64"
>;
