/** Copies bytes between memories, which may be the same one where they do not overlap. Messages are short: in words this takes a fraction of
 *  what `TypedArray.set` does, and needs no views that would be garbage. */
export function copyBytes(from: DataView, fromAt: number, to: DataView, toAt: number, byteLength: number): void {
  const words = byteLength & ~3;
  for (let i = 0; i < words; i += 4) to.setInt32(toAt + i, from.getInt32(fromAt + i, true), true);
  for (let i = words; i < byteLength; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}
