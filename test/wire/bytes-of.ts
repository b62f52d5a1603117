import { encode, type Type } from "../../src/wire/index.ts";

/** Hex of what a type writes, in the order of the wire. */
export function hexOf<T>(type: Type<T>, value: T): string {
  const bytes = new Uint8Array(1024).fill(0xaa);
  const written = encode(type, new DataView(bytes.buffer), 0, value);
  return Buffer.from(bytes.subarray(0, written)).toString("hex");
}

/** A view of exactly these bytes. */
export function viewOf(hex: string): DataView {
  const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  return new DataView(bytes.buffer);
}

/** What `run` throws; fails when it does not. */
export function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected an Error to be thrown, got none");
}
