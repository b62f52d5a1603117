import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { TestCore } from "../support/core.ts";

/** Fails with the first byte that differs; comparing thousands of areas with `toEqual` would take minutes. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  const show = (bytes: Uint8Array) => (at < 0 ? `${bytes.length} bytes` : `${bytes[at]} at byte ${at}`);
  expect.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

/** A borrowed view of a core's bytes. */
export function view(core: TestCore, offset: number, byteLength: number): Uint8Array {
  return core.bytes.subarray(core.base + offset, core.base + offset + byteLength);
}

/** Bytes that differ from their neighbours and from those of another salt. */
export function pattern(byteLength: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  for (let index = 0; index < byteLength; index++) bytes[index] = index * 31 + salt * 101 + (index >> 8) + 1;
  return bytes;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** Writes a word into bytes, little-endian. */
export function putWord(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).setUint32(at, value, true);
}

export interface GoldenMessage {
  readonly id: string;
  readonly name: string;
  readonly kind: "command" | "response" | "delayedResponse" | "notification";
  readonly protocol: number;
  readonly message: number;
  readonly token: number;
  readonly header: number;
  readonly headerBytes: string;
  readonly payload: string;
  readonly status?: number;
  readonly pair?: string;
}

export interface GoldenArea {
  readonly id: string;
  readonly bytes: string;
  readonly status: number;
  readonly flags: number;
  readonly length: number;
  readonly header: number;
  readonly payload: string;
}

export interface GoldenHeader {
  readonly header: number;
  readonly bytes: string;
  readonly token: number;
  readonly protocol: number;
  readonly type: number;
  readonly message: number;
  readonly what: string;
}

/** `after = (before & preserveMask) | setMask`, or plain bytes to write. */
export type GoldenAccess =
  | { readonly access: "write"; readonly bytes: string; readonly address: number; readonly fastChannel?: string }
  | {
      readonly access: "doorbell";
      readonly width: number;
      readonly preserveMask: number;
      readonly setMask: number;
      readonly before?: number;
      readonly after?: number;
      readonly fastChannel: string;
    };

export interface GoldenFile {
  readonly headers: readonly GoldenHeader[];
  readonly messages: readonly GoldenMessage[];
  readonly areas: readonly GoldenArea[];
  readonly memory: readonly GoldenAccess[];
}

/** One file of test/vectors. */
export function golden(name: string): GoldenFile {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as GoldenFile;
}

/** The entry of a list with this id. */
export function byId<T extends { readonly id: string }>(entries: readonly T[], id: string): T {
  const found = entries.find((entry) => entry.id === id);
  if (!found) throw new Error(`no vector ${id}`);
  return found;
}
